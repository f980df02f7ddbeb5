"""Why the two oracles differ, construct by construct; each reason is a rule of the portable profile.

A difference that follows from another one (a label that shows a disputed answer) needs no reason of its own.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from xml.etree import ElementTree

from tests.questionnaires.oracle.recordings import Played, Recorded
from tests.questionnaires.oracle.states import XFORMS, plain

JR = "{http://openrosa.org/javarosa}"
PATH = re.compile(r"(?:/data(?:/[\w.-]+)+|(?:\.\./)+[\w.-]+(?:/[\w.-]+)*|current\(\)/[\w./-]+)")
COLUMN = {"v": "calculate", "r": "relevant", "q": "required", "c": "constraint", "o": "readonly"}
DAY = r"'\d{4}-\d\d-\d\d'"


@dataclass(frozen=True)
class Difference:
    """One attribute of one node on which the oracles differ, and the expression that decides it."""

    form: Recorded
    script: str
    path: str
    attribute: str
    javarosa: Any
    xforms: Any
    expression: str
    asks: str  # "select", "input", … or "" for a calculate
    filtered: bool  # the choices have a filter
    removed: bool  # the script removes a row, and this is computed from rows


@dataclass(frozen=True)
class Reason:
    """A construct on which engines go different ways, and what an author writes instead."""

    id: str
    why: str
    instead: str
    fits: Callable[[Difference], bool]


@dataclass(frozen=True)
class Logic:
    """What a form says about its nodes: binds, controls, labels, and who reads whom."""

    binds: Mapping[str, Mapping[str, str]]
    controls: Mapping[str, str]
    filters: Mapping[str, str]
    reads: Mapping[str, frozenset[str]]
    repeats: Mapping[str, str]  # with the expression that counts it, or ""

    @classmethod
    @cache
    def of(cls, xml: str) -> "Logic":
        """Reads the form."""
        root = ElementTree.fromstring(xml.encode())
        binds = {bind.attrib["nodeset"]: dict(bind.attrib) for bind in root.iter(f"{XFORMS}bind")}
        for action in root.iter(f"{XFORMS}setvalue"):  # a default that is calculated, a trigger
            bind = binds.setdefault(action.attrib["ref"], {})
            bind.setdefault("calculate", action.get("value", ""))
        controls, filters, labels = {}, {}, {}
        for element in root.iter():
            place = element.get("ref", "")
            if place.startswith("/data"):
                controls[place] = element.tag.removeprefix(XFORMS)
                labels[place] = _label(root, element)
                for itemset in element.findall(f"{XFORMS}itemset"):
                    filters[place] = itemset.attrib["nodeset"]
        repeats = {
            repeat.attrib["nodeset"]: repeat.get(f"{JR}count", "")
            for repeat in root.iter(f"{XFORMS}repeat")
        }
        everything = {*binds, *controls, *repeats}
        reads = {
            place: frozenset(
                _references(place, binds.get(place, {}), labels.get(place, ""), filters, repeats)
            )
            for place in everything
        }
        return cls(binds, controls, filters, reads, repeats)

    def stands_on_rows(self, place: str) -> bool:
        """Whether it is computed, outside every repeat, from two or more things that look at rows."""
        looks = [
            one
            for one in self.reads.get(place, ())
            if any(
                repeat in self.binds.get(one, {}).get("calculate", "") for repeat in self.repeats
            )
        ]
        return len(looks) > 1


def differences(form: Recorded, played: Played) -> Iterator[tuple[Difference, bool]]:
    """Every difference of a script, and whether it is one of its own rather than what follows."""
    rows = list(played.disputed())
    if not rows:
        return
    logic = Logic.of(form.xml)
    disputed = {plain(path) for path, *_ in rows}
    for path, attribute, first, second in rows:
        place = plain(path)
        expression = logic.binds.get(place, {}).get(COLUMN.get(attribute, ""), "")
        found = Difference(
            form, played.name, path, attribute, first, second, expression.strip(),
            logic.controls.get(place, ""), "[" in logic.filters.get(place, ""),
            any(verb == "remove" for verb, *_ in played.ops) and logic.stands_on_rows(place),
        )  # fmt: skip
        yield found, not (_sources(place, logic) - {place}) & disputed


def reason(difference: Difference) -> Reason | None:
    """The first reason that fits."""
    return next((one for one in REASONS if one.fits(difference)), None)


def refusal(error: str) -> str:
    """What kind of refusal an engine's error is."""
    for pattern, kind in REFUSALS:
        if re.search(pattern, error):
            return kind
    return ""


def _sources(place: str, logic: Logic) -> set[str]:
    """Everything that this node is made from, however far away; what surrounds it included."""
    found: set[str] = set()
    queue = [place]
    while queue:
        here = queue.pop()
        parts = here.split("/")
        around = ["/".join(parts[:n]) for n in range(3, len(parts))]
        for source in (*logic.reads.get(here, ()), *around):
            if source not in found:
                found.add(source)
                queue.append(source)
    return found


def _references(
    place: str,
    bind: Mapping[str, str],
    label: str,
    filters: Mapping[str, str],
    repeats: Mapping[str, str],
) -> Iterator[str]:
    texts = [bind.get(column, "") for column in COLUMN.values()]
    for text in (*texts, label, filters.get(place, ""), repeats.get(place, "")):
        for found in PATH.findall(text):
            yield _absolute(place, found.removeprefix("current()/"))


def _absolute(place: str, path: str) -> str:
    if path.startswith("/"):
        return path
    steps = place.split("/")
    while path.startswith("../"):
        steps, path = steps[:-1], path[3:]
    return "/".join([*steps, path]).removesuffix("/.")


def _label(root: ElementTree.Element, element: ElementTree.Element) -> str:
    label = element.find(f"{XFORMS}label")
    if label is None:
        return ""
    texts = [label]
    if key := label.get("ref", ""):
        texts = [t for t in root.iter(f"{XFORMS}text") if f"'{t.get('id')}'" in key]
    return " ".join(out.get("value", "") for text in texts for out in text.iter(f"{XFORMS}output"))


# --- The reasons ---------------------------------------------------------------------------------


def _calls(*names: str) -> Callable[[Difference], bool]:
    found = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, names))})\(")
    return lambda d: bool(found.search(d.expression))


def _blank_rows(d: Difference) -> bool:
    return _calls("sum", "max", "min")(d) and "" in (d.javarosa, d.xforms)


def _own_rows(d: Difference) -> bool:
    """Inside a repeat, `/data/r` is for JavaRosa this row, for xforms-engine every row."""
    inside = [m.start() for m in re.finditer(r"\[\d+\]", d.path)]
    around = {plain(d.path[:end]) for end in inside}
    return any(re.search(rf"{re.escape(place)}(?![\w-])", d.expression) for place in around)


def _date_as_text(d: Difference) -> bool:
    return d.attribute == "v" and str(d.javarosa) == f"{d.xforms}T00:00:00.000+08:00"


def _decimal_as_text(d: Difference) -> bool:
    one, two = (re.sub(r"(\d)\.0(?!\d)", r"\1", str(text)) for text in (d.javarosa, d.xforms))
    return (d.attribute in "lv" and one == two) or _calls("string-length")(d)


def _stale(d: Difference) -> bool:
    return d.filtered and d.attribute in ("v", "c")


def _stale_read(d: Difference) -> bool:
    """JavaRosa drops the answer without telling those who read it; they wait for the next change."""
    logic = Logic.of(d.form.xml)
    return any("[" in logic.filters.get(place, "") for place in _sources(plain(d.path), logic))


def _shrinks(d: Difference) -> bool:
    counted = [place for place, count in Logic.of(d.form.xml).repeats.items() if count]
    place = plain(d.path)
    return any(
        place == one or place.startswith(f"{one}/") or one in d.expression for one in counted
    )


REASONS: tuple[Reason, ...] = (
    Reason(
        "repeat-count-changes",
        "JavaRosa keeps rows that a smaller count no longer asks for, and one row for an empty count;"
        " xforms-engine removes them with their answers.",
        "Refuse a count that is not a number or a required integer question above; warn that lowering it"
        " loses rows.",
        _shrinks,
    ),
    Reason(
        "order-of-ticks",
        "Several choices are kept in the order of ticking by JavaRosa, in the order of the list by"
        " xforms-engine.",
        "Refuse `selected-at`, and `select_multiple` read as text (concat, =, a label); use `selected`.",
        lambda d: d.form.family == "order-of-ticks" and " " in f"{d.javarosa} {d.xforms}",
    ),
    Reason(
        "choice-taken-away",
        "A filter takes an answer away: JavaRosa drops it for good, xforms-engine shows it again when it is"
        " offered again.",
        "Allowed. The answer counts as empty while it is not offered.",
        _stale,
    ),
    Reason(
        "choice-taken-away-read",
        "A filter takes an answer away: what reads it is recomputed at once by xforms-engine, by JavaRosa"
        " only with the next change of that answer.",
        "Allowed. We recompute at once.",
        _stale_read,
    ),
    Reason(
        "row-that-is-not-there",
        "indexed-repeat with a row that does not exist answers another row in JavaRosa, nothing in"
        " xforms-engine.",
        "Refuse indexed-repeat inside the repeat that it reads; outside, ask first whether the row is there:"
        " `if(count(${r}) > 1, indexed-repeat(${x}, ${r}, 2), '')`.",
        lambda d: _calls("indexed-repeat")(d) and ("- 1" in d.expression or "[" not in d.path),
    ),
    Reason(
        "own-rows-by-absolute-path",
        "Inside a repeat JavaRosa reads `/data/r` as this row, xforms-engine as all rows: count(${r}),"
        " indexed-repeat over the own repeat, predicates.",
        "Refuse an expression inside a repeat that names this repeat; put the calculate behind it.",
        _own_rows,
    ),
    Reason(
        "sum-over-blanks",
        "A blank row makes sum, max and min blank in xforms-engine; JavaRosa leaves it out, and takes the sum"
        " of no rows as 0.",
        "Sum a calculate of the row that is never blank, `coalesce(${x}, 0)`, in a repeat that is always"
        " relevant; for no rows at all `if(count(${r}) > 0, sum(…), 0)`.",
        _blank_rows,
    ),
    Reason(
        "max-of-negatives",
        "The greatest of negative numbers is 0 in JavaRosa.",
        "Take max only of what a constraint keeps at 0 or above.",
        lambda d: _calls("max")(d) and str(d.javarosa) == "0",
    ),
    Reason(
        "count-of-hidden-rows",
        "count() of a repeat that is not relevant is 0 in JavaRosa, the number of hidden rows in"
        " xforms-engine.",
        "`if(condition of the repeat, count(${r}), 0)`, or a repeat without relevance.",
        _calls("count"),
    ),
    Reason(
        "row-removed",
        "When a row is removed JavaRosa may compute what stands on two totals before the second is new.",
        "Allowed. We recompute until nothing moves.",
        lambda d: d.removed,
    ),
    Reason(
        "predicate",
        "Predicates on questions and rows: JavaRosa evaluates `x[1]` to nothing.",
        "Refuse `[…]`; use indexed-repeat with a row that is there.",
        lambda d: "[" in re.sub(r"'[^']*'", "", d.expression) and not d.asks,
    ),
    Reason(
        "boolean-result",
        "A true/false result is stored as 1/0 by JavaRosa, as true/false by xforms-engine.",
        "`if(condition, 1, 0)`.",
        lambda d: {str(d.javarosa), str(d.xforms)} in ({"0", "false"}, {"1", "true"}),
    ),
    Reason(
        "regex-not-anchored",
        "JavaRosa asks whether the whole text matches, xforms-engine whether a part does.",
        "`^…$`.",
        lambda d: bool(re.search(r"regex\([^,]+, '(?!\^.*\$')", d.expression)),
    ),
    Reason(
        "bare-node",
        "A question as a condition: JavaRosa takes its value, xforms-engine its being there.",
        "`${x} != ''`, or compare with what is meant.",
        lambda d: bool(
            re.search(r"(?:if\(|not\(|^)\s*/data/\w+\s*(?:,|\)| and | or )", d.expression)
        ),
    ),
    Reason(
        "date-as-text",
        "A calculated date is stored with a time by JavaRosa (2024-02-29T00:00:00.000+08:00), as a date by"
        " xforms-engine.",
        "`format-date(…, '%Y-%m-%d')` around every date that a calculate returns.",
        _date_as_text,
    ),
    Reason(
        "blank-date",
        "Arithmetic with a blank date: nothing in JavaRosa, `Invalid Date` in xforms-engine.",
        "`if(${d} != '', …, '')` around it.",
        lambda d: d.xforms == "Invalid Date",
    ),
    Reason(
        "date-and-fractions-of-days",
        "A date as a number counts whole days in JavaRosa, and from midnight UTC in xforms-engine;"
        " from a number"
        " with a fraction both come to different days.",
        "Refuse date(number), date(decimal-date-time(…) + n) and a date in arithmetic outside date(…).",
        lambda d: (
            bool(re.search(r"date|/data/[hkw]\b", d.expression))
            and bool(re.search(r"date(?:-time)?\(\d|[-+*]\s|\.5", d.expression))
        ),
    ),
    Reason(
        "date-of-a-moment",
        "date() of a moment keeps its time in xforms-engine, not in JavaRosa: equality fails.",
        "`format-date(${w}, '%Y-%m-%d') = '2024-02-29'`.",
        lambda d: "date( /data/w )" in d.expression,
    ),
    Reason(
        "quoted-date",
        "A date that is written as a text is no date for JavaRosa.",
        "`date('2024-01-01')`.",
        lambda d: bool(re.search(f"(?:[<>]=?\\s*{DAY}|(?<!\\(){DAY}\\s*[-+])", d.expression)),
    ),
    Reason(
        "weekday",
        "format-date with %a: xforms-engine has no Sunday.",
        "Refuse %a.",
        lambda d: "%a" in d.expression,
    ),
    Reason(
        "time-as-number",
        "decimal-time differs in the ninth digit.",
        "Refuse decimal-time, or round it.",
        _calls("decimal-time"),
    ),
    Reason(
        "halves-rounded",
        "Halves of negative numbers go up in JavaRosa, away from zero in xforms-engine; 1.005 is 1.01 and 1.",
        "Round what cannot be negative, to a digit that was asked for.",
        _calls("round"),
    ),
    Reason(
        "number-with-exponent",
        "number('1e3') is no number for JavaRosa, 1000 for xforms-engine.",
        "Refuse 1e3.",
        lambda d: "1e3" in d.expression,
    ),
    Reason(
        "not-a-number-as-text",
        "Arithmetic with a blank, put into a text: `NaN` in JavaRosa, nothing in xforms-engine.",
        "`coalesce(${i}, 0)`.",
        lambda d: "NaN" in str(d.javarosa),
    ),
    Reason(
        "decimal-as-text",
        "A decimal in a text or a label: `10` in JavaRosa, `10.0` in xforms-engine.",
        "`round(${d}, 1)` in a calculate, and show that.",
        _decimal_as_text,
    ),
)

REFUSALS: tuple[tuple[str, str], ...] = (
    ("syntax error|Mismatched brackets|Bad node|Couldn't understand", "syntax error"),
    ("Requires \\d arguments|InvalidArgumentError|'substr'", "wrong number of arguments"),
    ("cannot handle function|is not defined", "unknown function"),
    ("unsupported construct|functionality pending", "construct that no engine has (union, //)"),
    ("Cycle detected", "cycle"),
    ("can't be converted to a date", "a text that is no date, read as a date"),
    ("This field is repeated|not a nodeset", "rows where one value is wanted, or the reverse"),
)  # fmt: skip
