"""A desk's new key after somebody has left: one member makes it, batches seal everything anew."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from simpul.cases.actions import files
from simpul.cases.models import Case
from simpul.core.access import NotYourDuty
from simpul.network import actions
from simpul.network.models import Desk, Membership
from simpul.reports import actions as reports
from simpul.reports.models import Report
from simpul.vault import crypto, envelopes, epochs, keydirectory, keyring
from simpul.vault.crypto import Pair
from simpul.vault.keydirectory import Untrusted
from simpul.vault.keyring import Closed, Keyring
from simpul.vault.models import Envelope, Grant, KeyCopy, KeyPair
from tests.conftest import Cast


def leave(cast: Cast, who: str) -> None:
    """An administrator ends a membership."""
    with cast.acting("root-one") as actor:
        membership = Membership.objects.select_related("desk__agency", "user").get(
            user=cast.user(who), until_at=None
        )
        actions.remove(actor=actor, membership=membership, now=timezone.now())


def renew(cast: Cast, who: str, desk: str) -> None:
    """A member makes the desk's next key."""
    with cast.acting(who) as actor:
        actions.renew_desk_key(actor=actor, desk=cast.desk(desk))


def reseal(cast: Cast, who: str, desk: str, limit: int = 1000) -> list[epochs.Batch]:
    """All batches, one transaction each."""
    batches, after = [], epochs.START
    while True:
        with cast.acting(who) as actor:
            batch = epochs.reseal(actor.keyring, cast.desk(desk).pk, after=after, limit=limit)
            if batch.last is None:
                epochs.forget(cast.desk(desk).pk)
                return batches
        batches.append(batch)
        after = batch.last


def waiting(cast: Cast, who: str, desk: str) -> int:
    """What lies under older keys."""
    with cast.acting(who):
        return epochs.waiting(cast.desk(desk).pk)


def read(cast: Cast, who: str) -> files.CaseFile:
    """The only case."""
    with cast.acting(who) as actor:
        return files.read(actor=actor, case=Case.objects.select_related("report").get())


@pytest.fixture
def case(cast: Cast) -> Case:
    """A case of intake with an entry."""
    case: Case = cast.open_case(cast.file(story="Sebelum."))
    with cast.acting("intake") as actor:
        files.write(
            actor=actor, case=case, ref=uuid4(), compartment="health", text="Catatan.",
            now=timezone.now(),
        )  # fmt: skip
    return case


def test_who_has_left_opens_nothing_that_was_sealed_anew(cast: Cast, case: Case) -> None:
    """Not even with a copy of the desk's old key and of the whole database."""
    desk = cast.desk("intake")
    with cast.acting("colleague") as actor:
        assert desk.keypair_id
        kept = Keyring(actor.keyring.own, {desk.keypair_id: actor.keyring.pair(desk.keypair_id)})
    leave(cast, "colleague")
    renew(cast, "intake", "intake")
    assert waiting(cast, "intake", "intake") > 10
    assert sum(batch.resealed for batch in reseal(cast, "intake", "intake", limit=7)) > 10
    assert waiting(cast, "intake", "intake") == 0
    found = list(Envelope.objects.filter(record=case.ref))
    assert not envelopes.open_all(found, kept)
    assert all(bytes(g.sealed) == b"" for g in Grant.objects.filter(state="ended"))
    shown = read(cast, "intake")
    assert shown.report["incident"]["story"] == "Sebelum." and len(shown.entries) == 1
    assert not KeyCopy.objects.filter(keypair=desk.keypair_id).exists(), "the old key is forgotten"


def test_nothing_stands_still_between_the_new_key_and_the_last_batch(
    cast: Cast, case: Case
) -> None:
    """Old content opens by the old key, new content lies under the new one, both in one page."""
    renew(cast, "intake", "intake")
    with cast.acting("intake") as actor:
        files.write(
            actor=actor, case=Case.objects.get(), ref=uuid4(), compartment="health", text="Baru.",
            now=timezone.now(),
        )  # fmt: skip
    assert len(read(cast, "colleague").entries) == 2, "the colleague got the new key with it"
    receipt = cast.file(story="Sesudah.")
    assert Grant.objects.filter(recipient=cast.desk("intake").keypair_id, desk__isnull=False)
    cast.open_case(receipt, "colleague")


def test_a_sleeping_grant_stays_asleep_and_wakes_under_the_new_key(cast: Cast) -> None:
    """Sealed anew, not opened: the fallback desk reads only after the clock has run out."""
    cast.file(now=timezone.now())
    renew(cast, "fallback", "fallback")
    assert sum(batch.resealed for batch in reseal(cast, "fallback", "fallback")) > 0
    states = set(Grant.objects.filter(desk=cast.desk("fallback").pk).values_list("state"))
    assert states == {("dormant",)}
    report = Report.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE clocks_clock SET due_at = now() WHERE subject = %s", [report.ref])
        cursor.execute("SELECT worker_wake(%s)", [report.ref])
    with cast.acting("fallback") as actor:
        shown = reports.read(actor=actor, report=Report.objects.get())
        assert shown.answers["incident"]["story"] == "Cerita rahasia."


def test_a_grant_that_was_altered_is_left_and_counted(cast: Cast, case: Case) -> None:
    """It is not given a fresh signature: sealing anew launders nothing."""
    grant = Grant.objects.filter(desk=cast.desk("intake").pk, state="live").order_by("ref")[0]
    Grant.objects.filter(pk=grant.pk).update(basis="duty")
    renew(cast, "intake", "intake")
    batches = reseal(cast, "intake", "intake", limit=4)
    assert sum(batch.closed for batch in batches) == 1
    assert waiting(cast, "intake", "intake") == 1
    assert bytes(Grant.objects.get(pk=grant.pk).signature) == bytes(grant.signature)


def test_a_batch_that_breaks_off_has_changed_nothing(cast: Cast, case: Case) -> None:
    """The next one goes on from where the last whole one was."""
    renew(cast, "intake", "intake")
    before = waiting(cast, "intake", "intake")
    with pytest.raises(RuntimeError), cast.acting("intake") as actor:
        epochs.reseal(actor.keyring, cast.desk("intake").pk, limit=5)
        raise RuntimeError
    assert waiting(cast, "intake", "intake") == before
    with cast.acting("intake") as actor:
        epochs.reseal(actor.keyring, cast.desk("intake").pk, limit=5)
    assert waiting(cast, "intake", "intake") == before - 5


def test_a_second_renewal_before_the_end_loses_nothing(cast: Cast, case: Case) -> None:
    """Two older keys, one after the other."""
    renew(cast, "intake", "intake")
    with cast.acting("intake") as actor:
        epochs.reseal(actor.keyring, cast.desk("intake").pk, limit=5)
    renew(cast, "colleague", "intake")
    while waiting(cast, "colleague", "intake"):
        reseal(cast, "colleague", "intake")
    assert read(cast, "intake").report["incident"]["story"] == "Sebelum."
    assert KeyCopy.objects.filter(desk=cast.desk("intake").pk).count() == 2


@pytest.mark.parametrize("who", ["clinic", "root-one", "stranger"])
def test_no_other_desk_renews_or_seals_anew(cast: Cast, case: Case, who: str) -> None:
    """Refused by the action, and by the database to foreign code."""
    desk = cast.desk("intake")
    with pytest.raises(NotYourDuty), cast.acting(who) as actor:
        actions.renew_desk_key(actor=actor, desk=desk)
    with pytest.raises(NotYourDuty), cast.acting(who) as actor:
        actions.reseal(actor=actor, desk=desk)
    with cast.acting(who):
        assert epochs.waiting(desk.pk) == 0 and epochs.forget(desk.pk) == 0
    grant = Grant.objects.filter(desk=desk.pk).order_by("ref")[0]
    with (
        pytest.raises(DatabaseError, match="one's own"),
        cast.acting(who),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT vault_reseal(%s, %s, %s, %s, %s, %s)",
            [desk.pk, desk.keypair_id, [grant.ref], [b""], [b""], [b""]],
        )


def test_who_is_not_handed_the_new_key_waits_for_a_colleague(cast: Cast, case: Case) -> None:
    """Renewal hands it to those who held the old one; it is no way in for anybody else."""
    holders = set(KeyCopy.objects.filter(desk=cast.desk("intake").pk).values_list("holder_id"))
    renew(cast, "intake", "intake")
    new = cast.desk("intake").keypair_id
    assert set(KeyCopy.objects.filter(keypair=new).values_list("holder_id")) == holders


def statement(desk: Desk, epoch: int) -> str:
    """What a member would sign."""
    pair = Pair(uuid4(), crypto.random())
    KeyPair.objects.create(
        ref=pair.ref, kind="desk", desk=desk.pk, epoch=epoch, public=pair.public,
        verifying=pair.verifying,
    )  # fmt: skip
    keys = keydirectory.keys_said(pair.public, pair.verifying)
    return keydirectory.statement("epoch", desk=desk.pk, key=str(pair.ref), epoch=epoch, **keys)


FALSE: dict[str, Callable[[Cast], tuple[str, str, int]]] = {
    "an administrator": lambda _cast: ("intake", "root-one", 2),
    "another desk's member": lambda _cast: ("intake", "clinic", 2),
    "a member, for the epoch after the next": lambda _cast: ("intake", "intake", 3),
    "a member, for the same epoch again": lambda _cast: ("intake", "intake", 1),
}


@pytest.mark.parametrize("what", FALSE)
def test_an_epoch_is_a_present_members_word(cast: Cast, what: str) -> None:
    """Everybody else's signature, and every other number, is refused by every reader."""
    key, signer, epoch = FALSE[what](cast)
    payload = statement(cast.desk(key), epoch)
    pair = Pair(cast.user(signer).keypair_id, cast.seed(signer))
    signatures: dict[str, Any] = {str(pair.ref): keydirectory.sign(payload, pair)}
    with pytest.raises(Untrusted):
        keydirectory.append(payload, signatures)


def test_who_has_left_renews_no_key(cast: Cast) -> None:
    """Her signature counted until she left."""
    leave(cast, "colleague")
    payload = statement(cast.desk("intake"), 2)
    pair = Pair(cast.user("colleague").keypair_id, cast.seed("colleague"))
    with pytest.raises(Untrusted):
        keydirectory.append(payload, {str(pair.ref): keydirectory.sign(payload, pair)})


def test_a_copy_of_another_key_opens_no_grant(cast: Cast, case: Case) -> None:
    """A database administrator who swaps the sealed copies gives a member a key that fits nothing."""
    desk = cast.desk("intake")
    assert desk.keypair_id
    other = Pair(desk.keypair_id, crypto.random())
    own = cast.user("intake").keypair
    KeyCopy.objects.filter(keypair=desk.keypair_id, holder=own).delete()
    keyring.hand_over(other, desk=desk.pk, to=own.ref, public=bytes(own.public))
    with cast.acting("intake") as actor, pytest.raises((Closed, crypto.Unopened)):
        envelopes.open_envelope(
            Envelope.objects.filter(record=case.ref).order_by("ref")[0], actor.keyring
        )
