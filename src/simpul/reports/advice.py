"""What is said after the first page: help before questions, health care before the police."""

from collections.abc import Mapping
from dataclasses import dataclass

from simpul.directory import queries as directory
from simpul.directory.queries import Hotline
from simpul.reports import content

# Which answers are worth a word, question by question; danger always is.
WORTH = {
    "danger": {"yes", "unknown", "no", ""},
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
    """The advice for the answers of the first page; a skipped question is "".

    `for_other` says whether she reports for someone else, None when she has not said so yet.
    """
    return [
        _advice(question, answers.get(question, ""), for_other)
        for question in content.QUESTIONS
        if _plain(answers.get(question, "")) in WORTH[question]
    ]


def _plain(answer: str) -> str:
    return "" if answer == "skip" else answer


def _advice(question: str, answer: str, for_other: bool | None) -> Advice:
    said = content.texts()["page1"][question]
    key = f"answer_{_plain(answer) or 'skip'}"
    if question == "child" and answer == "yes" and for_other:
        key = "answer_yes_other"
    strong = answer in {"yes", "unknown"}
    return Advice(question, said[key], strong, directory.hotlines(question) if strong else [])
