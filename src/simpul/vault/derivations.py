"""One fair queue for Argon2id: as many at once as cores, round robin between sources, filing first."""

import os
import threading
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from simpul.vault import crypto

_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class FairQueue:
    """Lets `places` callers in at once; the others wait in turn by source.

    Within a source, what files a report goes before what guesses a receipt. Sources take turns, so
    a source with a thousand waiting delays another's first by one derivation, not by a thousand.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._lock = threading.Lock()
        self._waiting: OrderedDict[
            bytes, tuple[deque[threading.Event], deque[threading.Event]]
        ] = OrderedDict()

    @contextmanager
    def turn(self, source: bytes = b"", *, filing: bool = True) -> Iterator[None]:
        """Waits for the turn of this source and holds a place meanwhile."""
        ready: threading.Event | None = None
        with self._lock:
            if self._free:
                self._free -= 1
            else:
                ready = threading.Event()
                first, later = self._waiting.setdefault(source, (deque(), deque()))
                (first if filing else later).append(ready)
        if ready:
            ready.wait()
        try:
            yield
        finally:
            self._leave()

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        with self._lock:
            return sum(len(first) + len(later) for first, later in self._waiting.values())

    def _leave(self) -> None:
        with self._lock:
            if not self._waiting:
                self._free += 1
                return
            source, (first, later) = self._waiting.popitem(last=False)
            (first or later).popleft().set()  # the place goes straight to the next one
            if first or later:
                self._waiting[source] = (first, later)


queue = FairQueue(_CORES)


def derive(secret: bytes, salt: bytes, *, source: bytes = b"", filing: bool = True) -> bytes:
    """Argon2id with the instance's costs, in turn; 32 bytes. Never inside a transaction."""
    with queue.turn(source, filing=filing):
        return crypto.argon2id(
            secret, salt, memory=settings.ARGON_MEMORY, passes=settings.ARGON_PASSES
        )
