"""Being asked for a call, calling, and closing: then nobody can open the number any more."""

from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from simpul.clocks.models import Clock
from simpul.core.access import AgainstTheRules, NotYours, require
from simpul.handoffs import access
from simpul.handoffs.access import Caller
from simpul.handoffs.models import APART, CLOSING, TRIES, Handoff
from simpul.network.actor import Actor
from simpul.network.models import Desk
from simpul.vault import audit, crypto, envelopes, rows, sources
from simpul.vault.crypto import Pair
from simpul.vault.envelopes import OpenEnvelope
from simpul.vault.models import Compartment, Envelope, Grant, KeyPair

CALL_BACK = "K33"


class AlreadyTaken(AgainstTheRules):
    """A colleague calls already."""

    def __init__(self) -> None:
        super().__init__(_("Rekan lain sudah mengambilnya."))


class TooFewTries(AgainstTheRules):
    """Somebody is given up only after three calls."""

    def __init__(self) -> None:
        super().__init__(_("Coba tiga kali dulu, pada jam yang berbeda."))


@transaction.atomic
def ask(
    *, actor: Caller, desk: Desk, channel: str, message: str, number: str, hour: str, now: datetime
) -> str:
    """Seals number and hour to the desk that calls: `asked`, `again`, `enough` today, or `full`.

    The key that grants is made here and forgotten: whoever wrote holds none.
    """
    require(desk.receiving and desk.is_ready)
    pair = Pair(uuid4(), crypto.random())
    keypair = KeyPair(
        ref=pair.ref, kind=KeyPair.Kind.REPORTER, public=pair.public, verifying=pair.verifying
    )
    handoff = Handoff(
        desk=desk, channel=channel, received_at=now,
        message=sources.mark_of("handoffs", "message", channel, message),
        caller=sources.mark_of("handoffs", "caller", now.date().isoformat(), channel, number),
    )  # fmt: skip
    opened = envelopes.fresh(Envelope(record=handoff.ref, compartment=Compartment.CONTACT))
    opened.seal(handoff, "number", number)
    opened.seal(handoff, "hour", hour)
    grant = envelopes.prepare(
        opened, to=envelopes.desk_recipient(desk.pk), by=pair, basis=Grant.Basis.CHOICE,
        tags=[handoff.ref],
    )  # fmt: skip
    asked = {
        "handoff": rows.as_json(handoff),
        "keypair": rows.as_json(keypair),
        "envelope": rows.as_json(opened.envelope),
        "grant": rows.as_json(grant),
    }
    outcome: str = rows.call("public_hand_off", asked)
    if outcome == "asked":
        audit.record(
            "handoffs.asked", actor=actor, row=handoff.ref, content=envelopes.ciphertext(handoff)
        )
    return outcome


@transaction.atomic
def read_hours(*, actor: Actor, handoffs: list[Handoff]) -> dict[UUID, str]:
    """The hours of a page of those who wait; no number is opened."""
    require(all(access.can_call(actor, one) for one in handoffs))
    opened = envelopes.open_all([one.envelope for one in handoffs], actor.keyring)
    hours = {
        one.ref: opened[one.envelope_id].unseal(one, "hour")
        for one in handoffs
        if one.envelope_id in opened
    }
    audit.record("handoffs.listed", actor=actor)
    return hours


@transaction.atomic
def take(*, actor: Actor, handoff: Handoff, now: datetime) -> None:
    """One colleague begins to call. Raises AlreadyTaken."""
    require(access.can_call(actor, handoff))
    handoff = _locked(handoff)
    if handoff.state == Handoff.State.WAITING:
        handoff.state, handoff.taken_at = Handoff.State.TAKEN, now
        handoff.taken_by = actor.user
        handoff.save(update_fields=["state", "taken_at", "taken_by"])
    elif handoff.taken_by_id != actor.user.pk:
        raise AlreadyTaken
    audit.record("handoffs.taken", actor=actor, record=handoff.ref, desk=handoff.desk_id)


@transaction.atomic
def read(*, actor: Actor, handoff: Handoff) -> tuple[str, str]:
    """Number and hour of somebody whom a colleague of the desk has taken."""
    require(access.can_call(actor, handoff) and handoff.state == Handoff.State.TAKEN)
    opened = _opened(actor, handoff)
    found = opened.unseal(handoff, "number"), opened.unseal(handoff, "hour")
    audit.record("handoffs.read", actor=actor, record=handoff.ref, desk=handoff.desk_id)
    return found


@transaction.atomic
def note_try(*, actor: Actor, handoff: Handoff, now: datetime) -> None:
    """A call that nobody answered; the promise to call is kept with it. Pressed twice is one call."""
    require(access.can_call(actor, handoff) and handoff.state == Handoff.State.TAKEN)
    handoff = _locked(handoff)
    if handoff.tried_at is None or now - handoff.tried_at >= APART:
        handoff.tries, handoff.tried_at = min(handoff.tries + 1, 99), now
        handoff.save(update_fields=["tries", "tried_at"])
    Clock.stop(CALL_BACK, subject=handoff.ref, now=now)
    audit.record("handoffs.tried", actor=actor, record=handoff.ref, desk=handoff.desk_id)


@transaction.atomic
def close(*, actor: Actor, handoff: Handoff, reason: str, now: datetime) -> None:
    """Ends it, with the key to the number. Raises TooFewTries."""
    require(access.can_call(actor, handoff) and reason in CLOSING)
    handoff = _locked(handoff)
    if reason == Handoff.Reason.NOT_REACHED and handoff.tries < TRIES:
        raise TooFewTries
    handoff.state, handoff.reason, handoff.closed_at = Handoff.State.CLOSED, reason, now
    handoff.save(update_fields=["state", "reason", "closed_at"])
    Clock.stop(CALL_BACK, subject=handoff.ref, now=now)
    envelopes.end(handoff.ref, now=now)
    audit.record("handoffs.closed", actor=actor, record=handoff.ref, desk=handoff.desk_id)


def _locked(handoff: Handoff) -> Handoff:
    found = Handoff.objects.select_for_update(of=("self",)).filter(pk=handoff.pk).first()
    if found is None:  # closed meanwhile
        raise NotYours
    return found


def _opened(actor: Actor, handoff: Handoff) -> OpenEnvelope:
    return envelopes.open_envelope(handoff.envelope, actor.keyring)
