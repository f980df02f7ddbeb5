"""The receiving desk in a browser: a tie, an owner, a second person, one event; what the reporter sees."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.conftest import Opener, check
from tests.journeys.test_one_story import fill_report, open_news
from tests.running import Running

WIDTHS = (240, 360, 1280)


def look(page: Page, name: str) -> None:
    """The same page on a small telephone, a larger one and a screen."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        check(page, name)


def test_the_desk_answers_sets_aside_and_asks(
    opened: Opener, sign_in: Callable[..., Page], house: Running
) -> None:
    """Each act is a form, each refusal a sentence; every page at three widths."""
    reporter = opened("public", width=360, javascript=True)
    words = fill_report(reporter)
    fill_report(opened("public", javascript=False))
    newest = "SELECT code FROM reports_report WHERE state = 'new' ORDER BY filed_at DESC LIMIT 2"
    other, code = [str(row[0]) for row in house.sql(newest)]
    desk = sign_in("colleague")
    desk.get_by_role("link", name="Panduan bicara").first.click()
    look(desk, "desk-phrases")
    desk.goto(f"/reports/{code}/")
    look(desk, "desk-read")
    desk.goto(f"/reports/{code}/together/")
    desk.locator("input[name=code]").fill(other)
    look(desk, "desk-together")
    desk.locator("main button.primary").click()
    desk.goto(f"/reports/{other}/")
    desk.goto(f"/reports/{other}/aside/")
    desk.locator("input[name=reason][value=trial]").check()
    look(desk, "desk-aside")
    desk.locator("main button.primary").click()
    expect(desk.locator("main")).to_contain_text("Diminta disisihkan")
    look(desk, "desk-aside-asked")
    house.sql(f"UPDATE reports_report SET held = true WHERE code = '{other}' RETURNING code")
    desk.goto("/reports/?list=held")
    look(desk, "desk-held")
    desk.goto(f"/cases/from/{code}/")
    desk.locator("input[name=tie][value=no]").check()
    desk.locator("input[name=next_action]").fill("Menelepon besok pagi")
    look(desk, "desk-take-up")
    desk.locator("main button.primary").first.click()
    desk.goto(f"/reports/{code}/owner/")
    look(desk, "desk-owner")
    desk.goto("/reports/?list=mine")
    expect(desk.locator("main")).to_contain_text(code)
    look(desk, "desk-mine")
    desk.goto("/reports/late/")
    look(desk, "desk-late")
    house.sql(
        "INSERT INTO reports_escalation (ref, report_id, code, what, since_at, desk_id, late_desk_id,"
        " told_at) SELECT gen_random_uuid(), r.ref, r.code, 'next_action', now() - interval '3 days',"
        f" r.outside_id, r.taken_by_id, now() FROM reports_report r WHERE r.code = '{code}' RETURNING code"
    )
    open_news(reporter, words)
    expect(reporter.locator("main")).to_contain_text("Boleh laporan ini ditangani bersama")
    look(reporter, "desk-mine-public")
    reporter.get_by_role("button", name="Boleh", exact=True).click()
    expect(reporter.locator("main")).to_contain_text("Anda menjawab: boleh.")
    desk.goto(f"/reports/{code}/")
    look(desk, "desk-read-late")
