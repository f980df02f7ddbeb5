"""The audit chain: a line in the transaction of each act, linked into one chain, signed, verified."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from simpul.vault import crypto
from simpul.vault.crypto import Pair, canonical, sha256
from simpul.vault.models import AuditHead, AuditLine, AuditLink, AuditPending

LINKER_LOCK = 7340002
GENESIS = bytes(32)


class Acts(Protocol):
    """Whoever can act: a key ref, and the desk in whose name."""

    @property
    def ref(self) -> UUID | None:
        """The key ref that the chain names."""

    @property
    def desk_id(self) -> int | None:
        """The desk in whose name the act is done."""


def record(
    event: str,
    *,
    actor: Acts,
    record: UUID | None = None,
    row: UUID | None = None,
    parts: Iterable[str] = (),
    content: bytes | None = None,
    desk: int | None = None,
) -> None:
    """Writes the line of an act into its own transaction; `content` is the ciphertext written.

    No role may insert, change or delete lines: the database function is the only way in, and at the
    public door it sets actor and record itself.
    """
    digest = None if content is None else sha256(bytes(content))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT vault_audit(%s, %s, %s, %s, %s, %s, %s)",
            [event, actor.ref, actor.desk_id if desk is None else desk, record, row,
             sorted(parts), digest],
        )  # fmt: skip


@transaction.atomic
def link(limit: int = 500) -> int:
    """Numbers and links the pending lines and signs the new head; returns how many it linked.

    One linker at a time (advisory lock); another that comes meanwhile does nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LINKER_LOCK])
        if not cursor.fetchone()[0]:
            return 0
    lines = [
        pending.line
        for pending in AuditPending.objects.select_related("line").order_by("line_id")[:limit]
    ]
    if not lines:
        return 0
    last = AuditLink.objects.order_by("-number").first()
    number, chained = (last.number, bytes(last.hash)) if last else (0, GENESIS)
    links = []
    for line in lines:
        number += 1
        chained = sha256(canonical(number, chained, line.body()))
        links.append(AuditLink(number=number, line=line, hash=chained))
    AuditLink.objects.bulk_create(links)
    AuditPending.objects.filter(line__in=lines).delete()
    signature = _instance_key().sign(
        canonical("simpul", "audit", settings.INSTANCE, number, chained)
    )
    AuditHead.objects.create(number=number, hash=chained, signature=signature)
    return len(lines)


def waiting() -> int:
    """How many lines wait to be linked."""
    return AuditPending.objects.count()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: lines linked and sound, the first broken one, and what waits unlinked."""

    linked: int
    broken: str | None
    unlinked: int

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return self.broken is None


def verify() -> Verdict:
    """Proves the whole chain and every signed head, and names the first thing that is wrong.

    Its end must carry a signed head, and every line is linked or waits to be: hashes alone prove
    nothing against somebody who can write them all anew.
    """
    unlinked = AuditPending.objects.count()
    signing = _instance_key().verifying
    heads = {head.number: head for head in AuditHead.objects.order_by("number")}
    number, chained, signed = 0, GENESIS, 0
    for link_ in AuditLink.objects.select_related("line").order_by("number").iterator(2000):
        if link_.number != number + 1:
            return Verdict(number, f"line {number + 1} is missing", unlinked)
        number = link_.number
        chained = sha256(canonical(number, chained, link_.line.body()))
        if chained != bytes(link_.hash):
            return Verdict(number - 1, f"line {number} was altered", unlinked)
        head = heads.pop(number, None)
        if head is not None:
            message = canonical("simpul", "audit", settings.INSTANCE, number, chained)
            if bytes(head.hash) != chained or not crypto.verify(
                signing, bytes(head.signature), message
            ):
                return Verdict(
                    number - 1, f"the head signed at line {number} is another", unlinked
                )
            signed = number
    if heads:
        return Verdict(number, f"lines up to {max(heads)} were signed and are gone", unlinked)
    if signed != number:
        return Verdict(signed, f"lines after {signed} carry no signed head", unlinked)
    if AuditLine.objects.filter(auditlink=None, auditpending=None).exists():
        return Verdict(number, "a line was kept from the chain", unlinked)
    return Verdict(number, None, unlinked)


@dataclass(frozen=True, slots=True)
class Read:
    """One reading as the survivor sees it: the desk, what, and the hour. Never a colleague's name."""

    desk_id: int
    parts: tuple[str, ...]
    hour: datetime


def reads_of(record: UUID) -> Iterator[Read]:
    """Who read a record, newest first, each desk and compartments once an hour."""
    lines = AuditLine.objects.filter(record=record, event__endswith=".read", desk__isnull=False)
    seen = set()
    for line in lines.order_by("-id")[:1000]:
        assert line.desk is not None
        hour = line.at.replace(minute=0, second=0, microsecond=0)
        read = Read(line.desk, tuple(line.parts), hour)
        if read not in seen:
            seen.add(read)
            yield read


def lines_of(actor: UUID, limit: int = 200) -> list[tuple[str, datetime]]:
    """The newest acts of one key: event and hour, nothing of what they were about."""
    lines = AuditLine.objects.filter(actor=actor).order_by("-id")[:limit]
    return [(line.event, line.at.replace(minute=0, second=0, microsecond=0)) for line in lines]


def _instance_key() -> Pair:
    seed = (Path(settings.VAR) / "secrets" / "instance-key").read_text()
    return Pair(UUID(settings.INSTANCE), bytes.fromhex(seed.strip()))
