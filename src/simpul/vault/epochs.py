"""A desk's new key: what was granted to its old ones is sealed anew, in batches, by a member at work."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from simpul.vault import envelopes, keydirectory
from simpul.vault.crypto import Unopened
from simpul.vault.keydirectory import Recipient, Verified
from simpul.vault.keyring import Closed, Keyring
from simpul.vault.models import Envelope, Grant, KeyPair

BATCH = 500  # grants: well below a second, so that a withdrawal never waits long
START = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one batch did: sealed anew, left because they do not open, and where to go on."""

    resealed: int
    closed: int
    last: UUID | None


def waiting(desk: int) -> int:
    """How many grants of a desk still lie under an older key."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT vault_stale_count(%s)", [desk])
        return int(cursor.fetchone()[0])


def reseal(keyring: Keyring, desk: int, *, after: UUID = START, limit: int = BATCH) -> Batch:
    """Seals the next grants of a desk to its present key; state, basis, tags and end stay as they are.

    Two members at once take different ones; one that was killed has changed nothing. A grant that was
    altered is left where it is and counted.
    """
    directory = keydirectory.current()
    to = directory.desk(desk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM vault_stale(%s, %s, %s)", [desk, after, limit])
        found = cursor.fetchall()
    made = [fresh for row in found if (fresh := _anew(row, keyring, directory, to)) is not None]
    if made:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT vault_reseal(%s, %s, %s, %s, %s, %s)",
                [desk, to.ref, [grant.ref for grant in made], [grant.sealed for grant in made],
                 [grant.signature for grant in made], [grant.witness for grant in made]],
            )  # fmt: skip
    last = found[-1][0] if found else None
    return Batch(len(made), len(found) - len(made), last)


def forget(desk: int) -> int:
    """Deletes the copies of a desk's older keys that nothing lies under any more; how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT vault_forget_epochs(%s)", [desk])
        return int(cursor.fetchone()[0])


def _anew(
    row: tuple[Any, ...], keyring: Keyring, directory: Verified, to: Recipient
) -> Grant | None:
    (ref, envelope, recipient, epoch, desk, sealed, basis, tags, until, signer, kind, verifying,
     signature, witness, record, compartment, version) = row  # fmt: skip
    old = Grant(
        ref=ref,
        envelope=Envelope(
            ref=envelope, record=record, compartment=compartment, key_version=version
        ),
        recipient=KeyPair(ref=recipient, epoch=epoch),
        desk=desk,
        sealed=sealed,
        basis=basis,
        tags=tags,
        until_at=until,
        granted_by=KeyPair(ref=signer, kind=kind, verifying=verifying),
        signature=signature,
        witness=witness,
    )
    try:
        key = envelopes.key_of(old, keyring, directory)
    except (Closed, Unopened):
        return None
    return envelopes.renewed(old, key, to=to, by=keyring.own)
