"""The state of a node as every engine tells it, and when two states are the same."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol, TypedDict
from xml.etree import ElementTree

Operation = Sequence[
    str
]  # ["set", path, value] | ["add", series] | ["remove", row] | ["language", name]

XFORMS = "{http://www.w3.org/2002/xforms}"
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
DIGITS = 15  # what a double holds for certain


class NodeState(TypedDict, total=False):
    """One node; a key that is missing has its default."""

    v: str  # the value as a submission would hold it: ""
    r: bool  # relevant: True; of an irrelevant node nothing else is told
    q: bool  # required now: False
    o: bool  # read-only now: False
    c: bool  # the constraint holds: True
    ch: list[str]  # the choices offered now; only selects have it
    l: str  # the label as shown now  # noqa: E741


class Player(Protocol):
    """An engine under test: the state of every node after the last operation."""

    def play(self, xml: str, ops: Sequence[Operation]) -> Mapping[str, NodeState]:
        """Plays the operations one after the other on a new, empty form."""


class Refused(Exception):
    """The form is outside the profile; `rule` is the linter's."""

    def __init__(self, rule: str, sentence: str = "") -> None:
        super().__init__(rule, sentence)
        self.rule = rule


def numeric(xml: str) -> frozenset[str]:
    """The paths (without positions) whose values are compared as numbers where they are numbers."""
    model = ElementTree.fromstring(xml.encode()).find(f".//{XFORMS}model")
    assert model is not None
    return frozenset(
        bind.attrib["nodeset"]
        for bind in model.iter(f"{XFORMS}bind")
        if bind.get("type") in ("int", "decimal") or bind.get("calculate")
    )


def plain(path: str) -> str:
    """The path without positions: `/data/children/age`."""
    return re.sub(r"\[\d+\]", "", path)


def canonical(nodes: Mapping[str, NodeState], numbers: frozenset[str]) -> dict[str, NodeState]:
    """The same states with one spelling of every number and of white space in labels."""
    return {path: _spelt(state, plain(path) in numbers) for path, state in nodes.items()}


def _spelt(state: NodeState, number: bool) -> NodeState:
    if state.get("r") is False:
        return {"r": False}
    spelt = NodeState(**state)
    if number and NUMBER.fullmatch(state.get("v", "")):
        spelt["v"] = _decimal(state["v"])
    if "l" in state:
        spelt["l"] = " ".join(state["l"].split())
    return {key: value for key, value in spelt.items() if key == "ch" or value != DEFAULT[key]}


def _decimal(text: str) -> str:
    rounded = Decimal(f"{float(text):.{DIGITS}g}")
    return f"{rounded.normalize():f}" if rounded else "0"


DEFAULT = {"v": "", "r": True, "q": False, "o": False, "c": True, "l": ""}
