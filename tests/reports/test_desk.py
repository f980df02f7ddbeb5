"""The receiving desk: who answers, who may not, what is late, what is set aside; and who is kept out."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from simpul.accounts.models import User
from simpul.cases.actions import files
from simpul.cases.models import Case
from simpul.clocks.models import Clock
from simpul.core.access import NotYourDuty
from simpul.network.models import Membership
from simpul.reports import access, actions, jobs, queries
from simpul.reports.actions import aside, duties, escalations, pledges
from simpul.reports.models import (
    Acknowledgement,
    Declaration,
    Escalation,
    Report,
    SetAside,
)
from simpul.vault import context
from simpul.vault.models import AuditLine
from tests.conftest import Cast, Door, Receipt

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Door]
NOW = timezone.now()


def text(response: Any) -> str:
    """The page as a person reads it."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def declare(cast: Cast, who: str, tie: str = "no") -> None:
    """A colleague reads the one report and says whether she is tied."""
    with cast.acting(who) as actor:
        report = Report.objects.get()
        actions.read(actor=actor, report=report)
        duties.declare(actor=actor, report=report, tie=tie, now=timezone.now())


def leave(cast: Cast, who: str, desk: str = "intake") -> None:
    """A colleague leaves a desk."""
    Membership.objects.filter(user=cast.user(who), desk=cast.desk(desk)).update(
        until_at=timezone.now()
    )


def late_by(hours: int, rule: str = "K31") -> None:
    """Lets so many hours pass on the running clock of a rule."""
    for clock in Clock.objects.filter(rule=rule, stopped_at=None):
        clock.started_at -= timedelta(hours=hours)
        clock.due_at -= timedelta(hours=hours)
        clock.save()


def sweep() -> None:
    """What the worker does about what is late."""
    with context.opened("worker"):
        jobs.wake_overdue(timezone.now())
    with context.opened("worker"):
        jobs.escalate_late()


def owned() -> tuple[str | None, str | None]:
    """The names of owner and deputy of the one report."""
    report = Report.objects.select_related("owner", "deputy").get()
    return (
        report.owner.username if report.owner else None,
        report.deputy.username if report.deputy else None,
    )


def without(cast: Cast, receipt: Receipt) -> str:
    """What stands behind the receipt, in words."""
    from simpul.reports import own

    with cast.reporting(receipt) as reporter:
        return " ".join(
            own.late()
            + own.standing(reporter.report, reads=[], messages=[], due=None, now=timezone.now())
        )


# --- Guard-rails ---------------------------------------------------------------------------------


def test_nobody_takes_up_a_report_who_has_not_read_the_guard_rails(
    cast: Cast, sign_in: SignIn
) -> None:
    """K28: once a year; a press on the page is enough, and twice is once."""
    cast.file()
    Acknowledgement.objects.all().delete()
    with pytest.raises(pledges.Unread):
        cast.open_case(receipt_of_the_one(cast))
    door = sign_in("intake")
    assert "Baca Panduan bicara dulu" in text(door.get("/cases/new/"))
    page = text(door.get("/reports/phrases/"))
    for words in ("Jangan menyelidiki.", "Hentikan dan rujuk", "bukan salah Anda", "Ganti dengan"):
        assert words in page
    for _time in range(2):
        assert door.post("/reports/phrases/").status_code == 302
    assert Acknowledgement.objects.count() == 1
    assert "Sudah Anda baca" in text(door.get("/reports/phrases/"))
    assert cast.open_case(receipt_of_the_one(cast))


def receipt_of_the_one(cast: Cast) -> Any:
    """What `open_case` looks at of a receipt."""

    class One:
        class opened:  # noqa: N801
            lookup = Report.objects.get().lookup

    return One


@pytest.mark.parametrize(("days", "reads"), [(364, True), (366, False)])
def test_the_reading_holds_for_twelve_months(cast: Cast, days: int, reads: bool) -> None:
    Acknowledgement.objects.update(made_at=NOW - timedelta(days=days))
    receipt = cast.file()
    if reads:
        assert cast.open_case(receipt)
    else:
        with pytest.raises(pledges.Unread):
            cast.open_case(receipt)


def test_a_newer_version_is_read_anew(cast: Cast) -> None:
    Acknowledgement.objects.update(version="0")
    with pytest.raises(pledges.Unread):
        cast.open_case(cast.file())


def test_phrases_are_one_tap_away_from_every_page(sign_in: SignIn) -> None:
    for path in ("/", "/cases/", "/referrals/", "/directory/", "/network/", "/accounts/me/"):
        html = sign_in("intake").get(path).content.decode()
        assert 'href="/reports/phrases/"' in html, path


# --- Ties, owner and deputy ----------------------------------------------------------------------


def test_nobody_owns_what_she_has_not_declared_herself_free_of(cast: Cast) -> None:
    cast.file()
    with cast.acting("intake") as actor, pytest.raises(duties.Tied):
        report = Report.objects.get()
        actions.take_up(actor=actor, report=report, desk=actor.desks[0], now=NOW)


@pytest.mark.parametrize("tie", ["yes", "unknown"])
def test_who_is_tied_or_does_not_know_is_told_what_happens_and_the_report_waits(
    cast: Cast, sign_in: SignIn, tie: str
) -> None:
    cast.file()
    code, door = Report.objects.get().code, sign_in("intake")
    sent = door.post(f"/cases/from/{code}/", taking(tie=tie))
    assert sent["Location"].endswith(f"/reports/{code}/")
    assert "Anda tidak bisa menangani laporan ini." in text(door.get(sent["Location"]))
    assert not Case.objects.exists()
    row = Declaration.objects.get()
    assert (row.user, row.tie) == (cast.user("intake"), tie)
    assert AuditLine.objects.filter(event="reports.tie_declared", parts=[tie]).count() == 1
    assert sign_in("colleague").post(f"/cases/from/{code}/", taking()).status_code == 302
    assert owned() == ("colleague", None)


def taking(**more: Any) -> dict[str, Any]:
    """A filled take-up form."""
    soon = (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%d")
    return {
        "tie": "no", "owner": "", "deputy": "", "next_action": "Menelepon", "due_on": soon,
        "due_hour": "10:00", "risk": "low", "label": "", **more,
    }  # fmt: skip


def test_a_tie_that_was_declared_stays_declared_whoever_writes(cast: Cast) -> None:
    cast.file()
    declare(cast, "intake", "yes")
    declare(cast, "intake", "no")
    assert Declaration.objects.get().tie == "yes"
    with pytest.raises(DatabaseError), transaction.atomic():
        Declaration.objects.update(tie="no")


def test_a_colleague_who_is_free_may_be_owner_and_another_deputy(
    cast: Cast, sign_in: SignIn
) -> None:
    cast.file()
    code = Report.objects.get().code
    page = sign_in("intake").get(f"/cases/from/{code}/").content.decode()
    owners, deputies = (re.findall(rf'<select name="{n}".*?</select>', page, re.S)[0]
                        for n in ("owner", "deputy"))  # fmt: skip
    assert "Tilo I" not in owners and "Tilo I" in deputies, "she has said nothing yet"
    declare(cast, "colleague")
    colleague = str(cast.user("colleague").pk)
    both = taking(owner=colleague, deputy=colleague)
    assert sign_in("intake").post(f"/cases/from/{code}/", both).status_code == 422
    sent = sign_in("intake").post(f"/cases/from/{code}/", taking(owner=colleague))
    assert sent.status_code == 302
    assert owned() == ("colleague", None)
    assert Case.objects.get().owner == cast.user("colleague"), "the case says the same"


def test_the_database_refuses_an_owner_who_is_tied_elsewhere_or_not_asked(cast: Cast) -> None:
    """Whoever writes, also past the application."""
    cast.open_case(cast.file())
    declare(cast, "colleague", "unknown")
    for who in ("colleague", "clinic", "stranger"):
        for role in ("owner", "deputy"):
            with pytest.raises(DatabaseError), transaction.atomic():
                Report.objects.update(**{role: cast.user(who)})
    assert owned() == ("intake", None)


def test_an_owner_who_learns_of_a_tie_ceases_to_own_at_once(cast: Cast, sign_in: SignIn) -> None:
    """Without a deputy who is free the report says that it has no owner."""
    case = cast.open_case(cast.file(), deputy=cast.user("colleague"))
    assert owned() == ("intake", "colleague")
    declare(cast, "intake", "yes")
    assert owned() == (None, "colleague"), "the deputy has not said that she is free"
    page = sign_in("colleague").get("/")
    assert "Tanpa pemilik" in text(page) and case.report.code in text(page)
    with cast.acting("intake") as actor, pytest.raises(duties.Tied):
        duties.assign(
            actor=actor, report=access.get_report(actor, case.report.code), deputy=None,
            owner=cast.user("intake"), reason="without",
        )  # fmt: skip
    declare(cast, "colleague")
    done = sign_in("colleague").post(
        f"/reports/{case.report.code}/owner/",
        {"owner": cast.user("colleague").pk, "deputy": "", "reason": "without"},
    )
    assert done.status_code == 302
    assert owned() == ("colleague", None)
    assert AuditLine.objects.filter(event="reports.assigned", parts=["without"]).count() == 1


@pytest.mark.parametrize("free", [True, False])
def test_when_the_owner_leaves_the_deputy_follows_if_she_is_free(cast: Cast, free: bool) -> None:
    cast.file()
    if free:
        declare(cast, "colleague")
    cast.open_case(receipt_of_the_one(cast), deputy=cast.user("colleague"))
    leave(cast, "intake")
    assert owned() == (("colleague", None) if free else (None, "colleague"))
    leave(cast, "colleague")
    assert owned() == (None, None)


def test_leaving_another_desk_changes_nothing(cast: Cast) -> None:
    cast.open_case(cast.file())
    Membership.objects.create(
        user=cast.user("intake"), desk=cast.desk("clinic"), from_at=NOW - timedelta(days=1)
    )
    leave(cast, "intake", "clinic")
    assert owned() == ("intake", None)


@pytest.mark.parametrize("shape", ["office", "excluded"])
def test_somebody_of_the_reported_office_is_neither_owner_nor_deputy_by_a_second_desk(
    cast: Cast, shape: str
) -> None:
    """M04: her membership of the receiving desk does not help; nor does a unit below that office."""
    dinas = str(cast.agency("dinas").ref)
    said = {"office": dinas, "excluded": []} if shape == "office" else {"excluded": [dinas]}
    cast.file(reported_person=said)
    Membership.objects.create(
        user=cast.user("colleague"), desk=cast.desk("office"), from_at=NOW - timedelta(days=1)
    )
    declare(cast, "colleague")
    with pytest.raises(duties.OfThatOffice):
        cast.open_case(receipt_of_the_one(cast), deputy=cast.user("colleague"))
    with pytest.raises(duties.OfThatOffice):
        cast.open_case(receipt_of_the_one(cast), owner=cast.user("colleague"))
    assert cast.open_case(receipt_of_the_one(cast))


@pytest.mark.parametrize("who", ["clinic", "fallback", "office", "stranger", "root-one"])
@pytest.mark.parametrize("path", ["ties", "owner", "pass-on", "aside", "back", "together"])
def test_the_desks_acts_are_not_there_for_others(
    cast: Cast, sign_in: SignIn, who: str, path: str
) -> None:
    cast.file()
    code, door = Report.objects.get().code, sign_in(who)
    for page in (door.get(f"/reports/{code}/{path}/"), door.post(f"/reports/{code}/{path}/")):
        assert page.status_code == 404


# --- Nobody is free ------------------------------------------------------------------------------


def test_when_everybody_is_tied_the_fallback_desk_opens_it_and_this_desk_no_more(
    cast: Cast, sign_in: SignIn
) -> None:
    cast.file()
    code = Report.objects.get().code
    declare(cast, "intake", "yes")
    early = sign_in("intake").post(f"/reports/{code}/pass-on/", {"sure": "1"})
    assert "Tunggu pernyataan semua rekan" in text(early), "one colleague may be free"
    declare(cast, "colleague", "unknown")
    assert "Teruskan ke meja pengganti" in text(sign_in("intake").get(f"/reports/{code}/"))
    assert sign_in("intake").post(f"/reports/{code}/pass-on/", {"sure": "1"}).status_code == 302
    assert sign_in("intake").get(f"/reports/{code}/").status_code == 404
    assert sign_in("fallback").get(f"/reports/{code}/").status_code == 200
    assert Clock.objects.filter(rule="K02", desk=cast.desk("fallback"), stopped_at=None).exists()


def test_without_a_fallback_nothing_is_passed_on(cast: Cast, sign_in: SignIn) -> None:
    """She agreed to no other desk; the page says what to do instead."""
    cast.file(fallback=None)
    for who in ("intake", "colleague"):
        declare(cast, who, "yes")
    with cast.acting("intake") as actor, pytest.raises(duties.SomebodyIsFree):
        duties.pass_on(actor=actor, report=Report.objects.get())
    page = sign_in("intake").get(f"/reports/{Report.objects.get().code}/pass-on/")
    assert "minta ia memilih tempat lain" in text(page)


# --- Late ----------------------------------------------------------------------------------------


def test_two_days_late_the_agreed_desk_outside_is_told_and_she_sees_it(
    cast: Cast, sign_in: SignIn
) -> None:
    receipt = cast.file()
    case = cast.open_case(receipt, due_at=NOW + timedelta(hours=1))
    late_by(48)
    sweep()
    assert not Escalation.objects.exists(), "47 hours"
    late_by(2)
    for _time in range(3):
        sweep()
    told = Escalation.objects.get()
    assert (told.desk, told.late_desk) == (cast.desk("fallback"), cast.desk("intake"))
    assert (told.what, told.code) == ("next_action", case.report.code)
    assert "Pengaduan Provinsi Uji sudah diberi tahu." in without(cast, receipt)
    assert "Ada unit lain yang terlambat" in text(sign_in("fallback").get("/"))
    page = sign_in("fallback").get("/reports/late/")
    assert case.report.code in text(page) and "Pengaduan Uji" in text(page)
    assert sign_in("fallback").get(f"/reports/{case.report.code}/").status_code == 404
    assert sign_in("fallback").post(f"/reports/late/{told.ref}/").status_code == 302
    assert "sudah mengingatkan pada" in without(cast, receipt)
    with cast.acting("intake") as actor:
        files.set_next_action(
            actor=actor, case=Case.objects.select_related("report", "desk__agency__region").get(),
            text="Menelepon", due_at=NOW + timedelta(days=1), now=NOW,
        )  # fmt: skip
    assert Escalation.objects.get().ended_at is not None
    assert "Tidak ada yang terlambat." in text(sign_in("fallback").get("/reports/late/"))
    assert "terlambat" not in without(cast, receipt)


@pytest.mark.parametrize("who", ["intake", "clinic", "office", "root-one", "stranger"])
def test_nobody_else_reminds_or_sees_what_is_late(cast: Cast, sign_in: SignIn, who: str) -> None:
    cast.open_case(cast.file(), due_at=NOW - timedelta(hours=60))
    sweep()
    told = Escalation.objects.get()
    assert sign_in(who).post(f"/reports/late/{told.ref}/").status_code == 404
    assert told.code not in text(sign_in(who).get("/reports/late/"))
    assert Escalation.objects.get().reminded_at is None
    if who in ("intake", "clinic"):
        with cast.acting(who) as actor, pytest.raises(NotYourDuty):
            escalations.remind(actor=actor, escalation=told, now=NOW)


def test_the_line_of_the_reported_person_is_never_told(cast: Cast) -> None:
    """The fallback desk stands above the office that must not know: nobody is told, and she sees it."""
    province = str(cast.agency("province").ref)
    receipt = cast.file(reported_person={"office": province, "excluded": []}, fallback=None)
    cast.open_case(receipt, due_at=NOW - timedelta(hours=60))
    sweep()
    assert Escalation.objects.get().desk is None
    assert "Belum ada tempat lain yang boleh kami beri tahu." in without(cast, receipt)


def test_a_report_nobody_took_up_is_told_outside_after_its_last_clock(cast: Cast) -> None:
    """Without a fallback desk it still does not stay in the unit."""
    receipt = cast.file(fallback=None)
    late_by(24 + 47, "K02")
    sweep()
    assert not Escalation.objects.exists()
    late_by(2, "K02")
    sweep()
    told = Escalation.objects.get()
    assert (told.what, told.desk) == ("unanswered", cast.desk("fallback"))
    assert "Jawaban kami terlambat sejak" in without(cast, receipt)
    cast.open_case(receipt)
    assert Escalation.objects.get().ended_at is not None


def test_a_woken_fallback_desk_is_not_told_of_its_own_lateness(cast: Cast) -> None:
    cast.file()
    late_by(25, "K02")
    sweep()
    late_by(24 + 49, "K02")
    sweep()
    told = Escalation.objects.get()
    assert told.late_desk == cast.desk("fallback")
    assert told.desk is None, "in this small network nobody else coordinates"


def test_the_worker_tells_nothing_that_is_not_late(cast: Cast) -> None:
    """The database looks for itself, whatever reference the worker names."""
    case = cast.open_case(cast.file())
    with context.opened("worker"):
        assert not escalations.escalate(actor=actions.Filing(), report=case.ref)
    assert not Escalation.objects.exists()


def test_a_closed_case_is_never_late(cast: Cast) -> None:
    case = cast.open_case(cast.file(), due_at=NOW - timedelta(hours=60))
    with cast.acting("intake") as actor:
        files.close(actor=actor, case=case, reason="goals", note="", now=NOW)
    sweep()
    assert not Escalation.objects.exists()
    assert Report.objects.get().due_at is None


# --- Lists ---------------------------------------------------------------------------------------


def listed(cast: Cast, who: str, name: str) -> list[str]:
    """The references of a list of the inbox."""
    with cast.acting(who) as actor:
        return [report.code for report in queries.listed(actor, name, timezone.now())]


def test_each_report_is_on_the_lists_where_it_belongs(cast: Cast, sign_in: SignIn) -> None:
    cast.file(now=NOW)
    cast.file(safety={"danger": "yes"}, now=NOW)
    late = cast.open_case(cast.file(), due_at=NOW - timedelta(hours=2)).report.code
    mine = cast.open_case(cast.file(), deputy=cast.user("colleague")).report.code
    closed = cast.open_case(cast.file())
    with cast.acting("intake") as actor:
        files.close(actor=actor, case=closed, reason="goals", note="", now=NOW)
    waiting = listed(cast, "intake", "waiting")
    assert waiting == list(
        Report.objects.filter(state="new").order_by("-urgent").values_list("code", flat=True)
    )
    assert listed(cast, "intake", "overdue") == [late]
    assert listed(cast, "intake", "mine") == [late, mine] == listed(cast, "intake", "desk")
    assert listed(cast, "colleague", "mine") == [mine], "as a deputy"
    assert listed(cast, "intake", "closed") == [closed.report.code]
    for name in queries.LISTS:
        assert sign_in("intake").get(f"/reports/?list={name}").status_code == 200
        assert listed(cast, "clinic", name) == listed(cast, "fallback", name) == []
    said = text(sign_in("intake").get("/reports/?list=mine"))
    assert "Pemilik: Mera I" in said and "Wakil: Tilo I" in said
    assert "Langkah yang terlambat keluar dari unit" not in said


def test_the_inbox_is_paged_and_keeps_its_list(cast: Cast, sign_in: SignIn) -> None:
    from tests.load import people

    people.file_many(cast, 51, NOW)
    Report.objects.update(held=True)
    page = sign_in("intake").get("/reports/?list=held")
    html = page.content.decode()
    assert html.count('name="code"') == 50
    assert "list=held&amp;page=2" in html
    assert "Ada 51 laporan yang perlu dipilah." in text(sign_in("intake").get("/reports/"))


# --- The tray ------------------------------------------------------------------------------------


def test_one_press_takes_the_real_ones_back(cast: Cast, sign_in: SignIn) -> None:
    for _number in range(3):
        cast.file()
    Report.objects.update(held=True)
    codes = list(Report.objects.order_by("code").values_list("code", flat=True))
    done = sign_in("intake").post("/reports/held/", {"code": codes[:2], "release": "1"})
    assert done["Location"] == "/reports/?list=held"
    assert Report.objects.filter(held=True).count() == 1
    assert sorted(listed(cast, "intake", "waiting")) == codes[:2]


@pytest.mark.parametrize("who", ["clinic", "office", "stranger"])
def test_nobody_else_moves_what_is_in_the_tray(cast: Cast, sign_in: SignIn, who: str) -> None:
    cast.file()
    Report.objects.update(held=True)
    code = Report.objects.get().code
    for more in ({"release": "1"}, {"aside": "1", "reason": "trial"}):
        sign_in(who).post("/reports/held/", {"code": [code], **more})
    assert Report.objects.get().held and not SetAside.objects.exists()


def test_many_are_asked_to_be_set_aside_but_only_those_that_were_read(
    cast: Cast, sign_in: SignIn
) -> None:
    for safety in ({"danger": "no"}, {"danger": "no"}, {"danger": "yes"}):
        cast.file(safety=safety)
    Report.objects.update(held=True)
    door, codes = (
        sign_in("intake"),
        list(Report.objects.order_by("ref").values_list("code", flat=True)),
    )
    urgent = Report.objects.get(urgent=True).code
    read = next(code for code in codes if code != urgent)
    for code in (read, urgent):
        door.get(f"/reports/{code}/")
    assert door.post("/reports/held/", {"code": codes, "aside": "1"}).status_code == 422
    door.post("/reports/held/", {"code": codes, "aside": "1", "reason": "trial"})
    assert [row.report.code for row in SetAside.objects.all()] == [read]
    assert Report.objects.filter(aside_at__isnull=False).count() == 0, "a second person is needed"


# --- Setting aside -------------------------------------------------------------------------------


def set_aside(cast: Cast) -> Report:
    """Two who have read it set the one report aside."""
    for who in ("intake", "colleague"):
        with cast.acting(who) as actor:
            report = Report.objects.get()
            actions.read(actor=actor, report=report)
            if who == "intake":
                aside.ask(actor=actor, report=report, reason="trial", now=timezone.now())
            else:
                aside.agree(actor=actor, report=report, now=timezone.now())
    return Report.objects.get()


def test_two_set_a_report_aside_and_a_word_of_the_reporter_brings_it_back(
    cast: Cast, sign_in: SignIn
) -> None:
    receipt = cast.file()
    report = set_aside(cast)
    assert report.aside_at is not None
    assert listed(cast, "intake", "waiting") == [] and listed(cast, "intake", "aside") == [
        report.code
    ]
    assert not Clock.objects.filter(rule="K02", stopped_at=None).exists()
    again = Clock.objects.get(rule="K32", stopped_at=None)
    assert again.due_at - again.started_at == timedelta(days=7)
    said = without(cast, receipt)
    assert said == "Kami belum mengerti laporan ini. Tulis lagi bila Anda butuh bantuan."
    from uuid import uuid4

    with cast.reporting(receipt) as reporter:
        actions.send(actor=reporter, ref=uuid4(), text="Saya sungguh butuh bantuan.", now=NOW)
    report.refresh_from_db()
    assert report.aside_at is None
    assert listed(cast, "intake", "waiting") == [report.code]
    assert Clock.objects.filter(rule="K02", stopped_at=None).count() == 1
    assert not Clock.objects.filter(rule="K32", stopped_at=None).exists()
    assert "belum mengerti" not in without(cast, receipt)


def test_a_word_before_the_second_agrees_ends_the_asking(cast: Cast) -> None:
    receipt = cast.file()
    with cast.acting("intake") as actor:
        actions.read(actor=actor, report=Report.objects.get())
        aside.ask(actor=actor, report=Report.objects.get(), reason="empty", now=NOW)
    from uuid import uuid4

    with cast.reporting(receipt) as reporter:
        actions.send(actor=reporter, ref=uuid4(), text="Halo", now=NOW)
    with cast.acting("colleague") as actor:
        actions.read(actor=actor, report=Report.objects.get())
        with pytest.raises(aside.AnotherMust):
            aside.agree(actor=actor, report=Report.objects.get(), now=NOW)


def test_one_alone_sets_nothing_aside(cast: Cast, sign_in: SignIn) -> None:
    cast.file()
    code, door = Report.objects.get().code, sign_in("intake")
    door.get(f"/reports/{code}/")
    assert door.post(f"/reports/{code}/aside/", {"reason": "misuse"}).status_code == 302
    assert "Rekan lain" in text(door.post(f"/reports/{code}/aside/", {"sure": "1"}))
    assert Report.objects.get().aside_at is None
    second = sign_in("colleague")
    unread = second.post(f"/reports/{code}/aside/", {"sure": "1"})
    assert unread.status_code == 422, "she has not read it"
    assert "Setujui" in text(second.get(f"/reports/{code}/"))
    assert second.post(f"/reports/{code}/aside/", {"sure": "1"}).status_code == 302
    assert Report.objects.get().aside_at is not None
    assert second.post(f"/reports/{code}/back/").status_code == 302
    assert Report.objects.get().aside_at is None


def test_the_database_wants_two_who_have_read(cast: Cast) -> None:
    """Also from a colleague who writes past the application."""
    cast.file()
    intake, colleague = cast.user("intake"), cast.user("colleague")

    def refused(who: str, act: Callable[[], object]) -> None:
        with cast.acting(who), pytest.raises(DatabaseError), transaction.atomic():
            act()

    def asks(user: User, **more: Any) -> Callable[[], object]:
        return lambda: SetAside.objects.create(
            report=Report.objects.get(), reason="trial", asked_by=user, asked_at=NOW, **more
        )

    refused("intake", asks(intake))  # not read
    with cast.acting("intake") as actor:
        actions.read(actor=actor, report=Report.objects.get())
    refused("intake", asks(colleague))  # in another's name
    refused("intake", asks(intake, agreed_by=colleague, agreed_at=NOW))
    with cast.acting("intake"):
        asks(intake)()
    for user in (intake, colleague):
        refused("intake", lambda: SetAside.objects.update(agreed_by=user, agreed_at=NOW))  # noqa: B023
    refused("colleague", lambda: SetAside.objects.update(agreed_by=colleague, agreed_at=NOW))
    with cast.acting("intake"), pytest.raises(DatabaseError), transaction.atomic():
        Report.objects.update(aside_at=NOW)


def test_what_claims_danger_is_answered_before_anybody_sets_it_aside(cast: Cast) -> None:
    from uuid import uuid4

    cast.file(safety={"danger": "yes"})
    with cast.acting("intake") as actor:
        report = Report.objects.get()
        actions.read(actor=actor, report=report)
        with pytest.raises(aside.AnswerFirst):
            aside.ask(actor=actor, report=report, reason="trial", now=NOW)
        with pytest.raises(DatabaseError), transaction.atomic():
            SetAside.objects.create(
                report=report, reason="trial", asked_by=actor.user, asked_at=NOW
            )
        actions.answer(actor=actor, report=report, ref=uuid4(), text="Apakah Anda aman?", now=NOW)
        aside.ask(actor=actor, report=report, reason="trial", now=NOW)
    assert SetAside.objects.count() == 1


def test_after_seven_days_it_is_looked_at_again(cast: Cast, sign_in: SignIn) -> None:
    """It is on the list of what is late, and stays there until two have looked."""
    cast.file()
    report = set_aside(cast)
    late_by(24 * 7 + 1, "K32")
    with connection.cursor() as cursor:  # the clock moved, as time would have
        cursor.execute("UPDATE reports_report SET due_at = now() - interval '1 hour'")
    assert listed(cast, "intake", "overdue") == [report.code]
    assert "disisihkan 7 hari lalu" in text(sign_in("intake").get("/"))
    done = sign_in("colleague").post(f"/reports/{report.code}/aside/", {"sure": "1"})
    assert done.status_code == 302
    assert listed(cast, "intake", "overdue") == []
    assert listed(cast, "intake", "aside") == [report.code]


def test_a_report_that_lay_aside_can_be_taken_up_and_lies_there_no_more(cast: Cast) -> None:
    receipt = cast.file()
    set_aside(cast)
    cast.open_case(receipt)
    report = Report.objects.get()
    assert (report.aside_at, report.state) == (None, "taken")
    assert not Clock.objects.filter(rule__in=["K02", "K32"], stopped_at=None).exists()


def test_a_desk_of_one_asks_the_fallback_desk_to_look_too(cast: Cast) -> None:
    cast.file()
    leave(cast, "colleague")
    with cast.acting("intake") as actor:
        report = Report.objects.get()
        with pytest.raises(duties.SomebodyIsFree):
            duties.pass_on(actor=actor, report=report)
        actions.read(actor=actor, report=report)
        aside.ask(actor=actor, report=report, reason="empty", now=NOW)
        duties.pass_on(actor=actor, report=report)
        assert access.can_read(actor, access.get_report(actor, report.code)), "this desk reads on"
    with cast.acting("fallback") as actor:
        found = access.get_report(actor, report.code)
        actions.read(actor=actor, report=found)
        aside.agree(actor=actor, report=found, now=NOW)
    assert Report.objects.get().aside_at is not None


def test_no_door_deletes_a_report(cast: Cast) -> None:
    cast.file()
    for door in ("workspace", "public", "worker"):
        with context.opened(door), pytest.raises(DatabaseError), transaction.atomic():
            Report.objects.all()._raw_delete("default")
