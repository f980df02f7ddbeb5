"""Writes XLSForms row by row, and remembers what may be answered where."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.questionnaires.oracle.states import Operation

Row = dict[str, str]


@dataclass(frozen=True)
class Form:
    """One form of the harness with its answer scripts."""

    name: str
    family: str
    sheet: str
    scripts: dict[str, Sequence[Operation]]
    exact: bool = True  # every operation must be possible; else impossible ones are left out


@dataclass(frozen=True)
class Question:
    """A question that a script can answer; a repeat in its path waits for its position: `{}`."""

    path: str
    type: str
    options: tuple[str, ...] = ()


@dataclass
class Sheet:
    """An XLSForm that is being written."""

    settings: Row = field(default_factory=dict)
    survey: list[Row] = field(default_factory=list)
    lists: dict[str, list[Row]] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    repeats: list[str] = field(default_factory=list)
    within: list[str] = field(default_factory=lambda: ["/data"])
    as_ticked: bool = (
        False  # several choices are answered in any order, not in the order of the list
    )

    def ask(self, kind: str, name: str, label: str = "", **columns: str) -> None:
        """One row: a question, note or calculate. A column's `__` stands for `::`."""
        row = {"type": kind, "name": name, **_columns(columns)}
        if label or not any(key.startswith("label") for key in row):
            row["label"] = label or f"Tanya {name}"
        if kind == "calculate":
            del row["label"]
        self.survey.append(row)
        control, *rest = kind.split()
        options = [choice["name"] for choice in self.lists.get(rest[0], ())] if rest else []
        if control not in ("calculate", "note", "hidden"):
            other = ["other"] if rest[1:] else []
            self.questions.append(Question(self._path(name), control, (*options, *other)))
            self.questions += [Question(self._path(f"{name}_other"), "text") for _ in other]

    def calculate(self, name: str, expression: str, **columns: str) -> None:
        """A calculated node."""
        self.ask("calculate", name, calculation=expression, **columns)

    def choices(self, list_name: str, *rows: str | Row) -> None:
        """A list of choices; a bare word is a choice with that value."""
        self.lists[list_name] = [
            {"name": row, "label": row.capitalize()} if isinstance(row, str) else dict(row)
            for row in rows
        ]

    @contextmanager
    def group(self, name: str, label: str = "", **columns: str) -> Iterator[None]:
        """The rows inside belong to a group."""
        yield from self._inside("group", name, name, label, columns)

    @contextmanager
    def repeat(
        self, name: str, label: str = "", count: str = "", **columns: str
    ) -> Iterator[None]:
        """The rows inside are asked as often as wanted, or `count` times."""
        if count:
            columns["repeat_count"] = count
        else:
            self.repeats.append(self._path(name))
        yield from self._inside("repeat", name, name + "[{}]", label, columns)

    def markdown(self) -> str:
        """The sheet as pyxform reads it."""
        choices = [{"list_name": name, **row} for name, rows in self.lists.items() for row in rows]
        parts = [_table("survey", self.survey)]
        if choices:
            parts.append(_table("choices", choices))
        if self.settings:
            parts.append(_table("settings", [self.settings]))
        return "\n".join(parts) + "\n"

    def _path(self, name: str) -> str:
        return "/".join([*self.within, name])

    def _inside(self, kind: str, name: str, step: str, label: str, columns: Row) -> Iterator[None]:
        row = {"type": f"begin_{kind}", "name": name, **_columns(columns)}
        if not any(key.startswith("label") for key in row):
            row["label"] = label or f"Bagian {name}"
        self.survey.append(row)
        self.within.append(step)
        yield
        self.within.pop()
        self.survey.append({"type": f"end_{kind}"})


def _columns(columns: Row) -> Row:
    return {key.replace("__", "::"): value for key, value in columns.items() if value}


def _table(name: str, rows: Sequence[Row]) -> str:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [f"| {name} |", _line(columns)]
    lines += [_line([row.get(column, "") for column in columns]) for row in rows]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| | " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
