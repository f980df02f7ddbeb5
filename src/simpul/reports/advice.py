"""What is said after the first page: help before questions, health care before the police."""

from collections.abc import Mapping
from dataclasses import dataclass

from simpul.directory import queries as directory
from simpul.directory.queries import Hotline
from simpul.reports import content

# Which answers are worth a word, question by question; danger always is.
WORTH = {
    "danger": {"yes", "unknown", "no", ""},
    "selfharm": {"yes", "unknown"},
    "health72": {"yes", "unknown", "no"},
    "child": {"yes", "unknown"},
    "transit": {"yes", "unknown"},
}


@dataclass(frozen=True, slots=True)
class Advice:
    """One piece of advice; a strong one stands in a frame, with numbers to call."""

    question: str
    text: str
    is_strong: bool
    hotlines: list[Hotline]


def after(answers: Mapping[str, str], *, for_other: bool | None = None) -> list[Advice]:
    """The advice for the answers of the first page; a skipped question is "". No number comes twice.

    `for_other` says whether she reports for someone else, None when she has not said so yet.
    """
    found: list[Advice] = []
    shown: set[str] = set()
    for question in content.QUESTIONS:
        answer = answers.get(question, "").removeprefix("skip")
        if answer in WORTH[question]:
            strong = answer in {"yes", "unknown"}
            numbers = directory.hotlines(question) if strong else []
            new = [line for line in numbers if line.code not in shown]
            shown |= {line.code for line in new}
            found.append(Advice(question, _text(question, answers, for_other), strong, new))
    if any(item.is_strong for item in found) and not answers.get("danger", "").removeprefix(
        "skip"
    ):
        return found[
            1:
        ]  # the numbers are there already: no word about a question that was skipped
    return found


def _text(question: str, answers: Mapping[str, str], for_other: bool | None) -> str:
    """The advice; a child who may be reading herself is spoken to as one."""
    answer = answers.get(question, "").removeprefix("skip")
    said = content.texts()["page1"][question]
    key = f"answer_{answer or 'skip'}"
    for_child = f"{key}_child"
    if question == "child" and answer == "yes" and for_other:
        key = "answer_yes_other"
    elif answers.get("child") == "yes" and not for_other and for_child in said:
        key = for_child
    return str(said[key])
