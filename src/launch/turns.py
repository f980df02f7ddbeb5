"""Whose request is next: sources take turns, so that one with a thousand waiting delays nobody else.

The queue of the web server's threads. It has the few methods of a deque that waitress's dispatcher
uses, and like that deque it is only touched under the dispatcher's lock.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

from simpul.vault.sources import network_of

Channel = Any  # waitress.channel.HTTPChannel, which has no types
SourceOf = Callable[[Channel], str]


class Turns:
    """Requests that arrived whole and wait for a thread, by source, in the order of arrival."""

    def __init__(self, source_of: SourceOf) -> None:
        self._source_of = source_of
        self._waiting: OrderedDict[str, deque[Channel]] = OrderedDict()
        self._count = 0

    def append(self, channel: Channel) -> None:
        """A request has arrived; a source that waits already keeps its place."""
        self._waiting.setdefault(self._source_of(channel), deque()).append(channel)
        self._count += 1

    def popleft(self) -> Channel:
        """The oldest request of the source whose turn it is; the source goes to the end."""
        source, own = self._waiting.popitem(last=False)
        channel = own.popleft()
        if own:
            self._waiting[source] = own
        self._count -= 1
        return channel

    def __len__(self) -> int:
        return self._count


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
