"""The recordings are whole, cover the profile, and every difference between the oracles is understood."""

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.questionnaires.oracle import generate, record, recordings, table, written
from tests.questionnaires.oracle.reasons import REASONS, differences, reason, refusal
from tests.questionnaires.oracle.recordings import Played, Recorded
from tests.questionnaires.oracle.sheets import Form
from tests.questionnaires.oracle.states import NodeState, Operation, canonical

FORMS = recordings.forms()
HARNESS = [*written.forms(), *generate.forms()]
# What 188 public forms use, and what the profile promises besides.
FUNCTIONS = (
    "if", "selected", "count-selected", "coalesce", "concat", "regex", "int", "number", "string", "round",
    "date", "format-date", "decimal-date-time", "once", "position", "count", "sum", "min", "max",
    "indexed-repeat", "jr:choice-name", "string-length", "substr", "not", "true", "false", "pow", "abs",
    "date-time", "format-date-time", "join", "contains", "starts-with", "selected-at", "normalize-space",
    "translate",
)  # fmt: skip
CONSTRUCTS = {
    "integer": 'type="int"',
    "decimal": 'type="decimal"',
    "text": 'type="string"',
    "date": 'type="date"',
    "time": 'type="time"',
    "date and time": 'type="dateTime"',
    "one choice": "<select1 ",
    "several choices": "<select ",
    "an order of choices": "<odk:rank ",
    "a range": "<range ",
    "an acknowledgement": "<trigger ",
    "a note": 'readonly="true()"',
    "a file": "<upload ",
    "a place": 'type="geopoint"',
    "a repeat": "<repeat ",
    "a counted repeat": "jr:count=",
    "a repeat in a repeat": 'nodeset="/data/rumah/orang"',
    "relevance": " relevant=",
    "a constraint": " constraint=",
    "a requirement": " required=",
    "read-only": " readonly=",
    "a calculation": " calculate=",
    "a filter of choices": "/item[di",
    "a static default": "<x1>7</x1>",
    "a calculated default": 'event="odk-instance-first-load',
    "a trigger": 'event="xforms-value-changed"',
    "a second language": '<translation lang="English (en)"',
    "an answer in a label": "<output ",
}
REFUSED_WITHOUT_OUTSIDE = {  # families inside the profile of which an engine refuses some expression
    "date": "a text that is no date",
    "decimal-time": "a time without a date",
    "count-non-empty": "a union of nodes",
    "repeat-other-rows": "[last()], a repeated node as one value, sum(coalesce(…))",
}


def scripts() -> list[tuple[Recorded, Played]]:
    return [(form, played) for form in FORMS for played in form.scripts]


def test_what_was_recorded_is_what_the_harness_holds() -> None:
    def told(form: Form | Recorded) -> tuple[str, str, str]:
        return form.name, form.family, form.sheet

    assert [told(form) for form in FORMS] == [told(form) for form in HARNESS], "record anew"


def test_both_oracles_played_several_hundred_forms_and_agree_on_nearly_everything() -> None:
    agreed = sum(1 for _, played in scripts() for _ in played.agreed())
    disputed = sum(1 for _, played in scripts() for _ in played.disputed())
    assert len(FORMS) > 700
    assert agreed > 200_000
    assert disputed < agreed / 100


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_is_played(function: str) -> None:
    called = re.compile(rf"(?<![\w:-]){re.escape(function)}\(")
    assert sum(1 for form in FORMS if called.search(form.xml)) >= 2


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_every_construct_is_played(construct: str) -> None:
    assert any(CONSTRUCTS[construct] in form.xml for form in FORMS)


def test_rows_come_and_go_and_the_language_changes() -> None:
    performed = [verb for _, played in scripts() for verb, *_ in played.ops]
    assert min(performed.count(verb) for verb in ("set", "add", "remove")) > 200
    assert performed.count("language") > 0


def test_a_written_form_is_played_to_the_letter() -> None:
    wanted = {form.name: form.scripts for form in written.forms()}
    assert len(wanted) >= 12
    for form, played in scripts():
        if form.family == "written":
            assert not played.errors, form.name
            assert [list(o) for o in wanted[form.name][played.name]] == [
                list(o) for o in played.ops
            ]


def test_every_difference_between_the_oracles_has_a_reason() -> None:
    without = [
        (one.form.name, one.script, one.path, one.attribute, one.expression)
        for form, played in scripts()
        for one, own in differences(form, played)
        if own and reason(one) is None
    ]
    assert without == []


def test_every_reason_explains_something() -> None:
    explains = {
        why.id
        for form, played in scripts()
        for one, own in differences(form, played)
        if own and (why := reason(one))
    }
    assert explains == {why.id for why in REASONS}


def test_an_engine_refuses_only_what_the_profile_refuses() -> None:
    refused = {form.family for form, played in scripts() if played.errors}
    assert {f for f in refused if not f.startswith("outside-")} == REFUSED_WITHOUT_OUTSIDE.keys()
    assert all(refusal(error) for _, played in scripts() for error in played.errors.values())


class Echo:
    """A player that answers what was recorded, but for one thing."""

    def __init__(self, played: Played, **changed: NodeState | None) -> None:
        self.nodes = {**played.javarosa, **played.both}
        self.nodes |= {f"/data/{name}": state for name, state in changed.items() if state}
        for name in (name for name, state in changed.items() if state is None):
            del self.nodes[f"/data/{name}"]

    def play(self, xml: str, ops: Sequence[Operation]) -> Mapping[str, NodeState]:
        return self.nodes


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, set()),
        ({"persen": {"v": "30.0"}}, set()),  # the same number, written otherwise
        ({"persen": {"v": "32"}}, {("/data/persen", "v")}),
        (
            {"sisa": {"r": False}},
            {("/data/sisa", a) for a in ("r", "v", "q", "o", "c", "ch", "l")},
        ),
        ({"persen": None}, {("/data/persen", "exists")}),
        ({"tambahan": {"v": "1"}}, {("/data/tambahan", "exists")}),
    ],
)
def test_a_player_that_answers_otherwise_is_found_out(
    changed: dict[str, NodeState | None], found: set[tuple[str, str]]
) -> None:
    form = next(form for form in FORMS if form.name == "bantuan-biaya")
    played = next(played for played in form.scripts if played.name == "dua pos")
    assert played.both["/data/persen"] == {"v": "30"}
    facts = table.compare(form, played, Echo(played, **changed))
    assert {(path, attribute) for path, attribute, _, _, same in facts if not same} == found


@pytest.mark.parametrize(
    ("told", "spelt"),
    [
        ("10.0", "10"),
        ("2", "2"),
        ("-0.25", "-0.25"),
        ("1.0E-5", "0.00001"),
        ("1e21", "1" + "0" * 21),
        ("-0", "0"),
        ("0.30000000000000004", "0.3"),
        ("08123", "08123"),
        ("+62811", "+62811"),
        ("1.2.3", "1.2.3"),
        ("NaN", "NaN"),
        ("", ""),
    ],
)
def test_a_number_has_one_spelling_and_a_telephone_number_stays(told: str, spelt: str) -> None:
    state = canonical({"/data/r[2]/x": {"v": told}}, frozenset({"/data/r/x"}))["/data/r[2]/x"]
    assert state.get("v", "") == spelt
    text = canonical({"/data/x": {"v": told}}, frozenset())["/data/x"]
    assert text.get("v", "") == told


def test_the_same_answers_are_the_same_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one.gz", tmp_path / "two.gz"
    record.write({"forms": [{"v": "🌊", "a": 1}]}, one)
    record.write({"forms": [{"a": 1, "v": "🌊"}]}, two)
    assert one.read_bytes() == two.read_bytes()
    assert json.loads(gzip.decompress(one.read_bytes())) == {"forms": [{"a": 1, "v": "🌊"}]}


def test_recording_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    lacks = record.missing(tmp_path)
    assert [line.split()[0] for line in lacks[:3]] == ["java", "javac", "node"]
    assert "npm install @getodk/xforms-engine@0.22.0 jsdom@29.1.1" in "\n".join(lacks)


def test_the_recordings_are_small() -> None:
    assert recordings.FILE.stat().st_size < 1_000_000
