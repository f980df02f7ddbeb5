"""What a reporter decides later: another desk, single parts, closed for now, a copy, erased."""

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone

from simpul.core.access import AgainstTheRules
from simpul.core.templatetags.simpul import moment
from simpul.network import regions
from simpul.network.models import Desk
from simpul.reports import access, content, own, queries, reading, routing, words
from simpul.reports.access import Reporter
from simpul.reports.actions import CannotReceive, control
from simpul.reports.doors import behind_receipt
from simpul.reports.forms import public as forms
from simpul.reports.models import Report
from simpul.reports.reading import Reading
from simpul.vault.keydirectory import NotInDirectory


@behind_receipt
def own_file(request: HttpRequest, reporter: Reporter, ref: UUID) -> HttpResponse:
    """A file behind her receipt, to keep or to hear; never shown inside a page."""
    about, data = reading.open_own_file(reporter, ref)
    response = HttpResponse(data, content_type=about["type"])
    response["Content-Disposition"] = f'attachment; filename="catatan.{about["extension"]}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@behind_receipt
def receiver(request: HttpRequest, reporter: Reporter) -> HttpResponse:
    """Another desk in place of the present one, unless a case has grown from the report."""
    desks = _offered(reporter)
    form = forms.Receiver(request.POST if request.method == "POST" else None, desks=desks)
    sentence = ""
    if form.is_valid():
        chosen = next(d for d in desks if str(d.ref) == form.cleaned_data["receiver"])
        fallback = None
        if form.cleaned_data["fallback"] == "yes":
            fallback = queries.fallback_for(chosen, **_rules(reporter))
        try:
            control.change_receiver(
                actor=reporter, receiver=chosen, fallback=fallback, now=timezone.now()
            )
            return redirect("reports:mine")
        except AgainstTheRules as error:
            sentence = str(error.sentence)
        except NotInDirectory:
            sentence = str(CannotReceive().sentence)
    values = {
        "t": content.texts(),
        "c": content.control(),
        "form": form,
        "desks": desks,
        "sentence": sentence,
        "has_case": queries.has_case(),
        "frozen": reporter.report.frozen_at is not None,
        "now_with": own.responsible(reporter.report).name,
    }
    status = 422 if sentence or form.errors else 200
    return render(request, "reports/public/receiver.html", values, status=status)


def _offered(reporter: Reporter) -> list[Desk]:
    """The desks that she may choose from, without the present one and whoever must not know."""
    answers = reading.read_own(reporter).answers
    notes = answers.get("notes", {})
    here = own.responsible(reporter.report)
    desks = queries.receivers(needs=notes.get("needs", []), **_rules(reporter))
    stopped = reporter.report.state == Report.State.WITHDRAWN
    return [desk for desk in desks if stopped or desk.pk != here.pk][: queries.MOST_OFFERED]


def _rules(reporter: Reporter) -> dict[str, Any]:
    """Where she is, who must not know, and the rules for the kind of person, as at filing."""
    answers = reading.read_own(reporter).answers
    notes, said = answers.get("notes", {}), answers.get("reported_person", {})
    return {
        "region": notes.get("region", ""),
        "keep_out": routing.exclusion(said),
        "rules": routing.route(said.get("kind", ""), notes.get("for_whom", "")),
    }


@behind_receipt
def parts(request: HttpRequest, reporter: Reporter) -> HttpResponse:
    """Her parts one by one: closed to every desk, or opened again."""
    if request.method == "POST":
        try:
            part = access.own_part(UUID(request.POST.get("part", "")))
        except ValueError:
            return redirect("reports:parts")
        act = control.open_part if request.POST.get("go") == "open" else control.close_part
        act(actor=reporter, part=part)
        return redirect("reports:parts")
    compartments = {one.envelope.ref: one.envelope.compartment for one in reporter.opened.values()}
    shut = reporter.report.frozen_at is not None or reporter.report.state not in {"new", "taken"}
    rows = [
        (part, words.compartment(code), access.is_closed(reporter, part))
        for part in access.own_parts()
        if (code := compartments.get(part.envelope_id, "notes")) != "notes"
    ]
    values = {"t": content.texts(), "c": content.control(), "rows": [] if shut else rows}
    return render(request, "reports/public/parts.html", values)


@behind_receipt
def data(request: HttpRequest, reporter: Reporter) -> HttpResponse:
    """Everything that is stored of what she sent, who read it, and what she may decide."""
    values = _own(reading.read_own(reporter)) | {
        "reads": own.reads(),
        "frozen": reporter.report.frozen_at is not None,
        "erasure": access.own_erasure(),
        "zone": own.responsible(reporter.report).agency.region.zone,
    }
    return render(request, "reports/public/data.html", values)


@behind_receipt
def export(request: HttpRequest, reporter: Reporter) -> HttpResponse:
    """One page to keep, readable without this software; made in this request and kept nowhere."""
    said = reading.read_own(reporter)
    zone = own.responsible(reporter.report).agency.region.zone
    values = _own(said) | {
        "messages": said.messages,
        "files": said.files,
        "reads": own.reads(),
        "zone": zone,
        "made": content.control()["export"]["made"].format(when=moment(timezone.now(), zone)),
    }
    page = render_to_string("reports/public/export.html", values)
    response = HttpResponse(page, content_type="text/html; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="catatan.html"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@behind_receipt
def freeze(request: HttpRequest, reporter: Reporter) -> HttpResponse:
    """Closes everything to every desk for now, or opens it again."""
    if request.method == "POST":
        act = control.thaw if request.POST.get("go") == "open" else control.freeze
        act(actor=reporter)
        return redirect("reports:mine")
    values = {
        "t": content.texts(),
        "c": content.control(),
        "frozen": reporter.report.frozen_at is not None,
    }
    return render(request, "reports/public/freeze.html", values)


@behind_receipt
def erase(request: HttpRequest, reporter: Reporter) -> HttpResponse:
    """Asks once; then everything is closed at once and destroyed within 72 hours."""
    if request.method == "POST":
        if request.POST.get("go") == "cancel":
            control.cancel_erasure(actor=reporter)
        else:
            control.ask_erasure(actor=reporter, ref=uuid4())
        return redirect("reports:mine")
    values = {"t": content.texts(), "c": content.control()}
    return render(request, "reports/public/erase.html", values)


def _own(said: Reading) -> dict[str, object]:
    notes = said.answers.get("notes", {})
    return {
        "t": content.texts(),
        "c": content.control(),
        "sections": words.sections(
            said.answers,
            regions=regions.names([notes.get("region", "")]),
            offices=queries.office_names(words.offices_in(said.answers)),
        ),
    }
