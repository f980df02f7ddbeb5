"""Envelopes and grants: the only way content is sealed, opened, shared and taken back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Model, QuerySet
from django.utils import timezone

from simpul.vault import crypto, keydirectory
from simpul.vault.crypto import Pair, Unopened, canonical, sha256
from simpul.vault.fields import SealedField
from simpul.vault.keydirectory import NotInDirectory, Recipient, Untrusted, Verified
from simpul.vault.keyring import Closed, Keyring
from simpul.vault.models import Envelope, Grant, KeyPair, SealedFile, SealedRow

REPORTERS = 1  # the key version that a reporter, who is in no directory, may have granted

__all__ = [
    "Closed", "NotInDirectory", "OpenEnvelope", "Unopened", "Untrusted", "create", "desk_recipient",
    "end", "grant", "latest", "next_version", "open_all", "open_envelope", "reporter_recipient",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class OpenEnvelope:
    """An envelope whose data key is at hand."""

    envelope: Envelope
    key: bytes

    def __repr__(self) -> str:
        return f"OpenEnvelope({self.envelope.ref})"

    def seal(self, row: SealedRow, field: str, plain: str) -> None:
        """Seals the text into the row's field, bound to exactly this place."""
        row.envelope = self.envelope
        setattr(row, field, crypto.seal(self.key, plain.encode(), self._place(row, field)))

    def unseal(self, row: SealedRow, field: str) -> str:
        """The text of the row's field. Raises Unopened when it was altered or moved."""
        sealed = getattr(row, field)
        if sealed is None:  # nothing was ever written here; an emptied column is an alteration
            return ""
        return crypto.unseal(self.key, bytes(sealed), self._place(row, field)).decode()

    def seal_file(self, row: SealedRow, field: str, data: bytes) -> None:
        """Seals a file's bytes in chunks under a key of its own."""
        row.envelope = self.envelope
        place = self._place(row, field)
        salt = crypto.random()
        key = crypto.hkdf(self.key, "file", salt=salt)
        setattr(row, field, salt + crypto.seal_stream(key, data, place))

    def unseal_file(self, row: SealedRow, field: str) -> bytes:
        """A file's bytes. Raises Unopened when any chunk was altered, moved or is missing."""
        sealed = bytes(getattr(row, field))
        key = crypto.hkdf(self.key, "file", salt=sealed[:32])
        return crypto.unseal_stream(key, sealed[32:], self._place(row, field))

    def _place(self, row: SealedRow, field: str) -> bytes:
        column = row._meta.get_field(field)
        assert isinstance(column, SealedField)
        return canonical(
            settings.INSTANCE, self.envelope.record, row.ref, column.context,
            self.envelope.compartment, self.envelope.key_version, row.row_version,
        )  # fmt: skip


def create(record: UUID, compartment: str, *, desks: Iterable[int]) -> OpenEnvelope:
    """Makes the next key version of a compartment, with a fresh data key that only grants carry.

    `desks` are those that the caller grants it to next; the database recomputes them from the grants.
    """
    return create_all(record, [compartment], desks=desks)[0]


def create_all(
    record: UUID, compartments: Iterable[str], *, desks: Iterable[int]
) -> list[OpenEnvelope]:
    """Makes the next key version of several compartments at once.

    Version 1 is a reporter's, made at the public door; a desk's own begin at 2.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT compartment, key_version FROM vault_versions(%s)", [record])
        newest: dict[str, int] = dict(cursor.fetchall())
    made = [
        Envelope(
            record=record,
            compartment=compartment,
            key_version=newest.get(compartment, REPORTERS) + 1,
            desks=sorted(set(desks)),
        )
        for compartment in compartments
    ]
    return [fresh(envelope) for envelope in Envelope.objects.bulk_create(made)]


def fresh(envelope: Envelope) -> OpenEnvelope:
    """Gives a new envelope its data key; nobody has it until it is granted."""
    return OpenEnvelope(envelope, crypto.random())


def next_version(old: Envelope, *, desk: int, by: Pair) -> OpenEnvelope:
    """A compartment's next data key, granted to its desk and, on the same terms, to all whose grant stands.

    Grants that sleep are made to sleep; those that have ended get nothing.
    """
    opened = create(old.record, old.compartment, desks=[desk])
    grant(opened, to=desk_recipient(desk), by=by, basis=Grant.Basis.OWN)
    standing = Grant.objects.filter(envelope=old).exclude(state=Grant.State.ENDED)
    others = standing.exclude(desk=None).exclude(desk=desk).order_by("ref")
    write_all(
        [
            prepare(
                opened, to=desk_recipient(row.desk), by=by, basis=row.basis, tags=row.tags,
                until=row.until_at, state=row.state,
            )
            for row in others
            if row.desk is not None
        ]
    )  # fmt: skip
    return opened


def grant(
    opened: OpenEnvelope,
    *,
    to: Recipient,
    by: Pair,
    basis: str,
    tags: Iterable[UUID] = (),
    until: datetime | None = None,
    state: str = Grant.State.LIVE,
) -> Grant:
    """Seals an envelope's key to a recipient whom the directory vouches for, signed by who grants."""
    made = prepare(opened, to=to, by=by, basis=basis, tags=tags, until=until, state=state)
    return write_all([made])[0]


def prepare(
    opened: OpenEnvelope,
    *,
    to: Recipient,
    by: Pair,
    basis: str,
    tags: Iterable[UUID] = (),
    until: datetime | None = None,
    state: str = Grant.State.LIVE,
) -> Grant:
    """The grant as a row that is not written yet (the public door hands rows to its function)."""
    made = Grant(
        envelope=opened.envelope,
        recipient_id=to.ref,
        desk=to.desk,
        sealed=crypto.seal_to(to.public, opened.key, _info(opened.envelope, to.ref, to.epoch)),
        basis=basis,
        tags=sorted(tags),
        until_at=until,
        state=state,
        granted_by_id=by.ref,
    )
    said = _said(made)
    made.signature, made.witness = by.sign(said), _witness(said)
    return made


def write_all(made: list[Grant]) -> list[Grant]:
    """Stores prepared grants; the database refuses those on consent that no consent covers."""
    return Grant.objects.bulk_create(made)


def open_envelope(
    envelope: Envelope, keyring: Keyring, *, now: datetime | None = None
) -> OpenEnvelope:
    """Opens an envelope by a live grant to one of the keys at hand. Raises Closed, Unopened, Untrusted."""
    opened = open_all([envelope], keyring, now=now).get(envelope.ref)
    if opened is None:
        raise Closed(str(envelope.ref))
    return opened


def open_all(
    envelopes: Iterable[Envelope], keyring: Keyring, *, now: datetime | None = None
) -> dict[UUID, OpenEnvelope]:
    """Opens what the keys at hand open, by envelope ref; what they do not open is not in it."""
    wanted = list(envelopes)
    grants = Grant.objects.filter(envelope__in=wanted, state=Grant.State.LIVE)
    found = list(grants.select_related("recipient", "granted_by").order_by("ref"))
    return open_with(wanted, found, keyring, now=now)


def open_with(
    envelopes: Iterable[Envelope],
    grants: Iterable[Grant],
    keyring: Keyring,
    *,
    now: datetime | None = None,
) -> dict[UUID, OpenEnvelope]:
    """Opens envelopes by grants that the caller has fetched (the public door's come from functions)."""
    now = now or timezone.now()
    by_envelope: dict[UUID, list[Grant]] = {}
    for row in grants:
        if row.is_open_at(now):
            by_envelope.setdefault(row.envelope_id, []).append(row)
    directory = keydirectory.current()
    opened = {}
    for envelope in envelopes:
        key = _open(envelope, by_envelope.get(envelope.ref, []), keyring, directory)
        if key is not None:
            opened[envelope.ref] = OpenEnvelope(envelope, key)
    return opened


def _open(
    envelope: Envelope, grants: list[Grant], keyring: Keyring, directory: Verified
) -> bytes | None:
    for row in grants:
        row.envelope = envelope
        try:
            return key_of(row, keyring, directory)
        except Closed:
            continue
    return None


def key_of(row: Grant, keyring: Keyring, directory: Verified) -> bytes:
    """The data key that a grant carries, once it is proven. Raises Closed, Unopened, Untrusted."""
    pair = keyring.pair(row.recipient_id)
    said = _said(row)
    if not crypto.same(bytes(row.witness), _witness(said)):
        raise Unopened("a grant was not written by this instance")
    signer = _signer(row, row.envelope, keyring.own, directory)
    if not crypto.verify(signer, bytes(row.signature), said):
        raise Unopened("a grant is not what was signed")
    epoch = row.recipient.epoch if row.desk else 0
    return pair.open(bytes(row.sealed), _info(row.envelope, pair.ref, epoch))


def renewed(row: Grant, key: bytes, *, to: Recipient, by: Pair) -> Grant:
    """The same grant, sealed to the same desk's present key and signed by who did it."""
    made = prepare(
        OpenEnvelope(row.envelope, key), to=to, by=by, basis=row.basis, tags=row.tags,
        until=row.until_at, state=row.state,
    )  # fmt: skip
    made.ref = row.ref
    return made


def end(tag: UUID, *, now: datetime, keep: int | None = None) -> int:
    """Ends every grant that carries the tag; the database takes the desks off the rows at once.

    `keep` is a desk whose grants stay.
    """
    live = Grant.objects.filter(tags__contains=[tag]).exclude(state=Grant.State.ENDED)
    if keep is not None:
        live = live.exclude(desk=keep)
    return live.update(state=Grant.State.ENDED, ended_at=now)


def latest(record: UUID, compartment: str) -> Envelope | None:
    """The newest key version of a compartment, which new rows are sealed under."""
    return _versions(record, compartment).first()


def of_record(record: UUID) -> list[Envelope]:
    """All envelopes of a record that the policies show to this request."""
    return of_records([record])


def of_records(records: Iterable[UUID]) -> list[Envelope]:
    """All envelopes of several records that the policies show to this request."""
    found = Envelope.objects.filter(record__in=list(records))
    return list(found.order_by("record", "compartment", "key_version"))


def desk_recipient(desk: int) -> Recipient:
    """A desk's verified public key. Raises NotInDirectory, Untrusted."""
    return keydirectory.current().desk(desk)


def desk_recipients(desks: Iterable[int]) -> list[Recipient]:
    """Several desks' verified public keys. Raises NotInDirectory, Untrusted."""
    directory = keydirectory.current()
    return [directory.desk(desk) for desk in desks]


def reporter_recipient(keypair: KeyPair | Pair) -> Recipient:
    """A reporter's public key, which is in no directory: her receipt alone stands for it."""
    return Recipient(keypair.ref, bytes(keypair.public), bytes(keypair.verifying))


def ciphertext(row: Model) -> bytes:
    """All sealed fields of a row in the order of the model: what its audit line's hash covers.

    Of a file it covers all pieces as well.
    """
    sealed = [f.name for f in row._meta.concrete_fields if isinstance(f, SealedField)]
    if isinstance(row, SealedFile):
        sealed.append("whole")
    return canonical(*(bytes(getattr(row, name) or b"") for name in sealed))


def _versions(record: UUID, compartment: str) -> QuerySet[Envelope]:
    return Envelope.objects.filter(record=record, compartment=compartment).order_by("-key_version")


def _signer(row: Grant, envelope: Envelope, own: Pair, directory: Verified) -> bytes:
    """The key that must have signed: the directory's; a reporter's only where she can have granted.

    Reporters are in no directory, and whoever writes the database can invent one. An invented one
    must not slip a key of her own under what desks write later, so she signs for the key version
    of reports alone; and what a reporter opens, she or the directory's people have signed.
    """
    if row.granted_by_id == own.ref:
        return own.verifying
    if row.granted_by.kind != KeyPair.Kind.REPORTER:
        try:
            return directory.person(row.granted_by_id).verifying
        except NotInDirectory as error:
            raise Unopened("a grant is signed by nobody whom the directory knows") from error
    if row.recipient_id == own.ref or envelope.key_version != REPORTERS:
        raise Unopened("a grant is not signed by whom it may be")
    return bytes(row.granted_by.verifying)


def _info(envelope: Envelope, recipient: UUID, epoch: int) -> bytes:
    return canonical(
        "simpul", "grant", settings.INSTANCE, envelope.record, envelope.compartment,
        envelope.key_version, recipient, epoch,
    )  # fmt: skip


def _witness(said: bytes) -> bytes:
    """This instance's word that one of its doors wrote the grant, under a secret outside the database.

    Who has left still has a key that once signed, and anybody can invent a reporter's: with the
    database alone neither can add a grant that opens.
    """
    return crypto.mac(settings.PEPPER, canonical("simpul", "witness", said))


def _said(row: Grant) -> bytes:
    parts: list[Any] = [
        "simpul", "granted", settings.INSTANCE, row.envelope_id, row.recipient_id,
        sha256(bytes(row.sealed)), row.basis, list(row.tags), row.until_at, row.granted_by_id,
    ]  # fmt: skip
    return canonical(*parts)
