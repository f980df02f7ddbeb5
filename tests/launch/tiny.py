"""A door with a tiny application, and a tiny product behind the supervisor.

`python -m tests.launch.tiny door CONTROL FD CHILDREN`, or `… supervisor demo|up PORT`.
"""

import os
import signal
import socket
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from launch import control, supervisor
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


def door(address: Path, fd: int, children: int) -> None:
    """A real door around the tiny application."""

    def open_server(listener: socket.socket) -> Server:
        return serve(application, listener, threads=4, limits=Limits())

    Door(address, socket.socket(fileno=fd), children, open_server, hold).run()


def step(words: list[str]) -> None:
    """What the supervisor starts: notes that it began, and when it was told to end."""
    place = Path(os.environ["SIMPUL_VAR"])
    notes = place / "notes"
    with notes.open("a") as file:
        print(*words[:2], os.environ["SIMPUL_DOOR"], file=file)
    breaks = place / "breaks"
    if breaks.exists() and breaks.read_text() in words:
        sys.exit(3)
    if words[0] == "launch.doors":
        door(control.address(place, words[1]), int(words[3]), 1)
    elif words[1:] == ["sweep", "--forever"]:
        (place / "worker").write_text(str(os.getpid()))
        signal.sigwait([signal.SIGTERM])
    if words[0] == "launch.doors" or "sweep" in words:
        with notes.open("a") as file:
            print("end", *words[:2], file=file)


def tiny(*words: str) -> list[str]:
    """Stands in for `processes.python`."""
    return [sys.executable, "-m", "tests.launch.tiny", "step", *words]


def main(words: list[str]) -> int:
    """Be what the first word says."""
    match words:
        case ["door", address, fd, children]:
            door(Path(address), int(fd), int(children))
        case ["step", *rest]:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM] * ("sweep" in rest))
            step(rest)
        case ["supervisor", kind, port]:
            sys.modules["launch.supervisor"].python = tiny  # type: ignore[attr-defined]
            sys.modules["launch.processes"].SRC = Path(  # type: ignore[attr-defined]
                os.environ["PYTHONPATH"]
            )
            try:
                return supervisor.run(demo=kind == "demo", host="127.0.0.1", port=int(port))
            except Refused as reason:
                print(reason, flush=True)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
