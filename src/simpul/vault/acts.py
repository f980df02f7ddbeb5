"""Lines of the chain as metadata, for whoever looks for what is unusual; no content, no key."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from simpul.vault.models import AuditLine

# The desk of a record is the one that took it up, opened it or asked for it.
BEGINNINGS = ["reports.taken_up", "cases.opened", "cases.walked_in", "referrals.sent"]


@dataclass(frozen=True, slots=True)
class Act:
    """Who did what when, in the name of which desk, with which record."""

    at: datetime
    event: str
    actor: UUID
    desk: int | None
    record: UUID | None


def linked_after(number: int, limit: int) -> tuple[int, list[Act]]:
    """The place in the chain that was come to, and the acts of persons on the way there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(max(number), %s) FROM (SELECT number FROM vault_auditlink"
            " WHERE number > %s ORDER BY number LIMIT %s) AS further",
            [number, number, limit],
        )
        upto: int = cursor.fetchone()[0]
        cursor.execute(
            "SELECT l.at, l.event, l.actor, l.desk, l.record FROM vault_auditlink k"
            " JOIN vault_auditline l ON l.id = k.line_id"
            " JOIN vault_keypair p ON p.ref = l.actor AND p.kind = 'person'"
            " WHERE k.number > %s AND k.number <= %s",
            [number, upto],
        )
        return upto, [Act(*row) for row in cursor.fetchall()]


def between(actor: UUID, since: datetime, until: datetime) -> list[Act]:
    """All that one person did between two moments, in the order of time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT at, event, actor, desk, record FROM vault_auditline"
            " WHERE actor = %s AND at >= %s AND at <= %s ORDER BY at, id",
            [actor, since, until],
        )
        return [Act(*row) for row in cursor.fetchall()]


def home_desks(records: Iterable[UUID]) -> dict[UUID, int]:
    """The desk with which each record began, where one has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (record) record, desk FROM vault_auditline"
            " WHERE record = ANY (%s) AND desk IS NOT NULL AND event = ANY (%s)"
            " ORDER BY record, id",
            [list(records), BEGINNINGS],
        )
        return dict(cursor.fetchall())


def has_done(event: str, *, actor: UUID, record: UUID) -> bool:
    """Whether this person did that with a record."""
    found = AuditLine.objects.filter(record=record, actor=actor, event=event)
    return bool(found.exists())
