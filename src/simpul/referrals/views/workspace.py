"""The pages on which a desk asks another for help, answers, and hears back."""

from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from simpul.cases import access as case_access
from simpul.cases import header, sharing
from simpul.cases import queries as cases
from simpul.cases.actions import files
from simpul.clocks import face
from simpul.clocks import queries as clocks
from simpul.core import refusals
from simpul.directory import queries as directory
from simpul.network import regions
from simpul.network.actor import Actor
from simpul.network.http import Request
from simpul.referrals import access, actions, forms, queries
from simpul.referrals.actions import Need, Slip
from simpul.referrals.models import Referral
from simpul.reports import words

PER_PAGE = 50


def listed(request: Request) -> HttpResponse:
    """Referrals that came in, or went out."""
    actor, box = request.actor, request.GET.get("box", "received")
    lists = [
        ("received", _("Rujukan masuk"), queries.received(actor)),
        ("sent", _("Rujukan terkirim"), queries.sent(actor)),
    ]
    found = next((rows for name, _label, rows in lists if name == box), lists[0][2])
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    values = {
        "tabs": [
            {"label": label, "url": f"?box={name}", "current": rows is found}
            for name, label, rows in lists
        ],
        "caption": next(label for _name, label, rows in lists if rows is found),
        "rows": _rows(actor, list(page)),
        "page": page,
        "now": timezone.now(),
    }
    return render(request, "referrals/list.html", values)


def of_case(request: Request, case_code: str) -> HttpResponse:
    """The referrals of one case, and a new one."""
    actor, now = request.actor, timezone.now()
    case = case_access.get_case(actor, case_code)
    today = sharing.today(case, now)
    standing = [consent for consent in cases.consents(case) if consent.stands_on(today)]
    form = forms.Send(request.POST or None, consents=standing)
    if form.is_valid():
        said = form.cleaned_data
        with refusals.shown_on(form):
            sent = actions.send(
                actor=actor,
                case=case,
                ref=said["ref"],
                consent=said["consent"],
                compartments=said["compartments"],
                need=Need(**form.need()),
                urgency=said["urgency"],
                now=now,
            )
            return redirect("referrals:slip", sent.code)
    file = files.read(actor=actor, case=case)
    values = {
        **header.values(actor, case, file, now),
        "rows": _rows(actor, list(queries.of_case(actor, case))),
        "may_send": bool(standing),
        "form": form,
    }
    return render(request, "referrals/of_case.html", values, status=422 if form.errors else 200)


def slip(request: Request, code: str) -> HttpResponse:
    """One referral: the need, the answer, and what was reported back."""
    referral = access.get_referral(request.actor, code)
    return _page(request, referral, timezone.now())


def accept(request: Request, code: str) -> HttpResponse:
    """Says yes; the agreed compartments open."""
    referral, now = access.get_referral(request.actor, code), timezone.now()
    form = Form(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals.shown_on(form):
            actions.accept(actor=request.actor, referral=referral, now=now)
            return redirect("referrals:slip", code)
    return _page(request, referral, now, accept_form=form)


def decline(request: Request, code: str) -> HttpResponse:
    """Says no, and why."""
    referral, now = access.get_referral(request.actor, code), timezone.now()
    form = forms.Decline(request.POST or None)
    if form.is_valid():
        with refusals.shown_on(form):
            actions.decline(actor=request.actor, referral=referral, now=now, **form.cleaned_data)
            return redirect("referrals:slip", code)
    return _page(request, referral, now, decline_form=form)


def report_back(request: Request, code: str) -> HttpResponse:
    """Tells the sender, and the survivor, what was done."""
    referral, now = access.get_referral(request.actor, code), timezone.now()
    form = forms.ReportBack(request.POST or None)
    if form.is_valid():
        with refusals.shown_on(form):
            actions.report_back(
                actor=request.actor, referral=referral, now=now, **form.cleaned_data
            )
            return redirect("referrals:slip", code)
    return _page(request, referral, now, back_form=form)


def end(request: Request, code: str) -> HttpResponse:
    """Ends the referral; what it opened closes."""
    referral, now = access.get_referral(request.actor, code), timezone.now()
    if request.method == "POST":
        actions.end(actor=request.actor, referral=referral, now=now)
        return redirect("referrals:slip", code)
    return _page(request, referral, now)


def _page(request: Request, referral: Referral, now: datetime, **bound: Form) -> HttpResponse:
    actor = request.actor
    read = actions.read(actor=actor, referral=referral)
    clock = clocks.running_on("K29", [referral.ref]).get(referral.ref)
    case = case_access.visible_cases(actor).filter(pk=referral.case_id).first()
    answers = access.can_answer(actor, referral)
    asked = answers and read is not None and referral.state == Referral.State.SENT
    values: dict[str, Any] = {
        "referral": referral,
        "slip": read,
        "heading": _service(read.need) if read else _("Rujukan tertutup"),
        "need": _need(read),
        "parts": ", ".join(words.compartment(code) for code in referral.compartments),
        "clock": face.of(clock, actor.zone) if clock else None,
        "case": case,
        "may_answer": asked,
        "may_report": answers and read is not None and referral.state in {"accepted", "reported"},
        "may_end": referral.state in queries.RUNNING and not asked,
        "accept_form": Form(),
        "decline_form": forms.Decline(),
        "back_form": forms.ReportBack(),
        "now": now,
        **bound,
    }
    status = 422 if any(form.errors for form in bound.values()) else 200
    return render(request, "referrals/slip.html", values, status=status)


def _rows(actor: Actor, referrals: list[Referral]) -> list[dict[str, Any]]:
    """A page of referrals with what each asks for; nothing where the consent has ended."""
    needs = actions.read_needs(actor=actor, referrals=referrals) if referrals else {}
    names = regions.names(need.region for need in needs.values())
    return [
        {
            "referral": referral,
            "service": _service(need) if need else _("Tertutup: izinnya berakhir"),
            "region": names.get(need.region, "") if need else "",
        }
        for referral in referrals
        for need in [needs.get(referral.ref)]
    ]


def _service(need: Need) -> str:
    return directory.kinds().get(need.service, need.service)


def _need(read: Slip | None) -> list[tuple[str, str]]:
    """The need as questions and answers; what was left out is not shown."""
    if read is None:
        return []
    need = read.need
    found = [
        (_("Kelompok umur"), forms.age(need.age_band)),
        (_("Kabupaten atau kota"), regions.names([need.region]).get(need.region, need.region)),
        (_("Bahasa yang nyaman"), need.language),
        (_("Kebutuhan akses"), need.accessibility),
        (_("Catatan singkat"), need.note),
    ]
    return [(question, answer) for question, answer in found if answer]
