"""What kind of value an expression gives, as far as the form itself says it."""

from simpul.questionnaires.compile import Questionnaire
from simpul.questionnaires.definition import Node
from simpul.questionnaires.xpath import functions
from simpul.questionnaires.xpath.closures import Builder, CannotBuild
from simpul.questionnaires.xpath.lexer import NotAnExpression
from simpul.questionnaires.xpath.parser import (
    Binary,
    Call,
    Minus,
    Number,
    Path,
    Text,
    Tree,
    parse,
)

OF_TYPE = {
    "int": "number",
    "decimal": "number",
    "date": "date",
    "dateTime": "date",
    "time": "time",
}
ARITHMETIC = {"+", "-", "*", "div", "mod"}
MAX_HOPS = 20  # through calculations that read each other
NEVER_BLANK = {
    "count", "count-non-empty", "count-selected", "position", "string-length", "decimal-date-time",
    "today", "now", "pi",
}  # fmt: skip
PASSES_ON = {"int", "round", "number", "abs", "floor", "ceiling"}


class Kinds:
    """Answers what kind things have in one questionnaire."""

    def __init__(self, questionnaire: Questionnaire) -> None:
        self.questionnaire = questionnaire
        self._of: dict[Node, str] = {}

    def target(self, path: Path, node: Node, row: "Node | str | None" = None) -> Node | None:
        """What a path names, or None where it is a column of a list."""
        if isinstance(path.start, Call) and path.start.name == "instance":
            return None
        if row == "choice" and path.start == "":
            return None
        builder = Builder(self.questionnaire.definition, node, self.questionnaire, row)
        try:
            return builder.route(path).target
        except CannotBuild:
            return None

    def of_node(self, node: Node, hops: int = 0) -> str:
        """The kind of a node's answer: what its type says, or its calculation."""
        if node.type in OF_TYPE:
            return OF_TYPE[node.type]
        if not node.calculate or hops > MAX_HOPS:
            return "string"
        if node not in self._of:
            try:
                self._of[node] = self.of(parse(node.calculate), node, hops=hops + 1)
            except NotAnExpression:
                self._of[node] = "string"
        return self._of[node]

    def of(self, tree: Tree, node: Node, row: "Node | str | None" = None, hops: int = 0) -> str:
        """The kind of an expression: number, string, boolean, date or time."""
        if isinstance(tree, Number | Minus):
            return "number"
        if isinstance(tree, Text):
            return "string"
        if isinstance(tree, Binary):
            return "number" if tree.sign in ARITHMETIC else "boolean"
        if isinstance(tree, Path):
            target = self.target(tree, node, row)
            return "string" if target is None else self.of_node(target, hops)
        if tree.name not in functions.PLAIN and tree.name not in functions.OTHERS:
            return "string"
        kind = functions.gives(tree.name)
        if kind == "dateTime":
            return "date"
        if kind != "either":
            return kind
        branches = {
            "if": tree.arguments[1:], "coalesce": tree.arguments, "once": tree.arguments,
            "indexed-repeat": tree.arguments[:1],
        }[tree.name]  # fmt: skip
        found = {self.of(one, node, row, hops) for one in branches}
        return next(
            (kind for kind in ("boolean", "date", "string", "number") if kind in found), ""
        )

    def never_blank(self, tree: Tree, node: Node, hops: int = 0) -> bool:
        """Whether an expression gives a value whatever was answered."""
        if isinstance(tree, Number):
            return True
        if isinstance(tree, Text):
            return tree.value != ""
        if isinstance(tree, Minus):
            return self.never_blank(tree.inner, node, hops)
        if isinstance(tree, Binary):
            if tree.sign not in ("+", "-", "*"):
                return False
            return all(self.never_blank(one, node, hops) for one in (tree.left, tree.right))
        if isinstance(tree, Call):
            if tree.name in NEVER_BLANK:
                return True
            if tree.name == "if":
                return all(self.never_blank(one, node, hops) for one in tree.arguments[1:])
            if tree.name == "coalesce":
                return any(self.never_blank(one, node, hops) for one in tree.arguments)
            return tree.name in PASSES_ON and self.never_blank(tree.arguments[0], node, hops)
        target = self.target(tree, node)
        if target is None or not target.calculate or hops > MAX_HOPS:
            return False
        if any(above.relevant for above in target.up()):
            return False
        try:
            return self.never_blank(parse(target.calculate), target, hops + 1)
        except NotAnExpression:
            return False
