"""Lists of texts, drafts and recordings, for those who keep them."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.utils.html import escape

from simpul.core import content
from simpul.core.access import NotYours
from simpul.network.actor import Actor
from simpul.vault.keydirectory import Untrusted
from simpul.wording import access, previews, shipped, signatures, texts
from simpul.wording.models import IN_FORCE, Edition, Recording

STALE_AFTER = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Line:
    """A text as it is said now, and what stands behind it."""

    file: str
    key: str
    indonesian: str
    english: str
    edition: Edition | None
    draft: Edition | None
    source: str
    checked_on: date
    is_unverified: bool
    is_stale: bool
    is_ignored: bool  # an edition stands there and the door says the shipped text
    base_changed: bool

    @property
    def room(self) -> str:
        """The first half of the file's name."""
        return self.file.partition("/")[0]

    @property
    def name(self) -> str:
        """The second half."""
        return self.file.partition("/")[2]


def lines(actor: Actor, page: shipped.Page, today: date) -> list[Line]:
    """The texts of a page, in the order of their file."""
    rows = [row for row in access.visible_editions(actor) if row.file == page.file]
    in_force = {row.key: row for row in rows if row.is_in_force}
    drafts = {row.key: row for row in rows if row.is_waiting}
    said = texts.current().changes.get(page.file, {})
    return [
        _line(page.file, key, in_force.get(key), drafts.get(key), key in said, today)
        for key in page.keys
    ]


def line(actor: Actor, file: str, key: str, today: date) -> Line:
    """One text, or 404."""
    if file not in shipped.files() or key not in shipped.texts(file):
        raise NotYours
    page = shipped.page_of(file, key)
    return next(one for one in lines(actor, page, today) if one.key == key)


def _line(
    file: str, key: str, edition: Edition | None, draft: Edition | None, is_said: bool, today: date
) -> Line:
    indonesian, english = texts.raw_pair(file, key)
    checked_on = edition.checked_on if edition else shipped.checked_on(file, key)
    over = shipped.check_value(*shipped.texts(file)[key])
    return Line(
        file=file,
        key=key,
        indonesian=indonesian,
        english=english,
        edition=edition,
        draft=draft,
        source=edition.source if edition else shipped.source(file, key),
        checked_on=checked_on,
        is_unverified=edition.is_unverified if edition else shipped.is_unverified(file, key),
        is_stale=today - checked_on > STALE_AFTER,
        is_ignored=edition is not None and not is_said,
        base_changed=edition is not None and edition.over != over,
    )


def as_before(edition: Edition) -> tuple[str, str]:
    """What is said now in the place of a draft."""
    return texts.raw_pair(edition.file, edition.key)


def public_page(edition: Edition) -> bytes | None:
    """The public door's own page with a draft in its place; None where it is not seen on it.

    What lies behind a receipt, or comes after another answer, is shown in a list.
    """
    page = shipped.page_of(edition.file, edition.key)
    if not page.address or not texts.fits(edition):
        return None
    html = previews.drawn(page, edition)
    return html if escape(content.say(_pair(edition))).encode() in html else None


def _pair(edition: Edition) -> dict[str, str]:
    indonesian, english = texts.as_said(edition)
    return {"id": indonesian, "en": english}


def with_draft(edition: Edition) -> list[tuple[str, str, bool]]:
    """The texts of a draft's page as they would be said, and which of them is the draft's."""
    page = shipped.page_of(edition.file, edition.key)
    column = int(content.say({"id": "0", "en": "1"}))
    return [
        (key, content.say(_pair(edition)), True)
        if key == edition.key
        else (key, texts.raw_pair(page.file, key)[column], False)
        for key in page.keys
    ]


def sound_of(ref: UUID) -> bytes:
    """The sound of a recording in force that two people signed, or 404."""
    recording = access.get_reading(ref)
    try:
        if signatures.are_sound(recording) and signatures.is_whole(recording):
            return bytes(recording.sound)
    except Untrusted:
        pass
    raise NotYours


def is_current(recording: Recording) -> bool:
    """Whether a recording reads what its page says now; an outdated one is not played."""
    return texts.is_current(recording)


def unsigned() -> list[str]:
    """What is in force in the database and not in the mouth of the public door, for the doctor.

    Raises Untrusted.
    """
    editions = [
        f"{row.file} {row.key}"
        for row in Edition.objects.filter(IN_FORCE).order_by("number")
        if not signatures.are_sound(row)
    ]
    recordings = [
        f"{row.page} {row.language}"
        for row in Recording.objects.filter(IN_FORCE).order_by("number")
        if not (signatures.are_sound(row) and signatures.is_whole(row))
    ]
    return editions + recordings
