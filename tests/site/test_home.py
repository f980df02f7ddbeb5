"""Hari ini: what waits, each line one click from the act; and what stands on every page."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from simpul.network import actions as network
from simpul.network.models import Proposal
from simpul.referrals import actions as referrals
from simpul.referrals.actions import Need
from simpul.reports import actions as reports
from simpul.site import navigation
from simpul.vault.models import AuditLine
from tests.conftest import Cast, Door

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Door]


def text(response: Any) -> str:
    """The page as a person reads it."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_what_is_late_due_asked_arrived_and_stopped_is_on_one_page(
    cast: Cast, sign_in: SignIn
) -> None:
    now = timezone.now()
    late = cast.open_case(cast.file(), label="yang terlambat", due_at=now - timedelta(hours=3))
    stopped = cast.file()
    gone = cast.open_case(stopped, label="yang berhenti")
    cast.file(now=now - timedelta(hours=2))
    with cast.reporting(stopped) as reporter:
        reports.withdraw(actor=reporter, now=now)
    page = sign_in("intake").get("/")
    said, html = text(page), page.content.decode()
    assert page.status_code == 200
    for words in (
        "Hari ini", "Terlambat", "yang terlambat", "Terlambat 3 jam", "Laporan baru",
        "Periksa kesehatan · Kota Kupang", "Tangani", "Dihentikan pelapor", gone.report.code,
        "Pilihan kami: dihitung sejak laporan masuk",
    ):  # fmt: skip
        assert words in said
    assert "yang berhenti" not in said
    assert f"/cases/{late.code}/next/#nextaction_text" in html
    assert "/cases/from/" in html


def test_a_referral_waits_on_the_receivers_page(cast: Cast, sign_in: SignIn) -> None:
    case = cast.open_case(cast.file())
    consent = cast.consent(case, "clinic", ["health"])
    with cast.acting("intake") as actor:
        referrals.send(
            actor=actor, case=case, ref=uuid4(), consent=consent, compartments=["health"],
            need=Need(service="health"), urgency="high", now=timezone.now(),
        )  # fmt: skip
    said = text(sign_in("clinic").get("/"))
    assert "Rujukan menunggu jawaban" in said
    assert "Layanan kesehatan" in said
    assert "dari Pengaduan Uji" in said


def test_when_nothing_waits_the_page_says_so(sign_in: SignIn) -> None:
    for who in ("clinic", "stranger"):
        assert "Tidak ada yang menunggu." in text(sign_in(who).get("/"))
    assert not AuditLine.objects.filter(event__endswith=".listed").exists()


def test_an_administrator_sees_what_waits_for_her_signature(cast: Cast, sign_in: SignIn) -> None:
    with cast.acting("root-one") as actor:
        network.propose_member(actor=actor, user=cast.user("shelter"), desk=cast.desk("clinic"))
    said = text(sign_in("root-two").get("/"))
    assert "Menunggu tanda tangan" in said
    assert "Anggota baru: Tilo S" in said
    assert "Menunggu tanda tangan" not in text(sign_in("clinic").get("/"))


def test_who_has_no_key_yet_is_told_whom_to_ask(cast: Cast, sign_in: SignIn) -> None:
    with cast.acting("root-one") as actor:
        network.propose_member(actor=actor, user=cast.user("shelter"), desk=cast.desk("clinic"))
    for who in ("root-one", "root-two"):
        with cast.acting(who) as actor:
            network.sign(
                actor=actor, proposal=Proposal.objects.get(taken_at=None), now=timezone.now()
            )
    said = text(sign_in("shelter").get("/"))
    assert "Menunggu kunci: Layanan Medis Uji" in said
    assert "Minta rekan di meja itu menyerahkan kuncinya." in said


def test_only_administrators_see_the_components(sign_in: SignIn) -> None:
    assert sign_in("root-one").get("/components/").status_code == 200
    assert sign_in("intake").get("/components/").status_code == 403


def test_the_page_exists_in_both_languages_and_each_leads_to_the_other(sign_in: SignIn) -> None:
    door = sign_in("intake")
    assert 'href="/en/cases/?state=closed"' in door.get("/cases/?state=closed").content.decode()
    assert 'href="/cases/?state=closed"' in door.get("/en/cases/?state=closed").content.decode()


def test_the_bar_names_the_desk_and_marks_where_one_is(sign_in: SignIn) -> None:
    html = sign_in("intake").get("/cases/").content.decode()
    assert "Pengaduan Uji" in html
    assert '<a href="/cases/" aria-current="page">' in html
    assert html.count('aria-current="page"') == 2, "the room, and the filter"


@pytest.mark.parametrize("door", ["public", "workspace"])
def test_navigation_needs_no_actor_no_match_and_no_query(door: str) -> None:
    from django.conf import settings

    request = RequestFactory().get("/nowhere/")
    request.resolver_match = None
    with override_settings(**settings.DOORS[door]), CaptureQueriesContext(connection) as seen:
        values = navigation.context(request)
    assert values["exit_url"]
    assert values["other_language_code"] == "en"
    assert len(seen) == 0


def statements(door: Door, path: str) -> int:
    """How often a page asks the database; asked twice, so that nothing is new."""
    door.get(path)
    with CaptureQueriesContext(connection) as seen:
        assert door.get(path).status_code == 200
    return len(seen)


@pytest.mark.parametrize(
    "path", ["/", "/reports/", "/cases/", "/referrals/?box=sent", "/referrals/case/CODE/"]
)
def test_a_long_list_asks_as_many_questions_as_a_short_one(
    cast: Cast, sign_in: SignIn, path: str
) -> None:
    now, door = timezone.now(), sign_in("intake")
    case = cast.open_case(cast.file(), due_at=now - timedelta(hours=1))
    consent = cast.consent(case, "clinic", ["health"])
    path = path.replace("CODE", case.code)

    def more() -> None:
        cast.file()
        cast.open_case(cast.file(), due_at=now - timedelta(hours=1))
        with cast.acting("intake") as actor:
            referrals.send(
                actor=actor, case=case, ref=uuid4(), consent=consent, compartments=[],
                need=Need(service="health"), urgency="high", now=now,
            )  # fmt: skip

    more()
    few = statements(door, path)
    for _time in range(4):
        more()
    assert statements(door, path) == few
