"""Reading the guard-rails, once a year."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from simpul.core.access import AgainstTheRules, require
from simpul.network.actor import Actor
from simpul.reports import guardrails
from simpul.reports.models import Acknowledgement
from simpul.vault import audit


class Unread(AgainstTheRules):
    """She has not read the guard-rails within twelve months; no new report is taken up before."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Baca dulu Panduan bicara, lalu tekan “Sudah saya baca”. Setelah itu, ulangi di sini."
            )
        )


@transaction.atomic
def acknowledge(*, actor: Actor, now: datetime) -> None:
    """She has read the guard-rails of this version; pressed twice is once."""
    require(actor.ref is not None)
    if not guardrails.are_acknowledged(actor.user, now):
        Acknowledgement.objects.create(user=actor.user, version=guardrails.version(), made_at=now)
    audit.record("reports.guardrails_read", actor=actor)
