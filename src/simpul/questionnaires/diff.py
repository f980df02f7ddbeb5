"""What is different between two versions of a questionnaire, by question and by code."""

from collections.abc import Iterator
from dataclasses import dataclass

from simpul.questionnaires.definition import Definition, Filled, Node

RULES = (
    "calculate",
    "relevant",
    "required",
    "constraint",
    "readonly",
    "count",
    "first",
    "default",
)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: of a question or of a choice, what changed, before and after.

    `kind` is added, removed, moved, changed, code-added, code-removed or code-changed.
    """

    kind: str
    name: str
    what: str = ""
    before: str = ""
    after: str = ""


def changes(old: Definition, new: Definition) -> list[Change]:
    """Every difference, in the order of the new version; equal digests have none."""
    if old.digest == new.digest:
        return []
    return [*_questions(old, new), *_choices(old, new)]


def _questions(old: Definition, new: Definition) -> Iterator[Change]:
    was, now = _by_name(old), _by_name(new)
    for name, node in now.items():
        before = was.get(name)
        if before is None:
            yield Change("added", name, after=_said(new, node.label))
            continue
        if before.path != node.path:
            yield Change("moved", name, "path", before.path, node.path)
        yield from _changed(old, new, before, node)
    for name, node in was.items():
        if name not in now:
            yield Change("removed", name, before=_said(old, node.label))


def _by_name(definition: Definition) -> dict[str, Node]:
    """The nodes by name, or by path where a name is there twice."""
    found: dict[str, Node] = {}
    for node in definition.nodes.values():
        if node is not definition.root:
            found[node.path if node.name in found else node.name] = node
    return found


def _changed(old: Definition, new: Definition, one: Node, other: Node) -> Iterator[Change]:
    name = other.name
    for what in ("kind", "type", "control", "appearance", "stat", *RULES):
        before, after = getattr(one, what), getattr(other, what)
        if before != after:
            yield Change("changed", name, what, str(before), str(after))
    if one.compartment_of != other.compartment_of:
        yield Change("changed", name, "compartment", one.compartment_of, other.compartment_of)
    for what in ("label", "hint", "constraint_text", "required_text"):
        for language in sorted({*old.languages, *new.languages}):
            before = _said(old, getattr(one, what), language)
            after = _said(new, getattr(other, what), language)
            if before != after:
                yield Change("changed", name, f"{what} {language}".strip(), before, after)
    before = one.itemset.nodes if one.itemset else ""
    after = other.itemset.nodes if other.itemset else ""
    if before != after:
        yield Change("changed", name, "choices", before, after)


def _choices(old: Definition, new: Definition) -> Iterator[Change]:
    for list_ in sorted({*old.choices, *new.choices}):
        was = {one.name: one for one in old.choices.get(list_, ())}
        now = {one.name: one for one in new.choices.get(list_, ())}
        for code, choice in now.items():
            if code not in was:
                yield Change("code-added", f"{list_}/{code}")
                continue
            for column in sorted({*choice.values, *was[code].values} - {"itextId", "name"}):
                before, after = (one.values.get(column, "") for one in (was[code], choice))
                if before != after:
                    yield Change("code-changed", f"{list_}/{code}", column, before, after)
            for language in sorted({*old.languages, *new.languages}):
                before, after = (
                    _said(old, was[code].text, language), _said(new, choice.text, language),
                )  # fmt: skip
                if before != after:
                    yield Change(
                        "code-changed", f"{list_}/{code}", f"label {language}", before, after
                    )
        for code in was:
            if code not in now:
                yield Change("code-removed", f"{list_}/{code}")


def _said(definition: Definition, id_: str, language: str = "") -> str:
    """A text as it was written, with `${…}` for what is filled in."""
    texts = definition.texts.get(language or definition.default_language, {})
    words = texts.get(id_, ())
    parts = [f"${{{one.source}}}" if isinstance(one, Filled) else one for one in words]
    return " ".join("".join(parts).split())
