"""Which way a report goes, by the kind of person it is about, as `content/routing.toml` says.

Pure: no row is looked up here. What is kept out by a rule or by her own word is an `Exclusion`, and
everything that offers, seals to or shares with a desk asks the same one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simpul.core import content

PATH = Path(__file__).parent / "content" / "routing.toml"


@dataclass(frozen=True, slots=True)
class Route:
    """What the rules say for one kind of person."""

    context: str = "other"
    first: frozenset[str] = frozenset()
    last: frozenset[str] = frozenset()
    last_duties: frozenset[str] = frozenset()
    also: tuple[str, ...] = ()
    excluded: frozenset[str] = frozenset()
    above: bool = False
    doors: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()

    @property
    def is_work(self) -> bool:
        """Whether the wording of employment fits; never for who was served by an office, or aided."""
        return self.context == "work"

    def rank(self, agency_type: str, duty: str) -> int:
        """0 offered first, 1 as any other, 2 last."""
        if agency_type in self.last or duty in self.last_duties:
            return 2
        return 0 if agency_type in self.first else 1


def raw() -> dict[str, Any]:
    """The rules as they stand."""
    return content.load(PATH)


def texts() -> content.Texts:
    """The texts of the rules, said in the request's language."""
    return content.Texts(raw())


def route(kind: str, for_whom: str = "") -> Route:
    """The rules for a kind of person; who did not say gets those of "unknown".

    Whoever looks for a relative, or tells of people who arrived, goes first where those are helped.
    """
    row, besides = _row(kind), raw()["for_whom"].get(for_whom, {})
    doors = dict.fromkeys([*besides.get("doors", []), *row["doors"]])
    return Route(
        context=row["context"],
        first=frozenset([*row.get("first", []), *besides.get("first", [])]),
        last=frozenset(row.get("last", [])),
        last_duties=frozenset(row.get("last_duties", [])),
        also=tuple(row.get("also", [])),
        excluded=frozenset(row.get("excluded", [])),
        above=row.get("above", False),
        doors=tuple(doors),
        warned=tuple(row["warned"]),
    )


def says(kind: str) -> str:
    """The sentence for the page that fits this kind of person; "" when she did not say."""
    return content.say(_row(kind)["says"]) if kind in raw()["kind"] else ""


def warnings(kind: str) -> list[tuple[str, str]]:
    """What is not the way for this kind of person, and why."""
    rows = raw()["warning"]
    return [
        (content.say(rows[code]["name"]), content.say(rows[code]["why"]))
        for code in route(kind).warned
    ]


def person_types() -> list[tuple[str, str]]:
    """The kinds of offices that she may shut out, by code."""
    return [(code, content.say(row["name"])) for code, row in raw()["person_type"].items()]


def _row(kind: str) -> dict[str, Any]:
    kinds: dict[str, dict[str, Any]] = raw()["kind"]
    row = kinds.get(kind, kinds["unknown"])
    return kinds[row["as"]] if "as" in row else row


ORDINARY = Route()


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Who must not know: agencies with every unit below, agencies alone, desks, types of agencies."""

    agencies: frozenset[str] = frozenset()
    alone: frozenset[str] = frozenset()
    desks: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()

    def keeps_out(self, desk: str, agency_type: str, place: Sequence[str]) -> bool:
        """Whether a desk is kept out; `place` names its agencies, from the root to its own."""
        return (
            desk in self.desks
            or agency_type in self.types
            or not self.agencies.isdisjoint(place)
            or place[-1] in self.alone
        )


def exclusion(said: Mapping[str, Any]) -> Exclusion:
    """What the sealed answers about the reported person keep out, by her word and by the rules."""
    chosen: Iterable[str] = said.get("types", [])
    known = raw()["person_type"]
    types = {one for code in chosen if code in known for one in known[code]["types"]}
    agencies = {ref for ref in [said.get("office"), *said.get("excluded", [])] if ref}
    return Exclusion(
        agencies=frozenset(map(str, agencies)),
        alone=frozenset(map(str, said.get("above", []))),
        desks=frozenset(map(str, said.get("desks", []))),
        types=frozenset(types | route(str(said.get("kind", ""))).excluded),
    )


def above(kind: str, line: Collection[str]) -> list[str]:
    """The agencies above an office whose own desks must not know; `line` goes from below the root.

    The network itself, which everybody belongs to, is nobody's superior.
    """
    return list(line)[:-1] if route(kind).above else []
