"""Questionnaires for the tests, written as rows; converted in this process, without the child."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from simpul.questionnaires import importer, sheet
from simpul.questionnaires.compile import Questionnaire
from simpul.questionnaires.definition import Definition
from simpul.questionnaires.evaluate import Evaluation

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=ZoneInfo("Asia/Makassar"))
Row = Mapping[str, str]


def q(type_: str, name: str, label: str = "Tanya", **more: str) -> dict[str, str]:
    """A row of the survey sheet; a double underscore in a column stands for `::`."""
    row = {"type": type_, "name": name, "label": label}
    row |= {column.replace("__", "::"): cell for column, cell in more.items()}
    return {column: cell for column, cell in row.items() if cell}


def calculate(name: str, calculation: str, **more: str) -> dict[str, str]:
    """A calculation."""
    return q("calculate", name, "", calculation=calculation, **more)


def begin(kind: str, name: str, **more: str) -> dict[str, str]:
    """The beginning of a group or repeat."""
    return q(f"begin_{kind}", name, "Bagian", **more)


def end(kind: str) -> dict[str, str]:
    """The end of a group or repeat."""
    return {"type": f"end_{kind}"}


YES_NO = [
    {"list_name": "yn", "name": "ya", "label": "Ya"},
    {"list_name": "yn", "name": "tidak", "label": "Tidak"},
]
PLACES = [
    {"list_name": "kab", "name": "a", "label": "A"},
    {"list_name": "kab", "name": "b", "label": "B"},
    {"list_name": "kec", "name": "a1", "label": "A satu", "kab": "a"},
    {"list_name": "kec", "name": "a2", "label": "A dua", "kab": "a"},
    {"list_name": "kec", "name": "b1", "label": "B satu", "kab": "b"},
]


def markdown(
    survey: Sequence[Row],
    choices: Sequence[Row] = (),
    settings: Row | None = None,
    compartment: str = "incident",
) -> str:
    """The sheets as Markdown; without a compartment of their own all rows have the same."""
    rows = [dict(row) for row in survey]
    if compartment:
        depth = 0
        for row in rows:
            depth -= row["type"].startswith("end")
            if depth == 0 and not row["type"].startswith(("end", "note")):
                row.setdefault("compartment", compartment)
            depth += row["type"].startswith("begin")
    told = {"form_title": "Contoh", "form_id": "contoh", "version": "1", "profile": "intake"}
    sheets = {"survey": rows, "choices": choices, "settings": [told | dict(settings or {})]}
    lines = []
    for name, listed in sheets.items():
        if not listed:
            continue
        columns = list(dict.fromkeys(column for row in listed for column in row))
        lines += [f"| {name} |", f"| | {' | '.join(columns)} |"]
        for row in listed:
            cells = [row.get(column, "").replace("|", "\\|") for column in columns]
            lines.append(f"| | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


@lru_cache(maxsize=256)
def read(text: str) -> sheet.Sheet:
    """The sheet of Markdown, through the importer's own code but in this process."""
    verdict, said = importer.answer(text.encode())
    return sheet.understood(verdict + len(said).to_bytes(4) + said)


def build(survey: Sequence[Row], choices: Sequence[Row] = (), **more: Row | str) -> Questionnaire:
    """A questionnaire that runs."""
    return Questionnaire(Definition(read(markdown(survey, choices, **more)).xml))  # type: ignore[arg-type]


def run(questionnaire: Questionnaire, **answers: str) -> Evaluation:
    """A questionnaire with answers to questions outside of repeats, by name."""
    evaluation = Evaluation(questionnaire, now=NOW)
    for name, text in answers.items():
        path = next(p for p in questionnaire.definition.nodes if p.endswith(f"/{name}"))
        assert evaluation.set(path, text)
    evaluation.settle()
    return evaluation


def value(evaluation: Evaluation, name: str) -> str:
    """What counts as the answer of a question outside of repeats."""
    nodes = evaluation.questionnaire.definition.nodes
    item = evaluation.find(next(path for path in nodes if path.endswith(f"/{name}")))
    assert item is not None
    return item.text if item.live else ""
