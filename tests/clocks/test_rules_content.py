"""The deadlines K01–K30 as data: complete, honest about their basis, figures that agree."""

import re
import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

PATH = Path(__file__).parents[2] / "src/simpul/clocks/content/rules.toml"
CONTENT: dict[str, Any] = tomllib.loads(PATH.read_text(encoding="utf-8"))
RULES: dict[str, dict[str, Any]] = {rule["code"]: rule for rule in CONTENT["rule"]}

DURATION = re.compile(
    r"P(?=.)(?:(?P<months>\d+)M)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?)?"
)
LIMITS = ["limit", "limit_high", "limit_medium", "limit_low"]
DURATIONS = [*LIMITS, "limit_minimum", "limit_extended", "limit_answer", "closes_after", "alert"]
WORKING_DAYS = ["limit_working_days", "limit_low_working_days"]
FIELDS = {
    *DURATIONS,
    *WORKING_DAYS,
    *("code", "name", "start", "limits", "stages_working_days", "who", "basis"),
    *("article", "mark", "verified", "behaviour"),
}


def span(text: str) -> timedelta:
    """An ISO 8601 duration without months."""
    parts = DURATION.fullmatch(text)
    assert parts, text
    assert not parts["months"], "months have no fixed length"
    found = {k: int(v) for k, v in parts.groupdict().items() if v}
    return timedelta(**found)


def texts(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Every {id, en} in the file with its place."""
    for key, value in node.items():
        for row in value if isinstance(value, list) else [value]:
            if isinstance(row, dict) and "id" in row:
                yield f"{path}{key}", row
            elif isinstance(row, dict):
                yield from texts(row, f"{path}{key}.")


def test_there_are_thirty_rules_in_order() -> None:
    assert [rule["code"] for rule in CONTENT["rule"]] == [f"K{n:02}" for n in range(1, 31)]


def test_the_file_says_its_version_and_when_it_was_checked() -> None:
    assert CONTENT["version"]
    assert CONTENT["checked"] == date(2026, 11, 22)
    assert CONTENT["gazette_checked"] is False
    assert CONTENT["source_note"].keys() == {"id", "en"}


@pytest.mark.parametrize("code", RULES)
def test_a_rule_has_known_fields_and_resolves(code: str) -> None:
    rule = RULES[code]
    assert rule.keys() <= FIELDS
    assert rule["start"] in CONTENT["start"]
    assert rule["who"]
    assert set(rule["who"]) <= CONTENT["who"].keys()
    assert rule["basis"] in CONTENT["basis"]
    for field in ("name", "article", "behaviour"):
        assert rule[field].keys() == {"id", "en"}


def test_every_text_has_both_languages() -> None:
    for place, text in texts(CONTENT):
        assert text.keys() == {"id", "en"}, place
        assert all(t.strip() == t and t for t in text.values()), place


def test_no_start_and_no_role_is_left_over() -> None:
    assert {rule["start"] for rule in RULES.values()} == CONTENT["start"].keys()
    assert {who for rule in RULES.values() for who in rule["who"]} == CONTENT["who"].keys()


@pytest.mark.parametrize("code", RULES)
def test_every_clock_ends(code: str) -> None:
    rule = RULES[code]
    assert rule.keys() & {*LIMITS, *WORKING_DAYS, "limits"}
    for field in DURATIONS:
        if field in rule:
            at_once = field == "limit" and rule[field] == "at once"
            assert at_once or DURATION.fullmatch(rule[field])
    for field in WORKING_DAYS:
        assert rule.get(field, 1) > 0
    assert all(DURATION.fullmatch(each) for each in rule.get("limits", []))


@pytest.mark.parametrize("code", RULES)
def test_law_is_claimed_only_where_a_source_was_seen(code: str) -> None:
    rule = RULES[code]
    marks = set(rule["mark"].split(", "))
    assert all(re.fullmatch(r"S\d+|[MUI]", mark) for mark in marks)
    seen = {mark for mark in marks if mark.startswith("S")}
    assert rule["verified"] == (marks == seen)
    if rule["basis"] == "law":
        assert seen
        assert re.match(r"(UU|PP) \d+/\d{4}", rule["article"]["id"])
    else:
        assert not re.search(r"\b(UU|PP) \d", rule["article"]["id"])
    if rule["basis"] == "ours":
        assert "I" in marks
        assert rule["article"]["id"].startswith("Pilihan kami")


@pytest.mark.parametrize(
    ("code", "warned_after"),
    [
        ("K08", timedelta(hours=48)),
        ("K09", timedelta(hours=20)),
        ("K10", timedelta(days=11)),
        ("K11", timedelta(hours=20)),
        ("K15", timedelta(days=5)),
        ("K17", timedelta(days=7) * 0.6),
        ("K26", -timedelta(days=60)),
    ],
)
def test_the_warning_comes_when_the_table_says(code: str, warned_after: timedelta) -> None:
    rule = RULES[code]
    assert span(rule["limit"]) - span(rule["alert"]) == warned_after


@pytest.mark.parametrize("code", ["K06", "K08", "K18", "K19"])
def test_three_days_are_seventy_two_hours_of_the_wall_clock(code: str) -> None:
    assert RULES[code]["limit"] == "PT72H"


def test_higher_risk_never_waits_longer() -> None:
    for code in ("K02", "K04"):
        assert span(RULES[code]["limit_high"]) < span(RULES[code]["limit"])
    answer = RULES["K29"]
    assert span(answer["limit_high"]) < span(answer["limit_medium"]) < timedelta(days=3)
    assert answer["limit_low_working_days"] == 3
