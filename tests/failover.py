"""The leader's database is killed under real doors, and the follower is promoted."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from launch import standby
from launch.processes import environment
from launch.voice import Refused
from tests import instance, pairing, running
from tests.hand import STORY, Ledger
from tests.journeys.test_processes import last_page, send

WRITERS = 4


@dataclass(frozen=True)
class Failover:
    """What was seen: reports acknowledged and lost, and seconds."""

    acknowledged: int
    lost: bool
    promotion: float
    gap: float  # from the end of the command to the first report that was acknowledged
    silence: float  # from the last acknowledged report before to the first one after

    def __str__(self) -> str:
        return (
            f"{self.acknowledged} acknowledged, {'some' if self.lost else 'none'} lost; promotion"
            f" {self.promotion:.2f} s, then {self.gap:.2f} s; silence {self.silence:.2f} s"
        )


def run(before: int, after: int, person: float) -> Failover:
    """Reports come in all the while: so many before the kill, so many after it.

    `person` is how many seconds she takes from the kill to the command.
    """
    with pairing.two() as (first, second):
        pairing.lead(first)
        house = running.found(first)
        second.follow()
        with pairing.environment_of(first):
            _until(lambda: _together(first.folder))
        static = Path(os.environ["SIMPUL_VAR"]) / "static"
        shutil.copytree(static, first.folder / "static", dirs_exist_ok=True)
        house.start()
        writing = Writing(house)
        try:
            _until(lambda: len(writing.moments) >= before)
            pairing.kill(first)
            killed = time.monotonic()
            time.sleep(person)
            began = time.monotonic()
            with pairing.environment_of(second):
                standby.promote(second.folder)
            promoted = time.monotonic()
            _until(lambda: sum(at > promoted for at in writing.moments) >= after)
        finally:
            writing.end()
            house.stop()
        moments = sorted(writing.moments)
        again = next(at for at in moments if at > killed)
        last = max(at for at in moments if at <= killed)
        surroundings = environment(first.folder, "public", house.database)
        surroundings |= {"SIMPUL_ASSUME_ROLE": "no", "SIMPUL_TESTS": "yes"}
        surroundings["PYTHONPATH"] += f":{instance.REPO}"
        words = [sys.executable, "-m", "tests.hand", "check", str(first.folder)]
        lost = subprocess.run(words, env=surroundings).returncode != 0
        return Failover(len(moments), lost, promoted - began, again - promoted, again - last)


class Writing:
    """Several people who send a report at the public door, and press again until it is there."""

    def __init__(self, house: running.Running) -> None:
        self.house = house
        self.ledger = Ledger(house.place / "ledger")
        self.moments: list[float] = []
        self.going = True
        self.threads = [
            threading.Thread(target=self._write, args=[last_page(house)]) for _ in range(WRITERS)
        ]
        for thread in self.threads:
            thread.start()

    def _write(self, fields: dict[str, object]) -> None:
        from simpul.vault import receipts

        while self.going:
            token = receipts.new_token()
            filled = fields | {"token": token, "story": STORY}
            while send(self.house, filled)[0] != 200:
                if not self.going:
                    return
                time.sleep(0.05)
            self.moments.append(time.monotonic())
            self.ledger.note(step="filing", was="done", token=token)

    def end(self) -> None:
        """Nobody sends any more."""
        self.going = False
        for thread in self.threads:
            thread.join(40)


def _together(place: Path) -> bool:
    try:
        standby.together(place)
    except Refused:
        return False
    return True


def _until(condition: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)
