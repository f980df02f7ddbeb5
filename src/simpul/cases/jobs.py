"""Files whose upload was never finished."""

from datetime import datetime

from simpul.cases import queries
from simpul.cases.actions import documents
from simpul.reports.actions import Filing


def drop_unfinished(now: datetime) -> int:
    """Drops uploads that were begun more than a day ago; returns how many."""
    return sum(
        documents.drop_unfinished(actor=Filing(), ref=ref) for ref in queries.unfinished(now)
    )
