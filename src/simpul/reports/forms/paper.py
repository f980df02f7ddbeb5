"""The public door's questions as they stand on paper: a number, words, boxes to tick, room to write."""

from dataclasses import dataclass
from typing import Any

from django import forms

from simpul.reports.forms import public
from simpul.reports.forms.dictation import NUMBERS

ROOM = {"story": 11}  # lines to write on; one where nothing is said


@dataclass(frozen=True, slots=True)
class Question:
    """One question on paper."""

    name: str
    number: int
    label: str
    hint: str
    boxes: list[str]
    lines: range


def questions() -> dict[str, Question]:
    """Every question by name, in the order and with the numbers of the typing page."""
    form = public.Report(None, regions=[], offices=[])
    return {name: _question(form.fields[name], name, number) for name, number in NUMBERS.items()}


def _question(field: forms.Field, name: str, number: int) -> Question:
    choices: Any = field.choices if isinstance(field, forms.ChoiceField) else []
    boxes = [str(label) for code, label in choices if code and not isinstance(label, list)]
    room = 0 if boxes else ROOM.get(name, 1)
    return Question(name, number, str(field.label), str(field.help_text), boxes, range(room))
