"""What pages say about the network: its tree, and what a statement says before it is signed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from simpul.accounts.models import User
from simpul.network import access, alarms
from simpul.network.actor import Actor
from simpul.network.alarms import Found, Where
from simpul.network.models import Agency, Alarm, Desk, Membership, Proposal
from simpul.vault import acts, anchors, audit, epochs, keydirectory
from simpul.vault.acts import Act

ROOT = UUID(int=0)


@dataclass
class Node:
    """An agency with its desks and what lies below it."""

    agency: Agency
    desks: list[Desk] = field(default_factory=list)
    parts: list["Node"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Saying:
    """A statement in plain words, read from what is signed and from nothing beside it."""

    title: str
    facts: list[tuple[str, str]]
    check_number: str
    signers: list[str]
    signed_by_you: bool
    may_sign: bool


def tree() -> list[Node]:
    """The agencies from the top down, each with its desks."""
    nodes = {
        agency.pk: Node(agency)
        for agency in Agency.objects.select_related("region").order_by("line")
    }
    for desk in Desk.objects.order_by("name", "ref"):
        nodes[desk.agency_id].desks.append(desk)
    top: list[Node] = []
    for node in nodes.values():
        above = nodes.get(node.agency.parent_id or 0)
        (above.parts if above else top).append(node)
    return top


def saying(actor: Actor, proposal: Proposal) -> Saying:
    """What an administrator reads before she signs."""
    said = keydirectory.about(proposal.payload)
    signed = [UUID(ref) for ref in proposal.signatures]
    names = {user.keypair_id: user.name for user in User.objects.filter(keypair__in=signed)}
    title, facts = _words(said)
    return Saying(
        title=title,
        facts=facts,
        check_number=check_number_said(proposal),
        signers=[_("Kunci akar") if ref == ROOT else names.get(ref, str(ref)) for ref in signed],
        signed_by_you=actor.ref in signed,
        may_sign=access.can_sign_proposal(actor, proposal),
    )


@dataclass(frozen=True, slots=True)
class DeskKey:
    """A desk's key as its member sees it: whether somebody left since, and what lies under older ones."""

    desk: Desk
    left_since: bool
    waiting: int


def desk_keys(actor: Actor) -> list[DeskKey]:
    """The keys of the actor's desks."""
    return [
        DeskKey(desk, _left_since(desk), epochs.waiting(desk.pk))
        for desk in actor.desks
        if desk.keypair is not None
    ]


def _left_since(desk: Desk) -> bool:
    assert desk.keypair is not None
    left = Membership.objects.filter(desk=desk, until_at__gt=desk.keypair.created_at)
    return left.exists()


def desk_check_number(actor: Actor, desk: Desk) -> str:
    """The check number of a desk's new key for the member who made it, while it waits."""
    proposal = Proposal.objects.filter(kind="desk", desk=desk, taken_at=None).first()
    if proposal is None:
        return ""
    return actor.check_number_of(UUID(keydirectory.about(proposal.payload)["key"]))


def check_number(user: User) -> str:
    """The check number of the key that two administrators have signed for this person."""
    known = keydirectory.current().person(user.keypair_id)
    return keydirectory.check_number(known.public, known.verifying)


def new_check_number(user: User) -> str:
    """The check number of a key that was made in this very request."""
    pair = user.keypair
    return keydirectory.check_number(bytes(pair.public), bytes(pair.verifying))


def check_number_said(proposal: Proposal) -> str:
    """The check number of the key that a statement is about."""
    said = keydirectory.about(proposal.payload)
    if "public" not in said:
        return keydirectory.check_number(proposal.payload.encode(), b"")
    halves = [bytes.fromhex(said[half]) for half in ("public", "verifying")]
    return keydirectory.check_number(*halves)


def unusual(lines: list[Act]) -> list[Found]:
    """What the rules find around new acts of persons, in all that these persons did near them.

    A line that was linked late counts in every window that it falls into, not only in its own.
    """
    found: list[Found] = []
    by_person: dict[UUID, list[datetime]] = {}
    for act in lines:
        by_person.setdefault(act.actor, []).append(act.at)
    longest = alarms.longest()
    for person, moments in by_person.items():
        since, until = min(moments), max(moments) + longest
        acts_near = acts.between(person, since - longest, until)
        records = {act.record for act in acts_near if act.record}
        homes = acts.home_desks(records)
        desks = {act.desk for act in acts_near if act.desk} | set(homes.values())
        around = alarms.Surroundings(_places(desks), homes, acts.coverings(records))
        for rule in alarms.rules().values():
            found += rule.find(acts_near, around, since)
    return found


def _places(desks: set[int]) -> dict[int, Where]:
    """Zone and province of desks."""
    rows = Desk.objects.filter(pk__in=desks).values_list(
        "pk", "agency__region__zone", "agency__region__kode_kemendagri"
    )
    return {pk: Where(zone, code[:2]) for pk, zone, code in rows}


@dataclass(frozen=True, slots=True)
class Alarming:
    """An alarm as a supervisor reads it: whose, and who has looked at it."""

    alarm: Alarm
    name: str
    seen_by: str
    is_own: bool


def alarming(actor: Actor, rows: Iterable[Alarm]) -> list[Alarming]:
    """Alarms with the names of those they are about; no record and no content."""
    found = list(rows)
    refs = {row.person for row in found} | {row.seen_by for row in found if row.seen_by}
    names = {user.keypair_id: user.name for user in User.objects.filter(keypair__in=refs)}
    return [
        Alarming(
            alarm=row,
            name=names.get(row.person, _("Tidak dikenal")),
            seen_by=names.get(row.seen_by, "") if row.seen_by else "",
            is_own=row.person == actor.ref,
        )
        for row in found
    ]


def alarm_source() -> str:
    """Where the limits of the rules come from."""
    return alarms.source()


def why(alarm: Alarm) -> str:
    """Why the rule of an alarm asks; nothing when the rules know it no more."""
    rule = alarms.rules().get(alarm.rule)
    return rule.why if rule else ""


@dataclass(frozen=True, slots=True)
class Anchored:
    """The chain's newest signed end, in short."""

    number: int
    check_number: str

    @property
    def command(self) -> str:
        """What holds the chain against it one day."""
        return f"./simpul verify-chain --anchor '{self.number}:{self.check_number}'"


def newest_anchor() -> Anchored | None:
    """What an administrator writes into a book; nothing without a head that this instance signed."""
    try:
        head = audit.newest_head()
    except audit.Rewound:
        return None
    if head is None:
        return None
    return Anchored(head.number, anchors.check_digits(head.number, head.hash))


def _words(said: dict[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    refs = [said[key] for key in ("person", "former") if key in said]
    user = User.objects.filter(keypair__in=refs).first()
    desk = _desk_name(said)
    agency = next(reversed(said.get("names", [])), "")
    values = {"name": user, "desk": desk, "agency": agency}
    if said["kind"] == "admin":
        title = _("Menjadikan %(name)s administrator %(agency)s") % values
    elif said["kind"] == "custody":
        values |= {"need": said["need"], "count": len(said["people"])}
        title = _("Menitipkan kunci %(desk)s: %(need)s dari %(count)s penjaga") % values
    elif said["kind"] == "rekey":
        title = _("Kunci baru untuk %(name)s, yang kehilangan kata sandi") % values
    elif said["kind"] == "desk":
        title = _("Mengesahkan kunci %(desk)s") % values
    else:
        title = _("Menerima %(name)s di %(desk)s") % values
    names = _names(said.get("people", []))
    facts = [
        (_("Penjaga"), ", ".join(names)),
        (_("Nama"), user.name if user else ""),
        (_("Nama pengguna"), user.username if user else ""),
        (_("Meja"), desk),
        (_("Lembaga"), agency),
    ]
    return title, [(label, text) for label, text in facts if text]


def _desk_name(said: dict[str, Any]) -> str:
    """As it will be signed or was; before a desk's own statement it has only the row's name."""
    if "title" in said or "desk" not in said:
        return str(said.get("title", ""))
    known = keydirectory.current().titles.get(said["desk"])
    return known or Desk.objects.get(pk=said["desk"]).name


def _names(refs: Iterable[str]) -> list[str]:
    found = User.objects.filter(keypair__in=list(refs)).order_by("name", "pk")
    return [f"{user.name} ({user.username})" for user in found]


@dataclass(frozen=True, slots=True)
class Keeping:
    """A desk's custody as a page shows it."""

    desk: Desk
    need: int
    people: list[str]
    entrusted: bool
    may_name: bool
    may_entrust: bool


def custodies(actor: Actor) -> list[Keeping]:
    """The custodies of her desks, of the desks that she signs for, and of those she keeps parts of."""
    directory = keydirectory.current()
    kept = {desk for desk, known in directory.custodies.items() if actor.ref in known.people}
    signed = set(access.desks_of(actor).values_list("pk", flat=True))
    wanted = Desk.objects.filter(pk__in=kept | signed | set(actor.desk_ids), keypair__isnull=False)
    found = []
    for desk in wanted.select_related("agency").order_by("agency__line", "name", "ref"):
        known = directory.custodies.get(desk.pk)
        found.append(
            Keeping(
                desk=desk,
                need=known.need if known else 0,
                people=_names(map(str, known.people)) if known else [],
                entrusted=access.is_entrusted(desk),
                may_name=access.can_sign(actor, desk.agency),
                may_entrust=known is not None and desk.pk in actor.desk_ids,
            )
        )
    return found
