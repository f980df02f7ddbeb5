"""Reports that nobody answered in time."""

from datetime import datetime

from simpul.clocks import queries
from simpul.reports import actions
from simpul.reports.actions import Filing


def wake_overdue(now: datetime) -> int:
    """Wakes the fallback desk of each report whose first reply is overdue (K02); returns how many."""
    waiting = queries.due("K02", now).filter(missed_at=None)
    subjects = list(waiting.values_list("subject", flat=True)[:500])
    return sum(actions.wake(actor=Filing(), report=subject) for subject in subjects)
