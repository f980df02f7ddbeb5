"""Who keeps which entry of the service directory true."""

from django.db.models import QuerySet

from simpul.core.access import NotYours
from simpul.directory.models import Service
from simpul.network.actor import Actor
from simpul.network.models import Desk


def own_services(actor: Actor) -> QuerySet[Service]:
    """What her desks offer, the longest unchecked first."""
    own = Service.objects.filter(desk__in=actor.desk_ids).select_related("desk")
    return own.order_by("verified_at", "desk__name", "kind")


def get_service(actor: Actor, ref: str) -> Service:
    """A service of one of her desks, or 404."""
    service = own_services(actor).filter(ref=ref).first()
    if service is None:
        raise NotYours
    return service


def can_keep(actor: Actor, desk: Desk) -> bool:
    """Whether the desk is one of hers: only it says what it offers."""
    return desk.pk in actor.desk_ids
