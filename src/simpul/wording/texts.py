"""What the public door says now: the shipped texts with the editions that are in force.

Every process keeps what it has read and looks again after a few seconds, so a new edition is seen
everywhere without a restart. Where the database is away, what was read last is said.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import Max

from simpul.core import content
from simpul.vault.keydirectory import Untrusted
from simpul.wording import shipped, signatures, words
from simpul.wording.models import IN_FORCE, Edition, Recording, Release
from simpul.wording.shipped import Pair

LOOK_EVERY = 5.0  # seconds
Stamp = tuple[int, ...]


class NotTheSame(Exception):
    """What was said under this version cannot be said again from what is here."""


@dataclass(frozen=True)
class Reading:
    """A recording in force, without its sound."""

    ref: str
    page: str
    language: str
    reads: str
    seconds: int
    size: int


@dataclass(frozen=True)
class Now:
    """What is in force, as one process has read it."""

    stamp: Stamp = ()
    changes: dict[str, dict[str, Pair]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    readings: tuple[Reading, ...] = ()
    raw: dict[str, dict[str, Any]] = field(default_factory=dict)


_known = Now()
_looked = 0.0
_trial: ContextVar[Now | None] = ContextVar("_trial", default=None)  # one preview's own


def current() -> Now:
    """What is in force; the database is asked only inside a request's transaction."""
    global _known, _looked
    if (trial := _trial.get()) is not None:
        return trial
    if not connection.in_atomic_block or time.monotonic() - _looked < LOOK_EVERY:
        return _known
    _looked = time.monotonic()
    try:
        with transaction.atomic():  # a refused look must not end the request's own transaction
            stamp = _stamp()
            if stamp != _known.stamp:
                _known = _read(stamp)
    except (DatabaseError, Untrusted):
        pass
    return _known


@contextmanager
def as_if(edition: Edition) -> Iterator[None]:
    """Says a draft as if it were in force, to whoever looks at its preview and to nobody else."""
    now = current()
    said = now.changes.get(edition.file, {}) | {edition.key: as_said(edition)}
    raw_ = now.raw | {edition.file: shipped.with_changes(edition.file, said)}
    token = _trial.set(replace(now, changes=now.changes | {edition.file: said}, raw=raw_))
    try:
        yield
    finally:
        _trial.reset(token)


def look_again() -> None:
    """The next call asks the database: who decides sees what others have decided a moment ago."""
    global _looked
    _looked = float("-inf")


def forget() -> None:
    """Drops what this process has read, so that the next call looks again."""
    global _known, _looked
    _known, _looked = Now(), float("-inf")


def raw(file: str) -> dict[str, Any]:
    """A content file as it is said now."""
    now = current()
    return now.raw[file] if file in now.raw else shipped.load(file)


def texts(file: str) -> content.Texts:
    """The same for templates, in the language of the request."""
    return content.Texts(raw(file))


def version(file: str) -> str:
    """The version of what is said: the file's own, and where editions are in force which."""
    now = current()
    return _version(file, now.numbers.get(file, 0), now.changes.get(file, {}))


def said_under(file: str, version_: str) -> dict[str, Pair]:
    """Every text of a file as it was said under a version. Raises NotTheSame."""
    base, _, more = version_.partition("+")
    if base != str(shipped.load(file)["version"]):
        raise NotTheSame(version_)
    digits = more.partition(".")[0]
    number = int(digits) if digits.isdecimal() else 0
    rows = Edition.objects.filter(file=file, number__lte=number)
    changes = _sound(row for row in rows if (row.until_number or number + 1) > number)
    if _version(file, number, changes) != version_:
        raise NotTheSame(version_)
    return shipped.texts(file) | changes


def raw_pair(file: str, key: str) -> Pair:
    """What a text says now, in both languages."""
    return current().changes.get(file, {}).get(key, shipped.texts(file)[key])


def page_value(page: shipped.Page, language: str) -> str:
    """The check value of what a page says now in the language that a reading follows."""
    said = shipped.texts(page.file) | current().changes.get(page.file, {})
    column = 1 if shipped.languages()[language]["reads"] == "en" else 0
    return shipped.check_value(*(said[key][column] for key in page.keys))


def readings_of(code: str) -> list[Reading]:
    """The recordings of a page that read what it says now; an older one is never played."""
    page = shipped.pages()[code]
    return [
        one for one in current().readings
        if one.page == code and one.reads == page_value(page, one.language)
    ]  # fmt: skip


def fits(edition: Edition) -> bool:
    """Whether an edition still has its place: the shipped file may have changed since."""
    base = shipped.texts(edition.file).get(edition.key)
    return base is not None and all(
        words.blanks(text) == words.blanks(base[0])
        for text in (edition.indonesian, edition.english)
    )


def is_current(release: Release) -> bool:
    """Whether what was proposed still has its place: a text's, or the words that are read."""
    match release:
        case Edition():
            return fits(release)
        case Recording():
            page = shipped.pages()[release.page]
            return release.reads == page_value(page, release.language)
    raise TypeError(type(release))


def _version(file: str, number: int, changes: dict[str, Pair]) -> str:
    base = str(shipped.load(file)["version"])
    if not number:
        return base
    said = [text for key in sorted(changes) for text in (key, *changes[key])]
    return f"{base}+{number}.{shipped.check_value(*said)[:8]}"


def _stamp() -> Stamp:
    found: list[int] = []
    for model in (Edition, Recording):
        rows = model.objects.aggregate(Max("number"), Max("until_number"))
        found += [rows["number__max"] or 0, rows["until_number__max"] or 0]
    return tuple(found)


def _read(stamp: Stamp) -> Now:
    """Reads what is in force and leaves out whatever is not soundly signed. Raises Untrusted."""
    numbers = {}
    for file in shipped.files():
        most = Edition.objects.filter(file=file).aggregate(Max("number"), Max("until_number"))
        numbers[file] = max(most["number__max"] or 0, most["until_number__max"] or 0)
    changes = {
        file: _sound(Edition.objects.filter(IN_FORCE, file=file)) for file in shipped.files()
    }
    rows = Recording.objects.filter(IN_FORCE).defer("sound").order_by("language", "number")
    return Now(
        stamp=stamp,
        changes=changes,
        numbers=numbers,
        readings=tuple(
            Reading(str(row.ref), row.page, row.language, row.reads, row.seconds, row.size)
            for row in rows
            if row.page in shipped.pages() and row.language in shipped.languages()
            and signatures.are_sound(row)
        ),
        raw={file: shipped.with_changes(file, said) for file, said in changes.items() if said},
    )  # fmt: skip


def _sound(rows: Iterable[Edition]) -> dict[str, Pair]:
    """What these editions say, the newest of each text; only what is signed and still fits."""
    return {
        row.key: as_said(row)
        for row in sorted(rows, key=lambda row: row.number or 0)
        if fits(row) and signatures.are_sound(row)
    }


def as_said(edition: Edition) -> Pair:
    """What an edition says; nobody reads as certain what nobody has matched with its source."""
    if not edition.is_unverified:
        return edition.indonesian, edition.english
    return f"{edition.indonesian} (Belum dicocokkan.)", f"{edition.english} (Not matched yet.)"
