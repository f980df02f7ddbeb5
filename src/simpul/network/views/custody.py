"""The pages of custodians: who keeps parts of which key, and a key that is asked back."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from simpul.core import refusals
from simpul.core.access import AgainstTheRules, NotYours, require
from simpul.network import access, forms, queries
from simpul.network.actions import custody
from simpul.network.http import Request
from simpul.network.models import Desk
from simpul.network.views import page, sent


def show(request: Request, sentence: str = "") -> HttpResponse:
    """Which keys lie with whom, and the recoveries that concern her."""
    actor = request.actor
    values = {
        "keepings": queries.custodies(actor),
        "recoveries": access.recoveries_of(actor),
        "sentence": sentence,
    }
    return page(request, "custody", values, bool(sentence))


def name_custodians(request: Request, desk_ref: UUID) -> HttpResponse:
    """Who keeps parts of a desk's key; two administrators sign it afterwards."""
    desk = _desk_of_hers(request, desk_ref)
    form = forms.Custodians(sent(request), people=access.possible_custodians(desk))
    if form.is_valid():
        said = form.cleaned_data
        with refusals.shown_on(form):
            custody.name_custodians(
                actor=request.actor, desk=desk, people=list(said["people"]), need=said["need"]
            )
            return redirect("network:proposals")
    return page(request, "custodians", {"form": form, "desk": desk}, bool(form.errors))


def entrust(request: Request, desk_ref: UUID) -> HttpResponse:
    """Seals a desk's key to its custodians, in parts."""
    desk = next((desk for desk in request.actor.desks if desk.ref == desk_ref), None)
    if desk is None:
        raise NotYours
    if request.method == "POST":
        custody.entrust(actor=request.actor, desk=desk)
    return redirect("network:custody")


def ask(request: Request, desk_ref: UUID) -> HttpResponse:
    """Asks a desk's custodians for its key, or practises it."""
    desk = _desk_of_hers(request, desk_ref)
    form = forms.Ask(sent(request), members=access.members_of(desk))
    if form.is_valid():
        said = form.cleaned_data
        with refusals.shown_on(form):
            made = custody.ask(
                actor=request.actor, desk=desk, member=said["member"], drill=said["drill"],
                now=timezone.now(),
            )  # fmt: skip
            return redirect("network:recovery", made.ref)
    return page(request, "ask_custodians", {"form": form, "desk": desk}, bool(form.errors))


def recovery(request: Request, ref: UUID) -> HttpResponse:
    """How a recovery stands, and what she may do with it: refuse, help, put together."""
    actor, now = request.actor, timezone.now()
    found = access.get_recovery(actor, ref)
    acts = {"refuse": custody.refuse, "help": custody.contribute, "finish": custody.finish}
    act, sentence = acts.get(request.POST.get("act", "")), ""
    if request.method == "POST" and act is not None:
        try:
            act(actor=actor, recovery=found, now=now)
        except AgainstTheRules as refusal:
            sentence = str(refusal.sentence)
        else:
            return redirect("network:recovery", ref)
    helpers = access.helpers(found)
    values = {
        "recovery": found,
        "open": found.is_running and now >= found.opens_at,
        "may_refuse": found.is_running and access.can_refuse(actor, found),
        "may_help": access.is_custodian(actor, found) and actor.ref not in helpers,
        "may_finish": access.can_finish(actor, found),
        "has_helped": actor.ref in helpers,
        "helpers": len(helpers),
        "sentence": sentence,
    }
    return page(request, "recovery", values, bool(sentence))


def _desk_of_hers(request: Request, ref: UUID) -> Desk:
    require(request.actor.is_administrator)
    desk = access.desks_of(request.actor).filter(ref=ref).first()
    if desk is None:
        raise NotYours
    return desk
