"""The functions of the portable profile that take plain values and give one."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation

from simpul.questionnaires.xpath.values import (
    NAN,
    SPACE,
    Value,
    number_text,
    to_bool,
    to_day,
    to_number,
    to_text,
)

MAX_TEXT = 100_000  # of what a function gives back


def parts(value: Value) -> list[str]:
    """What stands between white space."""
    return [part for part in re.split(f"[{SPACE}]+", to_text(value)) if part]


def selected(value: Value, wanted: Value) -> bool:
    """Whether a choice is among those chosen."""
    return f" {to_text(wanted).strip()} " in f" {to_text(value)} "


def count_selected(value: Value) -> float:
    """How many choices are chosen."""
    return float(len(parts(value)))


def selected_at(value: Value, index: Value) -> str:
    """The choice at a place, from 0; nothing where there is none."""
    chosen, at = parts(value), to_number(index)
    return chosen[int(at)] if 0 <= at < len(chosen) else ""


def coalesce(first: Value, second: Value) -> Value:
    """The first, or the second where the first is empty."""
    return second if to_text(first) == "" else first


def whole(value: Value) -> float:
    """The number without what stands behind its point."""
    number = to_number(value)
    return float(math.trunc(number)) if math.isfinite(number) else number


def rounded(value: Value, places: Value = 0.0) -> float:
    """The number rounded, halves upwards; to decimal places where they are given."""
    number, wanted = to_number(value), to_number(places)
    if not math.isfinite(number) or not -15 <= wanted <= 15:
        return number if math.isfinite(wanted) else NAN
    if wanted == 0:
        return float(math.floor(number + 0.5))
    step = Decimal(1).scaleb(-int(wanted))
    try:
        halves = ROUND_HALF_UP if number > 0 else ROUND_HALF_DOWN
        return float(Decimal(number_text(number)).quantize(step, halves))
    except InvalidOperation:
        return number


def power(base: Value, exponent: Value) -> float:
    """The base to a power; NaN where there is none."""
    try:
        result = math.pow(to_number(base), to_number(exponent))
    except (ValueError, ZeroDivisionError):
        return NAN
    except OverflowError:
        return math.inf
    return result


def calculated(function: Callable[[float], float]) -> Callable[[Value], float]:
    """A function of numbers that gives NaN where it has no value."""

    def run(value: Value) -> float:
        try:
            return float(function(to_number(value)))
        except ValueError:
            return NAN
        except OverflowError:
            return math.inf

    return run


def substr(value: Value, start: Value, end: Value | None = None) -> str:
    """The part from a place up to another, from 0; negative places count from the end."""
    text = wide(value)
    size = len(text) // 2
    first = to_number(start)
    last = float(size) if end is None else to_number(end)
    places = []
    for place in (first, last):
        if place != place:
            return ""
        place = max(-1e9, min(1e9, place))
        places.append(int(place) + size if place < 0 else int(place))
    low, high = (max(0, min(size, place)) for place in places)
    return text[2 * low : 2 * high].decode("utf-16-le", "ignore")


def wide(value: Value) -> bytes:
    """The text in UTF-16, which is how both Java and JavaScript count its length."""
    return to_text(value).encode("utf-16-le", "ignore")


def before(value: Value, mark: Value) -> str:
    """What stands before a mark."""
    text, sign = to_text(value), to_text(mark)
    return text.partition(sign)[0] if sign and sign in text else ""


def after(value: Value, mark: Value) -> str:
    """What stands behind a mark."""
    text, sign = to_text(value), to_text(mark)
    if not sign:
        return text
    return text.partition(sign)[2]


def translate(value: Value, these: Value, those: Value) -> str:
    """The text with signs replaced by others, and without those that have none."""
    old, new = to_text(these), to_text(those)
    table: dict[int, str | None] = {}
    for n, sign in enumerate(old):
        table.setdefault(ord(sign), new[n] if n < len(new) else None)
    return to_text(value).translate(table)


def boolean_from_string(value: Value) -> bool:
    """Yes for `true` and `1`."""
    return to_text(value).lower() in ("true", "1")


def to_date(value: Value) -> Value:
    """The day or moment; nothing where there is none."""
    day = to_day(value)
    return "" if day is None else day


def to_moment(value: Value) -> Value:
    """The moment; nothing where there is none."""
    day = to_day(value)
    if day is None:
        return ""
    return day if isinstance(day, datetime) else datetime.combine(day, time())


def decimal_moment(value: Value, zone: tzinfo | None) -> float:
    """Days since 1970 in universal time; a day begins at its midnight in this zone."""
    day = to_day(value)
    if day is None:
        return NAN
    moment = day if isinstance(day, datetime) else datetime.combine(day, time())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone or UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(days=1)


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
PARTS: dict[str, Callable[[datetime], str]] = {
    "Y": lambda d: f"{d.year:04}",
    "y": lambda d: f"{d.year % 100:02}",
    "m": lambda d: f"{d.month:02}",
    "n": lambda d: f"{d.month}",
    "b": lambda d: MONTHS[d.month - 1],
    "d": lambda d: f"{d.day:02}",
    "e": lambda d: f"{d.day}",
    "H": lambda d: f"{d.hour:02}",
    "h": lambda d: f"{d.hour}",
    "M": lambda d: f"{d.minute:02}",
    "S": lambda d: f"{d.second:02}",
    "3": lambda d: f"{d.microsecond // 1000:03}",
    "a": lambda d: DAYS[d.weekday()],
}
PORTABLE_PARTS = set("YymndeHhMS3b")


def format_day(value: Value, pattern: Value) -> str:
    """A day or moment as `%d %b %Y` says; nothing where there is none."""
    day = to_day(value)
    if day is None:
        return ""
    moment = day if isinstance(day, datetime) else datetime.combine(day, time())
    text, made, at = to_text(pattern), [], 0
    while at < len(text):
        if text[at] == "%" and at + 1 < len(text):
            part = PARTS.get(text[at + 1])
            made.append(part(moment) if part else text[at + 1])
            at += 2
        else:
            made.append(text[at])
            at += 1
    return "".join(made)


def checklist(least: Value, most: Value, *answers: Value) -> bool:
    """Whether at least and at most so many of the answers are yes; -1 for no limit."""
    yes = sum(to_bool(answer) for answer in answers)
    low, high = to_number(least), to_number(most)
    return (low < 0 or yes >= low) and (high < 0 or yes <= high)


@dataclass(frozen=True, slots=True)
class Plain:
    """A function with how many arguments it takes and what kind it gives."""

    least: int
    most: int
    gives: str
    run: Callable[..., Value]


PLAIN: dict[str, Plain] = {
    "selected": Plain(2, 2, "boolean", selected),
    "count-selected": Plain(1, 1, "number", count_selected),
    "selected-at": Plain(2, 2, "string", selected_at),
    "coalesce": Plain(2, 2, "either", coalesce),
    "int": Plain(1, 1, "number", whole),
    "number": Plain(1, 1, "number", to_number),
    "string": Plain(1, 1, "string", to_text),
    "boolean": Plain(1, 1, "boolean", to_bool),
    "boolean-from-string": Plain(1, 1, "boolean", boolean_from_string),
    "not": Plain(1, 1, "boolean", lambda value: not to_bool(value)),
    "true": Plain(0, 0, "boolean", lambda: True),
    "false": Plain(0, 0, "boolean", lambda: False),
    "round": Plain(1, 2, "number", rounded),
    "floor": Plain(1, 1, "number", calculated(math.floor)),
    "ceiling": Plain(1, 1, "number", calculated(math.ceil)),
    "abs": Plain(1, 1, "number", calculated(abs)),
    "pow": Plain(2, 2, "number", power),
    "sqrt": Plain(1, 1, "number", calculated(math.sqrt)),
    "exp": Plain(1, 1, "number", calculated(math.exp)),
    "exp10": Plain(1, 1, "number", lambda value: power(10.0, value)),
    "log": Plain(1, 1, "number", calculated(math.log)),
    "log10": Plain(1, 1, "number", calculated(math.log10)),
    "pi": Plain(0, 0, "number", lambda: math.pi),
    "date": Plain(1, 1, "date", to_date),
    "date-time": Plain(1, 1, "dateTime", to_moment),
    "format-date": Plain(2, 2, "string", format_day),
    "format-date-time": Plain(2, 2, "string", format_day),
    "string-length": Plain(1, 1, "number", lambda value: float(len(wide(value)) // 2)),
    "substr": Plain(2, 3, "string", substr),
    "substring-before": Plain(2, 2, "string", before),
    "substring-after": Plain(2, 2, "string", after),
    "contains": Plain(2, 2, "boolean", lambda value, part: to_text(part) in to_text(value)),
    "starts-with": Plain(
        2, 2, "boolean", lambda value, part: to_text(value).startswith(to_text(part))
    ),
    "ends-with": Plain(
        2, 2, "boolean", lambda value, part: to_text(value).endswith(to_text(part))
    ),
    "translate": Plain(3, 3, "string", translate),
    "normalize-space": Plain(1, 1, "string", lambda value: " ".join(parts(value))),
    "checklist": Plain(3, 99, "boolean", checklist),
}
# Those that look at nodes, rows or the moment; `closures.py` makes them.
OTHERS: dict[str, tuple[int, int, str]] = {
    "if": (3, 3, "either"),
    "once": (1, 1, "either"),
    "concat": (1, 99, "string"),
    "join": (2, 99, "string"),
    "sum": (1, 1, "number"),
    "min": (1, 99, "number"),
    "max": (1, 99, "number"),
    "count": (1, 1, "number"),
    "count-non-empty": (1, 1, "number"),
    "position": (1, 1, "number"),
    "indexed-repeat": (3, 7, "either"),
    "jr:choice-name": (2, 2, "string"),
    "decimal-date-time": (1, 1, "number"),
    "regex": (2, 2, "boolean"),
    "today": (0, 0, "date"),
    "now": (0, 0, "dateTime"),
    "current": (0, 0, "node"),
    "instance": (1, 1, "node"),
}


def gives(name: str) -> str:
    """What kind of value a function gives; `either` depends on its arguments."""
    return PLAIN[name].gives if name in PLAIN else OTHERS[name][2]
