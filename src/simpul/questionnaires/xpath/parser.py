"""Reads an expression into a tree: a Pratt parser with a limit to how deep it may go."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from simpul.questionnaires.xpath.lexer import NotAnExpression, Word, words

MAX_DEPTH = 40
MAX_OPERATORS = 250  # closures call each other as deep as operators follow each other

STRENGTH = {
    "or": 1, "and": 2, "=": 3, "!=": 3, "<": 4, "<=": 4, ">": 4, ">=": 4,
    "+": 5, "-": 5, "*": 6, "div": 6, "mod": 6, "|": 8,
}  # fmt: skip
UNARY = 7


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is written."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A text in quotes."""

    value: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    name: str
    arguments: "tuple[Tree, ...]"


@dataclass(frozen=True, slots=True)
class Binary:
    """Two sides and what joins them."""

    sign: str
    left: "Tree"
    right: "Tree"


@dataclass(frozen=True, slots=True)
class Minus:
    """The negative of something."""

    inner: "Tree"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: a name, `..` or `.`, and what its nodes must fulfil."""

    name: str
    filters: "tuple[Tree, ...]" = ()


@dataclass(frozen=True, slots=True)
class Path:
    """Steps from the root (`/`), from here (``), or from `current()` or `instance('…')`."""

    start: "str | Call"
    steps: tuple[Step, ...]


Tree = Number | Text | Call | Binary | Minus | Path


@lru_cache(maxsize=4096)
def parse(source: str) -> Tree:
    """The tree of an expression. Raises NotAnExpression."""
    reader = _Reader(source)
    tree = reader.expression(0)
    reader.expect("end", "")
    return tree


def inside(tree: Tree) -> Iterator[Tree]:
    """The tree and everything in it."""
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, Call):
            waiting += one.arguments
        elif isinstance(one, Binary):
            waiting += (one.left, one.right)
        elif isinstance(one, Minus):
            waiting.append(one.inner)
        elif isinstance(one, Path):
            if isinstance(one.start, Call):
                waiting.append(one.start)
            for step in one.steps:
                waiting += step.filters


class _Reader:
    """Words with a finger on the next one, and how deep the reading is."""

    def __init__(self, source: str) -> None:
        self.words = list(words(source))
        self.end = source.strip()[-12:]
        self.at = 0
        self.depth = 0
        self.operators = 0

    @property
    def next(self) -> Word:
        return self.words[self.at]

    def take(self) -> Word:
        word = self.words[self.at]
        self.at += 1
        return word

    def is_next(self, *signs: str) -> bool:
        return self.next.kind in ("sign", "star", "operator") and self.next.text in signs

    def expect(self, kind: str, text: str) -> Word:
        if self.next.kind != kind or self.next.text != text:
            raise NotAnExpression("syntax", self.next.at, self.next.text or self.end)
        return self.take()

    def expression(self, strength: int) -> Tree:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotAnExpression("deep", self.next.at)
        left = self.operand()
        while self.next.kind in ("sign", "operator") and self.next.text in STRENGTH:
            power = STRENGTH[self.next.text]
            if power <= strength:
                break
            sign = self.take().text
            self.operators += 1
            if self.operators > MAX_OPERATORS:
                raise NotAnExpression("deep", self.next.at)
            left = Binary(sign, left, self.expression(power))
        self.depth -= 1
        return left

    def operand(self) -> Tree:
        word = self.next
        if word.kind == "number":
            self.take()
            if self.next.kind == "name" and self.next.at == word.at + len(word.text):
                raise NotAnExpression("exponent", word.at, word.text + self.next.text)
            return Number(float(word.text))
        if word.kind == "text":
            self.take()
            return Text(word.text[1:-1])
        if self.is_next("-"):
            self.take()
            return Minus(self.expression(UNARY))
        if self.is_next("("):
            self.take()
            inner = self.expression(0)
            self.expect("sign", ")")
            if self.is_next("/", "["):
                raise NotAnExpression("syntax", self.next.at, self.next.text)
            return inner
        if word.kind == "name" and self.words[self.at + 1].text == "(":
            call = self.call()
            if self.is_next("/"):
                self.take()
                return Path(call, self.steps())
            if self.is_next("["):
                raise NotAnExpression("syntax", self.next.at, "[")
            return call
        return self.path()

    def call(self) -> Call:
        name = self.take().text
        self.expect("sign", "(")
        arguments: list[Tree] = []
        if not self.is_next(")"):
            arguments.append(self.expression(0))
            while self.is_next(","):
                self.take()
                arguments.append(self.expression(0))
        self.expect("sign", ")")
        return Call(name, tuple(arguments))

    def path(self) -> Path:
        if self.is_next("/"):
            self.take()
            return Path("/", self.steps())
        return Path("", self.steps())

    def steps(self) -> tuple[Step, ...]:
        steps = [self.step()]
        while self.is_next("/", "//"):
            if self.next.text == "//":
                raise NotAnExpression("anywhere", self.next.at, "//")
            self.take()
            steps.append(self.step())
        return tuple(steps)

    def step(self) -> Step:
        word = self.next
        if self.is_next("//"):
            raise NotAnExpression("anywhere", word.at, "//")
        if word.kind != "name" and (word.kind == "text" or word.text not in (".", "..")):
            raise NotAnExpression("syntax", word.at, word.text or self.end)
        self.take()
        filters = []
        while self.is_next("["):
            self.take()
            filters.append(self.expression(0))
            self.expect("sign", "]")
        return Step(word.text, tuple(filters))
