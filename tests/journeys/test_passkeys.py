"""Passkeys in a real browser: Chromium's own virtual authenticator, with PRF and without."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.journeys.conftest import check, one_time_code
from tests.running import Running

FORGET_THE_WAITING = "from simpul.accounts.models import Slowdown; Slowdown.objects.all().delete()"
People = dict[str, dict[str, str]]
Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, house: Running) -> Iterator[Visit]:
    """Opens the workspace at `localhost`, the only host without TLS that may have passkeys."""
    contexts = []

    def at(*, prf: bool | None = None, javascript: bool = True, width: int = 360) -> Page:
        context = browser.new_context(
            base_url=house.url("workspace").replace("127.0.0.1", "localhost"),
            viewport={"width": width, "height": 740},
            java_script_enabled=javascript,
            locale="id-ID",
        )
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        if prf is not None:
            wire = context.new_cdp_session(page)
            wire.send("WebAuthn.enable")
            options = {
                "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal",
                "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
                "automaticPresenceSimulation": True, "hasPrf": prf,
            }  # fmt: skip
            wire.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        page.goto("/")
        return page

    yield at
    for context in contexts:
        context.close()


def enter(page: Page, people: People, who: str) -> None:
    """Signs in with passphrase and code, and opens her ways in with the passphrase once more."""
    page.locator("#username").fill(who)
    page.locator("#passphrase").fill(people[who]["passphrase"])
    page.locator("#code").fill(one_time_code(people, who))
    page.get_by_role("button", name="Masuk", exact=True).click()
    expect(page.locator("h1")).not_to_have_text("Masuk")
    page.goto("/accounts/me/ways/")
    page.locator("#passphrase").fill(people[who]["passphrase"])
    page.get_by_role("button", name="Lanjut").click()
    expect(page.locator("h1")).to_have_text("Cara masuk")


def add_passkey(page: Page) -> None:
    """Adds a passkey on this device."""
    page.locator("#label").fill("Ponsel uji")
    page.get_by_role("button", name="Tambah kunci sandi").click()
    expect(page.get_by_role("button", name="Hapus Ponsel uji")).to_be_visible()


def leave(page: Page) -> None:
    """Signs out."""
    page.get_by_role("button", name="Keluar", exact=True).click()
    expect(page.locator("h1")).to_have_text("Masuk")


@pytest.mark.parametrize("width", [240, 1280])
def test_with_prf_name_and_passkey_open_everything(
    visit: Visit, people: People, house: Running, width: int
) -> None:
    """Neither passphrase nor code is typed; her reports open, so her keys did."""
    page = visit(prf=True, width=width)
    enter(page, people, "colleague")
    check(page, "ways")
    expect(page.locator("[data-without]")).to_be_hidden()
    add_passkey(page)
    expect(page.locator("main")).to_contain_text("Masuk tanpa kata sandi.")
    check(page, "ways-one-passkey")
    leave(page)
    check(page, "sign-in-passkey")
    page.locator("#username").fill("colleague")
    sent = []
    page.on("request", lambda request: sent.append((request.url, request.post_data or "")))
    page.get_by_role("button", name="Masuk dengan kunci sandi").click()
    expect(page.get_by_role("button", name="Keluar", exact=True)).to_be_visible()
    page.goto("/reports/")
    expect(page.locator("h1")).to_be_visible()
    prf = next(re.search(r"&prf=([\w-]{43})(&|$)", body) for _url, body in sent if "prf=" in body)
    assert prf and not any(prf[1] in url for url, _body in sent)
    assert prf[1] not in house.logs()
    page.goto("/accounts/me/ways/")
    page.locator("#passphrase").fill(people["colleague"]["passphrase"])
    page.get_by_role("button", name="Lanjut").click()
    page.get_by_role("button", name="Hapus Ponsel uji").click()
    expect(page.get_by_role("button", name="Hapus Ponsel uji")).to_have_count(0)
    leave(page)
    page.locator("#username").fill("colleague")
    page.get_by_role("button", name="Masuk dengan kunci sandi").click()
    expect(page.locator("main")).to_contain_text("belum cocok")


def test_without_prf_the_passphrase_stays_and_the_passkey_is_the_second_factor(
    visit: Visit, people: People
) -> None:
    """The page says what is missing; nothing is sent before it is typed."""
    page = visit(prf=False)
    enter(page, people, "fallback")
    add_passkey(page)
    expect(page.locator("main")).to_contain_text("Kata sandi tetap perlu.")
    leave(page)
    page.locator("#username").fill("fallback")
    page.get_by_role("button", name="Masuk dengan kunci sandi").click()
    expect(page.locator("[data-say=passphrase]")).to_be_visible()
    check(page, "sign-in-passphrase-too")
    page.locator("#passphrase").fill(people["fallback"]["passphrase"])
    page.get_by_role("button", name="Masuk dengan kunci sandi").click()
    expect(page.get_by_role("button", name="Keluar", exact=True)).to_be_visible()


def test_a_device_that_does_not_answer_leaves_the_page_usable(
    visit: Visit, people: People
) -> None:
    """No passkey on this device: a sentence, and the code works."""
    page = visit(prf=True)
    page.locator("#username").fill("office")
    page.get_by_role("button", name="Masuk dengan kunci sandi").click()
    expect(page.locator("[data-say=failed]")).to_be_visible()
    page.locator("#passphrase").fill(people["office"]["passphrase"])
    page.locator("#code").fill(one_time_code(people, "office"))
    page.get_by_role("button", name="Masuk", exact=True).click()
    expect(page.get_by_role("button", name="Keluar", exact=True)).to_be_visible()


@pytest.mark.parametrize("width", [240, 1280])
def test_without_javascript_paper_takes_the_place_of_the_phone(
    visit: Visit, people: People, width: int
) -> None:
    """Eight codes, printed; one opens once."""
    page = visit(javascript=False, width=width)
    expect(page.get_by_role("button", name="Masuk dengan kunci sandi")).to_have_count(0)
    enter(page, people, "shelter")
    expect(page.get_by_role("button", name="Tambah kunci sandi")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("JavaScript perlu menyala")
    page.get_by_role("button", name="Buat kode cadangan").click()
    codes = page.locator("main li code").all_inner_texts()
    assert len(codes) == 8
    page.goto("/")
    leave(page)
    for answer in ("Hari ini", "Masuk"):
        page.locator("#username").fill("shelter")
        page.locator("#passphrase").fill(people["shelter"]["passphrase"])
        page.locator("#code").fill(codes[3])
        page.get_by_role("button", name="Masuk", exact=True).click()
        expect(page.locator("h1")).to_have_text(answer)
        if answer == "Hari ini":
            leave(page)


def test_the_page_of_codes_and_the_question_before_it_are_accessible(
    visit: Visit, people: People
) -> None:
    """As every page."""
    page = visit(width=240)
    enter(page, people, "clinic")
    page.get_by_role("button", name="Buat kode cadangan").click()
    check(page, "recovery-codes")
    page.goto("/accounts/me/ways/confirm/")
    check(page, "confirm")


def test_the_same_answer_sent_six_times_at_once_opens_once(
    visit: Visit, people: People, house: Running
) -> None:
    """A passkey's answer and a code on paper: whoever copied them comes too late."""
    page = visit(prf=True)
    enter(page, people, "leaver")
    add_passkey(page)
    page.get_by_role("button", name="Buat kode cadangan").click()
    paper = page.locator("main li code").first.inner_text()
    page.goto("/")
    leave(page)
    caught: list[str] = []

    def catch(route: Route) -> None:
        caught.append(route.request.post_data or "")
        route.abort()

    page.route("**/accounts/sign-in/", catch)
    page.locator("#username").fill("leaver")
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Masuk dengan kunci sandi").click()
    answer = dict(parse_qsl(caught[0]))
    code = {
        "username": "leaver", "passphrase": people["leaver"]["passphrase"], "code": paper,
    }  # fmt: skip

    def send(fields: dict[str, str]) -> int:
        return house.ask("workspace", "POST", "/accounts/sign-in/", fields)[0]

    for fields in (answer, code):
        with ThreadPoolExecutor(6) as pool:
            statuses = sorted(pool.map(send, [fields] * 6))
        assert statuses == [302, *[422] * 5]
        house.command("shell", "-c", FORGET_THE_WAITING)
