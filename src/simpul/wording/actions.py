"""Proposing a text or a reading, reviewing, approving by a second person, and ending it."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from simpul.core.access import AgainstTheRules, require
from simpul.network.actor import Actor
from simpul.vault import audit, crypto
from simpul.wording import access, shipped, signatures, texts, words
from simpul.wording.models import IN_FORCE, WAITING, Edition, Recording, Release
from simpul.wording.sound import Clean

LOCK = 7340011  # changes of what is said come one after the other


class CannotBeSaid(AgainstTheRules):
    """Something speaks against the words; each sentence says what."""

    def __init__(self, sentences: Iterable[str]) -> None:
        super().__init__(" ".join(dict.fromkeys(sentences)))


class DecidedMeanwhile(AgainstTheRules):
    """Somebody else was quicker."""

    def __init__(self) -> None:
        super().__init__(_("Rekan Anda sudah memutuskan. Muat ulang halaman ini."))


class NotReviewed(AgainstTheRules):
    """No adviser who has lived through it has read the text yet."""

    def __init__(self) -> None:
        super().__init__(_("Catat dulu tinjauan penasihat penyintas. Sesudah itu setujui."))


class Outdated(AgainstTheRules):
    """The place of the text, or the words that a recording reads, have changed meanwhile."""

    def __init__(self) -> None:
        super().__init__(_("Teksnya sudah berubah. Buat usulan baru."))


@transaction.atomic
def propose(
    *,
    actor: Actor,
    ref: UUID,
    file: str,
    key: str,
    indonesian: str,
    english: str,
    source: str,
    is_unverified: bool,
    checked_on: date,
    now: datetime,
) -> Edition:
    """Lays another wording beside the one that is said; the same form sent twice is one draft.

    An earlier draft of the same text gives way. Raises CannotBeSaid.
    """
    require(access.can_propose(actor))
    _one_at_a_time()
    known = Edition.objects.filter(ref=ref).first()
    if known is not None:
        return known
    said = texts.raw_pair(file, key)
    faults = list(words.faults(file, key, indonesian, english))
    if (indonesian, english) == said:
        faults.append(gettext("Teks ini sama dengan yang sekarang."))
    if faults:
        raise CannotBeSaid(faults)
    edition = Edition(
        ref=ref, file=file, key=key, indonesian=indonesian, english=english, source=source,
        is_unverified=is_unverified, checked_on=checked_on,
        over=shipped.check_value(*shipped.texts(file)[key]),
    )  # fmt: skip
    content = _lay_down(actor, edition, now)
    audit.record("wording.proposed", actor=actor, row=ref, content=content)
    return edition


@transaction.atomic
def record(
    *,
    actor: Actor,
    ref: UUID,
    page: str,
    language: str,
    voice: str,
    has_consent: bool,
    reading: Clean,
    now: datetime,
) -> Recording:
    """Lays down a reading of a page as it is said now; it is heard once another person approves."""
    require(access.can_propose(actor))
    _one_at_a_time()
    known = Recording.objects.filter(ref=ref).first()
    if known is not None:
        return known
    recording = Recording(
        ref=ref, page=page, language=language, voice=voice, has_consent=has_consent,
        reads=texts.page_value(shipped.pages()[page], language),
        seconds=reading.seconds, size=len(reading.data), digest=crypto.sha256(reading.data),
        sound=reading.data,
    )  # fmt: skip
    content = _lay_down(actor, recording, now)
    audit.record("wording.recorded", actor=actor, row=ref, content=content)
    return recording


@transaction.atomic
def review(
    *,
    actor: Actor,
    edition: Edition,
    reviewer: str,
    reviewed_on: date,
    note: str,
) -> None:
    """Writes down what an adviser who has lived through it said of a draft. Raises DecidedMeanwhile."""
    require(access.can_propose(actor))
    _one_at_a_time()
    _still_waiting(edition)
    edition.reviewer, edition.reviewed_on, edition.review_note = reviewer, reviewed_on, note
    edition.save(update_fields=["reviewer", "reviewed_on", "review_note"])
    audit.record("wording.reviewed", actor=actor, row=edition.ref)


@transaction.atomic
def approve(*, actor: Actor, release: Release, now: datetime) -> None:
    """Puts a draft in force with a second signature; what stood in its place ends.

    Raises DecidedMeanwhile, NotReviewed, Outdated.
    """
    require(access.can_approve(actor, release))
    _one_at_a_time()
    _still_waiting(release)
    if isinstance(release, Edition) and release.reviewed_on is None:
        raise NotReviewed
    if not texts.is_current(release):
        raise Outdated
    release.number, release.approved_by, release.approved_at = _next_number(), actor.ref, now
    content = signatures.approved(release)
    release.approval = actor.keyring.own.sign(content)
    type(release)._default_manager.filter(IN_FORCE, **release.place).update(
        until_number=release.number, ended_at=now
    )
    release.save(update_fields=["number", "approved_by", "approved_at", "approval"])
    audit.record("wording.approved", actor=actor, row=release.ref, content=content)


@transaction.atomic
def end(*, actor: Actor, release: Release, now: datetime) -> None:
    """Drops a draft, or takes back what is in force: the shipped text is said again, at once."""
    require(access.keeps_texts(actor))
    _one_at_a_time()
    release.refresh_from_db(fields=["approved_at", "ended_at"])
    if release.ended_at is not None:
        raise DecidedMeanwhile
    release.ended_at = now
    release.until_number = _next_number() if release.approved_at else None
    release.save(update_fields=["ended_at", "until_number"])
    audit.record("wording.ended", actor=actor, row=release.ref)


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    texts.look_again()


def _lay_down(actor: Actor, release: Release, now: datetime) -> bytes:
    """Signs and writes a draft; an earlier one in the same place gives way. Returns what is signed."""
    release.proposed_by, release.proposed_at = actor.ref, now
    content = signatures.proposed(release)
    release.proposal = actor.keyring.own.sign(content)
    drafts: Any = type(release)._default_manager.filter(WAITING, **release.place)
    drafts.update(ended_at=now)
    release.save(force_insert=True)
    return content


def _still_waiting(release: Release) -> None:
    release.refresh_from_db(fields=["approved_at", "ended_at"])
    if not release.is_waiting:
        raise DecidedMeanwhile


def _next_number() -> int:
    """The next number of all changes, after those that came into force and those that ended."""
    used = [0]
    for model in (Edition, Recording):
        rows = model.objects.aggregate(Max("number"), Max("until_number"))
        used += [rows["number__max"] or 0, rows["until_number__max"] or 0]
    return max(used) + 1
