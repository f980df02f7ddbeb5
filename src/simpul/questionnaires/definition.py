"""An XForm as it was imported: immutable, hashed, read into nodes, texts and choices."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from simpul.questionnaires import importer
from simpul.vault import crypto

MAX_BYTES = 4 * 1024 * 1024
MAX_NODES = 3000
MAX_CHOICES = 20_000

XFORMS = "{http://www.w3.org/2002/xforms}"
XHTML = "{http://www.w3.org/1999/xhtml}"
JAVAROSA = "{http://openrosa.org/javarosa}"
OWN = importer.OWN
SVR = f"{{{OWN}}}"

CONTROLS = {"input", "select1", "select", "rank", "trigger", "range", "upload", "secret"}


class NotAForm(Exception):
    """XML that is no form within the limits; `why` says it in a code."""

    def __init__(self, why: str, what: str = "") -> None:
        super().__init__(f"{why}: {what}")
        self.why, self.what = why, what


# A text is made of words and of expressions that are filled in when it is shown.
@dataclass(frozen=True, slots=True)
class Filled:
    """An expression inside a text."""

    source: str


Words = tuple[str | Filled, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a list with all its columns; `text` names its label, `words` is one without."""

    values: dict[str, str]
    text: str = ""

    @property
    def name(self) -> str:
        """The value that is stored when it is chosen."""
        return self.values.get("name", "")


@dataclass(frozen=True, slots=True)
class Itemset:
    """Where a question takes its choices from: a path with a filter, and which parts to show."""

    nodes: str
    value: str
    label: str


@dataclass(slots=True, eq=False)
class Node:
    """A question, hidden value, group or repeat; everything that the form says of it."""

    name: str
    path: str
    parent: "Node | None"
    order: int
    kind: str = "leaf"  # root, group, repeat, leaf
    type: str = "string"
    children: "dict[str, Node]" = field(default_factory=dict)
    default: str = ""
    first: str = ""  # an expression that is evaluated once, when the node comes into being
    follows: bool = False  # set whenever another answer changes
    calculate: str = ""
    relevant: str = ""
    required: str = ""
    constraint: str = ""
    readonly: str = ""
    constraint_text: str = ""
    required_text: str = ""
    preload: str = ""
    compartment: str = ""
    stat: str = ""
    control: str = ""
    media: str = ""
    appearance: str = ""
    label: str = ""
    hint: str = ""
    itemset: Itemset | None = None
    range: tuple[str, str, str] | None = None
    count: str = ""  # of a repeat: how many rows
    fixed: bool = False  # no row may be added or removed by hand
    rows: int = 1  # of a repeat: how many there are at the beginning
    fresh: int = 1  # and in a row that is added
    in_body: bool = False

    def up(self) -> "Iterator[Node]":
        """Itself, its parent, and so on to the root."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent

    @property
    def repeats(self) -> "tuple[Node, ...]":
        """The repeats that it is in or is, from the outside in."""
        return tuple(reversed([node for node in self.up() if node.kind == "repeat"]))

    @property
    def compartment_of(self) -> str:
        """The compartment of the nearest that names one."""
        return next((node.compartment for node in self.up() if node.compartment), "")

    def __repr__(self) -> str:
        return f"<{self.path}>"


class Definition:
    """One version of a questionnaire: the XML, its hash, and what it says."""

    def __init__(self, xml: str) -> None:
        """Read the XML. Raises NotAForm."""
        html = _parsed(xml)
        self.xml = xml
        model = html.find(f"{XHTML}head/{XFORMS}model")
        body = html.find(f"{XHTML}body")
        if model is None or body is None:
            raise NotAForm("shape", "model, body")
        instances = model.findall(f"{XFORMS}instance")
        if not instances or len(instances[0]) != 1:
            raise NotAForm("shape", "instance")
        top = instances[0][0]
        self.title = html.findtext(f"{XHTML}head/{XHTML}title") or ""
        self.form_id = top.get("id", "")
        self.version = top.get("version", "")
        self.profile = top.get(f"{SVR}profile", "")
        self.texts, self.languages, self.default_language = _texts(model)
        self.choices = {one.get("id", ""): _choices(one) for one in instances[1:]}
        self.outside = {
            one.get("id", ""): one.get("src", "") for one in instances[1:] if one.get("src")
        }
        if sum(len(one) for one in self.choices.values()) > MAX_CHOICES:
            raise NotAForm("choices", str(MAX_CHOICES))
        self.nodes: dict[str, Node] = {}
        self.root = self._grow(top, None)
        self.root.kind = "root"
        self._bind(model)
        self._lay_out(body)
        self._set_values(html)
        for node in list(self.nodes.values()):
            # pyxform makes a hidden calculation of a number of rows that is more than a name.
            counter = self.nodes.get(node.count)
            if counter is not None and counter.name == f"{node.name}_count":
                counter.compartment = counter.compartment_of or node.compartment_of

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 over the canonical XML (C14N 2.0); equal forms have equal digests."""
        return crypto.sha256(ET.canonicalize(self.xml).encode())

    def _grow(self, top: ET.Element, parent: Node | None) -> Node:
        """The nodes below an element of the primary instance."""
        waiting: list[tuple[ET.Element, Node | None]] = [(top, parent)]
        first: Node | None = None
        while waiting:
            element, above = waiting.pop()
            name = _bare(element.tag)
            path = f"{above.path if above else ''}/{name}"
            known = self.nodes.get(path)
            template = element.get(f"{JAVAROSA}template") is not None
            if name == "meta" and above is first:
                continue
            if known is not None:  # a further row of a repeat, or the first beside its template
                known.kind = "repeat"
                known.rows += 1
                continue
            if len(self.nodes) >= MAX_NODES:
                raise NotAForm("nodes", str(MAX_NODES))
            node = Node(name, path, above, len(self.nodes))
            if template:
                node.kind, node.rows, node.fresh = "repeat", 0, 0
            elif len(element):
                node.kind = "group"
            else:
                node.default = element.text or ""
            self.nodes[path] = node
            if above is not None:
                above.children[name] = node
            first = first or node
            waiting += [(child, node) for child in reversed(element)]
        for node in self.nodes.values():
            node.rows = max(node.rows, 1)  # a repeat inside a repeat has a template only
        assert first is not None
        return first

    def _bind(self, model: ET.Element) -> None:
        """What the binds say of each node."""
        for bind in model.findall(f"{XFORMS}bind"):
            node = self.nodes.get((bind.get("nodeset") or "").strip())
            if node is None:
                continue
            node.type = (bind.get("type") or "string").split(":")[-1]
            for name in ("calculate", "relevant", "required", "constraint", "readonly"):
                setattr(node, name, (bind.get(name) or "").strip())
            node.constraint_text = _reference(bind.get(f"{JAVAROSA}constraintMsg"))
            node.required_text = _reference(bind.get(f"{JAVAROSA}requiredMsg"))
            for key, id_ in ((f"{JAVAROSA}constraintMsg", f"{node.path}:constraint"),
                             (f"{JAVAROSA}requiredMsg", f"{node.path}:required")):  # fmt: skip
                said = bind.get(key) or ""
                if said and not said.startswith("jr:itext("):
                    self._say(id_, (said,))
                    if key.endswith("constraintMsg"):
                        node.constraint_text = id_
                    else:
                        node.required_text = id_
            node.preload = bind.get(f"{JAVAROSA}preload") or ""
            node.compartment = bind.get(f"{SVR}compartment") or ""
            node.stat = bind.get(f"{SVR}stat") or ""

    def _say(self, id_: str, said: Words) -> None:
        """A text that is the same in every language."""
        for language in self.languages:
            self.texts[language].setdefault(id_, said)

    def _lay_out(self, body: ET.Element) -> None:
        """What the body shows, in the order in which people meet it."""
        order = 0
        waiting = list(reversed(body))
        while waiting:
            element = waiting.pop()
            tag = _bare(element.tag)
            if tag not in CONTROLS | {"group", "repeat"}:
                continue
            path = element.get("nodeset") if tag == "repeat" else element.get("ref")
            node = self.nodes.get((path or "").strip())
            if tag in ("group", "repeat"):
                waiting += reversed(element)
            if node is None:
                continue
            order += 1
            node.in_body = True
            node.appearance = element.get("appearance") or node.appearance
            self._label(node, element)
            if tag == "repeat":
                node.kind = "repeat"
                node.count = (element.get(f"{JAVAROSA}count") or "").strip()
                node.fixed = (element.get(f"{JAVAROSA}noAddRemove") or "").strip() == "true()"
            elif tag in CONTROLS:
                node.control, node.media = tag, element.get("mediatype") or ""
                node.itemset = self._itemset(node, element)
                if tag == "range":
                    start, end, step = (element.get(k) or "" for k in ("start", "end", "step"))
                    node.range = (start, end, step)

    def _label(self, node: Node, element: ET.Element) -> None:
        for what in ("label", "hint"):
            found = element.find(f"{XFORMS}{what}")
            if found is None:
                continue
            id_ = _reference(found.get("ref"))
            if not id_:
                id_ = f"{node.path}:{what}"
                self._say(id_, _words(found))
            setattr(node, what, id_)

    def _itemset(self, node: Node, element: ET.Element) -> Itemset | None:
        found = element.find(f"{XFORMS}itemset")
        if found is not None:
            value, label = found.find(f"{XFORMS}value"), found.find(f"{XFORMS}label")
            return Itemset(
                (found.get("nodeset") or "").strip(),
                (value.get("ref") or "").strip() if value is not None else "",
                (label.get("ref") or "").strip() if label is not None else "",
            )
        items = element.findall(f"{XFORMS}item")
        if not items:
            return None
        made = []
        for number, item in enumerate(items):
            label, id_ = item.find(f"{XFORMS}label"), ""
            if label is not None:
                id_ = _reference(label.get("ref"))
                if not id_:
                    id_ = f"{node.path}:choice-{number}"
                    self._say(id_, _words(label))
            made.append(Choice({"name": item.findtext(f"{XFORMS}value") or ""}, id_))
        self.choices[node.path] = tuple(made)
        return Itemset(f"instance('{node.path}')/root/item", "name", "jr:itext(itextId)")

    def _set_values(self, html: ET.Element) -> None:
        """Defaults that are calculated once, and values that follow another answer."""
        for element in html.iter(f"{XFORMS}setvalue"):
            node = self.nodes.get((element.get("ref") or "").strip())
            if node is None:
                continue
            event = (element.get("event") or "").split()
            if "xforms-value-changed" in event:
                node.follows = True
            else:
                node.first = (element.get("value") or "").strip()


def _parsed(xml: str) -> ET.Element:
    if len(xml) > MAX_BYTES:
        raise NotAForm("large", str(MAX_BYTES))
    try:
        html: ET.Element = fromstring(xml, forbid_dtd=True)
    except (ET.ParseError, DefusedXmlException, ValueError) as error:
        raise NotAForm("xml", type(error).__name__) from None
    return html


def _bare(tag: str) -> str:
    return tag.rpartition("}")[2]


def _reference(said: str | None) -> str:
    """The id in `jr:itext('id')`, or nothing."""
    said = (said or "").strip()
    return said[10:-2] if said.startswith("jr:itext('") and said.endswith("')") else ""


def _words(element: ET.Element) -> Words:
    """A text with the expressions in it, and with white space as one blank."""
    parts: list[str | Filled] = [element.text or ""]
    for child in element:
        if _bare(child.tag) == "output":
            parts.append(Filled((child.get("value") or child.get("ref") or "").strip()))
        parts.append(child.tail or "")
    return tuple(part for part in parts if part)


Texts = dict[str, dict[str, Words]]


def _texts(model: ET.Element) -> tuple[Texts, tuple[str, ...], str]:
    """The texts of each language, the languages, and which one is the form's own."""
    texts: Texts = {}
    own = ""
    for translation in model.findall(f"{XFORMS}itext/{XFORMS}translation"):
        language = translation.get("lang") or ""
        if translation.get("default") and not own:
            own = language
        known = texts.setdefault(language, {})
        for text in translation.findall(f"{XFORMS}text"):
            values = [v for v in text.findall(f"{XFORMS}value") if not v.get("form")]
            if values:
                known[text.get("id") or ""] = _words(values[0])
    if not texts:
        texts[""] = {}
    return texts, tuple(texts), own or next(iter(texts))


def _choices(instance: ET.Element) -> tuple[Choice, ...]:
    """The choices of a secondary instance."""
    made = []
    for item in instance.iterfind("*/*"):
        values = {_bare(child.tag): child.text or "" for child in item}
        made.append(Choice(values, values.get("itextId", "")))
    return tuple(made)
