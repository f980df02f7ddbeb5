"""The list of cases, and the pages of one case: summary, notes, history."""

from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from simpul.cases import access, forms, header, queries
from simpul.cases.actions import files
from simpul.cases.models import Case
from simpul.core import refusals
from simpul.network.http import Request
from simpul.reports import queries as reports
from simpul.reports import words

PER_PAGE = 50


def worklist(request: Request) -> HttpResponse:
    """Her desks' cases: open, closed, or shared by other desks."""
    actor, state = request.actor, request.GET.get("state", "open")
    lists = [
        ("open", _("Berjalan"), queries.worklist(actor)),
        ("closed", _("Ditutup"), queries.worklist(actor, state=Case.State.CLOSED)),
        ("shared", _("Dibagikan kepada kami"), queries.shared_with(actor)),
    ]
    found = next((rows for name, _label, rows in lists if name == state), lists[0][2])
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    cases = list(page)
    labels = files.read_labels(actor=actor, cases=cases) if cases else {}
    values = {
        "state": state,
        "tabs": [
            {"label": label, "url": f"?state={name}", "current": rows is found}
            for name, label, rows in lists
        ],
        "caption": next(label for _name, label, rows in lists if rows is found),
        "rows": [(case, labels.get(case.ref, "")) for case in cases],
        "page": page,
        "now": timezone.now(),
    }
    return render(request, "cases/list.html", values)


def summary(request: Request, case_code: str) -> HttpResponse:
    """What the report said, and what the owner may change."""
    case = access.get_case(request.actor, case_code)
    return _summary(request, case, timezone.now())


def label(request: Request, case_code: str) -> HttpResponse:
    """Gives the case a working label."""
    case, now = access.get_case(request.actor, case_code), timezone.now()
    form = forms.Label(request.POST or None)
    if form.is_valid():
        files.set_label(actor=request.actor, case=case, text=form.cleaned_data["text"])
        return redirect("cases:summary", case_code)
    return _summary(request, case, now, label_form=form)


def next_action(request: Request, case_code: str) -> HttpResponse:
    """Sets the next action."""
    case, now = access.get_case(request.actor, case_code), timezone.now()
    form = forms.NextAction(request.POST or None, zone=_zone(case), now=now)
    if form.is_valid():
        said = form.cleaned_data
        with refusals.shown_on(form):
            files.set_next_action(
                actor=request.actor, case=case, text=said["text"], due_at=said["due_at"], now=now
            )
            return redirect("cases:summary", case_code)
    return _summary(request, case, now, next_form=form)


def risk(request: Request, case_code: str) -> HttpResponse:
    """Records the level of risk."""
    case, now = access.get_case(request.actor, case_code), timezone.now()
    form = forms.Risk(request.POST or None)
    if form.is_valid():
        files.set_risk(actor=request.actor, case=case, risk=form.cleaned_data["risk"])
        return redirect("cases:summary", case_code)
    return _summary(request, case, now, risk_form=form)


def close(request: Request, case_code: str) -> HttpResponse:
    """Closes the case."""
    case, now = access.get_case(request.actor, case_code), timezone.now()
    form = forms.Close(request.POST or None)
    if form.is_valid():
        with refusals.shown_on(form):
            files.close(actor=request.actor, case=case, now=now, **form.cleaned_data)
            return redirect("cases:summary", case_code)
    return _summary(request, case, now, close_form=form)


def reopen(request: Request, case_code: str) -> HttpResponse:
    """Opens a closed case again."""
    case, now = access.get_case(request.actor, case_code), timezone.now()
    form = forms.Reopen(request.POST or None, zone=_zone(case), now=now)
    if form.is_valid():
        said = form.cleaned_data
        with refusals.shown_on(form):
            files.reopen(
                actor=request.actor, case=case, text=said["text"], due_at=said["due_at"], now=now
            )
            return redirect("cases:summary", case_code)
    return _summary(request, case, now, reopen_form=form)


def notes(request: Request, case_code: str) -> HttpResponse:
    """The notes, compartment by compartment, and a new one."""
    case, now = access.get_case(request.actor, case_code), timezone.now()
    form = forms.Write(request.POST or None)
    if form.is_valid():
        with refusals.shown_on(form):
            files.write(actor=request.actor, case=case, now=now, **form.cleaned_data)
            return redirect("cases:notes", case_code)
    file = files.read(actor=request.actor, case=case)
    parts = [(code, name, list(reversed(file.texts(code)))) for code, name in words.compartments()]
    values = {
        **header.values(request.actor, case, file, now),
        "parts": [part for part in parts if part[2]],
        "closed": [words.compartment(code) for code in file.closed],
        "form": form,
    }
    return render(request, "cases/notes.html", values, status=_status(form))


def history(request: Request, case_code: str) -> HttpResponse:
    """Which desk read which compartments, and in which hour."""
    case, now = access.get_case(request.actor, case_code), timezone.now()
    file = files.read(actor=request.actor, case=case)
    page = Paginator(queries.history(case.ref), PER_PAGE).get_page(request.GET.get("page"))
    values = {
        **header.values(request.actor, case, file, now),
        "page": page,
        "rows": [
            (read, desk, ", ".join(words.compartment(part) for part in read.parts))
            for read, desk in page
        ],
    }
    return render(request, "cases/history.html", values)


def _summary(request: Request, case: Case, now: datetime, **bound: Form) -> HttpResponse:
    """The summary page with the form that was sent, if one was, and the others empty."""
    file = files.read(actor=request.actor, case=case)
    zone = _zone(case)
    values: dict[str, Any] = {
        **header.values(request.actor, case, file, now),
        "label_form": forms.Label(initial={"text": file.label}),
        "next_form": forms.NextAction(zone=zone, now=now),
        "risk_form": forms.Risk(initial={"risk": case.risk}),
        "close_form": forms.Close(),
        "reopen_form": forms.Reopen(zone=zone, now=now),
        **bound,
    }
    values["sections"] = words.sections(
        file.report,
        regions=values["names"],
        offices=reports.office_names(words.offices_in(file.report)),
    )
    values["closed"] = [words.compartment(code) for code in file.closed]
    is_group = file.report.get("notes", {}).get("for_whom") == "group"
    values["is_group"] = values["leads"] and is_group
    values["group"] = queries.group_of(request.actor, case)
    return render(request, "cases/summary.html", values, status=_status(*bound.values()))


def _status(*forms: Form) -> int:
    return 422 if any(form.errors for form in forms) else 200


def _zone(case: Case) -> str:
    return case.desk.agency.region.zone
