"""Six people at the public door, each with a script and without; every one of them is invented."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Opener
from tests.journeys.test_one_story import open_news
from tests.running import Running

SCRIPT = pytest.mark.parametrize("javascript", [False, True])


def begin(page: Page) -> None:
    """From the front page to the first question."""
    page.get_by_role("link", name="Mulai").or_(
        page.get_by_role("button", name="Mulai")
    ).first.click()


def onwards(page: Page) -> None:
    """The next page of the report."""
    page.get_by_role("button", name="Lanjut", exact=True).click()


def sent(page: Page) -> str:
    """Presses Kirim; the six words."""
    page.get_by_role("button", name="Kirim", exact=True).click()
    return page.locator(".words").first.inner_text()


def newest(house: Running) -> tuple[str, bool]:
    """The code of the report that came last, and whether it is urgent."""
    [[code, urgent]] = house.sql(
        "SELECT code, urgent FROM reports_report ORDER BY filed_at DESC LIMIT 1"
    )
    return str(code), bool(urgent)


@SCRIPT
def test_a_neighbour_at_night(opened: Opener, house: Running, javascript: bool) -> None:
    """Numbers before any form; words for somebody else; no way to reach her is asked for."""
    page = opened("public", width=240, javascript=javascript)
    begin(page)
    page.locator("input[name=danger][value=yes]").check()
    page.locator("input[name=for_whom][value=other]").check()
    onwards(page)
    expect(page.locator("h1")).to_have_text("Telepon dulu")
    numbers = page.locator("a[href^='tel:']").first
    form = page.locator("#form")
    assert numbers.bounding_box()["y"] < form.bounding_box()["y"]  # type: ignore[index]
    expect(page.locator("main")).to_contain_text("tanya dulu apa yang ia mau")
    page.locator("input[name=channel][value=none]").check()
    onwards(page)
    page.locator("textarea[name=story]").fill("Saya mendengar teriakan dari rumah sebelah.")
    words = sent(page)
    assert newest(house)[1], "danger is urgent"
    open_news(page, words)
    expect(page.locator("main")).to_contain_text("Paling lambat")
    assert len(page.context.cookies()) == 1


@SCRIPT
def test_an_intern_and_her_supervisor(
    opened: Opener, sign_in: Callable[..., Page], house: Running, javascript: bool
) -> None:
    """The supervisor's office is not offered, and finds nothing afterwards."""
    page = opened("public", width=360, javascript=javascript)
    begin(page)
    page.get_by_role("button", name="Lewati halaman ini").click()
    page.locator("select[name=region]").select_option("53.71")
    office = page.locator("select[name=office] option", has_text="Dinas Uji").first
    page.locator("select[name=office]").select_option(office.get_attribute("value"))
    page.locator("select[name=kind]").select_option("superior")
    onwards(page)
    offered = page.locator("label:has(input[name=receiver])").all_inner_texts()
    assert offered and not any("Dinas Uji" in one for one in offered)
    page.locator("textarea[name=story]").fill("Atasan saya memegang tangan saya di ruang arsip.")
    sent(page)
    code, _urgent = newest(house)
    office_desk = sign_in("office", javascript=javascript)
    office_desk.goto("/reports/")
    expect(office_desk.locator("main")).not_to_contain_text(code)
    office_desk.goto(f"/reports/{code}/")
    expect(office_desk.locator("h1")).to_contain_text("tidak ada")


@SCRIPT
def test_a_returnee_at_the_port(opened: Opener, house: Running, javascript: bool) -> None:
    """Being fetched comes before papers; a debt is not hers to answer for."""
    page = opened("public", width=240, javascript=javascript)
    begin(page)
    page.locator("input[name=transit][value=yes]").check()
    page.locator("input[name=for_whom][value=self]").check()
    onwards(page)
    advice = page.locator("main")
    expect(advice).to_contain_text("Meminta tolong bukan kesalahan")
    expect(advice).to_contain_text("Utang yang dipakai untuk menjerat tidak sah")
    page.locator("input[name=needs][value=home]").check()
    page.locator("select[name=region]").select_option("53.71")
    page.locator("select[name=kind]").select_option("recruiter")
    onwards(page)
    for wanted in ("NIK", "KTP", "paspor"):
        assert page.locator(f"label:has-text('{wanted}')").count() == 0
    sent(page)
    assert newest(house)[1], "in transit is urgent"


@SCRIPT
def test_her_phone_is_checked(opened: Opener, javascript: bool) -> None:
    """The pages look like notes, the way out is first, and nothing stays in the browser."""
    page = opened("public", width=360, javascript=javascript)
    page.route("https://**", lambda route: route.fulfill(body="cuaca", content_type="text/html"))
    page.locator("input[name=plain]").check()
    page.get_by_role("button", name="Pakai cara ini").click()
    assert page.title() == "Catatan"
    page.locator("input[name=danger][value=unknown]").check()
    onwards(page)
    assert page.title() == "Catatan" and page.context.cookies() == []
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    if javascript:
        for _ in range(3):
            page.keyboard.press("Escape")
    else:
        page.evaluate("document.activeElement.blur()")
        page.locator("a", has_text="Keluar cepat").first.click()
    page.wait_for_url("https://**")
    expect(page.locator("body")).to_have_text("cuaca")


@SCRIPT
def test_a_deaf_reporter(
    opened: Opener, sign_in: Callable[..., Page], house: Running, javascript: bool
) -> None:
    """Everything is written: no call is offered to her, and both sides see until when."""
    page = opened("public", width=360, javascript=javascript)
    begin(page)
    page.get_by_role("button", name="Lewati halaman ini").click()
    page.locator("input[name=channel][value=none]").check()
    onwards(page)
    page.locator("textarea[name=story]").fill("Saya tuli. Tolong tulis saja.")
    words = sent(page)
    code, _urgent = newest(house)
    desk = sign_in("fallback", javascript=javascript)
    desk.goto(f"/reports/{code}/")
    if "tidak ada" in desk.locator("h1").inner_text():  # the nearer desk was offered first
        desk = sign_in("intake", javascript=javascript)
        desk.goto(f"/reports/{code}/")
    desk.locator("#answer textarea").fill("Kami tulis saja. Juru bahasa isyarat bisa ikut.")
    desk.locator("#answer button").click()
    open_news(page, words)
    expect(page.locator("main")).to_contain_text("Juru bahasa isyarat bisa ikut.")
    page.locator("textarea[name=message]").fill("Terima kasih. Besok pagi bisa.")
    page.get_by_role("button", name="Kirim", exact=True).click()
    expect(page.locator("main")).to_contain_text("Besok pagi bisa.")
    desk.goto(f"/reports/{code}/")
    expect(desk.locator("main")).to_contain_text("Besok pagi bisa.")


@SCRIPT
def test_she_stops_and_returns(
    opened: Opener, sign_in: Callable[..., Page], house: Running, javascript: bool
) -> None:
    """Stopped, nobody reads it; with the same words it is open again, later."""
    page = opened("public", width=240, javascript=javascript)
    begin(page)
    page.get_by_role("button", name="Lewati halaman ini").click()
    page.locator("select[name=region]").select_option("53.71")
    onwards(page)
    page.get_by_label("Pengaduan Uji", exact=False).first.check()
    page.locator("textarea[name=story]").fill("Saya belum yakin mau melanjutkan.")
    words = sent(page)
    code, _urgent = newest(house)
    intake = sign_in("intake", javascript=javascript)
    intake.goto(f"/reports/{code}/")
    expect(intake.locator("main")).to_contain_text("belum yakin")
    open_news(page, words)
    page.goto("/reports/mine/stop/")
    page.locator("main form button").first.click()
    expect(page.locator("main")).to_contain_text(re.compile("sudah Anda hentikan|dihentikan"))
    intake.goto(f"/reports/{code}/")
    expect(intake.locator("h1")).to_contain_text("tidak ada")
    again = opened("public", width=360, javascript=javascript)
    open_news(again, words)
    again.get_by_role("button", name=re.compile("Buka laporan lagi")).first.click()
    again.locator("textarea[name=message]").fill("Saya kembali.")
    again.get_by_role("button", name="Kirim", exact=True).click()
    intake.goto(f"/reports/{code}/")
    expect(intake.locator("main")).to_contain_text("Saya kembali.")
