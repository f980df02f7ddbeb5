"""Every rule of the portable profile refuses its example, in its row, and says what helps."""

import re
from pathlib import Path

import pytest

from simpul.questionnaires import lint
from simpul.questionnaires.rules import RULES
from tests.questionnaires import forms, rules_page
from tests.questionnaires.examples import EXAMPLES, SOUND, Example

CODEBOOKS = {"gbv:tanda": frozenset({"T1"})}


def findings(example: Example) -> list[lint.Finding]:
    """What the linter finds in an example."""
    sheet = forms.read(example.text)
    if example.rule == "sheet":
        sheet.others.append("entities")
    return lint.examine(sheet, CODEBOOKS).findings


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.rule)
def test_a_form_outside_the_profile_is_refused_with_its_rule_and_row(example: Example) -> None:
    found = findings(example)
    assert {one.rule for one in found} == {example.rule}
    assert (found[0].sheet, found[0].row) == (example.sheet, example.row)
    examined = lint.examine(forms.read(example.text), CODEBOOKS)
    assert examined.questionnaire is None


def test_every_rule_has_an_example() -> None:
    assert {example.rule for example in EXAMPLES} == RULES.keys()


def test_a_sound_form_is_not_refused() -> None:
    examined = lint.examine(forms.read(SOUND.text), CODEBOOKS)
    assert examined.findings == []
    assert examined.questionnaire is not None


def test_each_finding_says_what_is_wrong_and_what_to_write() -> None:
    for example in EXAMPLES:
        one = findings(example)[0]
        assert "{what}" not in one.sentence
        assert one.what in one.sentence or "{what}" not in str(RULES[one.rule].sentence)
        assert one.remedy
        assert one.place


def test_several_mistakes_are_told_together_as_the_rows_run() -> None:
    survey = [
        forms.q("integer", "umur", constraint=". > 0"),
        forms.calculate("dewasa", "${umur} > 17"),
        forms.q("text", "lain", relevant="${umur} = '3'"),
    ]
    found = lint.examine(forms.read(forms.markdown(survey)), CODEBOOKS).findings
    told = [(one.row, one.rule) for one in found]
    assert told == [(2, "message"), (3, "boolean-calculation"), (4, "quoted-number")]


def test_what_a_misspelt_column_was_meant_to_be_is_said() -> None:
    example = next(one for one in EXAMPLES if one.rule == "column")
    assert findings(example)[0].what == "relevent → relevant?"


@pytest.mark.parametrize(
    "formula",
    [
        "if(${umur} != '', 1, 0)",
        "if(${umur} = 18 and ${nama} = 'x', 1, 0)",
        "if(${hari} > date('2024-01-31'), 1, 0)",
        "if(${hari} != '' and ${umur} > 3, format-date(date(${hari} + 7), '%d %b %Y'), '')",
        "if(${hari} = '', '', format-date(date(${hari} + 7), '%Y-%m-%d'))",
        "format-date(date(today() - 7), '%Y-%m-%d')",
        "concat('kira-kira ', coalesce(${umur}, 0) + 1)",
        "int(decimal-date-time(today()) - decimal-date-time(${hari}))",
        "coalesce(${umur}, 0) * 2 + 1",
        "if(regex(${nama}, '^[a-z]+$'), 1, 0)",
        "once(concat(${nama}, '-', ${umur}))",
    ],
)
def test_the_remedies_are_themselves_inside_the_profile(formula: str) -> None:
    asked = [forms.q("integer", "umur"), forms.q("text", "nama"), forms.q("date", "hari")]
    survey = [*asked, forms.calculate("hasil", formula)]
    assert lint.examine(forms.read(forms.markdown(survey)), CODEBOOKS).findings == []


def test_a_code_of_a_choice_must_be_in_the_codebook() -> None:
    choices = [{"list_name": "yn", "name": "ya", "label": "Ya", "stat_code": "T9"}]
    survey = [forms.q("select_multiple yn", "tanda", stat="gbv:tanda")]
    [one] = lint.examine(forms.read(forms.markdown(survey, choices)), CODEBOOKS).findings
    assert (one.rule, one.sheet, one.row, one.what) == ("stat", "choices", 2, "gbv:tanda: T9")


def test_a_rule_in_the_docs_is_a_rule_of_the_linter() -> None:
    page = Path(__file__).parents[2] / rules_page.PAGE
    assert page.read_text() == rules_page.text()
    assert len(re.findall(r"^\| `", page.read_text(), re.M)) == len(RULES)
