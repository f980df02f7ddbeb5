"""The sealed shard of names: who finds whom, what the database administrator can do, two at once."""

from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from simpul.cases.actions import consents, files, search
from simpul.cases.identity import Card
from simpul.cases.models import Case, Identity, Pending, Shard
from simpul.core.access import NotYourDuty
from simpul.reports import actions as reports
from simpul.vault import audit, rows
from simpul.vault.crypto import Unopened
from simpul.vault.models import AuditLine, Grant
from tests.cases import names
from tests.conftest import Cast, Door
from tests.vault import apart

NOW = timezone.now()


def named(cast: Cast, name: str, *others: str, **more: Any) -> Case:
    """A case of the intake desk whose survivor has these names."""
    case: Case = cast.open_case(cast.file(), **more)
    write(cast, case, name, *others)
    return case


def write(cast: Cast, case: Case, name: str, *others: str) -> Identity:
    """Her names, written by her desk."""
    with cast.acting("intake") as actor:
        card = Card(name, others, "1990", "Kampung Uji")
        return search.identify(actor=actor, case=case, ref=uuid4(), card=card, now=timezone.now())


def find(cast: Cast, asked: str, who: str = "intake", *, now: datetime | None = None) -> list[str]:
    """The codes of the cases that somebody finds."""
    with cast.acting(who) as actor:
        results = search.find(
            actor=actor, asked=asked, reason="returned", now=now or timezone.now()
        )
        return [one.case.code for one in results.found]


def opened_to_clinic(cast: Cast, case: Case, *parts: str) -> Any:
    """Parts of the case, shared with the clinic under a consent."""
    consent = cast.consent(case, "clinic", list(parts))
    with cast.acting("intake") as actor:
        consents.share(
            actor=actor, case=case, consent=consent, compartments=list(parts), now=timezone.now()
        )
    return consent


def held(cast: Cast, who: str, desk: str) -> str:
    """What a desk's shard really holds now, without taking in what is pending."""
    with cast.acting(who) as actor:
        shard = Shard.objects.select_related("envelope").get(desk=cast.desk(desk))
        opened = search.envelopes.open_envelope(shard.envelope, actor.keyring)
        return opened.unseal_file(shard, "names").decode()


# --- Who finds whom ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked", ["Yasi Bora Lendi", "jasi boera lendi", "Lendi, Yasi", "Y. Lendi", "Ibu Yasi Lendy",
              "YASI", "Yassi", "si mera"],
)  # fmt: skip
def test_a_name_is_found_as_people_spell_it(cast: Cast, asked: str) -> None:
    case = named(cast, "Yasi Bora Lendi", "Si Mera")
    named(cast, "Noka Tilo")
    assert find(cast, asked) == [case.code]


def test_a_correction_takes_the_place_of_the_name_before(cast: Cast) -> None:
    case = named(cast, "Gelo Ruba")
    assert find(cast, "Gelo Ruba") == [case.code]
    write(cast, case, "Hevi Dako")
    assert find(cast, "Gelo Ruba") == []
    assert find(cast, "Hevi Dako") == [case.code]
    assert "gelo" not in held(cast, "intake", "intake")
    write(cast, case, "")
    assert find(cast, "Hevi Dako") == []
    assert Identity.objects.count() == 3, "what was written is not lost"


def test_the_same_form_twice_is_one_card(cast: Cast) -> None:
    case, ref = cast.open_case(cast.file()), uuid4()
    for _again in range(2):
        with cast.acting("intake") as actor:
            search.identify(actor=actor, case=case, ref=ref, card=Card("Gelo"), now=NOW)
    assert Identity.objects.count() == 1
    with cast.acting("colleague") as actor:
        assert files.read(actor=actor, case=Case.objects.get()).card == Card("Gelo")


def test_another_desk_finds_nothing_and_writes_no_name(cast: Cast) -> None:
    case = named(cast, "Gelo Ruba")
    opened_to_clinic(cast, case, "health")
    for who in ("clinic", "office", "fallback", "shelter"):
        assert find(cast, "Gelo Ruba", who) == []
    with cast.acting("clinic") as actor:
        theirs = Case.objects.get()
        assert files.read(actor=actor, case=theirs).card == Card()
        with pytest.raises(NotYourDuty):
            search.identify(actor=actor, case=theirs, ref=uuid4(), card=Card("X"), now=NOW)
    with cast.acting("stranger") as actor, pytest.raises(NotYourDuty):
        search.find(actor=actor, asked="Gelo", reason="returned", now=NOW)
    with cast.acting("clinic") as actor, pytest.raises(NotYourDuty):
        search.gather(actor=actor, desk=cast.desk("intake"), now=NOW)


def test_a_desk_to_which_her_identity_was_opened_finds_her_until_it_ends(cast: Cast) -> None:
    """Also what is corrected meanwhile; and afterwards not even the bytes remain."""
    case = named(cast, "Gelo Ruba")
    consent = opened_to_clinic(cast, case, "identity")
    assert find(cast, "Gelo Ruba", "clinic") == [case.code]
    write(cast, case, "Hevi Dako")
    assert find(cast, "Hevi", "clinic") == [case.code]
    assert "hevi dako" in held(cast, "clinic", "clinic")
    with cast.acting("intake") as actor:
        consents.withdraw(actor=actor, case=case, consent=consent, now=timezone.now())
    assert find(cast, "Hevi Dako", "clinic") == []
    assert "hevi" not in held(cast, "clinic", "clinic")
    assert find(cast, "Hevi Dako") == [case.code]


@pytest.mark.parametrize("who", ["the survivor", "one consent", "the worker", "the share"])
def test_whoever_ends_the_access_nothing_is_found_afterwards(cast: Cast, who: str) -> None:
    """The public door and the worker have no key; the mark they leave needs none."""
    receipt = cast.file()
    case = cast.open_case(receipt)
    write(cast, case, "Gelo Ruba")
    consent = opened_to_clinic(cast, case, "identity")
    assert find(cast, "Gelo Ruba", "clinic") == find(cast, "Gelo Ruba") == [case.code]
    if who == "the worker":
        Grant.objects.filter(tags__contains=[consent.ref]).update(
            until_at=timezone.now() - timedelta(1)
        )
        assert find(cast, "Gelo Ruba", "clinic") == [], "also before the sweep"
        from simpul.vault import context

        with context.opened("worker"), connection.cursor() as cursor:
            cursor.execute("SELECT worker_expire()")
    elif who == "the share":
        with cast.acting("intake") as actor:
            share = case.shares.get()
            consents.stop_sharing(actor=actor, case=case, share=share, now=timezone.now())
    else:
        with cast.reporting(receipt) as reporter:
            if who == "the survivor":
                reports.withdraw(actor=reporter, now=timezone.now())
            else:
                consents.withdraw_own(actor=reporter, consent=consent.ref, now=timezone.now())
    assert Pending.objects.filter(desk=cast.desk("clinic")).exists()
    assert find(cast, "Gelo Ruba", "clinic") == []
    assert "gelo" not in held(cast, "clinic", "clinic")
    assert find(cast, "Gelo Ruba") == ([] if who == "the survivor" else [case.code])
    assert ("gelo" in held(cast, "intake", "intake")) is (who != "the survivor")


def test_an_expired_grant_finds_nothing_before_any_sweep(cast: Cast) -> None:
    case = named(cast, "Gelo Ruba")
    opened_to_clinic(cast, case, "identity")
    assert find(cast, "Gelo Ruba", "clinic") == [case.code]
    assert find(cast, "Gelo Ruba", "clinic", now=timezone.now() + timedelta(days=60)) == []


def test_an_erased_identity_leaves_the_shard(cast: Cast) -> None:
    case = named(cast, "Gelo Ruba")
    assert find(cast, "Gelo Ruba") == [case.code]
    Identity.objects.all().delete()
    assert find(cast, "Gelo Ruba") == []
    assert "gelo" not in held(cast, "intake", "intake")


def test_her_other_desk_lends_its_key_to_no_shard(cast: Cast) -> None:
    """A person of two desks fills each shard with what that desk itself may open."""
    from simpul.network.models import Membership
    from simpul.vault import keyring
    from simpul.vault.crypto import Pair

    named(cast, "Gelo Ruba")
    both, clinic = cast.user("colleague"), cast.desk("clinic")
    Membership.objects.create(user=both, desk=clinic, from_at=NOW)
    ring = cast.actor("clinic").keyring
    pair: Pair = ring.pair(clinic.keypair_id)
    public = both.keypair.public
    keyring.hand_over(pair, desk=clinic.pk, to=both.keypair_id, public=bytes(public))
    Pending.objects.create(desk=clinic, case=Case.objects.get().ref)
    with cast.acting("colleague") as actor:
        for desk in actor.desks:
            _cases, text = search.gather(actor=actor, desk=desk, now=timezone.now())
            assert text == ("gelo ruba" if desk.pk == cast.desk("intake").pk else "")


# --- What is told ---------------------------------------------------------------------------------


def test_the_chain_says_why_and_how_many_and_not_whom(cast: Cast) -> None:
    named(cast, "Gelo Ruba")
    find(cast, "Gelo Ruba")
    line = AuditLine.objects.get(event="cases.searched")
    assert (line.parts, line.record, line.row, line.content) == (
        ["1", "returned"],
        None,
        None,
        None,
    )
    assert line.actor == cast.user("intake").keypair_id
    with cast.acting("intake") as actor, pytest.raises(NotYourDuty):
        search.find(actor=actor, asked="Gelo", reason="curious", now=NOW)


def test_nothing_but_a_coarse_size_tells_how_many_names_there_are() -> None:
    sizes = []
    for count in (0, 1, 500, 1000, 2000, 4000, 8000):
        kept = search.Names({uuid4().hex: [name] for name in names.invented(count)})
        sizes.append(len(kept.packed()) + 1)
    assert sizes == [search.SMALLEST * n for n in (1, 1, 1, 1, 2, 4, 8)]
    cards = [Card(), Card("X"), Card("Gelo Ruba", ("Hevi",) * 5, "1990", "Kampung")]
    assert len({len(card.packed()) for card in cards}) == 1


# --- Whoever writes the database ------------------------------------------------------------------


def test_an_older_shard_put_back_is_noticed(cast: Cast) -> None:
    """Sealed just as truly, it would find again who may no longer be found."""
    case = named(cast, "Gelo Ruba")
    find(cast, "Gelo Ruba")
    [old] = Shard.objects.values("names", "row_version")
    write(cast, case, "Hevi Dako")
    find(cast, "Hevi Dako")
    Shard.objects.update(**old)
    assert [line for line in rows.rolled_back() if "Shard" in line]
    with pytest.raises(Unopened):
        find(cast, "Gelo Ruba")


def test_a_shard_that_is_gone_is_noticed(cast: Cast) -> None:
    named(cast, "Gelo Ruba")
    find(cast, "Gelo Ruba")
    Shard.objects.all().delete()
    with pytest.raises(Unopened):
        find(cast, "Gelo Ruba")


@pytest.mark.parametrize("how", ["its bytes", "its row", "garbage", "nothing"])
def test_another_shard_in_this_ones_place_does_not_open(cast: Cast, how: str) -> None:
    case = named(cast, "Gelo Ruba")
    opened_to_clinic(cast, case, "health")
    find(cast, "Gelo Ruba")
    find(cast, "Gelo Ruba", "clinic")
    intake = Shard.objects.get(desk=cast.desk("intake"))
    clinic = Shard.objects.get(desk=cast.desk("clinic"))
    match how:
        case "its bytes":
            Shard.objects.filter(pk=clinic.pk).update(
                names=intake.names, row_version=intake.row_version
            )
        case "its row":
            Shard.objects.filter(pk=clinic.pk).delete()
            Shard.objects.filter(pk=intake.pk).update(desk=cast.desk("clinic"))
        case _:
            Shard.objects.filter(pk=clinic.pk).update(names=b"x" * 99 if how == "garbage" else b"")
    with pytest.raises((Unopened, search.envelopes.Closed)):
        find(cast, "Gelo Ruba", "clinic")


@pytest.mark.parametrize("how", ["older", "gone", "garbage", "another desk's"])
def test_a_damaged_shard_is_built_anew_from_the_cards(cast: Cast, how: str) -> None:
    """Whom the desk may open is found again, whom it may not is not, and the thrown away stays so."""
    first, second = named(cast, "Gelo Ruba"), named(cast, "Hevi Dako")
    consent = opened_to_clinic(cast, first, "identity")
    opened_to_clinic(cast, second, "identity")
    assert find(cast, "Gelo Ruba", "clinic") == [first.code]
    [old] = Shard.objects.filter(desk=cast.desk("clinic")).values()
    with cast.acting("intake") as actor:
        consents.withdraw(actor=actor, case=first, consent=consent, now=timezone.now())
    assert find(cast, "Hevi Dako", "clinic") == [second.code]
    clinic = Shard.objects.filter(desk=cast.desk("clinic"))
    if how == "older":
        clinic.update(names=old["names"], row_version=old["row_version"])
    elif how == "garbage":
        clinic.update(names=b"x" * 99)
    else:
        clinic.delete()
        if how == "another desk's":
            find(cast, "Gelo Ruba")
            Shard.objects.update(desk=cast.desk("clinic"))
    with pytest.raises(search.Damaged):
        find(cast, "Hevi Dako", "clinic")
    begin_anew(cast, "clinic")
    assert find(cast, "Hevi Dako", "clinic") == [second.code]
    assert find(cast, "Gelo Ruba", "clinic") == [], "taken back is taken back"
    assert clinic.get().ref == old["ref"]
    assert not [line for line in rows.rolled_back() if "Shard" in line]
    clinic.delete()
    Shard.objects.create(**old)
    with pytest.raises(search.Damaged):
        find(cast, "Gelo Ruba", "clinic")


def begin_anew(cast: Cast, who: str, desk: str | None = None) -> None:
    """A member throws her desk's shard away."""
    with cast.acting(who) as actor:
        search.begin_anew(actor=actor, desk=cast.desk(desk or who))


def test_only_a_member_throws_a_shard_away_and_only_a_damaged_one(cast: Cast) -> None:
    """Neither a colleague who dislikes what it finds, nor another desk, nor foreign SQL of hers."""
    case = named(cast, "Gelo Ruba")
    find(cast, "Gelo Ruba")
    with pytest.raises(search.NotDamaged):
        begin_anew(cast, "intake")
    Shard.objects.update(names=b"x" * 99)
    with pytest.raises(NotYourDuty):
        begin_anew(cast, "clinic", "intake")
    with pytest.raises(DatabaseError), cast.acting("clinic"), connection.cursor() as cursor:
        cursor.execute("SELECT cases_names_anew(%s)", [cast.desk("intake").pk])
    begin_anew(cast, "colleague", "intake")
    with pytest.raises(search.NotDamaged):
        begin_anew(cast, "intake")
    assert AuditLine.objects.filter(event="cases.names_begun_anew").count() == 1
    assert find(cast, "Gelo Ruba") == [case.code]


def test_the_page_offers_it_where_the_list_is_refused(
    cast: Cast, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In batches, with what is left; the name that was typed stays in the form."""
    monkeypatch.setattr(search, "AT_ONCE", 1)
    for name in ("Gelo Ruba", "Hevi Dako", "Zuna Pemi"):
        named(cast, name)
    door = sign_in("intake")
    sent = {"asked": "Zuna Pemi", "reason": "twice"}
    while "belum ikut dicari" in door.post("/cases/search/", sent).content.decode():
        pass
    Shard.objects.update(names=b"x" * 99)
    refused = door.post("/cases/search/", sent)
    page, address = refused.content.decode(), f"/cases/search/{cast.desk('intake').ref}/"
    assert refused.status_code == 409 and f'action="{address}"' in page and "Zuna Pemi" in page
    assert sign_in("clinic").post(address).status_code == 404
    monkeypatch.setattr("simpul.cases.views.search.AT_WORK", 0.0)
    assert "Masih 3 kasus" in door.post(address).content.decode()
    monkeypatch.setattr("simpul.cases.views.search.AT_WORK", 4.0)
    assert "Selesai." in door.post(address, {"going": "yes"}).content.decode()
    assert "Sangat mirip" in door.post("/cases/search/", sent).content.decode()
    again = door.post(address)
    assert again.status_code == 409 and "utuh" in again.content.decode()


def test_a_mark_moved_to_another_desk_brings_it_nothing(cast: Cast) -> None:
    """A mark holds no name: each desk opens the card with its own grant, or not at all."""
    case = named(cast, "Gelo Ruba")
    opened_to_clinic(cast, case, "health")
    Pending.objects.update(desk=cast.desk("clinic"))
    assert find(cast, "Gelo Ruba", "clinic") == []
    assert "gelo" not in held(cast, "clinic", "clinic")
    assert not Pending.objects.exists()


def test_a_mark_of_no_case_harms_nothing(cast: Cast) -> None:
    case = named(cast, "Gelo Ruba")
    for ref in (uuid4(), case.ref, case.ref):
        Pending.objects.create(desk=cast.desk("intake"), case=ref)
    assert find(cast, "Gelo Ruba") == [case.code]
    assert held(cast, "intake", "intake").count("gelo") == 1


def test_foreign_sql_of_another_desk_reaches_neither_shard_nor_marks(cast: Cast) -> None:
    named(cast, "Gelo Ruba")
    find(cast, "Gelo Ruba")
    write(cast, Case.objects.get(), "Hevi Dako")
    shard = Shard.objects.get()
    with cast.acting("clinic"):
        assert not Shard.objects.exists() and not Pending.objects.exists()
        assert not Identity.objects.exists()
        assert Shard.objects.update(names=b"x") == 0
        assert Pending.objects.all().delete()[0] == 0
    for statement in (
        'INSERT INTO cases_pending (ref, desk_id, "case") SELECT gen_random_uuid(), %s, %s',
        "UPDATE cases_shard SET desk_id = %s WHERE ref = %s",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), cast.acting("intake"):
            connection.cursor().execute(statement, [cast.desk("clinic").pk, shard.ref])


# --- Two at once, and killed ----------------------------------------------------------------------


def test_two_who_merge_at_once_lose_and_double_nothing(cast: Cast) -> None:
    with apart.database() as database:
        began, go = Event(), Event()

        def prepare() -> list[str]:
            return [named(cast, name).code for name in ("Gelo Ruba", "Hevi Dako", "Wero Pemi")]

        codes = database.do(prepare)

        def slowly() -> list[str]:
            with cast.acting("intake") as actor:
                search.gather(actor=actor, desk=cast.desk("intake"), now=timezone.now())
                began.set()
                go.wait(10)
            return []

        def meanwhile() -> list[str]:
            write(cast, Case.objects.get(code=codes[2]), "Zuna Tovi")
            return find(cast, "Gelo Ruba", "colleague")

        first = database.start(slowly)
        assert began.wait(10)
        second = database.start(meanwhile)
        database.wait_until_waiting(second)
        assert not second.done(), "the second waits for the first"
        go.set()
        first.result(20)
        assert second.result(20) == [codes[0]]

        def after() -> tuple[list[list[str]], str, int]:
            found = [find(cast, name) for name in ("Gelo", "Hevi", "Zuna", "Wero")]
            return found, held(cast, "intake", "intake"), Pending.objects.count()

        found, text, waiting = database.do(after)
        assert found == [[codes[0]], [codes[1]], [codes[2]], []]
        assert [text.count(name) for name in ("gelo", "hevi", "zuna", "wero")] == [1, 1, 1, 0]
        assert waiting == 0


def test_killed_between_merge_and_commit_nothing_is_lost(cast: Cast) -> None:
    """What was pending is pending again; the shard and the chain are as they were."""
    with apart.database() as database:

        def prepare() -> str:
            code = named(cast, "Gelo Ruba").code
            find(cast, "Gelo")
            named(cast, "Hevi Dako")
            return code

        database.do(prepare)
        ready, dead = Event(), Event()
        pid: list[int] = []

        def merge() -> None:
            with suppress(DatabaseError), cast.acting("intake") as actor:
                search.gather(actor=actor, desk=cast.desk("intake"), now=timezone.now())
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_backend_pid()")
                    pid.append(cursor.fetchone()[0])
                ready.set()
                dead.wait(10)

        victim = database.start(merge)
        assert ready.wait(10)
        database.do(lambda: connection.cursor().execute("SELECT pg_terminate_backend(%s)", pid))
        dead.set()
        with suppress(Exception):
            victim.result(20)

        def after() -> tuple[int, str, int, int]:
            before = Pending.objects.count(), held(cast, "intake", "intake")
            return *before, len(find(cast, "Hevi Dako")), len(find(cast, "Gelo Ruba"))

        waiting, text, hevi, gelo = database.do(after)
        assert (waiting, "hevi" in text, "gelo" in text) == (1, False, True)
        assert (hevi, gelo) == (1, 1)


def test_more_than_one_search_takes_in_is_said(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "AT_ONCE", 1)
    for name in ("Gelo Ruba", "Hevi Dako"):
        named(cast, name)
    with cast.acting("intake") as actor:
        left = [
            search.find(actor=actor, asked="Gelo", reason="twice", now=timezone.now()).waiting
            for _again in range(2)
        ]
    assert left == [1, 0]


def test_the_chain_is_sound_after_merging(cast: Cast) -> None:
    named(cast, "Gelo Ruba")
    find(cast, "Gelo Ruba")
    assert audit.link() > 0
    assert audit.verify().sound
    assert list(rows.rolled_back()) == []


# --- The pages ------------------------------------------------------------------------------------


def test_a_colleague_writes_her_names_and_another_finds_her(cast: Cast, sign_in: Any) -> None:
    case = cast.open_case(cast.file())
    door: Door = sign_in("intake")
    path = f"/cases/{case.code}/identity/"
    sent = {"ref": str(uuid4()), "name": "Gelo Ruba", "others": "Si Hevi\n\n", "born": "1990",
            "village": "Kampung Uji"}  # fmt: skip
    assert door.post(path, sent).status_code == 302
    page = door.get(path).content.decode()
    assert all(word in page for word in ("Gelo Ruba", "Si Hevi", "Kampung Uji"))
    colleague: Door = sign_in("colleague")
    assert colleague.get("/cases/search/").status_code == 200
    answer = colleague.post("/cases/search/", {"asked": "Djelo Roeba", "reason": "twice"})
    assert answer.status_code == 200
    assert case.code in answer.content.decode() and "kasus uji" in answer.content.decode()
    assert (
        "Tidak ada nama yang mirip"
        in colleague.post("/cases/search/", {"asked": "Zuna", "reason": "twice"}).content.decode()
    )


def test_a_search_without_a_reason_is_not_made(cast: Cast, sign_in: Any) -> None:
    named(cast, "Gelo Ruba")
    door: Door = sign_in("intake")
    for sent in ({"asked": "Gelo"}, {"asked": "Gelo", "reason": "curious"}, {"reason": "wish"}):
        assert door.post("/cases/search/", sent).status_code == 422
    told = door.get("/cases/search/?asked=Gelo&reason=wish").content.decode()
    assert 'value="Gelo"' not in told and "Hasil" not in told, "an address asks for nothing"
    assert not AuditLine.objects.filter(event="cases.searched").exists()


def test_a_receiver_reads_the_card_that_was_opened_and_cannot_write_it(
    cast: Cast, sign_in: Any
) -> None:
    case = named(cast, "Gelo Ruba", "Hevi")
    opened_to_clinic(cast, case, "health")
    door: Door = sign_in("clinic")
    path = f"/cases/{case.code}/identity/"
    assert "Gelo" not in door.get(path).content.decode()
    opened_to_clinic(cast, case, "identity")
    assert "Gelo Ruba" in door.get(path).content.decode()
    sent = {"ref": str(uuid4()), "name": "X", "others": "", "born": "", "village": ""}
    assert door.post(path, sent).status_code == 403
    assert sign_in("shelter").get(path).status_code == 404
    assert sign_in("shelter").post(path, sent).status_code == 404


def test_more_than_five_other_names_are_asked_for_again(cast: Cast, sign_in: Any) -> None:
    case = cast.open_case(cast.file())
    sent = {"ref": str(uuid4()), "name": "Gelo", "others": "a\nb\nc\nd\ne\nf"}
    assert sign_in("intake").post(f"/cases/{case.code}/identity/", sent).status_code == 422
    assert not Identity.objects.exists()


# --- Spelling -------------------------------------------------------------------------------------


def test_of_five_thousand_names_nearly_all_are_found_in_spite_of_one_edit() -> None:
    """A small sample of what tests/load/search.py measures on fifty thousand."""
    from simpul.cases import search as matching

    made, chance = names.invented(5000), Random(3)
    text, cases = "\n".join(map(matching.plain, made)), [str(n) for n in range(len(made))]
    one = [n for n, name in enumerate(made) if " " not in name]
    for sample in (chance.sample(range(5000), 60), chance.sample(one, 60)):
        found = sum(
            str(n) in {match.case for match in matching.find(cases, text, asked, limit=10)}
            for n in sample
            for asked in [names.edited(made[n], chance)]
        )
        assert found >= 0.95 * len(sample)


@pytest.mark.parametrize(
    ("kept", "asked"),
    [
        ("Yusuf", "Joesoef"), ("Citra", "Tjitra"), ("Joko", "Djoko"), ("Syarifah", "Sjarifah"),
        ("Katarina", "Chatarina"), ("Stefanus", "Stephanus"), ("Ahmad", "Achmad"),
        ("Fransiskus Lendi", "Frans Lendi"), ("Muhammad Noka", "Moh. Noka"), ("Agnes", "Annyes"),
        ("Hendrik", "Endrik"), ("Yohanes", "Yohannes"), ("Maria Goreti Tilo", "Maria Tilo"),
        ("Maria Tilo", "Tilo Maria"), ("Mariatilo", "Maria Tilo"), ("Anna-Mera", "anna mera"),
        ("Élisa Né", "Elisa Ne"),
    ],
)  # fmt: skip
def test_two_spellings_of_one_name_are_alike(kept: str, asked: str) -> None:
    from simpul.cases import search as matching

    others = names.invented(300, seed=9)
    text = "\n".join(map(matching.plain, [*others, kept]))
    cases = [*map(str, range(len(others))), "she"]
    assert "she" in {match.case for match in matching.find(cases, text, asked, limit=3)}


@pytest.mark.parametrize(
    "asked", ["", " ", "...", "'", "漢字", "x" * 500, "a b c d e f g h", "%_\\"]
)
def test_whatever_is_asked_breaks_nothing(cast: Cast, asked: str) -> None:
    named(cast, "Gelo Ruba")
    assert find(cast, asked) == []


def test_the_marks_are_written_by_triggers_for_each_desk_that_may_look(cast: Cast) -> None:
    case = named(cast, "Gelo Ruba")
    opened_to_clinic(cast, case, "identity")
    marks: set[tuple[int, UUID]] = set(Pending.objects.values_list("desk", "case"))
    assert marks == {(cast.desk(key).pk, case.ref) for key in ("intake", "clinic")}
