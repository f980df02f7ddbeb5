"""The socket on which a door's parent hears `burn`, `pids` and `metrics`: a file that only we may open."""

import os
import socket
from pathlib import Path


def address(place: Path, door: str) -> Path:
    """Where a door of the instance in `place` listens."""
    return (place / "run").resolve() / f"{door}.control"


def listen(path: Path) -> socket.socket:
    """Listen there, with mode 0600 from the first moment."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listening.bind(str(path))
    finally:
        os.umask(before)
    listening.listen()
    return listening


def ask(path: Path, line: str, patience: float = 30) -> str:
    """Send a line; give back the line that answers."""
    return ask_all(path, line, patience).partition("\n")[0].strip()


def ask_all(path: Path, line: str, patience: float = 30) -> str:
    """Send a line; give back the whole answer."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(patience)
        caller.connect(str(path))
        caller.sendall(line.encode() + b"\n")
        with caller.makefile() as answer:
            return answer.read()


def answers(place: Path, door: str) -> bool:
    """Whether the door is open."""
    try:
        return bool(ask(address(place, door), "pids"))
    except OSError:
        return False
