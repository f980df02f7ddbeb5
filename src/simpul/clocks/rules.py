"""The rules behind the clocks: limits as data, each with its basis and whether it was checked."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from simpul.core import content

CONTENT = Path(__file__).parent / "content" / "rules.toml"


@dataclass(frozen=True)
class Rule:
    """One deadline of `content/rules.toml`."""

    code: str
    row: dict[str, Any]

    def due(self, start: datetime, risk: str = "") -> datetime:
        """When it ends: wall-clock hours, or the same hour after so many working days."""
        for key in (f"limit_{risk}", f"limit_{risk}_working_days", "limit", "limit_working_days"):
            if key in self.row:
                if key.endswith("working_days"):
                    return _after_working_days(start, int(self.row[key]))
                return start + _duration(self.row[key])
        raise KeyError(f"{self.code} has no limit for {risk!r}")

    @property
    def name(self) -> str:
        """The rule in words."""
        return content.say(self.row["name"])

    @property
    def basis(self) -> str:
        """Law, local procedure or our own choice, in words; unverified rows never read as law."""
        kind = self.row["basis"] if self.row["verified"] or self.row["basis"] != "law" else "ours"
        return content.say(content.load(CONTENT)["basis"][kind])

    @property
    def is_verified(self) -> bool:
        """Whether every part of the row was seen in a source."""
        return bool(self.row["verified"])


@cache
def rules() -> dict[str, Rule]:
    """All rules by code."""
    return {row["code"]: Rule(row["code"], row) for row in content.load(CONTENT)["rule"]}


def rule(code: str) -> Rule:
    """The rule of a code such as K02. Raises KeyError."""
    return rules()[code]


def _duration(text: Any) -> timedelta:
    if text == "at once":
        return timedelta(0)
    match = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?", str(text))
    if match is None:
        raise ValueError(f"not a duration: {text}")
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def _after_working_days(start: datetime, days: int) -> datetime:
    moment = start
    while days:
        moment += timedelta(days=1)
        if moment.weekday() < 5:
            days -= 1
    return moment
