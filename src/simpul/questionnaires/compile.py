"""Makes a questionnaire of a definition: every rule as a closure, in the order in which they run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from simpul.questionnaires.definition import Choice, Definition, Filled, Node, Words
from simpul.questionnaires.state import Item
from simpul.questionnaires.xpath.closures import Builder, CannotBuild, Closure, Nodes
from simpul.questionnaires.xpath.functions import parts
from simpul.questionnaires.xpath.lexer import NotAnExpression
from simpul.questionnaires.xpath.parser import Call, inside, parse
from simpul.questionnaires.xpath.values import to_text


@dataclass(frozen=True, slots=True)
class Problem:
    """An expression that cannot run: its node, which of its expressions, and why."""

    node: Node
    where: str
    why: str
    what: str
    source: str


class NotCompiled(Exception):
    """A form with expressions that cannot run."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{p.node.path} {p.where}: {p.why} {p.what}" for p in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """What is recomputed: a calculation, a condition or a number of rows."""

    kind: str  # count, relevant, calculate, choices
    node: Node
    run: Closure


@dataclass(slots=True)
class Use:
    """One expression of the form: where it stands and what it reads."""

    node: Node
    where: str
    source: str
    reads: frozenset[Node]
    lists: frozenset[str] = frozenset()


@dataclass(slots=True)
class Face:
    """What is shown of a node: what fills its texts in, for each language."""

    label: dict[str, Callable[[Item], str]] = field(default_factory=dict)
    hint: dict[str, Callable[[Item], str]] = field(default_factory=dict)
    constraint: dict[str, Callable[[Item], str]] = field(default_factory=dict)
    required: dict[str, Callable[[Item], str]] = field(default_factory=dict)


class Questionnaire:
    """A definition that runs. Made once for each version; holds no answers."""

    def __init__(self, definition: Definition) -> None:
        """Compile. Raises NotCompiled."""
        self.definition = definition
        self.problems: list[Problem] = []
        self.uses: list[Use] = []
        self.rules: list[Rule] = []
        self.first: dict[Node, Closure] = {}
        self.required: dict[Node, Closure] = {}
        self.constraint: dict[Node, Closure] = {}
        self.readonly: dict[Node, Closure] = {}
        self.options: dict[Node, Nodes] = {}
        self.faces: dict[Node, Face] = {}
        self.choice_words: dict[tuple[Node, str], dict[str, Callable[[Item], str]]] = {}
        self.filtered: set[Node] = set()
        self._compile()
        if self.problems:
            raise NotCompiled(self.problems)

    # --- Making ----------------------------------------------------------------------------------

    def _compile(self) -> None:
        for node in self.definition.nodes.values():
            if node.follows:
                self.problems.append(Problem(node, "calculate", "trigger", node.name, ""))
            for name in ("calculate", "relevant", "count"):
                if made := self._build(node, name, getattr(node, name)):
                    self.rules.append(Rule(name, node, made))
            for name in ("first", "required", "constraint", "readonly"):
                source = getattr(node, name)
                if source and (made := self._build(node, name, source)):
                    getattr(self, name)[node] = made
            if node.itemset:
                self._offer(node)
            face = Face()
            for name, where, id_ in (
                ("label", "label", node.label),
                ("hint", "hint", node.hint),
                ("constraint", "constraint_message", node.constraint_text),
                ("required", "required_message", node.required_text),
            ):
                if id_:
                    setattr(face, name, self._say(node, where, id_))
            self.faces[node] = face
        self.rules = self._ordered()

    def _build(self, node: Node, where: str, source: str) -> Closure | None:
        if not source:
            return None
        # A number of rows is asked of the parent: the rows are not there yet.
        place = node.parent if where == "count" and node.parent else node
        builder = Builder(self.definition, place, self)
        try:
            tree = parse(source)
            inner = [one for one in inside(tree) if isinstance(one, Call) and one.name == "once"]
            if inner and (where != "calculate" or inner != [tree]):
                # Anywhere else it would read its own result and change it each time.
                raise CannotBuild("once")
            made = builder.value(tree)
        except (NotAnExpression, CannotBuild) as error:
            self.problems.append(Problem(node, where, error.why, error.what, source))
            return None
        self._note(node, where, source, builder)
        return made

    def _note(self, node: Node, where: str, source: str, builder: Builder) -> None:
        self.uses.append(
            Use(node, where, source, frozenset(builder.reads), frozenset(builder.lists))
        )

    @staticmethod
    def nothing(item: Item, row: object) -> str:
        """The closure of a rule that runs in another way."""
        return ""

    def _offer(self, node: Node) -> None:
        assert node.itemset
        builder = Builder(self.definition, node, self)
        try:
            self.options[node] = builder.itemset(node.itemset.nodes)
        except (NotAnExpression, CannotBuild) as error:
            self.problems.append(
                Problem(node, "choices", error.why, error.what, node.itemset.nodes)
            )
            return
        self._note(node, "choices", node.itemset.nodes, builder)
        if builder.reads:
            self.filtered.add(node)
            self.rules.append(Rule("choices", node, self.nothing))
        for name in builder.lists:
            for choice in self.definition.choices[name]:
                if choice.text:
                    self.choice_words[node, choice.text] = self._say(node, "choice", choice.text)

    def _say(self, node: Node, where: str, id_: str) -> dict[str, Callable[[Item], str]]:
        made = {}
        for language, texts in self.definition.texts.items():
            words = texts.get(id_)
            if words is None:
                continue
            builder = Builder(self.definition, node, self)
            try:
                if where == "choice":
                    self._check_choice(words)
                made[language] = builder.words(words)
            except (NotAnExpression, CannotBuild) as error:
                self.problems.append(Problem(node, where, error.why, error.what, id_))
                continue
            if builder.reads or builder.lists:
                self._note(node, where, id_, builder)
        return made

    @staticmethod
    def _check_choice(words: Words) -> None:
        """The label of a choice may not ask for labels of choices: they could ask for ever."""
        for part in words:
            if isinstance(part, Filled) and any(
                isinstance(one, Call) and one.name == "jr:choice-name"
                for one in inside(parse(part.source))
            ):
                raise CannotBuild("function", "jr:choice-name")

    def _ordered(self) -> list[Rule]:
        """The rules, each after those whose results it reads. A cycle is a problem."""
        by_node: dict[Node, list[Rule]] = {}
        for rule in self.rules:
            by_node.setdefault(rule.node, []).append(rule)
        reads = {(use.node, use.where): use.reads for use in self.uses}
        sorter: TopologicalSorter[Rule] = TopologicalSorter()
        for rule in self.rules:
            sorter.add(rule)
            for read in reads[rule.node, rule.kind]:
                for needed in self._needed(read, by_node):
                    # That a row is counted or asked does not depend on what stands in it.
                    if needed is not rule or rule.kind != "count":
                        sorter.add(rule, needed)
            if rule.kind == "calculate":
                for above in rule.node.up():
                    for other in by_node.get(above, ()):
                        if other.kind == "count":
                            sorter.add(rule, other)
        try:
            return list(sorter.static_order())
        except CycleError as error:
            circle: list[Rule] = error.args[1][1:]
            counted = next((rule.node for rule in circle if rule.kind == "count"), None)
            if counted is not None:
                self.problems.append(
                    Problem(counted, "count", "own-rows", counted.name, counted.count)
                )
                return []
            for rule in circle:
                source = getattr(rule.node, rule.kind, "")
                self.problems.append(
                    Problem(rule.node, rule.kind, "cycle", rule.node.name, source)
                )
            return []

    def _needed(self, read: Node, by_node: dict[Node, list[Rule]]) -> Iterator[Rule]:
        yield from by_node.get(read, ())
        for above in read.up():
            if above is not read:
                yield from (r for r in by_node.get(above, ()) if r.kind != "calculate")

    # --- Choices ---------------------------------------------------------------------------------

    def offered(self, item: Item) -> list[tuple[str, str]]:
        """The choices that a question offers now: value and label."""
        assert item.node.itemset
        return [self._shown(one, item) for one in self.options[item.node](item, None)]

    def values(self, item: Item) -> list[str]:
        """The values that a question offers now."""
        assert item.node.itemset
        name = item.node.itemset.value
        found = []
        for one in self.options[item.node](item, None):
            if isinstance(one, Choice):
                found.append(one.values.get(name, ""))
            else:
                found.append(_kid(one, name))
        return found

    def choices_of(self, item: Item) -> list[Choice]:
        """The choices of a list that a question offers now; rows of a repeat are none."""
        return [one for one in self.options[item.node](item, None) if isinstance(one, Choice)]

    def choice_name(self, node: Node, value: str, item: Item) -> str:
        """The label of a question's choice in the language that is shown."""
        if item.node is not node:
            return ""
        return next((label for name, label in self.offered(item) if name == value), "")

    def _shown(self, one: Choice | Item, item: Item) -> tuple[str, str]:
        assert item.node.itemset
        value, label = item.node.itemset.value, item.node.itemset.label
        if isinstance(one, Item):
            return _kid(one, value), _kid(one, label)
        if one.text:
            words = self.choice_words[item.node, one.text]
            language = item.state.language
            fill = words.get(language) or words.get(self.definition.default_language)
            return one.values.get(value, ""), fill(item) if fill else ""
        return one.values.get(value, ""), " ".join(parts(one.values.get(label, "")))


def _kid(row: Item, path: str) -> str:
    kid = row
    for name in path.split("/"):
        kid = kid if name == "." else kid.kids[name]
    return to_text(kid.value) if kid.live else ""
