"""What a page of a questionnaire costs beyond the database, and how soon the largest forms settle."""

import json
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter

from simpul.questionnaires import pages
from simpul.questionnaires.compile import Questionnaire
from simpul.questionnaires.definition import Definition
from simpul.questionnaires.evaluate import Evaluation
from tests.load.table import Figure, note
from tests.questionnaires import forms
from tests.questionnaires.forms import YES_NO, begin, build, calculate, end, q

RUNS = 41
PAGE, SETTLE = 0.010, 0.025


def measure() -> list[Figure]:
    """A form of fifty questions page by page, and one of a thousand expressions as a whole."""
    fifty, large = _fifty(), _large()
    answers = _answered(fifty)
    key = "g2"
    body = _posted(fifty, answers, key)
    gets = _timed(partial(_get, fifty, answers, key))
    posts = _timed(partial(_post, fifty, answers, key, body))
    many = _answered(large)
    evaluation = Evaluation(large, many, now=forms.NOW)
    settles = _timed(partial(_settle, large, many))
    again = _timed(evaluation.settle)
    xml = large.definition.xml
    compiles = _timed(lambda: Questionnaire(Definition(xml)), runs=5)
    rules = len(large.rules) + len(large.constraint) + len(large.required)
    return [
        _figure("a page of a form of 50 questions, GET", gets, PAGE, "draft read, settled, fields made"),
        _figure("the same, POST", posts, PAGE, "and judged, next page made, draft"),
        _figure(
            f"a form of {rules:,} expressions settles", settles, SETTLE,
            f"from its draft of {len(many):,} answers, two passes, {len(large.rules):,} rules",
        ),
        note("… settles again", f"{1000 * median(again):.1f} ms", "one pass; nothing changes"),
        note(
            "… is compiled", f"{1000 * median(compiles):.0f} ms",
            "once for each version and process; kept afterwards",
        ),
    ]  # fmt: skip


def _figure(what: str, took: list[float], most: float, how: str) -> Figure:
    middle, slowest = median(took), sorted(took)[len(took) * 95 // 100]
    return Figure(
        what, f"{1000 * middle:.1f} ms", f"≤ {1000 * most:.0f} ms", middle <= most,
        f"wall time without database and template, median of {len(took)}, 95 of 100 within"
        f" {1000 * slowest:.1f} ms: {how}",
    )  # fmt: skip


def _timed(act: Callable[[], object], runs: int = RUNS) -> list[float]:
    took = []
    for _ in range(runs):
        began = perf_counter()
        act()
        took.append(perf_counter() - began)
    return took


def _fifty() -> Questionnaire:
    """Five pages of ten questions with conditions, rules, calculations and cascading choices."""
    survey = []
    for page in range(5):
        survey.append(begin("group", f"g{page}"))
        for n in range(10):
            before = f"a{page}_{n - 1}"
            more = {"relevant": f"${{{before}}} = 'ya'"} if n % 3 == 1 else {}
            if n % 3 == 0:
                survey.append(q("select_one yn", f"a{page}_{n}", required="yes"))
            elif n % 3 == 1:
                survey.append(
                    q("integer", f"a{page}_{n}", constraint=". >= 0 and . < 120",
                      constraint_message="Periksa lagi.", **more)
                )  # fmt: skip
            else:
                survey.append(q("text", f"a{page}_{n}", f"Apa lagi setelah ${{{before}}}?"))
        survey.append(
            calculate(f"c{page}", f"if(${{a{page}_1}} > 17, 1, 0) + coalesce(${{a{page}_4}}, 0)")
        )
        survey.append(end("group"))
    return build(survey, YES_NO)


def _large() -> Questionnaire:
    """A thousand expressions, in chains, as the largest public forms have them."""
    survey = []
    for group in range(20):
        survey.append(begin("group", f"g{group}"))
        for n in range(24):
            name, before = f"a{group}_{n}", f"a{group}_{n - 1}"
            more = {"relevant": f"${{{before}}} = 'ya' or ${{{before}}} = 'tidak'"} if n else {}
            survey.append(q("select_one yn", name, **more))
            survey.append(
                calculate(f"c{group}_{n}", f"if(selected(${{{name}}}, 'ya') and "
                          f"string-length(${{a{group}_0}}) > 1, {n} + 1, 0)")
            )  # fmt: skip
        total = " + ".join(f"${{c{group}_{n}}}" for n in range(24))
        survey += [calculate(f"t{group}", total), end("group")]
    return build(survey, YES_NO)


def _answered(questionnaire: Questionnaire) -> dict[str, str]:
    evaluation = Evaluation(questionnaire, now=forms.NOW)
    for item in evaluation.state.root.below():
        if item.node.control == "select1":
            evaluation.set(item.path, "ya")
        elif item.node.type == "int" and item.node.in_body:
            evaluation.set(item.path, "34")
        elif item.node.in_body and item.node.kind == "leaf":
            evaluation.set(item.path, "Sesuatu yang ditulis")
    evaluation.settle()
    return evaluation.draft()


def _get(questionnaire: Questionnaire, answers: dict[str, str], key: str) -> object:
    evaluation = Evaluation(questionnaire, json.loads(json.dumps(answers)), now=forms.NOW)
    page = pages.page(evaluation, key)
    assert page is not None
    return pages.fields(evaluation, page)


def _posted(
    questionnaire: Questionnaire, answers: dict[str, str], key: str
) -> dict[str, list[str]]:
    evaluation = Evaluation(questionnaire, answers, now=forms.NOW)
    page = pages.page(evaluation, key)
    assert page is not None
    shown = pages.fields(evaluation, page)
    return {pages.SEEN: [pages.seen(shown)], **{f.name: [f.value] for f in shown}}


def _post(
    questionnaire: Questionnaire, answers: dict[str, str], key: str, body: dict[str, list[str]]
) -> object:
    evaluation = Evaluation(questionnaire, json.loads(json.dumps(answers)), now=forms.NOW)
    page = pages.page(evaluation, key)
    assert page is not None
    outcome = pages.submit(evaluation, page, body)
    assert outcome.key == "g3", outcome
    following = pages.page(evaluation, outcome.key)
    assert following is not None
    return pages.fields(evaluation, following), json.dumps(evaluation.draft())


def _settle(questionnaire: Questionnaire, answers: dict[str, str]) -> object:
    return Evaluation(questionnaire, answers, now=forms.NOW)
