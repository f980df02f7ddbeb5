"""Attempts on the key directory; each must stop the sealing, never redirect it."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings as configured
from django.db import connection, transaction
from django.test import RequestFactory

from simpul.network.models import Agency, Desk
from simpul.reports import actions as reports
from simpul.reports.models import Report
from simpul.site.views import health
from simpul.vault import crypto, envelopes, keydirectory, pins
from simpul.vault.crypto import Pair
from simpul.vault.envelopes import NotInDirectory, Untrusted
from simpul.vault.keydirectory import Verified
from simpul.vault.models import DirectoryEntry, Grant, KeyPair
from tests.conftest import Cast
from tests.vault import apart

ROOTS = ("root-one", "root-two")


@pytest.fixture
def place(settings: Any, tmp_path: Path) -> Path:
    """A copy of this machine's secrets, so that a pin may move without anybody else seeing it."""
    shutil.copytree(Path(configured.VAR) / "secrets", tmp_path / "secrets")
    settings.VAR = tmp_path
    return tmp_path


@pytest.fixture
def tampering(cast: Cast) -> Iterator[None]:
    """The database's administrator: the trigger that keeps the directory append-only is off."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE vault_directoryentry DISABLE TRIGGER append_only")
    return


def pair_of(cast: Cast, who: str) -> Pair:
    """A person's private pair."""
    return Pair(cast.user(who).keypair_id, cast.seed(who))


def signed(payload: str, *pairs: Pair) -> dict[str, str]:
    """The signatures of these people under a payload."""
    return {str(pair.ref): keydirectory.sign(payload, pair) for pair in pairs}


def line(cast: Cast, key: str) -> list[str]:
    """The agencies from the root of the tree down to this one."""
    agency: Agency | None = cast.agency(key)
    refs: list[str] = []
    while agency:
        refs.insert(0, str(agency.ref))
        agency = agency.parent
    return refs


def someone() -> Pair:
    """A key pair that nobody has signed yet."""
    return Pair(uuid4(), crypto.random())


def about(pair: Pair, *, named: str | None = None) -> dict[str, str]:
    """What a payload says of a person."""
    return {"person": named or str(pair.ref)} | keydirectory.keys_said(pair.public, pair.verifying)


def add_admin(cast: Cast, agency: str) -> Pair:
    """A further administrator of an agency, signed by the two of the network."""
    pair = someone()
    payload = keydirectory.statement("admin", agencies=line(cast, agency), **about(pair))
    keydirectory.append(payload, signed(payload, *(pair_of(cast, who) for who in ROOTS)))
    return pair


def refuse(payload: str, *pairs: Pair) -> None:
    """Nobody takes the statement in: not who appends it, and not who reads it in the table."""
    before = keydirectory.current()
    with pytest.raises(Untrusted):
        keydirectory.append(payload, signed(payload, *pairs))
    entry = DirectoryEntry(
        number=before.number + 1, payload=payload, signatures=signed(payload, *pairs),
        previous=before.hash,
    )  # fmt: skip
    entry.hash = entry.expected_hash()
    entry.save(force_insert=True)
    keydirectory.forget()
    with pytest.raises(Untrusted):
        keydirectory.current()


# --- Swapped keys --------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["vault_keypair", "network_desk"])
def test_a_desks_key_swapped_in_the_database_receives_nothing(cast: Cast, where: str) -> None:
    """Sealing asks the signed directory, not the row beside the desk's name."""
    desk = cast.desk("intake")
    true, evil = desk.keypair_id, someone()
    keys = {"public": evil.public, "verifying": evil.verifying}
    if where == "vault_keypair":
        KeyPair.objects.filter(pk=true).update(**keys)
    else:
        KeyPair.objects.create(ref=evil.ref, kind="desk", desk=desk.pk, **keys)
        Desk.objects.filter(pk=desk.pk).update(keypair=evil.ref)
    receipt = cast.file(story="Hanya untuk meja itu.")
    grants = Grant.objects.filter(desk=desk.pk)
    assert {grant.recipient_id for grant in grants} == {true}
    for grant in grants.select_related("envelope"):
        info = envelopes._info(grant.envelope, true, 1)
        with pytest.raises(envelopes.Unopened):
            evil.open(bytes(grant.sealed), info)
    Desk.objects.filter(pk=desk.pk).update(keypair=true)
    with cast.acting("intake") as actor:
        report = Report.objects.get(lookup=receipt.opened.lookup)
        reading = reports.read(actor=actor, report=report)
        assert reading.answers["incident"]["story"] == "Hanya untuk meja itu."


def test_a_desk_that_no_signature_names_receives_nothing(cast: Cast) -> None:
    """A desk with a key of its own making, but no entry, cannot be sealed to."""
    desk = cast.desk("empty")
    evil = someone()
    key = KeyPair.objects.create(
        ref=evil.ref, kind="desk", desk=desk.pk, public=evil.public, verifying=evil.verifying
    )
    Desk.objects.filter(pk=desk.pk).update(keypair=key, receiving=True)
    with pytest.raises(NotInDirectory):
        cast.file("empty")
    assert not Report.objects.exists()


# --- Altered entries -----------------------------------------------------------------------------


def last() -> DirectoryEntry:
    """The newest entry."""
    return DirectoryEntry.objects.order_by("-number")[0]


def rehash(entry: DirectoryEntry) -> None:
    """Makes the chain fit again after an alteration, as an administrator of the database can."""
    entry.hash = entry.expected_hash()
    entry.save()
    for later in DirectoryEntry.objects.filter(number__gt=entry.number).order_by("number"):
        later.previous, entry = entry.hash, later
        later.hash = later.expected_hash()
        later.save()


def alter_payload() -> None:
    """Another word in what was signed."""
    DirectoryEntry.objects.filter(number=3).update(payload="{}")


def alter_payload_and_chain() -> None:
    """Another key in what was signed, with every later hash made to fit."""
    entry = DirectoryEntry.objects.get(number=3)
    said = json.loads(entry.payload)
    said["public"] = someone().public.hex()
    entry.payload = json.dumps(said, sort_keys=True, separators=(",", ":"))
    rehash(entry)


def alter_signature() -> None:
    """One signature is another's."""
    entry = DirectoryEntry.objects.get(number=4)
    entry.signatures = {key: someone().sign(b"x").hex() for key in entry.signatures}
    rehash(entry)


def alter_signers() -> None:
    """Signatures that are no signatures."""
    entry = DirectoryEntry.objects.get(number=4)
    entry.signatures = {"nobody": "zz"}
    rehash(entry)


def alter_hash() -> None:
    """The end's hash is another."""
    DirectoryEntry.objects.filter(number=last().number).update(hash=bytes(32))


def alter_order() -> None:
    """Two entries change places."""
    one, other = DirectoryEntry.objects.filter(number__in=(4, 5)).order_by("number")
    one.payload, other.payload = other.payload, one.payload
    one.signatures, other.signatures = other.signatures, one.signatures
    other.save()
    rehash(one)


def remove_from_the_middle() -> None:
    """An entry is gone."""
    DirectoryEntry.objects.filter(number=4).delete()


def remove_the_last() -> None:
    """The directory is an older one, in itself whole: a removal or a new key is undone."""
    DirectoryEntry.objects.filter(number=last().number).delete()


def remove_all() -> None:
    """As if the first day had not been held."""
    DirectoryEntry.objects.all().delete()


def put_garbage_last() -> None:
    """A line that is no statement at all."""
    entry = DirectoryEntry(number=last().number + 1, payload="[]", previous=last().hash)
    entry.signatures = {}
    entry.hash = entry.expected_hash()
    entry.save(force_insert=True)


def found_anew() -> None:
    """A whole directory of the administrator's own, with a root of her own."""
    remove_all()
    root = someone()
    payload = keydirectory.statement("root", verifying=root.verifying.hex())
    entry = DirectoryEntry(number=0, payload=payload, previous=keydirectory.GENESIS)
    entry.signatures = {str(UUID(int=0)): keydirectory.sign(payload, root)}
    entry.hash = entry.expected_hash()
    entry.save(force_insert=True)


ALTERATIONS = [
    alter_payload, alter_payload_and_chain, alter_signature, alter_signers, alter_hash, alter_order,
    remove_from_the_middle, remove_the_last, remove_all, put_garbage_last, found_anew,
]  # fmt: skip


@pytest.mark.parametrize("alter", ALTERATIONS, ids=lambda alter: alter.__name__)
def test_an_altered_directory_stops_all_sealing_and_is_reported(
    alter: Callable[[], None], cast: Cast, tampering: None, place: Path
) -> None:
    """Nothing is sealed on its word, and whoever watches over the instance is told."""
    head = keydirectory.current()
    pins.advance(pins.Pin(crypto.sha256(head.root).hex(), head.number, head.hash.hex()))
    assert health.show(RequestFactory().get("/healthz")).status_code == 200
    alter()
    keydirectory.forget()
    with pytest.raises(Untrusted):
        cast.file()
    assert not Report.objects.exists()
    with pytest.raises(Untrusted):
        envelopes.desk_recipient(cast.desk("intake").pk)
    answer = health.show(RequestFactory().get("/healthz"))
    assert answer.status_code == 503
    assert json.loads(answer.content)["directory"] == "not the one pinned here"


def test_a_running_process_also_refuses_an_older_directory(
    cast: Cast, tampering: None, place: Path
) -> None:
    """What it has verified before does not make it trust less entries than are pinned."""
    head = keydirectory.current()
    pins.advance(pins.Pin(crypto.sha256(head.root).hex(), head.number, head.hash.hex()))
    remove_the_last()
    with pytest.raises(Untrusted):
        keydirectory.current()


# --- The pin -------------------------------------------------------------------------------------


def test_the_pin_only_moves_forward(place: Path) -> None:
    """Neither an older head, nor the same number with another hash, nor another root moves it."""
    (place / "secrets" / "directory-pin.json").unlink()
    pins.advance(pins.Pin("root", 5, "five"))
    for other in (("root", 4, "four"), ("root", 5, "another"), ("foreign", 9, "nine")):
        pins.advance(pins.Pin(*other))
        assert pins.read() == pins.Pin("root", 5, "five")
    pins.advance(pins.Pin("root", 6, "six"))
    assert pins.read() == pins.Pin("root", 6, "six")


def test_every_committed_entry_is_pinned_and_no_undone_one(
    cast: Cast, place: Path, django_capture_on_commit_callbacks: Any
) -> None:
    """The last entry counts too: taking just that one away must be noticed."""
    with django_capture_on_commit_callbacks(execute=True):
        add_admin(cast, "uptd")
    pinned = pins.read()
    assert pinned is not None and (pinned.number, pinned.hash) == (
        last().number,
        last().hash.hex(),
    )
    with pytest.raises(RuntimeError), transaction.atomic():
        add_admin(cast, "dinas")
        assert keydirectory.current().number == pinned.number + 1
        raise RuntimeError
    assert pins.read() == pinned


def test_an_undone_entry_leaves_the_process_working(cast: Cast) -> None:
    """What was verified inside a transaction that failed is not remembered against the truth."""
    before = keydirectory.current().number
    with pytest.raises(RuntimeError), transaction.atomic():
        add_admin(cast, "uptd")
        add_admin(cast, "dinas")
        assert keydirectory.current().number == before + 2
        raise RuntimeError
    assert keydirectory.current().number == before
    other = add_admin(cast, "hospital")
    assert other.ref in keydirectory.current().admins


def test_a_first_day_that_breaks_off_can_be_held_again(
    cast: Cast, tampering: None, place: Path, django_capture_on_commit_callbacks: Any
) -> None:
    """No pin of a root that the database never kept."""
    remove_all()
    (place / "secrets" / "directory-pin.json").unlink()
    keydirectory.forget()
    assert keydirectory.current().number == -1
    with pytest.raises(RuntimeError), transaction.atomic():
        keydirectory.begin(someone())
        assert keydirectory.current().number == 0
        raise RuntimeError
    assert pins.read() is None and keydirectory.current().number == -1
    root = someone()
    with django_capture_on_commit_callbacks(execute=True):
        fingerprint = keydirectory.begin(root)
    assert keydirectory.current().root == root.verifying
    assert pins.read() == pins.Pin(fingerprint, 0, last().hash.hex())


def test_without_a_pin_nothing_is_trusted(cast: Cast, place: Path) -> None:
    """A machine that has not held the first day has nothing to compare with."""
    (place / "secrets" / "directory-pin.json").unlink()
    with pytest.raises(Untrusted):
        keydirectory.current()


# --- Statements that must not pass ---------------------------------------------------------------


def test_a_statement_is_taken_in_once(cast: Cast) -> None:
    """A member who left does not come back by the signatures of her first day."""
    old = DirectoryEntry.objects.filter(payload__contains='"member"').order_by("number")[0]
    with pytest.raises(Untrusted):
        keydirectory.append(old.payload, old.signatures)


def test_another_instances_statement_is_refused(cast: Cast, settings: Any) -> None:
    """The demo's administrators do not sign for a real network."""
    here, settings.INSTANCE = settings.INSTANCE, uuid4().hex
    payload = keydirectory.statement("admin", agencies=line(cast, "uptd"), **about(someone()))
    settings.INSTANCE = here
    refuse(payload, *(pair_of(cast, who) for who in ROOTS))


@pytest.mark.parametrize("kind", ["admin", "member", "desk"])
def test_one_signature_is_not_two(cast: Cast, kind: str) -> None:
    """Also when it stands there twice, under two spellings of the same reference."""
    one = pair_of(cast, "root-one")
    said: dict[str, Any] = about(someone())
    if kind != "admin":
        said["desk"] = cast.desk("shelter").pk
    if kind == "desk":
        said |= {"epoch": 2, "key": said.pop("person")}
    where = "shelter" if kind != "admin" else "uptd"
    payload = keydirectory.statement(kind, agencies=line(cast, where), **said)
    signature = keydirectory.sign(payload, one)
    twice = {str(one.ref): signature, str(one.ref).upper(): signature, one.ref.hex: signature}
    with pytest.raises(Untrusted):
        keydirectory.append(payload, twice)
    false = {str(pair_of(cast, "root-two").ref): someone().sign(b"x").hex()}
    with pytest.raises(Untrusted):
        keydirectory.append(payload, twice | false)
    stranger = someone()
    refuse(payload, one, stranger, pair_of(cast, "intake"))


def test_the_root_signs_no_third_administrator(cast: Cast) -> None:
    """After the first two it counts for nothing."""
    head = keydirectory.current()
    payload = keydirectory.statement("admin", agencies=line(cast, "network"), **about(someone()))
    said = keydirectory.about(payload)
    assert not head.enough(said, {UUID(int=0), pair_of(cast, "root-one").ref})


@pytest.mark.parametrize("spell", [str, lambda ref: str(ref).upper(), lambda ref: ref.hex])
def test_nobody_signs_for_herself(cast: Cast, spell: Callable[[UUID], str]) -> None:
    """However her reference is spelled."""
    one, two = (pair_of(cast, who) for who in ROOTS)
    known = about(one, named=spell(one.ref))
    payload = keydirectory.statement(
        "member", desk=cast.desk("shelter").pk, agencies=line(cast, "shelter"), **known
    )
    refuse(payload, one, two)


@pytest.mark.parametrize(
    ("kind", "agencies"),
    [
        ("admin", ["network", "hospital"]),  # beside
        ("admin", ["network"]),  # above
        ("admin", ["uptd", "network"]),  # a tree turned upside down, to end at the top
        ("admin", ["network", "uptd", "network"]),
        ("admin", ["hospital", "uptd"]),  # another root
        ("admin", ["network", "hospital", "uptd"]),  # an agency moved below another
    ],
)
def test_administrators_sign_only_below_their_agency(
    cast: Cast, kind: str, agencies: list[str]
) -> None:
    """Whatever tree the statement tells of."""
    below = add_admin(cast, "uptd"), add_admin(cast, "uptd")
    add_admin(cast, "hospital")
    refs = [str(cast.agency(key).ref) for key in agencies]
    refuse(keydirectory.statement(kind, agencies=refs, **about(someone())), *below)


def test_administrators_below_do_sign_for_what_is_theirs(cast: Cast) -> None:
    """So that the refusals above are about the scope and nothing else."""
    below = add_admin(cast, "uptd"), add_admin(cast, "uptd")
    pair = someone()
    desk = cast.desk("intake").pk
    payload = keydirectory.statement(
        "member", desk=desk, agencies=line(cast, "uptd"), **about(pair)
    )
    keydirectory.append(payload, signed(payload, *below))
    assert keydirectory.current().member(desk, pair.ref).public == pair.public


@pytest.mark.parametrize("desk", ["clinic", "fallback"])
def test_a_member_of_a_foreign_desk_is_not_signed_from_below(cast: Cast, desk: str) -> None:
    """Not by claiming that the desk belongs to the own agency either."""
    below = add_admin(cast, "uptd"), add_admin(cast, "uptd")
    payload = keydirectory.statement(
        "member", desk=cast.desk(desk).pk, agencies=line(cast, "uptd"), **about(someone())
    )
    refuse(payload, *below)


@pytest.mark.parametrize("claimed", [None, "uptd", "network"])
def test_nobody_below_removes_an_administrator_above(cast: Cast, claimed: str | None) -> None:
    """One signature removes, but only within its scope, whatever agencies are claimed."""
    below = add_admin(cast, "uptd")
    more = {} if claimed is None else {"agencies": line(cast, claimed)}
    person = str(pair_of(cast, "root-one").ref)
    refuse(keydirectory.statement("unadmin", person=person, **more), below)


def test_one_above_removes_an_administrator_at_once(cast: Cast) -> None:
    """Her further signatures count for nothing; what she signed before stays."""
    below = add_admin(cast, "uptd")
    payload = keydirectory.statement("unadmin", person=str(below.ref))
    keydirectory.append(payload, signed(payload, pair_of(cast, "root-two")))
    head = keydirectory.current()
    assert below.ref not in head.admins
    assert head.person(below.ref).verifying == below.verifying


@pytest.mark.parametrize("who", ["intake", "stranger"])
def test_only_administrators_remove_members(cast: Cast, who: str) -> None:
    """A colleague cannot put another out."""
    payload = keydirectory.statement(
        "leave", desk=cast.desk("shelter").pk, person=str(pair_of(cast, "leaver").ref)
    )
    refuse(payload, pair_of(cast, who))


def test_who_has_left_is_no_member_and_her_old_signatures_stay(cast: Cast) -> None:
    """Nothing is handed over to her any more."""
    desk, leaver = cast.desk("shelter").pk, pair_of(cast, "leaver")
    payload = keydirectory.statement("leave", desk=desk, person=str(leaver.ref))
    keydirectory.append(payload, signed(payload, pair_of(cast, "root-one")))
    head = keydirectory.current()
    with pytest.raises(NotInDirectory):
        head.member(desk, leaver.ref)
    assert head.person(leaver.ref).verifying == leaver.verifying


def test_a_desk_does_not_move_to_another_agency(cast: Cast) -> None:
    """Two administrators of the whole network cannot either."""
    payload = keydirectory.statement(
        "desk", desk=cast.desk("clinic").pk, key=str(uuid4()), epoch=2,
        agencies=line(cast, "dinas"), **keys(someone()),
    )  # fmt: skip
    refuse(payload, *(pair_of(cast, who) for who in ROOTS))


def keys(pair: Pair) -> dict[str, str]:
    """The public halves as a payload says them."""
    return keydirectory.keys_said(pair.public, pair.verifying)


@pytest.mark.parametrize("epoch", [1, 0, -1, "2", None])
def test_a_desks_epoch_must_grow(cast: Cast, epoch: Any) -> None:
    """An old key does not come back under an old number, and a number is a number."""
    payload = keydirectory.statement(
        "desk", desk=cast.desk("clinic").pk, key=str(uuid4()), epoch=epoch,
        agencies=line(cast, "hospital"), **keys(someone()),
    )  # fmt: skip
    refuse(payload, *(pair_of(cast, who) for who in ROOTS))


def test_a_new_epoch_is_what_is_sealed_to(cast: Cast) -> None:
    """From the entry on, and not before."""
    desk, pair = cast.desk("clinic").pk, someone()
    payload = keydirectory.statement(
        "desk",
        desk=desk,
        key=str(pair.ref),
        epoch=2,
        agencies=line(cast, "hospital"),
        **keys(pair),
    )
    keydirectory.append(payload, signed(payload, *(pair_of(cast, who) for who in ROOTS)))
    recipient = envelopes.desk_recipient(desk)
    assert (recipient.ref, recipient.public, recipient.epoch) == (pair.ref, pair.public, 2)


def test_a_persons_key_does_not_change_under_her_reference(cast: Cast) -> None:
    """A lost passphrase needs a new pair under a new reference."""
    evil = someone()
    payload = keydirectory.statement(
        "member", desk=cast.desk("clinic").pk, agencies=line(cast, "hospital"),
        person=str(pair_of(cast, "clinic").ref), **keys(evil),
    )  # fmt: skip
    refuse(payload, *(pair_of(cast, who) for who in ROOTS))


@pytest.mark.parametrize(
    "payload",
    ["", "null", "[]", "7", "{}", '{"kind":"admin"}', '{"instance":7,"id":[]}'],
)
def test_what_is_no_statement_is_untrusted_and_nothing_else(cast: Cast, payload: str) -> None:
    """No such line may break a process in a way that is not an alarm."""
    refuse(payload, pair_of(cast, "root-one"))


@pytest.mark.parametrize("kind", ["root", "king", ""])
def test_a_kind_that_is_not_there_is_refused(cast: Cast, kind: str) -> None:
    """A second root least of all."""
    payload = keydirectory.statement(
        kind, agencies=line(cast, "network"), verifying=someone().verifying.hex()
    )
    refuse(payload, *(pair_of(cast, who) for who in ROOTS))


def test_a_refused_statement_leaves_nothing_behind(cast: Cast) -> None:
    """The verified directory is the same before and after."""
    before = keydirectory.current()
    kept = before.number, before.hash, dict(before.desks), dict(before.lines), set(before.members)
    payload = keydirectory.statement(
        "desk", desk=cast.desk("clinic").pk, key=str(uuid4()), epoch=1,
        agencies=line(cast, "hospital"), **keys(someone()),
    )  # fmt: skip
    with pytest.raises(Untrusted):
        keydirectory.append(payload, signed(payload, *(pair_of(cast, who) for who in ROOTS)))
    after = keydirectory.current()
    assert kept == (after.number, after.hash, after.desks, after.lines, after.members)


# --- Two at once ---------------------------------------------------------------------------------


def test_two_appends_at_once_make_one_chain(cast: Cast, place: Path) -> None:
    """The second waits for the first and follows it, on real connections."""
    begun = keydirectory.current().number
    with apart.database() as other:

        def first() -> int:
            with transaction.atomic():
                add_admin(cast, "uptd")
                waiting = other.start(second)
                other.wait_until_waiting(waiting)
                assert not waiting.done()
            return waiting.result(20)

        def second() -> int:
            with transaction.atomic():
                add_admin(cast, "dinas")
            return 0

        def read() -> tuple[int, int]:
            keydirectory.forget()
            head: Verified = keydirectory.current()
            return head.number, len(head.admins)

        other.do(first)
        assert other.do(read) == (begun + 2, 4)
        pinned = pins.read()
        assert pinned is not None and pinned.number == begun + 2
