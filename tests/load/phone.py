"""What a weak phone waits for: a real browser held to a quarter of a core, or to 2G."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, expect, sync_playwright

from tests.journeys.conftest import FLAGS, chromium
from tests.load.crowd import ARGON
from tests.load.table import Figure
from tests.running import running

TIMES = 3
SLOWER = 4  # a quarter of a core
ROUND_TRIP, SPEED = 600, 150_000 / 8  # ms, bytes a second
FAST, SLOW = 1.0, 3.0  # seconds
AGAIN = 5_000  # bytes
WORDS = ".words"


def measure() -> list[Figure]:
    """From the press of Kirim to the six words, and what a second visit carries."""
    with running(argon=ARGON) as instance, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        url = instance.url("public")
        weak = [_kirim(browser, url, _weak) for _ in range(TIMES)]
        far = [_kirim(browser, url, _far) for _ in range(TIMES)]
        again = _second_visit(browser, url)
        browser.close()
    return [
        Figure(
            "Kirim to receipt, a quarter of a core", f"{max(weak):.2f} s at worst",
            f"≤ {FAST:.0f} s", max(weak) <= FAST,
            f"Chromium with its processor slowed {SLOWER} ×; {median(weak):.2f} s in the middle of"
            f" {TIMES}; Argon2id with {ARGON // 2**20} MiB at the door included",
        ),
        Figure(
            "Kirim to receipt at 600 ms and 150 kbit/s", f"{max(far):.2f} s at worst",
            f"≤ {SLOW:.0f} s", max(far) <= SLOW,
            "Chromium's own throttling, the connection warm from the pages before;"
            f" {median(far):.2f} s in the middle of {TIMES}",
        ),
        Figure(
            "a second visit", f"{again / 1000:.1f} kB", f"≤ {AGAIN / 1000:.1f} kB",
            again <= AGAIN, "bytes that Chromium received for the first page, opened again",
        ),
    ]  # fmt: skip


def _weak(wire: CDPSession) -> None:
    wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})


def _far(wire: CDPSession) -> None:
    wire.send("Network.enable")
    limits = {"offline": False, "latency": ROUND_TRIP}
    limits |= {"downloadThroughput": int(SPEED), "uploadThroughput": int(SPEED)}
    wire.send("Network.emulateNetworkConditions", limits)


@contextmanager
def _page(browser: Browser, url: str) -> Iterator[Page]:
    context = browser.new_context(
        base_url=url, viewport={"width": 360, "height": 740}, java_script_enabled=False
    )
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def _kirim(browser: Browser, url: str, hold: Any) -> float:
    with _page(browser, url) as page:
        page.goto("/reports/")
        for _ in range(2):
            page.locator("button[name=go][value=next]").click()
        page.locator("textarea[name=story]").fill("Cerita rahasia. " * 20)
        hold(page.context.new_cdp_session(page))
        button = page.locator("button[name=go][value=send]")
        began = time.monotonic()
        button.click(no_wait_after=True)
        expect(page.locator(WORDS).first).to_be_visible(timeout=60_000)
        return time.monotonic() - began


def _second_visit(browser: Browser, url: str) -> float:
    with _page(browser, url) as page:
        page.goto("/")
        wire = page.context.new_cdp_session(page)
        wire.send("Network.enable")
        sizes: list[float] = []
        wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        page.goto("about:blank")
        page.goto("/")
        page.wait_for_timeout(300)
        return sum(sizes)
