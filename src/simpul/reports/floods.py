"""Whether reports look like a flood: then they land in a tray of their own, and nothing else changes.

Counted per source (`vault.sources`: a MAC under a key of the day) in this process's memory alone; where a
door has several processes, each counts its own. Nobody is turned away.
"""

import threading
from collections import OrderedDict

WITHIN = 3600.0  # seconds


class Flood:
    """Counts what one source sends within an hour. Seconds of a monotonic clock are given by the caller."""

    calm = 39  # a training room of thirty behind one address is no flood
    most = 10_000  # sources remembered at once; the oldest is forgotten first

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: OrderedDict[bytes, tuple[float, int]] = OrderedDict()

    def holds(self, source: bytes, now: float) -> bool:
        """Counts one report of a source; whether it should wait in the tray of suspected floods."""
        with self._lock:
            since, count = self._since.pop(source, (now, 0))
            if now - since >= WITHIN:
                since, count = now, 0
            self._since[source] = (since, count + 1)
            if len(self._since) > self.most:
                self._since.popitem(last=False)
            return count >= self.calm
