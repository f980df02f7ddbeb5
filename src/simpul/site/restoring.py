"""After a database was restored: what was taken back stays taken back, and two people vouch for its age.

The pin in `var/` and the log of endings remember what the database may have forgotten. Where they are
ahead of it, nobody is served until `settle` has brought both together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from simpul.accounts import actions
from simpul.accounts.actions import Anyone, SignedIn
from simpul.network.models import Administrator
from simpul.vault import audit, crypto, keydirectory, pins, tombstones
from simpul.vault.crypto import Pair
from simpul.vault.models import AuditLine, AuditLink
from simpul.vault.tombstones import Log, Stone

CONFIRMING = 2  # administrators


class NotTwo(Exception):
    """The one who confirms is no administrator here, or the same person again."""


@dataclass(frozen=True, slots=True)
class Behind:
    """How far the database is behind what this machine remembers."""

    entries: int  # of the key directory
    pinned: int
    linked: int  # of the audit chain
    remembered: int

    @property
    def directory(self) -> bool:
        """Whether the directory is older than the pin: two administrators must confirm it."""
        return self.entries < self.pinned

    def __bool__(self) -> bool:
        return self.directory or self.linked < self.remembered


def log() -> Log:
    """What was taken back, as the log beside the database says it. Raises Altered."""
    return tombstones.read(settings.VAR / tombstones.NAME, audit.instance_key())


def behind() -> Behind:
    """Compares the database with pin and log. Raises Untrusted, Altered."""
    pin, last = pins.read(), AuditLink.objects.order_by("-number").first()
    return Behind(
        keydirectory.as_found().number,
        pin.number if pin else -1,
        last.number if last else 0,
        log().number,
    )


def forgotten(stones: Sequence[Stone]) -> list[Stone]:
    """The endings that this database has never heard of.

    A restore that it knows of has repeated what came before.
    """
    lines = AuditLine.objects.filter(pk__in=[stone.line for stone in stones])
    heard = {(line.pk, line.at, line.event) for line in lines}
    left: list[Stone] = []
    for stone in stones:
        known = (stone.line, datetime.fromisoformat(stone.at), stone.event) in heard
        if stone.event == tombstones.RESTORED:
            left = [] if known else left
        elif not known:
            left.append(stone)
    return left


def end_again(stones: Sequence[Stone]) -> None:
    """Ends each of them as it was ended then; what is ended already stays so."""
    with connection.cursor() as cursor:
        for stone in stones:
            cursor.execute(
                "SELECT owner_end_again(%s, %s, %s, %s)",
                [stone.event, stone.record, stone.row, stone.at],
            )


def confirm(
    username: str, passphrase: str, code: str, before: Sequence[SignedIn], *, now: datetime
) -> SignedIn:
    """One of two administrators signs in. Raises NotOpened, Wait, NotTwo.

    Administrator is who the signed directory of this database names, and who was not dismissed since.
    """
    found = actions.sign_in(username=username, passphrase=passphrase, code=code, now=now)
    ref, directory = found.user.keypair_id, keydirectory.as_found()
    if (
        ref not in directory.admins
        or directory.person(ref).verifying != Pair(ref, found.seed).verifying
        or not Administrator.objects.filter(user=found.user).exists()
        or ref in {each.user.keypair_id for each in before}
    ):
        raise NotTwo
    return found


@transaction.atomic
def settle(found: Behind, ended: Sequence[Stone], confirmed: Sequence[SignedIn]) -> None:
    """Pins the database as it is and records who confirmed it. Raises NotTwo.

    The log goes on from the chain's present end.
    """
    actor, second = Anyone(), None
    if found.directory:
        if len({each.user.keypair_id for each in confirmed}) < CONFIRMING:
            raise NotTwo
        actor = Anyone(confirmed[0].user.keypair_id)
        second = confirmed[1].user.keypair_id
        directory = keydirectory.as_found()
        root = crypto.sha256(directory.root).hex()
        pin = pins.Pin(root, directory.number, directory.hash.hex())
        audit.record(
            "site.repinned", actor=actor, row=second, parts=_from(found.pinned, pin.number)
        )
        transaction.on_commit(lambda: pins.set_back(pin))
        transaction.on_commit(keydirectory.forget)
    parts = [*_from(found.remembered, found.linked), f"ended {len(ended)}"]
    audit.record("site.restored", actor=actor, row=second, parts=parts)


def mark() -> None:
    """Says in the log that from here on the chain counts from its restored end."""
    restored = AuditLine.objects.filter(event=tombstones.RESTORED).order_by("-id")[0]
    last = AuditLink.objects.order_by("-number")[0]
    stone = Stone(
        last.number, restored.id, restored.at.isoformat(), tombstones.RESTORED, None, None
    )
    tombstones.append(settings.VAR / tombstones.NAME, log(), [stone], audit.instance_key())


def _from(before: int, after: int) -> list[str]:
    return [f"from {before}", f"to {after}"]
