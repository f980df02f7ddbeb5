"""What lies behind the receipt, in a browser without scripts: a voice, another place, closed, erased."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Opener, check
from tests.journeys.test_one_story import fill_report, open_news
from tests.vault.hostile import sounds


@pytest.mark.parametrize("width", [240, 1280])
def test_she_sends_her_voice_looks_at_her_data_and_erases_it(opened: Opener, width: int) -> None:
    page = opened("public", width=width)
    open_news(page, fill_report(page))
    note = {"name": "Rekaman.m4a", "mimeType": "audio/mp4", "buffer": sounds.voice("mp4")}
    page.locator("input[type=file]").set_input_files(note)  # type: ignore[arg-type]
    page.locator("form[enctype] button").click()
    expect(page.locator("audio")).to_have_count(1)
    check(page, f"dialogue-{width}")
    for address in ("parts", "receiver", "data", "data/close", "data/erase"):
        page.goto(f"/reports/mine/{address}/")
        check(page, f"{address.replace('/', '-')}-{width}")
    page.locator("main button.primary").click()
    expect(page.get_by_text("Isinya dihancurkan paling lambat")).to_be_visible()
    check(page, f"erasing-{width}")
    page.get_by_role("button", name="Batalkan penghapusan").click()
    page.get_by_role("button", name="Buka lagi").click()
    expect(page.locator("textarea")).to_have_count(1)


def test_the_page_plays_her_voice_under_its_own_policy(opened: Opener) -> None:
    page = opened("public", javascript=True)
    open_news(page, fill_report(page))
    note = {"name": "Rekaman.amr", "mimeType": "audio/amr", "buffer": sounds.voice("amr")}
    page.locator("input[type=file]").set_input_files(note)  # type: ignore[arg-type]
    page.locator("form[enctype] button").click()
    seconds = page.locator("audio").evaluate(
        """async audio => {
          audio.preload = 'auto'; audio.load()
          await new Promise((done, failed) => {
            audio.onloadedmetadata = done
            audio.onerror = () => failed(audio.error.message)
          })
          return audio.duration
        }"""
    )
    assert 1.5 < seconds < 2.5
