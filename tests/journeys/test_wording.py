"""A text on its way to the public door, read aloud there, and back: in a browser, as people do it."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Opener, check
from tests.running import Running
from tests.wording import ogg

HINT = "page1.danger.hint"
SOON = 20_000  # ms; a process looks for editions every five seconds


@pytest.fixture
def coordinators(house: Running) -> None:
    """`shelter` and `leaver` sit at a desk of coordination."""
    house.sql("UPDATE network_desk SET duty = 'coordination' WHERE duty = 'shelter' RETURNING id")


def look(page: Page, name: str, widths: tuple[int, ...] = (240, 360, 1280)) -> None:
    """The page as it is, at several widths."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": 740})
        check(page, name)


def test_a_text_and_a_reading_reach_the_public_door_without_a_restart(
    opened: Opener,
    sign_in: Callable[..., Page],
    coordinators: None,
    tmp_path: Path,
) -> None:
    words = f"Misalnya orang itu mengikuti Anda{'.' * (1 + uuid4().int % 3)}"
    writer, second = sign_in("shelter"), sign_in("leaver")
    writer.goto("/wording/?page=report-1")
    look(writer, "wording-texts")
    writer.goto(f"/wording/text/reports/report/{HINT}/")
    writer.locator("textarea[name=indonesian]").fill(words + " Telepon 12345.")
    writer.locator("input[name=source]").fill("Rapat jejaring")
    writer.locator("main button.primary").click()
    look(writer, "wording-refused", (240, 1280))
    writer.locator("textarea[name=indonesian]").fill(words)
    writer.locator("main button.primary").click()
    writer.locator("input[name=reviewer]").fill("Penasihat A")
    writer.locator("textarea[name=note]").fill("Kata ini pas.")
    writer.locator("main button.primary").click()
    address = writer.url
    second.goto(address)
    look(second, "wording-edition")
    second.goto(f"{address}preview/")
    look(second, "wording-preview", (240, 360))
    public = opened("public", javascript=True)
    public.goto("/reports/")
    expect(public.locator("main")).not_to_contain_text(words)
    second.goto(address)
    second.locator("form[action$='approve/'] button").click()

    file = tmp_path / "suara.ogg"
    file.write_bytes(ogg.recording(2))
    writer.goto("/wording/recordings/new/")
    look(writer, "wording-add-recording", (240, 1280))
    writer.locator("select[name=language]").select_option("mkn")
    writer.locator("select[name=page]").select_option("report-1")
    writer.locator("input[name=has_consent]").check()
    writer.locator("input[name=file]").set_input_files(file)
    writer.locator("main button.primary").click()
    recording = writer.url
    second.goto(recording)
    look(second, "wording-recording", (240, 1280))
    second.locator("form[action$='approve/'] button").click()

    for _try in range(SOON // 500):
        public.goto("/reports/")
        if public.locator("audio").count():
            break
        public.wait_for_timeout(500)
    expect(public.locator("main")).to_contain_text(words)
    look(public, "wording-public")
    assert public.context.cookies() == []
    seconds = public.locator("audio").evaluate(
        "a => new Promise((done, not) => {"
        " a.onloadedmetadata = () => done(a.duration); a.onerror = () => not(a.error.message);"
        " a.preload = 'metadata'; a.load(); })"
    )
    assert 1.9 < seconds < 2.1

    writer.goto("/wording/recordings/")
    look(writer, "wording-recordings", (240, 1280))
    second.goto(address)
    second.locator("form[action$='end/'] button").click()
    for _try in range(SOON // 500):
        public.goto("/reports/")
        if words not in public.content():
            break
        public.wait_for_timeout(500)
    expect(public.locator("main")).not_to_contain_text(words)
    expect(public.locator("audio")).to_have_count(0)  # it read other words


def test_the_first_page_with_its_five_questions(opened: Opener) -> None:
    page = opened("public", width=240, javascript=True)
    page.goto("/reports/")
    look(page, "triage-1", (240, 360))
    for question in ("selfharm", "transit", "child"):
        page.locator(f"input[name={question}][value=yes]").check()
    page.locator("button[value=next]").click()
    expect(page.locator("h1")).to_have_text("Telepon dulu")
    look(page, "triage-2", (240, 360))
