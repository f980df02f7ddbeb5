"""What an expression can come to, and how one kind becomes another (JavaRosa's rules)."""

import math
import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

Value = str | float | bool | date | time
NAN = math.nan
EPOCH = date(1970, 1, 1)

SPACE = " \t\r\n"  # what counts as white space in XML; a hard space does not
NUMBER = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)", re.A)
DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.A)
HOUR = re.compile(
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(Z|[+-]\d{2}(?::?\d{2})?)?", re.A
)


def to_number(value: Value) -> float:
    """As a number: true is 1, a day is the days since 1970, what is no number is NaN."""
    if isinstance(value, float):
        return value
    if isinstance(value, str):
        text = value.strip(SPACE)
        return float(text) if NUMBER.fullmatch(text) else NAN
    if isinstance(value, bool):
        return 1.0 if value else 0.0
    if isinstance(value, datetime):
        return float(value.toordinal() - EPOCH.toordinal()) + to_number(value.time())
    if isinstance(value, date):
        return float((value - EPOCH).days)
    return (value.hour * 3600 + value.minute * 60 + value.second) / 86400


def to_text(value: Value) -> str:
    """As text: numbers without exponent and needless zeros, days as ISO 8601 says."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return moment_text(value)


def to_bool(value: Value) -> bool:
    """As yes or no: a text is yes when it is not empty, a number when it is neither 0 nor NaN."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value != ""
    if isinstance(value, float):
        return abs(value) > 1e-12
    return True


def to_day(value: Value) -> date | datetime | None:
    """As a day or moment; None when it is none."""
    if isinstance(value, date):
        return value
    if isinstance(value, bool | time):
        return None
    if isinstance(value, float):
        if math.isnan(value) or not -719162 <= value <= 2932896:
            return None
        return EPOCH + timedelta(days=math.floor(value))
    return read_moment(value) or read_day(value)


def number_text(number: float) -> str:
    """`2` for 2.0, `0.1` for 0.1, never an exponent."""
    if number != number:
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == int(number):
        return str(int(number))
    return format(Decimal(repr(number)), "f")


def moment_text(moment: datetime | time) -> str:
    """A moment or time of day with milliseconds and its distance from UTC."""
    text = moment.isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def read_day(text: str) -> date | None:
    """The day that a text says as `2024-02-29`, or None."""
    match = DAY.fullmatch(text)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def read_hour(text: str) -> time | None:
    """The time of day that a text says, or None."""
    match = HOUR.fullmatch(text)
    if match is None:
        return None
    try:
        return time(
            int(match[1]), int(match[2]), int(match[3] or 0),
            int((match[4] or "").ljust(6, "0")), _zone(match[5]),
        )  # fmt: skip
    except ValueError:
        return None


def read_moment(text: str) -> datetime | None:
    """The moment that a text says as `2024-02-29T14:30:00.000+08:00`, or None."""
    day_text, _, hour_text = text.partition("T")
    day, hour = read_day(day_text), read_hour(hour_text)
    return datetime.combine(day, hour) if day and hour else None


def typed(text: str, kind: str) -> Value:
    """What an answer of this type is worth in an expression; an empty one is always an empty text."""
    if not text:
        return ""
    if kind in ("int", "decimal"):
        return to_number(text)
    if kind == "date":
        return read_day(text) or text
    if kind == "dateTime":
        return read_moment(text) or text
    if kind == "time":
        return read_hour(text) or text
    return text


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "")
    distance = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(-distance if text[0] == "-" else distance)
