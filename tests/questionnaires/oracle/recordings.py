"""The recorded answers, read from their file."""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.questionnaires.oracle.states import NodeState, Operation

FILE = Path(__file__).parent / "recorded.json.gz"


@dataclass(frozen=True)
class Played:
    """One script and what both engines answered; `javarosa` and `xforms` hold only what differs."""

    name: str
    ops: Sequence[Operation]
    both: Mapping[str, NodeState]
    javarosa: Mapping[str, NodeState]
    xforms: Mapping[str, NodeState]
    errors: Mapping[str, str]

    def agreed(self) -> Iterator[tuple[str, str, Any]]:
        """Every (path, attribute, value) on which both engines agree; `exists` says that it is there."""
        for path, state in self.both.items():
            yield path, "exists", True
            for attribute in ATTRIBUTES:
                yield path, attribute, told(state, attribute)
        for path, state in self.javarosa.items():
            other = self.xforms.get(path)
            if other is None:
                continue
            yield path, "exists", True
            for attribute in ATTRIBUTES:
                if told(state, attribute) == told(other, attribute):
                    yield path, attribute, told(state, attribute)

    def disputed(self) -> Iterator[tuple[str, str, Any, Any]]:
        """Every (path, attribute, JavaRosa's, xforms-engine's) on which they differ."""
        for path in [*self.javarosa, *(p for p in self.xforms if p not in self.javarosa)]:
            first, second = self.javarosa.get(path), self.xforms.get(path)
            if first is None or second is None:
                yield path, "exists", first is not None, second is not None
                continue
            for attribute in ATTRIBUTES:
                one, two = told(first, attribute), told(second, attribute)
                if one != two and not (attribute != "r" and None in (one, two)):
                    yield path, attribute, one, two


@dataclass(frozen=True)
class Recorded:
    """One form with everything that was played on it."""

    name: str
    family: str
    sheet: str
    xml: str
    scripts: Sequence[Played]


ATTRIBUTES = ("r", "v", "q", "o", "c", "ch", "l")
DEFAULTS: dict[str, Any] = {
    "r": True,
    "v": "",
    "q": False,
    "o": False,
    "c": True,
    "ch": (),
    "l": "",
}


def told(state: NodeState, attribute: str) -> Any:
    """What the state says, defaults filled in; nothing but relevance is told of an irrelevant node."""
    if attribute == "r":
        return state.get("r", True)
    if state.get("r") is False:
        return None
    value = state.get(attribute, DEFAULTS[attribute])  # type: ignore[literal-required]
    return tuple(value) if attribute == "ch" else value


def forms() -> tuple[Recorded, ...]:
    """Every recorded form."""
    return tuple(
        Recorded(**{**form, "scripts": tuple(Played(**one) for one in form["scripts"])})
        for form in _stored()["forms"]
    )


def engines() -> Mapping[str, str]:
    """The versions that answered."""
    return dict(_stored()["engines"])


@cache
def _stored() -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(gzip.decompress(FILE.read_bytes()))
    return stored
