"""The network's part of a sweep: unusual reading, from the chain's lines alone."""

from datetime import datetime

from simpul.accounts.actions import Anyone
from simpul.network import actions


def look_for_unusual_reading(now: datetime) -> int:
    """Goes through the lines that were linked since the last time; returns how many alarms rose."""
    return actions.raise_alarms(actor=Anyone(), now=now)
