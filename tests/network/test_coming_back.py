"""A person who lost her passphrase: invited back, signed for by two, handed the keys again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from simpul.accounts import actions as accounts
from simpul.accounts.actions import Anyone, NotOpened
from simpul.accounts.models import Session, User
from simpul.cases.actions import files
from simpul.cases.models import Case
from simpul.core.access import NotYourDuty, NotYours
from simpul.network import access, actions
from simpul.network.models import Administrator, Invitation, Membership, Proposal
from simpul.vault import context, crypto, envelopes, keydirectory, passphrases
from simpul.vault.crypto import Pair
from simpul.vault.keydirectory import Untrusted
from simpul.vault.keyring import Closed, Keyring
from simpul.vault.models import Envelope, KeyCopy, KeyPair, Wrapped
from tests.conftest import Cast

FRESH = "sampan kelapa tenun baru"


def invite(cast: Cast, who: str, by: str = "root-one") -> str:
    """An administrator keeps her place."""
    with cast.acting(by) as actor:
        return actions.invite_back(actor=actor, user=cast.user(who), now=timezone.now())[1]


def come_back(code: str) -> tuple[Proposal, bytes]:
    """She makes a new key; gives back what waits, and her second factor."""
    derived, totp = passphrases.derive_passphrase(FRESH), passphrases.new_totp()
    with context.opened("workspace"):
        return actions.come_back(
            actor=Anyone(), code=code, derived=derived, totp=totp, now=timezone.now()
        ), totp


def sign(cast: Cast, proposal: Proposal, *who: str) -> bool:
    """Administrators sign, one after the other."""
    taken = False
    for one in who:
        with cast.acting(one) as actor:
            taken = actions.sign(actor=actor, proposal=proposal, now=timezone.now())
    return taken


def sign_in(username: str, totp: bytes, passphrase: str = FRESH) -> accounts.SignedIn:
    """As the sign-in page does it, with a code of the next half minute."""
    at = timezone.now() + timedelta(seconds=30)
    code = passphrases.code_at(totp, int(at.timestamp()) // passphrases.STEP)
    return accounts.sign_in(username=username, passphrase=passphrase, code=code, now=at)


def test_she_reads_again_once_two_have_signed_and_a_colleague_handed_over(cast: Cast) -> None:
    """Her name, desks and history stay; her former key opens nothing any more."""
    cast.open_case(cast.file(), "colleague")
    former = Pair(cast.user("intake").keypair_id, cast.seed("intake"))
    proposal, totp = come_back(invite(cast, "intake"))
    assert cast.user("intake").keypair_id == former.ref, "nothing changes before two have signed"
    with pytest.raises(NotOpened):
        sign_in("intake", totp)
    assert sign(cast, proposal, "root-one", "root-two")
    user = cast.user("intake")
    assert user.keypair_id != former.ref
    assert not Wrapped.objects.filter(keypair=former.ref).exists()
    assert not KeyCopy.objects.filter(holder=former.ref).exists()
    signed = sign_in("intake", totp)
    with context.opened("workspace", person=user.keypair_id):
        actor = access.get_actor(user, signed.seed)
        assert not actor.desks and [desk.pk for desk in actor.waiting] == [cast.desk("intake").pk]
    with cast.acting("colleague") as colleague:
        waiting = access.colleagues_waiting(colleague).select_related("user__keypair").get()
        actions.hand_over(actor=colleague, membership=waiting)
    with context.opened("workspace", person=user.keypair_id):
        actor = access.get_actor(user, signed.seed)
        context.say(person=actor.ref, desks=actor.desk_ids)
        assert files.read(actor=actor, case=Case.objects.select_related("report").get()).report
    with pytest.raises(Closed):
        envelopes.open_envelope(Envelope.objects.order_by("ref")[0], Keyring(former))


def test_what_she_signed_before_stays_valid(cast: Cast) -> None:
    """Her grants were true when she made them."""
    case = cast.open_case(cast.file())
    proposal, _totp = come_back(invite(cast, "intake"))
    assert sign(cast, proposal, "root-one", "root-two")
    with cast.acting("colleague") as actor:
        envelope = Envelope.objects.get(record=case.ref, compartment="health", key_version=2)
        assert envelopes.open_envelope(envelope, actor.keyring)


def test_her_sessions_end_with_the_second_signature(cast: Cast) -> None:
    """Whoever found her phone is out."""
    user = cast.user("intake")
    Session.objects.create(
        place=b"x", door="w", user=user, sealed=b"", expires_at=timezone.now() + timedelta(hours=1)
    )
    proposal, _totp = come_back(invite(cast, "intake"))
    assert Session.objects.exists()
    sign(cast, proposal, "root-one", "root-two")
    assert not Session.objects.exists()


def test_an_administrator_comes_back_too(cast: Cast) -> None:
    """The other one invites her; a third signs with her, so that two are others than herself."""
    third = cast.user("clinic")
    with cast.acting("root-one") as actor:
        _invitation, code = actions.invite(
            actor=actor, now=timezone.now(), agency=cast.agency("network")
        )
    with context.opened("workspace"):
        helper = actions.join(
            actor=Anyone(), code=code, username="ketiga", name="Ketiga", totp=passphrases.new_totp(),
            derived=passphrases.derive_passphrase(FRESH), now=timezone.now(),
        )  # fmt: skip
    assert third.pk != helper.pk
    sign(cast, Proposal.objects.get(user=helper), "root-one", "root-two")
    seed = passphrases.unwrap(
        Wrapped.objects.get(keypair=helper.keypair_id),
        passphrases.derive_passphrase(
            FRESH, bytes(Wrapped.objects.get(keypair=helper.keypair_id).salt)
        ),
    )
    assert seed
    proposal, totp = come_back(invite(cast, "root-two"))
    assert not sign(cast, proposal, "root-one")
    with context.opened("workspace", person=helper.keypair_id):
        actor = access.get_actor(helper, seed.pair.seed)
        assert actions.sign(actor=actor, proposal=proposal, now=timezone.now())
    assert Administrator.objects.get(user=cast.user("root-two")).agency == cast.agency("network")
    directory = keydirectory.current()
    assert cast.user("root-two").keypair_id in directory.admins
    assert sign_in("root-two", totp).user == cast.user("root-two")


def test_one_signature_is_not_enough_and_nobody_signs_for_herself(cast: Cast) -> None:
    """Neither with her former key nor with her new one, nor one administrator twice."""
    proposal, _totp = come_back(invite(cast, "root-two"))
    sign(cast, proposal, "root-one")
    for who in ("root-two", "root-one"):
        with pytest.raises(NotYourDuty):
            sign(cast, proposal, who)
    said = proposal.payload
    pair = Pair(cast.user("root-two").keypair_id, cast.seed("root-two"))
    both = Proposal.objects.get(pk=proposal.pk).signatures
    both[str(pair.ref)] = keydirectory.sign(said, pair)
    with pytest.raises(Untrusted):
        keydirectory.append(said, both)


@pytest.mark.parametrize("who", ["clinic", "colleague", "intake"])
def test_only_an_administrator_above_all_her_places_invites_back(cast: Cast, who: str) -> None:
    """No colleague, no other desk, and not she herself."""
    with pytest.raises(NotYourDuty):
        invite(cast, "intake", by=who)


def test_a_code_works_once_and_a_second_one_ends_the_first(cast: Cast) -> None:
    """Two links in the world are one too many."""
    first = invite(cast, "intake")
    second = invite(cast, "intake")
    with pytest.raises(NotYours):
        come_back(first)
    come_back(second)
    with pytest.raises(NotYours):
        come_back(second)
    assert Proposal.objects.filter(kind="rekey", taken_at=None).count() == 1


def test_the_code_of_a_new_place_brings_nobody_back_and_the_other_way_round(cast: Cast) -> None:
    """Each link is for what it was made for."""
    with cast.acting("root-one") as actor:
        _invitation, code = actions.invite(
            actor=actor, now=timezone.now(), desk=cast.desk("clinic")
        )
    with pytest.raises(NotYours):
        come_back(code)
    back = invite(cast, "intake")
    with pytest.raises(NotYours), context.opened("workspace"):
        actions.join(
            actor=Anyone(), code=back, username="lain", name="Lain", totp=passphrases.new_totp(),
            derived=passphrases.derive_passphrase(FRESH), now=timezone.now(),
        )  # fmt: skip
    assert not User.objects.filter(username="lain").exists()


def test_a_key_swapped_before_the_signatures_is_not_what_they_sign(cast: Cast) -> None:
    """The statement names the key; a row beside it changes nothing."""
    proposal, _totp = come_back(invite(cast, "intake"))
    said = keydirectory.about(proposal.payload)
    other = Pair(KeyPair.objects.get(pk=said["person"]).ref, crypto.random())
    KeyPair.objects.filter(pk=other.ref).update(public=other.public, verifying=other.verifying)
    sign(cast, proposal, "root-one", "root-two")
    known = keydirectory.current().person(other.ref)
    assert known.public.hex() == said["public"] != other.public.hex()


def test_who_left_meanwhile_does_not_come_back(cast: Cast) -> None:
    """With no place left there is nobody who could sign for her."""
    code = invite(cast, "clinic")
    with cast.acting("root-one") as actor:
        membership = Membership.objects.select_related("desk__agency", "user").get(
            user=cast.user("clinic"), until_at=None
        )
        actions.remove(actor=actor, membership=membership, now=timezone.now())
    with pytest.raises(NotYours):
        come_back(code)
    assert Invitation.objects.filter(returning=cast.user("clinic")).exists()
