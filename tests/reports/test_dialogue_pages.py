"""The dialogue and one's own data as pages: heard, kept, closed, moved, erased; who is kept out."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from simpul.reports.models import Attachment, Erasure, Message, Report
from simpul.reports.views import public as views
from simpul.vault import sources
from simpul.vault.models import AuditLine
from tests.conftest import Cast, Door
from tests.reports.pages import Page
from tests.reports.test_public_pages import opened
from tests.vault.hostile import sounds

MINE, DATA = "/reports/mine/", "/reports/mine/data/"


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "patience", sources.Patience())


def html(door: Door, address: str) -> str:
    """A page as it is sent."""
    answer = door.get(address)
    assert answer.status_code == 200, answer.content.decode()
    text: str = answer.content.decode()
    return text


def voice() -> SimpleUploadedFile:
    """A voice note as a phone names it."""
    return SimpleUploadedFile("Rekaman Mera 12-11.m4a", sounds.voice("mp4"))


def note_in(page: str) -> str:
    """The address of the voice note that the page can play."""
    found = re.search(r'<audio controls preload="none" src="([^"]+)"', page)
    assert found, page
    return found[1]


def test_she_sends_her_voice_and_the_desk_hears_it_and_she_sees_that(
    cast: Cast, public: Door, sign_in: Callable[[str], Door]
) -> None:
    receipt = cast.file()
    form: dict[str, Any] = opened(public, receipt.typed).form("/files/")
    assert public.post("/reports/files/", form | {"file": voice()}).status_code == 302
    assert public.post("/reports/files/", form | {"file": voice()}).status_code == 302
    assert Message.objects.count() == Attachment.objects.count() == 1, "sent twice is one"
    own = public.get(note_in(html(public, MINE)))
    assert own["Content-Type"] == "audio/ogg" and own.content.startswith(b"OggS")
    assert b"Mera" not in own.content and "Mera" not in own["Content-Disposition"]
    assert "no-store" in own["Cache-Control"]
    intake, code = sign_in("intake"), Report.objects.get().code
    heard = intake.get(note_in(html(intake, f"/reports/{code}/")))
    assert heard.content == own.content
    assert AuditLine.objects.filter(event="reports.file.read").count() == 1
    assert "Pengaduan Uji" in html(public, DATA)


def test_a_desk_sends_a_letter_that_only_she_opens(
    cast: Cast, public: Door, sign_in: Callable[[str], Door]
) -> None:
    receipt, stranger = cast.file(), cast.file()
    code = Report.objects.get(lookup=receipt.opened.lookup).code
    intake = sign_in("intake")
    form = Page(html(intake, f"/reports/{code}/")).form(f"/{code}/files/")
    letter = SimpleUploadedFile("surat.txt", b"Datang hari Senin.")
    assert intake.post(f"/reports/{code}/files/", form | {"file": letter}).status_code == 302
    page = opened(public, receipt.typed).html
    found = re.search(r'href="(/reports/mine/files/[^"]+)"', page)
    assert found, page
    assert public.get(found[1]).content.decode() == "Datang hari Senin."
    assert not AuditLine.objects.filter(event="reports.file.read").exists(), "hers, and unrecorded"
    opened(public, stranger.typed)
    assert public.get(found[1]).status_code == 404
    public.client.cookies.clear()
    assert public.get(found[1]).status_code == 403


@pytest.mark.parametrize("key", ["clinic", "fallback", "root-one"])
def test_nobody_else_sends_her_a_file(
    cast: Cast, sign_in: Callable[[str], Door], key: str
) -> None:
    cast.file()
    code = Report.objects.get().code
    letter = SimpleUploadedFile("surat.txt", b"Halo")
    values = {"ref": "0b7f2f0e-6a3a-4f0e-9c1e-0d8a2f1b3c4d", "file": letter}
    assert sign_in(key).post(f"/reports/{code}/files/", values).status_code == 404
    assert not Attachment.objects.exists()


def test_a_film_comes_back_with_advice_on_both_sides(
    cast: Cast, public: Door, sign_in: Callable[[str], Door]
) -> None:
    receipt = cast.file()
    form: dict[str, Any] = opened(public, receipt.typed).form("/files/")
    film = public.post("/reports/files/", form | {"file": SimpleUploadedFile("x", sounds.film())})
    assert film.status_code == 422 and "Video belum bisa kami buka" in film.content.decode()
    code = Report.objects.get().code
    sent = sign_in("intake").post(
        f"/reports/{code}/files/",
        {"ref": form["ref"], "file": SimpleUploadedFile("x", sounds.film())},
    )
    assert sent.status_code == 422 and "Video belum bisa kami buka" in sent.content.decode()
    assert not Attachment.objects.exists()


def test_both_sides_see_until_when_a_message_is_answered(
    cast: Cast, public: Door, sign_in: Callable[[str], Door]
) -> None:
    receipt = cast.file()
    cast.open_case(receipt)
    form = opened(public, receipt.typed).form("/message/") | {"message": "Kapan?"}
    public.post("/reports/mine/message/", form)
    assert "Jawaban atas pesan Anda paling lambat" in html(public, MINE)
    intake, code = sign_in("intake"), Report.objects.get().code
    assert "Pesan yang menunggu jawaban" in html(intake, "/reports/")
    assert "Pesan yang menunggu jawaban" not in html(sign_in("clinic"), "/reports/")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE clocks_clock SET due_at = now() - interval '1 hour'")
    assert "Jawaban atas pesan Anda terlambat" in html(public, MINE)
    answer = Page(html(intake, f"/reports/{code}/")).form("/answer/") | {"text": "Besok."}
    intake.post(f"/reports/{code}/answer/", answer)
    assert "Jawaban atas pesan Anda" not in html(public, MINE)
    assert "Pesan yang menunggu jawaban" not in html(intake, "/reports/")


def test_she_chooses_another_place_on_a_page_that_offers_no_excluded_one(
    cast: Cast, public: Door, sign_in: Callable[[str], Door]
) -> None:
    office = cast.agency("dinas")
    receipt = cast.file(reported_person={"office": "", "excluded": [str(office.ref)]})
    code = Report.objects.get().code
    opened(public, receipt.typed)
    page = Page(html(public, "/reports/mine/receiver/"))
    offered = page.offers["receiver"]
    assert str(cast.desk("fallback").ref) in offered
    assert not {str(cast.desk(key).ref) for key in ("office", "intake")} & set(offered)
    assert public.post("/reports/mine/receiver/", page.form("/receiver/")).status_code == 422
    hidden = page.form("/receiver/") | {"receiver": str(cast.desk("office").ref)}
    assert public.post("/reports/mine/receiver/", hidden).status_code == 422
    chosen = page.form("/receiver/") | {"receiver": offered[0], "fallback": "yes"}
    assert public.post("/reports/mine/receiver/", chosen).status_code == 302
    assert "Pengaduan Provinsi Uji" in html(public, MINE)
    assert Report.objects.get().fallback is None, "nobody is left who may stand in"
    intake = sign_in("intake")
    inbox = html(intake, "/reports/")
    assert code in inbox and "Pelapor memilih tempat lain." in inbox
    assert "Pengaduan Provinsi Uji" not in inbox
    assert intake.get(f"/reports/{code}/").status_code == 404


def test_with_a_case_the_page_says_what_she_can_do_instead(cast: Cast, public: Door) -> None:
    receipt = cast.file()
    cast.open_case(receipt)
    opened(public, receipt.typed)
    page = html(public, "/reports/mine/receiver/")
    assert "sudah menjadi kasus" in page
    assert "Tulis itu sebagai pesan." in page
    assert 'name="receiver"' not in page


def test_she_closes_her_story_on_a_page_and_opens_it_again(
    cast: Cast, public: Door, sign_in: Callable[[str], Door]
) -> None:
    receipt = cast.file(story="Kata yang tertutup.")
    opened(public, receipt.typed)
    intake, code = sign_in("intake"), Report.objects.get().code
    address = "/reports/mine/parts/"
    rows = re.findall(r'name="part" value="([^"]+)">\s*<h2>([^<]+)', html(public, address))
    [story] = [ref for ref, name in rows if name == "Kejadian"]
    public.post(address, {"part": story, "go": "close"})
    assert "Kata yang tertutup." not in html(intake, f"/reports/{code}/")
    assert "Buka lagi" in html(public, address)
    public.post(address, {"part": story, "go": "open"})
    assert "Kata yang tertutup." in html(intake, f"/reports/{code}/")
    assert public.post(address, {"part": "bukan", "go": "close"}).status_code == 302


def test_closed_for_now_she_sees_it_and_the_desk_only_a_line(
    cast: Cast, public: Door, sign_in: Callable[[str], Door]
) -> None:
    receipt = cast.file()
    opened(public, receipt.typed)
    intake, code = sign_in("intake"), Report.objects.get().code
    public.post("/reports/mine/data/close/", {"go": "close"})
    page = html(public, MINE)
    assert "Semua sedang tertutup." in page
    assert 'name="message"' not in page
    assert intake.get(f"/reports/{code}/").status_code == 404
    assert "Pelapor menutup laporan ini untuk sementara." in html(intake, "/reports/")
    written = {"ref": "0b7f2f0e-6a3a-4f0e-9c1e-0d8a2f1b3c4d", "message": "Kata saya"}
    kept = public.post("/reports/mine/message/", written)
    assert kept.status_code == 422
    public.post("/reports/mine/data/close/", {"go": "open"})
    assert html(intake, f"/reports/{code}/")


def test_her_copy_is_one_page_with_everything_and_says_what_is_missing(
    cast: Cast, public: Door
) -> None:
    receipt = cast.file(story="Tulisan <saya> sendiri.")
    form = opened(public, receipt.typed).form("/message/") | {"message": "Pesan saya."}
    public.post("/reports/mine/message/", form)
    copy = public.get("/reports/mine/data/file/")
    text = copy.content.decode()
    assert copy["Content-Disposition"] == 'attachment; filename="catatan.html"'
    assert "no-store" in copy["Cache-Control"]
    for said in ("Tulisan &lt;saya&gt; sendiri.", "Pesan saya.", "Yang tidak ada di sini"):
        assert said in text
    for never in ("<script", "http", "<link", receipt.words[0] + " " + receipt.words[1]):
        assert never not in text
    public.client.cookies.clear()
    assert public.get("/reports/mine/data/file/").status_code == 403


def test_she_erases_everything_and_a_colleague_carries_it_out(
    cast: Cast, public: Door, sign_in: Callable[[str], Door]
) -> None:
    receipt = cast.file(story="Kata yang hilang.")
    opened(public, receipt.typed)
    assert "3 x 24 jam" in html(public, "/reports/mine/data/erase/")
    assert public.post("/reports/mine/data/erase/", {"go": "erase"}).status_code == 302
    assert "Isinya dihancurkan paling lambat" in html(public, MINE)
    colleague = sign_in("colleague")
    assert "1 permintaan hapus menunggu" in html(colleague, "/reports/")
    [address] = re.findall(
        r'href="(/reports/erasures/[^"]+)"', html(colleague, "/reports/erasures/")
    )
    assert sign_in("clinic").get(address).status_code == 404
    assert colleague.post(address, {"go": "erase"}).status_code == 302
    page = html(public, MINE)
    assert "Isi laporan Anda sudah dihapus." in page
    assert "Yang masih tersisa" in page
    for gone in ("message/", "data/", "files/", "stop/", "words/", "receiver/", "parts/"):
        answer = public.get(f"/reports/mine/{gone}")
        assert answer.status_code < 500, gone
        assert "Kata yang hilang." not in answer.content.decode()
    public.client.cookies.clear()
    assert "Isi laporan Anda sudah dihapus." in opened(public, receipt.typed).html


def test_a_refusal_needs_a_listed_reason_and_somebody_else_and_she_reads_it(
    cast: Cast, public: Door, sign_in: Callable[[str], Door]
) -> None:
    receipt = cast.file()
    opened(public, receipt.typed)
    intake, code = sign_in("intake"), Report.objects.get().code
    html(intake, f"/reports/{code}/")
    public.post("/reports/mine/data/erase/", {"go": "erase"})
    address = f"/reports/erasures/{Erasure.objects.get().ref}/"
    assert "Anda ikut menangani laporan ini." in html(intake, address)
    assert intake.post(address, {"go": "refuse", "reason": "court"}).status_code == 422
    colleague = sign_in("colleague")
    for reason in ("", "restored", "malas"):
        assert colleague.post(address, {"go": "refuse", "reason": reason}).status_code == 422
    assert colleague.post(address, {"go": "refuse", "reason": "court"}).status_code == 302
    page = html(public, MINE)
    assert "proses hukum yang Anda ketahui" in page
    assert "belum dicocokkan" in page
    assert "Komdigi" in page
    assert Erasure.objects.get().refused_at


def test_what_stands_behind_the_receipt_needs_it(cast: Cast, public: Door) -> None:
    cast.file()
    for address in ("receiver/", "parts/", "data/", "data/file/", "data/close/", "data/erase/"):
        assert public.get(f"/reports/mine/{address}").status_code == 403, address
        assert public.post(f"/reports/mine/{address}").status_code == 403, address


def test_the_news_page_stays_light(cast: Cast, public: Door) -> None:
    import gzip

    page = opened(public, cast.file().typed).html
    assert len(gzip.compress(page.encode())) < 14_000
    assert "Laporan ini disimpan sampai" in page
