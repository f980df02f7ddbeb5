"""Founds a network by the real ceremony: root, two administrators, invitations, signatures, keys.

The demo and the tests use it with invented people; `first_day` uses its beginning. No step here is
one that a person in the browser could not do, and no check is left out.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from simpul.accounts.actions import Anyone
from simpul.accounts.models import User
from simpul.network import access, actions
from simpul.network.models import Agency, Desk, Membership, Proposal
from simpul.vault import crypto, passphrases
from simpul.vault.crypto import Pair
from simpul.vault.models import Wrapped

Row = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """A founded person: what she signs in with, and her private pair."""

    user: User
    passphrase: str
    totp: bytes
    pair: Pair


@dataclass
class Founded:
    """What a plan became, by the plan's keys."""

    agencies: dict[str, Agency] = field(default_factory=dict)
    desks: dict[str, Desk] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    fingerprint: str = ""


def found(plan: Row, now: datetime) -> Founded:
    """Carries out a plan of agencies, desks and people. The database must be before its first day."""
    made = Founded()
    for row in plan["agency"]:
        made.agencies[row["key"]] = _add_agency(row, made.agencies.get(row["parent"]))
    for row in plan["desk"]:
        made.desks[row["key"]] = _add_desk(row, made.agencies[row["agency"]])
    network = next(a for a in made.agencies.values() if a.kind == Agency.Kind.NETWORK)
    root = Pair(uuid4(), crypto.random())
    made.fingerprint, codes = actions.begin(actor=Anyone(), network=network, root=root, now=now)
    admins = [row for row in plan["person"] if row.get("admin_of")]
    for row, code in zip(admins[:2], codes, strict=True):
        made.people[row["key"]] = _join(row, code, now)
        proposal = Proposal.objects.get(user=made.people[row["key"]].user)
        actions.sign_as_root(actor=Anyone(), proposal=proposal, root=root, now=now)
    first, second = [made.people[row["key"]] for row in admins[:2]]
    for row in admins[2:]:
        _admit(made, row, first, second, now, agency=made.agencies[row["admin_of"][0]])
    for row in plan["person"]:
        for key in row["memberships"]:
            _admit(made, row, first, second, now, desk=made.desks[key])
    return made


def _add_agency(row: Row, parent: Agency | None) -> Agency:
    return actions.add_agency(
        actor=Anyone(), parent=parent, type=row["type"], name=row["name"], region=row["region"]
    )


def _add_desk(row: Row, agency: Agency) -> Desk:
    name = row["name"]
    return actions.add_desk(
        actor=Anyone(),
        agency=agency,
        name=name if isinstance(name, str) else name["id"],
        duty=row["duty"],
        receiving=row.get("receiving", False),
        fallback=row.get("fallback", False),
    )


def _join(row: Row, code: str, now: datetime) -> Person:
    derived = passphrases.derive_passphrase(row["passphrase"])
    totp = passphrases.new_totp()
    user = actions.join(
        actor=Anyone(),
        code=code,
        username=row["username"],
        name=row["name"],
        derived=derived,
        totp=totp,
        now=now,
    )
    wrapped = Wrapped.objects.get(pk=user.keypair_id)
    opened = passphrases.unwrap(wrapped, derived)
    assert opened is not None
    return Person(user, row["passphrase"], totp, opened.pair)


def _admit(
    made: Founded,
    row: Row,
    first: Person,
    second: Person,
    now: datetime,
    *,
    desk: Desk | None = None,
    agency: Agency | None = None,
) -> None:
    """One person to one place: invited by one administrator, signed by two, given the desk's key."""
    inviter = access.get_actor(first.user, first.pair.seed)
    known = made.people.get(row["key"])
    if known is None:
        _invitation, code = actions.invite(actor=inviter, now=now, desk=desk, agency=agency)
        known = made.people[row["key"]] = _join(row, code, now)
    else:
        assert desk is not None
        actions.propose_member(actor=inviter, user=known.user, desk=desk)
    proposal = Proposal.objects.get(user=known.user, desk=desk, taken_at=None)
    _sign(proposal, first, second, now)
    if desk is not None:
        _give_key(made, known, desk, first, second, now)


def _sign(proposal: Proposal, first: Person, second: Person, now: datetime) -> None:
    for person in (first, second):
        actor = access.get_actor(person.user, person.pair.seed)
        actions.sign(actor=actor, proposal=proposal, now=now)


def _give_key(
    made: Founded, person: Person, desk: Desk, first: Person, second: Person, now: datetime
) -> None:
    """The desk's first member makes its key; a later one gets it from a colleague."""
    desk.refresh_from_db()
    if desk.keypair_id is None:
        member = access.get_actor(person.user, person.pair.seed)
        _sign(actions.make_desk_key(actor=member, desk=desk), first, second, now)
        desk.refresh_from_db()
        return
    others = Membership.objects.filter(desk=desk, until_at=None).exclude(user=person.user)
    colleague = others.order_by("from_at", "ref").first()
    assert colleague is not None
    membership = Membership.objects.get(desk=desk, user=person.user, until_at=None)
    holder = next(p for p in made.people.values() if p.user.pk == colleague.user_id)
    actor = access.get_actor(holder.user, holder.pair.seed)
    actions.hand_over(actor=actor, membership=membership)


def first_day(*, name: str, region: str, now: datetime, root: Pair) -> tuple[str, list[str]]:
    """Begins a real instance: the network's agency, the pinned root, two invitations."""
    network = Agency.objects.filter(kind=Agency.Kind.NETWORK).first()
    if network is None:
        row = {"type": "network", "name": name, "region": region}
        network = _add_agency(row, None)
    return actions.begin(actor=Anyone(), network=network, root=root, now=now)
