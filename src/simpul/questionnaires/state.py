"""The answers of one questionnaire in memory: a tree of items, one for every node and row."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from simpul.questionnaires.definition import Node
from simpul.questionnaires.xpath.values import Value, typed

MAX_ROWS = 60  # of one repeat
MAX_ITEMS = 8000  # of the whole form


class Item:
    """A node in one row: its answer, and whether it is asked at present."""

    __slots__ = (
        "kept",
        "kids",
        "live",
        "node",
        "parent",
        "relevant",
        "spare",
        "state",
        "text",
        "value",
    )

    def __init__(self, node: Node, parent: "Item | None", state: "State") -> None:
        self.node, self.parent, self.state = node, parent, state
        self.text = self.kept = ""  # what counts now, and what was given
        self.value: Value = ""
        self.relevant = True
        self.live: bool = parent is None or parent.live
        self.kids: dict[str, Any] = {}  # name: item, or the list of a repeat's rows
        self.spare: dict[str, list[Item]] = {}  # rows that are not counted at present
        state.items += 1

    def put(self, text: str) -> None:
        """Take an answer."""
        self.kept = text
        self.show(text)

    def show(self, text: str) -> None:
        """Let this much of the answer count now."""
        self.text, self.value = text, typed(text, self.node.type)

    @property
    def position(self) -> int:
        """Which row of its repeat this is, from 1."""
        assert self.parent is not None
        return int(self.parent.kids[self.node.name].index(self)) + 1

    @property
    def path(self) -> str:
        """`/data/children[2]/name`: where the answer stands in a draft."""
        parts: list[str] = []
        item: Item | None = self
        while item is not None:
            row = f"[{item.position}]" if item.node.kind == "repeat" else ""
            parts.append(f"/{item.node.name}{row}")
            item = item.parent
        return "".join(reversed(parts))

    def below(self) -> "Iterator[Item]":
        """Itself and everything below it that counts, in the form's order."""
        waiting = [self]
        while waiting:
            item = waiting.pop()
            yield item
            for kid in reversed(item.kids.values()):
                waiting += reversed(kid) if isinstance(kid, list) else [kid]

    def turn(self, relevant: bool) -> None:
        """Be asked or not, with everything below."""
        self.relevant = relevant
        waiting = [self]
        while waiting:
            item = waiting.pop()
            live = item.relevant and (item.parent is None or item.parent.live)
            if live == item.live:
                continue
            item.live = live
            for kid in item.kids.values():
                waiting += kid if isinstance(kid, list) else [kid]


class State:
    """All items of a form, the moment that counts as now, and the language that is shown."""

    def __init__(self, now: datetime, language: str) -> None:
        self.now, self.language = now, language
        self.items = 0
        self.single: dict[Node, Item] = {}  # what stands in no repeat
        self.overflow: set[str] = set()  # repeats that were to have more rows than are allowed
        self.root: Item

    def every(self, node: Node) -> list[Item]:
        """The items of a node in all rows that count."""
        if node in self.single:
            return [self.single[node]]
        above = node.parent
        assert above is not None
        found: list[Item] = []
        for item in self.every(above):
            kid = item.kids[node.name]
            found += kid if isinstance(kid, list) else [kid]
        return found
