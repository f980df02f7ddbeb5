"""Who may see and do what with a referral."""

from django.db.models import Q, QuerySet

from simpul.core.access import NotYours
from simpul.network.actor import Actor
from simpul.referrals.models import Referral


def visible_referrals(actor: Actor) -> QuerySet[Referral]:
    """Referrals from and to her desks."""
    ids = actor.desk_ids
    return Referral.objects.filter(Q(from_desk__in=ids) | Q(to_desk__in=ids), desks__overlap=ids)


def get_referral(actor: Actor, code: str) -> Referral:
    """A referral by its reference, or 404."""
    rows = visible_referrals(actor).select_related(
        "from_desk__agency__region", "to_desk__agency__region", "consent"
    )
    referral = rows.filter(code=code).first()
    if referral is None:
        raise NotYours
    return referral


def can_answer(actor: Actor, referral: Referral) -> bool:
    """Whether her desk was asked."""
    return referral.to_desk_id in actor.desk_ids


def can_end(actor: Actor, referral: Referral) -> bool:
    """Whether her desk is one of the two."""
    return bool({referral.from_desk_id, referral.to_desk_id} & set(actor.desk_ids))
