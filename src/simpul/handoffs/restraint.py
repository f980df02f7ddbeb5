"""What keeps two machines from answering each other for ever, and a message from being answered twice."""

import threading
from collections import OrderedDict

from simpul.vault.sources import Patience


class Restraint(Patience):
    """Three answers to one number, then ever longer waits, up to an hour."""

    free = 4
    longest = 3600
    forgets_after = 6 * 3600


class Seen:
    """The marks of the last messages that this process has answered."""

    most = 10_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._marks: OrderedDict[bytes, None] = OrderedDict()

    def __contains__(self, mark: bytes) -> bool:
        with self._lock:
            return mark in self._marks

    def note(self, mark: bytes) -> None:
        """Remembers one; the oldest is forgotten first."""
        with self._lock:
            self._marks[mark] = None
            if len(self._marks) > self.most:
                self._marks.popitem(last=False)
