"""What is two days late is told to a desk outside the unit: a reference, what, since when."""

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from simpul.core.access import require
from simpul.network.actor import Actor
from simpul.reports.actions import Filing
from simpul.reports.models import Escalation
from simpul.vault import audit


@transaction.atomic
def escalate(*, actor: Filing, report: UUID) -> bool:
    """Tells the desk that was chosen while the report was open; the database checks that it is late."""
    require(actor.ref is None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT worker_escalate(%s)", [report])
        told = bool(cursor.fetchone()[0])
    if told:
        audit.record("reports.escalated", actor=actor, record=report)
    return told


@transaction.atomic
def remind(*, actor: Actor, escalation: Escalation, now: datetime) -> None:
    """The outside desk has called the late one; the survivor sees that it did."""
    require(escalation.desk_id in actor.desk_ids)
    Escalation.objects.filter(pk=escalation.pk, reminded_at=None).update(reminded_at=now)
    audit.record("reports.reminded", actor=actor, row=escalation.ref, desk=escalation.desk_id)
