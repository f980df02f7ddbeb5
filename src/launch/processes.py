"""The programs that the supervisor starts, and the little that they may know."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from launch import tether, var

SRC = Path(__file__).resolve().parents[1]
INHERITED = {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ"}


def environment(place: Path, door: str, database: dict[str, str]) -> dict[str, str]:
    """What a process of the instance in `place` may know: no DATABASE_URL, no home, no tokens."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in INHERITED or name.startswith("SIMPUL_")
    }
    return {
        **kept,
        "SIMPUL_VAR": str(place),
        "SIMPUL_DOOR": door,
        "SIMPUL_DEMO": "yes" if var.kind_of(place) == "demo" else "no",
        **database,
        "PYTHONPATH": str(SRC),
        "PYTHONSAFEPATH": "1",  # never a module of the folder we happen to stand in
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "MALLOC_ARENA_MAX": "2",  # threads of one process share their heaps: less idle memory
    }


def python(*words: str) -> list[str]:
    """The command that runs a module of ours."""
    return [sys.executable, "-m", *words]


class Program:
    """A command of ours, which speaks to the terminal and may be given open sockets."""

    def __init__(
        self, words: Sequence[str], surroundings: dict[str, str], fds: Sequence[int] = ()
    ) -> None:
        self.words, self.surroundings, self.fds = words, surroundings, fds
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it: it ends when we end, and Ctrl-C reaches only us, who end it in order."""
        self.process = subprocess.Popen(
            tether.command(list(self.words)),
            env=self.surroundings,
            stdin=subprocess.DEVNULL,
            pass_fds=self.fds,
            start_new_session=True,
        )

    def alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def done(self) -> bool:
        """Whether it ended well."""
        return self.process is not None and self.process.returncode == 0

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self.process:
            self.process.send_signal(number)
