"""A door with a tiny application, and a tiny product behind the supervisor.

`python -m tests.launch.tiny door CONTROL FD CHILDREN`, or `… supervisor demo|up PORT`.
"""

import os
import signal
import socket
import sys
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from launch import control, nursery, supervisor
from launch.doors import Door
from launch.server import Limits, Server, serve
from launch.voice import Refused

known = b""


def hold(secret: bytes) -> None:
    """What the vault does with the boot secret."""
    global known
    known = secret


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """`/` tells the secret; `/slow/FILE` answers when the file is there."""
    if environ["PATH_INFO"].startswith("/slow"):
        started = Path(environ["PATH_INFO"].removeprefix("/slow"))
        started.touch()
        while started.exists():
            time.sleep(0.02)
    body = f"{os.getpid()} {known.hex()}".encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def door(address: Path, listener: socket.socket, children: int) -> None:
    """A real door around the tiny application."""

    def open_server(listener: socket.socket) -> Server:
        return serve(application, listener, threads=4, limits=Limits())

    Door(address, listener, children, open_server, hold).run()


def note(*words: str) -> None:
    """Leave a line in the folder of the instance."""
    with (Path(os.environ["SIMPUL_VAR"]) / "notes").open("a") as file:
        print(*words, file=file)


def step(words: list[str]) -> None:
    """What the supervisor starts: leaves a note, and breaks when a file says so."""
    place = Path(os.environ["SIMPUL_VAR"])
    note(*words[:2], os.environ["SIMPUL_DOOR"])
    breaks = place / "breaks"
    if breaks.exists() and breaks.read_text() in words:
        sys.exit(3)
    if "prepare" in words and (place / "behind").exists():
        (place / "upgrading").touch()
        while (place / "behind").exists():
            time.sleep(0.02)
            if (place / "behind").exists() and (place / "behind").read_text():
                sys.exit(3)
    if words[0] == "launch.nursery":
        fds = [word for word in words if word.isdigit()]
        listeners = {
            name: socket.socket(fileno=int(fd))
            for name, fd in zip(("public", "workspace"), fds, strict=True)
        }
        reading = "--reading" in words
        lives = {
            name: partial(noted_door, name, control.address(place, name), listener)
            for name, listener in listeners.items()
        }
        if not reading:
            lives["worker"] = worker
        nursery.run(lives, listeners, place / "log")


def noted_door(name: str, address: Path, listener: socket.socket) -> None:
    """A door that says when it ended."""
    door(address, listener, 1)
    note("end", name)


def worker() -> None:
    """Waits to be told to end, and says so."""
    (Path(os.environ["SIMPUL_VAR"]) / "worker").write_text(str(os.getpid()))
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    signal.sigwait([signal.SIGTERM])
    note("end", "worker")


def tiny(*words: str) -> list[str]:
    """Stands in for `processes.python`."""
    return [sys.executable, "-m", "tests.launch.tiny", "step", *words]


def main(words: list[str]) -> int:
    """Be what the first word says."""
    match words:
        case ["door", address, fd, children]:
            door(Path(address), socket.socket(fileno=int(fd)), int(children))
        case ["step", *rest]:
            step(rest)
        case ["supervisor", kind, port]:
            sys.modules["launch.supervisor"].python = tiny  # type: ignore[attr-defined]
            supervisor.AGAIN = 1
            sys.modules["launch.processes"].SRC = Path(  # type: ignore[attr-defined]
                os.environ["PYTHONPATH"]
            )
            try:
                return supervisor.run(kind, host="127.0.0.1", port=int(port))
            except Refused as reason:
                print(reason, flush=True)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
