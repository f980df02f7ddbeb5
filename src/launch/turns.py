"""Whose request is next: sources take turns, so that one with a thousand waiting delays nobody else.

The queue of the web server's threads. It has the few methods of a deque that waitress's dispatcher
uses, and like that deque it is only touched under the dispatcher's lock.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simpul.vault.sources import network_of

Channel = Any  # waitress.channel.HTTPChannel, which has no types
SourceOf = Callable[[Channel], str]


class Turns:
    """Requests that arrived whole and wait for a thread, by source, in the order of arrival.

    No source has more than `at_once` of them under way, so that a flood leaves threads, database
    and processor to whoever comes next. Its length is how many could begin now.
    """

    def __init__(self, source_of: SourceOf, at_once: int) -> None:
        self._source_of = source_of
        self._at_once = at_once
        self._under_way: Counter[str] = Counter()
        self._ready: OrderedDict[str, deque[Channel]] = OrderedDict()
        self._full: dict[str, deque[Channel]] = {}  # sources that have their share already

    def append(self, channel: Channel) -> None:
        """A request has arrived; a source that waits already keeps its place."""
        source = self._source_of(channel)
        where = self._full if self._under_way[source] >= self._at_once else self._ready
        where.setdefault(source, deque()).append(channel)

    def popleft(self) -> "Turn":
        """The oldest request of the source whose turn it is; the source goes to the end."""
        source, own = self._ready.popitem(last=False)
        turn = Turn(self, source, own.popleft())
        self._under_way[source] += 1
        if own:
            full = self._under_way[source] >= self._at_once
            (self._full if full else self._ready)[source] = own
        return turn

    def ended(self, source: str) -> None:
        """One of the source's requests is answered."""
        self._under_way[source] -= 1
        if not self._under_way[source]:
            del self._under_way[source]
        if own := self._full.pop(source, None):
            self._ready[source] = own

    def __len__(self) -> int:
        return sum(
            min(len(own), self._at_once - self._under_way[source])
            for source, own in self._ready.items()
        )


@dataclass
class Turn:
    """One request under way; the thread that ends it is the one that takes what it made room for."""

    turns: Turns
    source: str
    channel: Channel

    def service(self) -> None:
        """Answers it."""
        try:
            self.channel.service()
        finally:
            with self.channel.server.task_dispatcher.lock:
                self.turns.ended(self.source)

    def cancel(self) -> None:
        """Hangs up, because the door closes."""
        self.channel.cancel()


def source_behind(proxy_hops: int) -> SourceOf:
    """What tells the source of a channel: its address, or what the proxies in front say of it.

    The address is that of `simpul.vault.sources`: one IPv4 address, or one IPv6 network of a house.
    """

    def source(channel: Channel) -> str:
        address = channel.addr[0] if isinstance(channel.addr, tuple) else ""
        if proxy_hops and channel.requests:
            said = channel.requests[0].headers.get("X_FORWARDED_FOR", "").split(",")
            address = said[-min(proxy_hops, len(said))].strip().strip('"[]')
        return network_of(address)

    return source
