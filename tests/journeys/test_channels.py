"""Other channels, in real processes: asked by WhatsApp, called, typed together; and a sheet of paper."""

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from playwright.sync_api import Page, expect

from tests.handoffs import deliveries, standin
from tests.handoffs.standin import Standin
from tests.journeys.conftest import PICTURES, Opener, check
from tests.journeys.test_one_story import open_news
from tests.running import Running, placed

SECRETS = {
    "whatsapp-token": standin.TOKEN, "whatsapp-secret": "rahasia-wa", "whatsapp-verify": "kata-wa",
}  # fmt: skip


@pytest.fixture(scope="module")
def provider() -> Iterator[Standin]:
    """The stand-in for WhatsApp."""
    with standin.running() as found:
        yield found


@pytest.fixture(scope="module")
def house(provider: Standin) -> Iterator[Running]:
    """An instance that WhatsApp is set up for."""
    with placed() as made:
        for name, value in SECRETS.items():
            (made.place / "secrets" / name).write_text(value)
        [(desk,)] = made.sql("SELECT ref::text FROM network_desk WHERE name = 'Pengaduan Uji'")
        made.database |= {
            "SIMPUL_HANDOFF_DESK": str(desk),
            "SIMPUL_WHATSAPP_PHONE": standin.PHONE,
            "SIMPUL_WHATSAPP_API": f"{provider.url}/v21.0",
        }
        made.start()
        yield made


class Wire:
    """The public door as a provider reaches it."""

    def __init__(self, house: Running) -> None:
        self.port = house.ports["public"]

    def post(
        self, path: str, body: bytes, *, content_type: str, headers: dict[str, str]
    ) -> HTTPResponse:
        """Delivers a body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", path, body, {"Content-Type": content_type} | headers)
            response = connection.getresponse()
            response.read()
            return response
        finally:
            connection.close()


def written(wire: Wire, text: str, **more: Any) -> int:
    """The status that WhatsApp gets for a message."""
    response: HTTPResponse = deliveries.whatsapp(
        wire,  # type: ignore[arg-type]
        text,
        secret=SECRETS["whatsapp-secret"],
        **more,
    )
    return response.status


def test_asked_by_whatsapp_called_and_typed_together(
    house: Running, provider: Standin, sign_in: Callable[..., Page], opened: Opener
) -> None:
    wire = Wire(house)
    assert written(wire, "saya dipukul di rumah biru") == 200
    assert written(wire, "mulai jam 9") == 200
    until = time.monotonic() + 10
    while len(provider.sent) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    assert ["tidak rahasia" in one["text"] for one in provider.sent] == [True, True]
    assert "biru" not in house.logs() and deliveries.NUMBER.strip("+") not in house.logs()
    page = sign_in("intake")
    page.get_by_role("link", name="Telepon").click()
    check(page, "calls")
    page.get_by_role("button", name="Ambil").click()
    expect(page.locator("main")).to_contain_text(deliveries.NUMBER.strip("+"))
    for width in (240, 1280):
        page.set_viewport_size({"width": width, "height": 740})
        check(page, "call")
    page.get_by_role("link", name="Tulis laporan bersamanya").click()
    assert page.locator("input[name=how][value=whatsapp]").is_checked()
    words = type_down(page)
    reader = opened("public")
    open_news(reader, words)
    expect(reader.locator("h1")).to_contain_text("Kabar")


def test_of_many_deliveries_at_once_one_request_waits(house: Running, provider: Standin) -> None:
    """A number that writes eight times in a moment, and a delivery that comes eight times."""
    wire = Wire(house)
    before = house.sql("SELECT count(*) FROM handoffs_handoff")[0][0]
    with ThreadPoolExecutor(8) as pool:
        many = [
            pool.submit(written, wire, f"jam {hour}", number="+6200000000021")
            for hour in range(8, 16)
        ]
        same = [
            pool.submit(written, wire, "jam 8", number="+6200000000022", id="m1")
            for _time in range(8)
        ]
        assert {one.result() for one in [*many, *same]} == {200}
    rows = house.sql("SELECT state, count(*) FROM handoffs_handoff GROUP BY caller, state")
    assert sum(int(str(count)) for _state, count in rows) == int(str(before)) + 5 + 1
    assert all(count == 1 for state, count in rows if state == "waiting")


def type_down(page: Page) -> str:
    """Types, reads back, changes a word, sends, and hands over; returns the six words."""
    page.locator("input[name=danger][value=no]").check()
    page.locator("input[name=needs][value=legal]").check()
    page.locator("select[name=region]").select_option("53.71")
    page.locator("textarea[name=story]").fill("Ia bercerita tentang perahu.")
    for width in (240, 1280):
        page.set_viewport_size({"width": width, "height": 740})
        check(page, "take-down")
    page.get_by_role("button", name="Lanjut: bacakan kembali").click()
    expect(page.locator("main")).to_contain_text("perahu")
    page.get_by_role("button", name="Ya, ubah").click()
    page.locator("textarea[name=story]").fill("Ia bercerita tentang perahu biru.")
    page.get_by_role("button", name="Lanjut: bacakan kembali").click()
    expect(page.locator("main")).to_contain_text("perahu biru")
    page.get_by_label("Sudah saya bacakan").check()
    for width in (240, 1280):
        page.set_viewport_size({"width": width, "height": 740})
        check(page, "read-back")
    page.get_by_role("button", name="Kirim").click()
    words = " ".join(page.locator(".card li").all_inner_texts())
    for width in (240, 1280):
        page.set_viewport_size({"width": width, "height": 740})
        check(page, "card")
    if PICTURES:
        page.emulate_media(media="print")
        page.screenshot(path=f"{PICTURES}/card-print.png")
        page.emulate_media(media="screen")
    page.get_by_label("Sudah diberikan kepadanya").check()
    page.get_by_role("button", name="Selesai").click()
    expect(page.locator("h1")).to_contain_text("Laporan masuk")
    return words


@pytest.mark.parametrize("language", ["", "en/"])
def test_the_paper_form_is_one_sheet_of_two_sides(
    opened: Opener, language: str, tmp_path: Path
) -> None:
    page = opened("public", width=1280, javascript=True)
    page.goto(f"/{language}reports/paper/")
    for width in (240, 1280):
        page.set_viewport_size({"width": width, "height": 740})
        check(page, f"paper-{language.strip('/') or 'id'}")
    assert page.context.cookies() == []
    path = tmp_path / "paper.pdf"
    page.pdf(path=path, prefer_css_page_size=True)
    if PICTURES:
        (Path(PICTURES) / f"paper-{language.strip('/') or 'id'}.pdf").write_bytes(
            path.read_bytes()
        )
    with pikepdf.open(path) as sheet:
        assert len(sheet.pages) == 2
        wide, high = (float(side) / 72 * 25.4 for side in sheet.pages[0].mediabox[2:])
        assert (round(wide), round(high)) == (210, 297)
    numbers = re.findall(r"(?m)^(\d+)\. ", page.locator("main").inner_text())
    assert [int(number) for number in numbers] == list(range(1, len(numbers) + 1))
