"""What a reporter decides later: another desk, fewer parts, closed for now, erased. Who is kept out."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from simpul.cases.actions import files
from simpul.cases.models import Case, Entry
from simpul.clocks.models import Clock
from simpul.referrals.models import Referral
from simpul.reports import access, actions, jobs, reading
from simpul.reports.actions import CannotReceive, Frozen, control
from simpul.reports.actions.control import Due, HasCase, NotInTime
from simpul.reports.models import Attachment, Departure, Erasure, Message, Part, Report
from simpul.vault import context
from simpul.vault.models import AuditLine, Envelope, Grant
from tests.conftest import Cast, Receipt


def report_of(receipt: Receipt) -> Report:
    """The report of a receipt, as the owner sees it."""
    return Report.objects.select_related("receiver", "fallback").get(lookup=receipt.opened.lookup)


def behind(cast: Cast, receipt: Receipt, act: Any, **more: Any) -> Any:
    """One act behind a receipt."""
    with cast.reporting(receipt) as reporter:
        return act(actor=reporter, **more)


def reads(cast: Cast, key: str, receipt: Receipt) -> dict[str, Any] | None:
    """What somebody reads of a report; None when she finds none."""
    with cast.acting(key) as actor:
        found = access.visible_reports(actor).filter(lookup=receipt.opened.lookup).first()
        return actions.read(actor=actor, report=found).answers if found else None


def part(receipt: Receipt, compartment: str) -> Part:
    """A part of a report, by compartment."""
    return Part.objects.get(report=report_of(receipt), envelope__compartment=compartment)


def later(hours: float) -> None:
    """Puts every moment of reports' requests and clocks back, as if so much time had gone by."""
    with connection.cursor() as cursor:
        for table, columns in {
            "reports_erasure": ("asked_at", "due_at"),
            "clocks_clock": ("started_at", "due_at"),
            "reports_report": ("filed_at",),
        }.items():
            for column in columns:
                cursor.execute(
                    f"UPDATE {table} SET {column} = {column} - %s * interval '1 hour'", [hours]
                )


def as_worker(act: Any, **more: Any) -> Any:
    """One act of the worker, under its role."""
    with context.opened("worker"):
        return act(**more)


# --- Deadlines that both sides see ---------------------------------------------------------------


def say(cast: Cast, receipt: Receipt, text: str = "Halo?") -> None:
    """The reporter writes."""
    behind(cast, receipt, actions.send, ref=uuid4(), text=text, now=timezone.now())


def message_clock(receipt: Receipt) -> Clock | None:
    """The running clock of a message."""
    return Clock.objects.filter(
        subject=report_of(receipt).ref, rule="K30", stopped_at=None
    ).first()


def test_a_message_is_owed_an_answer_once_and_the_answer_stops_the_clock(cast: Cast) -> None:
    receipt = cast.file()
    say(cast, receipt)
    assert message_clock(receipt) is None, "the first reply is owed already"
    cast.open_case(receipt)
    say(cast, receipt)
    say(cast, receipt)
    clock = Clock.objects.get(subject=report_of(receipt).ref, rule="K30")
    assert clock.due_at - clock.started_at == timedelta(hours=48)
    assert clock.desk == cast.desk("intake")
    with context.opened("public", receipt=receipt.opened.lookup), connection.cursor() as cursor:
        cursor.execute("SELECT public_message_due()")
        assert cursor.fetchone() == (clock.due_at,)
    with cast.acting("intake") as actor:
        actions.answer(
            actor=actor, report=report_of(receipt), ref=uuid4(), text="Baik.", now=timezone.now()
        )
    assert message_clock(receipt) is None


def test_an_urgent_message_is_owed_an_answer_in_a_day(cast: Cast) -> None:
    receipt = cast.file(safety={"danger": "yes"})
    cast.open_case(receipt)
    say(cast, receipt)
    clock = message_clock(receipt)
    assert clock
    assert clock.due_at - clock.started_at == timedelta(hours=24)


# --- Another desk --------------------------------------------------------------------------------


def test_another_desk_takes_the_place_of_the_first_in_one_transaction(cast: Cast) -> None:
    receipt = cast.file()
    assert reads(cast, "intake", receipt)
    with connection.cursor() as cursor:  # as after a first answer
        cursor.execute("UPDATE clocks_clock SET stopped_at = now()")
    behind(
        cast, receipt, control.change_receiver, receiver=cast.desk("fallback"), fallback=None,
        now=timezone.now(),
    )  # fmt: skip
    assert reads(cast, "intake", receipt) is None
    assert reads(cast, "fallback", receipt)["incident"]["story"] == "Cerita rahasia."
    report = report_of(receipt)
    assert (report.receiver, report.fallback, report.state) == (cast.desk("fallback"), None, "new")
    running = Clock.objects.get(subject=report.ref, stopped_at=None)
    assert (running.rule, running.desk) == ("K02", cast.desk("fallback"))
    with cast.acting("intake") as actor:
        left = Departure.objects.get()
        assert (left.code, left.desk) == (report.code, cast.desk("intake"))
        assert not Report.objects.filter(ref=report.ref).exists(), "nor where she went"
        assert not Grant.objects.filter(desk=actor.desk_ids[0]).exclude(state="ended").exists()
    with cast.acting("clinic"):
        assert not Departure.objects.exists()


def test_the_fallback_desk_is_asleep_again_after_a_change(cast: Cast) -> None:
    receipt = cast.file(fallback=None)
    behind(
        cast, receipt, control.change_receiver, receiver=cast.desk("office"),
        fallback=cast.desk("fallback"), now=timezone.now(),
    )  # fmt: skip
    assert reads(cast, "fallback", receipt) is None
    later(25)
    assert as_worker(jobs.wake_overdue, now=timezone.now()) == 1
    assert reads(cast, "fallback", receipt)


def test_with_a_case_the_receiver_stays_and_she_is_told_how_to_ask(cast: Cast) -> None:
    receipt = cast.file()
    cast.open_case(receipt)
    with pytest.raises(HasCase), transaction.atomic():
        behind(
            cast, receipt, control.change_receiver, receiver=cast.desk("office"), fallback=None,
            now=timezone.now(),
        )  # fmt: skip
    assert reads(cast, "intake", receipt)


def test_a_change_to_the_same_desk_or_to_one_without_key_changes_nothing(cast: Cast) -> None:
    receipt = cast.file()
    before = list(Grant.objects.order_by("ref").values())
    for desk in ("intake", "empty"):
        with pytest.raises(CannotReceive), transaction.atomic():
            behind(
                cast, receipt, control.change_receiver, receiver=cast.desk(desk), fallback=None,
                now=timezone.now(),
            )  # fmt: skip
    assert list(Grant.objects.order_by("ref").values()) == before


def test_a_desk_that_was_left_cannot_take_up_what_it_had_open_on_the_screen(cast: Cast) -> None:
    receipt = cast.file()
    report = report_of(receipt)
    behind(
        cast, receipt, control.change_receiver, receiver=cast.desk("office"), fallback=None,
        now=timezone.now(),
    )  # fmt: skip
    with cast.acting("intake") as actor, pytest.raises(actions.AlreadyTaken):
        actions.take_up(actor=actor, report=report, desk=cast.desk("intake"), now=timezone.now())


# --- One part ------------------------------------------------------------------------------------


@pytest.mark.parametrize("compartment", ["safety", "contact", "incident", "reported_person"])
def test_a_part_is_closed_and_opened_again_and_the_rest_stays(
    cast: Cast, compartment: str
) -> None:
    receipt = cast.file()
    whole = reads(cast, "intake", receipt)
    assert whole
    closed = part(receipt, compartment)
    behind(cast, receipt, control.close_part, part=closed)
    left = reads(cast, "intake", receipt)
    assert left is not None
    assert whole.keys() - left.keys() == {compartment}
    with cast.reporting(receipt) as reporter:
        assert compartment in reading.read_own(reporter).answers, "she reads it herself"
        assert access.is_closed(reporter, closed)
    behind(cast, receipt, control.open_part, part=part(receipt, compartment))
    behind(cast, receipt, control.open_part, part=part(receipt, compartment))
    assert reads(cast, "intake", receipt) == whole
    assert reads(cast, "fallback", receipt) is None


def test_what_the_desk_needs_to_know_at_all_cannot_be_closed_alone(cast: Cast) -> None:
    receipt = cast.file()
    behind(cast, receipt, control.close_part, part=part(receipt, "notes"))
    assert "notes" in (reads(cast, "intake", receipt) or {})


def test_a_closed_part_stays_closed_to_the_fallback_desk_and_to_the_next(cast: Cast) -> None:
    receipt = cast.file()
    behind(cast, receipt, control.close_part, part=part(receipt, "contact"))
    later(25)
    as_worker(jobs.wake_overdue, now=timezone.now())
    assert "contact" not in (reads(cast, "fallback", receipt) or {"contact": 1})
    behind(
        cast, receipt, control.change_receiver, receiver=cast.desk("office"), fallback=None,
        now=timezone.now(),
    )  # fmt: skip
    assert "contact" not in (reads(cast, "office", receipt) or {"contact": 1})


def test_nobody_closes_or_opens_a_part_of_anothers_report(cast: Cast) -> None:
    receipt, stranger = cast.file(), cast.file()
    foreign = part(receipt, "incident").ref
    with context.opened("public", receipt=stranger.opened.lookup), connection.cursor() as cursor:
        cursor.execute("SELECT public_close_part(%s)", [foreign])
        assert cursor.fetchone() == (False,)
    assert "incident" in (reads(cast, "intake", receipt) or {})


# --- Closed for now ------------------------------------------------------------------------------


def full(cast: Cast) -> tuple[Receipt, Case]:
    """A receipt whose report became a case with notes, shared with a clinic that was referred to."""
    from simpul.cases.actions import consents
    from simpul.referrals import actions as referrals
    from simpul.referrals.actions import Need

    receipt, now = cast.file(), timezone.now()
    case = cast.open_case(receipt)
    consent = cast.consent(case, "clinic", ["health", "incident"])
    say(cast, receipt)
    with cast.acting("intake") as actor:
        files.write(actor=actor, case=case, ref=uuid4(), compartment="health", text="x", now=now)
        consents.share(actor=actor, case=case, consent=consent, compartments=["health"], now=now)
        referral = referrals.send(
            actor=actor, case=case, ref=uuid4(), consent=consent, compartments=["incident"],
            need=Need(service="health"), urgency="low", now=now,
        )  # fmt: skip
    with cast.acting("clinic") as actor:
        referrals.accept(actor=actor, referral=referral, now=now)
    return receipt, case


def seen(cast: Cast, key: str) -> dict[str, int]:
    """How many sealed rows the database shows to somebody, whatever the program would ask."""
    with cast.acting(key):
        models = (Envelope, Part, Message, Attachment, Entry, Case)
        return {model.__name__: model._default_manager.count() for model in models}


def test_frozen_the_database_shows_no_desk_anything_and_thawed_the_same_as_before(
    cast: Cast,
) -> None:
    receipt, _case = full(cast)
    # The desks' own records, such as labels, are no part of the report.
    before = {key: seen(cast, key) for key in ("intake", "clinic")}
    assert all(found["Part"] and found["Entry"] for found in before.values())
    grants = list(Grant.objects.order_by("ref").values())
    behind(cast, receipt, control.freeze)
    for key in ("intake", "clinic", "fallback"):
        found = seen(cast, key)
        assert found["Part"] == found["Message"] == found["Entry"] == found["Case"] == 0, key
    with cast.acting("intake"):
        assert Report.objects.get().frozen_at, "the line that it is closed"
    assert list(Grant.objects.order_by("ref").values()) == grants, "no key was touched"
    with pytest.raises(Frozen), transaction.atomic():
        say(cast, receipt)
    behind(cast, receipt, control.thaw)
    assert {key: seen(cast, key) for key in ("intake", "clinic")} == before


def test_clocks_stand_still_while_it_is_closed(cast: Cast) -> None:
    receipt = cast.file()
    report = report_of(receipt)
    later(20)
    behind(cast, receipt, control.freeze)
    assert not Clock.objects.filter(subject=report.ref, stopped_at=None).exists()
    with connection.cursor() as cursor:  # closed for ten days
        cursor.execute("UPDATE reports_report SET frozen_at = frozen_at - interval '10 days'")
        cursor.execute(
            "UPDATE clocks_clock SET started_at = started_at - interval '10 days',"
            " due_at = due_at - interval '10 days', stopped_at = stopped_at - interval '10 days'"
        )
    assert as_worker(jobs.wake_overdue, now=timezone.now()) == 0
    behind(cast, receipt, control.thaw)
    running = Clock.objects.get(subject=report.ref, stopped_at=None)
    assert timedelta(hours=3.9) < running.due_at - timezone.now() < timedelta(hours=4.1)


def test_what_is_granted_while_it_is_closed_opens_nothing_either(cast: Cast) -> None:
    receipt = cast.file()
    behind(cast, receipt, control.freeze)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE vault_grant SET state = 'live' WHERE state = 'dormant'")
    assert seen(cast, "fallback")["Part"] == 0


def test_nobody_adds_to_a_case_that_she_has_closed(cast: Cast) -> None:
    receipt, case = full(cast)
    behind(cast, receipt, control.freeze)
    with cast.acting("intake"), connection.cursor() as cursor:
        cursor.execute("SELECT vault_leads(%s)", [case.ref])
        assert cursor.fetchone() == (False,)
    behind(cast, receipt, control.thaw)
    with cast.acting("intake"), connection.cursor() as cursor:
        cursor.execute("SELECT vault_leads(%s)", [case.ref])
        assert cursor.fetchone() == (True,)


def test_who_reported_for_somebody_freezes_her_own_part_alone(cast: Cast) -> None:
    receipt = cast.file()
    case = cast.open_case(receipt, reporter_is_survivor=False)
    with cast.acting("intake") as actor:
        files.write(
            actor=actor, case=case, ref=uuid4(), compartment="health", text="x", now=timezone.now()
        )
    behind(cast, receipt, control.freeze)
    found = seen(cast, "intake")
    assert (found["Part"], found["Message"], found["Entry"], found["Case"]) == (0, 0, 1, 1)


# --- Erased --------------------------------------------------------------------------------------


def ask(cast: Cast, receipt: Receipt) -> Erasure:
    """She asks to erase everything."""
    behind(cast, receipt, control.ask_erasure, ref=uuid4())
    return Erasure.objects.select_related("desk__agency", "report").get(
        report=report_of(receipt), cancelled_at=None, refused_at=None
    )


def assert_nothing_is_left(report: Report) -> None:
    """No ciphertext of hers and no key to any is in the database."""
    records = [report.ref, report.dialogue]
    for model in (Part, Message, Attachment):
        assert not model._default_manager.filter(report=report).exists(), model
    assert not Entry.objects.filter(case_id=report.ref).exists()
    assert not Referral.objects.filter(case_id=report.ref).exists()
    left = Grant.objects.filter(envelope__record__in=records)
    assert left.exists()
    assert {(grant.state, bytes(grant.sealed)) for grant in left} == {("ended", b"")}
    report.refresh_from_db()
    assert (report.state, report.desks) == ("erased", [])


def test_access_ends_at_once_and_the_desk_may_carry_it_out(cast: Cast) -> None:
    receipt, case = full(cast)
    erasure = ask(cast, receipt)
    assert seen(cast, "intake")["Part"] == seen(cast, "clinic")["Entry"] == 0
    clock = Clock.objects.get(rule="K18", stopped_at=None)
    assert clock.due_at - clock.started_at == timedelta(hours=72)
    with cast.acting("intake") as actor:
        control.erase(actor=actor, erasure=erasure)
    assert_nothing_is_left(report_of(receipt))
    case.refresh_from_db()
    assert (case.state, case.desks) == ("closed", [])
    assert not Clock.objects.filter(subject=case.ref, stopped_at=None).exists()
    assert AuditLine.objects.filter(event="reports.erased", record=case.ref).count() == 1
    with cast.reporting(receipt) as reporter:
        assert reporter.report.state == "erased" and reporter.opened == {}


def test_nobody_erases_early_but_a_member_of_the_desk_that_answered(cast: Cast) -> None:
    receipt = cast.file()
    erasure = ask(cast, receipt)
    for key in ("clinic", "fallback"):
        with cast.acting(key), connection.cursor() as cursor:
            assert not Erasure.objects.exists()
            cursor.execute("SELECT reports_erase(%s)", [erasure.ref])
            assert cursor.fetchone() == (None,)
    assert as_worker(jobs.erase_due) == 0
    assert Part.objects.filter(report=erasure.report).exists()


def test_after_72_hours_the_worker_erases_and_a_second_sweep_finds_nothing(cast: Cast) -> None:
    receipt, other = cast.file(), cast.file()
    ask(cast, receipt)
    later(71)
    assert as_worker(jobs.erase_due) == 0
    later(2)
    assert as_worker(jobs.erase_due) == 1
    assert as_worker(jobs.erase_due) == 0
    assert_nothing_is_left(report_of(receipt))
    assert reads(cast, "intake", other)


def test_erasing_is_refused_only_by_somebody_who_had_no_part_in_it(cast: Cast) -> None:
    receipt = cast.file()
    assert reads(cast, "intake", receipt)
    erasure = ask(cast, receipt)
    with cast.acting("intake") as actor, pytest.raises(NotInTime), transaction.atomic():
        control.refuse_erasure(actor=actor, erasure=erasure, reason="court")
    with cast.acting("colleague") as actor:
        control.refuse_erasure(actor=actor, erasure=erasure, reason="court")
    later(80)
    assert as_worker(jobs.erase_due) == 0
    assert seen(cast, "intake")["Part"] == 0, "kept, and closed"
    with cast.reporting(receipt):
        found = access.own_erasure()
        assert found and found.reason == "court" and found.refused_at
    assert ask(cast, receipt).ref != erasure.ref, "she may ask again"


def test_an_administrator_of_the_line_may_refuse_without_reading_and_no_other(cast: Cast) -> None:
    receipt = cast.file()
    erasure = ask(cast, receipt)
    assert seen(cast, "root-one")["Part"] == 0
    with cast.acting("root-one") as actor:
        control.refuse_erasure(actor=actor, erasure=erasure, reason="court")
    second = ask(cast, receipt)
    with cast.acting("clinic"), connection.cursor() as cursor:
        cursor.execute("SELECT reports_refuse_erasure(%s, 'court')", [second.ref])
        assert cursor.fetchone() == (None,)


def test_nobody_refuses_after_the_time_is_over(cast: Cast) -> None:
    receipt = cast.file()
    erasure = ask(cast, receipt)
    later(73)
    with cast.acting("colleague") as actor, pytest.raises(NotInTime), transaction.atomic():
        control.refuse_erasure(actor=actor, erasure=erasure, reason="court")


def test_no_door_writes_a_request_or_its_end_past_the_functions(cast: Cast) -> None:
    receipt = cast.file()
    erasure = ask(cast, receipt)
    for statement in (
        "UPDATE reports_erasure SET refused_at = now()",
        "DELETE FROM reports_erasure",
        "UPDATE reports_report SET frozen_at = NULL",
        "DELETE FROM reports_part",
    ):
        with (
            cast.acting("intake"), pytest.raises(DatabaseError), transaction.atomic(),
            connection.cursor() as cursor,
        ):  # fmt: skip
            cursor.execute(statement)
    erasure.refresh_from_db()
    assert erasure.is_waiting


def test_she_may_keep_it_after_all_and_opens_it_herself(cast: Cast) -> None:
    receipt = cast.file()
    ask(cast, receipt)
    behind(cast, receipt, control.thaw)
    assert seen(cast, "intake")["Part"] == 0, "not while the request waits"
    behind(cast, receipt, control.cancel_erasure)
    later(80)
    assert as_worker(jobs.erase_due) == 0
    assert reads(cast, "intake", receipt) is None
    behind(cast, receipt, control.thaw)
    assert reads(cast, "intake", receipt)


def test_asking_twice_is_one_request(cast: Cast) -> None:
    receipt = cast.file()
    ask(cast, receipt)
    ask(cast, receipt)
    assert Erasure.objects.count() == 1
    assert AuditLine.objects.filter(event="reports.erasure_asked").count() == 1


def test_a_stopped_report_can_be_erased_too_and_not_reopened_meanwhile(cast: Cast) -> None:
    receipt = cast.file()
    behind(cast, receipt, actions.withdraw, now=timezone.now())
    ask(cast, receipt)
    assert not behind(cast, receipt, actions.reopen, now=timezone.now())
    later(73)
    assert as_worker(jobs.erase_due) == 1
    assert_nothing_is_left(report_of(receipt))


def test_who_reported_for_somebody_erases_her_words_and_not_the_survivors_case(cast: Cast) -> None:
    receipt = cast.file()
    case = cast.open_case(receipt, reporter_is_survivor=False)
    with cast.acting("intake") as actor:
        files.write(
            actor=actor, case=case, ref=uuid4(), compartment="health", text="x", now=timezone.now()
        )
    ask(cast, receipt)
    later(73)
    assert as_worker(jobs.erase_due) == 1
    assert not Part.objects.exists()
    assert seen(cast, "intake")["Entry"] == 1
    case.refresh_from_db()
    assert case.state == "open"


def test_a_step_that_fails_leaves_everything_as_it_was(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the process had been killed between the destruction and its line in the chain."""
    receipt = cast.file()
    ask(cast, receipt)
    later(73)

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(control.audit, "record", killed)
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        as_worker(jobs.erase_due)
    monkeypatch.undo()
    assert Part.objects.filter(report=report_of(receipt)).count() == 5
    assert as_worker(jobs.erase_due) == 1


# --- Kept for a year -----------------------------------------------------------------------------


def test_a_report_nobody_comes_back_to_is_erased_and_each_return_keeps_it(cast: Cast) -> None:
    left, kept, running = cast.file(), cast.file(), cast.file()
    cast.open_case(running)
    until = report_of(left).kept_on
    assert until is not None
    assert timedelta(days=360) < until - timezone.now().date() < timedelta(days=397)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE reports_report SET kept_on = current_date - 1")
    with cast.reporting(kept):
        control.come_back()
    assert report_of(kept).kept_on == until
    lines = AuditLine.objects.count()
    assert as_worker(jobs.erase_due) == 1
    assert_nothing_is_left(report_of(left))
    assert reads(cast, "intake", kept)
    assert reads(cast, "intake", running), "a case that runs keeps its report"
    assert AuditLine.objects.filter(event="reports.erased").count() == 1
    assert AuditLine.objects.count() > lines


def test_coming_back_writes_no_line_and_no_day(cast: Cast) -> None:
    receipt = cast.file()
    lines, kept = AuditLine.objects.count(), report_of(receipt).kept_on
    with cast.reporting(receipt):
        control.come_back()
    assert AuditLine.objects.count() == lines
    assert kept and (kept + timedelta(days=1)).day == 1


# --- After a restore -----------------------------------------------------------------------------


def again(event: str, receipt: Receipt, row: Any = None) -> None:
    """What a restored database is told of one line of the log of endings."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT owner_end_again(%s, %s, %s, %s)",
            [event, report_of(receipt).ref, row, timezone.now()],
        )


def test_every_ending_of_this_room_is_in_the_log_and_a_restored_database_knows_it(
    cast: Cast,
) -> None:
    from simpul.vault import tombstones

    erased, refused, moved, narrowed, frozen, asked = (cast.file() for _ in range(6))
    again("reports.erased", erased)
    assert_nothing_is_left(report_of(erased))
    row = uuid4()
    again("reports.erasure_asked", refused, row)
    again("reports.erasure_refused", refused, row)
    again("reports.erasure_asked", asked, uuid4())
    again("reports.moved", moved)
    again("reports.part_closed", narrowed, part(narrowed, "contact").ref)
    again("reports.frozen", frozen)
    for receipt in (erased, refused, moved, frozen, asked):
        assert reads(cast, "intake", receipt) is None
    assert "contact" not in (reads(cast, "intake", narrowed) or {"contact": 1})
    later(73)
    assert as_worker(jobs.erase_due) == 1, "the one that was asked for and not refused"
    assert_nothing_is_left(report_of(asked))
    assert Part.objects.filter(report=report_of(refused)).exists()
    for event in (
        "erased", "erasure_asked", "erasure_refused", "erasure_cancelled", "moved", "part_closed",
        "frozen",
    ):  # fmt: skip
        assert f"reports.{event}" in tombstones.ENDINGS


def test_the_worker_can_erase_nothing_that_is_not_due(cast: Cast) -> None:
    receipt = cast.file()
    ref = report_of(receipt).ref
    assert not as_worker(control.erase_due, actor=Due(), report=ref)
    assert reads(cast, "intake", receipt)
