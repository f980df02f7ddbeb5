"""No expression makes the evaluator hang, recurse or fail in another way than it says."""

import time
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simpul.questionnaires import lint
from simpul.questionnaires.compile import NotCompiled, Questionnaire
from simpul.questionnaires.definition import Definition, NotAForm
from simpul.questionnaires.evaluate import Evaluation
from simpul.questionnaires.xpath.closures import CannotBuild, compiled
from simpul.questionnaires.xpath.lexer import NotAnExpression
from simpul.questionnaires.xpath.parser import parse
from tests.questionnaires.forms import (
    NOW,
    begin,
    build,
    calculate,
    end,
    markdown,
    q,
    read,
    run,
    value,
)

PIECES = st.sampled_from(
    ["/data/a", "/data/n", "../n", ".", "..", "'x'", '"y"', "1", "2.5", "(", ")", "[", "]", ",", "+",
     "-", "*", "div", "mod", "and", "or", "=", "!=", "<", ">=", "|", "//", "if(", "concat(",
     "selected(", "count(", "sum(", "date(", "substr(", "round(", "regex(", "position(", "once(",
     "pow(", "jr:choice-name(", "indexed-repeat(", "format-date(", "current()", "instance('x')",
     "/data/r/b", "/data/r", " ", "1e3", "$", "\u00e9", "translate("]
)  # fmt: skip
ASKED = [q("text", "a"), q("integer", "n"), begin("repeat", "r"), q("text", "b"), end("repeat")]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=14).map("".join)))
def test_anything_is_read_or_refused(source: str) -> None:
    try:
        parse(source)
    except NotAnExpression as error:
        assert error.why
        assert 0 <= error.at <= len(source)


FORM = build([*ASKED, calculate("c", "1 + 1")])
FORMULA = FORM.definition.nodes["/data/c"]
PLACE = FORM.definition.nodes["/data/a"]


@settings(max_examples=300, deadline=500)
@given(
    st.lists(PIECES, min_size=1, max_size=9).map("".join),
    st.sampled_from(["", "7", "-1", "1e9", "abc", "2024-02-30", "x" * 500, "\U0001f30a", "NaN"]),
)
def test_whatever_is_built_gives_a_value_whatever_is_answered(source: str, answer: str) -> None:
    from simpul.questionnaires.xpath.closures import Builder

    try:
        closure = Builder(FORM.definition, FORMULA, FORM).expression(source)
    except (NotAnExpression, CannotBuild):
        return
    evaluation = run(FORM, a=answer, n=answer)
    item = evaluation.find("/data/c")
    assert item is not None
    assert isinstance(closure(item, None), str | float | bool) or closure(item, None) is not None


@settings(max_examples=120, deadline=None)
@given(
    st.lists(PIECES, min_size=1, max_size=9).map("".join),
    st.sampled_from(["", "7", "abc", "2024-02-29", "\U0001f30a"]),
)
def test_whatever_a_calculation_says_it_settles_or_is_refused(source: str, answer: str) -> None:
    xml = FORM.definition.xml.replace('calculate="1 + 1"', f"calculate={quoteattr(source)}")
    try:
        form = Questionnaire(Definition(xml))
    except (NotCompiled, NotAForm):
        return
    evaluation = run(form, a=answer, n=answer)
    assert Evaluation(form, evaluation.draft(), now=NOW).draft() == evaluation.draft()


@pytest.mark.parametrize(
    "source",
    [
        "(" * 3000, "-" * 4000 + "1", "1" + "+1" * 2000, "not(" * 1000 + "1" + ")" * 1000,
        "concat(" + "'a'," * 1000 + "'b')" + " " * 90, "a" * 5000, "/data" * 900, "'" + "x" * 4095,
    ],
    ids=["open", "minus", "plus", "calls", "wide", "long", "path", "quote"],
)  # fmt: skip
def test_deep_and_long_expressions_end_soon(source: str) -> None:
    began = time.process_time()
    try:
        parse(source)
    except NotAnExpression as error:
        assert error.why in ("deep", "long", "syntax", "sign")
    assert time.process_time() - began < 1


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|aa)+$", "^(.*)*x$", "^(([a-z])+.)+[A-Z]$"])
def test_a_pattern_built_to_hang_does_not(pattern: str) -> None:
    form = build([q("text", "a"), calculate("c", f"if(regex(${{a}}, '{pattern}'), 1, 0)")])
    began = time.process_time()
    assert value(run(form, a="a" * 8000 + "!"), "c") == "0"
    assert time.process_time() - began < 1


@pytest.mark.parametrize("pattern", ["^(a{1000}){1000}$", "^(?<=a)b$", "^\\1$", "^[$", "^(a$"])
def test_a_pattern_that_re2_does_not_take_is_refused_at_import(pattern: str) -> None:
    with pytest.raises(CannotBuild):
        compiled(pattern)


def test_the_longest_formula_that_is_read_also_runs() -> None:
    formula = "not(" * 36 + "1" + " + 1" * 250 + ")" * 36
    assert value(run(build([calculate("c", f"if({formula}, 1, 2)")])), "c") == "1"


def test_long_formulas_that_name_each_other_are_refused_and_do_not_break_the_linter() -> None:
    survey = [calculate("c0", "1" + " + 1" * 240)]
    survey += [calculate(f"c{n}", f"${{c{n - 1}}}" + " + 1" * 240) for n in range(1, 20)]
    survey.append(calculate("alles", "max(${c19}, 1)"))
    examined = lint.examine(read(markdown(survey)), {})
    assert {one.rule for one in examined.findings} <= {"long", "blank-rows"}


def test_a_choice_cannot_ask_for_labels_of_choices_for_ever() -> None:
    choices = [{"list_name": "x", "name": "a", "label": "${p}"}]
    xml = read(markdown([q("select_one x", "p")], choices)).xml
    assert '<output value=" /data/p "/>' in xml
    circle = xml.replace('value=" /data/p "', "value=\"jr:choice-name(/data/p, '/data/p')\"")
    with pytest.raises(NotCompiled) as raised:
        Questionnaire(Definition(circle))
    assert {one.what for one in raised.value.problems} == {"jr:choice-name"}
    with pytest.raises(NotCompiled) as raised:
        build([q("select_one x", "p", choice_filter="jr:choice-name(${p}, '${p}') = name")],
              [{"list_name": "x", "name": "a", "label": "A"}])  # fmt: skip
    assert {one.why for one in raised.value.problems} == {"cycle"}


def test_rules_that_need_each_other_are_refused_and_named() -> None:
    with pytest.raises(NotCompiled) as raised:
        build([calculate("a", "${b} + 1"), calculate("b", "${c} + 1"), calculate("c", "${a} + 1")])
    assert {one.why for one in raised.value.problems} == {"cycle"}
    assert {one.node.name for one in raised.value.problems} == {"a", "b", "c"}


def test_the_order_of_rows_in_the_workbook_does_not_matter_to_calculations() -> None:
    form = build([calculate("a", "${b} + 1"), calculate("b", "${n} + 1"), q("integer", "n")])
    assert value(run(form, n="1"), "a") == "3"


def test_settling_twice_is_settling_once() -> None:
    form = build([q("integer", "n"), calculate("c", "coalesce(${n}, 0) + 1"),
                  q("text", "a", relevant="${c} > 3"), calculate("d", "string-length(${a})")])  # fmt: skip
    evaluation = run(form, n="9", a="abc")
    before = evaluation.draft()
    evaluation.settle()
    assert evaluation.draft() == before
    assert value(evaluation, "d") == "3"


def test_a_text_that_grows_by_itself_stays_bounded() -> None:
    survey = [q("text", "a"), calculate("c0", "concat(${a}, ${a})")]
    survey += [calculate(f"c{n}", f"concat(${{c{n - 1}}}, ${{c{n - 1}}})") for n in range(1, 40)]
    evaluation = run(build(survey), a="x" * 1000)
    assert len(value(evaluation, "c39")) <= 100_000
