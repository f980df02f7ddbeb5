"""Invitations, signatures and keys: how people come to desks and leave them."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from simpul.accounts import actions as accounts
from simpul.accounts.actions import Anyone
from simpul.accounts.models import Session, User
from simpul.core.access import AgainstTheRules, NotYours, require
from simpul.network import access
from simpul.network.actor import Actor
from simpul.network.models import (
    Administrator,
    Agency,
    Desk,
    Invitation,
    Membership,
    Proposal,
)
from simpul.vault import audit, crypto, keydirectory, keyring
from simpul.vault.crypto import Pair
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
    invitation = Invitation.objects.select_for_update().filter(pk=place.pk, user=None).first()
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
        "member", desk=desk.pk, person=str(known.ref), **_place(desk.agency), **keys
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
        **_place(desk.agency),
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
                **_place(invitation.desk.agency),
                **keys,
            ),
            desk=invitation.desk,
            agency=invitation.desk.agency,
            user=user,
        )
    assert invitation.agency is not None
    return _propose(
        keydirectory.statement("admin", person=str(pair.ref), **_place(invitation.agency), **keys),
        agency=invitation.agency,
        user=user,
    )


def _propose(
    payload: str, *, agency: Agency, desk: Desk | None = None, user: User | None = None
) -> Proposal:
    kind = keydirectory.about(payload)["kind"]
    return Proposal.objects.create(payload=payload, kind=kind, desk=desk, agency=agency, user=user)


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
        case "member":
            user = User.objects.get(keypair_id=said["person"])
            Membership.objects.create(user=user, desk_id=said["desk"], from_at=now)


def _place(agency: Agency) -> keydirectory.Payload:
    """The agencies from the root of the tree down, by reference and name, for what is signed."""
    line = access.lines([agency])[agency.pk]
    return {"agencies": [ref for ref, _name in line], "names": [name for _ref, name in line]}
