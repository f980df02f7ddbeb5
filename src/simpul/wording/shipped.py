"""The texts as they were shipped: content files of other rooms, found by name and never imported."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

from simpul.core import content
from simpul.vault import crypto

ROOMS = Path(__file__).parents[1]
PAGES = Path(__file__).parent / "content" / "pages.toml"
LANGUAGES = Path(__file__).parent / "content" / "languages.toml"
OTHER = "other"
Pair = tuple[str, str]  # Indonesian and English


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the public door with the keys of its texts, in the order of the file."""

    code: str
    name: dict[str, str]
    file: str
    keys: tuple[str, ...]
    can_be_read: bool
    address: str
    posted: str

    @property
    def title(self) -> str:
        """Its name in the language of the request."""
        return content.say(self.name)


def files() -> list[str]:
    """The names of the content files whose texts can be edited."""
    found: list[str] = content.load(PAGES)["files"]
    return found


def place(file: str) -> str:
    """Where a content file lies in the repository, as rules about words name it."""
    room, _, name = file.partition("/")
    return f"src/simpul/{room}/content/{name}.toml"


def load(file: str) -> dict[str, Any]:
    """A content file as it was shipped. Raises KeyError when no file of this name can be edited."""
    if file not in files():
        raise KeyError(file)
    room, _, name = file.partition("/")
    return content.load(ROOMS / room / "content" / f"{name}.toml")


@cache
def texts(file: str) -> dict[str, Pair]:
    """Every text of a file by its key; an entry of a list goes by its code."""
    return {key: (node["id"], node["en"]) for key, node in _leaves(load(file))}


def checked_on(file: str, key: str) -> date:
    """The day on which a text was checked: its own entry's, or that of the whole file."""
    found: date = _entry(file, key).get("checked", load(file)["checked"])
    return found


def source(file: str, key: str) -> str:
    """The marks of an entry's sources, where it has its own."""
    return str(_entry(file, key).get("mark", ""))


def is_unverified(file: str, key: str) -> bool:
    """Whether an entry says of itself that nobody has matched or tried it yet."""
    return _entry(file, key).get("verified") is False


def _entry(file: str, key: str) -> dict[str, Any]:
    """The entry of a list that a text belongs to; empty where it belongs to none."""
    group, _, rest = key.partition(".")
    rows = load(file).get(group)
    if not isinstance(rows, list):
        return {}
    return next((row for row in rows if rest.startswith(f"{row['code']}.")), {})


def with_changes(file: str, changes: dict[str, Pair]) -> dict[str, Any]:
    """The content of a file with these texts in place of the shipped ones."""
    raw = deepcopy(load(file))
    for key, node in _leaves(raw):
        if key in changes:
            node["id"], node["en"] = changes[key]
    return raw


def check_value(*texts_: str) -> str:
    """Sixteen digits that differ when one of the texts does."""
    return crypto.sha256(crypto.canonical("simpul", "texts", list(texts_))).hex()[:16]


@cache
def pages() -> dict[str, Page]:
    """The pages by code; what no page names stands under `other`."""
    found = {}
    left = [(file, key) for file in files() for key in texts(file)]
    for row in content.load(PAGES)["page"]:
        keys = tuple(
            key
            for key in texts(row["file"])
            if _is_below(key, row["keys"]) and (row["file"], key) in left
        )
        found[row["code"]] = Page(
            row["code"],
            row["name"],
            row["file"],
            keys,
            row.get("read", False),
            row.get("address", ""),
            row.get("posted", ""),
        )
        left = [(f, k) for f, k in left if (f, k) not in {(row["file"], key) for key in keys}]
    rest = tuple(key for file, key in left if file == files()[0])
    if rest:
        found[OTHER] = Page(
            OTHER, {"id": "Lainnya", "en": "Other"}, files()[0], rest, False, "", ""
        )
    return found


def page_of(file: str, key: str) -> Page:
    """The page that says a text."""
    return next(page for page in pages().values() if page.file == file and key in page.keys)


def languages() -> dict[str, dict[str, Any]]:
    """The languages in which somebody may read a page aloud, by code."""
    return {row["code"]: row for row in content.load(LANGUAGES)["language"]}


def language_names() -> list[tuple[str, str]]:
    """Code and name of each language, for choices."""
    return [(code, content.say(row["name"])) for code, row in languages().items()]


def _is_below(key: str, groups: list[str]) -> bool:
    return any(fnmatch(key, group) or key.startswith(f"{group}.") for group in groups)


def _leaves(node: Any, trail: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        if isinstance(node.get("id"), str) and isinstance(node.get("en"), str):
            yield trail, node
            return
        for key, below in node.items():
            yield from _leaves(below, f"{trail}.{key}" if trail else key)
    elif isinstance(node, list):
        for item in node:
            if isinstance(item, dict) and "code" in item:
                yield from _leaves(item, f"{trail}.{item['code']}")
