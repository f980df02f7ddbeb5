"""Reports that nobody answered in time."""

from datetime import datetime

from django.db import connection

from simpul.clocks import queries as clocks
from simpul.reports import actions, queries
from simpul.reports.actions import Filing, control, escalations
from simpul.reports.actions.control import Due


def wake_overdue(now: datetime) -> int:
    """Wakes the fallback desk of each report whose first reply is overdue (K02); returns how many."""
    waiting = clocks.due("K02", now).filter(missed_at=None)
    subjects = list(waiting.values_list("subject", flat=True)[:500])
    return sum(actions.wake(actor=Filing(), report=subject) for subject in subjects)


def escalate_late() -> int:
    """Tells the desks outside about what is two days late; returns how often."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT worker_late()")
        late = [row[0] for row in cursor.fetchall()]
    return sum(escalations.escalate(actor=Filing(), report=report) for report in late)


def erase_due() -> int:
    """Erases what was asked for in time, and what nobody came back to; returns how many."""
    return sum(control.erase_due(actor=Due(), report=report) for report in queries.erasable())
