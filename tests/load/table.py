"""What was measured, and the one table that says it."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

WIDTHS = (38, 24, 14, 3, 60)
HEADINGS = ("what", "figure", "goal", "", "how measured")


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: what was measured, what came out, what was promised, whether it holds, and how."""

    what: str
    figure: str
    goal: str
    holds: bool
    how: str

    @property
    def verdict(self) -> str:
        """`ok`, `no`, or nothing where nothing was promised."""
        return ("ok" if self.holds else "no") if self.goal else ""


def note(what: str, figure: str, how: str) -> Figure:
    """A line without a promise, for whoever reads the others."""
    return Figure(what, figure, "", True, how)


def broken(name: str, reason: Exception) -> Figure:
    """The line of a measurement that could not be made."""
    return Figure(name, "not measured", "a figure", False, f"{type(reason).__name__}: {reason}")


def show(figures: Sequence[Figure], footer: str) -> None:
    """Prints the table."""
    _row(HEADINGS)
    print("-" * (sum(WIDTHS) + 2 * len(WIDTHS)))
    for one in figures:
        _row((one.what, one.figure, one.goal, one.verdict, one.how))
    print("-" * (sum(WIDTHS) + 2 * len(WIDTHS)))
    print(footer)


def _row(cells: Sequence[str]) -> None:
    columns = [wrap(cell, width) or [""] for cell, width in zip(cells, WIDTHS, strict=True)]
    for n in range(max(len(lines) for lines in columns)):
        words = [lines[n] if n < len(lines) else "" for lines in columns]
        line = "  ".join(word.ljust(width) for word, width in zip(words, WIDTHS, strict=True))
        print(line.rstrip())


def footer(before: tuple[float, float, float], seconds: float) -> str:
    """The machine, and how busy it was with other things."""
    loads = [" ".join(f"{load:.1f}" for load in each) for each in (before, os.getloadavg())]
    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"{os.cpu_count()} cores, Python {python}; load average (1, 5, 15 minutes) before"
        f" {loads[0]}, after {loads[1]}; {seconds:.0f} s in all. 1 kB is 1,000 bytes."
    )
