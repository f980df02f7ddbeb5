"""How a case begins: from a report, or with someone who has come or called."""

from datetime import datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from simpul.cases import access, forms
from simpul.cases.actions import files
from simpul.core import refusals
from simpul.core.doors import derives_first
from simpul.network import context, regions
from simpul.network.http import Request
from simpul.reports import access as report_access
from simpul.reports import actions as reports
from simpul.reports import content, guardrails, queries, words
from simpul.reports.actions import duties
from simpul.reports.models import Report, Tie
from simpul.vault import receipts
from simpul.vault.receipts import Opened

# The same form sent again shows the same words, as at the public door.
SHOWN_FOR = timedelta(hours=1)


def take_up(request: Request, code: str) -> HttpResponse:
    """Makes a report her desk's case; one that is taken leads to its case."""
    actor, now = request.actor, timezone.now()
    report = report_access.get_report(actor, code)
    if request.method != "POST" and report.state != Report.State.NEW:
        return redirect("cases:summary", access.get_case_of(actor, report).code)
    reading = reports.read(actor=actor, report=report)
    said = reading.answers.get("notes", {})
    names = regions.names([said.get("region", "")])
    summary = content.summary(said, names.get(said.get("region", ""), ""))
    initial = {
        "label": summary[:120],
        "reporter_is_survivor": said.get("for_whom") == "self",
    }
    desk = actor.desk_among(report.desks)
    assert desk is not None
    form = forms.TakeUp(
        request.POST or None, zone=actor.zone, now=now, initial=initial, me=actor.user,
        possible=queries.possible_owners(report, desk),
    )  # fmt: skip
    if form.is_valid():
        found = form.cleaned_data
        duties.declare(actor=actor, report=report, tie=found["tie"], now=now)
        if found["tie"] != Tie.NO:
            return redirect("reports:read", code)  # which says what happens now
        with refusals.shown_on(form):
            case = files.open_from_report(
                actor=actor,
                report=report,
                label=found["label"],
                next_action=found["next_action"],
                due_at=found["due_at"],
                risk=found["risk"],
                reporter_is_survivor=found["reporter_is_survivor"],
                owner=found["owner"],
                deputy=found["deputy"],
                now=now,
            )
            return redirect("cases:summary", case.code)
    offices = queries.office_names(words.offices_in(reading.answers))
    values = {
        "report": report,
        "heading": summary,
        "sections": words.sections(reading.answers, regions=names, offices=offices),
        "form": form,
        "acknowledged": guardrails.are_acknowledged(actor.user, now),
        "now": now,
    }
    return render(request, "cases/take_up.html", values, status=422 if form.errors else 200)


@derives_first
def walk_in(request: Request) -> HttpResponse:
    """Writes down what someone says who has come or called; her receipt is shown once."""
    token = request.POST.get("token", "")
    six = receipts.words_of(token) if receipts.is_token(token) else []
    source = str(request.user.pk).encode()
    receipt = receipts.open_words(six, source=source, filing=True) if six else None
    with context.opened(request):
        return _walk_in(request, receipt, six, timezone.now())


def _walk_in(
    request: Request, receipt: Opened | None, six: list[str], now: datetime
) -> HttpResponse:
    actor = request.actor
    desks = [desk for desk in actor.desks if report_access.may_receive(desk)]
    region = desks[0].agency.region_id if desks else ""
    form = forms.WalkIn(
        request.POST if receipt else None,
        zone=actor.zone,
        now=now,
        desks=desks,
        offices=[(str(office.ref), office.name) for office in queries.offices(region)],
        initial={"token": receipts.new_token(), "region": region},
    )
    if receipt is not None and form.is_valid():
        said = form.cleaned_data
        with refusals.shown_on(form):
            case = files.open_walk_in(
                actor=actor,
                receipt=receipt,
                answers=form.answers(),
                desk=said["desk"],
                channel=said["channel"],
                label=said["label"],
                next_action=said["next_action"],
                due_at=said["due_at"],
                risk=said["risk"],
                now=now,
            )
            if now - case.opened_at > SHOWN_FOR:
                return redirect("cases:summary", case.code)
            shown = {"case": case, "words": six, "digits": receipts.digits_of(six)}
            return render(request, "cases/receipt.html", shown)
    values = {
        "form": form,
        "may_write": bool(desks),
        "acknowledged": guardrails.are_acknowledged(actor.user, now),
        "now": now,
    }
    return render(request, "cases/walk_in.html", values, status=422 if form.errors else 200)
