"""Who may see and call those who asked to be called."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from simpul.core.access import NotYours
from simpul.handoffs.models import Handoff
from simpul.network import access as network
from simpul.network.actor import Actor
from simpul.network.models import Desk


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who wrote a message; she is nobody to us."""

    ref: None = None
    desk_id: None = None


def calling_desk() -> Desk | None:
    """The desk that calls, as the settings name it; None while it cannot receive."""
    if not settings.HANDOFF_DESK:
        return None
    desks = Desk.objects.filter(
        ref=settings.HANDOFF_DESK, receiving=True, keypair__isnull=False
    ).select_related("agency__region")
    return next(iter(network.vouched(desks)), None)


def visible_handoffs(actor: Actor) -> QuerySet[Handoff]:
    """Those that a desk of hers may open and that are not closed."""
    mine = Handoff.objects.filter(desk__in=actor.desk_ids, envelope__desks__overlap=actor.desk_ids)
    return mine.exclude(state=Handoff.State.CLOSED)


def get_handoff(actor: Actor, ref: UUID) -> Handoff:
    """One of them, or 404."""
    found = visible_handoffs(actor).select_related("desk", "taken_by", "envelope").filter(ref=ref)
    if (handoff := found.first()) is None:
        raise NotYours
    return handoff


def can_call(actor: Actor, handoff: Handoff) -> bool:
    """Whether her desk is the one that calls."""
    return handoff.desk_id in actor.desk_ids
