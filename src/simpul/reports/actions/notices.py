"""The sign that there is news: sent because the reporter chose it, and saying nothing else."""

import re

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from simpul.core.access import AgainstTheRules, require
from simpul.handoffs import adapters
from simpul.network.actor import Actor
from simpul.reports import access, queries, sealed
from simpul.reports.models import Report
from simpul.vault import audit
from simpul.vault.models import Compartment

NUMBER = re.compile(r"\+[1-9]\d{7,14}")  # E.164


class NotWished(AgainstTheRules):
    """She did not choose a sign, or has closed how to reach her."""

    def __init__(self) -> None:
        super().__init__(_("Pelapor tidak meminta tanda. Kabar menunggu di halamannya."))


class NotSent(AgainstTheRules):
    """No provider of this channel is set, or it takes nothing now."""

    def __init__(self) -> None:
        super().__init__(_("Tanda belum terkirim. Coba lagi nanti, atau tulis sendiri."))


class NoNumber(AgainstTheRules):
    """What she wrote is not a number that a provider can reach."""

    def __init__(self) -> None:
        super().__init__(_("Nomornya perlu diawali + dan kode negara. Tulis tandanya sendiri."))


@transaction.atomic
def send(*, actor: Actor, report: Report) -> None:
    """Sends "Ada kabar baru." to the number that she wrote; it is kept nowhere outside her own part.

    Raises NotWished, NoNumber, NotSent.
    """
    require(access.can_answer(actor, report))
    said = sealed.said_in(actor, report, Compartment.CONTACT)
    channel = queries.SIGNS.get(said.get("channel", ""))
    if channel is None:
        raise NotWished
    number = re.sub(r"[\s().-]", "", said.get("detail", ""))
    if not NUMBER.fullmatch(number):
        raise NoNumber
    if not adapters.notice(channel, number):
        raise NotSent
    desk = actor.desk_among(report.desks)
    audit.record(
        "reports.notified", actor=actor, record=report.ref, parts=[Compartment.CONTACT],
        desk=desk.pk if desk else None,
    )  # fmt: skip
