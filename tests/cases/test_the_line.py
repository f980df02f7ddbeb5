"""The main job, once through: report, take up, consent, share, refer, accept, report back, take back."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from simpul.cases.actions import consents, files
from simpul.cases.actions.consents import ConsentMissing
from simpul.cases.models import Case, Label
from simpul.cases.sharing import Excluded
from simpul.clocks.models import Clock
from simpul.core.access import NotYourDuty, NotYours
from simpul.network.models import Agency, Desk
from simpul.referrals import access as referral_access
from simpul.referrals import actions as referrals
from simpul.referrals.actions import Need
from simpul.reports import access as report_access
from simpul.reports import actions as reports
from simpul.reports import queries, reading
from simpul.reports.models import Report
from simpul.vault import audit, envelopes
from tests.conftest import Cast


def test_a_report_is_read_only_by_the_desk_that_was_chosen(cast: Cast) -> None:
    """The chosen desk reads; the sleeping fallback, the clinic and a stranger find nothing."""
    receipt = cast.file(story="Hanya untuk meja yang saya pilih.")
    assert receipt.outcome == "filed"
    with cast.acting("intake") as actor:
        report = report_access.visible_reports(actor).get()
        reading = reports.read(actor=actor, report=report)
        assert reading.answers["incident"]["story"] == "Hanya untuk meja yang saya pilih."
    for who in ("fallback", "clinic", "office", "stranger", "root-one"):
        with cast.acting(who) as actor:
            assert not Report.objects.exists()
            with pytest.raises(NotYours):
                report_access.get_report(actor, report.code)


def test_the_same_form_ten_times_is_one_report(cast: Cast) -> None:
    """The look-up id of the receipt is unique."""
    receipt = cast.file()
    from simpul.vault import context

    for _again in range(9):
        with context.opened("public", receipt=receipt.opened.lookup):
            filed = reports.file(
                actor=reports.Filing(), receipt=receipt.opened, answers={"incident": {"story": "x"}},
                receiver=cast.desk("intake"), fallback=None, now=timezone.now(),
            )  # fmt: skip
            assert filed.outcome == "again" and filed.shows_words
    assert Report.objects.count() == 1


def test_the_line_end_to_end(cast: Cast) -> None:
    """One door, one story, one owner: and the survivor takes a consent back at the end."""
    receipt = cast.file(story="Kejadian di tempat kerja.")
    case = cast.open_case(receipt)
    now = timezone.now()
    with cast.acting("intake") as actor:
        files.write(
            actor=actor, case=case, ref=uuid4(), compartment="health", text="Perlu periksa.",
            now=now,
        )  # fmt: skip
        files.write(
            actor=actor, case=case, ref=uuid4(), compartment="legal", text="Belum mau lapor.",
            now=now,
        )  # fmt: skip
    consent = cast.consent(case, "clinic", ["health", "incident"])
    ref = uuid4()
    with cast.acting("intake") as actor:
        referral = referrals.send(
            actor=actor, case=case, ref=ref, consent=consent, compartments=["health"],
            need=Need(service="medical_72h", region="53.71"), urgency="high", now=now,
        )  # fmt: skip
    with cast.acting("clinic") as actor:
        assert not Case.objects.exists(), "before accepting, nothing of the case"
        row = referral_access.get_referral(actor, referral.code)
        slip = referrals.read(actor=actor, referral=row)
        assert slip is not None and slip.need.service == "medical_72h"
        referrals.accept(actor=actor, referral=row, now=now)
        shared = files.read(actor=actor, case=Case.objects.select_related("report").get())
        assert [text for _entry, _of, text in shared.entries] == ["Perlu periksa."]
        assert shared.open == ["health"] and shared.report == {}
        referrals.report_back(
            actor=actor, referral=row, ref=uuid4(), text="Sudah diperiksa.", now=now
        )
    with cast.acting("intake") as actor:
        row = referral_access.get_referral(actor, referral.code)
        slip = referrals.read(actor=actor, referral=row)
        assert slip is not None and slip.reports_back[0][1] == "Sudah diperiksa."
    with cast.reporting(receipt) as reporter:
        assert consents.withdraw_own(actor=reporter, consent=consent.ref, now=now)
        assert not consents.withdraw_own(actor=reporter, consent=consent.ref, now=now)
        with connection.cursor() as cursor:
            cursor.execute("SELECT desk, parts FROM public_reads()")
            read = {(desk, tuple(parts)) for desk, parts in cursor.fetchall()}
        assert (cast.desk("clinic").pk, ("health",)) in read
    with cast.acting("clinic") as actor:
        assert not Case.objects.exists(), "taken back means gone, at once"
        row = referral_access.get_referral(actor, referral.code)
        assert row.state == "withdrawn"
        assert referrals.read(actor=actor, referral=row) is None


def test_nothing_is_shared_without_a_consent_that_covers_it(cast: Cast) -> None:
    """Not by the action, and not by a row written past it."""
    from simpul.vault import envelopes
    from simpul.vault.models import Grant

    case = cast.open_case(cast.file())
    consent = cast.consent(case, "clinic", ["health"])
    now = timezone.now()
    with cast.acting("intake") as actor:
        for parts in (["health", "legal"], ["legal"], []):
            with pytest.raises(ConsentMissing):
                consents.share(
                    actor=actor, case=case, consent=consent, compartments=parts, now=now
                )
    for tags, basis in [
        ([consent.ref], "consent"),
        ([], "consent"),
        ([], "own"),
        ([case.ref], "choice"),
    ]:
        with (
            pytest.raises(DatabaseError, match="no consent covers"),
            cast.acting("intake") as actor,
        ):
            envelope = envelopes.latest(case.ref, "legal")
            assert envelope is not None
            opened = envelopes.open_envelope(envelope, actor.keyring)
            to = envelopes.desk_recipient(cast.desk("clinic").pk)
            envelopes.grant(
                opened, to=to, by=actor.keyring.own, basis=basis, tags=tags,
                until=now + timedelta(days=1), state=Grant.State.LIVE,
            )  # fmt: skip


def test_withdrawing_by_the_owner_closes_every_path_of_that_consent(cast: Cast) -> None:
    """A direct share and an accepted referral under one consent end together."""
    case = cast.open_case(cast.file())
    consent = cast.consent(case, "clinic", ["health", "safety"])
    now = timezone.now()
    with cast.acting("intake") as actor:
        consents.share(actor=actor, case=case, consent=consent, compartments=["safety"], now=now)
        referral = referrals.send(
            actor=actor, case=case, ref=uuid4(), consent=consent, compartments=["health"],
            need=Need(service="health"), urgency="low", now=now,
        )  # fmt: skip
    with cast.acting("clinic") as actor:
        referrals.accept(
            actor=actor, referral=referral_access.get_referral(actor, referral.code), now=now
        )
        assert files.read(actor=actor, case=Case.objects.get()).open == ["health", "safety"]
    with cast.acting("intake") as actor:
        consents.withdraw(actor=actor, case=case, consent=consent, now=now)
    with cast.acting("clinic") as actor:
        assert not Case.objects.exists()


def test_an_expired_consent_opens_nothing_even_before_the_sweep(cast: Cast) -> None:
    """The end of a consent is in the grant that was signed."""
    from simpul.vault import envelopes

    case = cast.open_case(cast.file())
    consent = cast.consent(case, "clinic", ["health"])
    now = timezone.now()
    with cast.acting("intake") as actor:
        consents.share(actor=actor, case=case, consent=consent, compartments=["health"], now=now)
    with cast.acting("clinic") as actor:
        found = envelopes.of_record(case.ref)
        assert len(envelopes.open_all(found, actor.keyring)) == 1
        assert not envelopes.open_all(found, actor.keyring, now=now + timedelta(days=31))


def test_the_office_of_the_reported_person_is_never_consented_to(cast: Cast) -> None:
    """M04: not the office, and no unit below it."""
    office = str(cast.agency("dinas").ref)
    receipt = cast.file(reported_person={"kind": "superior", "office": office, "excluded": []})
    case = cast.open_case(receipt)
    with pytest.raises(Excluded):
        cast.consent(case, "office", ["contact"])


@pytest.mark.parametrize("told", ["another agency", "another place on the line"])
def test_where_an_office_belongs_is_what_was_signed(cast: Cast, told: str) -> None:
    """M04, also where the row of its desk or agency says something else today."""
    office = str(cast.agency("dinas").ref)
    receipt = cast.file(reported_person={"kind": "superior", "office": office, "excluded": []})
    case = cast.open_case(receipt)
    desk = cast.desk("office")
    if told == "another agency":
        Desk.objects.filter(pk=desk.pk).update(agency=cast.agency("hospital"))
    else:
        line = cast.agency("hospital").line
        Agency.objects.filter(pk=desk.agency_id).update(line=line)
    with pytest.raises(Excluded):
        cast.consent(case, "office", ["contact"])


@pytest.mark.parametrize("what", ["the desk", "its agency", "the agency above", "its place"])
def test_a_desk_that_is_not_what_was_signed_is_not_offered(cast: Cast, what: str) -> None:
    """People choose by name: a renamed or moved row is left out, the others stay."""
    desk = cast.desk("intake")
    assert desk in queries.receivers("53.71", None)
    match what:
        case "the desk":
            Desk.objects.filter(pk=desk.pk).update(name="Meja Lain")
        case "its agency":
            Agency.objects.filter(pk=desk.agency_id).update(name="Lembaga Lain")
        case "the agency above":
            Agency.objects.filter(pk=desk.agency.line[0]).update(name="Jejaring Lain")
        case _:
            Desk.objects.filter(pk=desk.pk).update(agency=cast.agency("hospital"))
    assert desk not in queries.receivers("53.71", None)


def test_two_colleagues_take_up_the_same_report_and_one_wins(cast: Cast) -> None:
    """The second is told who was faster, and nothing is half done."""
    receipt = cast.file()
    cast.open_case(receipt, "intake")
    with pytest.raises(reports.AlreadyTaken):
        cast.open_case(receipt, "colleague")
    assert Case.objects.count() == 1


def test_only_the_owning_desk_leads(cast: Cast) -> None:
    """A receiver reads what is hers and changes nothing."""
    case = cast.open_case(cast.file())
    consent = cast.consent(case, "clinic", ["health"])
    now = timezone.now()
    with cast.acting("intake") as actor:
        consents.share(actor=actor, case=case, consent=consent, compartments=["health"], now=now)
    with cast.acting("clinic") as actor:
        theirs = Case.objects.select_related("desk", "report").get()
        for act in (
            lambda: files.write(
                actor=actor, case=theirs, ref=uuid4(), compartment="health", text="x", now=now
            ),
            lambda: files.close(actor=actor, case=theirs, reason="goals", note="", now=now),
            lambda: consents.share(
                actor=actor, case=theirs, consent=consent, compartments=["health"], now=now
            ),
        ):
            with pytest.raises(NotYourDuty):
                act()


def test_a_case_is_closed_and_opened_again(cast: Cast) -> None:
    """Closing ends shares; reopening needs a next action."""
    case = cast.open_case(cast.file())
    consent = cast.consent(case, "clinic", ["health"])
    now = timezone.now()
    with cast.acting("intake") as actor:
        consents.share(actor=actor, case=case, consent=consent, compartments=["health"], now=now)
        files.close(actor=actor, case=case, reason="wish", note="Ia merasa cukup.", now=now)
    with cast.acting("clinic"):
        assert not Case.objects.exists()
    with cast.acting("intake") as actor:
        closed = Case.objects.select_related("report", "desk").get()
        assert files.read(actor=actor, case=closed).closures[0][1] == "Ia merasa cukup."
        with pytest.raises(files.NotOpen):
            files.write(
                actor=actor, case=closed, ref=uuid4(), compartment="notes", text="x", now=now
            )
        files.reopen(actor=actor, case=closed, text="Menelepon", due_at=now, now=now)
        assert Case.objects.get().state == "open"


def test_stopping_a_report_ends_all_access_at_once(cast: Cast) -> None:
    """Withdrawal closes owner, clinic and referral in one transaction; the owner is told, not shown."""
    from simpul.reports import queries

    receipt = cast.file()
    case = cast.open_case(receipt)
    consent = cast.consent(case, "clinic", ["health"])
    now = timezone.now()
    with cast.acting("intake") as actor:
        consents.share(actor=actor, case=case, consent=consent, compartments=["health"], now=now)
    with cast.reporting(receipt) as reporter:
        reports.withdraw(actor=reporter, now=now)
    for who in ("intake", "clinic"):
        with cast.acting(who):
            assert not Case.objects.exists()
    with cast.acting("intake") as actor:
        assert [r.code for r in queries.withdrawn(actor, now - timedelta(days=1))] == [
            Report.objects.get().code
        ]
    with cast.reporting(receipt) as reporter:
        assert reading.read_own(reporter).answers["incident"], "hers stays hers"


def test_the_chain_is_sound_after_all_this(cast: Cast) -> None:
    """Lines, links, heads, and every ciphertext is the one that was written."""
    from simpul.vault import rows

    cast.open_case(cast.file())
    assert audit.link() > 0
    assert audit.verify().sound
    assert list(rows.rolled_back()) == []


def test_a_reporter_who_stopped_comes_back_with_the_same_words(cast: Cast) -> None:
    """M03: the desk reads again what she wrote; what it had written itself stays closed."""
    receipt = cast.file(story="Pertama kali.")
    case = cast.open_case(receipt)
    now = timezone.now()
    with cast.acting("intake") as actor:
        files.write(
            actor=actor, case=case, ref=uuid4(), compartment="notes", text="Catatan lama.", now=now
        )
    with cast.reporting(receipt) as reporter:
        reports.withdraw(actor=reporter, now=now)
    with cast.reporting(receipt) as reporter:
        assert reports.reopen(actor=reporter, now=now)
        assert not reports.reopen(actor=reporter, now=now)
    again = cast.open_case(receipt)
    assert again.code == case.code
    with cast.acting("intake") as actor:
        shown = files.read(actor=actor, case=Case.objects.select_related("report").get())
        assert shown.report["incident"]["story"] == "Pertama kali."
        assert shown.entries == []


def test_a_helper_who_stops_and_comes_back_leaves_the_case_where_it_is(cast: Cast) -> None:
    """The survivor's case goes on with its desk; nobody is asked to take it up again."""
    receipt = cast.file()
    case = cast.open_case(receipt, reporter_is_survivor=False)
    now = timezone.now()
    for move in (reports.withdraw, reports.reopen):
        with cast.reporting(receipt) as reporter:
            move(actor=reporter, now=now)
    report = Report.objects.get()
    assert report.state == Report.State.TAKEN and report.taken_by_id == case.desk_id
    with cast.acting("intake") as actor:
        assert reports.read(actor=actor, report=report).answers["incident"]
    with cast.acting("fallback") as actor:
        assert not report_access.visible_reports(actor).exists()
    running = Clock.objects.filter(subject=report.ref, stopped_at=None)
    assert [clock.rule for clock in running.order_by("ref")] == ["K31"], "the case's next action"


def test_a_desks_own_words_for_her_go_when_she_stops(cast: Cast) -> None:
    """A label may name her; what stops the report erases it too."""
    receipt = cast.file()
    cast.open_case(receipt, label="si biru")
    assert Label.objects.exists()
    with cast.reporting(receipt) as reporter:
        reports.withdraw(actor=reporter, now=timezone.now())
    assert not Label.objects.exists()


def test_a_receiver_sees_its_own_trace_and_no_others(cast: Cast) -> None:
    """What other desks did with parts it may not see is not told to it; the leading desk sees all."""
    case = cast.open_case(cast.file())
    consent = cast.consent(case, "clinic", ["health"])
    now = timezone.now()
    with cast.acting("intake") as actor:
        consents.share(actor=actor, case=case, consent=consent, compartments=["health"], now=now)
        files.read(actor=actor, case=Case.objects.select_related("report").get())
    with cast.acting("clinic") as actor:
        files.read(actor=actor, case=Case.objects.select_related("report").get())
        assert {read.desk_id for read in audit.reads_of(case.ref)} == {cast.desk("clinic").pk}
    with cast.acting("intake") as actor:
        both = {cast.desk("clinic").pk, cast.desk("intake").pk}
        assert {read.desk_id for read in audit.reads_of(case.ref)} == both


def test_a_case_with_a_running_referral_is_not_closed(cast: Cast) -> None:
    """Nor one whose referral opened no compartment; once it has ended, the case may close."""
    case = cast.open_case(cast.file())
    consent = cast.consent(case, "clinic", ["health"])
    now = timezone.now()
    with cast.acting("intake") as actor:
        referral = referrals.send(
            actor=actor, case=case, ref=uuid4(), consent=consent, compartments=[],
            need=Need(service="health"), urgency="low", now=now,
        )  # fmt: skip
    with cast.acting("clinic") as actor:
        row = referral_access.get_referral(actor, referral.code)
        referrals.accept(actor=actor, referral=row, now=now)
    with cast.acting("intake") as actor:
        with pytest.raises(files.StillReferred):
            files.close(actor=actor, case=case, reason="goals", note="", now=now)
        referrals.end(actor=actor, referral=referral, now=now)
        files.close(actor=actor, case=case, reason="goals", note="", now=now)


def test_a_referral_whose_consent_has_run_out_is_not_accepted(cast: Cast) -> None:
    """Also between the last second of the consent and the sweep that marks it."""
    case = cast.open_case(cast.file())
    consent = cast.consent(case, "clinic", ["health"])
    now = timezone.now()
    with cast.acting("intake") as actor:
        referral = referrals.send(
            actor=actor, case=case, ref=uuid4(), consent=consent, compartments=["health"],
            need=Need(service="health"), urgency="low", now=now,
        )  # fmt: skip
    later = now + timedelta(days=40)
    with cast.acting("clinic") as actor:
        row = referral_access.get_referral(actor, referral.code)
        for answer in (
            lambda: referrals.accept(actor=actor, referral=row, now=later),
            lambda: referrals.decline(actor=actor, referral=row, reason="penuh", now=later),
        ):
            with pytest.raises(referrals.NotWaiting):
                answer()


def test_what_is_written_after_an_end_lies_under_a_new_key(cast: Cast) -> None:
    """Whoever kept the old data key and copies the rows reads nothing new; who may still read does."""
    case = cast.open_case(cast.file())
    now = timezone.now()
    ended, stays = (
        cast.consent(case, "clinic", ["health"]),
        cast.consent(case, "shelter", ["health"]),
    )
    for consent in (ended, stays):
        with cast.acting("intake") as actor:
            consents.share(
                actor=actor, case=case, consent=consent, compartments=["health"], now=now
            )

    def write(text: str) -> int:
        with cast.acting("intake") as actor:
            entry = files.write(
                actor=actor, case=case, ref=uuid4(), compartment="health", text=text, now=now
            )
        return entry.envelope.key_version

    before = write("Sebelum.")
    assert write("Masih.") == before, "nothing has ended yet"
    with cast.acting("intake") as actor:
        consents.withdraw(actor=actor, case=case, consent=ended, now=now)
    after = write("Sesudah.")
    assert after == before + 1 and write("Lagi.") == after, "one new key is enough"
    with cast.acting("shelter") as actor:
        shown = files.read(actor=actor, case=Case.objects.select_related("report").get())
        texts = {text for _entry, text in shown.texts("health")}
        assert texts == {"Sebelum.", "Masih.", "Sesudah.", "Lagi."}
    with cast.acting("intake") as actor:
        consents.withdraw(actor=actor, case=case, consent=stays, now=now)
    assert write("Akhir.") == after + 1


def test_a_referral_that_still_waits_gets_the_new_key_asleep(cast: Cast) -> None:
    """Accepted later, it opens what was agreed, also what was written after another's end."""
    case = cast.open_case(cast.file())
    now = timezone.now()
    ended = cast.consent(case, "shelter", ["health"])
    with cast.acting("intake") as actor:
        consents.share(actor=actor, case=case, consent=ended, compartments=["health"], now=now)
        asked = cast.consent(case, "clinic", ["health"])
    with cast.acting("intake") as actor:
        referral = referrals.send(
            actor=actor, case=case, ref=uuid4(), consent=asked, compartments=["health"],
            need=Need(service="health"), urgency="low", now=now,
        )  # fmt: skip
        consents.withdraw(actor=actor, case=case, consent=ended, now=now)
        files.write(
            actor=actor, case=case, ref=uuid4(), compartment="health", text="Sesudah.", now=now
        )
    with cast.acting("clinic") as actor:
        assert not envelopes.of_record(case.ref)
        row = referral_access.get_referral(actor, referral.code)
        referrals.accept(actor=actor, referral=row, now=now)
    with cast.acting("clinic") as actor:
        shown = files.read(actor=actor, case=Case.objects.select_related("report").get())
        assert [text for _entry, text in shown.texts("health")] == ["Sesudah."]
