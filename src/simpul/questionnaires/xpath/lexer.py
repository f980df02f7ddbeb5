"""Cuts an expression into words, as section 3.7 of XPath 1.0 says."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_LENGTH = 4096

NAME = r"[^\W\d][\w.-]*"
WORD = re.compile(
    rf"""\s*(?:
        (?P<number>\d+(?:\.\d*)?|\.\d+)
      | (?P<text>"[^"]*"|'[^']*')
      | (?P<name>{NAME}(?::{NAME})?)
      | (?P<sign>\.\.|//|::|!=|<=|>=|[-+*/|=<>()\[\],.@$])
    )""",
    re.X,
)
# After these a `*` multiplies and `and` joins; after anything else they would be names.
ENDS_OPERAND = {"number", "text", "name", "star"}
OPERATORS = {"and", "or", "mod", "div"}


class NotAnExpression(Exception):
    """An expression that cannot be read; `at` is where, `why` a code of the lint rule's words."""

    def __init__(self, why: str, at: int, what: str = "") -> None:
        super().__init__(f"{why} at {at}: {what}")
        self.why, self.at, self.what = why, at, what


@dataclass(frozen=True, slots=True)
class Word:
    """One word of an expression with its place: a number, text, name, sign, operator or the end."""

    kind: str
    text: str
    at: int


def words(source: str) -> Iterator[Word]:
    """Every word of the expression, and then one of the kind `end`.

    Raises NotAnExpression.
    """
    if len(source) > MAX_LENGTH:
        raise NotAnExpression("long", MAX_LENGTH)
    at, before, end = 0, "", len(source.rstrip())
    while at < end:
        match = WORD.match(source, at)
        if match is None:
            start = at + len(source[at:]) - len(source[at:].lstrip())
            raise NotAnExpression("sign", start, source[start : start + 10])
        kind = str(match.lastgroup)
        text, start = match[kind], match.start(kind)
        if before in ENDS_OPERAND and (text in OPERATORS or text == "*"):
            kind = "operator"
        elif text == "*":
            kind = "star"
        yield Word(kind, text, start)
        # A closing bracket, `.` and `..` end an operand too.
        before = "name" if text in (")", "]", ".", "..") else kind
        at = match.end()
    yield Word("end", "", end)
