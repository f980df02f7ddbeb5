"""What people type, as the form stores it, and what is stored, as people see it."""

import re
import unicodedata
from datetime import date, datetime, time

from simpul.questionnaires.xpath.values import (
    NUMBER,
    moment_text,
    read_day,
    read_hour,
    read_moment,
)

MAX_TEXT = 8000

WHOLE = re.compile(r"-?\d{1,9}", re.A)
DAY_FIRST = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})", re.A)
CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})(?:[:.]\d{2})?", re.A)


def stored(text: str, kind: str, now: datetime) -> str:
    """An answer in the form that is kept; one that cannot be read stays as it was typed."""
    text = tidy(text)
    if not text:
        return ""
    if kind == "int":
        return text.replace(" ", "")
    if kind == "decimal":
        return text.replace(",", ".", 1) if "." not in text else text
    if kind == "date":
        day = spoken_day(text)
        return day.isoformat() if day else text
    if kind == "time":
        hour = spoken_hour(text, now)
        return moment_text(hour) if hour else text
    if kind == "dateTime":
        day_text, _gap, hour_text = text.replace("T", " ").rpartition(" ")
        day, hour = spoken_day(day_text), spoken_hour(hour_text, now)
        return moment_text(datetime.combine(day, hour)) if day and hour else text
    return text


def shown(text: str, kind: str) -> str:
    """A stored answer as a field of a page holds it."""
    if kind == "time" and read_hour(text):
        return text[:5]
    if kind == "dateTime" and read_moment(text):
        return text[:16]
    return text


def is_readable(text: str, kind: str) -> bool:
    """Whether an answer is of its question's type."""
    if not text:
        return True
    if kind == "int":
        return bool(WHOLE.fullmatch(text))
    if kind == "decimal":
        return len(text) <= 20 and bool(NUMBER.fullmatch(text))
    if kind == "date":
        return read_day(text) is not None
    if kind == "time":
        return read_hour(text) is not None
    if kind == "dateTime":
        return read_moment(text) is not None
    return len(text) <= MAX_TEXT


def tidy(text: str) -> str:
    """Text without control signs and halves of signs, with single line feeds, trimmed."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = (one for one in text if one in "\n\t" or unicodedata.category(one) not in ("Cc", "Cs"))
    return "".join(kept).strip()[: MAX_TEXT + 1]


def spoken_day(text: str) -> date | None:
    """The day in `2024-02-29`, `29/2/2024` or `29-02-2024`, or None."""
    if match := DAY_FIRST.fullmatch(text.strip()):
        return read_day(f"{match[3]}-{match[2]}-{match[1]}")
    return read_day(text.strip())


def spoken_hour(text: str, now: datetime) -> time | None:
    """The time of day in `14:30` or `14.30`, as far from UTC as now, or None."""
    match = CLOCK.fullmatch(text.strip())
    if match is None:
        return read_hour(text.strip())
    return read_hour(f"{int(match[1]):02}:{match[2]}:00.000{now:%z}")
