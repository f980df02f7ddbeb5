"""The pages on which a desk calls those who asked for it."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from simpul.clocks import face
from simpul.clocks import queries as clocks
from simpul.core import refusals
from simpul.core.access import AgainstTheRules
from simpul.handoffs import access, actions, forms, hours, queries
from simpul.handoffs.models import TRIES, Handoff
from simpul.network.http import Request


def waiting(request: Request) -> HttpResponse:
    """Who waits to be called: first those whose hour has come."""
    return _list(request)


def _list(request: Request, sentence: str = "") -> HttpResponse:
    now, zone = timezone.now(), request.actor.zone
    found = list(queries.waiting(request.actor))
    said = actions.read_hours(actor=request.actor, handoffs=found) if found else {}
    running = clocks.running_on(actions.CALL_BACK, [one.ref for one in found])
    rows: list[dict[str, Any]] = [
        {
            "handoff": one,
            "hour": said[one.ref],
            "from_at": hours.next_at(said[one.ref], one.received_at, zone),
            "clock": face.of(running[one.ref], zone) if one.ref in running else None,
        }
        for one in found
        if one.ref in said
    ]
    rows.sort(key=lambda row: row["from_at"])
    values = {"rows": rows, "now": now, "zone": zone, "sentence": sentence}
    return render(request, "handoffs/list.html", values, status=422 if sentence else 200)


def take(request: Request, ref: UUID) -> HttpResponse:
    """Begins to call somebody."""
    handoff = access.get_handoff(request.actor, ref)
    if request.method == "POST":
        try:
            actions.take(actor=request.actor, handoff=handoff, now=timezone.now())
        except AgainstTheRules as error:
            return _list(request, str(error.sentence))
        return redirect("handoffs:call", ref=ref)
    return redirect("handoffs:list")


def call(request: Request, ref: UUID) -> HttpResponse:
    """The number and the hour, and what to do after the call."""
    handoff = access.get_handoff(request.actor, ref)
    if handoff.state != Handoff.State.TAKEN:
        return redirect("handoffs:list")
    return _call(request, handoff, forms.Close())


def tried(request: Request, ref: UUID) -> HttpResponse:
    """Notes that nobody answered."""
    handoff = access.get_handoff(request.actor, ref)
    if request.method == "POST":
        actions.note_try(actor=request.actor, handoff=handoff, now=timezone.now())
    return redirect("handoffs:call", ref=ref)


def close(request: Request, ref: UUID) -> HttpResponse:
    """Ends it: the number can be opened by nobody any more."""
    handoff = access.get_handoff(request.actor, ref)
    form = forms.Close(request.POST or None)
    if form.is_valid():
        with refusals.shown_on(form):
            actions.close(
                actor=request.actor, handoff=handoff, reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )  # fmt: skip
            return redirect("handoffs:list")
    return _call(request, handoff, form)


def _call(request: Request, handoff: Handoff, form: forms.Close) -> HttpResponse:
    number, hour = actions.read(actor=request.actor, handoff=handoff)
    zone = request.actor.zone
    values: dict[str, Any] = {
        "handoff": handoff,
        "number": number,
        "hour": hour,
        "from_at": hours.next_at(hour, handoff.received_at, zone),
        "form": form,
        "left": max(0, TRIES - handoff.tries),
        "now": timezone.now(),
        "zone": zone,
    }
    return render(request, "handoffs/call.html", values, status=422 if form.errors else 200)
