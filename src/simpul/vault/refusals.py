"""Refusals at the public door: counted, one line an hour, so that nobody's try leaves a trace."""

import threading
from datetime import datetime


class Hourly:
    """Counts; when the hour turns, it gives up the last hour's number to be written down."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hour: datetime | None = None
        self._count = 0

    def note(self, now: datetime) -> int:
        """Counts one refusal; returns how many there were in the hour that has ended, else 0."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        with self._lock:
            ended = self._count if self._hour not in {None, hour} else 0
            if self._hour != hour:
                self._hour, self._count = hour, 0
            self._count += 1
            return ended
