"""Information flows only to an equal or stricter compartment, and the proof sees every way."""

import pytest

from simpul.questionnaires import flow
from simpul.vault.models import Compartment
from tests.questionnaires.forms import PLACES, YES_NO, Row, begin, build, calculate, end, q

NAME = q("text", "nama", compartment="identity")
CHOSEN = q("select_one yn", "pilih", compartment="identity")


def leaks(*survey: Row) -> list[tuple[str, str, str]]:
    """What leaks: the node, which of its expressions, and what it reads."""
    found = flow.leaks(build(survey, [*YES_NO, *PLACES]))
    return [(leak.use.node.name, leak.use.where, leak.read.name) for leak in found]


@pytest.mark.parametrize(
    ("row", "where"),
    [
        (calculate("x", "${nama}"), "calculate"),
        (calculate("x", "if(${nama} = 'Maria', 1, 0)"), "calculate"),
        (calculate("x", "string-length(${nama})"), "calculate"),
        (q("text", "x", relevant="${nama} != ''"), "relevant"),
        (q("text", "x", required="${nama} != ''"), "required"),
        (q("text", "x", constraint=". != ${nama}", constraint_message="Lain."), "constraint"),
        (q("text", "x", "Apa yang ${nama} alami?"), "label"),
        (q("text", "x", hint="Untuk ${nama}"), "hint"),
        (q("select_one kec", "x", choice_filter="kab = ${nama}"), "choices"),
        (q("text", "x", default="concat(${nama}, '')"), "first"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_an_incident_field_cannot_tell_an_identity_answer(row: Row, where: str) -> None:
    assert leaks(NAME, row) == [("x", where, "nama")]


def test_a_choice_that_names_an_answer_tells_it_to_every_question_that_offers_it() -> None:
    choices = [{"list_name": "x", "name": "a", "label": "Bersama ${nama}"}]
    strict = q("select_one x", "satu", compartment="identity")
    found = flow.leaks(build([NAME, strict, q("select_one x", "dua")], choices))
    assert [(leak.use.node.name, leak.use.where) for leak in found] == [("dua", "choice")]


def test_what_is_told_by_being_asked_counts_for_everything_in_a_group() -> None:
    group = [begin("group", "g", relevant="${nama} != ''"), q("text", "x"), end("group")]
    assert leaks(NAME, *group) == [("g", "relevant", "nama")]
    strict = [begin("group", "g", compartment="identity", relevant="${nama} != ''"), q("text", "x"),
              end("group")]  # fmt: skip
    assert leaks(NAME, *strict) == []
    inside = [strict[0], q("text", "x", compartment="incident"), strict[2]]
    assert leaks(NAME, *inside) == [("g", "relevant", "nama")]


def test_how_many_rows_there_are_tells_too() -> None:
    number = q("integer", "n", compartment="identity")
    rows = [begin("repeat", "r", repeat_count="${n}"), q("text", "x"), end("repeat")]
    assert leaks(number, *rows) == [("r", "count", "n")]
    private = [begin("repeat", "r", compartment="identity"), q("text", "x"), end("repeat")]
    assert leaks(*private, calculate("c", "count(${r})")) == [("c", "calculate", "r")]


def test_a_way_around_through_a_calculation_is_seen_where_it_begins() -> None:
    around = calculate("antara", "${nama}", compartment="health")
    assert leaks(NAME, around, calculate("x", "${antara}")) == [
        ("antara", "calculate", "nama"), ("x", "calculate", "antara"),
    ]  # fmt: skip
    assert leaks(NAME, calculate("antara", "${nama}", compartment="identity")) == []


def test_flow_to_a_stricter_part_is_allowed() -> None:
    assert (
        leaks(q("text", "kejadian"), calculate("x", "${kejadian}", compartment="identity")) == []
    )


def test_parts_that_are_shared_apart_tell_each_other_nothing() -> None:
    for one in flow.HEIGHT:
        for other in flow.HEIGHT:
            up = flow.HEIGHT[one] < flow.HEIGHT[other]
            assert flow.may_flow(one, other) == (one == other or up)
    assert not flow.may_flow("health", "legal")
    assert not flow.may_flow("", "identity")
    assert not flow.may_flow("incident", "")


def test_every_compartment_has_its_height() -> None:
    assert flow.HEIGHT.keys() == {one.value for one in Compartment}
