"""Figures for whoever watches over an instance, in the text form of Prometheus; nothing of content.

Which figures there are is a question of protection: how many reports came in today, or that one page
of a report was asked for at three in the night, would tell about a person. So the public door counts
its pages together, and where a count of few could be somebody there is only a yes or no.
"""

import fcntl
import mmap
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from launch import control

SLOTS = 32  # more than a door has children
BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
GAUGES = ("derivations_waiting", "pool_in_use")
CLASSES = ("2xx", "3xx", "4xx", "5xx")
ROOMS = ("accounts", "cases", "directory", "network", "referrals", "reports")
APART = ("static", "healthz")

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Counts:
    """Figures of one door in memory that its parent shares with its children.

    Each child writes in a slot of its own, which the kernel frees when it dies, however it dies;
    the next child counts on from there. So nothing is locked between processes.
    """

    def __init__(self, door: str, groups: tuple[str, ...] = ()) -> None:
        self.door = door
        self.groups = (*APART, *groups, "pages")
        self.names = [
            *(f'requests_total{{group="{group}",status="{one}"}}'
              for group in self.groups for one in CLASSES),
            *(f'seconds_bucket{{le="{most}"}}' for most in (*BUCKETS, "+Inf")),
            "seconds_sum", "seconds_count",
            *GAUGES,
        ]  # fmt: skip
        self.size = 8 * len(self.names)
        self.file = os.memfd_create("simpul-metrics")
        os.ftruncate(self.file, SLOTS * self.size)
        self.memory = mmap.mmap(self.file, SLOTS * self.size)
        self.lock = threading.Lock()
        self.at: dict[str, int] = {}

    def begin(self) -> None:
        """In a child: take a slot nobody holds."""
        for slot in range(SLOTS):
            try:
                fcntl.lockf(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, slot)
            except OSError:
                continue
            start = slot * self.size
            self.at = {name: start + 8 * n for n, name in enumerate(self.names)}
            return

    def add(self, path: str, status: str, seconds: float, gauges: dict[str, float]) -> None:
        """Count one answered request."""
        if not self.at:
            return
        first = path.removeprefix("/en").strip("/").partition("/")[0]
        group = first if first in self.groups else "pages"
        name = f'requests_total{{group="{group}",status="{status[:1]}xx"}}'
        with self.lock:
            self._add(name, 1)
            for most in BUCKETS:
                if seconds <= most:
                    self._add(f'seconds_bucket{{le="{most}"}}', 1)
            self._add('seconds_bucket{le="+Inf"}', 1)
            self._add("seconds_sum", seconds)
            self._add("seconds_count", 1)
            for name, value in gauges.items():
                struct.pack_into("d", self.memory, self.at[name], value)

    def _add(self, name: str, more: float) -> None:
        if (at := self.at.get(name)) is not None:
            (before,) = struct.unpack_from("d", self.memory, at)
            struct.pack_into("d", self.memory, at, before + more)

    def text(self) -> str:
        """All slots together, one line for each figure."""
        lines = []
        for place, name in enumerate(self.names):
            values = [
                struct.unpack_from("d", self.memory, slot * self.size + 8 * place)[0]
                for slot in range(SLOTS)
            ]
            lines.append(line(self.door, name, sum(values)))
        return "".join(lines)


def counted(
    application: Application, counts: Counts, gauges: Callable[[], dict[str, float]]
) -> Application:
    """The application, with every answer counted when it begins."""

    def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        began = time.monotonic()

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            took = time.monotonic() - began
            counts.add(environ.get("PATH_INFO", ""), status, took, gauges())
            return start_response(status, headers, *more)

        return application(environ, start)

    return call


def line(of: str, name: str, value: float) -> str:
    """One figure: `simpul_requests_total{of="public",group="pages",status="2xx"} 7`."""
    name, _, labels = name.partition("{")
    return f'simpul_{name}{{of="{of}"{"," + labels if labels else "}"} {value:g}\n'


def page(place: Path) -> str:
    """What doors and worker say; who does not answer is left out, and `up` says so."""
    text = ""
    for door in ("public", "workspace"):
        try:
            said = control.ask_all(control.address(place, door), "metrics", 2)
        except OSError:
            said = ""
        text += line(door, "up", bool(said)) + said
    try:
        return text + (place / "run" / "worker.prom").read_text()
    except FileNotFoundError:
        return text


def answer(listening: socket.socket, place: Path) -> None:
    """Answer one who asks for /metrics; she has a second to say so."""
    caller, _ = listening.accept()
    with caller:
        caller.settimeout(1)
        try:
            asked = caller.recv(1024).split(b" ", 2)
            known = asked[:2] == [b"GET", b"/metrics"]
            body = page(place).encode() if known else b""
            status = b"200 OK" if known else b"404 Not Found"
            caller.sendall(
                b"HTTP/1.1 " + status + b"\r\nContent-Type: text/plain; version=0.0.4\r\n"
                b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )
        except OSError:
            pass  # the caller left
