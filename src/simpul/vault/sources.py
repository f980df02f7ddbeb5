"""Where a request comes from, as a value that means nothing tomorrow: to be fair, and to slow down.

An address is never kept, only its HMAC under a key that lives one day in memory.
"""

import threading
from collections import OrderedDict
from datetime import UTC, date, datetime
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from django.conf import settings

from simpul.vault import crypto

_lock = threading.Lock()
_day: date | None = None
_key = b""


def source_of(address: str) -> bytes:
    """The source behind an address: HMAC of its /32, or of its /64 where it is IPv6; 32 bytes."""
    return crypto.mac(_key_of_the_day(), network_of(address).encode())


def mark_of(*said: str) -> bytes:
    """The same for something said, for as long as the pepper lives: two that are equal are known, no more."""
    return crypto.mac(settings.PEPPER, crypto.canonical("simpul", "mark", *said))


def network_of(address: str) -> str:
    """One IPv4 address, or the /64 around an IPv6 address; "" for what is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:  # a socket without addresses: all callers are one source
        return ""
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ip_network((parsed.packed, 64), strict=False))
    return str(parsed)


def _key_of_the_day() -> bytes:
    global _day, _key
    with _lock:
        today = datetime.now(UTC).date()
        if today != _day:
            _day, _key = today, crypto.random()
        return _key


class Patience:
    """Makes a source wait that tries one receipt after another; kept in memory only.

    The first five tries are free; then each makes the next wait longer, up to `longest` seconds.
    Times are seconds of a monotonic clock, given by the caller.
    """

    free = 5
    longest = 30
    forgets_after = 3600
    most = 10_000  # sources remembered at once; the oldest is forgotten first

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tries: OrderedDict[bytes, tuple[int, float]] = OrderedDict()  # count, next try from

    def begin(self, source: bytes, now: float) -> int:
        """Counts a try and returns 0, or returns how many seconds to wait before it would count.

        It is counted before anybody knows whether it is right, so that tries at the same moment
        do not slip through.
        """
        with self._lock:
            count, from_ = self._tries.pop(source, (0, now))
            if now > from_ + self.forgets_after:
                count = 0
            if now < from_:
                self._remember(source, count, from_)
                return ceil(from_ - now)
            count += 1
            wait = min(self.longest, 2 ** (count - self.free + 1)) if count >= self.free else 0
            self._remember(source, count, now + wait)
            return 0

    def right(self, source: bytes) -> None:
        """The try was right: the source waits no longer."""
        with self._lock:
            self._tries.pop(source, None)

    def _remember(self, source: bytes, count: int, from_: float) -> None:
        self._tries[source] = (count, from_)
        if len(self._tries) > self.most:
            self._tries.popitem(last=False)
