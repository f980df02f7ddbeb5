"""Start a command that ends when its parent ends, leaves no core dump, and may be another user.

Run as a program it turns itself into the command, so the process id stays the same:
`python tether.py PARENT SIGNAL UID:GID command …`. Only Linux can tie a process to its parent;
elsewhere the rest still holds.
"""

import ctypes
import os
import resource
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Account:
    """The user and group a process runs as."""

    uid: int
    gid: int


def command(
    words: list[str], end_with: signal.Signals = signal.SIGTERM, account: Account | None = None
) -> list[str]:
    """The words that start `words` tethered to this process, as `account` when one is given."""
    who = f"{account.uid}:{account.gid}" if account else "-"
    start = [sys.executable, "-I", "-S", str(Path(__file__).resolve())]
    return [*start, str(os.getpid()), str(int(end_with)), who, *words]


def harden() -> None:
    """No core dumps, and what this process and its children write is theirs alone."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)


def follow(parent: int, end_with: signal.Signals) -> None:
    """From now on this process gets the signal `end_with` when its parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(end_with), 0, 0, 0)
    if os.getppid() != parent:  # it ended before we could ask
        sys.exit(1)


def main(arguments: list[str]) -> None:
    """Become the command."""
    parent, end_with, who, *words = arguments
    harden()
    if who != "-":
        uid, gid = (int(part) for part in who.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After the change of user, which would undo it.
    follow(int(parent), signal.Signals(int(end_with)))
    os.execvp(words[0], words)


if __name__ == "__main__":
    main(sys.argv[1:])
