"""Writing a report for someone who speaks: she sits at the desk, telephones, or filled in paper."""

from datetime import datetime

from django.db import transaction

from simpul.core.access import require
from simpul.network.actor import Actor
from simpul.network.models import Desk
from simpul.reports import access, actions, guardrails
from simpul.reports.actions import Filed, Filing
from simpul.reports.actions.pledges import Unread
from simpul.reports.models import Report
from simpul.reports.reading import Answers
from simpul.vault import audit, context
from simpul.vault.receipts import Opened


@transaction.atomic
def take_down(
    *,
    actor: Actor,
    receipt: Opened,
    answers: Answers,
    receiver: Desk,
    fallback: Desk | None,
    channel: str,
    now: datetime,
) -> Filed:
    """Files what someone said, to the desk that she chose and to no other.

    No line names the typing desk: where it must not know, nothing of the report is left with it.
    Raises Unread when she has not read the guard-rails this year.
    """
    require(access.can_take_down(actor) and channel in set(Report.Channel) - {Report.Channel.WEB})
    if not guardrails.are_acknowledged(actor.user, now):
        raise Unread
    context.say(person=actor.ref, desks=actor.desk_ids, receipt=receipt.lookup)
    typed = Filing(actor.ref)
    filed = actions.file(
        actor=typed, receipt=receipt, answers=answers, receiver=receiver, fallback=fallback,
        now=now, channel=channel,
    )  # fmt: skip
    context.say(person=actor.ref, desks=actor.desk_ids)
    audit.record("reports.taken_down", actor=typed)
    return filed
