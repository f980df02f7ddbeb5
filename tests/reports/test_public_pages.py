"""The report as a person meets it: three pages, six words, and what lies behind them."""

import gzip
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.utils import timezone

from simpul.clocks.models import Clock
from simpul.core.templatetags.simpul import moment
from simpul.reports import actions, queries, reading
from simpul.reports.models import Report
from simpul.reports.views import public as views
from simpul.vault import receipts, sources
from simpul.vault.models import AuditLine, Envelope, Grant
from tests.conftest import Cast, Door
from tests.reports.pages import Page, Values

START, SEND, OPEN = "/reports/", "/reports/send/", "/reports/open/"
STORY = 'Saya takut.\nDia bilang "diam" & pergi <b>.'


class Browser:
    """Somebody who fills in pages without scripts and cookies, as they come."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.sent: Any = door.get(START)
        self.page = Page(self.sent.content.decode())

    @property
    def html(self) -> str:
        """The page on the screen."""
        return self.page.html

    def press(self, go: str, address: str = START, **typed: Any) -> "Browser":
        """Presses a button of the form on the screen, after typing."""
        values: Values = self.page.form(address) | {
            name: value if isinstance(value, list) else [value] for name, value in typed.items()
        }
        self.sent = self.door.post(address, values | {"go": [go]})
        self.page = Page(self.sent.content.decode())
        return self

    def to_last_page(self, **typed: Any) -> "Browser":
        """Goes to the third page with these answers, the rest skipped."""
        first = {name: typed.pop(name) for name in list(typed) if name in views.content.QUESTIONS}
        self.press("next", **first).press("next", **typed)
        return self

    def words(self) -> str:
        """The six words on the screen."""
        found = re.search(r'class="words"[^>]*>(.*?)</p>', self.html, re.S)
        assert found, self.html
        return " ".join(re.findall(r"\d\. (\w+)", found[1]))


@pytest.fixture
def browser(cast: Cast, public: Door) -> Browser:
    """A person at the first page."""
    return Browser(public)


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "patience", sources.Patience())


def opened(door: Door, words: str) -> Page:
    """The status page behind six words."""
    answer = door.post(OPEN, {"words": words})
    assert answer.status_code == 302, answer.content.decode()
    return Page(door.get(answer["Location"]).content.decode())


def said(cast: Cast, words: str) -> dict[str, dict[str, Any]]:
    """What lies sealed behind six words."""
    pair = receipts.open_words(words.split(), filing=False)
    report = Report.objects.get(lookup=pair.lookup)
    from tests.conftest import Receipt

    with cast.reporting(Receipt("", words.split(), pair, "")) as reporter:
        assert reporter.report == report
        return reading.read_own(reporter).answers


# --- The three pages ------------------------------------------------------------------------------


def test_a_report_is_filed_without_any_answer(browser: Browser, cast: Cast) -> None:
    browser.press("next").press("next").press("send", SEND)
    assert browser.sent.status_code == 200
    words = browser.words()
    answers = said(cast, words)
    assert set(answers) == {"safety", "notes", "incident"}
    assert answers["notes"] == {"needs": [], "region": "", "for_whom": ""}


def test_every_answer_arrives_in_its_compartment(browser: Browser, cast: Cast) -> None:
    office = str(cast.agency("dinas").ref)
    browser.press("next", danger="no", health72="unknown", child="skip")
    browser.press(
        "next", needs=["health", "talk"], region="53.71", for_whom="self", channel="call",
        detail="0000-0000-1101", hours="pagi", cover="dari toko", office=office, kind="superior",
    )  # fmt: skip
    other = str(cast.agency("shelter").ref)
    browser.press("send", SEND, story=STORY, fallback="yes", excluded=[other])
    words = browser.words()
    assert said(cast, words) == {
        "safety": {
            "danger": "no", "selfharm": "", "health72": "unknown", "child": "skip", "transit": "",
        },
        "notes": {"needs": ["health", "talk"], "region": "53.71", "for_whom": "self"},
        "contact": {
            "channel": "call", "detail": "0000-0000-1101", "hours": "pagi", "cover": "dari toko",
        },
        "reported_person": {
            "kind": "superior", "office": str(cast.agency("dinas").ref),
            "excluded": [other],
        },
        "incident": {"story": STORY},
    }  # fmt: skip
    report = Report.objects.get()
    assert (report.receiver, report.fallback) == (cast.desk("intake"), cast.desk("fallback"))


def test_until_kirim_nothing_is_kept_and_no_cookie_is_set(browser: Browser, cast: Cast) -> None:
    before = AuditLine.objects.count()
    browser.press("next", danger="yes").press("next", detail="rahasia").press("more", SEND)
    browser.press("back", SEND).press("back")
    assert not browser.door.client.cookies
    assert not Report.objects.exists()
    assert AuditLine.objects.count() == before
    browser.press("next").press("next").press("send", SEND)
    assert not browser.door.client.cookies


def test_kembali_keeps_everything_on_the_way_back_and_forth(browser: Browser) -> None:
    browser.press("next", danger="yes", child="no")
    browser.press("next", needs=["health"], cover="toko", region="53.71")
    browser.press("back", SEND, story=STORY, fallback="no").press("back")
    assert browser.page.form(START)["danger"] == ["yes"]
    browser.press("next")
    assert browser.page.form(START)["cover"] == ["toko"]
    assert browser.page.form(START)["needs"] == ["health"]
    browser.press("next")
    assert browser.page.form(SEND)["story"] == [STORY]
    assert browser.page.form(SEND)["fallback"] == ["no"]


def test_danger_now_shows_numbers_to_call_before_anything_else(browser: Browser) -> None:
    html = browser.press("next", danger="yes", health72="yes").html
    assert html.index("<h1>Telepon dulu") < html.index('href="tel:110"') < html.index("<form")
    assert html.index('href="tel:110"') < html.index("layanan kesehatan bisa mencegah")
    assert 'href="#form"' in html


def test_within_three_days_health_care_comes_first_and_not_the_police(browser: Browser) -> None:
    html = browser.press("next", health72="yes").html
    assert "tel:110" not in html
    assert "tanpa lapor polisi" in html
    assert html.index('href="tel:119"') < html.index("<form")


def test_a_child_is_spoken_to_and_so_is_who_reports_for_one(browser: Browser) -> None:
    html = browser.press("next", child="yes").html
    assert "Kamu tidak salah." in html
    assert "Terima kasih sudah peduli." in html
    browser.press("next", for_whom="other").press("back", SEND)
    assert "Kamu tidak salah." not in browser.html


def test_skipping_the_first_page_forgets_its_answers(browser: Browser) -> None:
    browser.press("skip", danger="yes")
    assert "danger" not in browser.page.form(START)


@pytest.mark.parametrize(
    "nonsense",
    [
        {"danger": "maybe", "region": "99.99", "needs": ["gold", "health"], "kind": "x"},
        {"office": "not-a-ref", "excluded": ["1", "x"], "receiver": "somebody", "step": "7"},
        {"fallback": "perhaps", "shown": "x", "for_whom": "\0", "channel": "pigeon"},
    ],
)
def test_what_cannot_be_understood_counts_as_skipped(
    browser: Browser, nonsense: dict[str, Any]
) -> None:
    browser.to_last_page()
    form = browser.page.form(SEND) | nonsense | {"go": "send"}
    answer = browser.door.post(SEND, form)
    if answer.status_code == 422:  # a receiver nobody offered is asked for again
        assert "receiver" in nonsense
        answer = browser.door.post(SEND, Page(answer.content.decode()).form(SEND) | {"go": "send"})
    assert answer.status_code == 200
    assert Report.objects.count() == 1


def test_a_form_sent_to_the_wrong_step_still_leads_on(browser: Browser) -> None:
    for step in ("", "0", "x", "1"):
        answer = browser.door.post(START, {"step": step, "go": "next", "story": STORY})
        assert Page(answer.content.decode()).form(START)["story"] == [STORY]
        assert "Apa yang Anda butuhkan?" in answer.content.decode()


def test_words_that_are_too_long_are_asked_for_again_and_not_cut(browser: Browser) -> None:
    long = "a" * 250
    browser.press("next").press("next", cover=long, needs=["talk"])
    assert browser.sent.status_code == 422
    assert browser.page.form(START)["cover"] == [long]
    assert browser.page.form(START)["needs"] == ["talk"]
    browser.press("next", cover="toko").press("send", SEND, story="b" * 20_001)
    assert browser.sent.status_code == 422
    assert browser.page.form(SEND)["story"] == ["b" * 20_001]
    assert not Report.objects.exists()
    assert browser.press("send", SEND, story="b\r\n" * 9_000).sent.status_code == 200


# --- Who may know ---------------------------------------------------------------------------------


def names(page: Page) -> str:
    """What is offered on the last page, as it is read."""
    return re.sub(r"<[^>]+>", "|", page.html.partition("<legend>Siapa yang boleh")[2])


def test_the_office_of_the_reported_person_is_not_offered(browser: Browser, cast: Cast) -> None:
    browser.to_last_page(region="53")
    office = str(cast.desk("office").ref)
    assert office in browser.page.offers["receiver"]
    browser.press("back", SEND).press("next", office=str(cast.agency("dinas").ref))
    assert office not in browser.page.offers["receiver"]  # a unit below that office


def test_an_office_that_must_not_know_is_neither_receiver_nor_fallback(
    browser: Browser, cast: Cast
) -> None:
    browser.to_last_page(region="53.71")
    assert "Pengaduan Provinsi Uji" in browser.html
    browser.press("more", SEND, excluded=str(cast.agency("province").ref))
    assert str(cast.agency("province").ref) in browser.page.form(SEND)["excluded"]
    assert str(cast.desk("fallback").ref) not in browser.page.offers["receiver"]
    assert "shown" not in browser.page.form(SEND)


def test_nearest_first_and_left_to_us_is_the_first(browser: Browser, cast: Cast) -> None:
    browser.to_last_page(region="53.71")
    intake = str(cast.desk("intake").ref)
    assert browser.page.offers["receiver"][0] == f"any {intake}"
    assert browser.page.form(SEND)["receiver"] == [f"any {intake}"]
    assert len(browser.page.offers["receiver"]) <= queries.MOST_OFFERED + 1
    assert "wajib" in names(browser.page).lower()


def test_a_fallback_she_did_not_see_is_asked_again(browser: Browser, cast: Cast) -> None:
    browser.to_last_page(region="53.71")
    browser.press("send", SEND, fallback="yes", shown=str(uuid4()), story=STORY)
    assert browser.sent.status_code == 422
    assert browser.page.form(SEND)["story"] == [STORY]
    assert not Report.objects.exists()
    assert browser.press("send", SEND).sent.status_code == 200
    assert Report.objects.get().fallback == cast.desk("fallback")


def test_without_a_yes_nobody_else_gets_a_key(browser: Browser, cast: Cast) -> None:
    browser.to_last_page().press("send", SEND)
    assert Report.objects.get().fallback is None
    assert not Grant.objects.filter(desk=cast.desk("fallback").pk, state="dormant").exists()


def test_a_desk_that_cannot_receive_any_more_is_asked_again(browser: Browser, cast: Cast) -> None:
    browser.to_last_page()
    desk = cast.desk("intake")
    desk.receiving = False
    desk.save()
    browser.press("send", SEND, receiver=str(desk.ref), story=STORY)
    assert browser.sent.status_code == 422
    assert "sedang tidak bisa menerima" in browser.html
    assert browser.page.form(SEND)["story"] == [STORY]


def test_where_nobody_can_receive_there_are_numbers_to_call(browser: Browser, cast: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE network_desk SET receiving = false")
    browser.to_last_page()
    assert "tel:129" in browser.html
    assert browser.press("back", START).sent.status_code == 200


# --- Kirim ----------------------------------------------------------------------------------------


def test_the_receipt_shows_words_numbers_hour_and_desk(browser: Browser, cast: Cast) -> None:
    browser.to_last_page(region="53.71").press("send", SEND, fallback="yes")
    words = browser.words().split()
    assert len(words) == 6
    assert " ".join(receipts.digits_of(words)) in browser.html
    assert "Pengaduan Uji" in browser.html
    assert "WITA" in browser.html
    assert "Pengaduan Provinsi Uji" in browser.html
    assert browser.sent["Cache-Control"] == "no-store, private"


@pytest.mark.parametrize(("answers", "hours"), [({}, 24), ({"danger": "yes"}, 1)])
def test_danger_is_answered_within_the_hour(
    browser: Browser, cast: Cast, answers: dict[str, str], hours: int
) -> None:
    browser.to_last_page(**answers).press("send", SEND)
    clock = Clock.objects.get(rule="K02")
    assert clock.due_at - clock.started_at == timedelta(hours=hours)
    assert moment(clock.due_at) in browser.html


def test_pressing_kirim_twice_shows_the_same_words_and_makes_one_report(
    browser: Browser,
) -> None:
    form = browser.to_last_page().page.form(SEND) | {"go": "send"}
    first = browser.door.post(SEND, form | {"story": "satu"}).content.decode()
    again = browser.door.post(SEND, form | {"story": "dua"}).content.decode()
    assert Report.objects.count() == 1
    shown = re.findall(r'class="words".*?</p>', first, re.S)
    assert shown == re.findall(r'class="words".*?</p>', again, re.S)
    assert "laporannya tetap satu" in again


def test_after_an_hour_the_words_are_not_shown_again(browser: Browser) -> None:
    form = browser.to_last_page().page.form(SEND) | {"go": "send"}
    browser.door.post(SEND, form)
    Report.objects.update(filed_at=timezone.now() - timedelta(hours=2))
    answer = browser.door.post(SEND, form)
    assert answer.status_code == 409
    assert 'class="words"' not in answer.content.decode()
    assert OPEN in answer.content.decode()


@pytest.mark.parametrize("token", ["", "x", "é" * 22, "A" * 21 + "!"])
def test_a_spoilt_token_is_renewed_and_kirim_pressed_once_more(
    browser: Browser, token: str
) -> None:
    browser.to_last_page().press("send", SEND, token=token, story=STORY)
    assert browser.sent.status_code == 422
    assert "Tekan Kirim sekali lagi." in browser.html
    assert browser.page.form(SEND)["story"] == [STORY]
    assert browser.press("send", SEND).sent.status_code == 200


def test_while_the_database_is_down_no_word_is_lost(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.to_last_page(cover="toko")
    token = browser.page.form(SEND)["token"]
    monkeypatch.setattr(actions.rows, "call", _down)
    browser.press("send", SEND, story=STORY)
    assert (browser.sent.status_code, browser.sent["Retry-After"]) == (503, "10")
    assert "Belum terkirim." in browser.html
    assert browser.page.form(SEND)["story"] == [STORY]
    assert browser.page.form(SEND)["token"] == token
    monkeypatch.setattr(views.queries, "receivers", _down)
    browser.press("send", SEND)
    assert browser.sent.status_code == 503
    assert browser.page.form(SEND)["story"] == [STORY]
    assert browser.page.form(SEND)["cover"] == ["toko"]
    monkeypatch.undo()
    assert browser.press("send", SEND).sent.status_code == 200


def _down(*_args: Any, **_more: Any) -> None:
    raise OperationalError("no connection")


def test_the_story_is_in_no_column_as_it_was_written(browser: Browser) -> None:
    browser.to_last_page(detail="0000-0000-1101").press("send", SEND, story="Cerita rahasia ini.")
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(
                f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', ["%rahasia ini%"]
            )
            assert cursor.fetchone()[0] == 0, table


# --- Opening it again -----------------------------------------------------------------------------


def test_words_open_in_any_spelling_and_as_numbers(cast: Cast, public: Door) -> None:
    receipt = cast.file()
    for typed in (
        receipt.typed,
        "  " + ", ".join(f"{n}. {word.upper()}" for n, word in enumerate(receipt.words, 1)),
        "\n".join(word[:4] for word in receipt.words),
        "-".join(receipts.digits_of(receipt.words)),
    ):
        assert "Kabar laporan Anda" in opened(public, typed).html


def test_a_word_that_is_not_in_the_list_is_named_without_deriving(
    cast: Cast, public: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "open_words", _down)
    words = [*receipts.wordlist()[:3], "zzzzz", *receipts.wordlist()[4:6]]
    answer = public.post(OPEN, {"words": " ".join(words)})
    assert "Kata ke-4 tidak ada di daftar." in answer.content.decode()
    assert "zzzzz" in answer.content.decode()


def test_wrong_words_wait_longer_and_never_say_whether_a_report_exists(
    cast: Cast, public: Door
) -> None:
    receipt = cast.file()
    wrong = " ".join(
        [*receipt.words[:5], next(w for w in receipts.wordlist() if w != receipt.words[5])]
    )
    first = [public.post(OPEN, {"words": wrong}) for _ in range(5)]
    assert {answer.status_code for answer in first} == {422}
    assert all("belum cocok" in answer.content.decode() for answer in first)
    slow = [public.post(OPEN, {"words": typed}) for typed in (wrong, receipt.typed)]
    assert {answer.status_code for answer in slow} == {429}
    assert all("lalu coba lagi" in answer.content.decode() for answer in slow)
    assert not public.client.cookies


def test_leaving_closes_what_was_open(cast: Cast, public: Door) -> None:
    page = opened(public, cast.file().typed)
    answer = public.post("/reports/leave/", page.form("/leave/"))
    assert answer["Location"] == "/"
    assert public.get("/reports/mine/").status_code == 403


# --- Behind the receipt ---------------------------------------------------------------------------


def test_the_status_says_who_answers_and_until_when(cast: Cast, public: Door) -> None:
    html = opened(public, cast.file().typed).html
    assert "Laporan sudah sampai di Pengaduan Uji. Belum dibuka." in html
    assert "Yang bertanggung jawab: Pengaduan Uji" in html
    assert "Paling lambat" in html
    assert "Belum ada yang membaca." in html


def test_the_status_shows_the_next_step_and_which_desk_read_what(cast: Cast, public: Door) -> None:
    receipt = cast.file()
    with cast.acting("intake") as actor:
        actions.read(actor=actor, report=Report.objects.get())
    cast.open_case(receipt)
    html = opened(public, receipt.typed).html
    assert "Menelepon kembali" in html
    assert "Pengaduan Uji sudah membaca dan menangani laporan ini." in html
    assert "Kejadian" in html
    assert "Mera" not in html


def test_who_reported_for_someone_else_sees_no_next_step(cast: Cast, public: Door) -> None:
    receipt = cast.file(notes={"needs": [], "region": "", "for_whom": "other"})
    cast.open_case(receipt, reporter_is_survivor=False)
    assert "Menelepon kembali" not in opened(public, receipt.typed).html
    for address in ("/cases/mine/", "/referrals/mine/"):
        assert "Anda melapor untuk orang lain." in public.get(address).content.decode()


@pytest.mark.parametrize(
    ("fallback", "says"), [("fallback", "Petugas lain"), (None, "Kami minta maaf")]
)
def test_a_late_answer_is_said(cast: Cast, public: Door, fallback: str | None, says: str) -> None:
    receipt = cast.file(fallback=fallback)
    Clock.objects.update(due_at=timezone.now() - timedelta(hours=1))
    html = opened(public, receipt.typed).html
    assert says in html
    assert ("Petugas lain" in html) == (fallback is not None)


def test_after_the_clock_the_fallback_answers(cast: Cast, public: Door) -> None:
    receipt = cast.file()
    Report.objects.update(woken_at=timezone.now())
    html = opened(public, receipt.typed).html
    assert "Sekarang Pengaduan Provinsi Uji yang bertanggung jawab." in html


def test_a_message_goes_out_once_however_often_it_is_sent(cast: Cast, public: Door) -> None:
    form = opened(public, cast.file().typed).form("/message/") | {"message": STORY}
    for _ in range(2):
        assert public.post("/reports/mine/message/", form).status_code == 302
    html = public.get("/reports/mine/").content.decode()
    assert html.count("Pesan dari Anda") == 1
    assert "&lt;b&gt;" in html


def test_a_desks_answer_is_on_the_page(cast: Cast, public: Door) -> None:
    receipt = cast.file()
    with cast.acting("intake") as actor:
        actions.answer(
            actor=actor, report=Report.objects.get(), ref=uuid4(), text="Kami baca.",
            now=timezone.now(),
        )  # fmt: skip
    html = opened(public, receipt.typed).html
    assert "Pesan dari Pengaduan Uji" in html
    assert "Kami baca." in html


def test_a_message_typed_while_the_page_closed_is_offered_again(cast: Cast, public: Door) -> None:
    public.client.handler.enforce_csrf_checks = True
    receipt = cast.file()
    form = opened(public, receipt.typed).form("/message/") | {"message": STORY}
    public.client.cookies.clear()
    closed = public.post("/reports/mine/message/", form)
    page = Page(closed.content.decode())
    assert closed.status_code == 403
    assert page.form(OPEN)["message"] == [STORY]
    answer = public.post(OPEN, page.form(OPEN) | {"words": receipt.typed})
    page = Page(answer.content.decode())
    assert page.form("/message/")["message"] == [STORY]
    assert public.post("/reports/mine/message/", page.form("/message/")).status_code == 302
    assert "Pesan dari Anda" in public.get("/reports/mine/").content.decode()


def test_a_file_is_cleaned_sealed_and_listed(cast: Cast, public: Door) -> None:
    form = opened(public, cast.file().typed).form("/files/")
    assert "/files/" in "/reports/files/"
    text = SimpleUploadedFile("rahasia.txt", b"Halo dari Kupang.")
    assert public.post("/reports/files/", form | {"file": text}).status_code == 302
    html = public.get("/reports/mine/").content.decode()
    assert "TXT" in html
    assert "rahasia" not in html


@pytest.mark.parametrize(
    ("file", "sentence"),
    [(None, "Pilih berkas dulu"), (b"PK\x03\x04zip", "Simpan dokumen ini sebagai PDF.")],
)
def test_a_file_that_cannot_be_taken_says_what_to_do(
    cast: Cast, public: Door, file: bytes | None, sentence: str
) -> None:
    form: dict[str, Any] = opened(public, cast.file().typed).form("/files/")
    if file is not None:
        form["file"] = SimpleUploadedFile("x", file)
    answer = public.post("/reports/files/", form)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()


def test_she_sees_everything_she_sent(cast: Cast, public: Door) -> None:
    opened(public, cast.file(story=STORY).typed)
    html = public.get("/reports/mine/data/").content.decode()
    assert "Saya takut." in html
    assert "Periksa kesehatan" in html
    assert "Kota Kupang" in html


def test_what_lies_behind_a_receipt_is_not_packed(cast: Cast, public: Door) -> None:
    """The size of a packed page would tell what is in it (BREACH); the report's own pages are."""
    packs = {"Accept-Encoding": "gzip"}
    assert public.get("/reports/", headers=packs).headers["Content-Encoding"] == "gzip"
    opened(public, cast.file().typed)
    answer = public.get("/reports/mine/", headers=packs)
    assert answer.status_code == 200 and "Content-Encoding" not in answer.headers


def test_stopping_the_report_ends_every_desks_access(cast: Cast, public: Door) -> None:
    receipt = cast.file()
    page = opened(public, receipt.typed)
    confirm = Page(public.get("/reports/mine/stop/").content.decode())
    assert not Report.objects.filter(state="withdrawn").exists()
    assert public.post("/reports/mine/stop/", confirm.form("/stop/")).status_code == 302
    html = public.get("/reports/mine/").content.decode()
    assert "Laporan Anda dihentikan." in html
    assert "Yang sudah dibaca tetap sudah dibaca." in html
    assert "/reports/mine/message/" not in html
    assert Envelope.objects.filter(desks=[]).count() == Envelope.objects.count()
    late = page.form("/message/") | {"message": "x"}
    assert public.post("/reports/mine/message/", late).status_code == 422


def test_who_stopped_may_come_back_with_the_same_words(cast: Cast, public: Door) -> None:
    receipt = cast.file()
    opened(public, receipt.typed)
    public.post("/reports/mine/stop/")
    page = Page(public.get("/reports/mine/").content.decode())
    assert public.post("/reports/mine/reopen/", page.form("/reopen/")).status_code == 302
    html = public.get("/reports/mine/").content.decode()
    assert "Laporan sudah sampai di Pengaduan Uji." in html
    assert "Paling lambat" in html
    assert cast.desk("intake").pk in Report.objects.get().desks


def test_new_words_open_the_report_and_the_old_ones_nothing(cast: Cast, public: Door) -> None:
    receipt = cast.file(story=STORY)
    opened(public, receipt.typed)
    form = Page(public.get("/reports/mine/words/").content.decode()).form("/words/")
    first = public.post("/reports/mine/words/", form).content.decode()
    again = public.post("/reports/mine/words/", form).content.decode()
    shown = re.findall(r"\d\. (\w+)", first)
    assert shown == re.findall(r"\d\. (\w+)", again)
    assert len(shown) == 6
    assert "Kabar laporan Anda" in public.get("/reports/mine/").content.decode()
    public.client.cookies.clear()
    assert public.post(OPEN, {"words": receipt.typed}).status_code == 422
    assert "Kabar laporan Anda" in opened(public, " ".join(shown)).html
    assert "Saya takut." in public.get("/reports/mine/data/").content.decode()


def test_nothing_behind_a_receipt_opens_without_one(public: Door, cast: Cast) -> None:
    for address in ("mine/", "mine/data/", "mine/stop/", "mine/words/"):
        answer = public.get(f"/reports/{address}")
        assert answer.status_code == 403
        assert "enam kata" in answer.content.decode()
    for address in ("mine/message/", "files/", "mine/reopen/", "mine/words/", "mine/stop/"):
        assert public.post(f"/reports/{address}").status_code == 403


def test_a_form_of_another_site_or_session_does_nothing(cast: Cast, public: Door) -> None:
    public.client.handler.enforce_csrf_checks = True
    page = opened(public, cast.file().typed)
    for address in ("mine/stop/", "mine/message/", "mine/words/", "mine/reopen/"):
        assert public.post(f"/reports/{address}", {"message": "x"}).status_code == 403
    assert Report.objects.get().state == "new"
    assert public.post("/reports/mine/message/", page.form("/message/")).status_code == 302


def test_another_receipt_in_the_same_browser_takes_the_place_of_the_first(
    cast: Cast, public: Door
) -> None:
    one, other = cast.file(story="satu satu"), cast.file(story="dua dua")
    opened(public, one.typed)
    opened(public, other.typed)
    html = public.get("/reports/mine/data/").content.decode()
    assert "dua dua" in html
    assert "satu satu" not in html


# --- Weight and quiet -----------------------------------------------------------------------------


def test_a_whole_report_fits_in_forty_kilobytes(browser: Browser) -> None:
    sizes = [len(gzip.compress(browser.door.get("/").content))]
    for go, address in [("next", START), ("next", START), ("send", SEND)]:
        sizes.append(len(gzip.compress(browser.sent.content)))
        browser.press(go, address)
    sizes.append(len(gzip.compress(browser.sent.content)))
    assert sizes[0] < 14_000
    assert sum(sizes) < 40_000, sizes


@pytest.mark.parametrize("language", ["", "/en"])
def test_titles_and_addresses_tell_nothing(cast: Cast, public: Door, language: str) -> None:
    for address in ("/", "/history/", "/rights/", "/reports/", "/reports/open/", "/directory/"):
        answer = public.get(language + address)
        html = answer.content.decode()
        assert answer.status_code == 200
        assert html.count("<h1>") == 1
        assert re.search(r"<title>(Catatan|Notes)</title>", html)
        assert not public.client.cookies
