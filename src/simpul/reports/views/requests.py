"""Requests of reporters to erase everything: carried out by the desk, or refused by somebody else."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from simpul.core import refusals
from simpul.network.http import Request
from simpul.reports import access, queries
from simpul.reports.actions import control
from simpul.reports.forms import workspace as forms
from simpul.reports.models import Erasure


def erasures(request: Request) -> HttpResponse:
    """What waits to be erased, the next due first."""
    values = {"rows": list(queries.erasures(request.actor)), "now": timezone.now()}
    return render(request, "reports/erasures.html", values)


def decide(request: Request, ref: UUID) -> HttpResponse:
    """One request: erase now, or refuse for a listed reason."""
    erasure = access.get_erasure(request.actor, ref)
    refusing = request.method == "POST" and request.POST.get("go") == "refuse"
    form = forms.Refusal(request.POST if refusing else None)
    if request.method == "POST" and not refusing:
        with refusals.shown_on(form):
            control.erase(actor=request.actor, erasure=erasure)
            return redirect("reports:erasures")
    if form.is_valid():
        with refusals.shown_on(form):
            control.refuse_erasure(
                actor=request.actor, erasure=erasure, reason=form.cleaned_data["reason"]
            )
            return redirect("reports:erasures")
    return _page(request, erasure, form)


def _page(request: Request, erasure: Erasure, form: forms.Refusal) -> HttpResponse:
    values = {
        "erasure": erasure,
        "form": form,
        "may_erase": erasure.desk_id in request.actor.desk_ids,
        "may_refuse": not queries.handled(erasure.report_id),
        "now": timezone.now(),
    }
    return render(request, "reports/erasure.html", values, status=422 if form.errors else 200)
