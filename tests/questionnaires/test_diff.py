"""What differs between two versions is told by question and by code."""

from simpul.questionnaires.definition import Definition
from simpul.questionnaires.diff import Change, changes
from tests.questionnaires.forms import YES_NO, Row, begin, build, calculate, end, q


def version(*survey: Row, choices: list[dict[str, str]] | None = None) -> Definition:
    """A version of a form."""
    return build(survey, choices or ()).definition


ASKED = q("select_one yn", "ada", "Ada?")


def test_the_same_version_has_no_changes() -> None:
    one = version(ASKED, choices=YES_NO)
    assert changes(one, version(ASKED, choices=YES_NO)) == []


def test_questions_come_go_move_and_change() -> None:
    old = version(q("text", "a", "A"), q("text", "b", "B"), q("integer", "n", "N"))
    new = version(
        begin("group", "g"), q("text", "a", "A?"), end("group"),
        q("integer", "n", "N", relevant="/data/g/a != ''"), q("text", "c", "C"),
    )  # fmt: skip
    assert changes(old, new) == [
        Change("added", "g", after="Bagian"),
        Change("moved", "a", "path", "/data/a", "/data/g/a"),
        Change("changed", "a", "label", "A", "A?"),
        Change("changed", "n", "relevant", "", "/data/g/a != ''"),
        Change("added", "c", after="C"),
        Change("removed", "b", before="B"),
    ]


def test_codes_come_go_and_change() -> None:
    other = [
        YES_NO[0] | {"label": "Ya, ada"},
        {"list_name": "yn", "name": "lain", "label": "Lain"},
    ]
    old, new = version(ASKED, choices=YES_NO), version(ASKED, choices=other)
    assert changes(old, new) == [
        Change("code-changed", "yn/ya", "label", "Ya", "Ya, ada"),
        Change("code-added", "yn/lain"),
        Change("code-removed", "yn/tidak"),
    ]


def test_another_part_of_the_record_is_a_change() -> None:
    old = version(q("text", "a"), calculate("c", "1 + 1"))
    new = version(q("text", "a", compartment="identity"), calculate("c", "1 + 1"))
    assert changes(old, new) == [Change("changed", "a", "compartment", "incident", "identity")]
