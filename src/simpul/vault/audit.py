"""The audit chain: a line in the transaction of each act, linked into one chain, signed, verified."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncHour

from simpul.vault import crypto, pins
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

    One linker at a time (advisory lock); another that comes meanwhile does nothing. Raises Rewound
    on a chain that is not the one this machine has linked before: nothing is built on it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LINKER_LOCK])
        if not cursor.fetchone()[0]:
            return 0
    check_against_pin()
    lines = [
        pending.line
        for pending in AuditPending.objects.select_related("line").order_by("line_id")[:limit]
    ]
    if not lines:
        return 0
    last = end()
    number, chained = last.number, last.hash
    links = []
    for line in lines:
        number += 1
        chained = sha256(canonical(number, chained, line.body()))
        links.append(AuditLink(number=number, line=line, hash=chained))
    AuditLink.objects.bulk_create(links)
    AuditPending.objects.filter(line__in=lines).delete()
    AuditHead.objects.create(number=number, hash=chained, signature=sign("audit", number, chained))
    return len(lines)


def waiting() -> int:
    """How many lines wait to be linked."""
    return AuditPending.objects.count()


@dataclass(frozen=True, slots=True)
class End:
    """The last line of the chain at some moment."""

    number: int
    hash: bytes


class Rewound(Exception):
    """The chain in the database is not the one that this machine has linked."""


def end() -> End:
    """Where the chain ends now."""
    last = AuditLink.objects.order_by("-number").first()
    return End(last.number, bytes(last.hash)) if last else End(0, GENESIS)


def check_against_pin() -> None:
    """Raises Rewound when the pinned line is gone or another: an older database, or a cut-off end."""
    pin = pins.chain()
    if pin is None or pin.number == 0:
        return
    known = AuditLink.objects.filter(number=pin.number).first()
    if known is None or bytes(known.hash).hex() != pin.hash:
        raise Rewound


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: lines linked and sound, the first wrong thing, and what waits unlinked.

    `kind` names the wrong thing in one word, for whoever says what to do about it.
    """

    linked: int
    broken: str | None
    unlinked: int
    kind: str = ""
    waiting_since: datetime | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return self.broken is None


@dataclass(frozen=True, slots=True)
class Point:
    """A line of the chain that something outside the database remembers, and what it says of it."""

    number: int
    source: str
    fits: Callable[[bytes], bool]


BATCH = 5_000
LINES = """
SELECT k.number, k.hash, h.hash, h.signature,
       l.id, l.at, l.event, l.actor, l.desk, l.record, l.row, l.parts, l.content
FROM vault_auditlink k JOIN vault_auditline l ON l.id = k.line_id
LEFT JOIN vault_audithead h ON h.number = k.number
WHERE k.number > %s AND k.number <= %s ORDER BY k.number LIMIT %s
"""


def verify(
    points: Iterable[Point] = (), progress: Callable[[int, int], None] = lambda _done, _all: None
) -> Verdict:
    """Proves the whole chain, every signed head and each outside point; names the first wrong thing.

    Its end must carry a signed head, and every line is linked or waits to be: hashes alone prove
    nothing against somebody who can write them all anew. In batches, so memory does not grow.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM vault_auditpending),"
            " (SELECT min(l.at) FROM vault_auditpending p JOIN vault_auditline l ON l.id = p.line_id),"
            " coalesce((SELECT max(number) FROM vault_auditlink), 0),"
            " coalesce((SELECT max(number) FROM vault_audithead), 0)"
        )
        unlinked, since, last, last_signed = cursor.fetchone()

    def found(linked: int, kind: str, sentence: str | None) -> Verdict:
        return Verdict(linked, sentence, unlinked, kind, since)

    expected: dict[int, list[Point]] = {}
    for point in points:
        expected.setdefault(point.number, []).append(point)
    signing = instance_key().verifying
    number, chained, signed, agreed = 0, GENESIS, 0, 0
    while number < last:
        with connection.cursor() as cursor:
            cursor.execute(LINES, [number, last, BATCH])
            rows = cursor.fetchall()
        if not rows:  # links are there whose lines are gone
            return found(number, "missing", _missing(number + 1, last))
        for there, hash_, head, signature, *line in rows:
            if there != number + 1:
                return found(number, "missing", _missing(number + 1, there - 1))
            *fields, content = line
            body = canonical(*fields, None if content is None else bytes(content))
            chained = sha256(canonical(there, chained, body))
            if chained != bytes(hash_):
                return found(number, "altered", f"line {there} was altered")
            if head is not None:
                message = statement("audit", there, chained)
                if bytes(head) != chained or not crypto.verify(signing, bytes(signature), message):
                    return found(number, "head", f"the head signed at line {there} is another")
                signed = there
            for point in expected.pop(there, ()):
                if not point.fits(chained):
                    sentence = f"lines {agreed + 1} to {there} were rewritten: {point.source}"
                    return found(agreed, "rewritten", sentence)
                agreed = there
            number = there
        progress(number, last)
    if last_signed > number:
        sentence = f"lines up to {last_signed} were signed and are gone"
        return found(number, "cut_off", sentence)
    if expected:
        far = expected[max(expected)][0]
        sentence = f"the chain ends at line {number} and once had line {far.number}: {far.source}"
        return found(number, "shorter", sentence)
    if signed != number:
        return found(signed, "unsigned", f"lines after {signed} carry no signed head")
    if AuditLine.objects.filter(auditlink=None, auditpending=None).exists():
        return found(number, "kept", "a line was kept from the chain")
    return found(number, "", None)


def _missing(first: int, last: int) -> str:
    return f"line {first} is missing" if first == last else f"lines {first} to {last} are missing"


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


def hours_of(actor: UUID) -> QuerySet[AuditLine, tuple[datetime, str, int]]:
    """What one key did: hour, event and how often, newest first; nothing of what it was about."""
    hourly = AuditLine.objects.filter(actor=actor).annotate(hour=TruncHour("at"))
    counted = hourly.values("hour", "event").annotate(times=Count("id")).order_by("-hour", "event")
    return counted.values_list("hour", "event", "times")


def count_of(actor: UUID, events: Iterable[str], since: datetime) -> int:
    """How often one key did any of these since then."""
    return AuditLine.objects.filter(actor=actor, event__in=list(events), at__gte=since).count()


def newest_head() -> End | None:
    """The newest signed head, or nothing when there is none; raises Rewound when the seal is not ours."""
    head = AuditHead.objects.order_by("-number").first()
    if head is None:
        return None
    message = statement("audit", head.number, bytes(head.hash))
    if not crypto.verify(instance_key().verifying, bytes(head.signature), message):
        raise Rewound
    return End(head.number, bytes(head.hash))


def statement(what: str, number: int, hash_: bytes, *more: str) -> bytes:
    """What the instance signs about a line of its chain."""
    return canonical("simpul", what, settings.INSTANCE, number, hash_, *more)


def sign(what: str, number: int, hash_: bytes, *more: str) -> bytes:
    """The instance's signature under such a statement."""
    return instance_key().sign(statement(what, number, hash_, *more))


def is_ours(signature: bytes, what: str, number: int, hash_: bytes, *more: str) -> bool:
    """Whether this instance has signed the statement."""
    return crypto.verify(
        instance_key().verifying, signature, statement(what, number, hash_, *more)
    )


def instance_key() -> Pair:
    """The pair of this instance, which signs heads, anchors, backups and the log of endings."""
    seed = (Path(settings.VAR) / "secrets" / "instance-key").read_text()
    return Pair(UUID(settings.INSTANCE), bytes.fromhex(seed.strip()))
