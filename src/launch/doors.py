"""The parent of a door: it holds the boot secret, forks what serves, and never serves itself.

The secret is made here, in memory, and handed to each child right after the fork: never through
arguments, environment or disk. `burn` on the control socket replaces the secret and all children.
"""

import os
import resource
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from launch import control, forks, metrics, var
from launch.server import Limits, Server, serve
from launch.wakeups import END, Signals

# The public door is one process, so that all derivations stand in one fair queue; the workspace has
# one for every two cores. While a killed one is replaced, callers wait on the parent's socket.
CHILDREN = {"public": 1, "workspace": max(1, (os.cpu_count() or 1) // 2)}
THREADS = {"public": 24, "workspace": 8}
SHARE = {"public": 6, "workspace": 8}  # of one source; colleagues of an office share an address

GRACE = 5.0  # seconds for requests on their way when the door closes
TOO_SOON = 5.0  # a child that ends before this has a reason that will not go away at once


class Door:
    """A fixed number of children on one socket, all with the same secret.

    `address` is where `burn` is heard, `open_server` makes the server of a child, `hold` takes the
    secret into the child's memory, `told` says its figures.
    """

    def __init__(
        self,
        address: Path,
        listener: socket.socket,
        children: int,
        open_server: Callable[[socket.socket], Server],
        hold: Callable[[bytes], None],
        told: Callable[[], str] = str,
    ) -> None:
        self.address = address
        self.listener = listener
        self.wanted = children
        self.open_server = open_server
        self.hold = hold
        self.told = told
        self.secret = bytearray(os.urandom(32))
        self.children: dict[int, float] = {}
        self.pause, self.not_before = 0.0, 0.0

    def run(self) -> None:
        """Keep the children alive until a signal says to end."""
        forks.share()
        with Signals() as signals, control.listen(self.address) as listening:
            ended = False
            while not ended:
                now = time.monotonic()
                while len(self.children) < self.wanted and now >= self.not_before:
                    pid = forks.fork(signals, partial(self._serve, listening))
                    self.children[pid] = now
                short = len(self.children) < self.wanted
                came, ready = signals.wait(self.not_before - now if short else 60, [listening])
                self._bury()
                if ready:
                    self._answer(listening)
                ended = bool(came & END)
        self._end()

    def _serve(self, listening: socket.socket) -> None:
        """The life of a child."""
        listening.close()
        self.hold(bytes(self.secret))
        server = self.open_server(self.listener)
        signal.signal(signal.SIGTERM, lambda *_: server.stop())
        server.run(GRACE)

    def _bury(self) -> None:
        """Take note of children that ended; wait a little when one ended right after it began."""
        for pid in list(self.children):
            if os.waitpid(pid, os.WNOHANG)[0]:
                now = time.monotonic()
                soon = now - self.children.pop(pid) < TOO_SOON
                self.pause = min(max(0.1, 2 * self.pause), TOO_SOON) if soon else 0.0
                self.not_before = now + self.pause

    def _answer(self, listening: socket.socket) -> None:
        """One line in, one line out."""
        caller, _ = listening.accept()
        with caller:
            caller.settimeout(1)
            try:
                line = caller.recv(64).decode().strip()
                if line == "burn":
                    self._burn()
                    caller.sendall(b"ok\n")
                elif line == "metrics":
                    caller.sendall(self.told().encode())
                elif line == "pids":
                    caller.sendall((" ".join(map(str, self.children)) + "\n").encode())
            except (OSError, UnicodeDecodeError):
                pass  # the caller left

    def _burn(self) -> None:
        """Nobody's session opens any more. Children are killed: they know the old secret."""
        for pid in self.children:
            os.kill(pid, signal.SIGKILL)
        for pid in self.children:
            os.waitpid(pid, 0)
        self.children.clear()
        self.secret[:] = os.urandom(32)
        self.pause, self.not_before = 0.0, 0.0

    def _end(self) -> None:
        """Let the children finish what is on its way; take nothing new."""
        self.listener.close()
        for pid in self.children:
            os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + GRACE + 1
        while self.children and time.monotonic() < until:
            time.sleep(0.05)
            self._bury()
        for pid in self.children:
            os.kill(pid, signal.SIGKILL)


def open_door(door: str, listener: socket.socket) -> None:
    """The life of the parent of a door of the product: `public` or `workspace`."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4096), most))

    from django.conf import settings
    from django.db import connection

    from config.wsgi import application
    from simpul.vault import boot, derivations

    counts = metrics.Counts(door, metrics.ROOMS if door == "workspace" else ())

    def gauges() -> dict[str, float]:
        pool: Any = connection.pool  # type: ignore[attr-defined]  # PostgreSQL's
        told = pool.get_stats() if pool else {}
        in_use = told.get("pool_size", 0) - told.get("pool_available", 0)
        return {"derivations_waiting": derivations.queue.waiting, "pool_in_use": in_use}

    def open_server(listener: socket.socket) -> Server:
        counts.begin()
        return serve(
            metrics.counted(application, counts, gauges),
            listener,
            threads=THREADS[door],
            share=SHARE[door],
            limits=Limits(text=settings.TEXT_LIMIT, file=settings.FILE_LIMIT),
            proxy_hops=settings.PROXY_HOPS,
        )

    address = control.address(var.folder(), door)
    Door(address, listener, CHILDREN[door], open_server, boot.hold, counts.text).run()
