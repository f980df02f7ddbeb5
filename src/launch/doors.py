"""The parent of a door: it holds the boot secret, forks what serves, and never serves itself.

`python -m launch.doors public --fd 5` serves on a socket that the supervisor has bound. The
secret is made here, in memory, and handed to each child right after the fork: never through
arguments, environment or disk. `burn` on the control socket replaces the secret and all children.
"""

import argparse
import gc
import os
import resource
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from launch import control, tether, var
from launch.server import Limits, Server, serve
from launch.signals import END, Signals

# The public door is one process, so that all derivations stand in one fair queue.
CHILDREN = {"public": 1, "workspace": 2}
THREADS = {"public": 24, "workspace": 6}

GRACE = 5.0  # seconds for requests on their way when the door closes
TOO_SOON = 5.0  # a child that ends before this has a reason that will not go away at once


class Door:
    """A fixed number of children on one socket, all with the same secret.

    `address` is the control socket, `open_server` makes the server of a child, `hold` takes the
    secret into the child's memory.
    """

    def __init__(
        self,
        address: Path,
        listener: socket.socket,
        children: int,
        open_server: Callable[[socket.socket], Server],
        hold: Callable[[bytes], None],
    ) -> None:
        self.address = address
        self.listener = listener
        self.wanted = children
        self.open_server = open_server
        self.hold = hold
        self.secret = bytearray(os.urandom(32))
        self.children: dict[int, float] = {}
        self.pause, self.not_before = 0.0, 0.0

    def run(self) -> None:
        """Keep the children alive until a signal says to end."""
        gc.collect()
        gc.freeze()  # what is loaded by now stays shared between the processes
        with Signals() as signals, control.listen(self.address) as listening:
            ended = False
            while not ended:
                now = time.monotonic()
                while len(self.children) < self.wanted and now >= self.not_before:
                    self._fork(signals, listening)
                short = len(self.children) < self.wanted
                came, ready = signals.wait(self.not_before - now if short else 60, [listening])
                self._bury()
                if ready:
                    self._answer(listening)
                ended = bool(came & END)
        self.address.unlink(missing_ok=True)
        self._end()

    def _fork(self, signals: Signals, listening: socket.socket) -> None:
        parent = os.getpid()
        signal.pthread_sigmask(signal.SIG_BLOCK, END)  # until the child has its own handlers
        pid = os.fork()
        if pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, END)
            self.children[pid] = time.monotonic()
            return
        try:
            signals.close()
            listening.close()
            self._serve(parent)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(0)

    def _serve(self, parent: int) -> None:
        """The life of a child."""
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, END)
        tether.follow(parent, signal.SIGTERM)
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


def main() -> None:
    """Open one door of the product."""
    parser = argparse.ArgumentParser()
    parser.add_argument("door", choices=CHILDREN)
    parser.add_argument("--fd", type=int, required=True, help="the bound socket")
    given = parser.parse_args()
    tether.harden()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4096), most))
    os.environ["SIMPUL_DOOR"] = given.door

    from django.conf import settings

    from config.wsgi import application
    from simpul.vault import boot

    if threading.active_count() > 1:
        raise RuntimeError("A thread began while loading; a fork would break it.")
    limits = Limits(text=settings.TEXT_LIMIT, file=settings.FILE_LIMIT)

    def open_server(listener: socket.socket) -> Server:
        return serve(
            application,
            listener,
            threads=THREADS[given.door],
            limits=limits,
            proxy_hops=settings.PROXY_HOPS,
        )

    address = control.address(var.folder(), given.door)
    listener = socket.socket(fileno=given.fd)
    Door(address, listener, CHILDREN[given.door], open_server, boot.hold).run()


if __name__ == "__main__":
    main()
