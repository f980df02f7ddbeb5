"""The processes that the supervisor starts: with a small environment, watched, ended in time."""

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from launch import tether, var
from launch.voice import Refused, say

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
    """A command of ours; what it prints goes to `log`, or to the terminal."""

    def __init__(
        self,
        words: Sequence[str],
        surroundings: dict[str, str],
        log: Path | None = None,
        fd: int | None = None,
    ) -> None:
        self.words, self.surroundings, self.log, self.fd = words, surroundings, log, fd
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it: it ends when we end, and Ctrl-C reaches only us, who end it in order."""
        output = self.log.open("ab") if self.log else None
        try:
            self.process = subprocess.Popen(
                tether.command(list(self.words)),
                env=self.surroundings,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=() if self.fd is None else (self.fd,),
                start_new_session=True,
            )
        finally:
            if output:
                output.close()

    def alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None


def end(programs: Sequence[Program], patience: float) -> None:
    """Ask all of them to end, wait together, and kill who is left."""
    processes = [program.process for program in programs if program.process]
    for process in processes:
        process.send_signal(signal.SIGTERM)
    until = time.monotonic() + patience
    for process in processes:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Startable(Protocol):
    """A program, or the database."""

    def start(self) -> None:
        """Start it."""

    def alive(self) -> bool:
        """Whether it runs."""


class Watched:
    """Something that is started again when it dies; later, when it dies again and again."""

    def __init__(self, name: tuple[str, str], what: Startable) -> None:
        self.name, self.what = name, what
        self.began = time.monotonic()
        self.pause, self.not_before = 0.0, math.inf

    def look(self) -> None:
        """Start it again if it is dead and it is time."""
        now = time.monotonic()
        if self.what.alive():
            return
        if self.not_before == math.inf:
            self.pause = min(max(0.5, 2 * self.pause), 30) if now - self.began < 60 else 0.5
            self.not_before = now + self.pause
            say(
                f"{self.name[0]} berhenti; dimulai lagi", f"{self.name[1]} stopped; starting again"
            )
        elif now >= self.not_before:
            self.began, self.not_before = now, math.inf
            try:
                self.what.start()
            except Refused as reason:
                print(reason, flush=True)
