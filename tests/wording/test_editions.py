"""Texts that a coordinator edits: who may, what may be said, and what the public door then says."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from simpul.core.access import AgainstTheRules, NotYourDuty, NotYours
from simpul.network.models import Desk
from simpul.reports import content
from simpul.reports.models import Report
from simpul.site import doctor
from simpul.vault import context, crypto, keydirectory
from simpul.vault.models import AuditLine
from simpul.wording import access, actions, queries, shipped, signatures, texts, words
from simpul.wording.models import Edition
from tests.conftest import Cast, Door
from tests.wording.conftest import DAY, KEY, NEW

FILE = "reports/report"
Makes = Callable[..., Edition]


def say(key: str = KEY) -> tuple[str, str]:
    """What the public door says now, under its own role."""
    with context.opened("public"):
        texts.forget()
        return texts.raw_pair(FILE, key)


# --- From a draft to the public door -------------------------------------------------------------


def test_a_draft_is_said_only_after_a_review_and_a_second_person(
    cast: Cast, propose: Makes, public: Door
) -> None:
    edition = propose()
    assert say() == shipped.texts(FILE)[KEY]
    with cast.acting("leaver") as actor, pytest.raises(actions.NotReviewed):
        actions.approve(actor=actor, release=edition, now=timezone.now())
    with cast.acting("shelter") as actor:
        actions.review(
            actor=actor, edition=edition, reviewer="Penasihat A", reviewed_on=DAY, note="Baik."
        )
        with pytest.raises(NotYourDuty):
            actions.approve(actor=actor, release=edition, now=timezone.now())
    with cast.acting("leaver") as actor:
        actions.approve(actor=actor, release=edition, now=timezone.now())
    assert NEW[0] in public.get("/reports/").content.decode()
    assert NEW[1] in public.get("/en/reports/").content.decode()
    events = AuditLine.objects.filter(row=edition.ref).order_by("id")
    assert [line.event for line in events] == [
        "wording.proposed", "wording.reviewed", "wording.approved",
    ]  # fmt: skip
    approved = events.last()
    assert approved is not None
    assert bytes(approved.content or b"") == crypto.sha256(signatures.approved(edition))


def test_an_administrator_may_be_the_second_person(cast: Cast, propose: Makes) -> None:
    edition = propose()
    with cast.acting("shelter") as actor:
        actions.review(
            actor=actor, edition=edition, reviewer="Penasihat A", reviewed_on=DAY, note="Baik."
        )
    with cast.acting("root-one") as actor:
        actions.approve(actor=actor, release=edition, now=timezone.now())
    assert say() == NEW


def test_taking_back_says_the_shipped_text_again_at_once(cast: Cast, release: Makes) -> None:
    edition = release()
    with cast.acting("shelter") as actor:  # one person is enough to go back
        actions.end(actor=actor, release=edition, now=timezone.now())
        with pytest.raises(actions.DecidedMeanwhile):
            actions.end(actor=actor, release=edition, now=timezone.now())
    assert say() == shipped.texts(FILE)[KEY]


def test_a_later_edition_takes_the_place_of_the_earlier(cast: Cast, release: Makes) -> None:
    first = release()
    later = ("Misalnya orang itu menunggu Anda.", "For example, that person waits for you.")
    second = release(indonesian=later[0], english=later[1])
    first.refresh_from_db()
    assert say() == later
    assert first.until_number == second.number
    assert not first.is_in_force


def test_a_second_draft_of_a_text_ends_the_first(propose: Makes) -> None:
    first, second = propose(), propose(by="leaver", indonesian="Misalnya ia ada di dekat Anda.")
    first.refresh_from_db()
    assert not first.is_waiting and second.is_waiting


def test_the_same_form_sent_twice_is_one_draft(propose: Makes) -> None:
    ref = uuid4()
    assert propose(ref=ref).pk == propose(ref=ref).pk
    assert Edition.objects.count() == 1


def test_a_text_that_nobody_has_matched_says_so(release: Makes) -> None:
    release(is_unverified=True)
    assert say() == (f"{NEW[0]} (Belum dicocokkan.)", f"{NEW[1]} (Not matched yet.)")


def test_numbers_and_kinds_of_help_can_be_edited_too(release: Makes, public: Door) -> None:
    release(
        file="directory/hotlines", key="hotline.sapa.what",
        indonesian="Petugas perempuan siap mendengar.", english="Women on duty are ready to listen.",
    )  # fmt: skip
    assert "Petugas perempuan siap mendengar." in public.get("/directory/").content.decode()


# --- Who is kept out -----------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["intake", "clinic", "office", "stranger", "root-one"])
def test_only_a_desk_of_coordination_proposes(who: str, cast: Cast, coordination: Desk) -> None:
    with cast.acting(who) as actor, pytest.raises(NotYourDuty):
        actions.propose(
            actor=actor, ref=uuid4(), file=FILE, key=KEY, indonesian=NEW[0], english=NEW[1],
            source="x", is_unverified=False, checked_on=DAY, now=timezone.now(),
        )  # fmt: skip


@pytest.mark.parametrize("who", ["intake", "clinic", "office", "stranger"])
def test_others_find_no_draft_and_decide_nothing(who: str, cast: Cast, propose: Makes) -> None:
    edition = propose()
    with cast.acting(who) as actor:
        assert not access.visible_editions(actor).exists()
        with pytest.raises(NotYours):
            access.get_edition(actor, edition.ref)
        for act in (actions.approve, actions.end):
            with pytest.raises(NotYourDuty):
                act(actor=actor, release=edition, now=timezone.now())


@pytest.mark.parametrize("who", ["intake", "root-one", "shelter"])
def test_the_database_lets_nobody_write_past_the_rules(
    who: str, cast: Cast, propose: Makes
) -> None:
    """A colleague with a prompt of the workspace's own role."""
    edition = propose()
    forged = {
        "approved_by": str(cast.user(who).keypair_id), "approved_at": timezone.now(),
        "number": 99, "approval": b"x", "reviewed_on": DAY,
    }  # fmt: skip
    statements: list[tuple[str, list[Any]]] = [
        (
            (
                "UPDATE wording_edition SET approved_by = %s, approved_at = %s, number = %s,"
                " approval = %s, reviewed_on = %s WHERE ref = %s RETURNING 1"
            ),
            [*forged.values(), edition.ref],
        ),
        ("UPDATE wording_edition SET indonesian = 'x' WHERE ref = %s RETURNING 1", [edition.ref]),
        ("DELETE FROM wording_edition WHERE ref = %s RETURNING 1", [edition.ref]),
    ]
    if who == "root-one":
        statements = statements[1:]  # she may approve; the door then asks for both signatures
    for statement, values in statements:
        changed = None
        with cast.acting(who):
            try:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(statement, values)
                    changed = cursor.fetchone()
            except DatabaseError:
                pass
        assert changed is None, statement


def test_what_was_approved_or_ended_never_changes_whoever_writes(release: Makes) -> None:
    edition = release()
    for change in ("indonesian = 'x'", "approved_at = NULL", "number = 77", "review_note = 'x'"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE wording_edition SET {change}")
    Edition.objects.filter(pk=edition.pk).update(ended_at=timezone.now())
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE wording_edition SET ended_at = NULL")


# --- A database administrator --------------------------------------------------------------------


def behind_the_triggers(statement: str, *values: Any) -> None:
    """What a superuser of the database can always do."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE wording_edition DISABLE TRIGGER USER")
        cursor.execute(statement, values)
        cursor.execute("ALTER TABLE wording_edition ENABLE TRIGGER USER")


@pytest.mark.parametrize(
    "change",
    [
        "indonesian = 'Datang sendiri ke belakang kantor.'",
        "key = 'page1.danger.question'",
        "approved_by = proposed_by || ''",
        "number = number + 1",
        "review_note = 'Lain.'",
        "approval = proposal",
        "is_unverified = true",
    ],
)
def test_the_door_passes_over_a_text_that_was_altered_in_the_database(
    change: str, release: Makes
) -> None:
    edition = release()
    change = change.replace("proposed_by || ''", f"'{uuid4()}'")
    behind_the_triggers(f"UPDATE wording_edition SET {change}")
    for key in (KEY, "page1.danger.question"):
        assert say(key) == shipped.texts(FILE)[key]
    edition.refresh_from_db()
    assert queries.unsigned() == [f"{FILE} {edition.key}"]
    wrong = doctor.texts_are_signed()
    assert wrong and edition.key in wrong[0]


def test_the_doctor_finds_sound_texts_sound(release: Makes) -> None:
    release()
    assert doctor.texts_are_signed() is None


def test_a_text_that_one_person_signed_twice_is_not_said(cast: Cast, propose: Makes) -> None:
    """A coordinator with the database in her hands, and one key."""
    edition = propose()
    with cast.acting("shelter") as actor:
        edition.number, edition.reviewed_on = 1, DAY
        own = actor.keyring.own.sign(signatures.approved(edition))
    for other in (cast.user("leaver").keypair_id, uuid4()):
        behind_the_triggers(
            "UPDATE wording_edition SET number = 1, reviewed_on = %s, approved_by = %s,"
            " approved_at = now(), approval = %s",
            DAY, other, own,
        )  # fmt: skip
        assert say() == shipped.texts(FILE)[KEY]


def test_an_edition_of_another_instance_is_not_said(release: Makes, settings: Any) -> None:
    release()
    settings.INSTANCE = "another"
    keydirectory.forget()
    assert say() == shipped.texts(FILE)[KEY]


def test_without_a_trusted_directory_the_shipped_texts_are_said(
    release: Makes, monkeypatch: pytest.MonkeyPatch
) -> None:
    release()

    def untrusted() -> None:
        raise keydirectory.Untrusted("x")

    monkeypatch.setattr(keydirectory, "current", untrusted)
    assert say() == shipped.texts(FILE)[KEY]


def test_an_edition_whose_place_has_changed_is_passed_over(
    release: Makes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update of the program may ask for another placeholder there; the page must not break."""
    release()
    changed = shipped.texts(FILE) | {KEY: ("Halo {desk}", "Hello {desk}")}
    monkeypatch.setattr(shipped, "texts", lambda _file: changed)
    assert say() == ("Halo {desk}", "Hello {desk}")
    monkeypatch.setattr(shipped, "texts", lambda _file: {})
    with context.opened("public"):
        texts.forget()
        assert texts.current().changes[FILE] == {}


# --- The version that a report keeps -------------------------------------------------------------


def test_the_version_names_the_editions_and_brings_the_wording_back(
    cast: Cast, release: Makes
) -> None:
    plain = content.version()
    release()
    with context.opened("public"):
        first = content.version()
    cast.file()
    report = Report.objects.get()
    assert report.text_version == first != plain
    assert len(first) <= 20
    edition = release(indonesian="Misalnya ia menunggu.", english="For example, she waits.")
    with cast.acting("shelter") as actor:
        actions.end(actor=actor, release=edition, now=timezone.now())
    with context.opened("public"):
        texts.forget()
        assert content.version() not in {plain, first}
    assert texts.said_under(FILE, report.text_version)[KEY] == NEW
    assert texts.said_under(FILE, plain)[KEY] == shipped.texts(FILE)[KEY]


def test_a_version_that_was_never_said_is_refused(release: Makes) -> None:
    release()
    with context.opened("public"):
        good = texts.version(FILE)
    base, _, more = good.partition("+")
    for version in (
        "0", f"{base}+9", f"{base}+x.y", f"{base}+².y", good[:-1] + "z", f"{base}+1.00000000",
        f"{base}0+{more}",
    ):  # fmt: skip
        with pytest.raises(texts.NotTheSame):
            texts.said_under(FILE, version)


# --- How a process hears of it -------------------------------------------------------------------


def test_a_process_looks_again_after_some_seconds_and_not_before(
    release: Makes, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(texts.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(texts, "LOOK_EVERY", 5.0)
    with context.opened("public"):
        texts.current()
    release()
    texts._looked = clock[0]
    texts._known = texts.Now()
    clock[0] += 4
    with context.opened("public"):
        assert texts.raw_pair(FILE, KEY) == shipped.texts(FILE)[KEY]
        clock[0] += 2
        assert texts.raw_pair(FILE, KEY) == NEW


def test_without_a_database_what_was_read_last_is_said(
    release: Makes, monkeypatch: pytest.MonkeyPatch
) -> None:
    release()
    assert say() == NEW

    def away() -> None:
        raise DatabaseError

    monkeypatch.setattr(texts, "_stamp", away)
    with context.opened("public"):
        assert texts.raw_pair(FILE, KEY) == NEW


def test_a_look_that_fails_does_not_end_the_requests_transaction(cast: Cast) -> None:
    with context.opened("worker"):  # a role without a right to the tables
        texts.forget()
        assert texts.raw_pair(FILE, KEY) == shipped.texts(FILE)[KEY]
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)


# --- What may be said ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Telepon 1234567.", "Telepon 123 4567.", "Telepon 0-8-1-2-3.",
        "Hubungi +62(812)345.", "Hubungi ０８１２３４.", "Hubungi ٠٨١٢٣٤.",
        "Hubungi nol delapan satu dua tiga.", "Dial zero eight one two three.",
        "Buka wa.me saja.", "Lihat https://contoh.", "Tulis ke petugas@kantor.",
        "Lihat www.contoh", "Lihat kantor.id", "Lihat kantor．com",
        "Korban boleh melapor.", "Siapa pelakunya?", "Apa yang kamu butuhkan?",
        "Halo {desk}.", "Halo {0.__class__}.", "Halo }.", "Halo\u200banda.", "Halo\u202eanda.",
        "", "   ",
        "Kalimat ini sengaja dibuat panjang sekali supaya jelas lebih dari dua belas kata.",
        "x" * 400,
    ],
)  # fmt: skip
def test_a_text_that_may_hurt_or_lead_elsewhere_is_refused_with_a_sentence(
    text: str, propose: Makes
) -> None:
    with pytest.raises(actions.CannotBeSaid) as refused:
        propose(indonesian=text)
    assert len(str(refused.value.sentence)) > 10
    with pytest.raises(actions.CannotBeSaid):
        propose(indonesian=text, english=text)


@pytest.mark.parametrize("language", ["indonesian", "english"])
def test_a_text_keeps_its_placeholders_in_both_languages(language: str, propose: Makes) -> None:
    good = {
        "indonesian": "Lewat 24 jam, {desk} yang membukanya.",
        "english": "After 24 hours {desk} opens it.",
    }
    assert propose(key="page3.fallback", **good)
    with pytest.raises(actions.CannotBeSaid):
        propose(key="page3.fallback", **good | {language: "Tanpa meja."})


def test_a_number_that_the_shipped_text_already_says_may_stay() -> None:
    assert not list(
        words.faults(
            "directory/hotlines", "hotline.sapa.label", "SAPA 129, teman bicara",
            "SAPA 129, someone to talk to",
        )
    )  # fmt: skip
    assert list(words.faults("directory/hotlines", "hotline.sapa.label", "SAPA 128", "SAPA 128"))


def test_kamu_is_kept_for_children() -> None:
    base = shipped.texts(FILE)
    assert not list(words.faults(FILE, "page1.child.answer_yes", *base["page1.child.answer_yes"]))
    assert list(words.faults(FILE, "page1.danger.question", "Apakah kamu aman?", "Are you safe?"))


def test_every_shipped_text_passes_its_own_rules() -> None:
    """Otherwise nobody could mend a comma in it."""
    found = [
        (file, key, fault)
        for file in shipped.files()
        for key, pair in shipped.texts(file).items()
        for fault in words.faults(file, key, *pair)
    ]
    assert found == []


def test_what_is_said_is_escaped(release: Makes, public: Door) -> None:
    release(indonesian="<b>Misalnya</b> & begitu.", english="<script>x</script>")
    for path in ("/reports/", "/en/reports/"):
        html = public.get(path).content.decode()
        assert "<b>Misalnya" not in html and "<script>x" not in html
    assert "&lt;b&gt;Misalnya&lt;/b&gt; &amp; begitu." in public.get("/reports/").content.decode()


def test_a_text_as_it_is_already_said_is_no_draft(propose: Makes) -> None:
    was = shipped.texts(FILE)[KEY]
    with pytest.raises(AgainstTheRules):
        propose(indonesian=was[0], english=was[1])
