"""Who keeps the texts of the public door."""

from uuid import UUID

from django.db.models import Q, QuerySet

from simpul.core.access import NotYours
from simpul.network.actor import Actor
from simpul.network.models import Desk
from simpul.wording.models import IN_FORCE, WAITING, Edition, Recording, Release


def can_propose(actor: Actor) -> bool:
    """Whether she sits at a desk of coordination."""
    return any(desk.duty == Desk.Duty.COORDINATION for desk in actor.desks)


def keeps_texts(actor: Actor) -> bool:
    """Whether she sees drafts, approves others' and ends what should not be said any more."""
    return can_propose(actor) or actor.is_administrator


def can_approve(actor: Actor, release: Release) -> bool:
    """Whether her signature would be a second one: nobody approves what she proposed herself."""
    return keeps_texts(actor) and release.is_waiting and release.proposed_by != actor.ref


def visible_editions(actor: Actor) -> QuerySet[Edition]:
    """What is in force, and for those who keep texts the drafts too."""
    found = Edition.objects.filter(IN_FORCE | (WAITING if keeps_texts(actor) else Q(pk=None)))
    return found.order_by("-proposed_at", "ref")


def get_edition(actor: Actor, ref: UUID) -> Edition:
    """An edition, also one that has ended, for those who keep texts; or 404."""
    found = Edition.objects.filter(ref=ref).first() if keeps_texts(actor) else None
    if found is None:
        raise NotYours
    return found


def visible_recordings(actor: Actor) -> QuerySet[Recording]:
    """The same of recordings, without their sound."""
    found = Recording.objects.filter(IN_FORCE | (WAITING if keeps_texts(actor) else Q(pk=None)))
    return found.defer("sound").order_by("page", "language", "-proposed_at")


def get_recording(actor: Actor, ref: UUID) -> Recording:
    """A recording for those who keep texts, or 404."""
    found = Recording.objects.filter(ref=ref).first() if keeps_texts(actor) else None
    if found is None:
        raise NotYours
    return found


def get_reading(ref: UUID) -> Recording:
    """A recording in force, for everybody; or 404."""
    found = Recording.objects.filter(IN_FORCE, ref=ref).first()
    if found is None:
        raise NotYours
    return found
