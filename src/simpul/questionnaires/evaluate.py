"""Runs a questionnaire: answers in; what is asked, required, valid, calculated and offered out."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from simpul.questionnaires.compile import Questionnaire
from simpul.questionnaires.definition import Node
from simpul.questionnaires.state import MAX_ITEMS, MAX_ROWS, Item, State
from simpul.questionnaires.xpath.values import to_bool, to_number, to_text

MAX_PASSES = 8


class DoesNotSettle(Exception):
    """Rules that change each other's results for ever; a lint rule keeps such forms out."""


class Evaluation:
    """One set of answers under one questionnaire."""

    def __init__(
        self,
        questionnaire: Questionnaire,
        draft: Mapping[str, str] | None = None,
        *,
        now: datetime,
        language: str = "",
    ) -> None:
        """A new form without a draft, with its defaults; else what the draft holds, settled."""
        self.questionnaire = questionnaire
        definition = questionnaire.definition
        self.state = State(now, language or definition.default_language)
        self.state.root = self._grow(definition.root, None)
        if draft is None:
            self._first(self.state.root)
        else:
            self._fill(draft)
        self.settle()

    # --- Changing --------------------------------------------------------------------------------

    def find(self, path: str) -> Item | None:
        """The item at `/data/children[2]/name`, or None."""
        names = path.split("/")[1:]
        if not names or names[0] != self.state.root.node.name:
            return None
        at = self.state.root
        for name in names[1:]:
            bare, bracket, rest = name.partition("[")
            kid = at.kids.get(bare)
            if isinstance(kid, list):
                number = rest[:-1] if bracket and rest.endswith("]") else ""
                if not number.isdecimal() or len(number) > 4 or not 1 <= int(number) <= len(kid):
                    return None
                at = kid[int(number) - 1]
            elif kid is None or bracket:
                return None
            else:
                at = kid
        return at

    def rows(self, path: str) -> list[Item] | None:
        """The rows of the repeat at `/data/house[1]/person`, or None."""
        above, _, name = path.rpartition("/")
        parent = self.find(above)
        kid = parent.kids.get(name) if parent else None
        return kid if isinstance(kid, list) else None

    def set(self, path: str, text: str) -> bool:
        """Put an answer in its place; False where there is no such place."""
        item = self.find(path)
        if item is None or item.node.kind != "leaf":
            return False
        item.put(text)
        return True

    def add(self, path: str) -> Item | None:
        """One more row at the end, with its defaults; None where no more is allowed."""
        rows = self.rows(path)
        if rows is None or len(rows) >= MAX_ROWS or self.state.items > MAX_ITEMS:
            return None
        parent = self.find(path.rpartition("/")[0])
        assert parent is not None
        item = self._grow(parent.node.children[path.rpartition("/")[2]], parent, fresh=True)
        rows.append(item)
        self._first(item)
        return item

    def remove(self, path: str) -> bool:
        """Take a row away; the later ones move up."""
        item = self.find(path)
        if item is None or item.node.kind != "repeat" or item.parent is None:
            return False
        item.parent.kids[item.node.name].remove(item)
        return True

    def settle(self) -> None:
        """Recompute everything until nothing changes.

        The rules stand in the order of what they read, so that one pass is enough and the second
        only sees that it was.
        """
        for _ in range(MAX_PASSES):
            if not self._pass():
                return
        raise DoesNotSettle

    # --- Asking ----------------------------------------------------------------------------------

    def required(self, item: Item) -> bool:
        """Whether an answer must be given now."""
        rule = self.questionnaire.required.get(item.node)
        return rule is not None and to_bool(rule(item, None))

    def readonly(self, item: Item) -> bool:
        """Whether the answer cannot be changed now."""
        here: Item | None = item
        while here is not None:
            rule = self.questionnaire.readonly.get(here.node)
            if rule is not None and to_bool(rule(here, None)):
                return True
            here = here.parent
        return False

    def valid(self, item: Item) -> bool:
        """Whether the answer keeps the rule of its question; an empty one always does."""
        rule = self.questionnaire.constraint.get(item.node)
        return rule is None or not item.text or to_bool(rule(item, None))

    def text(self, item: Item, what: str = "label") -> str:
        """The label, hint or message of an item in the language that is shown."""
        said = getattr(self.questionnaire.faces[item.node], what)
        definition = self.questionnaire.definition
        fill = said.get(self.state.language) or said.get(definition.default_language)
        return fill(item) if fill else ""

    def draft(self) -> dict[str, str]:
        """Every answer, also of what is hidden now, so that Back works."""
        kept: dict[str, str] = {}
        for path, item in self._everything(self.state.root, f"/{self.state.root.node.name}"):
            if item.node.kind == "leaf":
                if item.kept:
                    kept[path] = item.kept
            elif item.node.kind == "repeat":
                kept[path] = ""
        return kept

    # --- How -------------------------------------------------------------------------------------

    def _grow(self, node: Node, parent: Item | None, *, fresh: bool = False) -> Item:
        """The item of a node with everything below it, at its defaults."""
        item = Item(node, parent, self.state)
        if node.kind == "leaf":
            if node.default:
                item.put(node.default)
        else:
            for name, child in node.children.items():
                if child.kind == "repeat":
                    item.kids[name] = []
                    rows = 0 if child.count else child.fresh if fresh else child.rows
                    item.kids[name] += [self._grow(child, item, fresh=fresh) for _ in range(rows)]
                else:
                    item.kids[name] = self._grow(child, item, fresh=fresh)
        if not any(above.kind == "repeat" for above in node.up()):
            self.state.single[node] = item
        return item

    def _first(self, top: Item) -> None:
        """Defaults that are calculated once."""
        if not self.questionnaire.first:
            return
        for item in top.below():
            rule = self.questionnaire.first.get(item.node)
            if rule is not None:
                item.put(to_text(rule(item, None)))

    def _fill(self, draft: Mapping[str, str]) -> None:
        """Take a draft: rows first, then answers; what has no place in this version is left out."""
        for item in list(self.state.root.below()):
            if item.node.kind == "leaf":
                item.put("")
        self._clear(self.state.root)
        for path, text in draft.items():
            place = self._place(path)
            if place is not None and place.node.kind == "leaf":
                place.put(text)

    def _clear(self, top: Item) -> None:
        for item in list(top.below()):
            for name, kid in item.kids.items():
                if isinstance(kid, list):
                    item.kids[name] = []

    def _place(self, path: str) -> Item | None:
        """The item of a draft's path; rows are made as they are named."""
        names = path.split("/")[1:]
        if not names or names[0] != self.state.root.node.name:
            return None
        at = self.state.root
        for name in names[1:]:
            bare, _, rest = name.partition("[")
            kid = at.kids.get(bare)
            if isinstance(kid, list):
                number = rest[:-1].removeprefix("-")
                if not number.isdecimal() or len(number) > 4 or not 1 <= int(number) <= MAX_ROWS:
                    return None
                if rest.startswith("-"):  # a row that does not count at present
                    kid = at.spare.setdefault(bare, [])
                while len(kid) < int(number):
                    if self.state.items > MAX_ITEMS:
                        return None
                    row = self._grow(at.node.children[bare], at)
                    kid.append(row)
                    self._clear(row)
                    for leaf in row.below():
                        leaf.put("")
                at = kid[int(number) - 1]
            elif kid is None:
                return None
            else:
                at = kid
        return at

    def _everything(self, top: Item, path: str) -> Iterator[tuple[str, Item]]:
        """Every item with its path, rows that do not count at present included."""
        waiting = [(path, top)]
        while waiting:
            here, item = waiting.pop()
            yield here, item
            below: list[tuple[str, Item]] = []
            for name, kid in item.kids.items():
                if isinstance(kid, list):
                    below += [(f"{here}/{name}[{n}]", row) for n, row in enumerate(kid, 1)]
                    spare = item.spare.get(name, [])
                    below += [(f"{here}/{name}[-{n}]", row) for n, row in enumerate(spare, 1)]
                else:
                    below.append((f"{here}/{name}", kid))
            waiting += reversed(below)

    def _pass(self) -> bool:
        """Run every rule once; whether anything changed."""
        changed = False
        state = self.state
        for rule in self.questionnaire.rules:
            node, run = rule.node, rule.run
            if rule.kind == "count":
                assert node.parent is not None
                for parent in state.every(node.parent):
                    changed |= self._count(parent, node, to_number(run(parent, None)))
                continue
            if rule.kind == "choices":
                for item in state.every(node):
                    changed |= self._keep_offered(item)
                continue
            single = state.single.get(node)
            items: Iterable[Item]
            items = state.every(node) if single is None else (single,)
            for item in items:
                value = run(item, None)
                if rule.kind == "relevant":
                    asked = to_bool(value)
                    if asked != item.relevant:
                        item.turn(asked)
                        changed = True
                else:
                    # What is no number is stored as nothing.
                    text = "" if value != value else to_text(value)
                    if text != item.text:
                        item.put(text)
                        changed = True
        return changed

    def _keep_offered(self, item: Item) -> bool:
        """Let only those choices count that are offered now; the others wait."""
        if not item.kept or not item.live:
            return False
        offered = set(self.questionnaire.values(item))
        text = " ".join(one for one in item.kept.split() if one in offered)
        if text == item.text:
            return False
        item.show(text)
        return True

    def _count(self, parent: Item, node: Node, wanted: float) -> bool:
        """Have as many rows as the form says; what is in the others waits, in case they return."""
        most = MAX_ROWS
        if wanted != wanted:  # no number is no order to take rows away
            return False
        number = int(max(0.0, min(wanted, most + 1.0)))
        if number > most:
            self.state.overflow.add(node.path)
            number = most
        rows = parent.kids[node.name]
        spare = parent.spare.setdefault(node.name, [])
        changed = False
        while len(rows) > number:
            spare.insert(0, rows.pop())
            changed = True
        while len(rows) < number and self.state.items <= MAX_ITEMS:
            if spare:
                row = spare.pop(0)
            else:
                row = self._grow(node, parent, fresh=True)
                self._first(row)
            rows.append(row)
            row.turn(row.relevant)
            changed = True
        return changed
