"""Attempts on envelopes and grants: what was moved, altered, forged, revived or raced."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simpul.cases import sharing
from simpul.cases.actions import consents, files
from simpul.cases.models import Case, Consent, Entry
from simpul.clocks.models import Clock
from simpul.network.actor import Actor
from simpul.network.models import Membership
from simpul.referrals import actions as referrals
from simpul.referrals.actions import Need
from simpul.referrals.models import Referral
from simpul.reports import actions as reports
from simpul.reports.actions import duties
from simpul.reports.models import Attachment, Part, Report
from simpul.vault import context, crypto, envelopes, receipts
from simpul.vault.crypto import Pair
from simpul.vault.envelopes import Closed, OpenEnvelope, Unopened
from simpul.vault.keyring import Keyring
from simpul.vault.models import Envelope, Grant, KeyPair
from tests.conftest import Cast, Receipt
from tests.vault import apart


@pytest.fixture
def receipt(cast: Cast) -> Receipt:
    """A report at intake, with a sleeping fallback."""
    return cast.file()


@pytest.fixture
def case(cast: Cast, receipt: Receipt) -> Case:
    """The case that intake opened from it."""
    opened: Case = cast.open_case(receipt)
    return opened


def write(cast: Cast, case: Case, compartment: str, text: str) -> Entry:
    """An entry of the desk that leads."""
    with cast.acting("intake") as actor:
        return files.write(
            actor=actor, case=case, ref=uuid4(), compartment=compartment, text=text,
            now=timezone.now(),
        )  # fmt: skip


def read(cast: Cast, case: Case, who: str = "intake") -> files.CaseFile:
    """The case as somebody reads it."""
    with cast.acting(who) as actor:
        return files.read(actor=actor, case=Case.objects.select_related("report").get(pk=case.pk))


def share(cast: Cast, case: Case, consent: Consent, parts: list[str]) -> None:
    """Opens parts to the consent's desk."""
    with cast.acting("intake") as actor:
        consents.share(
            actor=actor, case=case, consent=consent, compartments=parts, now=timezone.now()
        )


def refer(cast: Cast, case: Case, consent: Consent, parts: list[str]) -> Referral:
    """Asks the consent's desk."""
    with cast.acting("intake") as actor:
        return referrals.send(
            actor=actor, case=case, ref=uuid4(), consent=consent, compartments=parts,
            need=Need(service="health"), urgency="low", now=timezone.now(),
        )  # fmt: skip


def wake(referral: UUID) -> int:
    """The database's function that accepting a referral calls."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT referrals_wake(%s)", [referral])
        woken: int = cursor.fetchone()[0]
    return woken


# --- Moved and altered ciphertext ----------------------------------------------------------------


def place(**other: Any) -> tuple[OpenEnvelope, Entry]:
    """A place in the same data key, but for what differs."""
    envelope = Envelope(
        ref=UUID(int=1),
        record=other.get("record", UUID(int=2)),
        compartment=other.get("compartment", "health"),
        key_version=other.get("key_version", 1),
    )
    entry = Entry(ref=other.get("row", UUID(int=3)), row_version=other.get("row_version", 1))
    return OpenEnvelope(envelope, bytes(32)), entry


@pytest.mark.parametrize(
    "other",
    [
        {"record": UUID(int=9)}, {"compartment": "legal"}, {"key_version": 2},
        {"row": UUID(int=9)}, {"row_version": 2},
    ],
    ids=lambda other: next(iter(other)),
)  # fmt: skip
def test_ciphertext_opens_nowhere_else(other: dict[str, Any]) -> None:
    """Even under the same data key: record, compartment, key version, row and its version are bound."""
    opened, entry = place()
    opened.seal(entry, "text", "di sini")
    assert opened.unseal(entry, "text") == "di sini"
    there, moved = place(**other)
    moved.text = entry.text
    with pytest.raises(Unopened):
        there.unseal(moved, "text")


def test_ciphertext_opens_in_no_other_field_and_no_other_instance(settings: Any) -> None:
    """Neither `answer` for `need`, nor the entry of one model as the field of another."""
    opened, entry = place()
    referral, part = Referral(ref=entry.ref), Part(ref=entry.ref)
    opened.seal(referral, "need", "kebutuhan")
    referral.answer = part.answers = referral.need
    for row, field in [(referral, "answer"), (part, "answers")]:
        with pytest.raises(Unopened):
            opened.unseal(row, field)
    settings.INSTANCE = uuid4().hex
    with pytest.raises(Unopened):
        opened.unseal(referral, "need")


def test_a_file_and_a_text_are_not_each_other(cast: Cast) -> None:
    """A file's ciphertext is bound to its field too."""
    opened, entry = place()
    row = Attachment(ref=entry.ref)
    opened.seal_file(row, "data", b"berkas")
    row.about = row.data
    assert opened.unseal_file(row, "data") == b"berkas"
    with pytest.raises(Unopened):
        opened.unseal_file(row, "about")
    with pytest.raises(Unopened):
        opened.unseal(row, "about")


@given(st.binary(max_size=600), st.data())
def test_no_bit_of_ciphertext_can_be_altered(plain: bytes, data: st.DataObject) -> None:
    """Nor cut off, nor extended."""
    opened, _entry = place()
    sealed = crypto.seal(opened.key, plain, b"here")
    at = data.draw(st.integers(0, 8 * len(sealed) - 1))
    flipped = bytearray(sealed)
    flipped[at // 8] ^= 1 << at % 8
    cut = data.draw(st.integers(0, len(sealed) - 1))
    for bad in (bytes(flipped), sealed[:cut], sealed + b"\0"):
        with pytest.raises(Unopened):
            crypto.unseal(opened.key, bad, b"here")


def empty(one: Entry, _other: Entry) -> None:
    """The column is emptied."""
    Entry.objects.filter(pk=one.pk).update(text=b"")


def swap(one: Entry, other: Entry) -> None:
    """Two rows of one envelope change their texts."""
    Entry.objects.filter(pk=one.pk).update(text=other.text)
    Entry.objects.filter(pk=other.pk).update(text=one.text)


def flip(one: Entry, _other: Entry) -> None:
    """One bit is another."""
    Entry.objects.filter(pk=one.pk).update(text=one.text[:-1] + bytes([one.text[-1] ^ 1]))


def version(one: Entry, _other: Entry) -> None:
    """The row says that it was written more often."""
    Entry.objects.filter(pk=one.pk).update(row_version=2)


@pytest.mark.parametrize("alter", [empty, swap, flip, version], ids=lambda alter: alter.__name__)
def test_an_altered_entry_is_not_read_as_if_it_were_true(
    alter: Callable[[Entry, Entry], None], cast: Cast, case: Case
) -> None:
    """The database's administrator changes what she cannot read; the reader is stopped."""
    one, other = (write(cast, case, "health", text) for text in ("satu", "dua"))
    alter(one, other)
    with pytest.raises(Unopened):
        read(cast, case)


def test_an_entry_moved_to_another_compartment_or_case_is_not_read_there(
    cast: Cast, case: Case
) -> None:
    """The envelope that the row names does not open what was sealed under another."""
    entry = write(cast, case, "health", "milik kasus ini")
    legal = envelopes.latest(case.ref, "legal")
    other: Case = cast.open_case(cast.file())
    there = envelopes.latest(other.ref, "health")
    assert legal is not None and there is not None
    Entry.objects.filter(pk=entry.pk).update(envelope=legal)
    with pytest.raises(Unopened):
        read(cast, case)
    Entry.objects.filter(pk=entry.pk).update(envelope=there, case=other)
    with pytest.raises(Unopened):
        read(cast, other)
    Entry.objects.filter(pk=entry.pk).update(envelope=entry.envelope_id, case=other)
    assert read(cast, other).entries == [], "its envelope is none of that case's"


def test_an_entry_under_an_older_key_version_is_not_read_under_the_new_one(
    cast: Cast, case: Case
) -> None:
    """The case has version 2 beside the report's version 1."""
    entry = write(cast, case, "incident", "catatan")
    first = Envelope.objects.get(record=case.ref, compartment="incident", key_version=1)
    Entry.objects.filter(pk=entry.pk).update(envelope=first)
    with pytest.raises(Unopened):
        read(cast, case)


# --- Forged grants -------------------------------------------------------------------------------


@pytest.fixture
def granted(cast: Cast, case: Case) -> Grant:
    """The only grant of an envelope of the case: to the desk that leads it."""
    return Grant.objects.select_related("envelope").get(
        envelope__record=case.ref, envelope__compartment="health", envelope__key_version=2
    )


def invented(kind: str = "reporter") -> tuple[Pair, KeyPair]:
    """A key pair that the database's administrator has made for herself."""
    pair = Pair(uuid4(), crypto.random())
    return pair, KeyPair.objects.create(
        ref=pair.ref, kind=kind, public=pair.public, verifying=pair.verifying
    )


def test_the_grant_opens_as_it_was_made(cast: Cast, granted: Grant) -> None:
    """So that what follows is about the forgery."""
    with cast.acting("intake") as actor:
        assert envelopes.open_envelope(granted.envelope, actor.keyring)


CHANGES: dict[str, Callable[[Cast, Grant], dict[str, Any]]] = {
    "unsigned": lambda _cast, _grant: {"signature": b""},
    "signed by another": lambda _cast, grant: {"signature": invented()[0].sign(said(grant))},
    "said to be by another": lambda cast, _grant: {"granted_by": cast.user("clinic").keypair_id},
    "said to be by nobody": lambda _cast, _grant: {"granted_by": invented("person")[1]},
    "said to be by the desk": lambda cast, _grant: {"granted_by": cast.desk("intake").keypair_id},
    "longer": lambda _cast, _grant: {"until_at": timezone.now() + timedelta(days=9)},
    "other tags": lambda _cast, _grant: {"tags": [uuid4()]},
    "other basis": lambda _cast, _grant: {"basis": "duty"},
    "other key": lambda _cast, grant: {"sealed": grant.sealed[:-1] + b"\0"},
    "no key": lambda _cast, _grant: {"sealed": b""},
    "unwitnessed": lambda _cast, _grant: {"witness": b""},
    "witnessed elsewhere": lambda _cast, grant: {"witness": foreign(grant)},
}


def foreign(grant: Grant) -> bytes:
    """The witness of whoever does not have this instance's secret."""
    return crypto.mac(bytes(32), crypto.canonical("simpul", "witness", said(grant)))


def said(grant: Grant) -> bytes:
    """What the signature of a grant covers."""
    return envelopes._said(grant)


@pytest.mark.parametrize("what", CHANGES)
def test_a_forged_grant_opens_nothing(what: str, cast: Cast, granted: Grant) -> None:
    """Whoever writes the database is not whoever may grant."""
    Grant.objects.filter(pk=granted.pk).update(**CHANGES[what](cast, granted))
    with cast.acting("intake") as actor, pytest.raises(Unopened):
        envelopes.open_envelope(granted.envelope, actor.keyring)


def test_a_grant_pointed_at_another_envelope_opens_nothing(cast: Cast, granted: Grant) -> None:
    """Its signature names the envelope, and its seal the record, compartment and key version."""
    other = Envelope.objects.get(
        record=granted.envelope.record, compartment="legal", key_version=2
    )
    Grant.objects.filter(envelope=other).delete()
    Grant.objects.filter(pk=granted.pk).update(envelope=other)
    with cast.acting("intake") as actor, pytest.raises(Unopened):
        envelopes.open_envelope(other, actor.keyring)


@pytest.mark.parametrize(
    "change", [{"record": UUID(int=7)}, {"compartment": "legal", "key_version": 7}], ids=str
)
def test_an_envelope_that_says_it_is_another_does_not_open(
    change: dict[str, Any], cast: Cast, granted: Grant
) -> None:
    """The seal of the key names what it is the key of."""
    Envelope.objects.filter(pk=granted.envelope_id).update(**change)
    with cast.acting("intake") as actor, pytest.raises(Unopened):
        envelopes.open_envelope(Envelope.objects.get(pk=granted.envelope_id), actor.keyring)


def test_a_grant_to_another_key_pair_opens_nothing(cast: Cast, granted: Grant) -> None:
    """The recipient is signed, and only her pair opens the seal."""
    clinic = cast.desk("clinic")
    Grant.objects.filter(pk=granted.pk).update(recipient=clinic.keypair_id, desk=clinic.pk)
    with cast.acting("clinic") as actor, pytest.raises(Unopened):
        envelopes.open_envelope(granted.envelope, actor.keyring)
    with cast.acting("intake") as actor, pytest.raises(Closed):
        envelopes.open_envelope(granted.envelope, actor.keyring)


@pytest.mark.parametrize("kind", ["reporter", "person", "desk"])
def test_nobody_slips_a_data_key_of_her_own_under_a_case(
    kind: str, cast: Cast, case: Case, granted: Grant
) -> None:
    """An invented signer would read everything that is written from then on."""
    pair, _row = invented(kind)
    to = envelopes.desk_recipient(cast.desk("intake").pk)
    known = OpenEnvelope(granted.envelope, bytes(32))
    false = envelopes.prepare(known, to=to, by=pair, basis=Grant.Basis.OWN)
    false.ref = UUID(int=0)  # before the true one
    false.save(force_insert=True)
    with pytest.raises(Unopened):
        write(cast, case, "health", "tidak boleh jatuh ke tangan lain")


def test_nobody_slips_a_data_key_of_her_own_under_a_reporters_messages(
    cast: Cast, receipt: Receipt
) -> None:
    """Not by an invented reporter, and not by changing the reporter's row."""
    report = Report.objects.get()
    dialogue = Envelope.objects.get(record=report.dialogue)
    pair, _row = invented()
    to = envelopes.reporter_recipient(receipt.opened.pair)
    true = Grant.objects.get(envelope=dialogue, recipient=to.ref)
    false = envelopes.prepare(OpenEnvelope(dialogue, bytes(32)), to=to, by=pair, basis="own")
    Grant.objects.filter(pk=true.pk).update(
        sealed=false.sealed, signature=false.signature, granted_by=pair.ref
    )
    with pytest.raises(Unopened), cast.reporting(receipt):
        pass
    again = Pair(to.ref, pair.seed)
    false = envelopes.prepare(OpenEnvelope(dialogue, bytes(32)), to=to, by=again, basis="own")
    KeyPair.objects.filter(pk=to.ref).update(verifying=again.verifying)
    Grant.objects.filter(pk=true.pk).update(
        sealed=false.sealed, signature=false.signature, granted_by=to.ref
    )
    with pytest.raises(Unopened), cast.reporting(receipt):
        pass


@pytest.mark.parametrize("signer", ["who has left", "an invented reporter"])
def test_a_true_signature_alone_adds_no_grant(
    signer: str, cast: Cast, case: Case, granted: Grant
) -> None:
    """Keys that once signed, or that anybody may invent, need a door of this instance to write."""
    if signer == "who has left":
        record, by = case.ref, Pair(cast.user("colleague").keypair_id, cast.seed("colleague"))
        Membership.objects.filter(user=cast.user("colleague")).update(until_at=timezone.now())
    else:
        record, by = case.report.dialogue, invented()[0]
    envelope = Envelope.objects.filter(record=record).order_by("-key_version", "compartment")[0]
    to = envelopes.desk_recipient(cast.desk("intake").pk)
    false = envelopes.prepare(OpenEnvelope(envelope, bytes(32)), to=to, by=by, basis="own")
    with cast.acting("intake") as actor:
        keyring = actor.keyring
    assert envelopes.open_with([envelope], [false], keyring), "with the witness it would open"
    false.witness = foreign(false)
    with pytest.raises(Unopened, match="not written by this instance"):
        envelopes.open_with([envelope], [false], keyring)


# --- Ended is ended, asleep is asleep ------------------------------------------------------------


@pytest.mark.parametrize("state", ["live", "dormant"])
def test_an_ended_grant_does_not_come_back(state: str, cast: Cast, granted: Grant) -> None:
    """Not even for the owner of the tables, short of dropping the trigger."""
    Grant.objects.filter(pk=granted.pk).update(state="ended")
    with pytest.raises(DatabaseError, match="cannot go back"), transaction.atomic():
        Grant.objects.filter(pk=granted.pk).update(state=state)
    assert not Envelope.objects.get(pk=granted.envelope_id).desks


def test_a_live_grant_does_not_fall_asleep(cast: Cast, granted: Grant) -> None:
    """Forward only."""
    with pytest.raises(DatabaseError, match="cannot go back"), transaction.atomic():
        Grant.objects.filter(pk=granted.pk).update(state="dormant")


@pytest.mark.parametrize("who", ["fallback", "intake"])
def test_no_door_wakes_a_sleeping_grant_by_itself(cast: Cast, receipt: Receipt, who: str) -> None:
    """Neither the desk that it is for, nor the one that can see it."""
    with pytest.raises(DatabaseError, match="row-level security"), cast.acting(who):
        asleep = Grant.objects.filter(state="dormant")
        assert asleep.exists()
        asleep.update(state="live")
    assert Grant.objects.filter(state="dormant").count() == Envelope.objects.count()


def test_only_the_asked_desk_wakes_a_referral_and_only_when_accepted(
    cast: Cast, case: Case
) -> None:
    """Not the sender, not a third desk, not before, not after the consent was taken back."""
    consent = cast.consent(case, "clinic", ["health"])
    referral = refer(cast, case, consent, ["health"])
    with cast.acting("clinic"):
        assert wake(referral.ref) == 0, "not accepted yet"
    Referral.objects.update(state="accepted")
    for who in ("intake", "fallback", "shelter", "stranger"):
        with cast.acting(who):
            assert wake(referral.ref) == 0, who
    with pytest.raises(RuntimeError), cast.acting("clinic"):
        assert wake(referral.ref) == 1
        assert wake(referral.ref) == 0
        raise RuntimeError  # undone, to try again after the withdrawal
    with cast.acting("intake") as actor:
        consents.withdraw(actor=actor, case=case, consent=consent, now=timezone.now())
    with cast.acting("clinic"):
        assert wake(referral.ref) == 0
    assert not Grant.objects.filter(desk=cast.desk("clinic").pk, state="live").exists()


def test_a_desk_does_not_write_itself_a_referral_that_wakes_its_grants(
    cast: Cast, case: Case, receipt: Receipt
) -> None:
    """The sleeping fallback knows the tag of its grants; it is no referral's."""
    fallback = cast.desk("fallback").pk
    fresh = cast.file()
    report = Report.objects.get(lookup=fresh.opened.lookup)
    consent = cast.consent(case, "fallback", ["health"])
    envelope = envelopes.latest(case.ref, "notes")
    assert envelope is not None
    made = {
        "ref": report.ref, "case": case, "consent": consent, "compartments": [], "state": "accepted",
        "from_desk_id": fallback, "to_desk_id": fallback, "urgency": "low", "need": b"x",
        "sent_at": timezone.now(), "due_at": timezone.now(), "desks": [fallback],
        "envelope": envelope,
    }  # fmt: skip
    with pytest.raises(DatabaseError, match="row-level security"), cast.acting("fallback"):
        Referral.objects.create(**made)
    Referral.objects.create(**made)
    with cast.acting("fallback"):
        assert wake(report.ref) == 0
    assert not Grant.objects.filter(desk=fallback, state="live").exists()


# --- The desks of a row are its live grants ------------------------------------------------------


DESKS = ("intake", "clinic", "shelter", "fallback")
STEP = st.tuples(
    st.sampled_from(["grant", "sleep", "end", "end tag", "wake", "delete"]),
    st.integers(0, 2),
    st.sampled_from(DESKS),
)


@given(st.lists(STEP, max_size=12))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_desks_of_a_row_are_always_its_live_grants(
    cast: Cast, case: Case, steps: list[tuple[str, int, str]]
) -> None:
    """Whatever order grants come, wake, end and go in; for envelopes, reports and cases alike."""
    found = list(Envelope.objects.filter(record=case.ref).order_by("ref"))[:3]
    by = Pair(cast.user("intake").keypair_id, cast.seed("intake"))
    tags = {desk: UUID(int=n) for n, desk in enumerate(DESKS, 1)}
    with transaction.atomic():
        for step, n, desk in steps:
            rows = Grant.objects.filter(envelope=found[n], desk=cast.desk(desk).pk)
            match step:
                case "grant" | "sleep":
                    envelopes.grant(
                        OpenEnvelope(found[n], bytes(32)), by=by, basis="own", tags=[tags[desk]],
                        to=envelopes.desk_recipient(cast.desk(desk).pk),
                        state="live" if step == "grant" else "dormant",
                    )  # fmt: skip
                case "end":
                    rows.exclude(state="ended").update(state="ended")
                case "end tag":
                    envelopes.end(tags[desk], now=timezone.now())
                case "wake":
                    rows.filter(state="dormant").update(state="live")
                case "delete":
                    rows.delete()
            desks_are_live_grants(case.ref)
        transaction.set_rollback(True)


def desks_are_live_grants(record: UUID) -> None:
    """Compares every row of the record with its grants."""
    seen = set()
    for envelope in Envelope.objects.filter(record=record).order_by("ref"):
        live = envelope.grants.filter(state="live", desk__isnull=False)
        desks = sorted(set(live.values_list("desk", flat=True)))
        assert envelope.desks == desks
        seen |= set(desks)
    assert Case.objects.get(pk=record).desks == sorted(seen)
    assert Report.objects.get(pk=record).desks == sorted(seen)


def test_a_desk_does_not_write_itself_into_a_row(cast: Cast, case: Case) -> None:
    """The array of a case is what the grants say, whoever saves the row."""
    mine = [cast.desk("intake").pk]
    with cast.acting("intake"):
        Case.objects.update(desks=[*mine, cast.desk("clinic").pk])
    assert Case.objects.get().desks == mine
    with pytest.raises(DatabaseError, match="permission denied"), cast.acting("intake"):
        Report.objects.update(desks=[cast.desk("clinic").pk])
    with pytest.raises(DatabaseError, match="permission denied"), cast.acting("intake"):
        Envelope.objects.update(desks=[cast.desk("clinic").pk])


# --- A receiver stays a receiver -----------------------------------------------------------------


@pytest.fixture
def shared(cast: Cast, case: Case) -> Consent:
    """The clinic reads `health` by consent."""
    write(cast, case, "health", "Perlu periksa.")
    consent: Consent = cast.consent(case, "clinic", ["health"])
    share(cast, case, consent, ["health"])
    return consent


@pytest.mark.parametrize("basis", ["own", "consent", "duty", "choice"])
def test_a_receiver_cannot_grant_itself_what_outlives_the_consent(
    basis: str, cast: Cast, case: Case, shared: Consent
) -> None:
    """It has the data key; the database does not take a grant of it."""
    with pytest.raises(DatabaseError, match="no consent covers"), cast.acting("clinic") as actor:
        regrant(actor, case, cast.desk("clinic").pk, basis=basis)


def test_a_receiver_cannot_pass_on_what_it_received(
    cast: Cast, case: Case, shared: Consent
) -> None:
    """Not even with a consent to the third desk: only the desk that leads shares."""
    third = cast.consent(case, "shelter", ["health"])
    until = timezone.now() + timedelta(days=1)
    with pytest.raises(DatabaseError, match="no consent covers"), cast.acting("clinic") as actor:
        regrant(actor, case, cast.desk("shelter").pk, tags=[third.ref], until=until)


def regrant(
    actor: Actor, case: Case, desk: int, *, basis: str = "consent", tags: list[UUID] | None = None,
    until: datetime | None = None,
) -> None:  # fmt: skip
    """Grants the health compartment by the hand of somebody who can open it."""
    envelope = envelopes.latest(case.ref, "health")
    assert envelope is not None
    opened = envelopes.open_envelope(envelope, actor.keyring)
    envelopes.grant(
        opened, to=envelopes.desk_recipient(desk), by=actor.keyring.own, basis=basis,
        tags=tags or [], until=until,
    )  # fmt: skip


@pytest.mark.parametrize("desk", ["clinic", None])
def test_a_grant_names_the_desk_whose_key_it_is_for(
    desk: str | None, cast: Cast, case: Case
) -> None:
    """A clinic's key under the leading desk's name, or under no desk's, is refused."""
    with pytest.raises(DatabaseError, match="no consent covers"), cast.acting("intake") as actor:
        envelope = envelopes.latest(case.ref, "health")
        assert envelope is not None
        opened = envelopes.open_envelope(envelope, actor.keyring)
        to = envelopes.desk_recipient(cast.desk("clinic").pk)
        made = envelopes.prepare(opened, to=to, by=actor.keyring.own, basis="own")
        made.desk = None if desk is None else cast.desk("intake").pk
        envelopes.write_all([made])


def test_what_a_desk_writes_is_not_given_to_a_reporter_by_the_way(
    cast: Cast, case: Case, receipt: Receipt
) -> None:
    """Neither to the reporter of this report, nor to a reporter of the desk's own making."""
    own = envelopes.reporter_recipient(receipt.opened.pair)
    pair, _row = invented()
    for to in (own, envelopes.reporter_recipient(pair)):
        with pytest.raises(DatabaseError, match="no consent covers"), cast.acting("intake") as a:
            envelope = envelopes.latest(case.ref, "health")
            assert envelope is not None
            opened = envelopes.open_envelope(envelope, a.keyring)
            envelopes.grant(opened, to=to, by=a.keyring.own, basis="own")


def test_a_grant_is_made_in_ones_own_name(cast: Cast, case: Case) -> None:
    """A colleague's reference does not stand under it."""
    colleague = Pair(cast.user("colleague").keypair_id, cast.seed("colleague"))
    with pytest.raises(DatabaseError, match="row-level security"), cast.acting("intake") as actor:
        envelope = envelopes.latest(case.ref, "health")
        assert envelope is not None
        opened = envelopes.open_envelope(envelope, actor.keyring)
        to = envelopes.desk_recipient(cast.desk("intake").pk)
        envelopes.grant(opened, to=to, by=colleague, basis="own")


def test_a_consent_reaches_no_further_than_it_says(cast: Cast, case: Case) -> None:
    """Not to the labels of the desk, not to the messages, not to another case."""
    consent = cast.consent(case, "clinic", ["health", "notes"])
    other: Case = cast.open_case(cast.file())
    until = timezone.now() + timedelta(days=1)
    for record in (cast.desk("intake").ref, case.report.dialogue, other.ref):
        with pytest.raises(DatabaseError, match="no consent covers"), cast.acting("intake") as a:
            envelope = envelopes.latest(record, "notes")
            assert envelope is not None
            opened = envelopes.open_envelope(envelope, a.keyring)
            to = envelopes.desk_recipient(cast.desk("clinic").pk)
            envelopes.grant(
                opened, to=to, by=a.keyring.own, basis="consent", tags=[consent.ref], until=until
            )


def test_a_receiver_ends_nobody_elses_access(cast: Cast, case: Case, shared: Consent) -> None:
    """It may give back its own; the desk that leads keeps its keys."""
    live = Grant.objects.filter(envelope__record=case.ref, state="live")
    others = live.exclude(desk=cast.desk("clinic").pk).count()
    with cast.acting("clinic"):
        assert Grant.objects.filter(desk=cast.desk("intake").pk).exists(), "it sees them"
        Grant.objects.update(state="ended", ended_at=timezone.now())
    assert live.filter(desk=cast.desk("clinic").pk).count() == 0
    assert live.count() == others


def test_a_stranger_begins_no_envelope_in_a_foreign_record(
    cast: Cast, case: Case, shared: Consent
) -> None:
    """It would show the record's trail, clocks and row to a desk that nobody chose."""
    fresh = cast.file()
    report = Report.objects.get(lookup=fresh.opened.lookup)
    records = (
        case.ref,
        case.report.dialogue,
        report.ref,
        report.dialogue,
        cast.desk("intake").ref,
    )
    for who in ("shelter", "clinic"):
        own = cast.desk(who).pk
        for record in records:
            with pytest.raises(DatabaseError, match="row-level security"), cast.acting(who):
                Envelope.objects.create(
                    record=record, compartment="recovery", key_version=9, desks=[own]
                )
        with cast.acting(who):
            envelopes.create(uuid4(), "notes", desks=[own])


def test_a_stranger_opens_no_case_on_a_foreign_report(
    cast: Cast, case: Case, shared: Consent
) -> None:
    """Nor moves one of its own onto it, nor takes the report up from a desk that has it."""
    fresh = cast.file()
    report = Report.objects.get(lookup=fresh.opened.lookup)
    for who in ("clinic", "shelter"):
        more = {"owner": cast.user(who), "desk": cast.desk(who), "opened_at": timezone.now()}
        with pytest.raises(DatabaseError, match="row-level security"), cast.acting(who):
            Case.objects.create(ref=report.ref, report=report, **more)
        with cast.acting(who):
            assert not Case.objects.filter(pk=report.ref).exists()
            taken = Report.objects.update(taken_by=cast.desk(who), taken_at=timezone.now())
            assert taken == 0
            assert Case.objects.update(desk=cast.desk(who)) == 0
    with pytest.raises(DatabaseError, match="permission denied"), cast.acting("intake"):
        Case.objects.update(ref=report.ref)


def test_another_desk_may_lead_what_its_reporter_stopped_and_took_up_again(cast: Cast) -> None:
    """The fallback wakes and opens the case; the desk that had it reads nothing any more."""
    receipt = cast.file()
    case: Case = cast.open_case(receipt)
    now = timezone.now()
    with cast.reporting(receipt) as reporter:
        reports.withdraw(actor=reporter, now=now)
    with cast.reporting(receipt) as reporter:
        assert reports.reopen(actor=reporter, now=now)
    Clock.objects.filter(subject=case.ref).update(due_at=now - timedelta(minutes=1))
    with context.opened("worker"):
        assert reports.wake(actor=reports.Filing(), report=case.ref)
    cast.open_case(receipt, "fallback")
    taken = Case.objects.get()
    assert taken.desk == cast.desk("fallback")
    with cast.acting("fallback") as actor:
        assert files.read(actor=actor, case=taken).report["incident"]
    assert not Grant.objects.filter(desk=cast.desk("intake").pk, state="live").exclude(
        envelope__record=cast.desk("intake").ref
    )


def test_a_receiver_writes_no_entry(cast: Cast, case: Case, shared: Consent) -> None:
    """What it did, it reports back; the record is the leading desk's."""
    with pytest.raises(DatabaseError, match="row-level security"), cast.acting("clinic") as actor:
        envelope = envelopes.latest(case.ref, "health")
        assert envelope is not None
        entry = Entry(
            case=case, desk=cast.desk("clinic"), written_by=actor.user, written_at=timezone.now()
        )
        envelopes.open_envelope(envelope, actor.keyring).seal(entry, "text", "x")
        entry.save(force_insert=True)


def test_a_receiver_asks_no_other_desk_in_the_leading_ones_name(
    cast: Cast, case: Case, shared: Consent
) -> None:
    """It sees the case and the consent; the referral is not its to write."""
    envelope = Envelope.objects.get(record=case.ref, compartment="health")
    for sender in ("intake", "clinic"):
        with pytest.raises(DatabaseError, match="row-level security"), cast.acting("clinic"):
            Referral.objects.create(
                case=case, consent=shared, compartments=[], from_desk_id=cast.secrets["desks"][sender],
                to_desk_id=cast.secrets["desks"]["clinic"], urgency="low", need=b"x",
                sent_at=timezone.now(), due_at=timezone.now(), envelope=envelope,
                desks=[cast.secrets["desks"]["clinic"]],
            )  # fmt: skip


def test_an_asked_desk_changes_only_its_answer(cast: Cast, case: Case) -> None:
    """Not who was asked, for what, under which consent, or who may see it."""
    referral = refer(cast, case, cast.consent(case, "clinic", ["health"]), ["health"])
    shelter = cast.desk("shelter").pk
    for change in (
        {"desks": [cast.desk("clinic").pk, shelter]}, {"to_desk_id": shelter},
        {"compartments": ["legal"]}, {"ref": uuid4()}, {"need": b"x"},
    ):  # fmt: skip
        with pytest.raises(DatabaseError, match="permission denied"), cast.acting("clinic"):
            Referral.objects.filter(pk=referral.pk).update(**change)


# --- Races, on real connections ------------------------------------------------------------------


@pytest.fixture
def other() -> Iterator[apart.Apart]:
    """A database that commits."""
    with apart.database() as made:
        yield made


def clinic_is_out(cast: Cast) -> None:
    """No live grant, no place in any array."""
    clinic = cast.desk("clinic").pk
    assert not Grant.objects.filter(desk=clinic, state="live").exists()
    assert not Envelope.objects.filter(desks__contains=[clinic]).exists()
    assert not Case.objects.filter(desks__contains=[clinic]).exists()


def test_a_consent_taken_back_while_it_is_used_leaves_nothing_open(
    cast: Cast, other: apart.Apart
) -> None:
    """Whichever comes first: the share waits and finds no consent, or is ended with the rest."""

    def prepare() -> tuple[Receipt, Case, Consent]:
        receipt = cast.file()
        case = cast.open_case(receipt)
        return receipt, case, cast.consent(case, "clinic", ["health"])

    receipt, case, consent = other.do(prepare)

    def take_back() -> None:
        with cast.reporting(receipt) as reporter:
            assert consents.withdraw_own(actor=reporter, consent=consent.ref, now=timezone.now())

    def share_meanwhile() -> None:
        with cast.acting("intake") as actor:
            consents.share(
                actor=actor, case=case, consent=consent, compartments=["health"],
                now=timezone.now(),
            )  # fmt: skip
            withdrawal = other.start(take_back)
            other.wait_until_waiting(withdrawal)
            assert not withdrawal.done(), "it waits for the share"
        withdrawal.result(20)

    other.do(share_meanwhile)
    other.do(lambda: clinic_is_out(cast))


def test_a_report_stopped_while_it_is_taken_up_leaves_nothing_open(
    cast: Cast, other: apart.Apart
) -> None:
    """The case that begins at that moment ends with the report."""
    receipt = other.do(cast.file)

    def stop() -> None:
        with cast.reporting(receipt) as reporter:
            reports.withdraw(actor=reporter, now=timezone.now())

    def take_up() -> None:
        now = timezone.now()
        with cast.acting("intake") as actor:
            duties.declare(actor=actor, report=Report.objects.get(), tie="no", now=now)
            files.open_from_report(
                actor=actor, report=Report.objects.get(), label="x", next_action="y", due_at=now,
                risk="low", reporter_is_survivor=True, now=now,
            )  # fmt: skip
            stopping = other.start(stop)
            other.wait_until_waiting(stopping)
            assert not stopping.done(), "it waits for the taking up"
        stopping.result(20)

    def check() -> None:
        case = Case.objects.get()
        assert (case.state, case.desks, case.report.state) == ("closed", [], "withdrawn")
        live = Grant.objects.filter(envelope__record=case.ref, state="live")
        assert not live.filter(desk__isnull=False).exists()

    other.do(take_up)
    other.do(check)


def test_two_changes_of_one_record_at_once_both_count(cast: Cast, other: apart.Apart) -> None:
    """One ends the clinic's grant while the other gives the shelter one: neither is lost."""

    def prepare() -> Case:
        case: Case = cast.open_case(cast.file())
        for desk in ("clinic", "shelter"):
            consent = cast.consent(case, desk, ["health", "legal"])
            if desk == "clinic":
                share(cast, case, consent, ["health"])
        return case

    case = other.do(prepare)

    def give() -> None:
        share(cast, case, Consent.objects.get(desk=cast.desk("shelter")), ["health", "legal"])

    def end_meanwhile() -> None:
        clinic = Consent.objects.get(desk=cast.desk("clinic"))
        with cast.acting("intake") as actor:
            consents.withdraw(actor=actor, case=case, consent=clinic, now=timezone.now())
            giving = other.start(give)
            other.wait_until_waiting(giving)
            assert not giving.done(), "it waits for the end"
        giving.result(20)

    def check() -> None:
        clinic_is_out(cast)
        desks_are_live_grants(case.ref)
        assert cast.desk("shelter").pk in Case.objects.get().desks

    other.do(end_meanwhile)
    other.do(check)


# --- What the reader is told ---------------------------------------------------------------------


def test_the_end_that_was_signed_holds_without_any_sweep(
    cast: Cast, case: Case, shared: Consent
) -> None:
    """An expired grant opens nothing though its state still says live."""
    later = timezone.now() + timedelta(days=31)
    with cast.acting("clinic") as actor:
        found = envelopes.of_record(case.ref)
        assert envelopes.open_all(found, actor.keyring)
        assert not envelopes.open_all(found, actor.keyring, now=later)


def test_a_key_copy_that_is_not_the_desks_opens_nothing(cast: Cast, granted: Grant) -> None:
    """A member to whom somebody sealed another key reads nothing with it."""
    from simpul.vault.models import KeyCopy

    desk, holder = cast.desk("intake"), cast.user("intake").keypair
    evil = Pair(desk.keypair_id, crypto.random())  # type: ignore[arg-type]
    info = crypto.canonical("simpul", "handover", cast_instance(), evil.ref, holder.ref)
    sealed = crypto.seal_to(bytes(holder.public), evil.seed, info)
    copies = KeyCopy.objects.filter(keypair=evil.ref, holder=holder)
    assert copies.update(sealed=sealed) == 1
    with cast.acting("intake") as actor, pytest.raises(Unopened):
        envelopes.open_envelope(granted.envelope, actor.keyring)


def cast_instance() -> str:
    """This instance's id."""
    from django.conf import settings as configured

    return str(configured.INSTANCE)


def test_a_keyring_says_nothing_of_its_keys(cast: Cast) -> None:
    """Neither in a log line nor on an error page."""
    pair = receipts.pair_of(bytes(range(32)))
    ring = Keyring(pair)
    shown = f"{ring!r} {pair!r} {OpenEnvelope(Envelope(), bytes(range(32)))!r}"
    assert bytes(range(32)).hex() not in shown and "\\x01\\x02" not in shown
    assert "seed" not in shown and "key=" not in shown


def test_a_day_of_the_consent_is_its_last(cast: Cast, case: Case, shared: Consent) -> None:
    """The signed end is the beginning of the excluded day, where the case is."""
    grant = Grant.objects.get(desk=cast.desk("clinic").pk)
    zone = sharing.zone(case)
    assert grant.until_at is not None
    ends: datetime = grant.until_at.astimezone(zone)
    assert (ends.date(), ends.hour) == (shared.until_on, 0)
