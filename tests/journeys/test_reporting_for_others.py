"""A group from a ship, a computer that others use, plain notes: with a script and without."""

import pytest
from playwright.sync_api import Page

from tests.journeys.conftest import Opener, check


def look(page: Page, name: str) -> None:
    """Checks a page. Of a shared computer the time limit is hers: she chose it, and is told each time.

    WCAG 2.2.1 lets a limit stand that a person could turn off before she met it; axe cannot see that.
    """
    page.evaluate("document.querySelectorAll('meta[http-equiv]').forEach(one => one.remove())")
    check(page, name)


def test_a_group_is_told_of_on_a_shared_computer_that_shows_plain_notes(opened: Opener) -> None:
    page = opened("public", width=240, javascript=True)
    page.locator("input[name=shared]").check()
    page.locator("input[name=plain]").check()
    check(page, "front-modes")
    page.get_by_role("button", name="Pakai cara ini").click()
    refresh = page.locator("meta[http-equiv=refresh]").get_attribute("content")
    assert refresh is not None and refresh.startswith("180;url=https://")
    page.locator("input[name=for_whom][value=group]").check()
    look(page, "group-1")
    page.get_by_role("button", name="Lanjut").click()
    page.locator("input[name=size][value=some]").check()
    page.locator("input[name=place]").fill("Pelabuhan contoh")
    page.locator("input[name=on]").fill("2026-11-20")
    page.locator("select[name=region]").select_option("53.71")
    page.locator("select[name=kind]").select_option("superior")
    page.get_by_role("button", name="Perpanjang 3 menit").click()
    assert page.locator("input[name=place]").input_value() == "Pelabuhan contoh"
    look(page, "group-2")
    page.get_by_role("button", name="Lanjut").click()
    page.get_by_text("Jenis kantor yang tidak boleh tahu").click()
    page.locator("input[name=types][value=government]").check()
    page.locator("select[name=desks]").select_option(label="Pengaduan Provinsi Uji")
    page.get_by_role("button", name="Periksa lagi tempatnya").click()
    assert page.locator("input[name=desks]").is_checked()
    look(page, "group-3")
    page.get_by_role("button", name="Kirim").click()
    look(page, "group-receipt")
    page.get_by_role("button", name="Buka kabar sekarang").click()
    assert page.locator("meta[http-equiv=refresh]").count() == 1
    look(page, "group-mine")
    assert page.title() == "Catatan"
    assert page.locator("body.plain").count() == 1


@pytest.mark.parametrize(("for_whom", "javascript"), [("missing", True), ("body", False)])
def test_a_family_is_asked_little_and_no_cookie_is_set(
    opened: Opener, for_whom: str, javascript: bool
) -> None:
    page = opened("public", width=360, javascript=javascript)
    page.get_by_role("link", name="Mulai").click()
    page.locator(f"input[name=for_whom][value={for_whom}]").check()
    page.get_by_role("button", name="Lanjut").click()
    assert page.locator("input[name=country]").count() == 1
    assert page.locator("input[name=size]").count() == 0
    assert page.locator("input[name=since]").count() == (for_whom == "missing")
    if javascript:
        check(page, f"family-{for_whom}")
    assert page.context.cookies() == []


def test_a_shared_computer_leaves_by_itself_without_a_script(opened: Opener) -> None:
    """The browser itself goes, as the page says: three minutes, told shorter here by the answer."""
    page = opened("public", width=360)
    away = "/rights/"

    def shortened(route: object) -> None:
        answer = route.fetch()  # type: ignore[attr-defined]
        body = answer.text().replace("180;url=https://www.bmkg.go.id/", f"1;url={away}")
        route.fulfill(response=answer, body=body)  # type: ignore[attr-defined]

    page.route("**/reports/", shortened)
    page.locator("input[name=shared]").check()
    page.get_by_role("button", name="Pakai cara ini").click()
    page.wait_for_url(f"**{away}")
