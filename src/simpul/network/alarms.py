"""Unusual reading: rules as data, and what they find in the metadata of what one person did."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from simpul.core import content
from simpul.vault.acts import Act, Covering

CONTENT = Path(__file__).parent / "content" / "alarms.toml"


@dataclass(frozen=True, slots=True)
class Where:
    """Where a desk is: its time zone and its province."""

    zone: str
    province: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rules need to know beside the acts: where desks are, whose a record is, who may read it."""

    desks: Mapping[int, Where]
    homes: Mapping[UUID, int]
    coverings: Mapping[UUID, list[Covering]]

    def zone_of(self, act: Act) -> ZoneInfo:
        """The time zone of the desk in whose name it was done."""
        where = self.desks.get(act.desk or 0)
        return ZoneInfo(where.zone if where else settings.TIME_ZONE)

    def is_outside(self, act: Act) -> bool:
        """Whether the record began at a desk of another province."""
        home = self.homes.get(act.record) if act.record else None
        here, there = self.desks.get(act.desk or 0), self.desks.get(home or 0)
        return here is not None and there is not None and here.province != there.province

    def is_covered(self, act: Act, bases: Iterable[str]) -> bool:
        """Whether the record was open to this desk on such a basis at that moment."""
        known = self.coverings.get(act.record, []) if act.record else []
        return any(
            one.desk == act.desk
            and one.basis in bases
            and one.since <= act.at
            and (one.until is None or act.at < one.until)
            for one in known
        )


@dataclass(frozen=True, slots=True)
class Found:
    """That a rule's limit was reached: in which hour, in the name of which desk, and the count."""

    rule: str
    person: UUID
    hour: datetime
    desk: int | None
    count: int


@dataclass(frozen=True)
class Rule:
    """One rule of `content/alarms.toml`."""

    code: str
    row: dict[str, Any]

    @property
    def name(self) -> str:
        """The rule in words."""
        return content.say(self.row["name"])

    @property
    def why(self) -> str:
        """Why somebody should ask."""
        return content.say(self.row["why"])

    @property
    def limit(self) -> int:
        """So many within the window raise an alarm."""
        return int(self.row["limit"])

    @property
    def window(self) -> timedelta:
        """How long acts are counted together."""
        return timedelta(minutes=int(self.row["window"]))

    def counts(self, act: Act, around: Surroundings) -> bool:
        """Whether the act is one of those that this rule counts."""
        if not act.event.endswith(tuple(self.row["events"])):
            return False
        if (local := self.row.get("local")) is not None:
            hour = act.at.astimezone(around.zone_of(act)).hour
            start, stop = int(local["from"]), int(local["to"])
            if not (start <= hour < stop if start < stop else hour >= start or hour < stop):
                return False
        if self.row.get("outside") and not around.is_outside(act):
            return False
        return not around.is_covered(act, self.row.get("covered", []))

    def find(self, acts: Iterable[Act], around: Surroundings, since: datetime) -> Iterator[Found]:
        """The limits reached in one person's acts, by hour; windows that end before `since` are old.

        The window slides over the acts in the order of time.
        """
        inside: deque[Act] = deque()
        seen: Counter[UUID | None] = Counter()
        most: dict[datetime, Found] = {}
        for act in acts:
            if not self.counts(act, around):
                continue
            inside.append(act)
            seen[act.record] += 1
            while inside[0].at <= act.at - self.window:
                old = inside.popleft().record
                seen[old] -= 1
                if not seen[old]:
                    del seen[old]
            count = len(seen) if self.row["counts"] == "records" else len(inside)
            hour = act.at.replace(minute=0, second=0, microsecond=0)
            before = most[hour].count if hour in most else self.limit - 1
            if act.at >= since and count > before:
                most[hour] = Found(self.code, act.actor, hour, act.desk, count)
        yield from most.values()


@cache
def rules() -> dict[str, Rule]:
    """All rules by code."""
    return {row["code"]: Rule(row["code"], row) for row in content.load(CONTENT)["rule"]}


def longest() -> timedelta:
    """The longest window of any rule."""
    return max(rule.window for rule in rules().values())


def title(code: str) -> str:
    """A rule in words; a code that the file knows no more is said as it is."""
    known = rules().get(code)
    return known.name if known else code


def source() -> str:
    """Where the limits come from, in words."""
    return content.say(content.load(CONTENT)["source"])
