"""Makes closures of expressions: what a name means is looked up once, when a form is compiled."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import re2

from simpul.questionnaires.definition import Choice, Definition, Filled, Node, Words
from simpul.questionnaires.state import Item
from simpul.questionnaires.xpath import functions
from simpul.questionnaires.xpath.lexer import NotAnExpression
from simpul.questionnaires.xpath.parser import (
    Binary,
    Call,
    Minus,
    Number,
    Path,
    Step,
    Text,
    Tree,
    parse,
)
from simpul.questionnaires.xpath.values import NAN, Value, to_bool, to_number, to_text

# Where an expression stands, and the row of a list that a filter looks at.
Closure = Callable[[Item, Any], Value]
Nodes = Callable[[Item, Any], list[Any]]

MAX_PATTERN_MEMORY = 1 << 20


class CannotBuild(Exception):
    """An expression that reads well and means nothing here; `why` is a code, `what` the place."""

    def __init__(self, why: str, what: str = "") -> None:
        super().__init__(f"{why}: {what}")
        self.why, self.what = why, what


class Labels(Protocol):
    """What knows the label of a choice."""

    def choice_name(self, node: Node, value: str, item: Item) -> str:
        """The label of a question's choice in the language that is shown."""


@dataclass(frozen=True, slots=True)
class Route:
    """The way from where an expression stands to what it names: so many up, then these down."""

    ups: int
    downs: tuple[tuple[Node, tuple[Closure, ...]], ...]
    target: Node
    base: Node

    @property
    def many(self) -> bool:
        """Whether it leads to rows."""
        return any(node.kind == "repeat" or filters for node, filters in self.downs)


class Builder:
    """Makes closures for one place of a form, and notes what they read."""

    def __init__(
        self, definition: Definition, node: Node, labels: Labels, row: "Node | str | None" = None
    ) -> None:
        self.definition, self.node, self.labels, self.row = definition, node, labels, row
        self.reads: set[Node] = set()
        self.lists: set[str] = set()
        self.clock = False

    # --- What is asked for -----------------------------------------------------------------

    def expression(self, source: str) -> Closure:
        """The closure of an expression. Raises NotAnExpression or CannotBuild."""
        return self.value(parse(source))

    def words(self, words: Words) -> Callable[[Item], str]:
        """What fills a text in. Raises NotAnExpression or CannotBuild."""
        parts: list[str | Closure] = [
            self.expression(part.source) if isinstance(part, Filled) else part for part in words
        ]
        if all(isinstance(part, str) for part in parts):
            fixed = " ".join(functions.parts("".join(map(str, parts))))
            return lambda item: fixed

        def fill(item: Item) -> str:
            said = [part if isinstance(part, str) else to_text(part(item, None)) for part in parts]
            return " ".join(functions.parts("".join(said)))

        return fill

    def itemset(self, source: str) -> Nodes:
        """The rows of a list that a question offers."""
        tree = parse(source)
        if not isinstance(tree, Path):
            raise CannotBuild("itemset", source)
        return self.nodes(tree)

    # --- Values --------------------------------------------------------------------------------

    def value(self, tree: Tree) -> Closure:
        """What a tree comes to."""
        if isinstance(tree, Number | Text):
            fixed: Value = tree.value
            return lambda item, row: fixed
        if isinstance(tree, Minus):
            inner = self.value(tree.inner)
            return lambda item, row: -to_number(inner(item, row))
        if isinstance(tree, Binary):
            return self.binary(tree)
        if isinstance(tree, Call):
            return self.call(tree)
        return self.single(tree)

    def binary(self, tree: Binary) -> Closure:
        """Two sides joined."""
        if tree.sign == "|":
            raise CannotBuild("union")
        left, right = self.value(tree.left), self.value(tree.right)
        if tree.sign == "or":
            return lambda i, r: to_bool(left(i, r)) or to_bool(right(i, r))
        if tree.sign == "and":
            return lambda i, r: to_bool(left(i, r)) and to_bool(right(i, r))
        if tree.sign == "=":
            return lambda i, r: equal(left(i, r), right(i, r))
        if tree.sign == "!=":
            return lambda i, r: not equal(left(i, r), right(i, r))
        number = NUMERIC[tree.sign]
        return lambda i, r: number(to_number(left(i, r)), to_number(right(i, r)))

    def call(self, call: Call) -> Closure:
        """A function with its arguments."""
        known = functions.PLAIN.get(call.name)
        if known is None and call.name not in functions.OTHERS:
            raise CannotBuild("function", call.name)
        least, most = (known.least, known.most) if known else functions.OTHERS[call.name][:2]
        if not least <= len(call.arguments) <= most:
            raise CannotBuild("arguments", call.name)
        if known is None:
            special: Closure = getattr(self, SPECIAL[call.name])(call.arguments)
            return special
        run, given = known.run, [self.value(one) for one in call.arguments]
        if not given:
            return lambda item, row: run()
        if len(given) == 1:
            (one,) = given
            return lambda item, row: run(one(item, row))
        if len(given) == 2:
            one, two = given
            return lambda item, row: run(one(item, row), two(item, row))
        return lambda item, row: run(*[each(item, row) for each in given])

    # --- Paths ---------------------------------------------------------------------------------

    def route(self, path: Path) -> Route:
        """Where a path of the form itself leads, from the place of the expression."""
        start = self.row if path.start == "" and isinstance(self.row, Node) else self.node
        if path.start == "/":
            return self._absolute(path, start)
        ups, at = 0, start
        downs: list[tuple[Node, tuple[Closure, ...]]] = []
        for step in path.steps:
            if step.name == "..":
                if downs:
                    downs.pop()
                else:
                    ups += 1
                if at.parent is None:
                    raise CannotBuild("path", written(path))
                at = at.parent
            elif step.name != ".":
                at = self._child(at, step, path)
                downs.append((at, self._filters(step, at)))
            elif step.filters:
                raise CannotBuild("path", written(path))
        base = start
        for _ in range(ups):
            base = base.parent or base
        return Route(ups, tuple(downs), at, base)

    def _absolute(self, path: Path, start: Node) -> Route:
        """Of a path from the root, the rows that the place shares are its own rows."""
        root = self.definition.root
        if path.steps[0].name != root.name:
            raise CannotBuild("path", written(path))
        at, chain = root, [root]
        for step in path.steps[1:]:
            at = self._child(at, step, path)
            chain.append(at)
        mine = {node: n for n, node in enumerate(start.up())}
        shared = 0
        for n, node in enumerate(chain):
            last = n == len(chain) - 1
            if node not in mine or (last and node.kind == "repeat"):
                break
            if path.steps[n].filters:
                break
            shared = n
        base = chain[shared]
        downs = tuple(
            (node, self._filters(step, node))
            for node, step in zip(chain[shared + 1 :], path.steps[shared + 1 :], strict=True)
        )
        return Route(mine[base], downs, at, base)

    def _child(self, at: Node, step: Step, path: Path) -> Node:
        child = at.children.get(step.name)
        if child is None:
            raise CannotBuild("path", written(path))
        return child

    def _filters(self, step: Step, node: Node) -> tuple[Closure, ...]:
        return tuple(self.filter(tree, node) for tree in step.filters)

    def filter(self, tree: Tree, row: "Node | str") -> Closure:
        """A condition on the rows of a list or repeat."""
        if self.row is not None:
            raise CannotBuild("nested")
        if isinstance(tree, Number) or (isinstance(tree, Call) and tree.name == "position"):
            raise CannotBuild("index")
        inner = Builder(self.definition, self.node, self.labels, row)
        made = inner.value(tree)
        self.reads |= inner.reads
        self.lists |= inner.lists
        self.clock |= inner.clock
        return made

    def single(self, path: Path) -> Closure:
        """The value of what a path names; it has to be one, for engines differ on which of many."""
        if isinstance(path.start, Call) and path.start.name == "instance":
            return self.lookup(path)
        if self.row == "choice" and path.start == "":
            return self.column(path)
        if isinstance(path.start, Call) and path.start.name != "current":
            raise CannotBuild("path", written(path))
        route = self.route(path)
        self.reads.add(route.target)
        if route.many:
            raise CannotBuild("many", written(path))
        if self._on_row(path):
            one = straight(route)
            return lambda item, row: one(row)
        if not any(node.kind == "repeat" for node in route.target.up()):
            target = route.target

            def fixed(item: Item, row: Any) -> Value:
                found = item.state.single[target]
                return found.value if found.live else ""

            return fixed
        alone = straight(route)
        return lambda item, row: alone(item)

    def _on_row(self, path: Path) -> bool:
        """Whether a path starts at the row of a repeat that a filter looks at."""
        return path.start == "" and isinstance(self.row, Node)

    def column(self, path: Path) -> Closure:
        """A column of the choice that a filter looks at."""
        names = [step.name for step in path.steps if step.name != "."]
        if len(names) != 1 or names[0] == ".." or any(step.filters for step in path.steps):
            raise CannotBuild("path", written(path))
        name = names[0]
        return lambda item, row: row.values.get(name, "")

    def lookup(self, path: Path) -> Closure:
        """A column of the first row of a list that fulfils the filter."""
        rows = self._list(path, len(path.steps) - 1)
        name = path.steps[-1].name
        if path.steps[-1].filters:
            raise CannotBuild("path", written(path))

        def find(item: Item, row: Any) -> Value:
            found = rows(item, row)
            return found[0].values.get(name, "") if found else ""

        return find

    def _list(self, path: Path, size: int) -> Nodes:
        """The rows of `instance('list')/root/item[…]`."""
        assert isinstance(path.start, Call)
        given = path.start.arguments
        if len(given) != 1 or not isinstance(given[0], Text):
            raise CannotBuild("instance", written(path))
        name = given[0].value
        if name not in self.definition.choices or name in self.definition.outside:
            raise CannotBuild("instance", name)
        if size != 2 or path.steps[0].name != "root" or path.steps[0].filters:
            raise CannotBuild("path", written(path))
        self.lists.add(name)
        every = self.definition.choices[name]
        conditions = [self.filter(tree, "choice") for tree in path.steps[1].filters]
        return chosen(every, conditions)

    def nodes(self, path: Path) -> Nodes:
        """All that a path names: choices of a list, or items that are asked at present."""
        if isinstance(path.start, Call) and path.start.name == "instance":
            return self._list(path, len(path.steps))
        if isinstance(path.start, Call) and path.start.name != "current":
            raise CannotBuild("path", written(path))
        route = self.route(path)
        self.reads.add(route.target)
        rows = walker(route)
        if self._on_row(path):
            return lambda item, row: rows(row)
        return lambda item, row: rows(item)

    # --- Functions that look at nodes, rows or the moment ---------------------------------

    def make_if(self, given: Sequence[Tree]) -> Closure:
        """One of two values."""
        test, yes, no = (self.value(one) for one in given)
        return lambda i, r: yes(i, r) if to_bool(test(i, r)) else no(i, r)

    def make_once(self, given: Sequence[Tree]) -> Closure:
        """What was there already, else a value."""
        value = self.value(given[0])
        return lambda i, r: i.text if i.text else value(i, r)

    def make_values(self, given: Sequence[Tree]) -> Callable[[Item, Any], list[Value]]:
        """The values of all arguments, those of rows one by one."""
        parts: list[tuple[bool, Any]] = [
            (True, self.nodes(one))
            if isinstance(one, Path) and self._has_rows(one)
            else (False, self.value(one))
            for one in given
        ]

        def values(item: Item, row: Any) -> list[Value]:
            found: list[Value] = []
            for many, part in parts:
                if many:
                    found += [one.value for one in part(item, row)]
                else:
                    found.append(part(item, row))
            return found

        return values

    def _has_rows(self, path: Path) -> bool:
        """Whether a path may name items of the form: not a column of a list."""
        if self.row == "choice" and path.start == "":
            return False
        return not (isinstance(path.start, Call) and path.start.name == "instance")

    def make_concat(self, given: Sequence[Tree]) -> Closure:
        """Everything one after the other."""
        values = self.make_values(given)
        return lambda i, r: "".join(map(to_text, values(i, r)))[: functions.MAX_TEXT]

    def make_join(self, given: Sequence[Tree]) -> Closure:
        """Everything with a mark between."""
        mark, values = self.value(given[0]), self.make_values(given[1:])

        def join(item: Item, row: Any) -> Value:
            return to_text(mark(item, row)).join(map(to_text, values(item, row)))[
                : functions.MAX_TEXT
            ]

        return join

    def make_sum(self, given: Sequence[Tree]) -> Closure:
        """All together."""
        values = self.make_values(self._rows_only("sum", given))
        return lambda i, r: float(sum(map(to_number, values(i, r))))

    def make_min(self, given: Sequence[Tree]) -> Closure:
        """The least."""
        values = self.make_values(given)
        return lambda i, r: extreme(min, values(i, r))

    def make_max(self, given: Sequence[Tree]) -> Closure:
        """The greatest."""
        values = self.make_values(given)
        return lambda i, r: extreme(max, values(i, r))

    def make_count(self, given: Sequence[Tree]) -> Closure:
        """How many rows."""
        rows = self._nodes_of("count", given[0])
        return lambda i, r: float(len(rows(i, r)))

    def make_count_non_empty(self, given: Sequence[Tree]) -> Closure:
        """How many rows have an answer."""
        rows = self._nodes_of("count-non-empty", given[0])
        return lambda i, r: float(sum(1 for one in rows(i, r) if one.text))

    def _rows_only(self, name: str, given: Sequence[Tree]) -> Sequence[Tree]:
        if not isinstance(given[0], Path):
            raise CannotBuild("rows", name)
        return given

    def _nodes_of(self, name: str, tree: Tree) -> Nodes:
        if not isinstance(tree, Path):
            raise CannotBuild("rows", name)
        return self.nodes(tree)

    def make_position(self, given: Sequence[Tree]) -> Closure:
        """Which row."""
        if not isinstance(given[0], Path):
            raise CannotBuild("position")
        route = self.route(given[0])
        if route.target.kind != "repeat" or route.downs or self.row is not None:
            raise CannotBuild("position", written(given[0]))
        self.reads.add(route.target)
        ups = route.ups

        def position(item: Item, row: Any) -> Value:
            for _ in range(ups):
                item = item.parent  # type: ignore[assignment] # the route was checked
            return float(item.position)

        return position

    def make_indexed_repeat(self, given: Sequence[Tree]) -> Closure:
        """The answer in a row that is counted."""
        if len(given) % 2 == 0 or not all(isinstance(one, Path) for one in given[::1][:2]):
            raise CannotBuild("arguments", "indexed-repeat")
        wanted: dict[Node, Closure] = {}
        for repeat, index in zip(given[1::2], given[2::2], strict=True):
            if not isinstance(repeat, Path):
                raise CannotBuild("arguments", "indexed-repeat")
            wanted[self.route(repeat).target] = self.value(index)
        assert isinstance(given[0], Path)
        target = self.route(given[0]).target
        if not all(node.kind == "repeat" for node in wanted) or not wanted.keys() <= set(
            target.up()
        ):
            raise CannotBuild("arguments", "indexed-repeat")
        self.reads.add(target)
        chain = list(reversed([node for node in target.up() if node.parent]))

        def find(item: Item, row: Any) -> Value:
            mine = {}
            here: Item | None = item
            while here is not None:
                mine[here.node] = here
                here = here.parent
            at = item.state.root
            for node in chain:
                kid = at.kids[node.name]
                if isinstance(kid, list):
                    if node in wanted:
                        number = to_number(wanted[node](item, row))
                        index = int(number) if 1 <= number <= len(kid) else 0
                        if not index:
                            return ""
                        kid = kid[index - 1]
                    elif node in mine:
                        kid = mine[node]
                    elif kid:
                        kid = kid[0]
                    else:
                        return ""
                at = kid
            return at.value if at.live else ""

        return find

    def make_choice_name(self, given: Sequence[Tree]) -> Closure:
        """The label of a choice."""
        value = self.value(given[0])
        if not isinstance(given[1], Text):
            raise CannotBuild("arguments", "jr:choice-name")
        path = parse(given[1].value.strip())
        if not isinstance(path, Path):
            raise CannotBuild("arguments", "jr:choice-name")
        route = self.route(path)
        if route.target.itemset is None:
            raise CannotBuild("choices", written(path))
        self.reads.add(route.target)
        target, labels, rows = route.target, self.labels, walker(route)

        def name(item: Item, row: Any) -> Value:
            wanted = to_text(value(item, row))
            found = rows(item)
            return labels.choice_name(target, wanted, found[0] if found else item)

        return name

    def make_regex(self, given: Sequence[Tree]) -> Closure:
        """Whether a text has a form; patterns run on RE2, which cannot be made to hang."""
        if not isinstance(given[1], Text):
            raise CannotBuild("pattern", "")
        pattern, value = compiled(given[1].value), self.value(given[0])
        return lambda i, r: pattern.search(to_text(value(i, r))) is not None

    def make_today(self, given: Sequence[Tree]) -> Closure:
        """The day of the answer."""
        self.clock = True
        return lambda i, r: i.state.now.date()

    def make_decimal_moment(self, given: Sequence[Tree]) -> Closure:
        """A day or moment as a number."""
        value = self.value(given[0])
        return lambda i, r: functions.decimal_moment(value(i, r), i.state.now.tzinfo)

    def make_now(self, given: Sequence[Tree]) -> Closure:
        """The moment of the answer."""
        self.clock = True
        return lambda i, r: i.state.now

    def make_node(self, given: Sequence[Tree]) -> Closure:
        """`current()` or `instance()` without a path."""
        raise CannotBuild("syntax")


SPECIAL = {
    "if": "make_if", "once": "make_once", "concat": "make_concat", "join": "make_join",
    "sum": "make_sum", "min": "make_min", "max": "make_max", "count": "make_count",
    "count-non-empty": "make_count_non_empty", "position": "make_position",
    "indexed-repeat": "make_indexed_repeat", "jr:choice-name": "make_choice_name",
    "regex": "make_regex", "today": "make_today", "now": "make_now",
    "decimal-date-time": "make_decimal_moment",
    "current": "make_node", "instance": "make_node",
}  # fmt: skip


def compiled(pattern: str) -> Any:
    """A pattern for RE2. Raises CannotBuild."""
    options = re2.Options()
    options.max_mem = MAX_PATTERN_MEMORY
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error:
        raise CannotBuild("pattern", pattern) from None


def straight(route: Route) -> Callable[[Item], Value]:
    """A value that is reached without crossing rows."""
    ups, names = route.ups, tuple(node.name for node, _ in route.downs)

    def read(item: Item) -> Value:
        for _ in range(ups):
            item = item.parent  # type: ignore[assignment] # the route was checked
        for name in names:
            item = item.kids[name]
        return item.value if item.live else ""

    return read


def walker(route: Route) -> Callable[[Item], list[Item]]:
    """All items that a route leads to and that are asked at present."""
    ups, downs = route.ups, route.downs

    def walk(item: Item) -> list[Item]:
        here = item
        for _ in range(ups):
            here = here.parent  # type: ignore[assignment] # the route was checked
        found = [here]
        for node, filters in downs:
            name, next_ = node.name, []
            for one in found:
                kid = one.kids[name]
                if isinstance(kid, list):
                    next_ += kid
                else:
                    next_.append(kid)
            for keep in filters:
                next_ = [one for one in next_ if to_bool(keep(item, one))]
            found = next_
        return [one for one in found if one.live]

    return walk


def chosen(every: tuple[Choice, ...], conditions: list[Closure]) -> Nodes:
    """The choices that fulfil all conditions."""
    if not conditions:
        full = list(every)
        return lambda item, row: full

    def some(item: Item, row: Any) -> list[Choice]:
        return [one for one in every if all(to_bool(keep(item, one)) for keep in conditions)]

    return some


def equal(one: Value, other: Value) -> bool:
    """Whether two values are the same: as yes and no, as numbers, else as texts."""
    if isinstance(one, bool) or isinstance(other, bool):
        return to_bool(one) == to_bool(other)
    if isinstance(one, float) or isinstance(other, float):
        left, right = to_number(one), to_number(other)
        return left == right or abs(left - right) < 1e-12
    return to_text(one) == to_text(other)


def divided(one: float, other: float) -> float:
    """One by another; by nothing it is infinite."""
    if other == 0:
        if one == 0 or one != one:
            return NAN
        return math.copysign(math.inf, one) * math.copysign(1.0, other)
    return one / other


def remainder(one: float, other: float) -> float:
    """What is left, with the sign of the first."""
    if other == 0 or not math.isfinite(one) or other != other:
        return NAN
    return math.fmod(one, other)


def extreme(which: Callable[..., float], values: list[Value]) -> float:
    """The least or greatest; NaN when one is no number or none is there."""
    numbers = [to_number(value) for value in values]
    if not numbers or any(number != number for number in numbers):
        return NAN
    return which(numbers)


NUMERIC: dict[str, Callable[[float, float], Value]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "div": divided,
    "mod": remainder,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def written(path: Path) -> str:
    """A path as its author wrote it, without filters."""
    start = path.start if isinstance(path.start, str) else f"{path.start.name}()/"
    return start + "/".join(step.name for step in path.steps)


__all__ = ["Builder", "CannotBuild", "Closure", "Nodes", "NotAnExpression"]
