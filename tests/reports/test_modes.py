"""A computer that others use, and pages that look like plain notes."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from simpul.accounts.models import Session
from simpul.reports import modes
from simpul.reports.models import Report
from simpul.reports.views import public as views
from simpul.vault import sources
from tests.conftest import Cast, Door
from tests.reports.pages import Page

START, SEND, OPEN = "/reports/", "/reports/send/", "/reports/open/"
SHARED = '<meta http-equiv="refresh" content="180;url='


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "patience", sources.Patience())


def press(door: Door, page: Page, go: str, address: str, **typed: Any) -> Page:
    """Presses a button of the form on the screen, after typing."""
    values = page.form(address) | {name: [value] for name, value in typed.items()} | {"go": [go]}
    return Page(door.post(address, values).content.decode())


def begun(door: Door, **chosen: str) -> Page:
    """The first page of a report, begun from the front page with these boxes ticked."""
    front = Page(door.get("/").content.decode())
    return press(door, front, "begin", START, **chosen)


def opened(door: Door, cast: Cast, **chosen: str) -> str:
    """The status page behind a fresh report's words."""
    asked = Page(door.get(OPEN).content.decode())
    values = asked.form(OPEN) | {"words": cast.file().typed} | chosen
    answer = door.post(OPEN, values)
    assert answer.status_code == 302
    return str(door.get(answer["Location"]).content.decode())


def test_both_are_offered_at_the_front_and_where_the_news_is_opened(public: Door) -> None:
    for address in ("/", OPEN):
        offers = Page(public.get(address).content.decode()).offers
        assert offers["shared"] == offers["plain"] == ["1"]
        assert SHARED not in public.get(address).content.decode()


def test_a_shared_computer_is_left_after_three_minutes_on_every_page(
    cast: Cast, public: Door
) -> None:
    page = begun(public, shared="1")
    seen = [page]
    for go, address in [("next", START), ("next", START), ("send", SEND)]:
        page = press(public, page, go, address)
        seen.append(page)
    for one in seen:
        assert f"{SHARED}{settings.EXIT_URL}" in one.html
        assert "Tulisan yang belum dikirim akan hilang." in one.html
        assert 'aria-label="Keluar cepat"' in one.html
    assert Report.objects.count() == 1
    assert not public.client.cookies  # the choice is in the form alone


def test_nothing_of_a_choice_is_in_an_address_or_a_cookie(cast: Cast, public: Door) -> None:
    page = begun(public, shared="1", plain="1")
    page = press(public, page, "next", START, danger="no")
    for word in ("shared", "plain"):
        assert page.form(START)[word] == ["1"]
        assert not re.search(rf'(?:href|action)="[^"]*{word}', page.html)
    assert not public.client.cookies
    opened(public, cast, shared="1", plain="1")
    assert set(public.client.cookies) == {"s"}
    assert not public.client.cookies["s"]["max-age"]


def test_three_more_minutes_keep_every_word(cast: Cast, public: Door) -> None:
    page = begun(public, shared="1")
    page = press(public, press(public, page, "next", START), "more", START, cover="dari toko")
    assert page.form(START)["cover"] == ["dari toko"]
    page = press(public, press(public, page, "next", START), "more", SEND, story="satu dua")
    assert page.form(SEND)["story"] == ["satu dua"]
    assert "Perpanjang 3 menit" in page.html
    assert not Report.objects.exists()


def test_a_page_that_asks_once_more_is_still_a_shared_one(cast: Cast, public: Door) -> None:
    page = press(public, press(public, begun(public, shared="1"), "next", START), "next", START)
    again = press(public, page, "send", SEND, token="spoilt", story="satu")
    assert SHARED in again.html
    assert again.form(SEND)["story"] == ["satu"]


def test_behind_the_receipt_the_door_ends_after_three_idle_minutes(
    cast: Cast, public: Door
) -> None:
    html = opened(public, cast, shared="1")
    assert SHARED in html
    assert "setelah 3 menit diam" in html
    row = Session.objects.get()
    left = row.expires_at - timezone.now()
    assert timedelta(seconds=170) < left <= timedelta(seconds=modes.IDLE)
    row.expires_at = timezone.now() + timedelta(seconds=20)
    row.save()
    assert public.get("/reports/mine/").status_code == 200  # at work: three minutes from now
    assert Session.objects.get().expires_at - timezone.now() > timedelta(seconds=170)
    Session.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert public.get("/reports/mine/").status_code == 403


def test_elsewhere_it_stays_at_fifteen_minutes(cast: Cast, public: Door) -> None:
    html = opened(public, cast)
    assert SHARED not in html and "15 menit" in html
    assert Session.objects.get().expires_at - timezone.now() > timedelta(minutes=14)


def test_the_receipt_carries_the_choice_to_what_lies_behind_it(cast: Cast, public: Door) -> None:
    page = press(public, press(public, begun(public, shared="1"), "next", START), "next", START)
    receipt = press(public, page, "send", SEND)
    answer = public.post(OPEN, receipt.form(OPEN))
    assert SHARED in public.get(answer["Location"]).content.decode()
    form = Page(public.get("/reports/mine/words/").content.decode()).form("/words/")
    assert SHARED in public.post("/reports/mine/words/", form).content.decode()
    assert Session.objects.get().expires_at - timezone.now() < timedelta(minutes=4)


def test_leaving_a_shared_computer_clears_what_the_browser_kept(cast: Cast, public: Door) -> None:
    opened(public, cast, shared="1")
    answer = public.post("/reports/leave/")
    assert answer["Location"] == settings.EXIT_URL
    assert answer["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert not Session.objects.exists()
    assert public.get("/reports/mine/").status_code == 403


def test_leaving_elsewhere_leads_to_the_front_page(cast: Cast, public: Door) -> None:
    opened(public, cast)
    answer = public.post("/reports/leave/")
    assert answer["Location"] == "/"
    assert "Clear-Site-Data" not in answer


def test_plain_notes_are_called_so_and_say_what_the_history_keeps(
    cast: Cast, public: Door
) -> None:
    assert "tetap ada di riwayat peramban" in public.get("/").content.decode()
    page = begun(public, plain="1")
    for html in (page.html, opened(public, cast, plain="1")):
        assert '<body class="plain">' in html
        assert '<link rel="icon" href="data:image/svg+xml' in html
        assert "<strong>Catatan</strong>" in html
        assert "<title>Catatan</title>" in html
        assert html.count("<h1>") == 1
        assert SHARED not in html
    public.client.cookies.clear()
    assert '<body class="plain">' not in public.get("/").content.decode()


def test_no_public_form_lets_a_browser_remember_what_was_typed(cast: Cast, public: Door) -> None:
    opened(public, cast, shared="1")
    pages = [public.get(a).content.decode() for a in ("/", START, OPEN, "/reports/mine/")]
    page = press(public, begun(public, shared="1"), "next", START)
    pages += [page.html, press(public, page, "next", START).html]
    for html in pages:
        for form in re.findall(r"<form[^>]*>.*?</form>", html, re.S):
            if re.search(
                r"<textarea|<select|<input type=\"(?:text|file|date|radio|checkbox)", form
            ):
                assert 'autocomplete="off"' in form.partition(">")[0], form[:120]


def test_a_body_that_cannot_be_read_chooses_nothing(public: Door) -> None:
    many = {f"x{n}": "1" for n in range(600)} | {"shared": "1"}
    assert public.post(START, many).status_code == 400
