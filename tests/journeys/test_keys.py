"""Keys that are lost, renewed and asked back, as people do it in their browsers."""

import re
import time
from base64 import b32decode
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from simpul.vault import passphrases
from simpul.vault.passphrases import STEP
from tests.journeys.conftest import PICTURES, Opener, check
from tests.running import Running, running

SAID = "Ia minta ditelepon sebelum pukul sembilan."
FRESH = "sampan kelapa tenun pagi"
WIDTHS = [240, 360, 1280] if PICTURES else [240]  # each look takes most of a second
People = dict[str, dict[str, str]]
At = Callable[..., Page]


@pytest.fixture
def house() -> Iterator[Running]:
    """An instance of its own for each story, because each changes who holds which key."""
    with running() as instance:
        yield instance


@pytest.fixture
def at(opened: Opener, people: People) -> At:
    """A colleague's browser in which she is signed in, the same one each time."""
    browsers: dict[str, Page] = {}

    def hers(key: str, path: str = "/", *, javascript: bool = True) -> Page:
        if key not in browsers:
            page = browsers[key] = opened("workspace", width=1280, javascript=javascript)
            totp = bytes.fromhex(people[key]["totp"])
            enter(page, key, people[key]["passphrase"], totp, 0)
        browsers[key].goto(path)
        return browsers[key]

    return hers


def enter(page: Page, username: str, passphrase: str, totp: bytes, ahead: int) -> None:
    """Signs in with the code of this half minute or of one of the next."""
    page.goto("/accounts/sign-in/")
    page.locator("#username").fill(username)
    page.locator("#passphrase").fill(passphrase)
    step = int(time.time()) // STEP + ahead
    page.locator("#code").fill(passphrases.code_at(totp, step))
    press(page, "Masuk")
    expect(page.locator("h1")).not_to_have_text("Masuk")


def press(page: Page, label: str) -> None:
    """Presses the button, or follows the link, whose words begin so."""
    words = re.compile(rf"^{label}")
    main = page.locator("main")
    main.get_by_role("button", name=words).or_(main.get_by_role("link", name=words)).first.click()


def look(page: Page, name: str) -> None:
    """The page as a phone, a small phone and a desk show it."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 740})
        check(page, f"keys-{name}")


def digits(page: Page) -> str:
    """The check number that is read out on the telephone."""
    found = re.search(r"\d{5} \d{5} \d{5} \d{5}", page.locator("main").inner_text())
    assert found
    return found[0]


def write_case(page: Page) -> str:
    """Writes down what somebody says who has come; returns the case's address."""
    page.goto("/cases/new/")
    page.locator("[name=story]").fill(SAID)
    page.locator("input[name=tie][value=no]").check()
    page.locator("[name=read_back]").check()
    page.locator("[name=next_action]").fill("Menelepon besok pagi")
    press(page, "Simpan")
    press(page, "Sudah diserahkan")
    expect(page.locator("main")).to_contain_text(SAID)
    return page.url


def sign(at: At, title: str, number: str = "", *, seen: bool = False) -> None:
    """Two administrators read what they sign, and sign."""
    for who in ("root-one", "root-two"):
        page = at(who, "/network/proposals/")
        if seen and who == "root-one":
            look(page, "proposals")
        page.get_by_role("link", name=title).first.click()
        if number:
            assert digits(page) == number
        if seen and who == "root-two":
            look(page, "sign")
        press(page, "Tanda tangani")


def test_who_lost_her_passphrase_opens_her_case_again(
    at: At, opened: Opener, people: People
) -> None:
    """Invited back, signed for by two, handed the key by a colleague."""
    case = write_case(at("intake"))
    admin = at("root-one", "/network/people/")
    look(admin, "people")
    row = admin.locator("main li").filter(has_text="Mera I")
    row.get_by_role("link", name="Lupa kata sandi").click()
    look(admin, "bring-back")
    press(admin, "Buat undangan")
    look(admin, "invited")
    link = admin.locator(".code-once").inner_text()
    her = opened("workspace", width=360, javascript=True)
    her.goto(re.sub(r"^http://[^/]+", "", link))
    look(her, "come-back")
    secret = her.locator("code.digits").inner_text().replace(" ", "")
    totp = b32decode(secret)
    her.locator("[name=passphrase]").fill(FRESH)
    her.locator("[name=again]").fill(FRESH)
    her.locator("[name=code]").fill("000000")
    press(her, "Simpan")
    look(her, "come-back-wrong")
    assert her.locator("code.digits").inner_text().replace(" ", "") == secret
    her.locator("[name=passphrase]").fill(FRESH)
    her.locator("[name=again]").fill(FRESH)
    step = int(time.time()) // STEP
    her.locator("[name=code]").fill(passphrases.code_at(totp, step))
    press(her, "Simpan")
    look(her, "come-back-done")
    sign(at, "Mera I", digits(her), seen=True)
    enter(her, "intake", FRESH, totp, 1)
    her.goto("/network/keys/")
    look(her, "waits-for-the-key")
    answer = her.goto(case)
    assert answer is not None and answer.status == 404, "not before a colleague has handed it over"
    colleague = at("colleague", "/network/keys/")
    look(colleague, "colleague-waits")
    press(colleague, "Serahkan kunci")
    look(colleague, "hand-over")
    colleague.locator("[name=known]").check()
    press(colleague, "Serahkan kunci")
    her.goto(case)
    expect(her.locator("main")).to_contain_text(SAID)


@pytest.mark.parametrize("javascript", [False, True])
def test_after_a_colleague_has_left_everything_lies_under_a_new_key(
    at: At, house: Running, javascript: bool
) -> None:
    """The leaver sees nothing from that moment; who stays renews the key and opens everything."""
    case = write_case(at("colleague", javascript=javascript))
    leaver = at("intake", case)
    expect(leaver.locator("main")).to_contain_text(SAID)
    admin = at("root-one", "/network/people/")
    row = admin.locator("main li").filter(has_text="Mera I")
    row.get_by_role("link", name="Akhiri tugas").click()
    if javascript:
        look(admin, "remove")
    press(admin, "Akhiri sekarang")
    expect(admin.locator("main")).not_to_contain_text("Mera I")
    for path in (case, "/network/keys/", "/cases/"):
        answer = leaver.goto(path)
        assert answer is not None and answer.status == 401
    stays = at("colleague")
    expect(stays.locator("main")).to_contain_text("perlu diperbarui")
    if javascript:
        look(stays, "home-renew")
    stays.goto("/network/keys/")
    if javascript:
        look(stays, "keys-left")
    press(stays, "Perbarui kunci")
    if javascript:
        look(stays, "renew")
    press(stays, "Perbarui kunci")
    expect(stays.locator("main")).to_contain_text("0 dari")
    if javascript:
        look(stays, "reseal")
    press(stays, "Mulai")
    expect(stays.locator("main")).to_contain_text("Selesai.")
    if javascript:
        look(stays, "resealed")
    stays.goto(case)
    expect(stays.locator("main")).to_contain_text(SAID)
    desk = "SELECT d.id FROM network_desk d WHERE d.name = 'Pengaduan Uji'"
    old = "SELECT count(*) FROM vault_grant g JOIN vault_keypair k ON k.ref = g.recipient_id"
    under = f"{old} WHERE g.desk = ({desk}) AND g.state = 'live' AND k.epoch"
    assert house.sql(f"{under} = 1") == [(0,)] and house.sql(f"{under} = 2") > [(0,)]


def test_custodians_give_a_desk_its_key_back(at: At, house: Running) -> None:
    """Named, entrusted, practised, asked, refused once, asked again, helped, finished, opened."""
    member = at("fallback")
    case = write_case(member)
    admin = at("root-one", "/network/custody/")
    look(admin, "custody")
    desk = admin.locator("main li").filter(has_text="Pengaduan Provinsi Uji")
    desk.get_by_role("link", name="Pilih penjaga").click()
    press(admin, "Ajukan")
    look(admin, "custodians-empty")
    for name in ("Mera C (clinic) · RSUD Uji", "Lendi O (office)", "Mera I (intake)"):
        admin.get_by_label(name, exact=False).check()
    admin.locator("[name=need]").select_option("2")
    look(admin, "custodians")
    press(admin, "Ajukan")
    sign(at, "Pengaduan Provinsi Uji", seen=True)
    member.goto("/network/custody/")
    look(member, "custody-entrust")
    press(member, "Titipkan kunci")
    expect(member.locator("main")).to_contain_text("kunci sudah dititipkan")

    drill = ask(at, drill=True)
    look(at("root-one", drill), "drill")
    for who in ("clinic", "office"):
        press(at(who, drill), "Serahkan bagian saya")
    press(at("root-one", drill), "Satukan kuncinya")
    expect(at("root-one", drill).locator("main")).to_contain_text("Selesai.")
    look(at("root-one", drill), "drill-done")

    lost = "DELETE FROM vault_keycopy c USING network_desk d WHERE c.keypair_id = d.keypair_id"
    assert house.sql(f"{lost} AND d.name = 'Pengaduan Provinsi Uji' RETURNING 1")
    answer = member.goto(case)
    assert answer is not None and answer.status == 404
    stopped = ask(at, seen=True)
    keeper = at("clinic")
    expect(keeper.locator("main")).to_contain_text("diminta kembali")
    look(keeper, "home-asked")
    look(at("clinic", stopped), "recovery-waits")
    expect(keeper.get_by_role("button", name="Serahkan bagian saya")).to_have_count(0)
    press(keeper, "Hentikan")
    look(at("root-one", stopped), "recovery-refused")

    again = ask(at)
    house.sql("UPDATE network_recovery SET opens_at = asked_at WHERE done_at IS NULL RETURNING 1")
    look(at("office", again), "recovery-open")
    helper = at("office", again)
    press(helper, "Serahkan bagian saya")
    expect(helper.locator("main")).to_contain_text("Bagian Anda sudah diserahkan.")
    expect(helper.get_by_role("button", name="Serahkan bagian saya")).to_have_count(0)
    press(at("fallback", again), "Satukan kuncinya")
    expect(member.locator("main")).to_contain_text("1 penjaga sudah membantu.")
    look(member, "recovery-too-few")
    press(at("intake", again), "Serahkan bagian saya")
    press(at("fallback", again), "Satukan kuncinya")
    look(member, "recovery-done")
    look(at("root-one", "/network/custody/"), "custody-afterwards")
    member.goto(case)
    expect(member.locator("main")).to_contain_text(SAID)


def ask(at: At, *, drill: bool = False, seen: bool = False) -> str:
    """An administrator asks for the key, or practises it; returns the address of it."""
    page = at("root-one", "/network/custody/")
    desk = page.locator("main li").filter(has_text="2 dari 3 penjaga")
    desk.get_by_role("link", name="Minta kunci kembali").click()
    page.locator("[name=member]").select_option(label="Noka F")
    if drill:
        page.locator("[name=drill]").check()
    if seen:
        look(page, "ask")
    press(page, "Minta")
    expect(page.locator("h1")).to_contain_text("diminta kembali")
    return page.url
