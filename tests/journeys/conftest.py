"""A real browser at both doors of a running instance."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from simpul.vault.crypto import Pair
from simpul.vault.passphrases import STEP, Opened
from tests.running import Running, running

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
expect.set_options(timeout=20_000)  # a busy machine is slow, not wrong
# Screenshots are kept only where somebody asks for them.
PICTURES = os.environ.get("SIMPUL_PICTURES")


@pytest.fixture(scope="session")
def house() -> Iterator[Running]:
    """The running instance that the journeys share."""
    with running() as instance:
        _houses.append(instance)
        yield instance
        _houses.remove(instance)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield found
        found.close()


def chromium() -> str | None:
    """Where the system's Chromium lies; what `./simpul test` found goes first."""
    names = (os.environ.get("SIMPUL_CHROMIUM"), "chromium", "chromium-browser")
    return next((path for name in names if name and (path := shutil.which(name))), None)


Opener = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, house: Running) -> Iterator[Opener]:
    """Opens a fresh browser at a door: width in px, with or without JavaScript."""
    contexts = []

    def at(door: str, *, width: int = 360, javascript: bool = False) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 740},
            java_script_enabled=javascript,
            base_url=house.url(door),
            locale="id-ID",
        )
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        page.goto("/")
        return page

    yield at
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def people() -> dict[str, dict[str, str]]:
    """What the cast signs in with."""
    cast = json.loads((Path(os.environ["SIMPUL_VAR"]) / "cast.json").read_text())
    found: dict[str, dict[str, str]] = cast["people"]
    return found


_used: dict[str, int] = {}
_houses: list[Running] = []


def one_time_code(people: dict[str, dict[str, str]], key: str) -> str:
    """A code that was not used yet: this half minute's, or the next, which the door takes too.

    Who signs in a third time within a minute would have to wait; the instance of the tests forgets
    that she was there.
    """
    now = int(time.time()) // STEP
    step = max(now, _used.get(key, 0) + 1)
    if step > now + 1:
        for instance in _houses:
            instance.sql("UPDATE accounts_user SET used_step = 0")
        _used.clear()
        step = now
    _used[key] = step
    opened = Opened(Pair(UUID(int=0), bytes(32)), bytes.fromhex(people[key]["totp"]))
    return opened.code(step)


@pytest.fixture
def sign_in(opened: Opener, people: dict[str, dict[str, str]]) -> Callable[..., Page]:
    """Signs a person in through the page."""

    def signed_in(key: str, *, width: int = 1280, javascript: bool = True) -> Page:
        page = opened("workspace", width=width, javascript=javascript)
        page.locator("input[name=username]").fill(key)
        page.locator("input[name=passphrase]").fill(people[key]["passphrase"])
        page.locator("input[name=code]").fill(one_time_code(people, key))
        page.locator("main button[type=submit], main button.primary").first.click()
        return page

    return signed_in


def check(page: Page, name: str) -> None:
    """No WCAG 2.2 AA violation, no sideways scroll; keeps a picture where asked for."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{PICTURES}/{name}-{width}.png", full_page=True)
    # The way out stays in view; what it covers for a moment can be scrolled out from under it.
    page.evaluate("scrollTo(0, 0)")
    found = Axe().run(page, options=WCAG).response["violations"]
    assert not found, [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found]
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, f"{name} scrolls sideways at {width}: {wide}"
