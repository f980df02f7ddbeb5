"""Who she is, and looking for a name."""

import time
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from simpul.cases import access, forms, header, queries
from simpul.cases.actions import files, search
from simpul.core import refusals
from simpul.core.access import NotYours
from simpul.core.doors import derives_first
from simpul.network import context as workspace
from simpul.network.http import Request

AT_WORK = 4.0  # seconds of one press on "Lanjutkan"


def find(request: Request) -> HttpResponse:
    """Looks for a name among the cases of her desks; what was typed is in no address."""
    form = forms.Find(request.POST or None)
    results, damaged = None, None
    if form.is_valid():
        try:
            results = search.find(actor=request.actor, now=timezone.now(), **form.cleaned_data)
        except search.Damaged as refusal:
            damaged = refusal.desk
    values = {"form": form, "results": results, "damaged": damaged}
    status = 409 if damaged else 422 if form.errors else 200
    return render(request, "cases/search.html", values, status=status)


@derives_first
def names_anew(request: Request, desk_ref: UUID) -> HttpResponse:
    """A damaged list of names, built anew from the cards: as many batches as fit in a few seconds.

    The page says how many cases are left and goes on by itself where scripts run, else by its button.
    """
    until, left = time.monotonic() + AT_WORK, 1
    with workspace.opened(request):
        desk = next((desk for desk in request.actor.desks if desk.ref == desk_ref), None)
        if desk is None:
            raise NotYours
        if request.method == "POST" and "going" not in request.POST:
            search.begin_anew(actor=request.actor, desk=desk)
    while request.method == "POST" and left and time.monotonic() < until:
        with workspace.opened(request):
            search.gather(actor=request.actor, desk=desk, now=timezone.now())
            left = queries.names_waiting(desk)
    with workspace.opened(request):
        values = {"desk": desk, "left": queries.names_waiting(desk)}
        return render(request, "cases/names_anew.html", values)


def identity(request: Request, case_code: str) -> HttpResponse:
    """Her names, as they are known, and writing them anew."""
    case, now = access.get_case(request.actor, case_code), timezone.now()
    form = forms.Identify(request.POST or None)
    if form.is_valid():
        with refusals.shown_on(form):
            search.identify(
                actor=request.actor, case=case, ref=form.cleaned_data["ref"], card=form.card(),
                now=now,
            )  # fmt: skip
            return redirect("cases:identity", case_code)
    file = files.read(actor=request.actor, case=case)
    if not form.is_bound:
        card = file.card
        form.initial.update(
            name=card.name, others="\n".join(card.others), born=card.born, village=card.village
        )
    values = {
        **header.values(request.actor, case, file, now),
        "form": form,
        "is_open": "identity" in file.open,
    }
    return render(request, "cases/identity.html", values, status=422 if form.errors else 200)
