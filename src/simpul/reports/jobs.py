"""Reports that nobody answered in time."""

from datetime import datetime

from simpul.clocks import queries as clocks
from simpul.reports import actions, queries
from simpul.reports.actions import Filing, control
from simpul.reports.actions.control import Due


def wake_overdue(now: datetime) -> int:
    """Wakes the fallback desk of each report whose first reply is overdue (K02); returns how many."""
    waiting = clocks.due("K02", now).filter(missed_at=None)
    subjects = list(waiting.values_list("subject", flat=True)[:500])
    return sum(actions.wake(actor=Filing(), report=subject) for subject in subjects)


def erase_due() -> int:
    """Erases what was asked for in time, and what nobody came back to; returns how many."""
    return sum(control.erase_due(actor=Due(), report=report) for report in queries.erasable())
