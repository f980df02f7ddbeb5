"""Proves the audit chain whole, its anchors met and every ciphertext the one that was written last."""

import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from simpul.core import content
from simpul.vault import anchors, audit, rows
from simpul.vault.audit import Point, Verdict

ADVICE = Path(__file__).parents[2] / "content" / "ways_out.toml"
WAYS_OUT = {"shorter": "older", "cut_off": "older", "kept": "kept"}  # anything else: tampered


class Command(BaseCommand):
    """Exit code 0 when everything is sound, 1 otherwise."""

    help = __doc__

    def add_arguments(self, parser: Any) -> None:
        """Anchors from elsewhere."""
        parser.add_argument(
            "--anchor",
            action="append",
            default=[],
            metavar="FILE|NUMBER:CHECK",
            help="a file of anchors, or a line and its check number from a book",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Verifies and names the first broken line and every row that does not match."""
        points, foreign = self._points(options["anchor"])
        self.began = self.said = time.monotonic()
        verdict = audit.verify(points, self._progress)
        self._say_chain(verdict, len(points))
        wrong = []
        for name in rows.rolled_back():
            wrong.append(name)
            self.stdout.write(f"not what was written last: {name}")
        if wrong:
            self._say_way("rolled_back")
        if verdict.kind == "shorter" and wrong:
            self.stdout.write("some of these rows are newer than the chain: its end was cut off")
        for line in foreign:
            self.stdout.write(f"not an anchor of this instance: {line}")
        if foreign:
            self._say_way("foreign")
        if not verdict.sound:
            self.stdout.write(f"broken: {verdict.broken}")
            self._say_way(WAYS_OUT.get(verdict.kind, "tampered"))
        if wrong or foreign or not verdict.sound:
            sys.exit(1)
        self.stdout.write("sound")

    def _points(self, given: list[str]) -> tuple[list[Point], list[str]]:
        """What the chain is held against: the pin, the second place, and what was given."""
        points, foreign = anchors.own_points(), []
        files = []
        if (own := anchors.place()) is not None:
            if own.exists():
                files.append(own)
            else:
                self.stdout.write("no anchors in SIMPUL_ANCHORS yet, or the place is away")
        for text in given:
            point = anchors.written_down(text)
            if point is None:
                files.append(Path(text))
            else:
                points.append(point)
        for path in files:
            try:
                kept = anchors.read(path)
            except (OSError, UnicodeDecodeError) as error:
                foreign.append(f"{path.name}: {type(error).__name__}")
                continue
            points += anchors.points_of(kept, path.name)
            foreign += kept.foreign
        return points, foreign

    def _progress(self, done: int, everything: int) -> None:
        """A line each second at most, so that a long proof is seen to go on."""
        now = time.monotonic()
        if now - self.said < 1:
            return
        self.said = now
        rate = done / (now - self.began)
        self.stdout.write(f"… {done:,} of {everything:,} lines, {rate:,.0f} a second")
        self.stdout.flush()

    def _say_chain(self, verdict: Verdict, points: int) -> None:
        seconds = time.monotonic() - self.began
        self.stdout.write(
            f"linked lines: {verdict.linked}, waiting to be linked: {verdict.unlinked}"
        )
        if verdict.waiting_since is not None:
            waited = round((timezone.now() - verdict.waiting_since).total_seconds())
            self.stdout.write(
                f"the oldest waits for {waited} s; above some seconds, see the worker"
            )
        self.stdout.write(f"held against {points} outside points, in {seconds:.1f} s")

    def _say_way(self, what: str) -> None:
        """The way out, in both languages."""
        for text in content.load(ADVICE)[what].values():
            self.stdout.write(f"  → {text}")
