"""Writing down who she is, and finding her again by name inside a desk's own sealed shard."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from simpul.cases import access, identity, search, sharing
from simpul.cases.actions import files
from simpul.cases.identity import Card, Reason
from simpul.cases.models import Case, Identity, Pending, Shard
from simpul.core.access import AgainstTheRules, require
from simpul.network.actor import Actor
from simpul.network.models import Desk
from simpul.vault import audit, envelopes, rows
from simpul.vault.crypto import Unopened
from simpul.vault.keyring import Closed
from simpul.vault.models import AuditLine, Compartment, Envelope, Grant

SHARD_LOCK = 7340003
SMALLEST = 64 * 1024  # bytes; each larger size is twice the one before
AT_ONCE = 500  # pending cases that one search takes in
MOST = 10  # results
SEALED = ["cases.names_merged", "cases.names_begun_anew"]  # what writes a shard
Lines = tuple[list[str], str]  # the case of each name, and the names


class Damaged(Unopened):
    """A desk's shard is not the one that was sealed last; it is not used."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("the desk's names are not those that were sealed last")
        self.desk = desk


class NotDamaged(AgainstTheRules):
    """What opens is not thrown away."""

    def __init__(self) -> None:
        super().__init__(_("Daftar nama meja ini utuh. Cari saja lagi."))


@dataclass(frozen=True, slots=True)
class Found:
    """A case that she may read, its working label, and how like its name is."""

    case: Case
    label: str
    is_sure: bool


@dataclass(frozen=True, slots=True)
class Results:
    """What a search found, the most like first, and how many names wait to be taken in."""

    found: list[Found]
    waiting: int


@dataclass
class Names:
    """What a shard holds: by case, the plain names."""

    known: dict[str, list[str]] = field(default_factory=dict)

    def packed(self) -> bytes:
        """One line a name, in a size that says little of how many they are."""
        cases = "\n".join(case for case, names in self.known.items() for _name in names)
        names = "\n".join(name for names in self.known.values() for name in names)
        text = json.dumps([cases, names]).encode()
        size = SMALLEST
        while size <= len(text):
            size *= 2
        return text.ljust(size - 1)


@transaction.atomic
def identify(*, actor: Actor, case: Case, ref: UUID, card: Card, now: datetime) -> Identity:
    """Writes down who she is, in place of what was known; the same form sent twice is one card."""
    require(access.can_lead(actor, case))
    if case.state != Case.State.OPEN:
        raise files.NotOpen
    known = Identity.objects.filter(ref=ref, case=case).first()
    if known is not None:
        return known
    row = Identity(ref=ref, case=case, written_by=actor.user, written_at=now)
    opened = sharing.to_write(actor, case, Compartment.IDENTITY, now)
    opened.seal(row, "card", card.packed())
    row.save(force_insert=True)
    audit.record(
        "cases.identified", actor=actor, record=case.ref, row=ref,
        parts=[Compartment.IDENTITY], content=envelopes.ciphertext(row), desk=case.desk_id,
    )  # fmt: skip
    return row


@transaction.atomic
def find(*, actor: Actor, asked: str, reason: str, now: datetime) -> Results:
    """Finds cases of her desks by a name as it is spelt; the chain says why and how many, not whom.

    Whatever a shard still holds, a case is shown only where a grant is open at this moment.
    """
    require(bool(actor.desks) and reason in Reason.values)
    matches: dict[UUID, search.Match] = {}
    for desk in actor.desks:
        cases, names = gather(actor=actor, desk=desk, now=now)
        for match in search.find(cases, names, asked, limit=3 * MOST):
            ref = UUID(match.case)
            if ref not in matches or matches[ref].score < match.score:
                matches[ref] = match
    readable = {case.ref: case for case in access.identified(actor, list(matches), now)}
    best = sorted(readable, key=lambda ref: (-matches[ref].score, str(ref)))[:MOST]
    labels = files.read_labels(actor=actor, cases=[readable[ref] for ref in best]) if best else {}
    results = Results(
        [Found(readable[ref], labels.get(ref, ""), matches[ref].is_sure) for ref in best],
        Pending.objects.filter(desk__in=actor.desk_ids).count(),
    )
    audit.record("cases.searched", actor=actor, parts=[reason, str(len(best))])
    return results


@transaction.atomic
def gather(*, actor: Actor, desk: Desk, now: datetime) -> tuple[list[str], str]:
    """Opens a desk's shard and takes in what is pending: the case of each name, and the names.

    One at a time (advisory lock), so that of two who merge at once none undoes the other; what is
    taken in stops waiting in the same transaction. Raises Damaged when the shard is not the last
    one that was sealed.
    """
    require(desk in actor.desks)
    known = _known(actor, desk)
    waiting = list(Pending.objects.filter(desk=desk).order_by("ref")[:AT_ONCE])
    if known is not None and not waiting:
        return known[2]
    if known is None:
        shard, opened, held = *_begin(actor, desk, uuid4()), Names()
    else:
        shard, opened, held = *known[:2], _unpacked(known[2])
        shard.row_version += 1
    cards = _cards(actor, desk, {row.case for row in waiting}, now)
    for row in waiting:
        held.known.pop(row.case.hex, None)
        if names := search.tidy(cards[row.case].names if row.case in cards else []):
            held.known[row.case.hex] = names
    packed = held.packed()
    opened.seal_file(shard, "names", packed)
    is_new = shard.row_version == 1
    shard.save(update_fields=None if is_new else ["row_version", "envelope", "names"])
    Pending.objects.filter(ref__in=[row.ref for row in waiting]).delete()
    audit.record(
        "cases.names_merged", actor=actor, record=shard.ref, row=shard.ref,
        content=envelopes.ciphertext(shard), desk=desk.pk,
    )  # fmt: skip
    return _lines(packed)


@transaction.atomic
def begin_anew(*, actor: Actor, desk: Desk) -> None:
    """Puts an empty shard in a damaged one's place and marks every card that the desk may open.

    The marks are taken in as always, in batches (`gather`). The shard keeps its ref, so that the one
    which was thrown away is never the last again. Raises NotDamaged.
    """
    require(desk in actor.desks)
    try:
        _known(actor, desk)
    except Damaged:
        pass
    else:
        raise NotDamaged
    sealed = AuditLine.objects.filter(event__in=SEALED, desk=desk.pk).order_by("-id").first()
    ref = sealed.row if sealed is not None else None
    with connection.cursor() as cursor:
        cursor.execute("SELECT cases_names_anew(%s)", [desk.pk])
    shard, opened = _begin(actor, desk, ref or uuid4())
    opened.seal_file(shard, "names", Names().packed())
    shard.save(force_insert=True)
    audit.record(
        "cases.names_begun_anew", actor=actor, record=shard.ref, row=shard.ref,
        content=envelopes.ciphertext(shard), desk=desk.pk,
    )  # fmt: skip


def _begin(actor: Actor, desk: Desk, ref: UUID) -> tuple[Shard, envelopes.OpenEnvelope]:
    """A shard under a key of its own, which no other content of the desk has."""
    shard = Shard(ref=ref, desk=desk)
    opened = envelopes.create(shard.ref, Compartment.IDENTITY, desks=[desk.pk])
    to = envelopes.desk_recipient(desk.pk)
    envelopes.grant(opened, to=to, by=actor.keyring.own, basis=Grant.Basis.OWN)
    return shard, opened


def _known(actor: Actor, desk: Desk) -> tuple[Shard, envelopes.OpenEnvelope, Lines] | None:
    """A desk's shard, opened, while nobody else merges; nothing before the first. Raises Damaged.

    An older shard, sealed just as truly, holds whom its desk may no longer find.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [SHARD_LOCK, desk.pk])
    shard = Shard.objects.filter(desk=desk).select_related("envelope").first()
    if shard is None:
        if AuditLine.objects.filter(event__in=SEALED, desk=desk.pk).exists():
            raise Damaged(desk)
        return None
    if not rows.is_last(shard):
        raise Damaged(desk)
    try:
        opened = envelopes.open_envelope(shard.envelope, actor.keyring)
        return shard, opened, _lines(opened.unseal_file(shard, "names"))
    except (Unopened, Closed) as error:
        raise Damaged(desk) from error


def _cards(actor: Actor, desk: Desk, cases: set[UUID], now: datetime) -> dict[UUID, Card]:
    """The newest card of each case that this desk, and not only another of hers, may open now."""
    written = list(access.identities(desk.pk, cases, now).select_related("envelope"))
    found: list[Envelope] = [row.envelope for row in written]
    opened = envelopes.open_all(found, actor.keyring, now=now)
    cards: dict[UUID, Card] = {}
    for row in written:  # the newest first
        if row.case_id not in cards:
            text = opened[row.envelope_id].unseal(row, "card")
            cards[row.case_id] = identity.unpacked(text)
    return cards


def _lines(packed: bytes) -> Lines:
    cases, names = json.loads(packed)
    return cases.split("\n") if cases else [], names


def _unpacked(lines: Lines) -> Names:
    held = Names()
    cases, names = lines
    for case, name in zip(cases, names.split("\n"), strict=False):
        held.known.setdefault(case, []).append(name)
    return held
