"""A person's own trace: all of it, by day, with her refusals, and nothing about anybody else."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

from django.utils import timezone

from simpul.accounts import queries
from simpul.vault.models import AuditLine
from tests.conftest import Cast, Door

SignIn = Callable[[str], Door]
ME = "/accounts/me/"


def text(answer: Any) -> str:
    """The page as a person reads it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def lines(cast: Cast, who: str, event: str, hours: int) -> None:
    """One act in each of the last hours."""
    now = timezone.now()
    AuditLine.objects.bulk_create(
        AuditLine(at=now - timedelta(hours=n), event=event, actor=cast.user(who).keypair_id,
                  record=uuid4())
        for n in range(hours)
    )  # fmt: skip


def test_nothing_falls_off_the_end_of_a_trace(cast: Cast, sign_in: SignIn) -> None:
    """Page after page, each hour once, newest first."""
    lines(cast, "clinic", "cases.read", 100)
    ref, zone = cast.user("clinic").keypair_id, "Asia/Makassar"
    page, _first = queries.trace_of(ref, zone)
    seen = [
        entry.at
        for number in range(1, page.paginator.num_pages + 1)
        for entry in queries.trace_of(ref, zone, str(number))[1]
        if entry.title == "Membaca kasus"
    ]
    assert len(seen) == len(set(seen)) == 100 and seen == sorted(seen, reverse=True)
    door = sign_in("clinic")
    first = door.get(ME)
    assert "Halaman 1 dari" in text(first) and 'rel="next"' in first.content.decode()
    assert "Halaman 2 dari" in text(door.get(ME + "?page=2"))
    assert door.get(ME + "?page=nine").status_code == 200


def test_days_are_those_of_her_desk(cast: Cast) -> None:
    """17.30 in Greenwich is tomorrow in Kupang."""
    at = datetime(2026, 11, 19, 17, 30, tzinfo=UTC)
    ref = cast.user("clinic").keypair_id
    AuditLine.objects.create(at=at, event="cases.tested", actor=ref)
    [here], [there] = [
        [entry for entry in queries.trace_of(ref, zone)[1] if entry.title == "Menangani kasus"]
        for zone in ("Asia/Makassar", "UTC")
    ]
    assert here.day - there.day == timedelta(days=1)


def test_what_she_did_twice_in_an_hour_is_said_once_with_how_often(
    cast: Cast, sign_in: SignIn
) -> None:
    """And each day has its heading."""
    for _twice in range(2):
        lines(cast, "clinic", "cases.read", 1)
    page = sign_in("clinic").get(ME)
    assert "Membaca kasus (2×)" in text(page)
    assert page.content.decode().count("<h3>") >= 1


def test_her_refusals_of_seven_days_are_counted(cast: Cast, sign_in: SignIn) -> None:
    """Those of others are not, nor older ones."""
    door = sign_in("clinic")
    assert "tidak dibukakan" not in text(door.get(ME))
    assert door.get(f"/reports/{'a' * 8}/").status_code == 404
    lines(cast, "intake", "site.refused", 5)
    AuditLine.objects.create(
        at=timezone.now() - timedelta(days=8), event="site.refused",
        actor=cast.user("clinic").keypair_id,
    )  # fmt: skip
    said = text(door.get(ME))
    assert "Dalam 7 hari terakhir, 1 percobaan tidak dibukakan." in said
    assert "Membuka yang bukan tugas Anda tidak dibukakan" in said


def test_a_trace_names_no_record(cast: Cast, sign_in: SignIn) -> None:
    """Not even to herself: her screen may be looked at."""
    lines(cast, "clinic", "cases.read", 3)
    shown = sign_in("clinic").get(ME).content.decode()
    for record in AuditLine.objects.exclude(record=None).values_list("record", flat=True):
        assert str(record) not in shown
