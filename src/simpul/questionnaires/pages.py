"""Pages of questions: what each shows, what a press of a button does, and what is sent at the end."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from simpul.questionnaires import answers
from simpul.questionnaires.evaluate import Evaluation
from simpul.questionnaires.state import MAX_ROWS, Item

KINDS = {
    "int": "integer", "decimal": "decimal", "date": "date", "time": "time", "dateTime": "datetime",
}  # fmt: skip
ASKS_NOTHING = {"note", "heading"}


@dataclass(frozen=True, slots=True)
class Field:
    """One question, note or heading as a page shows it now."""

    kind: str
    name: str
    label: str
    hint: str = ""
    value: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    chosen: tuple[str, ...] = ()
    required: bool = False
    readonly: bool = False
    appearance: str = ""
    range: tuple[str, str, str] | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """A repeat whose rows a person adds and takes away, with the pages of its rows."""

    name: str
    label: str
    keys: tuple[str, ...]
    may_add: bool


@dataclass(slots=True)
class Page:
    """A page: a top-level group, a row of a repeat, or a repeat's list of rows."""

    key: str
    title: str
    items: list[Item] = field(default_factory=list)
    repeat: Item | None = None  # the parent of the rows, on a list of rows
    rows: str = ""

    @property
    def is_asked(self) -> bool:
        """Whether anything on it is shown now."""
        if self.repeat is not None:
            return self.repeat.live
        return any(item.live and item.node.kind == "leaf" for item in self.items)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a press of a button leads: a page's key, or "" behind the last; errors when it stays."""

    key: str
    errors: dict[str, str]
    revealed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Coded:
    """An answer for the de-identified record: its code, and the code of what was chosen."""

    stat: str
    value: str
    path: str


@dataclass(frozen=True, slots=True)
class Submission:
    """What is stored at the end: answers of each compartment, and what is counted."""

    parts: dict[str, dict[str, str]]
    coded: tuple[Coded, ...]


# --- Which pages there are -----------------------------------------------------------------------


def pages(evaluation: Evaluation) -> list[Page]:
    """Every page of the form, also those that are not asked now, in order."""
    return [page for page in _pages(evaluation, evaluation.state.root) if page.key]


def page(evaluation: Evaluation, key: str) -> Page | None:
    """The page with this key; the first that is asked for an empty one."""
    every = pages(evaluation)
    if not key:
        return next((one for one in every if one.is_asked), None)
    return next((one for one in every if one.key == key), None)


def _pages(evaluation: Evaluation, top: Item) -> Iterator[Page]:
    """The pages below an item. A repeat cuts the page that it stands in."""
    is_root = top.parent is None
    now = Page("", "")

    def begun(item: Item) -> Page:
        return Page(key_of(item), "")

    waiting: list[Item | tuple[Item, str]] = list(reversed(_below(top)))
    while waiting:
        one = waiting.pop()
        if isinstance(one, tuple):
            yield now
            parent, name = one
            yield from _rows(evaluation, parent, name)
            now = Page("", "")
            continue
        outermost = is_root and one.parent is top
        if outermost and (one.node.kind == "group" or (now.items and _top(now) != top)):
            yield now
            now = begun(one)
            now.title = evaluation.text(one) if one.node.kind == "group" else ""
        if not now.key:
            now.key = key_of(one)
        now.items.append(one)
        if one.node.kind == "group":
            waiting += reversed(_below(one))
    yield now


def _top(now: Page) -> Item | None:
    """What the first item of a page stands in: the form itself for loose questions."""
    first = now.items[0]
    return first.parent if first.node.kind == "leaf" else first


def _below(top: Item) -> "list[Item | tuple[Item, str]]":
    """What stands in an item and is shown: questions, groups, and repeats by their names."""
    found: list[Item | tuple[Item, str]] = []
    for name, kid in top.kids.items():
        if isinstance(kid, list):
            found.append((top, name))
        elif kid.node.in_body or kid.node.kind == "group":
            found.append(kid)
    return found


def _rows(evaluation: Evaluation, parent: Item, name: str) -> Iterator[Page]:
    """The list of a repeat's rows, unless the form counts them, and the pages of each row."""
    node = parent.node.children[name]
    rows: list[Item] = parent.kids[name]
    if not node.count and not node.fixed:
        where = f"{key_of(parent)}~{name}" if parent.parent else name
        yield Page(where, "", [], parent, name)
    for row in rows:
        title = evaluation.text(row)
        first = True
        for page in _pages(evaluation, row):
            if first:
                page.key = key_of(row)
            if page.repeat is None:
                page.title = f"{title} ({row.position})".strip()
            first = False
            yield page


def key_of(item: Item) -> str:
    """The address of an item: `children~2~name`. No name begins with a digit."""
    path = item.path.split("/", 2)
    inner = path[2] if len(path) > 2 else ""
    return inner.replace("/", "~").replace("[", "~").replace("]", "")


# --- What a page shows -----------------------------------------------------------------------


def fields(
    evaluation: Evaluation, page: Page, errors: Mapping[str, str] | None = None
) -> list[Field]:
    """What a page shows now. Build it after `settle`, or choices are those of before."""
    said = errors or {}
    return [_field(evaluation, item, said) for item in page.items if _is_shown(item, page)]


def rows(evaluation: Evaluation, page: Page) -> Rows | None:
    """The rows on a list of rows."""
    if page.repeat is None:
        return None
    node = page.repeat.node.children[page.rows]
    listed = page.repeat.kids[page.rows]
    label = evaluation.questionnaire.faces[node].label
    language = evaluation.state.language
    fill = label.get(language) or label.get(evaluation.questionnaire.definition.default_language)
    return Rows(
        page.key,
        fill(page.repeat) if fill else "",
        tuple(key_of(row) for row in listed),
        len(listed) < MAX_ROWS,
    )


def _is_shown(item: Item, page: Page) -> bool:
    if not item.live:
        return False
    if item.node.kind == "group":
        return bool(item.node.label) and item is not page.items[0]
    return True


def _field(evaluation: Evaluation, item: Item, errors: Mapping[str, str]) -> Field:
    node, name = item.node, key_of(item)
    kind = kind_of(item)
    label, hint = evaluation.text(item), evaluation.text(item, "hint")
    if kind in ASKS_NOTHING:
        return Field(kind, name, label, hint)
    offered = tuple(evaluation.questionnaire.offered(item)) if node.itemset else ()
    return Field(
        kind, name, label, hint,
        value=answers.shown(item.text, node.type),
        choices=offered,
        chosen=tuple(item.text.split()) if node.itemset else (),
        required=evaluation.required(item),
        readonly=evaluation.readonly(item),
        appearance=node.appearance,
        range=node.range,
        error=errors.get(name, ""),
    )  # fmt: skip


def kind_of(item: Item) -> str:
    """How an item is asked."""
    node = item.node
    if node.kind == "group":
        return "heading"
    if node.control == "select1":
        return "one"
    if node.control == "select":
        return "many"
    if node.control == "trigger":
        return "acknowledge"
    if node.control == "range":
        return "range"
    if node.readonly == "true()" and not node.calculate:
        return "note"
    return KINDS.get(node.type, "text")


# --- A press of a button -------------------------------------------------------------------------

Posted = Mapping[str, Sequence[str]]
SEEN = "seen"  # the names of what the page showed when the button was pressed


def seen(shown: Sequence[Field]) -> str:
    """What a page carries along, so that only what was visible is judged."""
    return " ".join(one.name for one in shown)


def submit(evaluation: Evaluation, page: Page, posted: Posted, *, step: str = "next") -> Outcome:
    """Take what was posted and say where it leads: `next`, `back` or `stay`.

    The answers are applied and everything is recomputed before anything is judged. `next` stays
    while something that was visible is wrong, and while something new has become visible: a call
    for help must not be revealed and skipped by the same press. `back` never judges.
    """
    visible = set(" ".join(posted.get(SEEN, ())).split())
    asked = [item for item in page.items if key_of(item) in visible]
    for item in asked:
        if item.live and kind_of(item) not in ASKS_NOTHING and not evaluation.readonly(item):
            _take(evaluation, item, posted.get(key_of(item), ()))
    evaluation.settle()
    if step != "next":
        return Outcome(_beside(evaluation, page, -1) if step == "back" else page.key, {})
    errors = {
        key_of(item): said for item in asked if item.live and (said := wrong(evaluation, item))
    }
    revealed = tuple(one.name for one in fields(evaluation, page) if one.name not in visible)
    if errors or revealed:
        return Outcome(page.key, errors, revealed)
    return Outcome(_beside(evaluation, page, 1), {})


def wrong(evaluation: Evaluation, item: Item) -> str:
    """What is wrong with an answer, in the form's own words where it has some; else nothing."""
    kind = kind_of(item)
    if kind in ASKS_NOTHING or item.node.kind != "leaf":
        return ""
    if not item.text:
        if not evaluation.required(item):
            return ""
        return evaluation.text(item, "required") or _("Pertanyaan ini perlu dijawab.")
    if not answers.is_readable(item.text, item.node.type):
        return {
            "integer": _("Tulis angka bulat saja, misalnya 12."),
            "decimal": _("Tulis angka saja, misalnya 1,5."),
            "date": _("Tulis tanggal seperti 31/01/2024."),
            "time": _("Tulis jam seperti 14.30."),
            "datetime": _("Tulis tanggal dan jam seperti 31/01/2024 14.30."),
        }.get(kind, _("Tulisan ini terlalu panjang."))
    if kind == "range" and item.node.range and not _in_range(item):
        low, high, _step = item.node.range
        return _("Pilih angka dari {low} sampai {high}.").format(low=low, high=high)
    if not evaluation.valid(item):
        return evaluation.text(item, "constraint") or _("Periksa lagi jawaban ini.")
    return ""


def _in_range(item: Item) -> bool:
    assert item.node.range
    low, high, _step = (float(one or 0) for one in item.node.range)
    return isinstance(item.value, float) and min(low, high) <= item.value <= max(low, high)


def _take(evaluation: Evaluation, item: Item, given: Sequence[str]) -> None:
    """Put what was posted into its place, as the form stores it."""
    node = item.node
    if node.itemset:
        offered = evaluation.questionnaire.values(item)
        if node in evaluation.questionnaire.filtered:
            chosen = list(dict.fromkeys(given))  # the filter is asked again when all is settled
        else:
            chosen = [one for one in offered if one in given]
        chosen = [one for one in chosen if one and len(one) < 200 and not one.isspace()]
        text = " ".join(chosen if node.control == "select" else chosen[:1])
    elif node.control == "trigger":
        text = "OK" if any(given) else ""
    else:
        text = given[0] if given else ""
        if text == answers.shown(item.text, node.type):
            return
        text = answers.stored(text, node.type, evaluation.state.now)
    if text != item.text:
        item.put(text)


def _beside(evaluation: Evaluation, page: Page, way: int) -> str:
    """The key of the next or the last page that is asked; the same one before the first."""
    every = [one for one in pages(evaluation) if one.is_asked or one.key == page.key]
    at = next((n for n, one in enumerate(every) if one.key == page.key), 0) + way
    if at < 0:
        return page.key
    return every[at].key if at < len(every) else ""


# --- The end -------------------------------------------------------------------------------------


def faults(evaluation: Evaluation) -> list[tuple[str, str, str]]:
    """What stands in the way of sending: the page, the name of the question, what is wrong."""
    return [
        (one.key, key_of(item), said)
        for one in pages(evaluation)
        for item in one.items
        if item.live and (said := wrong(evaluation, item))
    ]


def finished(evaluation: Evaluation) -> Submission:
    """What is stored: every answer that counts, in its compartment. What is hidden is left out."""
    parts: dict[str, dict[str, str]] = {}
    coded = []
    for item in evaluation.state.root.below():
        node = item.node
        if not item.live or node.kind != "leaf" or not item.text or kind_of(item) == "note":
            continue
        parts.setdefault(node.compartment_of, {})[item.path] = item.text
        if node.stat:
            coded += [Coded(node.stat, one, item.path) for one in _codes(evaluation, item)]
    return Submission(parts, tuple(coded))


def _codes(evaluation: Evaluation, item: Item) -> list[str]:
    """The statistical codes of an answer: those of its choices, else the answer itself."""
    if not item.node.itemset:
        return [item.text]
    known = {
        one.name: one.values.get("stat_code", "")
        for one in evaluation.questionnaire.choices_of(item)
    }
    return [known[one] for one in item.text.split() if known.get(one)]
