"""Unusual reading: each rule at its limit and one below, who sees an alarm, and a killed worker."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from simpul.accounts.actions import Anyone
from simpul.cases.actions import consents, files
from simpul.cases.models import Case
from simpul.core.access import NotYourDuty, NotYours
from simpul.network import access, actions, alarms, jobs
from simpul.network.models import Alarm, AlarmCursor, Region
from simpul.referrals import actions as referrals
from simpul.vault import audit, context
from simpul.vault.models import AuditLine, AuditPending, Grant
from tests.conftest import Cast, Door
from tests.vault import apart

SignIn = Callable[[str], Door]
NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)  # 12.00 in Kupang
NIGHT = datetime(2026, 11, 23, 15, tzinfo=UTC)  # 23.00 in Kupang


def act(
    cast: Cast, event: str, at: datetime, *, who: str = "intake", record: UUID | None = None,
    desk: str | None = "intake",
) -> None:  # fmt: skip
    """A line as the chain would hold it, at a moment of our choosing; it waits to be linked."""
    line = AuditLine.objects.create(
        at=at, event=event, actor=cast.user(who).keypair_id, record=record,
        desk=cast.desk(desk).pk if desk else None,
    )  # fmt: skip
    AuditPending.objects.create(line=line)


def look() -> list[Alarm]:
    """Links what waits, looks as the worker does, under its role; returns all alarms there are."""
    while audit.link():
        pass
    with context.opened("worker"):
        while AlarmCursor.objects.values_list("number", flat=True).first() != audit.end().number:
            jobs.look_for_unusual_reading(NOON)
    return list(Alarm.objects.order_by("hour_at", "rule"))


def rules_of(found: list[Alarm]) -> list[str]:
    """Their codes."""
    return [alarm.rule for alarm in found]


def read(cast: Cast, cases: int, at: datetime, **more: Any) -> None:
    """So many different cases, a minute apart."""
    for n in range(cases):
        act(cast, "cases.read", at + timedelta(minutes=n), record=uuid4(), **more)


# --- Each rule, at its limit and just below ------------------------------------------------------


def many(cast: Cast, n: int) -> None:
    """Different cases at noon."""
    read(cast, n, NOON)


def at_night(cast: Cast, n: int) -> None:
    """Different cases before midnight."""
    read(cast, n, NIGHT)


def elsewhere(cast: Cast, n: int) -> None:
    """Cases that a desk of another province took up."""
    far = cast.desk("clinic").agency
    Region.objects.filter(pk="11").get()
    type(far).objects.filter(pk=far.pk).update(region_id="11.01")
    for _n in range(n):
        record = uuid4()
        act(cast, "reports.taken_up", NOON - timedelta(days=2), who="clinic", desk="clinic",
            record=record)  # fmt: skip
        act(cast, "cases.read", NOON, record=record)


def refused(cast: Cast, n: int) -> None:
    """Pages that are not hers."""
    for minute in range(n):
        act(cast, "site.refused", NOON + timedelta(minutes=minute))


def searching(cast: Cast, n: int) -> None:
    """Searches in her desk's cases."""
    for minute in range(n):
        act(cast, "cases.searched", NOON + timedelta(minutes=minute))


def exporting(cast: Cast, n: int) -> None:
    """Data taken out."""
    for _n in range(n):
        act(cast, "cases.exported", NOON, record=uuid4())


CAUSES = {
    "many_records": many, "night": at_night, "outside": elsewhere, "refusals": refused,
    "searches": searching, "exports": exporting,
}  # fmt: skip


def test_every_rule_is_tried_here() -> None:
    assert CAUSES.keys() == alarms.rules().keys()


@pytest.mark.parametrize("rule", CAUSES)
def test_a_rule_fires_at_its_limit_and_not_one_below(rule: str, cast: Cast) -> None:
    """With the person, her desk, the hour and the count; nothing of what was read."""
    limit = alarms.rules()[rule].limit
    CAUSES[rule](cast, limit - 1)
    assert look() == []
    CAUSES[rule](cast, 1)
    [alarm] = [found for found in look() if found.rule == rule]
    assert alarm.person == cast.user("intake").keypair_id
    assert alarm.desk_id == cast.desk("intake").pk and alarm.agency_id == cast.agency("uptd").pk
    assert alarm.count == limit and alarm.seen_at is None
    assert (alarm.hour_at.minute, alarm.hour_at.second) == (0, 0)
    assert not {f.name for f in Alarm._meta.get_fields()} & {"record", "row", "parts", "event"}


def shared_far_away(cast: Cast) -> tuple[Case, Any]:
    """A case whose health compartment the survivor opened to a clinic in another province."""
    case = cast.open_case(cast.file())
    consent = cast.consent(case, "clinic", ["health"])
    with cast.acting("intake") as actor:
        consents.share(
            actor=actor, case=case, consent=consent, compartments=["health"], now=timezone.now()
        )
    far = cast.agency("hospital")
    type(far).objects.filter(pk=far.pk).update(region_id="11.01")
    return case, consent


def outside() -> list[int]:
    """The counts of the alarms that say that another province's cases were read."""
    return [alarm.count for alarm in look() if alarm.rule == "outside"]


def test_what_a_consent_covers_is_not_unusual(cast: Cast) -> None:
    """Only from its beginning to its end, and only for the desk that she agreed to."""
    case, consent = shared_far_away(cast)
    with cast.acting("clinic") as actor:
        files.read(actor=actor, case=Case.objects.select_related("report").get())
    assert AuditLine.objects.filter(event="cases.read", actor=cast.user("clinic").keypair_id)
    now = timezone.now()
    act(cast, "cases.read", now, who="clinic", desk="clinic", record=case.ref)
    assert outside() == []
    act(cast, "cases.read", now - timedelta(days=1), who="clinic", desk="clinic", record=case.ref)
    assert outside() == [1], "before she agreed"
    with cast.acting("intake") as actor:
        consents.withdraw(actor=actor, case=case, consent=consent, now=timezone.now())
    later = timezone.now() + timedelta(hours=3)
    act(cast, "cases.read", later, who="clinic", desk="clinic", record=case.ref)
    assert outside() == [1, 1], "after she took it back"


def test_a_referral_covers_from_the_moment_it_is_accepted(cast: Cast) -> None:
    """Until then its grants lie dormant; a consent for one case covers no other."""
    case, _consent = shared_far_away(cast)
    other = cast.open_case(cast.file())
    consent = cast.consent(other, "clinic", ["health"])
    now = timezone.now()
    act(cast, "cases.read", now, who="clinic", desk="clinic", record=case.ref)
    act(cast, "cases.read", now, who="clinic", desk="clinic", record=other.ref)
    assert outside() == [1]
    with cast.acting("intake") as actor:
        referral = referrals.send(
            actor=actor, case=other, ref=uuid4(), consent=consent, compartments=["health"],
            need=referrals.Need("health"), urgency="low", now=now,
        )  # fmt: skip
    further = cast.open_case(cast.file())
    act(cast, "cases.read", timezone.now(), who="clinic", desk="clinic", record=further.ref)
    act(cast, "cases.read", timezone.now(), who="clinic", desk="clinic", record=other.ref)
    assert outside() == [2], "asked, but not accepted"
    with cast.acting("clinic") as actor:
        referrals.accept(actor=actor, referral=referral, now=timezone.now())
    later = now + timedelta(hours=3)
    act(cast, "cases.read", later, who="clinic", desk="clinic", record=other.ref)
    assert outside() == [2]


def test_only_the_rule_that_says_so_leaves_out_what_is_covered(cast: Cast) -> None:
    """Many cases in an hour are many, whoever agreed."""
    covered = {code for code, rule in alarms.rules().items() if rule.row.get("covered")}
    assert covered == {"outside"}
    assert set(alarms.rules()["outside"].row["covered"]) <= set(Grant.Basis.values)


def test_the_same_case_again_and_again_is_one_case(cast: Cast) -> None:
    """A long day with one survivor is no alarm."""
    record = uuid4()
    for minute in range(40):
        act(cast, "cases.read", NOON + timedelta(minutes=minute), record=record)
    assert look() == []


def test_an_hour_that_begins_at_twenty_to_is_an_hour(cast: Cast) -> None:
    """The window slides: nobody reads seven before the full hour and eight after it unseen."""
    read(cast, 15, NOON + timedelta(minutes=50))
    assert rules_of(look()) == ["many_records"]


def test_reading_over_a_whole_day_is_no_alarm(cast: Cast) -> None:
    """Fifteen cases, one each half hour."""
    for n in range(15):
        act(cast, "cases.read", NOON - timedelta(hours=5) + n * timedelta(minutes=30),
            record=uuid4())  # fmt: skip
    assert look() == []


@pytest.mark.parametrize(
    ("local", "fires"), [(21, False), (22, True), (23, True), (0, True), (4, True), (5, False)]
)
def test_the_night_is_the_desks_own(local: int, fires: bool, cast: Cast) -> None:
    """In the time zone of its region, over midnight."""
    kupang = timedelta(hours=8)
    day = datetime(2026, 11, 24, tzinfo=UTC)
    read(cast, 3, day + timedelta(hours=local) - kupang)
    assert bool(look()) is fires


def test_the_same_moment_is_night_in_one_region_and_day_in_another(cast: Cast) -> None:
    """04.30 in Jakarta is 05.30 in Kupang."""
    agency = cast.desk("intake").agency
    moment = datetime(2026, 11, 23, 21, 30, tzinfo=UTC)
    read(cast, 3, moment)
    assert look() == []
    type(agency).objects.filter(pk=agency.pk).update(region_id="11.01")
    read(cast, 3, moment)
    assert "night" in rules_of(look())


def test_a_case_of_ones_own_province_is_inside(cast: Cast) -> None:
    """The province's desk reads what the city's desk took up."""
    record = uuid4()
    act(cast, "reports.taken_up", NOON, record=record)
    act(cast, "cases.read", NOON, who="fallback", desk="fallback", record=record)
    assert look() == []


def test_what_reporters_do_is_nobodys_business(cast: Cast) -> None:
    """The rules look at people with an account."""
    receipt = cast.file()
    for minute in range(60):
        line = AuditLine.objects.create(
            at=NIGHT + timedelta(minutes=minute), event="reports.read", record=uuid4(),
            actor=receipt.opened.pair.ref, desk=None,
        )  # fmt: skip
        AuditPending.objects.create(line=line)
    assert look() == []


def test_a_line_that_was_linked_late_counts_in_every_hour_it_falls_into(cast: Cast) -> None:
    """Fourteen were looked at already; the fifteenth, of earlier, was committed after them."""
    read(cast, 14, NOON + timedelta(minutes=10))
    assert look() == []
    act(cast, "cases.read", NOON + timedelta(minutes=5), record=uuid4())
    assert rules_of(look()) == ["many_records"]


# --- Once each, whatever happens -----------------------------------------------------------------


def test_a_worker_killed_in_the_middle_looks_at_each_line_exactly_once(cast: Cast) -> None:
    """After the alarms are written and before the end: both come back, neither is doubled."""
    with apart.database() as other:

        def prepare() -> None:
            with transaction.atomic():
                read(cast, 20, NOON)
            while audit.link():
                pass

        def die() -> None:
            with context.opened("worker"):
                assert actions.raise_alarms(actor=Anyone(), now=NOON, limit=10_000) == 1
                raise ConnectionAbortedError

        def sweep() -> int:
            with context.opened("worker"):
                return jobs.look_for_unusual_reading(NOON)

        def counts() -> tuple[list[int], int, int]:
            lines = AuditLine.objects.filter(event="network.alarm_raised").count()
            cursor = AlarmCursor.objects.values_list("number", flat=True).first() or 0
            return list(Alarm.objects.values_list("count", flat=True)), lines, cursor

        other.do(prepare)
        with pytest.raises(ConnectionAbortedError):
            other.do(die)
        assert other.do(counts) == ([], 0, 0)
        assert other.do(sweep) == 1
        assert other.do(counts)[:2] == ([20], 1) and other.do(counts)[2] > 20
        assert other.do(sweep) == 0
        assert other.do(counts)[:2] == ([20], 1)


def test_two_workers_at_once_raise_one_alarm(cast: Cast) -> None:
    """The second waits for the cursor and finds it moved."""
    with apart.database() as other:

        def prepare() -> None:
            with transaction.atomic():
                read(cast, 20, NOON)
            while audit.link():
                pass

        def sweep() -> int:
            with context.opened("worker"):
                return jobs.look_for_unusual_reading(NOON)

        def sweep_while_another_does() -> tuple[int, int]:
            with context.opened("worker"):
                mine = jobs.look_for_unusual_reading(NOON)
                second = other.start(sweep)
                other.wait_until_waiting(second)
            return mine, second.result(20)

        other.do(prepare)
        assert other.do(sweep_while_another_does) == (1, 0)
        assert other.do(lambda: Alarm.objects.count()) == 1


def test_in_small_steps_the_same_is_found(cast: Cast) -> None:
    """A backlog is worked off sweep by sweep."""
    read(cast, 20, NOON)
    while audit.link():
        pass
    with context.opened("worker"):
        for _sweep in range(200):
            actions.raise_alarms(actor=Anyone(), now=NOON, limit=3)
    [alarm] = Alarm.objects.filter(rule="many_records")
    assert alarm.count == 20
    assert AuditLine.objects.filter(event="network.alarm_raised", row=alarm.ref).count() == 1


# --- Who sees it, and who says that it was looked at ---------------------------------------------


@pytest.fixture
def alarm(cast: Cast) -> Alarm:
    """Intake has opened fifteen cases at noon."""
    read(cast, 15, NOON)
    [found] = look()
    return found


@pytest.mark.parametrize(
    ("who", "sees"),
    [("root-one", True), ("root-two", True), ("intake", True), ("colleague", False),
     ("clinic", False), ("fallback", False), ("stranger", False)],
)  # fmt: skip
def test_administrators_of_the_line_and_she_herself_see_an_alarm(
    who: str, sees: bool, cast: Cast, alarm: Alarm
) -> None:
    """By policy, whatever the page asks; not the public door, not the worker."""
    with cast.acting(who):
        assert Alarm.objects.exists() is sees
    for role in ("public", "worker"):
        with pytest.raises(DatabaseError), transaction.atomic(), context.opened(role):
            Alarm.objects.exists()


def test_an_administrator_of_another_branch_sees_none(cast: Cast, alarm: Alarm) -> None:
    """Only of the agencies that she signs for."""
    administrator = cast.user("root-one").administers
    administrator.agency = cast.agency("hospital")
    administrator.save()
    with cast.acting("root-one") as actor:
        assert not Alarm.objects.exists() and not access.visible_alarms(actor).exists()
        with pytest.raises(NotYours):
            access.get_alarm(actor, alarm.ref)


def look_at(cast: Cast, who: str, alarm: Alarm, count: int = 15) -> None:
    """Says that it was looked at."""
    with cast.acting(who) as actor:
        actions.look_at_alarm(
            actor=actor, alarm=alarm, reason="talked", count=count, now=timezone.now()
        )


def test_nobody_marks_her_own_alarm(cast: Cast) -> None:
    """Not an administrator either: the action says no, and so does the policy."""
    read(cast, 15, NOON, who="root-one", desk=None)
    [own] = look()
    assert own.desk_id is None and own.agency_id == cast.agency("network").pk
    with pytest.raises(NotYourDuty):
        look_at(cast, "root-one", own)
    with cast.acting("root-one") as actor:
        changed = Alarm.objects.filter(pk=own.pk).update(
            seen_at=NOON, seen_by=actor.ref, reason="duty"
        )
        assert changed == 0
    look_at(cast, "root-two", own)
    own.refresh_from_db()
    assert own.seen_by == cast.user("root-two").keypair_id and own.reason == "talked"
    assert AuditLine.objects.filter(event="network.alarm_looked_at", row=own.ref).count() == 1


def test_nobody_marks_an_alarm_in_another_name(cast: Cast, alarm: Alarm) -> None:
    """Nor takes a mark back, nor changes what was counted."""
    foreign = cast.user("root-two").keypair_id
    for values in (
        {"seen_at": NOON, "seen_by": foreign, "reason": "duty"},
        {"seen_at": None, "seen_by": None, "reason": ""},
        {"count": 1},
    ):
        with (
            pytest.raises(DatabaseError), transaction.atomic(), cast.acting("root-one"),
        ):  # fmt: skip
            Alarm.objects.filter(pk=alarm.pk).update(**values)
    for who in ("intake", "colleague", "stranger"):
        with pytest.raises(NotYourDuty):
            look_at(cast, who, alarm)


def test_an_alarm_that_grows_is_open_again(cast: Cast, alarm: Alarm) -> None:
    """Who looked at fifteen has not looked at forty; nor while the page lay open."""
    look_at(cast, "root-one", alarm)
    read(cast, 25, NOON + timedelta(minutes=15))
    grown = look()[0]
    assert (grown.ref, grown.seen_at, grown.seen_by, grown.reason) == (alarm.ref, None, None, "")
    with pytest.raises(actions.GrewMeanwhile):
        look_at(cast, "root-one", grown, count=15)
    look_at(cast, "root-one", grown, count=grown.count)


def test_an_alarm_leaves_a_line_that_stays_when_the_row_is_taken_away(alarm: Alarm) -> None:
    """In the chain, which says who has looked at it, too."""
    assert AuditLine.objects.get(event="network.alarm_raised").row == alarm.ref


# --- The pages -----------------------------------------------------------------------------------


def text(answer: Any) -> str:
    """The page as a person reads it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def test_a_supervisor_reads_who_which_rule_which_hour_how_often(
    cast: Cast, alarm: Alarm, sign_in: SignIn
) -> None:
    """And no case, no report, no content."""
    door = sign_in("root-one")
    page = door.get("/network/alarms/")
    said = text(page)
    assert "Mera I: Membuka banyak kasus dalam satu jam" in said
    assert "12.00 WITA" in said and "15×" in said and "belum diperiksa" in said
    assert "Peringatan (1)" in said and "Pengaduan Uji" in said
    records = AuditLine.objects.filter(record__isnull=False).values_list("record", flat=True)
    one = door.get(f"/network/alarms/{alarm.ref}/")
    for answer in (page, one):
        assert not [r for r in records if str(r) in answer.content.decode()]
    answer = door.post(f"/network/alarms/{alarm.ref}/", {"count": 15, "reason": "talked"})
    assert answer.status_code == 302
    said = text(door.get("/network/alarms/"))
    assert "Sudah dibicarakan dengannya · Yasi A" in said and "Peringatan (" not in said


def test_a_mark_without_a_reason_or_with_an_invented_one_is_asked_again(
    alarm: Alarm, sign_in: SignIn
) -> None:
    """Reasons are chosen: a sentence could name somebody."""
    door = sign_in("root-one")
    for reason in ("", "Ibu Maria sudah tahu"):
        answer = door.post(f"/network/alarms/{alarm.ref}/", {"count": 15, "reason": reason})
        assert answer.status_code == 422
    answer = door.post(f"/network/alarms/{alarm.ref}/", {"count": 14, "reason": "duty"})
    assert answer.status_code == 422 and "Lihat sekali lagi" in text(answer)
    assert not Alarm.objects.filter(seen_at__isnull=False).exists()


def test_others_are_kept_out_of_the_pages(alarm: Alarm, sign_in: SignIn) -> None:
    """403 for the list, 404 for one; she herself sees hers on her own page."""
    for who in ("intake", "clinic", "stranger"):
        door = sign_in(who)
        assert door.get("/network/alarms/").status_code == 403
        assert door.get("/network/anchor/").status_code == 403
        assert door.get(f"/network/alarms/{alarm.ref}/").status_code == 404
        own = text(door.get("/accounts/me/"))
        assert ("Membuka banyak kasus" in own) is (who == "intake")


def test_an_administrators_own_alarm_waits_for_another(cast: Cast, sign_in: SignIn) -> None:
    """She sees it, and no button; a post is refused."""
    read(cast, 15, NOON, who="root-one", desk=None)
    [own] = look()
    door = sign_in("root-one")
    assert "menunggu orang lain" in text(door.get("/network/alarms/"))
    page = door.get(f"/network/alarms/{own.ref}/")
    assert "Administrator lain yang memeriksanya" in text(page)
    assert b'name="reason"' not in page.content
    answer = door.post(f"/network/alarms/{own.ref}/", {"count": 15, "reason": "duty"})
    assert answer.status_code == 403
    assert sign_in("root-two").post(
        f"/network/alarms/{own.ref}/", {"count": 15, "reason": "duty"}
    ).status_code == 302  # fmt: skip


def test_an_administrator_copies_the_anchor_into_her_book(cast: Cast, sign_in: SignIn) -> None:
    """The same number and digits as `./simpul anchor`; a head that is not ours is not shown."""
    from simpul.vault import anchors

    audit.link()
    end = audit.end()
    check = anchors.check_digits(end.number, end.hash)
    door = sign_in("root-one")
    said = text(door.get("/network/anchor/"))
    assert str(end.number) in said and check in said
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE vault_audithead DISABLE TRIGGER append_only")
        cursor.execute("UPDATE vault_audithead SET hash = signature")
    assert check not in text(door.get("/network/anchor/"))


def test_without_administering_nobody_sees_a_head(cast: Cast) -> None:
    """By policy."""
    audit.link()
    for who, sees in (("root-one", True), ("intake", False), ("stranger", False)):
        with cast.acting(who):
            assert (audit.newest_head() is not None) is sees
