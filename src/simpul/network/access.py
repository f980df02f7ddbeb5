"""Who may see and sign what in the network."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from simpul.accounts.actions import Anyone
from simpul.accounts.models import User
from simpul.core.access import NotYours
from simpul.network.actor import Actor
from simpul.network.models import (
    Administrator,
    Agency,
    Alarm,
    Desk,
    Invitation,
    Membership,
    Proposal,
    Recovery,
)
from simpul.vault import crypto, keydirectory
from simpul.vault.keydirectory import Recipient
from simpul.vault.keyring import Keyring
from simpul.vault.models import KeyCopy


def get_actor(user: User, seed: bytes) -> Actor:
    """Builds the actor anew for each request, so that a removal takes effect at once."""
    pair = crypto.Pair(user.keypair_id, seed)
    desks = [
        membership.desk
        for membership in Membership.objects.filter(user=user, until_at=None)
        .select_related("desk__agency__region", "desk__keypair")
        .order_by("from_at", "ref")
    ]
    held = set(
        KeyCopy.objects.filter(holder_id=user.keypair_id).values_list("keypair_id", flat=True)
    )
    administers = Administrator.objects.filter(user=user).select_related("agency").first()
    return Actor(
        user=user,
        keyring=Keyring(pair),
        desks=[desk for desk in desks if desk.keypair_id in held],
        waiting=[desk for desk in desks if desk.keypair_id not in held],
        agency=administers.agency if administers else None,
    )


def lines(agencies: Iterable[Agency]) -> dict[int, list[tuple[str, str]]]:
    """Reference and name of every agency from the root of the tree down to each of these."""
    wanted = list(agencies)
    above = {pk for agency in wanted for pk in agency.line}
    rows = Agency.objects.filter(pk__in=above).values_list("pk", "ref", "name")
    known = {pk: (str(ref), name) for pk, ref, name in rows}
    return {agency.pk: [known[pk] for pk in agency.line if pk in known] for agency in wanted}


def vouched(desks: Iterable[Desk]) -> list[Desk]:
    """Those desks whose name and place in the tree are as two administrators signed them.

    A person chooses by name, and whom a report may not reach is told by place: rows that somebody
    has renamed or moved are left out.
    """
    found = list(desks)
    directory = keydirectory.current()
    places = lines({desk.agency_id: desk.agency for desk in found}.values())
    return [
        desk for desk in found if directory.vouches(desk.pk, desk.name, places[desk.agency_id])
    ]


def get_invitation(code: str, now: datetime) -> Invitation:
    """The open invitation behind a code; a used, expired or invented one looks the same."""
    found = Invitation.objects.select_related("desk__agency", "agency", "returning")
    invitation = found.filter(code_hash=code_hash(code)).first()
    if invitation is None or not invitation.is_open_at(now):
        raise NotYours
    return invitation


def code_hash(code: str) -> bytes:
    """What is stored of an invitation's code."""
    return crypto.sha256(b"simpul invitation" + code.strip().encode())


def visible_proposals(actor: Actor) -> QuerySet[Proposal]:
    """The statements that wait for a signature which this administrator may give."""
    waiting = Proposal.objects.filter(taken_at=None).select_related(
        "desk__agency", "user", "agency"
    )
    if actor.agency is None:
        return waiting.none()
    return waiting.filter(agency__line__contains=[actor.agency.pk]).order_by("made_at")


def decided_proposals(actor: Actor) -> QuerySet[Proposal]:
    """The statements of her scope that have entered the directory, newest first."""
    if actor.agency is None:
        return Proposal.objects.none()
    taken = Proposal.objects.filter(
        taken_at__isnull=False, agency__line__contains=[actor.agency.pk]
    )
    return taken.order_by("-taken_at")


def get_proposal(actor: Actor, ref: str) -> Proposal:
    """A waiting statement of this administrator's scope, or 404."""
    proposal = visible_proposals(actor).filter(ref=ref).first()
    if proposal is None:
        raise NotYours
    return proposal


def get_membership(actor: Actor, ref: str) -> Membership:
    """A present membership in the administrator's scope or at the member's own desks, or 404."""
    membership = (
        Membership.objects.filter(ref=ref, until_at=None)
        .select_related("desk__agency", "desk__keypair", "user__keypair")
        .first()
    )
    if membership is None or not (
        can_sign(actor, membership.desk.agency) or membership.desk_id in actor.desk_ids
    ):
        raise NotYours
    return membership


def get_person(actor: Actor, ref: UUID) -> User:
    """A person whom this administrator may bring back, by the reference of her key, or 404."""
    user = User.objects.filter(keypair=ref).first()
    if user is None or not can_bring_back(actor, user):
        raise NotYours
    return user


def get_administrator(actor: Actor, ref: UUID) -> Administrator:
    """An administrator of her scope by the reference of her key, or 404."""
    administrator = visible_administrators(actor).filter(user__keypair=ref).first()
    if administrator is None:
        raise NotYours
    return administrator


def agencies_of(actor: Actor) -> QuerySet[Agency]:
    """The agencies that this administrator signs for: hers and those below it."""
    if actor.agency is None:
        return Agency.objects.none()
    below = Agency.objects.filter(line__contains=[actor.agency.pk])
    return below.select_related("region").order_by("line")


def desks_of(actor: Actor) -> QuerySet[Desk]:
    """The desks that this administrator signs for."""
    found = Desk.objects.filter(agency__in=agencies_of(actor)).select_related("agency")
    return found.order_by("agency__line", "name", "ref")


def visible_memberships(actor: Actor) -> QuerySet[Membership]:
    """Who sits at the desks of her scope, and her colleagues at her own desks."""
    here = Q(desk__in=desks_of(actor)) | Q(desk__in=actor.desk_ids)
    found = Membership.objects.filter(here, until_at=None)
    return found.select_related("user", "desk__agency").order_by(
        "desk__agency__line", "desk__name", "user__name", "ref"
    )


def visible_administrators(actor: Actor) -> QuerySet[Administrator]:
    """The administrators of her scope."""
    found = Administrator.objects.filter(agency__in=agencies_of(actor))
    return found.select_related("user", "agency").order_by("agency__line", "user__name")


def colleagues_waiting(actor: Actor) -> QuerySet[Membership]:
    """The members of her desks to whom nobody has handed over the key yet."""
    held = KeyCopy.objects.filter(
        keypair=OuterRef("desk__keypair"), holder=OuterRef("user__keypair")
    )
    found = Membership.objects.filter(desk__in=actor.desk_ids, until_at=None)
    waiting = found.exclude(user=actor.user).filter(~Exists(held))
    return waiting.select_related("user", "desk__agency").order_by("from_at", "ref")


def visible_alarms(actor: Actor) -> QuerySet[Alarm]:
    """The alarms of the agencies that this administrator signs for, newest hour first."""
    if actor.agency is None:
        return Alarm.objects.none()
    found = Alarm.objects.filter(agency__line__contains=[actor.agency.pk])
    return found.select_related("desk", "agency").order_by("-hour_at", "rule", "ref")


def get_alarm(actor: Actor, ref: UUID) -> Alarm:
    """An alarm of her scope, or 404."""
    alarm = visible_alarms(actor).filter(ref=ref).first()
    if alarm is None:
        raise NotYours
    return alarm


def can_look_at(actor: Actor, alarm: Alarm) -> bool:
    """Whether she may say that an alarm was looked at: in her scope, and not about herself."""
    return can_sign(actor, alarm.agency) and alarm.person != actor.ref


def can_sign(actor: Actor, agency: Agency) -> bool:
    """Whether the agency lies in the scope that this administrator signs for."""
    return actor.agency is not None and actor.agency.pk in agency.line


def can_build(actor: Actor | Anyone, agency: Agency | None) -> bool:
    """Whether she may add below an agency; nobody needs to be known before the first day."""
    if isinstance(actor, Actor):
        return agency is not None and can_sign(actor, agency)
    return keydirectory.current().number < 0


def can_remove(actor: Actor, membership: Membership) -> bool:
    """Whether she may end the membership: in her scope, and not her own."""
    return can_sign(actor, membership.desk.agency) and membership.user_id != actor.user.pk


def can_dismiss(actor: Actor, administrator: Administrator) -> bool:
    """Whether she may end what another administrator signs for: in her scope, and not herself."""
    return can_sign(actor, administrator.agency) and administrator.user_id != actor.user.pk


def common_agency(user: User) -> Agency | None:
    """The lowest agency that stands above every place of a person."""
    above = keydirectory.current().above_all(user.keypair_id)
    return Agency.objects.filter(ref=above[-1]).first() if above else None


def can_bring_back(actor: Actor, user: User) -> bool:
    """Whether she may invite somebody back who lost her passphrase: above all her places, not herself."""
    common = common_agency(user)
    return common is not None and can_sign(actor, common) and user.pk != actor.user.pk


def members_of(desk: Desk) -> QuerySet[User]:
    """The present members of a desk, for whom its key may be asked back."""
    found = User.objects.filter(memberships__desk=desk, memberships__until_at=None)
    return found.order_by("name", "pk")


def possible_custodians(desk: Desk) -> QuerySet[User]:
    """Everybody with a signed key who does not sit at the desk itself."""
    here = Membership.objects.filter(desk=desk, until_at=None).values("user")
    known = list(keydirectory.current().people)
    found = User.objects.filter(keypair__in=known, left_at=None).exclude(pk__in=here)
    return found.prefetch_related("memberships__desk__agency").order_by("name", "pk")


def is_entrusted(desk: Desk) -> bool:
    """Whether the desk's present key lies with its present custodians."""
    known = keydirectory.current().custodies.get(desk.pk)
    if known is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT network_entrusted(%s, %s)", [desk.pk, known.id])
        return bool(cursor.fetchone()[0])


def can_ask(actor: Actor, desk: Desk, member: User) -> bool:
    """Whether she may ask the custodians, for a member of the desk: in her scope, and not for herself."""
    sits = (desk.pk, member.keypair_id) in keydirectory.current().members
    return sits and can_sign(actor, desk.agency) and member.pk != actor.user.pk


def is_custodian(actor: Actor, recovery: Recovery) -> bool:
    """Whether a part of this desk's key is hers."""
    known = keydirectory.current().custodies.get(recovery.desk_id)
    return known is not None and known.id == recovery.custody and actor.ref in known.people


def can_refuse(actor: Actor, recovery: Recovery) -> bool:
    """Whether it concerns her: a member of the desk, a custodian, an administrator above."""
    sits = (recovery.desk_id, actor.ref) in keydirectory.current().members
    return sits or is_custodian(actor, recovery) or can_sign(actor, recovery.desk.agency)


def can_finish(actor: Actor, recovery: Recovery) -> bool:
    """Whether the parts are sealed to her."""
    return recipient_of(recovery).ref == actor.ref


def helpers(recovery: Recovery) -> set[UUID]:
    """Which custodians have passed their parts on: all of them for whom it is for, else only herself."""
    return set(recovery.contributions.values_list("holder", flat=True))


def recipient_of(recovery: Recovery) -> Recipient:
    """To whom custodians seal: the member; in a drill whoever asked. Raises NotInDirectory."""
    directory = keydirectory.current()
    if recovery.drill:
        return directory.person(recovery.asked_by.keypair_id)
    return directory.member(recovery.desk_id, recovery.member.keypair_id)


def recoveries_of(actor: Actor) -> list[Recovery]:
    """The recoveries that concern her, newest first."""
    found = Recovery.objects.select_related(
        "desk__agency", "member", "asked_by", "refused_by", "keypair"
    ).order_by("-asked_at")
    return [
        recovery
        for recovery in found[:200]
        if can_refuse(actor, recovery) or can_finish(actor, recovery)
    ]


def get_recovery(actor: Actor, ref: UUID) -> Recovery:
    """A recovery that concerns her, or 404."""
    found = next((one for one in recoveries_of(actor) if one.ref == ref), None)
    if found is None:
        raise NotYours
    return found


def can_sign_proposal(actor: Actor, proposal: Proposal) -> bool:
    """Whether her signature would count: in scope, not about herself, not given yet."""
    said = keydirectory.about(proposal.payload)
    if str(actor.ref) in proposal.signatures:
        return False
    return keydirectory.current().may_sign(said, actor.ref)


def can_make_key(actor: Actor, desk: Desk) -> bool:
    """Whether she belongs to a desk that has no key and waits for no signature of one."""
    return (
        desk.keypair_id is None
        and desk.pk in {waiting.pk for waiting in actor.waiting}
        and not Proposal.objects.filter(kind="desk", desk=desk, taken_at=None).exists()
    )


def can_hand_over(actor: Actor, membership: Membership) -> bool:
    """Whether she holds the desk's key and the colleague does not yet."""
    return membership.desk_id in actor.desk_ids and membership.user_id != actor.user.pk
