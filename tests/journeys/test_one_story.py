"""One door, one story, one owner: a reporter, her desk and a clinic, in real browsers."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import Opener, check

STORY = "Atasan saya mengirim pesan yang membuat saya takut."


def fill_report(page: Page, *, story: str = STORY, look: bool = False) -> str:
    """Goes through the three pages and sends; returns the six words."""

    def seen(name: str) -> None:
        if look:
            check(page, name)

    page.get_by_role("button", name="Mulai").or_(page.get_by_role("link", name="Mulai")).click()
    page.locator("input[name=danger][value=no]").check()
    seen("report-1")
    page.get_by_role("button", name="Lanjut").click()
    page.locator("input[name=needs][value=legal]").check()
    page.locator("select[name=region]").select_option("53.71")
    page.locator("input[name=for_whom][value=self]").check()
    seen("report-2")
    page.get_by_role("button", name="Lanjut").click()
    page.locator("textarea[name=story]").fill(story)
    page.get_by_label("Pengaduan Uji", exact=False).first.check()
    seen("report-3")
    page.get_by_role("button", name="Kirim").click()
    seen("receipt")
    return page.locator(".words").first.inner_text()


def choose(select: Locator, words: str) -> None:
    """Picks the option that says these words."""
    option = select.locator("option", has_text=words).first
    select.select_option(option.get_attribute("value"))


def open_news(page: Page, words: str) -> None:
    """Opens what lies behind the receipt."""
    page.goto("/reports/open/")
    page.locator("[name=words]").fill(words)
    page.locator("main button.primary").first.click()


@pytest.mark.parametrize(("width", "javascript"), [(240, False), (360, True)])
def test_a_report_is_sent_and_opened_again(opened: Opener, width: int, javascript: bool) -> None:
    """Three pages, six words, and back again; without JavaScript on a 240 px screen too."""
    page = opened("public", width=width, javascript=javascript)
    words = fill_report(page)
    assert len(re.findall(r"[a-z]{4,8}", words.lower())) == 6
    open_news(page, words)
    expect(page.locator("h1")).to_contain_text("Kabar")
    assert [cookie["name"] for cookie in page.context.cookies()] == ["s"]


def test_no_cookie_and_nothing_kept_before_sending(opened: Opener) -> None:
    """Filing needs no cookie; going back keeps every answer on the page."""
    page = opened("public")
    page.get_by_role("button", name="Mulai").or_(page.get_by_role("link", name="Mulai")).click()
    page.locator("input[name=danger][value=unknown]").check()
    page.get_by_role("button", name="Lanjut").click()
    page.locator("input[name=needs][value=talk]").check()
    page.get_by_role("button", name="Kembali").click()
    expect(page.locator("input[name=danger][value=unknown]")).to_be_checked()
    page.get_by_role("button", name="Lanjut").click()
    expect(page.locator("input[name=needs][value=talk]")).to_be_checked()
    assert page.context.cookies() == []


def test_danger_shows_calls_first_and_72_hours_shows_health(opened: Opener) -> None:
    """Before any further question: whom to call; health, not the police."""
    page = opened("public")
    page.get_by_role("button", name="Mulai").or_(page.get_by_role("link", name="Mulai")).click()
    page.locator("input[name=danger][value=yes]").check()
    page.locator("input[name=health72][value=yes]").check()
    page.get_by_role("button", name="Lanjut").click()
    text = page.locator("main").inner_text()
    assert text.index("110") < text.index("Apa yang paling Anda butuhkan")
    assert "tanpa lapor polisi" in text


def test_quick_exit_is_first_and_is_a_plain_link(opened: Opener) -> None:
    """First in tab order, and a link without JavaScript."""
    page = opened("public", width=240)
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    expect(focused).to_have_text("Keluar cepat")
    assert "noreferrer" in (focused.get_attribute("rel") or "")


def test_the_whole_line(opened: Opener, sign_in: Callable[..., Page]) -> None:
    """Report → receive → case → consent → referral → accept → report back → taken back."""
    reporter = opened("public", width=360, javascript=False)
    words = fill_report(reporter, story="Kejadian itu terjadi di kantor, saya ingin bantuan.")
    intake = sign_in("intake")
    intake.goto("/reports/")
    intake.locator("main a[href*='/reports/']").filter(has_text=re.compile(r"\S")).last.click()
    expect(intake.locator("main")).to_contain_text("Kejadian itu terjadi di kantor")
    code = intake.url.rstrip("/").split("/")[-1]
    intake.goto(f"/cases/from/{code}/")
    intake.locator("input[name=tie][value=no]").check()
    intake.locator("input[name=next_action]").fill("Menelepon besok pagi")
    intake.locator("input[name=label]").fill("kantor, bantuan hukum")
    intake.locator("main button.primary").first.click()
    expect(intake).to_have_url(re.compile(r"/cases/[0-9A-Z]{10}/"))
    case = intake.url.rstrip("/").split("/")[-1]
    assert case != code
    intake.goto(f"/cases/{case}/notes/")
    intake.locator("select[name=compartment]").select_option("health")
    intake.locator("textarea[name=text]").fill("Ia ingin diperiksa dokter.")
    intake.locator("main button.primary").first.click()
    expect(intake.locator("main")).to_contain_text("Ia ingin diperiksa dokter.")
    intake.goto(f"/cases/{case}/consents/")
    form = intake.locator("form:has(input[name=until])").first
    choose(form.locator("select[name=desk]"), "Layanan Medis Uji")
    form.locator("input[name=compartments][value=health]").check()
    form.get_by_label("sudah saya bacakan").check()
    form.locator("input[name=until]").fill(
        (timezone.now() + timedelta(days=30)).date().isoformat()
    )
    for name in ("purpose", "given"):
        control = form.locator(f"[name={name}]").first
        if control.evaluate("e => e.tagName") == "SELECT":
            control.select_option(index=1)
        else:
            control.check()
    form.locator("button.primary").click()
    expect(intake.locator("main")).to_contain_text("Layanan Medis Uji")
    intake.goto(f"/referrals/case/{case}/")
    form = intake.locator("form:has(select[name=service])").first
    form.locator("[name=consent]").first.select_option(index=0)
    form.locator("input[name=compartments][value=health]").check()
    form.locator("select[name=service]").select_option("health")
    form.locator("[name=note]").fill("Mohon dokter perempuan.")
    form.locator("button.primary").click()
    clinic = sign_in("clinic")
    clinic.goto("/referrals/")
    clinic.locator("main a[href*='/referrals/']").first.click()
    expect(clinic.locator("main")).to_contain_text("Mohon dokter perempuan.")
    expect(clinic.locator("main")).not_to_contain_text("Ia ingin diperiksa dokter.")
    clinic.locator("form[action*='/accept/'] button").click()
    clinic.goto(f"/cases/{case}/notes/")
    expect(clinic.locator("main")).to_contain_text("Ia ingin diperiksa dokter.")
    expect(clinic.locator("main")).not_to_contain_text("Kejadian itu terjadi di kantor")
    clinic.goto("/referrals/")
    clinic.locator("main a[href*='/referrals/']").first.click()
    clinic.locator("form[action*='/back/'] textarea").fill(
        "Sudah diperiksa, kontrol minggu depan."
    )
    clinic.locator("form[action*='/back/'] button").click()
    open_news(reporter, words)
    expect(reporter.locator("main")).to_contain_text("Menelepon besok pagi")
    expect(reporter.locator("main")).to_contain_text("Pengaduan Uji")
    reporter.goto("/referrals/mine/")
    expect(reporter.locator("main")).to_contain_text("Sudah diperiksa, kontrol minggu depan.")
    reporter.goto("/cases/mine/")
    expect(reporter.locator("main")).to_contain_text("Layanan Medis Uji")
    reporter.locator("a[href*='/cases/mine/'], main form button").filter(
        has_text=re.compile("Tarik")
    ).first.click()
    reporter.get_by_role("button", name=re.compile("Tarik izin")).first.click()
    clinic.goto(f"/cases/{case}/notes/")
    expect(clinic.locator("h1")).to_contain_text("tidak ada")
