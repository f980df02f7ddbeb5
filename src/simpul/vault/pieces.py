"""Large files in pieces: each is sealed as it comes and opened as it goes; no file is ever held whole."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import BinaryField, F, Func

from simpul.vault import crypto
from simpul.vault.crypto import Unopened, canonical, sha256
from simpul.vault.envelopes import OpenEnvelope
from simpul.vault.models import Piece, SealedFile

SIZE = 1024 * 1024  # bytes of a file in one piece; the last is padded to the same
MOST = 200  # pieces
SEALED_SIZE = SIZE + crypto.PAD  # one padding step more, so that every piece fills exactly one


class Different(Exception):
    """The piece, or the file that is sent again, is another one than was declared."""


@dataclass(frozen=True, slots=True)
class About:
    """What the sender declared of a file before its first piece: sealed, and held against each piece."""

    name: str
    media_type: str
    size: int
    digests: list[str]  # SHA-256 of each piece, in hex

    @property
    def pieces(self) -> int:
        """How many pieces the file has."""
        return len(self.digests)

    def fits(self) -> bool:
        """Whether as many digests as pieces were declared, and no more than may be."""
        count = -(-self.size // SIZE)
        return 0 < count <= MOST and self.pieces == count


def split(data: bytes) -> list[bytes]:
    """The pieces of a file that has come in one body."""
    return [data[at : at + SIZE] for at in range(0, len(data), SIZE)]


def declare(opened: OpenEnvelope, row: SealedFile, about: About) -> None:
    """Seals what was declared into a new row and gives the file a key of its own."""
    row.salt, row.pieces = crypto.random(), about.pieces
    said = {"name": about.name, "type": about.media_type, "size": about.size}
    opened.seal(row, "about", json.dumps({**said, "digests": about.digests}))


def about(opened: OpenEnvelope, row: SealedFile) -> About:
    """What was declared of a file. Raises Unopened."""
    said: dict[str, Any] = json.loads(opened.unseal(row, "about"))
    found = About(said["name"], said["type"], said["size"], said["digests"])
    if found.pieces != row.pieces:
        raise Unopened("another number of pieces than was declared")
    return found


def there(row: SealedFile) -> list[int]:
    """The numbers of the pieces that have arrived."""
    found = Piece.objects.filter(file=row.ref, envelope=row.envelope_id).order_by("number")
    return list(found.values_list("number", flat=True))


def put(opened: OpenEnvelope, row: SealedFile, number: int, data: bytes) -> bool:
    """Seals one piece; True when it was the last that was missing. Raises Different.

    The caller holds the file's row locked. The same piece twice is one.
    """
    declared = about(opened, row)
    if not 0 <= number < declared.pieces or len(data) != _length(declared, number):
        raise Different
    if sha256(data).hex() != declared.digests[number]:
        raise Different
    known = there(row)
    if number not in known:
        sealed = crypto.seal(_key(opened, row), data, _place(opened, row, number), pad=SEALED_SIZE)
        Piece.objects.create(envelope=opened.envelope, file=row.ref, number=number, sealed=sealed)
    return len({*known, number}) == declared.pieces


def read(opened: OpenEnvelope, row: SealedFile, number: int) -> bytes:
    """One piece of a file. Raises Unopened when it is missing, altered, or from another place."""
    found = Piece.objects.filter(file=row.ref, number=number).first()
    if found is None:
        raise Unopened("a piece is missing")
    return crypto.unseal(_key(opened, row), bytes(found.sealed), _place(opened, row, number))


def whole(file: UUID) -> bytes:
    """SHA-256 over the ciphertext of all pieces in order: what the audit line of a file covers.

    The database hashes each piece, so that two hundred megabytes need not come here.
    """
    found = Piece.objects.filter(file=file).order_by("number")
    hashes = found.values_list(
        Func(F("sealed"), function="sha256", output_field=BinaryField()), flat=True
    )
    return sha256(canonical(*(bytes(one) for one in hashes)))


def are_altered(row: SealedFile) -> bool:
    """Whether the pieces behind a row are not those that were written; no key is needed to tell."""
    if row.removed_at is not None:
        return Piece.objects.filter(file=row.ref).exists()
    return row.finished_at is not None and whole(row.ref) != bytes(row.whole or b"")


def tag(opened: OpenEnvelope, row: SealedFile) -> str:
    """A name for exactly this file that says nothing of it, for browsers that go on with a download."""
    return crypto.mac(_key(opened, row), b"tag")[:16].hex()


def _length(declared: About, number: int) -> int:
    return min(SIZE, declared.size - number * SIZE)


def _key(opened: OpenEnvelope, row: SealedFile) -> bytes:
    return crypto.hkdf(opened.key, "simpul pieces", salt=bytes(row.salt))


def _place(opened: OpenEnvelope, row: SealedFile, number: int) -> bytes:
    envelope = opened.envelope
    return canonical(
        settings.INSTANCE, envelope.record, row.ref, row._meta.label, envelope.compartment,
        envelope.key_version, number, row.pieces,
    )  # fmt: skip
