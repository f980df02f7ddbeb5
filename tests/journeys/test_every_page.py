"""Every page of both doors, at 240 and 1280 px: no WCAG 2.2 AA violation, no sideways scroll."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Opener, check
from tests.journeys.test_one_story import fill_report, open_news
from tests.running import Running
from tests.site.test_walk import _addresses

WIDTHS = [240, 1280]
# Posts and downloads have no page of their own.
NO_PAGE = {
    "accounts:sign_out", "reports:file", "cases:share", "cases:label", "cases:next_action",
    "cases:begin_file", "reports:export",
}  # fmt: skip


@pytest.fixture(scope="session")
def story(house: Running, browser: object) -> dict[str, str]:
    """Kept between the tests of this file: the words of a report and the codes that grew from it."""
    return {}


@pytest.mark.parametrize("width", WIDTHS)
def test_the_public_door(opened: Opener, story: dict[str, str], width: int) -> None:
    """The opening, three pages, the receipt, what lies behind it, and the plain pages."""
    page = opened("public", width=width, javascript=True)
    check(page, "home")
    words = fill_report(page, look=True)
    story["words"] = words
    open_news(page, words)
    expect(page.locator("h1")).to_contain_text("Kabar")
    for name, arguments in _addresses("public"):
        if arguments or name in NO_PAGE | {"reports:send", "reports:leave", "reports:write"}:
            continue
        page.goto(_address("public", name))
        check(page, "public-" + name.replace(":", "-"))
        page.goto("/en" + _address("public", name))
        check(page, "public-en-" + name.replace(":", "-"))


def _address(door: str, name: str, **arguments: str) -> str:
    from django.conf import settings
    from django.test import override_settings
    from django.urls import reverse

    with override_settings(**settings.DOORS[door]):
        return reverse(name, kwargs=arguments)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_workspace(
    opened: Opener, sign_in: Callable[..., Page], house: Running, width: int
) -> None:
    """The sign-in, the day's page, every list, a report and a case with all its tabs."""
    check(opened("workspace", width=width, javascript=True), "sign-in")
    reporter = opened("public", javascript=False)
    fill_report(reporter)
    page = sign_in("colleague" if width == 240 else "intake", width=width)
    check(page, "today")
    newest = "SELECT code FROM reports_report WHERE state = 'new' ORDER BY filed_at DESC LIMIT 1"
    report = str(house.sql(newest)[0][0])
    page.goto(f"/reports/{report}/")
    check(page, "report")
    page.goto(f"/cases/from/{report}/")
    check(page, "take-up")
    page.locator("input[name=tie][value=no]").check()
    page.locator("input[name=next_action]").fill("Menelepon besok pagi")
    page.locator("main button.primary").first.click()
    case = page.url.rstrip("/").split("/")[-1]
    for name, arguments in _addresses("workspace"):
        if name in NO_PAGE or arguments not in ([], ["case_code"]):
            continue
        values = dict.fromkeys(arguments, case)
        answer = page.goto(_address("workspace", name, **values))
        assert answer is not None and answer.status in {200, 403, 404, 405}, (name, answer)
        if answer.status == 200:
            check(page, "workspace-" + name.replace(":", "-"))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_administrators_pages(sign_in: Callable[..., Page], width: int) -> None:
    """Inviting, signing, the tree of agencies, every component."""
    page = sign_in("root-one" if width == 240 else "root-two", width=width)
    for name, arguments in _addresses("workspace"):
        if arguments or name.split(":")[0] not in {"network", "site", "accounts", "directory"}:
            continue
        if name in NO_PAGE:
            continue
        answer = page.goto(_address("workspace", name))
        assert answer is not None and answer.status in {200, 403, 405}, (name, answer)
        if answer.status == 200:
            check(page, "admin-" + name.replace(":", "-"))
