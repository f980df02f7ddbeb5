"""The web server inside one process of a door: waitress, with our limits.

Slow phones cost nobody else anything: one loop reads every body into memory, and a thread is
taken only for a request that has arrived whole. Nothing a person writes touches a disk.
"""

import logging
import socket
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher
from waitress.utilities import Error

from launch import refusals
from launch.turns import Turns, source_behind

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

MOST_HEADERS = 64
HEADER_BYTES = 16 * 1024
AHEAD = 2 * 1024 * 1024  # bytes of one answer that wait in memory for a slow line; then it waits
LINGER = 10  # seconds in which a refused body is read and thrown away


@dataclass(frozen=True)
class Limits:
    """What one process takes in. Bytes, except for the counts."""

    text: int = 256 * 1024
    file: int = 8 * 1024 * 1024
    files_at_once: int = 8
    connections: int = 1000
    of_one_source: int = 500  # of the connections; where a proxy stands in front, it counts


class Refusal(Error):  # type: ignore[misc]
    """An answer that the server gives by itself."""

    def __init__(self, code: int) -> None:
        super().__init__("")
        self.code = code


class Request(HTTPRequestParser):  # type: ignore[misc]
    """A request as it arrives, judged by its headers before any of its body is read."""

    judged = False
    error: Error | None

    def received(self, data: bytes) -> int:
        """Take in some bytes; say how many belonged to this request."""
        used: int = super().received(data)
        if self.headers_finished and not self.judged:
            self.judged = True
            if code := self._refused():
                self.error = self.error or Refusal(code)
                self.expect_continue = False
                self.completed = True
        return used

    def _refused(self) -> int:
        """The code of the refusal, or 0."""
        if self.error:
            return int(self.error.code)
        if len(self.headers) > MOST_HEADERS:
            return 431
        if self.chunked or "TRANSFER_ENCODING" in self.headers:
            return 411
        if self.content_length <= self.adj.limits.text:
            return 0
        if self.command != "POST" or "/files/" not in self.path:
            return 413
        if self.content_length > self.adj.limits.file + self.adj.limits.text:
            return 413
        if len(self.adj.files) >= self.adj.limits.files_at_once:
            return 503
        self.adj.files.add(self)
        return 0

    def close(self) -> None:
        """Let go of the body."""
        self.adj.files.discard(self)
        super().close()


class OwnWords(ErrorTask):  # type: ignore[misc]
    """Answers a refused request with our own page, which repeats nothing of the request."""

    def execute(self) -> None:
        """Write the page."""
        status, headers, body = refusals.page(self.request.error.code)
        self.status = status
        self.response_headers.extend(headers)
        self.set_close_on_finish()
        self.content_length = len(body)
        self.channel.linger_until = time.monotonic() + LINGER
        self.write(body)


class Connection(HTTPChannel):  # type: ignore[misc]
    """One connection. After a refusal it is closed gently, so that the page arrives.

    Closing with unread bytes resets the connection, and the person would see the browser's own
    error instead of ours; so we say that we are done, and read what still comes for a while.
    """

    parser_class = Request
    error_task_class = OwnWords
    linger_until = 0.0
    lingering = False

    def readable(self) -> bool:
        """Whether more should be read."""
        return self.lingering or bool(super().readable())

    def handle_read(self) -> None:
        """Read; while lingering, forget at once."""
        if not self.lingering:
            super().handle_read()
            return
        try:
            more = self.socket.recv(64 * 1024)
        except OSError:
            more = b""
        if not more or time.monotonic() > self.linger_until:
            self.handle_close()

    def handle_close(self) -> None:
        """Close, or linger first."""
        if self.connected and self.linger_until and not self.lingering:
            self.lingering = True
            self.will_close = False
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:
                super().handle_close()
            return
        if self.request:
            self.request.close()
        super().handle_close()

    @property
    def busy(self) -> bool:
        """Whether somebody still waits for an answer here."""
        return not self.lingering and bool(self.request or self.requests or self.total_outbufs_len)


class Server(TcpWSGIServer):  # type: ignore[misc]
    """Serves on a socket that is already bound, until `stop`."""

    channel_class = Connection
    stopping = False

    def handle_accept(self) -> None:
        """Take in a connection; one source never holds them all, its idlest makes room first."""
        super().handle_accept()
        if self.adj.trusted_proxy:
            return
        newest = next(reversed(self.active_channels.values()), None)
        if newest is None:
            return
        own = [one for one in self.active_channels.values() if one.addr[0] == newest.addr[0]]
        if len(own) > self.adj.limits.of_one_source:
            idle = (one for one in own if not one.busy)
            min(idle, key=lambda one: float(one.last_activity), default=newest).handle_close()

    def stop(self) -> None:
        """Take no new connection; what is on its way is finished. Safe in a signal handler."""
        self.stopping = True
        self.pull_trigger()

    def run(self, grace: float = 5) -> None:
        """Serve; after `stop`, for at most `grace` seconds more."""
        while not self.stopping:
            self._once(1)
        self.accepting = False
        self.socket.close()
        self.del_channel()
        until = time.monotonic() + grace
        while time.monotonic() < until and any(
            connection.busy for connection in list(self.active_channels.values())
        ):
            self._once(0.1)

    def _once(self, seconds: float) -> None:
        wasyncore.loop(timeout=seconds, map=self._map, use_poll=True, count=1)


def serve(
    application: Application,
    listener: socket.socket,
    *,
    threads: int,
    share: int = 0,
    limits: Limits,
    proxy_hops: int = 0,
) -> Server:
    """A server on `listener` that has not begun to run; one source has `share` of its threads, or all.

    With `proxy_hops` the address and scheme come from the proxy in front, so the door must not
    be reachable in any other way.
    """
    keep_logs_empty()
    trust: dict[str, Any] = {}
    if proxy_hops:
        trust = {
            "trusted_proxy": "*",
            "trusted_proxy_count": proxy_hops,
            "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
        }
    adjustments = Adjustments(
        sockets=[listener],
        threads=threads,
        connection_limit=limits.connections,
        asyncore_use_poll=True,
        channel_timeout=120,
        cleanup_interval=10,
        inbuf_overflow=sys.maxsize,  # never a temporary file
        outbuf_overflow=sys.maxsize,
        outbuf_high_watermark=AHEAD,
        max_request_header_size=HEADER_BYTES,
        max_request_body_size=limits.file + limits.text + 1,
        ident=None,
        clear_untrusted_proxy_headers=True,
        log_socket_errors=False,
        expose_tracebacks=False,
        **trust,
    )
    adjustments.limits = limits
    adjustments.files = set()
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.queue = Turns(source_behind(proxy_hops), share or threads)
    dispatcher.set_thread_count(threads)
    return Server(
        application,
        {},
        True,
        listener,
        dispatcher,
        adjustments,
        (listener.family, listener.type, listener.proto, listener.getsockname()),
        bind_socket=False,
    )


def keep_logs_empty() -> None:
    """The server's own log says what kind of thing happened, never to which request."""
    logging.getLogger("waitress").addFilter(_without_content)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)


def _without_content(record: logging.LogRecord) -> bool:
    kind = record.exc_info[0] if record.exc_info else None
    record.msg = f"{kind.__name__ if kind else 'note'} at {record.module}:{record.lineno}"
    record.args = record.exc_info = record.exc_text = None
    return record.levelno >= logging.WARNING
