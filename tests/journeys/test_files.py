"""A real browser sends a large file: cut off, it goes on; the door may be killed in the middle."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

from playwright.sync_api import Page, Route, expect

from tests.journeys.conftest import Opener, check, one_time_code
from tests.journeys.test_one_story import fill_report
from tests.load.files import PIECE, Signed, piece
from tests.running import Running

COUNT = 3
SignIn = Callable[..., Page]


def test_a_browser_that_was_cut_off_goes_on(
    opened: Opener, sign_in: SignIn, house: Running, tmp_path: Path
) -> None:
    """Two pieces arrive, the third does not; the door is killed; the same file is chosen again."""
    fill_report(opened("public", javascript=False))
    page = sign_in("intake")
    newest = "SELECT code FROM reports_report WHERE state = 'new' ORDER BY filed_at DESC LIMIT 1"
    page.goto(f"/cases/from/{house.sql(newest)[0][0]}/")
    page.locator("input[name=tie][value=no]").check()
    page.locator("input[name=next_action]").fill("Menelepon besok pagi")
    page.locator("main button.primary").first.click()
    address = page.url + "files/"
    film = tmp_path / "rekaman.mp4"
    film.write_bytes(b"".join(piece(number) for number in range(COUNT)))
    page.goto(address)
    cut = "**/2/"

    def cut_off(route: Route) -> None:
        route.abort()

    page.route(cut, cut_off)
    page.locator("input[type=file]").set_input_files(film)
    page.get_by_role("button", name="Simpan berkas").click()
    progress = page.locator("[data-simpul-progress]")
    expect(progress).to_contain_text("Sambungan terputus.")
    assert progress.get_attribute("aria-live") == "polite"
    for pid in house.pids("workspace"):
        os.kill(pid, signal.SIGKILL)
    page.unroute(cut)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url.split("/files/")[-1]))
    page.goto(address)
    expect(page.get_by_text("2 dari 3 potongan")).to_be_visible()
    check(page, "files-unfinished")
    page.get_by_role("link", name="Lanjutkan rekaman.mp4").click()
    page.locator("input[type=file]").set_input_files(film)
    page.get_by_role("button", name="Simpan berkas").click()
    link = page.get_by_role("link", name="rekaman.mp4", exact=True)
    expect(link).to_be_visible()
    pieces = [url for url in sent if url.rstrip("/").rpartition("/")[2] in {"0", "1", "2"}]
    assert [url.rstrip("/")[-1] for url in pieces] == ["2"], "only what was missing"
    check(page, "files")
    with page.expect_download() as download:
        link.click()
    assert Path(download.value.path()).stat().st_size == COUNT * PIECE
    assert Path(download.value.path()).read_bytes() == film.read_bytes()
    assert download.value.suggested_filename == "rekaman.mp4"


def test_without_a_script_the_form_says_and_does_the_same(
    opened: Opener, sign_in: SignIn, house: Running, tmp_path: Path
) -> None:
    """A small film by an ordinary form."""
    code = house.sql("SELECT code FROM cases_case ORDER BY opened_at DESC LIMIT 1")[0][0]
    page = sign_in("colleague", width=360, javascript=False)
    page.goto(f"/cases/{code}/files/")
    film = tmp_path / "pendek.mp4"
    film.write_bytes(piece(0))
    page.locator("input[type=file]").set_input_files(film)
    page.get_by_role("button", name="Simpan berkas").click()
    expect(page.get_by_role("link", name="pendek.mp4", exact=True)).to_be_visible()


def test_two_who_send_the_same_file_at_once_send_one(
    house: Running, people: dict[str, dict[str, str]]
) -> None:
    """The same ref from two browsers, in parallel from the first post on."""
    code = str(house.sql("SELECT code FROM cases_case ORDER BY opened_at DESC LIMIT 1")[0][0])
    ref = uuid4()
    both = [
        Signed(house, key, people[key]["passphrase"], one_time_code(people, key))
        for key in ("intake", "colleague")
    ]
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda who: who.send(code, COUNT, ref), both))
    assert done == [ref, ref]
    found = f"SELECT count(*), count(DISTINCT number) FROM vault_piece WHERE file = '{ref}'"
    assert house.sql(found) == [(COUNT, COUNT)]
    lines = f"SELECT event FROM vault_auditline WHERE row = '{ref}' ORDER BY id"
    assert house.sql(lines) == [("cases.file_begun",), ("cases.file_added",)]
    for who in both:
        assert who.fetch(code, ref, COUNT)
        who.close()
