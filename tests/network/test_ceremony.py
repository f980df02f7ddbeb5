"""How people come to desks and leave them: two signatures, one hand-over, one removal."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from simpul.accounts.actions import Anyone
from simpul.accounts.models import Session, User
from simpul.core.access import NotYourDuty, NotYours
from simpul.network import access, actions
from simpul.network.actor import Actor
from simpul.network.models import Administrator, Agency, Desk, Membership, Proposal
from simpul.vault import context, keydirectory, passphrases
from simpul.vault.models import AuditLine, DirectoryEntry, KeyCopy
from tests.conftest import Cast

SIGNERS = ("root-one", "root-two")


class Newcomers:
    """Invites people, lets them join, and acts for them afterwards."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.seeds: dict[str, bytes] = {}

    def invite(self, by: str = "root-one", **place: Any) -> str:
        """An administrator keeps a place; the code."""
        with self.cast.acting(by) as actor:
            return actions.invite(actor=actor, now=timezone.now(), **place)[1]

    def join(self, code: str, username: str = "newcomer", now: datetime | None = None) -> User:
        """Uses a code, as the page does."""
        derived = passphrases.derive_passphrase("empat kata yang panjang")
        with context.opened("workspace"):
            user = actions.join(
                actor=Anyone(), code=code, username=username, name=username.title(),
                derived=derived, totp=passphrases.new_totp(), now=now or timezone.now(),
            )  # fmt: skip
            opened = passphrases.unwrap(passphrases.Wrapped.objects.get(), derived)
        assert opened is not None
        self.seeds[username] = opened.pair.seed
        return user

    def arrive(self, username: str = "newcomer", **place: Any) -> tuple[User, Proposal]:
        """Invited and joined, and waiting for signatures."""
        user = self.join(self.invite(**place), username)
        return user, Proposal.objects.get(user=user)

    def acting(self, username: str = "newcomer") -> Any:
        """Her own request."""
        cast, user = self.cast, User.objects.get(username=username)
        cast.secrets["users"][username] = user.pk
        cast.secrets["people"][username] = {"seed": self.seeds[username].hex()}
        return cast.acting(username)

    def sign(self, proposal: Proposal, *who: str) -> list[bool]:
        """Signs; whether the statement was taken each time."""
        taken = []
        for name in who or SIGNERS:
            with self.acting(name) if name in self.seeds else self.cast.acting(name) as actor:
                taken.append(actions.sign(actor=actor, proposal=proposal, now=timezone.now()))
        return taken


@pytest.fixture
def new(cast: Cast) -> Newcomers:
    """People who are not in the cast."""
    return Newcomers(cast)


def rewrite(proposal: Proposal, **said: Any) -> None:
    """What somebody with the database in hand would change."""
    payload = json.loads(proposal.payload) | said
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    Proposal.objects.filter(pk=proposal.pk).update(payload=text)


# --- Signatures ----------------------------------------------------------------------------------


def test_a_member_is_one_only_after_two_signatures(cast: Cast, new: Newcomers) -> None:
    user, proposal = new.arrive(desk=cast.desk("clinic"))
    assert new.sign(proposal, "root-one") == [False]
    assert not Membership.objects.filter(user=user).exists()
    with pytest.raises(keydirectory.NotInDirectory):
        keydirectory.current().member(cast.desk("clinic").pk, user.keypair_id)
    assert new.sign(proposal, "root-two") == [True]
    assert Membership.objects.get(user=user).desk == cast.desk("clinic")
    recipient = keydirectory.current().member(cast.desk("clinic").pk, user.keypair_id)
    assert recipient.public == bytes(user.keypair.public)


def test_nobody_signs_twice(cast: Cast, new: Newcomers) -> None:
    user, proposal = new.arrive(desk=cast.desk("clinic"))
    new.sign(proposal, "root-one")
    with pytest.raises(NotYourDuty):
        new.sign(proposal, "root-one")
    assert not Membership.objects.filter(user=user).exists()


def test_nobody_signs_for_herself(cast: Cast) -> None:
    own = cast.user("root-one")
    with cast.acting("root-one") as actor:
        proposal = actions.propose_member(actor=actor, user=own, desk=cast.desk("clinic"))
        with pytest.raises(NotYourDuty):
            actions.sign(actor=actor, proposal=proposal, now=timezone.now())
    with cast.acting("root-two") as actor:
        assert not actions.sign(actor=actor, proposal=proposal, now=timezone.now())
    assert not Membership.objects.filter(user=own).exists()


@pytest.mark.parametrize("who", ["clinic", "intake", "stranger"])
def test_only_administrators_sign(cast: Cast, new: Newcomers, who: str) -> None:
    _user, proposal = new.arrive(desk=cast.desk("clinic"))
    with cast.acting(who) as actor:
        assert not access.visible_proposals(actor).exists()
        with pytest.raises(NotYourDuty):
            actions.sign(actor=actor, proposal=proposal, now=timezone.now())


def test_an_administrator_signs_within_her_agency_only(cast: Cast, new: Newcomers) -> None:
    _user, proposal = new.arrive("head", agency=cast.agency("hospital"))
    assert new.sign(proposal) == [False, True]
    _nurse, inside = new.arrive("nurse", desk=cast.desk("clinic"))
    _guard, outside = new.arrive("guard", desk=cast.desk("shelter"))
    with new.acting("head") as actor:
        assert actor.agency == cast.agency("hospital")
        assert list(access.visible_proposals(actor)) == [inside]
        with pytest.raises(NotYours):
            access.get_proposal(actor, str(outside.ref))
        with pytest.raises(NotYourDuty):
            actions.sign(actor=actor, proposal=outside, now=timezone.now())
        with pytest.raises(NotYourDuty):
            actions.invite(actor=actor, now=timezone.now(), desk=cast.desk("shelter"))
        with pytest.raises(NotYourDuty):
            actions.invite(actor=actor, now=timezone.now(), agency=cast.agency("network"))
        for key, name in (("shelter", "leaver"), ("clinic", "clinic")):
            membership = Membership.objects.get(desk=cast.desk(key), user=cast.user(name))
            assert access.can_remove(actor, membership) == (key == "clinic")
    assert new.sign(inside, "head", "root-two") == [False, True]


def test_a_key_swapped_between_two_signatures_is_refused(cast: Cast, new: Newcomers) -> None:
    user, proposal = new.arrive(desk=cast.desk("clinic"))
    new.sign(proposal, "root-one")
    rewrite(proposal, public=bytes(32).hex())
    number = DirectoryEntry.objects.count()
    with pytest.raises(keydirectory.Untrusted):
        new.sign(proposal, "root-two")
    assert not Membership.objects.filter(user=user).exists()
    assert DirectoryEntry.objects.count() == number


def test_an_invented_first_signature_is_refused(cast: Cast, new: Newcomers) -> None:
    user, proposal = new.arrive(desk=cast.desk("clinic"))
    said = {str(cast.user("root-one").keypair_id): bytes(64).hex()}
    Proposal.objects.filter(pk=proposal.pk).update(signatures=said)
    with pytest.raises(keydirectory.Untrusted):
        new.sign(proposal, "root-two")
    assert not Membership.objects.filter(user=user).exists()


def test_what_is_carried_out_is_what_was_signed(cast: Cast, new: Newcomers) -> None:
    user, proposal = new.arrive(desk=cast.desk("clinic"))
    stranger = cast.user("stranger")
    Proposal.objects.filter(pk=proposal.pk).update(user=stranger, desk=cast.desk("shelter"))
    new.sign(proposal)
    assert not Membership.objects.filter(user=stranger).exists()
    assert Membership.objects.get(user=user).desk == cast.desk("clinic")


def test_the_root_vouches_for_the_first_two_and_never_again(cast: Cast, new: Newcomers) -> None:
    from simpul.vault.crypto import Pair

    _user, proposal = new.arrive("third", agency=cast.agency("network"))
    root = Pair(UUID(int=0), bytes(32))
    with pytest.raises(NotYourDuty):
        actions.sign_as_root(actor=Anyone(), proposal=proposal, root=root, now=timezone.now())
    assert not Administrator.objects.filter(user__username="third").exists()


# --- Keys of desks -------------------------------------------------------------------------------


def test_a_desk_is_ready_only_when_two_have_signed_its_key(cast: Cast, new: Newcomers) -> None:
    user, proposal = new.arrive(desk=cast.desk("empty"))
    new.sign(proposal)
    with new.acting() as actor:
        assert [desk.pk for desk in actor.waiting] == [cast.desk("empty").pk]
        made = actions.make_desk_key(actor=actor, desk=cast.desk("empty"))
        with pytest.raises(actions.AlreadyHasKey):
            actions.make_desk_key(actor=actor, desk=cast.desk("empty"))
    new.sign(made, "root-one")
    assert not cast.desk("empty").is_ready
    with pytest.raises(keydirectory.NotInDirectory):
        keydirectory.current().desk(cast.desk("empty").pk)
    new.sign(made, "root-two")
    assert cast.desk("empty").is_ready
    assert keydirectory.current().desk(cast.desk("empty").pk).ref == cast.desk("empty").keypair_id
    with new.acting() as actor:
        assert actor.desk_ids == [cast.desk("empty").pk]
        assert actor.keyring.pair(cast.desk("empty").keypair_id)  # type: ignore[arg-type]
    assert user.keypair_id == actor.ref


def test_only_a_member_makes_a_desks_key(cast: Cast) -> None:
    for who in ("root-one", "clinic", "stranger"):
        with cast.acting(who) as actor, pytest.raises(NotYourDuty):
            actions.make_desk_key(actor=actor, desk=cast.desk("empty"))


def test_only_a_member_hands_over_and_the_new_one_then_reads(cast: Cast, new: Newcomers) -> None:
    user, proposal = new.arrive(desk=cast.desk("intake"))
    receipt = cast.file()
    new.sign(proposal)
    membership = Membership.objects.get(user=user)
    with new.acting() as actor:
        assert actor.desks == []
        with pytest.raises(NotYourDuty):
            actions.hand_over(actor=actor, membership=membership)
    with cast.acting("root-one") as actor, pytest.raises(NotYourDuty):
        actions.hand_over(actor=actor, membership=membership)
    with cast.acting("clinic") as actor:
        assert not access.colleagues_waiting(actor).exists()
        with pytest.raises(NotYours):
            access.get_membership(actor, str(membership.ref))
        with pytest.raises(NotYourDuty):
            actions.hand_over(actor=actor, membership=membership)
    with cast.acting("colleague") as actor:
        assert list(access.colleagues_waiting(actor)) == [membership]
        actions.hand_over(actor=actor, membership=membership)
        actions.hand_over(actor=actor, membership=membership)
        assert not access.colleagues_waiting(actor).exists()
    assert KeyCopy.objects.filter(holder=user.keypair).count() == 1
    with new.acting() as actor:
        from simpul.reports import access as reports
        from simpul.reports import actions as reading

        report = reports.visible_reports(actor).get(lookup=receipt.opened.lookup)
        answers = reading.read(actor=actor, report=report).answers
        assert answers["incident"]["story"] == "Cerita rahasia."


def test_a_key_is_not_handed_to_somebody_who_was_only_written_down(cast: Cast) -> None:
    """A membership that somebody with the database in hand wrote has no signatures behind it."""
    invented = Membership.objects.create(
        user=cast.user("stranger"), desk=cast.desk("intake"), from_at=timezone.now()
    )
    with cast.acting("intake") as actor, pytest.raises(keydirectory.NotInDirectory):
        actions.hand_over(actor=actor, membership=invented)
    assert not KeyCopy.objects.filter(holder=cast.user("stranger").keypair).exists()


# --- Leaving -------------------------------------------------------------------------------------


def test_a_removal_takes_key_and_sessions_in_the_same_transaction(cast: Cast) -> None:
    user = cast.user("leaver")
    Session.objects.create(
        place=b"x" * 32, door="w", user=user, sealed=b"", expires_at=timezone.now()
    )
    Session.objects.create(
        place=b"y" * 32, door="w", user=cast.user("shelter"), sealed=b"", expires_at=timezone.now()
    )
    membership = Membership.objects.get(user=user)

    def left() -> tuple[bool, bool, bool]:
        copies = KeyCopy.objects.filter(holder=user.keypair)
        here = Membership.objects.filter(user=user, until_at=None)
        return copies.exists(), Session.objects.filter(user=user).exists(), here.exists()

    class Interrupted(Exception):
        pass

    def remove() -> None:
        with cast.acting("root-one") as actor:
            actions.remove(actor=actor, membership=membership, now=timezone.now())

    assert left() == (True, True, True)
    with pytest.raises(Interrupted), transaction.atomic():
        remove()
        assert left() == (False, False, False)
        raise Interrupted
    assert left() == (True, True, True), "all of it or nothing"
    keydirectory.forget()
    membership.refresh_from_db()
    remove()
    assert left() == (False, False, False)
    assert Session.objects.get().user == cast.user("shelter")
    with pytest.raises(keydirectory.NotInDirectory):
        keydirectory.current().member(cast.desk("shelter").pk, user.keypair_id)


def test_nobody_removes_herself_or_out_of_scope(cast: Cast) -> None:
    membership = Membership.objects.get(user=cast.user("clinic"))
    for who in ("clinic", "shelter", "stranger"):
        with cast.acting(who) as actor, pytest.raises(NotYourDuty):
            actions.remove(actor=actor, membership=membership, now=timezone.now())


def test_one_signature_ends_what_an_administrator_signs(cast: Cast, new: Newcomers) -> None:
    user, proposal = new.arrive("head", agency=cast.agency("hospital"))
    new.sign(proposal)
    _nurse, waiting = new.arrive("nurse", desk=cast.desk("clinic"))
    new.sign(waiting, "head")
    Session.objects.create(
        place=b"x" * 32, door="w", user=user, sealed=b"", expires_at=timezone.now()
    )
    head = Administrator.objects.get(user=user)
    above = Administrator.objects.get(user=cast.user("root-one"))
    with new.acting("head") as actor:
        for administrator in (head, above):
            with pytest.raises(NotYourDuty):
                actions.dismiss(actor=actor, administrator=administrator)
    with cast.acting("clinic") as actor, pytest.raises(NotYourDuty):
        actions.dismiss(actor=actor, administrator=head)
    with cast.acting("root-two") as actor, pytest.raises(actions.TwoMustStay):
        actions.dismiss(actor=actor, administrator=above)
    with cast.acting("root-one") as actor:
        actions.dismiss(actor=actor, administrator=head)
    assert not Session.objects.filter(user=user).exists()
    assert user.keypair_id not in keydirectory.current().admins
    with new.acting("head") as actor:
        assert actor.agency is None
        with pytest.raises(NotYourDuty):
            actions.sign(actor=actor, proposal=waiting, now=timezone.now())
    assert new.sign(waiting, "root-two") == [False], "what she signed before does not count"
    assert new.sign(waiting, "root-one") == [True]


def test_coming_back_needs_two_signatures_again(cast: Cast) -> None:
    now, user = timezone.now(), cast.user("leaver")
    with cast.acting("root-one") as actor:
        actions.remove(actor=actor, membership=Membership.objects.get(user=user), now=now)
        proposal = actions.propose_member(actor=actor, user=user, desk=cast.desk("shelter"))
        with pytest.raises(actions.AlreadyThere):
            actions.propose_member(actor=actor, user=user, desk=cast.desk("shelter"))
        assert not actions.sign(actor=actor, proposal=proposal, now=now)
    with cast.acting("root-two") as actor:
        assert actions.sign(actor=actor, proposal=proposal, now=now)
    with cast.acting("leaver") as actor:
        assert actor.desks == [] and len(actor.waiting) == 1, "and the key anew from a colleague"


# --- Invitations ---------------------------------------------------------------------------------


def test_a_code_opens_one_place_once_and_for_seven_days(cast: Cast, new: Newcomers) -> None:
    code = new.invite(desk=cast.desk("clinic"))
    late = timezone.now() + timedelta(days=7, minutes=1)
    for invented in ("", "0" * 32, code[:-1]):
        with pytest.raises(NotYours):
            new.join(invented)
    with pytest.raises(NotYours):
        new.join(code, now=late)
    new.join(code)
    with pytest.raises(NotYours):
        new.join(code, "second")
    assert not User.objects.filter(username="second").exists()


def test_a_sign_in_name_is_taken_once_and_the_place_stays(cast: Cast, new: Newcomers) -> None:
    code = new.invite(desk=cast.desk("clinic"))
    with pytest.raises(actions.NameTaken):
        new.join(code, "Intake ")
    assert new.join(code, "another").username == "another"


def test_the_same_invitation_form_twice_keeps_one_place(cast: Cast) -> None:
    ref = uuid4()
    with cast.acting("root-one") as actor:
        now, desk = timezone.now(), cast.desk("clinic")
        actions.invite(actor=actor, now=now, desk=desk, ref=ref)
        with pytest.raises(actions.ShownOnce):
            actions.invite(actor=actor, now=now, desk=desk, ref=ref)


# --- The tree ------------------------------------------------------------------------------------


def add(actor: Actor | Anyone, parent: Agency | None) -> Agency:
    """A new agency."""
    return actions.add_agency(
        actor=actor, parent=parent, type="ngo", name="Baru Uji", region="53.71"
    )


def test_agencies_and_desks_grow_within_ones_scope(cast: Cast) -> None:
    with cast.acting("root-one") as actor:
        below = add(actor, cast.agency("hospital"))
        desk = actions.add_desk(actor=actor, agency=below, name="Meja Uji", duty="medical")
    assert below.line == [*cast.agency("hospital").line, below.pk]
    assert below.kind == "node" and not desk.is_ready
    for who in ("clinic", "stranger"):
        with cast.acting(who) as actor:
            with pytest.raises(NotYourDuty):
                add(actor, cast.agency("hospital"))
            with pytest.raises(NotYourDuty):
                actions.add_desk(actor=actor, agency=below, name="x", duty="medical")
    with pytest.raises(NotYourDuty):
        add(Anyone(), None)
    assert AuditLine.objects.filter(event="network.agency_added", row=below.ref).exists()


def test_no_process_of_the_workspace_moves_an_agency_up(cast: Cast) -> None:
    with cast.acting("root-one") as actor:
        made = add(actor, cast.agency("hospital"))
    with pytest.raises(DatabaseError), cast.acting("root-one"), connection.cursor() as cursor:
        cursor.execute("UPDATE network_agency SET line = '{1}' WHERE id = %s", [made.pk])
    with cast.acting("root-one"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO network_agency (ref, kind, type, name, parent_id, region_id, line)"
            " VALUES (%s, 'node', 'ngo', 'x', %s, '53', '{1,2,3}') RETURNING line, id",
            [uuid4(), made.pk],
        )
        line, own = cursor.fetchone()
    assert line == [*made.line, own]


def test_the_desk_of_a_founded_network_holds_its_key(cast: Cast) -> None:
    """The founding of the cast went through the same actions."""
    assert {d.name for d in Desk.objects.filter(keypair=None)} == {cast.desk("empty").name}
    with cast.acting("leaver") as actor:
        assert [desk.pk for desk in actor.desks] == [cast.desk("shelter").pk]
