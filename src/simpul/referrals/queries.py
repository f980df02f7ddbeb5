"""Lists of referrals."""

from django.db.models import QuerySet

from simpul.cases.models import Case
from simpul.network.actor import Actor
from simpul.referrals import access
from simpul.referrals.models import Referral

RUNNING = (Referral.State.SENT, Referral.State.ACCEPTED, Referral.State.REPORTED)


def waiting(actor: Actor) -> QuerySet[Referral]:
    """Referrals to her desks that wait for an answer, the soonest due first."""
    asked = _rows(actor).filter(to_desk__in=actor.desk_ids, state=Referral.State.SENT)
    return asked.order_by("due_at", "ref")


def received(actor: Actor) -> QuerySet[Referral]:
    """All referrals to her desks, the newest first."""
    return _rows(actor).filter(to_desk__in=actor.desk_ids).order_by("-sent_at", "ref")


def sent(actor: Actor) -> QuerySet[Referral]:
    """All referrals from her desks, the newest first."""
    return _rows(actor).filter(from_desk__in=actor.desk_ids).order_by("-sent_at", "ref")


def of_case(actor: Actor, case: Case) -> QuerySet[Referral]:
    """The referrals of a case that her desks take part in."""
    return _rows(actor).filter(case=case).order_by("-sent_at", "ref")


def _rows(actor: Actor) -> QuerySet[Referral]:
    return access.visible_referrals(actor).select_related("from_desk", "to_desk")
