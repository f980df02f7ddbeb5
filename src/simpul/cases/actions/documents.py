"""Files in a case: sent whole or in pieces, opened, struck out."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from simpul.cases import access, kinds, sharing
from simpul.cases.actions.files import NotOpen
from simpul.cases.kinds import NotTaken
from simpul.cases.models import Case, Document
from simpul.core.access import AgainstTheRules, NotYours, require
from simpul.network.actor import Actor
from simpul.reports.actions import Filing
from simpul.vault import audit, crypto, envelopes, pieces
from simpul.vault.envelopes import OpenEnvelope
from simpul.vault.models import AuditLine
from simpul.vault.pieces import About, Different

MOST_UNFINISHED = 5  # in one case
ONE_DOWNLOAD = timedelta(minutes=15)  # in which ranges past the first belong to the same reading


class Another(AgainstTheRules):
    """What is sent is not the file that was begun."""

    def __init__(self) -> None:
        super().__init__(
            _("Berkas ini lain dari yang tadi. Pilih berkas yang sama, atau mulai lagi.")
        )


class TooMany(AgainstTheRules):
    """Several files are still on their way into this case."""

    def __init__(self) -> None:
        super().__init__(_("Masih ada berkas yang belum selesai. Lanjutkan dulu yang itu."))


@dataclass(frozen=True, slots=True)
class Shown:
    """A file as the page shows it: its row, compartment, and what was sealed of it."""

    row: Document
    compartment: str
    name: str
    size: int
    reason: str
    there: int


@transaction.atomic
def read_names(*, actor: Actor, case: Case) -> list[Shown]:
    """The names of a case's files as far as they are open, the newest first; one line for all."""
    require(access.can_read(actor, case))
    found = case.documents.select_related("desk", "added_by", "removed_by", "envelope")
    rows = list(found.order_by("-begun_at", "ref"))
    opened = envelopes.open_all({row.envelope for row in rows}, actor.keyring)
    shown = [_shown(opened[row.envelope_id], row) for row in rows if row.envelope_id in opened]
    audit.record("cases.files_listed", actor=actor, record=case.ref)
    return shown


def _shown(opened: OpenEnvelope, row: Document) -> Shown:
    said: dict[str, Any] = json.loads(opened.unseal(row, "about"))
    return Shown(
        row=row,
        compartment=opened.envelope.compartment,
        name=said.get("name", ""),
        size=said.get("size", 0),
        reason=said.get("reason", ""),
        there=len(pieces.there(row)) if row.finished_at is None else row.pieces,
    )


@transaction.atomic
def add(
    *, actor: Actor, case: Case, ref: UUID, compartment: str, name: str, data: bytes, now: datetime
) -> Document:
    """Adds a file that has come whole; the same form sent twice is one file. Raises NotTaken."""
    require(access.can_lead(actor, case))
    _in_turn(case)
    known = case.documents.filter(ref=ref).first()
    if known is not None:
        return known
    if not kinds.of(name).fits(data):
        raise NotTaken
    parts = pieces.split(data)
    digests = [crypto.sha256(part).hex() for part in parts]
    row, opened = _begun(actor, case, ref, compartment, name, len(data), digests, now)
    for number, part in enumerate(parts):
        pieces.put(opened, row, number, part)
    _finish(row, now)
    audit.record(
        "cases.file_added", actor=actor, record=case.ref, row=row.ref, parts=[compartment],
        content=envelopes.ciphertext(row), desk=case.desk_id,
    )  # fmt: skip
    return row


@transaction.atomic
def begin(
    *,
    actor: Actor,
    case: Case,
    ref: UUID,
    compartment: str,
    name: str,
    size: int,
    digests: list[str],
    now: datetime,
) -> list[int]:
    """Begins a file in pieces, or goes on with one; says which pieces are there. Raises Another."""
    require(access.can_lead(actor, case))
    _in_turn(case)
    known = case.documents.filter(ref=ref).select_related("envelope").first()
    if known is not None:
        opened = envelopes.open_envelope(known.envelope, actor.keyring, now=now)
        if known.removed_at is not None or pieces.about(opened, known) != About(
            name, kinds.of(name).media_type, size, digests
        ):
            raise Another
        row = known
    elif case.documents.filter(finished_at=None).count() >= MOST_UNFINISHED:
        raise TooMany
    else:
        row, _opened = _begun(actor, case, ref, compartment, name, size, digests, now)
    found = pieces.there(row)
    if known is None:
        audit.record(
            "cases.file_begun", actor=actor, record=case.ref, row=ref, parts=[compartment],
            content=envelopes.ciphertext(row), desk=case.desk_id,
        )  # fmt: skip
    return found


@transaction.atomic
def put_piece(
    *, actor: Actor, case: Case, ref: UUID, number: int, data: bytes, now: datetime
) -> bool:
    """Seals one piece as it comes; the last that was missing makes the file whole. Raises Another."""
    require(access.can_lead(actor, case))
    if case.state != Case.State.OPEN:
        raise NotOpen
    row = _locked(case, ref)
    if row.finished_at is not None:
        return True
    opened = envelopes.open_envelope(row.envelope, actor.keyring, now=now)
    if number == 0 and not kinds.of(pieces.about(opened, row).name).fits(data):
        raise NotTaken
    try:
        whole = pieces.put(opened, row, number, data)
    except Different as error:
        raise Another from error
    if whole:
        _finish(row, now)
        audit.record(
            "cases.file_added", actor=actor, record=case.ref, row=ref,
            parts=[opened.envelope.compartment], content=envelopes.ciphertext(row),
            desk=case.desk_id,
        )  # fmt: skip
    return whole


def _in_turn(case: Case) -> None:
    """Two who begin the same file at once, or one file too many, come one after the other."""
    Case.objects.select_for_update().get(pk=case.pk)


def _begun(
    actor: Actor, case: Case, ref: UUID, compartment: str, name: str, size: int,
    digests: list[str], now: datetime,
) -> tuple[Document, OpenEnvelope]:  # fmt: skip
    """The row of a new file, with all that is known of it sealed."""
    if case.state != Case.State.OPEN:
        raise NotOpen
    about = About(name, kinds.of(name).media_type, size, digests)
    require(about.fits())
    opened = sharing.to_write(actor, case, compartment, now)
    row = Document(ref=ref, case=case, desk=case.desk, added_by=actor.user, begun_at=now)
    pieces.declare(opened, row, about)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except (
        IntegrityError
    ) as error:  # the reference of a file in another case, which she may not see
        raise Another from error
    return row, opened


def _finish(row: Document, now: datetime) -> None:
    row.finished_at, row.whole = now, pieces.whole(row.ref)
    row.save(update_fields=["finished_at", "whole"])


def _locked(case: Case, ref: UUID) -> Document:
    """The file's row, held until the end of the transaction: two who send the same take turns."""
    row = case.documents.select_for_update(of=("self",)).select_related("envelope")
    found = row.filter(ref=ref, removed_at=None).first()
    if found is None:
        raise NotYours
    return found


@dataclass(frozen=True, slots=True)
class Opening:
    """A file on its way out: its row, what was declared, and its name among browsers."""

    row: Document
    about: About
    tag: str


@transaction.atomic
def open_file(*, actor: Actor, case: Case, ref: UUID, first: bool, now: datetime) -> Opening:
    """Opens a file to be downloaded; what goes on with a download of just now is not read anew."""
    require(access.can_read(actor, case))
    row = access.get_document(case, ref)
    opened = envelopes.open_envelope(row.envelope, actor.keyring, now=now)
    opening = Opening(row, pieces.about(opened, row), pieces.tag(opened, row))
    desk = actor.desk_among(row.envelope.desks)
    if first or not _was_read_just_now(actor, row, now):
        audit.record(
            "cases.file.read", actor=actor, record=case.ref, row=ref,
            parts=[row.envelope.compartment], desk=desk.pk if desk else None,
        )  # fmt: skip
    return opening


def _was_read_just_now(actor: Actor, row: Document, now: datetime) -> bool:
    lines = AuditLine.objects.filter(row=row.ref, event="cases.file.read", actor=actor.ref)
    return lines.filter(at__gt=now - ONE_DOWNLOAD).exists()


@transaction.atomic
def remove(*, actor: Actor, case: Case, ref: UUID, reason: str, now: datetime) -> None:
    """Strikes a file out: its pieces and its name are gone, the line and the reason stay."""
    require(access.can_lead(actor, case))
    row = _locked(case, ref)
    opened = envelopes.open_envelope(row.envelope, actor.keyring, now=now)
    row.row_version += 1
    row.removed_at, row.removed_by, row.whole = now, actor.user, None
    opened.seal(row, "about", json.dumps({"reason": reason}))
    row.save(update_fields=["about", "row_version", "removed_at", "removed_by", "whole"])
    audit.record(
        "cases.file_removed", actor=actor, record=case.ref, row=ref,
        parts=[opened.envelope.compartment], content=envelopes.ciphertext(row), desk=case.desk_id,
    )  # fmt: skip


@transaction.atomic
def drop_unfinished(*, actor: Filing, ref: UUID) -> bool:
    """An upload that nobody finished within a day goes, by metadata alone."""
    require(actor.ref is None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT worker_drop_unfinished(%s)", [ref])
        dropped = bool(cursor.fetchone()[0])
    if dropped:
        audit.record("cases.file_dropped", actor=actor, row=ref)
    return dropped
