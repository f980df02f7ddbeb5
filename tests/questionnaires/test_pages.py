"""What the prototype taught, and what must be true of every page whatever is answered."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simpul.questionnaires import pages
from simpul.questionnaires.compile import Questionnaire
from simpul.questionnaires.evaluate import Evaluation
from tests.questionnaires import forms
from tests.questionnaires.examples import SOUND
from tests.questionnaires.forms import PLACES, YES_NO, begin, build, calculate, end, q, run, value


def sound() -> Questionnaire:
    """The sound example, compiled."""
    return build(SOUND.survey, SOUND.choices)


def posted(evaluation: Evaluation, page: pages.Page, **given: str) -> dict[str, list[str]]:
    """What a browser posts: every field as it is shown, and what was typed into some."""
    shown = pages.fields(evaluation, page)
    body = {pages.SEEN: [pages.seen(shown)]}
    for one in shown:
        if one.choices:
            body[one.name] = list(one.chosen)
        elif one.kind not in pages.ASKS_NOTHING:
            body[one.name] = [one.value] if one.value else []
    return body | {name: text.split(",") for name, text in given.items()}


def press(evaluation: Evaluation, key: str, step: str = "next", **given: str) -> pages.Outcome:
    """Fill a page in and press a button."""
    page = pages.page(evaluation, key)
    assert page is not None
    return pages.submit(evaluation, page, posted(evaluation, page, **given), step=step)


def again(evaluation: Evaluation) -> Evaluation:
    """The same form, rebuilt from its draft as every request does."""
    return Evaluation(evaluation.questionnaire, evaluation.draft(), now=forms.NOW)


# --- Six lessons -----------------------------------------------------------------------------


def test_a_choice_that_becomes_right_by_the_same_press_is_accepted() -> None:
    form = build(
        [begin("group", "g"), q("select_one kab", "kab"),
         q("select_one kec", "kec", choice_filter="kab = ${kab}", required="yes"), end("group")],
        PLACES,
    )  # fmt: skip
    evaluation = run(form)
    outcome = press(evaluation, "g", g__kab="a")
    assert (outcome.key, list(outcome.errors)) == ("g", ["g~kec"])
    outcome = press(evaluation, "g", **{"g~kab": "b", "g~kec": "b1"})
    assert outcome == pages.Outcome("", {})
    assert value(evaluation, "kec") == "b1"


def test_what_is_revealed_by_a_press_is_not_skipped_by_it() -> None:
    form = build(
        [begin("group", "g"), q("select_one yn", "bahaya"),
         q("note", "darurat", "Hubungi 112.", relevant="${bahaya} = 'ya'"), end("group"),
         begin("group", "h"), q("text", "lain"), end("group")],
        YES_NO,
    )  # fmt: skip
    evaluation = run(form)
    outcome = press(evaluation, "g", **{"g~bahaya": "ya"})
    assert (outcome.key, outcome.errors, outcome.revealed) == ("g", {}, ("g~darurat",))
    assert press(evaluation, "g").key == "h"


def test_only_what_was_visible_is_judged() -> None:
    form = build(
        [begin("group", "g"), q("select_one yn", "ada"),
         q("text", "apa", relevant="${ada} = 'ya'", required="yes"), end("group")],
        YES_NO,
    )  # fmt: skip
    evaluation = run(form)
    outcome = press(evaluation, "g", **{"g~ada": "ya"})
    assert (outcome.errors, outcome.revealed) == ({}, ("g~apa",))
    assert list(press(evaluation, "g").errors) == ["g~apa"]


def test_a_hidden_answer_waits_counts_as_empty_and_is_not_sent() -> None:
    form = build(
        [q("select_one yn", "ada"), q("text", "apa", relevant="${ada} = 'ya'"),
         calculate("isi", "if(${apa} = '', 'kosong', ${apa})")],
        YES_NO,
    )  # fmt: skip
    evaluation = run(form, ada="ya", apa="sesuatu")
    assert value(evaluation, "isi") == "sesuatu"
    evaluation.set("/data/ada", "tidak")
    evaluation.settle()
    assert value(evaluation, "isi") == "kosong"
    assert "/data/apa" not in pages.finished(evaluation).parts["incident"]
    evaluation = again(evaluation)
    evaluation.set("/data/ada", "ya")
    evaluation.settle()
    assert value(evaluation, "isi") == "sesuatu"


def test_back_keeps_what_was_typed_and_judges_nothing() -> None:
    form = build(
        [begin("group", "g"), q("text", "a"), end("group"), begin("group", "h"),
         q("integer", "n", required="yes"), q("integer", "m"), end("group")]
    )  # fmt: skip
    evaluation = run(form)
    outcome = press(evaluation, "h", "back", **{"h~m": "banyak"})
    assert outcome == pages.Outcome("g", {})
    evaluation = again(evaluation)
    page = pages.page(evaluation, "h")
    assert page is not None
    assert [one.value for one in pages.fields(evaluation, page)] == ["", "banyak"]
    assert list(press(evaluation, "h").errors) == ["h~n", "h~m"]


def test_in_a_row_a_filter_looks_at_its_own_row() -> None:
    form = build(
        [begin("repeat", "r"), q("select_one kab", "kab"),
         q("select_one kec", "kec", choice_filter="kab = ${kab}"), end("repeat")],
        PLACES,
    )  # fmt: skip
    evaluation = run(form)
    assert evaluation.add("/data/r")
    for row, kab in ((1, "a"), (2, "b")):
        evaluation.set(f"/data/r[{row}]/kab", kab)
    evaluation.settle()
    offered = [
        evaluation.questionnaire.values(evaluation.find(f"/data/r[{n}]/kec")) for n in (1, 2)
    ]  # type: ignore[arg-type]
    assert offered == [["a1", "a2"], ["b1"]]


# --- Pages -----------------------------------------------------------------------------------------


def test_a_page_is_a_group_a_run_of_loose_questions_or_a_row() -> None:
    evaluation = run(sound(), jumlah="2")
    keys = [page.key for page in pages.pages(evaluation)]
    assert keys == ["diri", "tempat", "jumlah", "saksi~1", "saksi~2", "kunjungan", "kunjungan~1",
                    "setuju"]  # fmt: skip
    listed = pages.page(evaluation, "kunjungan")
    assert listed is not None
    rows = pages.rows(evaluation, listed)
    assert rows is not None
    assert (rows.keys, rows.may_add) == (("kunjungan~1",), True)


def test_a_page_on_which_nothing_is_asked_is_passed_by() -> None:
    form = build(
        [q("select_one yn", "ada"), begin("group", "g", relevant="${ada} = 'ya'"), q("text", "a"),
         end("group"), begin("group", "h"), q("text", "b"), end("group")],
        YES_NO,
    )  # fmt: skip
    evaluation = run(form)
    assert press(evaluation, "ada", ada="tidak").key == "h"
    assert press(evaluation, "ada", ada="ya").key == "g"
    assert press(evaluation, "h", "back").key == "g"


def test_rows_that_the_form_counts_come_and_go_and_keep_their_answers() -> None:
    evaluation = run(sound(), jumlah="3")
    evaluation.set("/data/saksi[3]/sebutan", "Yang ketiga")
    for number, rows in (("1", 1), ("3", 3)):
        evaluation.set("/data/jumlah", number)
        evaluation.settle()
        evaluation = again(evaluation)
        assert len(evaluation.rows("/data/saksi") or []) == rows
    item = evaluation.find("/data/saksi[3]/sebutan")
    assert item is not None
    assert item.text == "Yang ketiga"


def test_nobody_makes_more_rows_than_are_allowed() -> None:
    evaluation = run(sound(), jumlah="999999999")
    assert len(evaluation.rows("/data/saksi") or []) == 60
    assert evaluation.state.overflow == {"/data/saksi"}
    while evaluation.add("/data/kunjungan"):
        pass
    assert len(evaluation.rows("/data/kunjungan") or []) == 60


def test_what_is_sent_lies_in_its_compartment_without_what_is_hidden_or_said() -> None:
    evaluation = run(sound(), nama="Maria", umur="34", tanda="tidak")
    sent = pages.finished(evaluation)
    assert sent.parts["identity"] == {"/data/diri/nama": "Maria", "/data/diri/umur": "34"}
    assert sent.parts["incident"]["/data/tempat/tanda"] == "tidak"
    assert not [path for path in sent.parts["incident"] if "darurat" in path]


def test_codes_for_statistics_are_those_of_the_choices() -> None:
    choices = [{"list_name": "yn", "name": "ya", "label": "Ya", "stat_code": "T1"},
               {"list_name": "yn", "name": "tidak", "label": "Tidak"}]  # fmt: skip
    form = build([q("select_multiple yn", "tanda", stat="gbv:tanda")], choices)
    assert pages.finished(run(form, tanda="ya tidak")).coded == (
        pages.Coded("gbv:tanda", "T1", "/data/tanda"),
    )


# --- Typed by people ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "typed", "kept"),
    [
        ("integer", " 12 ", "12"), ("integer", "1 200", "1200"), ("decimal", "1,5", "1.5"),
        ("date", "31/01/2024", "2024-01-31"), ("date", "5-1-2024", "2024-01-05"),
        ("date", "2024-01-31", "2024-01-31"), ("time", "14.30", "14:30:00.000+08:00"),
        ("time", "9:05", "09:05:00.000+08:00"), ("text", "a\r\nb\x00\x1b", "a\nb"),
        ("dateTime", "31/01/2024 14.30", "2024-01-31T14:30:00.000+08:00"),
        ("dateTime", "2024-01-31T14:30", "2024-01-31T14:30:00.000+08:00"),
    ],
)  # fmt: skip
def test_an_answer_is_taken_as_people_write_it(type_: str, typed: str, kept: str) -> None:
    evaluation = run(build([q(type_, "a")]))
    page = pages.page(evaluation, "a")
    assert page is not None
    outcome = pages.submit(evaluation, page, {pages.SEEN: ["a"], "a": [typed]})
    assert (outcome.key, outcome.errors, value(evaluation, "a")) == ("", {}, kept)


@pytest.mark.parametrize(
    ("type_", "typed"),
    [("integer", "banyak"), ("integer", "1.5"), ("integer", "9" * 40), ("decimal", "1e5"),
     ("date", "31/02/2024"), ("date", "kemarin"), ("time", "25.00"), ("text", "x" * 9000)],
)  # fmt: skip
def test_what_cannot_be_read_is_said_and_stays_in_its_field(type_: str, typed: str) -> None:
    evaluation = run(build([q(type_, "a")]))
    outcome = press(evaluation, "a", a=typed)
    assert outcome.key == "a"
    page = pages.page(evaluation, "a")
    assert page is not None
    [field] = pages.fields(evaluation, page, outcome.errors)
    assert field.error
    assert field.value[:8000] == typed[:8000]


def test_a_choice_that_is_not_offered_is_not_taken() -> None:
    form = build(
        [q("select_one yn", "a"), q("select_multiple yn", "b"), q("acknowledge", "c")], YES_NO
    )
    evaluation = run(form)
    press(evaluation, "a", a="entah", b="tidak,entah,ya", c="x")
    assert [value(evaluation, name) for name in "abc"] == ["", "ya tidak", "OK"]


def test_what_is_not_on_the_page_cannot_be_posted() -> None:
    form = build(
        [begin("group", "g"), q("text", "a"), calculate("c", "1 + 1"), q("text", "r", readonly="yes"),
         end("group"), begin("group", "h"), q("text", "b"), end("group")]
    )  # fmt: skip
    evaluation = run(form)
    page = pages.page(evaluation, "g")
    assert page is not None
    every = "g~a g~c g~r h~b meta~instanceID g~a~x ../x"
    body = {pages.SEEN: [every], **{name: ["x"] for name in every.split()}}
    pages.submit(evaluation, page, body)
    assert [value(evaluation, name) for name in "acrb"] == ["x", "2", "", ""]


def test_a_draft_of_another_version_loses_only_what_has_no_place() -> None:
    evaluation = Evaluation(
        build([q("text", "a"), begin("repeat", "r"), q("text", "b"), end("repeat")]),
        {"/data/a": "x", "/data/gone": "y", "/data/r[2]/b": "z", "/data/r[x]/b": "n", "/other": "",
         "/data/r[99999]/b": "n", "/data/a/b": "n", "/data/r[1][2]/b": "n", "": "n"},
        now=forms.NOW,
    )  # fmt: skip
    assert evaluation.draft() == {
        "/data/a": "x", "/data/r[1]": "", "/data/r[2]": "", "/data/r[2]/b": "z",
    }  # fmt: skip


# --- Whatever is answered ----------------------------------------------------------------------

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "/data/diri/nama": WORDS,
        "/data/diri/umur": st.one_of(st.integers(-5, 200).map(str), WORDS),
        "/data/tempat/kab": st.sampled_from(["a", "b", ""]),
        "/data/tempat/kec": st.sampled_from(["a1", "a2", "b1", ""]),
        "/data/tempat/tanda": st.sampled_from(["ya", "tidak", "ya tidak", ""]),
        "/data/tempat/hari": st.sampled_from(["2024-02-29", "2023-01-01", ""]),
        "/data/tempat/jam": st.sampled_from(["14:30:00.000+08:00", ""]),
        "/data/jumlah": st.integers(0, 3).map(str),
        "/data/saksi[1]/sebutan": WORDS,
        "/data/saksi[2]/usia": st.integers(0, 99).map(str),
        "/data/kunjungan[2]/catatan": WORDS,
        "/data/setuju": st.sampled_from(["OK", ""]),
    },
)
FORM = sound()


def states(evaluation: Evaluation) -> dict[str, object]:
    """Everything that a form says about its answers."""
    return {
        item.path: (
            item.live and item.text, item.live, evaluation.required(item), evaluation.valid(item),
            evaluation.text(item), evaluation.questionnaire.values(item) if item.node.itemset else "",
        )
        for item in evaluation.state.root.below()
    }  # fmt: skip


def drafted(answers: Mapping[str, str]) -> Evaluation:
    """The form with these answers."""
    return Evaluation(FORM, answers, now=forms.NOW)


@settings(max_examples=60, deadline=None)
@given(ANSWERS, st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_matter(answers: dict[str, str], chance: object) -> None:
    order = list(answers)
    chance.shuffle(order)  # type: ignore[attr-defined]
    wanted = drafted(answers)
    assert states(drafted({path: answers[path] for path in order})) == states(wanted)
    one_by_one = drafted({path: "" for path in wanted.draft() if path.endswith("]")})
    for path in order:
        if one_by_one.set(path, answers[path]):
            one_by_one.settle()
    for path in order:  # rows that were not there yet
        one_by_one.set(path, answers[path])
    one_by_one.settle()
    assert states(one_by_one) == states(wanted)


@settings(max_examples=60, deadline=None)
@given(WORDS)
def test_an_answer_that_is_not_asked_changes_nothing(word: str) -> None:
    form = build([q("select_one yn", "ada"), q("text", "apa", relevant="${ada} = 'ya'"),
                  calculate("c", "concat(${apa}, '!')"), q("text", "b", required="${apa} = 'x'")],
                 YES_NO)  # fmt: skip
    without, with_ = run(form, ada="tidak"), run(form, ada="tidak", apa=word)
    assert states(without) == states(with_)
    assert pages.finished(without) == pages.finished(with_)


@settings(max_examples=40, deadline=None)
@given(ANSWERS)
def test_pressing_next_on_an_untouched_page_changes_nothing(answers: dict[str, str]) -> None:
    evaluation = drafted(answers)
    before = evaluation.draft(), states(evaluation)
    for page in pages.pages(evaluation):
        pages.submit(evaluation, page, posted(evaluation, page))
    assert (evaluation.draft(), states(evaluation)) == before
    rebuilt = again(evaluation)
    assert (rebuilt.draft(), states(rebuilt)) == before
