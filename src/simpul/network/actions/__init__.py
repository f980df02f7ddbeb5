"""Invitations, signatures and keys: how people come to desks and leave them."""

import json
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from simpul.accounts import actions as accounts
from simpul.accounts.actions import Anyone
from simpul.accounts.models import Session, User
from simpul.core.access import AgainstTheRules, NotYours, require
from simpul.network import access, queries, statements
from simpul.network.actor import Actor
from simpul.network.models import (
    Administrator,
    Agency,
    Alarm,
    AlarmCursor,
    Desk,
    Invitation,
    Membership,
    Proposal,
    Share,
)
from simpul.vault import acts, audit, crypto, epochs, keydirectory, keyring, passphrases
from simpul.vault.crypto import Pair
from simpul.vault.epochs import Batch
from simpul.vault.models import KeyCopy, KeyPair
from simpul.vault.passphrases import Derived

INVITATION = timedelta(days=7)


class NameTaken(AgainstTheRules):
    """Sign-in names are unique."""

    def __init__(self) -> None:
        super().__init__(_("Nama pengguna ini sudah dipakai. Pilih nama lain."))


class AlreadyHasKey(AgainstTheRules):
    """A desk's first key is made once."""

    def __init__(self) -> None:
        super().__init__(_("Meja ini sudah punya kunci."))


class ShownOnce(AgainstTheRules):
    """The same form again: the place is kept already, and its code was shown."""

    def __init__(self) -> None:
        super().__init__(_("Undangan ini sudah dibuat. Tautannya hanya tampil sekali."))


class TwoMustStay(AgainstTheRules):
    """With fewer than two administrators nothing could be signed any more."""

    def __init__(self) -> None:
        super().__init__(_("Dua administrator harus tetap ada. Angkat yang baru dulu."))


class GrewMeanwhile(AgainstTheRules):
    """More was counted while the page lay open: what was looked at is not what is there."""

    def __init__(self) -> None:
        super().__init__(_("Jumlahnya bertambah. Lihat sekali lagi."))


class AlreadyThere(AgainstTheRules):
    """A person sits at a desk once."""

    def __init__(self) -> None:
        super().__init__(_("Orang ini sudah di meja itu, atau menunggu tanda tangan."))


@transaction.atomic
def add_agency(
    *,
    actor: Actor | Anyone,
    parent: Agency | None,
    type: str,
    name: str,
    region: str,
    ref: UUID | None = None,
) -> Agency:
    """Adds an agency below its parent; the same form twice adds one. Its line is the database's."""
    require(access.can_build(actor, parent))
    agency, _made = Agency.objects.get_or_create(
        ref=ref or uuid4(),
        defaults={
            "kind": Agency.Kind.below(parent.kind if parent else None),
            "type": type,
            "name": name,
            "parent": parent,
            "region_id": region,
        },
    )
    agency.refresh_from_db(fields=["line"])
    audit.record("network.agency_added", actor=actor, row=agency.ref)
    return agency


@transaction.atomic
def add_desk(
    *,
    actor: Actor | Anyone,
    agency: Agency,
    name: str,
    duty: str,
    receiving: bool = False,
    fallback: bool = False,
    ref: UUID | None = None,
) -> Desk:
    """Adds a desk, which can do nothing until its first member makes its key and two sign it."""
    require(access.can_build(actor, agency))
    desk, _made = Desk.objects.get_or_create(
        ref=ref or uuid4(),
        defaults={
            "agency": agency,
            "name": name,
            "duty": duty,
            "receiving": receiving,
            "fallback": fallback,
        },
    )
    audit.record("network.desk_added", actor=actor, row=desk.ref)
    return desk


@transaction.atomic
def invite(
    *,
    actor: Actor,
    now: datetime,
    desk: Desk | None = None,
    agency: Agency | None = None,
    ref: UUID | None = None,
) -> tuple[Invitation, str]:
    """Keeps a place at a desk or as an administrator; returns the code, shown once.

    Raises ShownOnce when the same form is sent again.
    """
    about = desk.agency if desk else agency
    require(about is not None and access.can_sign(actor, about))
    if ref is not None and Invitation.objects.filter(pk=ref).exists():
        raise ShownOnce
    code = crypto.random(16).hex()
    invitation = Invitation.objects.create(
        ref=ref or uuid4(),
        code_hash=access.code_hash(code),
        desk=desk,
        agency=agency,
        invited_by=actor.user,
        until_at=now + INVITATION,
    )
    audit.record("network.invited", actor=actor, row=invitation.ref)
    return invitation, code


@transaction.atomic
def join(
    *,
    actor: Anyone,
    code: str,
    username: str,
    name: str,
    derived: Derived,
    totp: bytes,
    now: datetime,
    used_step: int = 0,
) -> User:
    """Makes the account of an invited person and asks two administrators to sign for her.

    Raises NotYours when the invitation is used, over or invented, NameTaken.
    """
    require(actor.ref is None)
    place = access.get_invitation(code, now)
    invitation = (
        Invitation.objects.select_for_update()
        .filter(pk=place.pk, user=None, returning=None)
        .first()
    )
    if invitation is None:
        raise NotYours
    if User.objects.filter(username=username.strip().lower()).exists():
        raise NameTaken
    user, pair = accounts.make_account(
        actor=actor, username=username, name=name, derived=derived, totp=totp, used_step=used_step
    )
    invitation.user = user
    invitation.save(update_fields=["user"])
    _propose_person(invitation, user, pair)
    audit.record("network.joined", actor=Anyone(pair.ref), row=invitation.ref)
    return user


@transaction.atomic
def invite_back(*, actor: Actor, user: User, now: datetime) -> tuple[Invitation, str]:
    """Keeps the place of a person who lost her passphrase; returns the code, shown once.

    A code that she was given before is over with this one.
    """
    require(access.can_bring_back(actor, user))
    Invitation.objects.filter(returning=user, until_at__gt=now).update(until_at=now)
    code = crypto.random(16).hex()
    invitation = Invitation.objects.create(
        code_hash=access.code_hash(code),
        returning=user,
        invited_by=actor.user,
        until_at=now + INVITATION,
    )
    audit.record("network.return_invited", actor=actor, row=user.keypair_id)
    return invitation, code


@transaction.atomic
def come_back(
    *, actor: Anyone, code: str, derived: Derived, totp: bytes, now: datetime
) -> Proposal:
    """A person who lost her passphrase makes a new key; two signatures put it in place of the old one.

    Until then nothing changes. Afterwards her old key opens nothing, and a colleague of each desk hands
    its key over again. Raises NotYours when the invitation is used, over or invented.
    """
    require(actor.ref is None)
    place = access.get_invitation(code, now)
    invitation = Invitation.objects.select_for_update().filter(pk=place.pk).first()
    if invitation is None or not invitation.is_open_at(now) or place.returning is None:
        raise NotYours
    user = place.returning
    invitation.until_at = now
    invitation.save(update_fields=["until_at"])
    Proposal.objects.filter(kind="rekey", user=user, taken_at=None).delete()
    pair = passphrases.make_person(totp, derived)
    common = access.common_agency(user)
    if common is None:
        raise NotYours
    said = keydirectory.statement(
        "rekey", person=str(pair.ref), former=str(user.keypair_id), **statements.place_of(common),
        **keydirectory.keys_said(pair.public, pair.verifying),
    )  # fmt: skip
    proposal = _propose(said, agency=common, user=user)
    audit.record("network.came_back", actor=Anyone(pair.ref), row=invitation.ref)
    return proposal


@transaction.atomic
def propose_member(*, actor: Actor, user: User, desk: Desk) -> Proposal:
    """Asks two administrators to sign a further desk for a person who has an account.

    Raises AlreadyThere.
    """
    require(access.can_sign(actor, desk.agency))
    asked = Proposal.objects.filter(kind="member", desk=desk, user=user, taken_at=None)
    if asked.exists() or Membership.objects.filter(desk=desk, user=user, until_at=None).exists():
        raise AlreadyThere
    known = keydirectory.current().person(user.keypair_id)
    keys = keydirectory.keys_said(known.public, known.verifying)
    said = keydirectory.statement(
        "member", desk=desk.pk, person=str(known.ref), **statements.place_of(desk.agency), **keys
    )
    proposal = _propose(said, desk=desk, agency=desk.agency, user=user)
    audit.record("network.member_proposed", actor=actor, row=proposal.ref)
    return proposal


@transaction.atomic
def make_desk_key(*, actor: Actor, desk: Desk) -> Proposal:
    """The first member of a desk makes its key in her own session; two signatures make it valid."""
    require(desk.pk in {waiting.pk for waiting in actor.waiting})
    desk = Desk.objects.select_for_update().get(pk=desk.pk)
    if desk.keypair_id or Proposal.objects.filter(kind="desk", desk=desk, taken_at=None).exists():
        raise AlreadyHasKey
    pair, public = keyring.make_pair("desk", desk=desk.pk)
    own = keydirectory.current().member(desk.pk, actor.ref)
    keyring.hand_over(pair, desk=desk.pk, to=own.ref, public=own.public)
    keys = keydirectory.keys_said(pair.public, pair.verifying)
    said = keydirectory.statement(
        "desk",
        desk=desk.pk,
        title=desk.name,
        key=str(public.ref),
        epoch=1,
        **statements.place_of(desk.agency),
        **keys,
    )
    proposal = _propose(said, desk=desk, agency=desk.agency)
    audit.record("network.desk_key_made", actor=actor, row=desk.ref)
    return proposal


@transaction.atomic
def sign(*, actor: Actor, proposal: Proposal, now: datetime) -> bool:
    """An administrator signs; with the last signature needed the statement enters the directory."""
    proposal = Proposal.objects.select_for_update().get(pk=proposal.pk)
    require(proposal.taken_at is None and access.can_sign_proposal(actor, proposal))
    taken = _add_signature(proposal, actor.ref, actor.keyring.own, now)
    audit.record("network.signed", actor=actor, row=proposal.ref)
    return taken


@transaction.atomic
def hand_over(*, actor: Actor, membership: Membership) -> None:
    """A member gives a new colleague the desk's key, sealed to the key that two have signed."""
    require(access.can_hand_over(actor, membership))
    desk = membership.desk
    colleague = keydirectory.current().member(desk.pk, membership.user.keypair_id)
    assert desk.keypair_id is not None
    if not KeyCopy.objects.filter(keypair_id=desk.keypair_id, holder_id=colleague.ref).exists():
        pair = actor.keyring.pair(desk.keypair_id)
        keyring.hand_over(pair, desk=desk.pk, to=colleague.ref, public=colleague.public)
    audit.record("network.handed_over", actor=actor, row=membership.ref, desk=desk.pk)


@transaction.atomic
def renew_desk_key(*, actor: Actor, desk: Desk) -> None:
    """A member gives her desk a new key and hands it to every colleague who held the old one.

    From this transaction on everything is sealed to the new key; what lies under the old one is sealed
    anew in batches (`reseal`). One signature, hers: she reads what the key opens anyway (ADR 0012).
    """
    require(desk.pk in actor.desk_ids)
    desk = Desk.objects.select_for_update(of=("self",)).select_related("keypair").get(pk=desk.pk)
    assert desk.keypair_id is not None
    directory = keydirectory.current()
    epoch = directory.desk(desk.pk).epoch + 1
    pair, public = keyring.make_pair("desk", desk=desk.pk, epoch=epoch)
    held = KeyCopy.objects.filter(keypair_id=desk.keypair_id).values_list("holder_id", flat=True)
    for holder in sorted(held):
        if (desk.pk, holder) in directory.members:
            colleague = directory.member(desk.pk, holder)
            keyring.hand_over(pair, desk=desk.pk, to=holder, public=colleague.public)
    keys = keydirectory.keys_said(pair.public, pair.verifying)
    said = keydirectory.statement("epoch", desk=desk.pk, key=str(pair.ref), epoch=epoch, **keys)
    keydirectory.append(said, {str(actor.ref): keydirectory.sign(said, actor.keyring.own)})
    desk.keypair = public
    desk.save(update_fields=["keypair"])
    if desk.pk in directory.custodies:
        Share.objects.filter(desk=desk).delete()
        Share.objects.bulk_create(statements.shares(pair, desk=desk))
    audit.record("network.desk_key_renewed", actor=actor, row=desk.ref, desk=desk.pk)


@transaction.atomic
def reseal(*, actor: Actor, desk: Desk, after: UUID = epochs.START) -> Batch:
    """Seals the next batch of a desk's grants to its present key; the last one forgets the older keys."""
    require(desk.pk in actor.desk_ids)
    batch = epochs.reseal(actor.keyring, desk.pk, after=after)
    if batch.last is None:
        epochs.forget(desk.pk)
    audit.record("network.resealed", actor=actor, row=desk.ref, desk=desk.pk)
    return batch


@transaction.atomic
def remove(*, actor: Actor, membership: Membership, now: datetime) -> None:
    """One signature ends a membership: sessions and the key copy are gone with this transaction.

    The database deletes both by itself, whoever ends the membership (`network_left`).
    """
    require(access.can_remove(actor, membership))
    said = keydirectory.statement(
        "leave", desk=membership.desk_id, person=str(membership.user.keypair_id)
    )
    signatures = {str(actor.ref): keydirectory.sign(said, actor.keyring.own)}
    keydirectory.append(said, signatures)
    membership.until_at = now
    membership.save(update_fields=["until_at"])
    audit.record("network.removed", actor=actor, row=membership.ref, desk=membership.desk_id)


@transaction.atomic
def dismiss(*, actor: Actor, administrator: Administrator) -> None:
    """One signature ends what an administrator may sign; her sessions end with this transaction.

    Raises TwoMustStay.
    """
    require(access.can_dismiss(actor, administrator))
    others = Administrator.objects.exclude(pk=administrator.pk)
    if others.filter(agency__in=administrator.agency.line).count() < 2:
        raise TwoMustStay
    user = administrator.user
    said = keydirectory.statement("unadmin", person=str(user.keypair_id))
    keydirectory.append(said, {str(actor.ref): keydirectory.sign(said, actor.keyring.own)})
    administrator.delete()
    Session.objects.filter(user=user).delete()
    audit.record("network.dismissed", actor=actor, row=user.keypair_id)


@transaction.atomic
def begin(*, actor: Anyone, network: Agency, root: Pair, now: datetime) -> tuple[str, list[str]]:
    """The first day: pins the root key and invites two administrators; returns fingerprint and codes.

    The root's private half is printed for the safe and kept nowhere.
    """
    require(actor.ref is None and keydirectory.current().number == -1)
    fingerprint = keydirectory.begin(root)
    codes = [crypto.random(16).hex() for _place in range(2)]
    for code in codes:
        Invitation.objects.create(
            code_hash=access.code_hash(code), agency=network, until_at=now + INVITATION
        )
    audit.record("network.began", actor=actor)
    return fingerprint, codes


@transaction.atomic
def sign_as_root(*, actor: Anyone, proposal: Proposal, root: Pair, now: datetime) -> bool:
    """The root vouches for one of the first two administrators, and never again."""
    require(proposal.kind == "admin" and keydirectory.current().founders < 2)
    taken = _add_signature(proposal, UUID(int=0), root, now)
    audit.record("network.root_signed", actor=actor, row=proposal.ref)
    return taken


@transaction.atomic
def take_out(*, actor: Anyone, number: int) -> None:
    """Takes what nobody signed off the end of the key directory, so that desks can seal again."""
    require(actor.ref is None)
    removed = keydirectory.take_out(number)
    audit.record("network.entry_taken_out", actor=actor, content=removed)


def _add_signature(proposal: Proposal, ref: UUID, pair: Pair, now: datetime) -> bool:
    """Adds a signature and, when they suffice, carries the statement out."""
    proposal.signatures[str(ref)] = keydirectory.sign(proposal.payload, pair)
    said = keydirectory.about(proposal.payload)
    signers = [UUID(signer) for signer in proposal.signatures]
    if keydirectory.current().enough(said, signers):
        keydirectory.append(proposal.payload, proposal.signatures)
        proposal.taken_at = now
        _carry_out(said, now)
    proposal.save()
    return proposal.taken_at is not None


def _propose_person(invitation: Invitation, user: User, pair: Pair) -> Proposal:
    """Writes down what the signatures will say of a new person: whose key it is and where she works."""
    keys = keydirectory.keys_said(pair.public, pair.verifying)
    if invitation.desk:
        return _propose(
            keydirectory.statement(
                "member",
                desk=invitation.desk_id,
                person=str(pair.ref),
                **statements.place_of(invitation.desk.agency),
                **keys,
            ),
            desk=invitation.desk,
            agency=invitation.desk.agency,
            user=user,
        )
    assert invitation.agency is not None
    return _propose(
        keydirectory.statement(
            "admin", person=str(pair.ref), **statements.place_of(invitation.agency), **keys
        ),
        agency=invitation.agency,
        user=user,
    )


def _propose(
    payload: str, *, agency: Agency, desk: Desk | None = None, user: User | None = None
) -> Proposal:
    made = statements.proposal(payload, agency=agency, desk=desk, user=user)
    made.save(force_insert=True)
    return made


def _carry_out(said: keydirectory.Payload, now: datetime) -> None:
    """Does what was signed, and nothing that a row beside it may say."""
    match said["kind"]:
        case "admin":
            agency = Agency.objects.get(ref=said["agencies"][-1])
            user = User.objects.get(keypair_id=said["person"])
            Administrator.objects.create(user=user, agency=agency, from_at=now)
        case "desk":
            desk = Desk.objects.get(pk=said["desk"])
            desk.keypair = KeyPair.objects.get(pk=said["key"])
            desk.save(update_fields=["keypair"])
        case "rekey":
            # The database deletes what the former key had: copies, wrapped halves, sessions.
            User.objects.filter(keypair_id=said["former"]).update(keypair_id=said["person"])
        case "member":
            user = User.objects.get(keypair_id=said["person"])
            Membership.objects.create(user=user, desk_id=said["desk"], from_at=now)


@transaction.atomic
def raise_alarms(*, actor: Anyone, now: datetime, limit: int = 1000) -> int:
    """Looks through the lines linked since the last time; returns how many new alarms rose.

    The cursor and what was found are one transaction: a worker that is killed in the middle misses
    no line and counts none twice; of two at once the second finds the cursor moved.
    """
    require(actor.ref is None)
    before = AlarmCursor.objects.values_list("number", flat=True).first() or 0
    upto, lines = acts.linked_after(before, limit)
    if upto == before:
        return 0
    found = [
        {
            "rule": one.rule,
            "person": str(one.person),
            "desk_id": one.desk,
            "hour_at": one.hour.isoformat(),
            "count": one.count,
            "made_at": now.isoformat(),
        }
        for one in queries.unusual(lines)
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT worker_alarms(%s, %s, %s)", [before, upto, json.dumps(found)])
        raised = [row[0] for row in cursor.fetchall()]
    for ref in raised:
        audit.record("network.alarm_raised", actor=actor, row=ref)
    return len(raised)


@transaction.atomic
def look_at_alarm(*, actor: Actor, alarm: Alarm, reason: str, count: int, now: datetime) -> None:
    """Somebody else than the person herself says that it was looked at, and why that is enough.

    Raises GrewMeanwhile when it counts more than the page had shown.
    """
    require(access.can_look_at(actor, alarm))
    held = Alarm.objects.select_for_update().get(pk=alarm.pk)
    if held.count != count:
        raise GrewMeanwhile
    held.seen_at, held.seen_by, held.reason = now, actor.ref, Alarm.Reason(reason)
    held.save(update_fields=["seen_at", "seen_by", "reason"])
    audit.record("network.alarm_looked_at", actor=actor, row=alarm.ref)
