"""The proof that information flows only to an equal or stricter compartment."""

from collections.abc import Iterator
from dataclasses import dataclass

from simpul.questionnaires.compile import Questionnaire, Use
from simpul.questionnaires.definition import Node

# The higher, the fewer people are granted it. Two of one height tell each other nothing either:
# they are shared apart.
HEIGHT = {
    "incident": 1,
    "recovery": 1,
    "health": 2,
    "legal": 2,
    "psychosocial": 2,
    "safety": 2,
    "contact": 3,
    "identity": 3,
    "reported_person": 3,
    "notes": 3,
}


def may_flow(source: str, target: str) -> bool:
    """Whether what is in one compartment may be told by what is in another."""
    if source == target:
        return True
    return HEIGHT.get(source, 9) < HEIGHT.get(target, 0)


@dataclass(frozen=True, slots=True)
class Leak:
    """An expression by which an answer becomes readable in a more open compartment."""

    use: Use
    read: Node
    target: Node


def leaks(questionnaire: Questionnaire) -> list[Leak]:
    """Every leak of a form; none is the proof.

    An expression tells of what it reads wherever its result can be seen: the value of a calculation,
    but also that a question was asked, which choices it had, how many rows there are, and a label
    that names an answer. Each reading is checked by itself; through calculations the steps add up,
    because every calculation has a compartment and the order is transitive.
    """
    return [
        Leak(use, read, target)
        for use in questionnaire.uses
        for target in _seen_in(use.node)
        for read in sorted(use.reads, key=lambda node: node.order)
        for source in _sources(read)
        if not may_flow(source, target.compartment_of)
    ]


def _seen_in(node: Node) -> Iterator[Node]:
    """The first of each compartment below a node, itself included, in which an effect is seen."""
    found: dict[str, Node] = {}
    waiting = [node]
    while waiting:
        one = waiting.pop()
        waiting += reversed(one.children.values())
        if one.kind == "leaf" and one.compartment_of:
            found.setdefault(one.compartment_of, one)
    yield from found.values()


def _sources(read: Node) -> set[str]:
    """The compartments of which reading a node tells: its own, and of a group or repeat all below.

    That a repeat has so many rows is told by each of its answers.
    """
    if read.kind == "leaf":
        return {read.compartment_of} - {""}
    own = {one.compartment_of for one in _seen_in(read)}
    return own or ({read.compartment_of} - {""})
