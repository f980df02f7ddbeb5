"""Each of the five answers of the first page leads its own way; every value of each is tried."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from simpul.directory import queries as directory
from simpul.directory.models import Service
from simpul.network.models import Desk
from simpul.reports import advice, content, triage
from simpul.reports.models import Report
from tests.conftest import Cast, Door
from tests.reports.pages import Page

VALUES = ("", "skip", "no", "unknown", "yes")
START = "/reports/"


def every_answer() -> Iterator[dict[str, str]]:
    """All 3,125 ways to answer the first page."""
    for values in product(VALUES, repeat=len(content.QUESTIONS)):
        yield dict(zip(content.QUESTIONS, values, strict=True))


def test_only_a_yes_is_urgent_and_a_childs_age_alone_is_not() -> None:
    for answers in every_answer():
        said_yes = {question for question, value in answers.items() if value == "yes"}
        assert triage.is_urgent(answers) == bool(said_yes - {"child"})
        assert triage.calls_first(answers) == bool(said_yes & {"danger", "selfharm"})


def test_skipping_changes_nothing_and_not_knowing_opens_the_careful_way() -> None:
    for answers in every_answer():
        places = triage.places_first(answers)
        assert ("medical_72h" in places) == (answers["health72"] in {"yes", "unknown"})
        assert ("migrant_help" in places) == (answers["transit"] in {"yes", "unknown"})
        assert places == sorted(places), "health before arrival"
    skipped = dict.fromkeys(content.QUESTIONS, "skip")
    assert triage.places_first(skipped) == [] == triage.places_first({})


def test_every_answer_gets_its_own_advice_in_the_order_of_need() -> None:
    order = list(content.QUESTIONS)
    for answers in every_answer():
        found = advice.after(answers)
        asked = [item.question for item in found]
        assert asked == sorted(asked, key=order.index)
        assert all(item.text for item in found)
        codes = [line.code for item in found for line in item.hotlines]
        assert len(codes) == len(set(codes)), "no number comes twice"
        for item in found:
            assert item.is_strong == (answers[item.question] in {"yes", "unknown"})
            assert item.is_strong or not item.hotlines


def test_the_five_ways_differ() -> None:
    """No two questions give the same advice or the same numbers."""
    ways = {q: advice.after({q: "yes", "danger": "yes" if q == "danger" else "no"}) for q in
            content.QUESTIONS}  # fmt: skip
    said = {q: next(item for item in found if item.question == q) for q, found in ways.items()}
    assert len({item.text for item in said.values()}) == 5
    first = {q: item.hotlines[0].code for q, item in said.items()}
    assert first["danger"] == "police"
    assert first["selfharm"] == "mental_health"
    assert first["health72"] == "ambulance"
    assert {line.code for line in said["transit"].hotlines} >= {"migrant_workers"}
    for question in ("selfharm", "health72", "child", "transit"):
        assert "police" not in {line.code for line in said[question].hotlines}


@pytest.mark.parametrize("question", content.QUESTIONS)
def test_a_child_is_spoken_to_as_one_unless_somebody_else_reports(question: str) -> None:
    answers = {question: "yes", "child": "yes"}
    for for_other in (None, False):
        [said] = [
            item.text for item in advice.after(answers, for_other=for_other)
            if item.question == question
        ]  # fmt: skip
        assert "Anda" not in said, said
    [adult] = [item.text for item in advice.after({question: "yes"}) if item.question == question]
    [other] = [
        item.text for item in advice.after(answers, for_other=True) if item.question == question
    ]
    assert "kamu" not in other.lower()
    if question != "child":
        assert other == adult


# --- On the pages --------------------------------------------------------------------------------


def press(public: Door, **typed: str) -> str:
    """Page 2 after these answers."""
    form: dict[str, Any] = Page(public.get(START).content.decode()).form(START)
    return str(public.post(START, form | typed | {"go": "next"}).content.decode())


def test_the_first_page_asks_five_questions_and_always_shows_whom_to_call(public: Door) -> None:
    html = public.get(START).content.decode()
    offers = Page(html).offers
    for question in content.QUESTIONS:
        assert offers[question] == ["yes", "no", "unknown", "skip"]
    [line] = directory.hotlines("selfharm")
    assert f'href="tel:{line.number}"' in html


@pytest.mark.parametrize("question", ["danger", "selfharm"])
def test_numbers_to_call_come_before_any_form(question: str, public: Door) -> None:
    html = press(public, **{question: "yes"})
    [first, *_] = directory.hotlines(question)
    assert html.index("Telepon dulu</h1>") < html.index(f"tel:{first.number}")
    assert html.index(f"tel:{first.number}") < html.index("<form")


@pytest.mark.parametrize("question", content.QUESTIONS)
@pytest.mark.parametrize("value", ["no", "unknown", "skip", ""])
def test_without_a_yes_the_form_is_not_behind_the_numbers(
    question: str, value: str, public: Door
) -> None:
    html = press(public, **{question: value})
    assert "Telepon dulu</h1>" not in html
    assert "Apa yang Anda butuhkan?</h1>" in html


def test_somebody_on_the_way_finds_who_meets_arrivals(cast: Cast, public: Door) -> None:
    html = press(public, transit="yes")
    assert "?kind=migrant_help" in html
    Service.objects.create(desk=cast.desk("clinic"), kind="migrant_help", hours="Siang malam")
    form: dict[str, Any] = Page(html).form(START)
    last = public.post(START, form | {"region": "53.71", "go": "next"}).content.decode()
    notice = last[: last.index("<form")]
    assert cast.desk("clinic").name in notice and "Siang malam" in notice


@pytest.mark.parametrize(("child", "first"), [("yes", "uptd"), ("unknown", "uptd"), ("no", "")])
def test_a_child_finds_a_desk_that_is_there_for_children_first(
    child: str, first: str, cast: Cast
) -> None:
    desks = [cast.desk("office"), cast.desk("intake")]
    found = triage.in_order(desks, {"child": child}, {}, "53.71")
    assert found[0] == cast.desk("intake" if first else "office")


def test_a_social_worker_for_children_counts_and_another_province_does_not(cast: Cast) -> None:
    office, intake = cast.desk("office"), cast.desk("intake")
    kinds = {office.pk: ["child_social_worker"]}
    assert triage.in_order([office, intake], {"child": "yes"}, kinds, "53.71")[0] == office
    assert triage.in_order([office, intake], {"child": "yes"}, {}, "11.01") == [office, intake]


def test_who_meets_arrivals_is_offered_first_to_somebody_on_the_way(cast: Cast) -> None:
    office, intake = cast.desk("office"), cast.desk("intake")
    kinds = {intake.pk: ["migrant_help"]}
    for value in VALUES:
        found = triage.in_order([office, intake], {"transit": value}, kinds, "53.71")
        assert found[0] == (intake if value in {"yes", "unknown"} else office)


@pytest.mark.parametrize("value", VALUES)
def test_a_report_about_self_harm_is_urgent_only_by_a_yes(value: str, cast: Cast) -> None:
    cast.file(safety={"selfharm": value})
    assert Report.objects.get().urgent == (value == "yes")


def test_every_receiver_stays_on_offer_whatever_the_order(cast: Cast) -> None:
    desks = list(Desk.objects.select_related("agency").order_by("pk"))
    for answers in ({"child": "yes"}, {"transit": "yes"}, {"child": "yes", "transit": "unknown"}):
        found = triage.in_order(desks, answers, {}, "53.71")
        assert {desk.pk for desk in found} == {desk.pk for desk in desks}
