"""Who waits to be called."""

from django.db.models import QuerySet

from simpul.handoffs import access
from simpul.handoffs.models import Handoff
from simpul.network.actor import Actor

MOST = 200  # opened for one page; more than these wait until some were called


def waiting(actor: Actor) -> QuerySet[Handoff]:
    """Those who wait and those who are being called, the oldest first."""
    found = access.visible_handoffs(actor).select_related("desk", "taken_by", "envelope")
    return found.order_by("received_at", "ref")[:MOST]


def count(actor: Actor) -> int:
    """How many wait whom nobody has begun to call."""
    return access.visible_handoffs(actor).filter(state=Handoff.State.WAITING).count()
