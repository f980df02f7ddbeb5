"""Keeping a desk's entries in the service directory true."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from simpul.core.access import AgainstTheRules, require
from simpul.directory import access
from simpul.directory.models import Service
from simpul.network.actor import Actor
from simpul.network.models import Desk
from simpul.vault import audit


class AlreadyListed(AgainstTheRules):
    """A desk lists each kind of help once."""

    def __init__(self) -> None:
        super().__init__(_("Layanan ini sudah ada di daftar meja Anda. Ubah yang ada."))


@transaction.atomic
def add(
    *,
    actor: Actor,
    ref: UUID,
    desk: Desk,
    kind: str,
    hours: str,
    cost: str,
    way: str,
    contact: str,
    now: datetime,
) -> Service:
    """Lists a kind of help, checked today; the same form sent twice is one entry.

    Raises AlreadyListed.
    """
    require(access.can_keep(actor, desk))
    known = Service.objects.filter(ref=ref, desk=desk).first()
    if known is not None:
        return known
    if Service.objects.filter(desk=desk, kind=kind).exists():
        raise AlreadyListed
    service = Service.objects.create(
        ref=ref, desk=desk, kind=kind, hours=hours, cost=cost, access=way, contact=contact,
        verified_at=now,
    )  # fmt: skip
    audit.record("directory.service_added", actor=actor, row=ref, desk=desk.pk)
    return service


@transaction.atomic
def change(
    *,
    actor: Actor,
    service: Service,
    hours: str,
    cost: str,
    way: str,
    contact: str,
    now: datetime,
) -> None:
    """Says anew when, at what cost and how; that counts as checked."""
    require(access.can_keep(actor, service.desk))
    service.hours, service.cost, service.access, service.contact = hours, cost, way, contact
    service.verified_at = now
    service.save(update_fields=["hours", "cost", "access", "contact", "verified_at"])
    audit.record("directory.service_changed", actor=actor, row=service.ref, desk=service.desk_id)


@transaction.atomic
def verify(*, actor: Actor, service: Service, now: datetime) -> None:
    """Confirms that an entry is still true (clock K24: every ninety days)."""
    require(access.can_keep(actor, service.desk))
    service.verified_at = now
    service.save(update_fields=["verified_at"])
    audit.record("directory.service_verified", actor=actor, row=service.ref, desk=service.desk_id)


@transaction.atomic
def remove(*, actor: Actor, service: Service) -> None:
    """Takes an entry out of the directory, because the desk does not offer it any more."""
    require(access.can_keep(actor, service.desk))
    ref = service.ref  # Django forgets it with the row
    service.delete()
    audit.record("directory.service_removed", actor=actor, row=ref, desk=service.desk_id)
