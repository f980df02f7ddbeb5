"""The linter: refuses at import what engines disagree on and what pyxform lets through silently."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from django.utils.translation import gettext as _

from simpul.questionnaires import flow
from simpul.questionnaires.compile import NotCompiled, Problem, Questionnaire
from simpul.questionnaires.definition import Choice, Definition, Filled, Node, NotAForm
from simpul.questionnaires.kinds import ARITHMETIC, Kinds
from simpul.questionnaires.rules import NAMES, RULES
from simpul.questionnaires.sheet import Sheet
from simpul.questionnaires.xpath.functions import PORTABLE_PARTS
from simpul.questionnaires.xpath.parser import (
    Binary,
    Call,
    Path,
    Step,
    Text,
    Tree,
    parse,
)
from simpul.questionnaires.xpath.values import NUMBER

PROFILES = ("anonymous-report", "intake", "assessment", "plan", "feedback")
# A code of a codebook, as `codebook:code`, and the values that it knows.
Codebooks = Mapping[str, frozenset[str]]

# What XML that is no form within the limits is called among the rules.
NO_FORM = {
    "xml": "signs", "shape": "signs", "large": "many-questions", "nodes": "many-questions",
    "choices": "many-choices",
}  # fmt: skip

MAX_QUESTIONS = 1000
MAX_LIST = 500

COLUMNS = {
    "calculate": "calculation", "count": "repeat_count", "first": "default",
    "choices": "choice_filter", "choice": "label",
}  # fmt: skip
KNOWN = {
    "survey": {
        "type", "name", "label", "hint", "relevant", "required", "required_message", "constraint",
        "constraint_message", "calculation", "repeat_count", "choice_filter", "default",
        "appearance", "readonly", "trigger", "parameters", "bind::svr:compartment",
        "bind::svr:stat", "note",
    },
    "choices": {"list_name", "name", "label", "stat_code"},
    "settings": {
        "form_title", "form_id", "version", "default_language", "instance_name", "style",
        "namespaces", "attribute::svr:profile", "allow_choice_duplicates",
    },
}  # fmt: skip
SPOKEN = {"label", "hint", "required_message", "constraint_message"}
PLAIN_TYPES = {
    "text", "integer", "decimal", "date", "time", "datetime", "note", "calculate",
    "hidden", "acknowledge", "range", "begin group", "end group", "begin repeat", "end repeat",
}  # fmt: skip
ROWS = {"count", "count-non-empty", "sum", "min", "max", "join", "concat"}
TEXT_FUNCTIONS = {
    "string-length", "substr", "substring-before", "substring-after", "contains", "starts-with",
    "ends-with", "regex", "translate", "normalize-space", "concat", "join",
}  # fmt: skip
LIST_TYPES = {"select_one", "select_multiple"}
DEVICE_TYPES = {
    "deviceid", "phonenumber", "username", "start", "end", "today", "audit", "email", "simserial",
    "subscriberid", "start-geopoint", "background-audio", "background-geopoint",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that was broken, and where: the row as the workbook counts, the column, its words."""

    rule: str
    sheet: str = "survey"
    row: int | None = None
    column: str = ""
    what: str = ""
    name: str = ""

    @property
    def place(self) -> str:
        """Where it is, as a person says it."""
        if self.row is None:
            return self.sheet
        place = _("lembar {sheet}, baris {row}").format(sheet=self.sheet, row=self.row)
        return f"{place}, {self.column}" if self.column else place

    @property
    def sentence(self) -> str:
        """What is wrong, in the reader's language."""
        return str(RULES[self.rule].sentence).replace("{what}", self.what)

    @property
    def remedy(self) -> str:
        """What to write instead."""
        return str(RULES[self.rule].remedy)


@dataclass(frozen=True, slots=True)
class Examined:
    """What the linter came to: a questionnaire, or what stands in its way."""

    findings: list[Finding]
    questionnaire: Questionnaire | None


def examine(sheet: Sheet, codebooks: Codebooks) -> Examined:
    """Check a workbook with every rule. Only without findings there is a questionnaire."""
    rows = Rows(sheet)
    findings = [*columns(sheet), *types(sheet)]
    try:
        questionnaire = Questionnaire(Definition(sheet.xml))
    except NotAForm as error:
        return Examined([*findings, Finding(NO_FORM[error.why], what=error.what)], None)
    except NotCompiled as error:
        findings += [rows.placed(problem(one)) for one in error.problems]
        return Examined(sorted_(findings), None)
    try:
        found = [
            *expressions(questionnaire),
            *texts(questionnaire),
            *parts(questionnaire),
            *codes(questionnaire, codebooks),
            *anonymous(questionnaire),
            *sizes(questionnaire),
        ]
    except RecursionError:  # long formulas that name each other's calculations
        found = [Finding("long")]
    findings += [rows.placed(one) for one in found]
    return Examined(sorted_(findings), None if findings else questionnaire)


def sorted_(findings: list[Finding]) -> list[Finding]:
    """The findings as the workbook runs, each once."""
    return sorted(dict.fromkeys(findings), key=lambda one: (one.sheet, one.row or 0, one.rule))


# --- Where things stand ------------------------------------------------------------------------


class Rows:
    """Which row made which node, and which choice."""

    def __init__(self, sheet: Sheet) -> None:
        self.of: dict[str, int] = {}
        above: list[str] = ["/data"]
        for number, row in sheet.survey():
            kind = bare_type(row)
            if kind.startswith("end "):
                above = above[:-1] if len(above) > 1 else above
                continue
            path = f"{above[-1]}/{row.get('name', '')}"
            self.of.setdefault(path, number)
            self.of.setdefault(f"{path}_count", number)
            if kind.startswith("begin "):
                above.append(path)
        for number, row in enumerate(sheet.rows["choices"], 2):
            self.of.setdefault(f"{row.get('list_name', '')}/{row.get('name', '')}", number)

    def placed(self, finding: Finding) -> Finding:
        """The finding with the row of its node."""
        row = self.of.get(finding.name, finding.row)
        return Finding(
            finding.rule, finding.sheet, row, finding.column, finding.what, finding.name
        )


def bare_type(row: Mapping[str, str]) -> str:
    """The type as it is compared: `begin group` for `begin_group`."""
    kind = " ".join(row.get("type", "").split()).lower()
    if re.match(r"(begin|end)[_ ](group|repeat)", kind):
        return kind.replace("_", " ", 1)
    return kind


def at(rule: str, node: Node, where: str, what: str = "") -> Finding:
    """A finding at one of a node's expressions."""
    return Finding(rule, column=COLUMNS.get(where, where), what=what, name=node.path)


def at_choice(rule: str, name: str, choice: Choice, column: str, what: str) -> Finding:
    """A finding at one choice of a list."""
    return Finding(rule, "choices", None, column, what, f"{name}/{choice.name}")


def problem(one: Problem) -> Finding:
    """A problem of the compiler as a finding."""
    return at(NAMES.get(one.why, one.why), one.node, one.where, one.what)


# --- The sheet ---------------------------------------------------------------------------------


def columns(sheet: Sheet) -> Iterator[Finding]:
    """Columns that nothing reads: a misspelt one loses its rules silently."""
    filters = " ".join(
        cell for _number, row in sheet.survey() for name, cell in row.items() if name != "label"
    )
    for name, known in KNOWN.items():
        for header in sheet.headers[name]:
            first, _colon, language = header.partition("::")
            if header in known or (language and first in SPOKEN and first in known | {"hint"}):
                continue
            used = (
                name == "choices"
                and not language
                and re.search(rf"(?<![\w-]){re.escape(header)}(?![\w-])", filters)
            )
            if not used:
                close = get_close_matches(header, known, 1)
                what = f"{header} → {close[0]}?" if close else header
                yield Finding("column", name, 1, header, what)
    for other in sheet.others:
        yield Finding("sheet", other, None, "", other)


def types(sheet: Sheet) -> Iterator[Finding]:
    """Types of questions that a page cannot ask, and that tell of the device."""
    profile = (
        sheet.rows["settings"][0].get("attribute::svr:profile", "")
        if sheet.rows["settings"]
        else ""
    )
    if profile not in PROFILES:
        yield Finding("profile", "settings", 2, "profile", profile)
    for number, row in sheet.survey():
        kind = bare_type(row)
        name = row.get("name", "")
        words = kind.split()
        device = (
            kind in DEVICE_TYPES or kind.startswith("background-") or kind.endswith("geopoint")
        )
        if device and profile == "anonymous-report":
            yield Finding("device", "survey", number, "type", row["type"], name)
        elif kind not in PLAIN_TYPES and not (
            len(words) == 2 and words[0] in LIST_TYPES and not words[1].startswith("${")
        ):
            yield Finding("type", "survey", number, "type", row.get("type", ""), name)


# --- Expressions ---------------------------------------------------------------------------------


def expressions(questionnaire: Questionnaire) -> Iterator[Finding]:
    """What reads well and is understood differently by different engines."""
    kinds = Kinds(questionnaire)
    reach = Reach(questionnaire)
    for node in questionnaire.definition.nodes.values():
        for where in (
            "calculate",
            "relevant",
            "required",
            "constraint",
            "readonly",
            "count",
            "first",
        ):
            source = getattr(node, where)
            if not source:
                continue
            tree = parse(source)
            place = node.parent if where == "count" and node.parent else node
            if where in ("relevant", "required", "constraint", "readonly") and isinstance(
                tree, Path
            ):
                yield at("bare-condition", node, where, written(tree))
            if where in ("calculate", "first") and kinds.of(tree, node) == "boolean":
                yield at("boolean-calculation", node, where)
            if where == "calculate" and node.type == "string" and kinds.of(tree, node) == "date":
                yield at("date-calculation", node, where)
            for rule, what in judged(tree, place, kinds):
                yield at(rule, node, where, what)
        if node.itemset:
            path = parse(node.itemset.nodes)
            assert isinstance(path, Path)
            for step in path.steps:
                for tree in step.filters:
                    for rule, what in judged(tree, node, kinds, row="choice"):
                        yield at(rule, node, "choices", what)
        for id_, where in ((node.label, "label"), (node.hint, "hint")):
            for texts_ in questionnaire.definition.texts.values():
                for part in texts_.get(id_, ()):
                    if isinstance(part, Filled):
                        tree = parse(part.source)
                        if shows_decimal(tree, node, kinds, None):
                            yield at("number-as-text", node, where, written(tree))
                        if shows_blank_number(tree, node, kinds, None):
                            yield at("blank-number", node, where)
                        for rule, what in judged(tree, node, kinds):
                            yield at(rule, node, where, what)
    for use in questionnaire.uses:
        if use.where in ("calculate", "first") and not use.node.in_body:
            continue
        for read in use.reads:
            late = reach.latest(read)
            if late is not None and reach.is_later(late, use.node):
                yield at("forward", use.node, use.where, late.name)


def judged(
    tree: Tree, node: Node, kinds: Kinds, row: "Node | str | None" = None
) -> Iterator[tuple[str, str]]:
    """The rules that an expression breaks, with the words that break them."""
    # And whether date(…) is around it, and what is known not to be blank there.
    waiting: list[tuple[Tree, bool, frozenset[Tree]]] = [(tree, False, frozenset())]
    while waiting:
        one, in_date, given = waiting.pop()
        if isinstance(one, Binary):
            waiting += [(one.left, in_date, given), (one.right, in_date, given)]
            yield from sides(one, node, kinds, row, in_date=in_date)
            if in_date and one.sign in "+-":
                for side in (one.left, one.right):
                    blank = isinstance(side, Path) and side not in given
                    if blank and kinds.of(side, node, row) == "date":
                        yield "blank-date", written(side)
        elif isinstance(one, Call) and one.name == "if":
            test, yes, no = one.arguments
            waiting += [
                (test, False, given),
                (yes, False, given | answered(test, "!=")),
                (no, False, given | answered(test, "=")),
            ]
            yield from called(one, node, kinds, row)
        elif isinstance(one, Call):
            dated = one.name in ("date", "date-time", "format-date", "format-date-time")
            waiting += [(argument, dated, given) for argument in one.arguments]
            yield from called(one, node, kinds, row)
        elif isinstance(one, Path):
            for step in one.steps:
                for inner in step.filters:
                    target = kinds.target(Path(one.start, steps_to(one, step)), node, row)
                    yield from judged(inner, node, kinds, target or "choice")
        elif not isinstance(one, Text) and hasattr(one, "inner"):
            waiting.append((one.inner, in_date, given))


def answered(test: Tree, sign: str) -> frozenset[Tree]:
    """What is not blank where a condition holds (`!=`), or where it does not (`=`)."""
    found: set[Tree] = set()
    waiting = [test]
    while waiting:
        one = waiting.pop()
        if not isinstance(one, Binary):
            continue
        if one.sign == ("and" if sign == "!=" else "or"):
            waiting += [one.left, one.right]
        elif one.sign == sign and Text("") in (one.left, one.right):
            found |= {one.left, one.right}
    return frozenset(found)


def steps_to(path: Path, last: Step) -> tuple[Step, ...]:
    """The steps of a path up to one, without what they filter."""
    return tuple(Step(step.name) for step in path.steps[: path.steps.index(last) + 1])


def sides(
    one: Binary, node: Node, kinds: Kinds, row: "Node | str | None", *, in_date: bool
) -> Iterator[tuple[str, str]]:
    """What two sides may not be to each other."""
    left, right = (kinds.of(side, node, row) for side in (one.left, one.right))
    if one.sign in ("and", "or"):
        for side in (one.left, one.right):
            if isinstance(side, Path):
                yield "bare-condition", written(side)
    elif one.sign in ARITHMETIC:
        if "date" in (left, right) and not (in_date and one.sign in "+-"):
            yield "date-arithmetic", ""
    else:
        for side, other in ((one.left, right), (one.right, left)):
            if isinstance(side, Text) and side.value != "":
                if other == "number":
                    yield "quoted-number", side.value
                elif other == "date":
                    yield "quoted-date", side.value


def called(
    one: Call, node: Node, kinds: Kinds, row: "Node | str | None"
) -> Iterator[tuple[str, str]]:
    """What a function may not be given."""
    given = one.arguments
    if one.name in ("if", "not", "boolean") and isinstance(given[0], Path):
        yield "bare-condition", written(given[0])
    if one.name in ("number", "int", "round"):
        for argument in given:
            if isinstance(argument, Text) and not NUMBER.fullmatch(argument.value.strip()):
                yield "quoted-number", argument.value
    if one.name == "checklist":
        for answer in given[2:]:
            if isinstance(answer, Path):
                yield "bare-condition", written(answer)
    if one.name == "regex" and isinstance(given[1], Text):
        pattern = given[1].value
        if not (pattern.startswith("^") and pattern.endswith("$")) or pattern.endswith("\\$"):
            yield "anchors", pattern
    if one.name in ("sum", "min", "max"):
        for argument in given:
            if not blank_safe(argument, node, kinds, row):
                yield "blank-rows", one.name
    if one.name in ROWS:
        for argument in given:
            target = kinds.target(argument, node, row) if isinstance(argument, Path) else None
            if target is not None and may_hide(target, node):
                yield "hidden-rows", target.name
    if one.name in TEXT_FUNCTIONS:
        for argument in given:
            if shows_decimal(argument, node, kinds, row):
                yield "number-as-text", written(argument)
            if shows_blank_number(argument, node, kinds, row):
                yield "blank-number", ""
    if one.name in ("date", "date-time") and kinds.of(given[0], node, row) == "number":
        inner = given[0]
        both = (inner.left, inner.right) if isinstance(inner, Binary) else ()
        if not any(kinds.of(side, node, row) == "date" for side in both):
            yield "date-arithmetic", ""
    if one.name == "date" and isinstance(given[0], Path):
        target = kinds.target(given[0], node, row)
        if target is not None and target.type == "dateTime":
            yield "moment", target.name
    if one.name in ("format-date", "format-date-time"):
        if not isinstance(given[1], Text):
            yield "format", ""
        elif set(re.findall(r"%(.)", given[1].value)) - PORTABLE_PARTS:
            yield "format", given[1].value
    if one.name == "jr:choice-name" and isinstance(given[1], Text):
        path = parse(given[1].value.strip())
        target = kinds.target(path, node) if isinstance(path, Path) else None
        if target is not None and not set(target.repeats) <= set(node.repeats):
            yield "choice-name-rows", target.name


def shows_decimal(tree: Tree, node: Node, kinds: Kinds, row: "Node | str | None") -> bool:
    """Whether a decimal number would be read as the text that was typed."""
    target = kinds.target(tree, node, row) if isinstance(tree, Path) else None
    return target is not None and target.type == "decimal"


def shows_blank_number(tree: Tree, node: Node, kinds: Kinds, row: "Node | str | None") -> bool:
    """Whether a calculation that may come to nothing would be read as text."""
    if isinstance(tree, Path | Text) or kinds.of(tree, node, row) != "number":
        return False
    return not kinds.never_blank(tree, node)


def written(tree: Tree) -> str:
    """The name that a path ends with."""
    return tree.steps[-1].name if isinstance(tree, Path) else ""


def may_hide(target: Node, node: Node) -> bool:
    """Whether rows that are counted from elsewhere may not be asked at all."""
    near = set(node.up())
    if not any(one.kind == "repeat" and one not in near for one in target.up()):
        return False
    return any(one.relevant and one not in near and one.kind != "leaf" for one in target.up())


def blank_safe(tree: Tree, node: Node, kinds: Kinds, row: "Node | str | None") -> bool:
    """Whether what is summed has a number in every row that counts."""
    if isinstance(tree, Path):
        target = kinds.target(tree, node, row)
        if target is not None:
            return bool(target.calculate) and kinds.never_blank(parse(target.calculate), target)
    return kinds.never_blank(tree, node)


class Reach:
    """How far down a form one must have come for an answer to be there."""

    def __init__(self, questionnaire: Questionnaire) -> None:
        self.reads: dict[Node, set[Node]] = {}
        for use in questionnaire.uses:
            if use.where == "calculate" and not use.node.in_body:
                self.reads.setdefault(use.node, set()).update(use.reads)
        self._latest: dict[Node, Node | None] = {}

    def latest(self, node: Node) -> Node | None:
        """The last question that an answer waits for: itself, or what a calculation reads."""
        if node not in self._latest:
            seen, waiting, late = {node}, [node], None
            while waiting:
                one = waiting.pop()
                if one.in_body and one.kind == "leaf" and (late is None or late.order < one.order):
                    late = one
                for read in self.reads.get(one, set()) - seen:
                    seen.add(read)
                    waiting.append(read)
            self._latest[node] = late
        return self._latest[node]

    def is_later(self, late: Node, node: Node) -> bool:
        """Whether a question comes after a node that is shown; rows of one repeat meet anyway."""
        return late.order > node.order and node not in late.up() and node.in_body


# --- Texts, parts, codes, sizes ---------------------------------------------------------------


def texts(questionnaire: Questionnaire) -> Iterator[Finding]:
    """What is not said at all or not in every language, and rules without a message."""
    definition = questionnaire.definition
    for node in definition.nodes.values():
        if node.control and not node.label:
            yield at("label", node, "label", node.name)
        if node.constraint and not node.constraint_text:
            yield at("message", node, "constraint_message")
        for id_, where in (
            (node.label, "label"), (node.hint, "hint"),
            (node.constraint_text, "constraint_message"), (node.required_text, "required_message"),
        ):  # fmt: skip
            if id_:
                gaps = missing(definition, id_)
                if where == "label" and len(gaps) == len(definition.texts):
                    yield at("label", node, "label", node.name)
                    continue
                for language in gaps:
                    yield at("translation", node, where, language)
    for name, choices in definition.choices.items():
        for choice in choices:
            if not choice.text and not choice.values.get("label"):
                yield at_choice("label", name, choice, "label", choice.name)
            if choice.text:
                for language in missing(definition, choice.text):
                    yield at_choice("translation", name, choice, "label", language)


def missing(definition: Definition, id_: str) -> list[str]:
    """The languages in which a text is not there; pyxform fills the gap with a dash."""
    return [
        language
        for language, texts_ in definition.texts.items()
        if texts_.get(id_, ("-",)) in (("-",), ())
    ]


def parts(questionnaire: Questionnaire) -> Iterator[Finding]:
    """Answers without a compartment, and information that flows to a more open one."""
    unknown = False
    for node in questionnaire.definition.nodes.values():
        if node.compartment and node.compartment not in flow.HEIGHT:
            unknown = True
            yield at("compartment", node, "compartment", node.compartment)
        elif node.kind == "leaf" and not is_note(node) and not node.compartment_of:
            unknown = True
            yield at("compartment", node, "compartment", node.name)
    if not unknown:
        for leak in flow.leaks(questionnaire):
            yield at("flow", leak.use.node, leak.use.where, leak.read.name)


def is_note(node: Node) -> bool:
    """Whether a node only says something."""
    return node.control == "input" and node.readonly == "true()" and not node.calculate


def codes(questionnaire: Questionnaire, codebooks: Codebooks) -> Iterator[Finding]:
    """Codes for statistics that no codebook knows."""
    for node in questionnaire.definition.nodes.values():
        if not node.stat:
            continue
        known = codebooks.get(node.stat)
        if known is None:
            yield at("stat", node, "stat", node.stat)
            continue
        use = next(
            (u for u in questionnaire.uses if u.node is node and u.where == "choices"), None
        )
        for name in sorted(use.lists) if use else ():
            for choice in questionnaire.definition.choices[name]:
                code = choice.values.get("stat_code", "")
                if code and code not in known:
                    yield at_choice("stat", name, choice, "stat_code", f"{node.stat}: {code}")


def anonymous(questionnaire: Questionnaire) -> Iterator[Finding]:
    """What a report without a name must not ask for."""
    if questionnaire.definition.profile != "anonymous-report":
        return
    for node in questionnaire.definition.nodes.values():
        if node.required not in ("", "false()") and node.compartment_of in ("identity", "contact"):
            yield at("required-identity", node, "required", node.name)


def sizes(questionnaire: Questionnaire) -> Iterator[Finding]:
    """More than a person can be asked."""
    definition = questionnaire.definition
    asked = sum(1 for node in definition.nodes.values() if node.kind == "leaf")
    if asked > MAX_QUESTIONS:
        yield Finding("many-questions", what=str(asked))
    for name, choices in definition.choices.items():
        if len(choices) > MAX_LIST:
            yield Finding("many-choices", "choices", None, "list_name", name)


__all__ = ["Examined", "Finding", "examine", "expressions"]
