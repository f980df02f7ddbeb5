"""Keeping things alive, and ending them in time."""

import math
import signal
import time
from collections.abc import Sequence
from typing import Protocol

from launch.voice import Refused, say


class Startable(Protocol):
    """A process, or the database."""

    def start(self) -> None:
        """Start it."""

    def alive(self) -> bool:
        """Whether it runs."""


class Endable(Startable, Protocol):
    """A process."""

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""


class Watched:
    """Something that is started again when it dies; later, when it dies again and again."""

    def __init__(self, name: tuple[str, str], what: Startable) -> None:
        self.name, self.what = name, what
        self.began = time.monotonic()
        self.pause, self.not_before = 0.0, math.inf

    def look(self) -> bool:
        """Start it again if it is dead and it is time; whether it was started."""
        now = time.monotonic()
        if self.what.alive():
            return False
        if self.not_before == math.inf:
            self.pause = min(max(0.5, 2 * self.pause), 30) if now - self.began < 60 else 0.5
            self.not_before = now + self.pause
            say(f"{self.name[0]} berhenti, dimulai lagi", f"{self.name[1]} ended, starting again")
        elif now >= self.not_before:
            self.began, self.not_before = now, math.inf
            try:
                self.what.start()
                return True
            except Refused as reason:
                print(reason, flush=True)
        return False


def end(processes: Sequence[Endable], patience: float) -> None:
    """Ask all of them to end, wait together, and kill who is left."""
    for process in processes:
        process.send(signal.SIGTERM)
    until = time.monotonic() + patience
    while any(process.alive() for process in processes):
        if time.monotonic() > until:
            for process in processes:
                process.send(signal.SIGKILL)
        time.sleep(0.02)
