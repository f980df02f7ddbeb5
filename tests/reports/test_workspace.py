"""A desk receives, reads and answers reports; whoever was not chosen sees that nothing is there."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from simpul.reports import actions, reading
from simpul.reports.models import Message, Report
from simpul.vault.models import AuditLine
from simpul.vault.scrub import Scrubbed
from tests.conftest import Cast, Door

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Door]


def text(response: Any) -> str:
    """The page as a person reads it."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_the_inbox_says_what_is_needed_where_and_by_when(cast: Cast, sign_in: SignIn) -> None:
    now = timezone.now()
    cast.file(now=now - timedelta(hours=3))
    cast.file(safety={"danger": "yes"}, now=now)
    page = sign_in("intake").get("/reports/")
    codes = list(Report.objects.order_by("-urgent").values_list("code", flat=True))
    said = text(page)
    assert page.status_code == 200
    assert said.index(codes[0]) < said.index(codes[1]), "urgent first"
    assert "Periksa kesehatan · Kota Kupang" in said
    assert "Mendesak" in said
    assert "Paling lambat" in said
    assert "Pilihan kami: dihitung sejak laporan masuk" in said
    assert AuditLine.objects.filter(event="reports.listed").count() == 1


def test_an_empty_inbox_is_kind(sign_in: SignIn) -> None:
    assert "Tidak ada laporan yang menunggu." in text(sign_in("intake").get("/reports/"))


def test_a_report_is_read_in_words_and_the_reading_is_recorded(
    cast: Cast, sign_in: SignIn
) -> None:
    office = str(cast.agency("dinas").ref)
    cast.file(
        safety={"danger": "no", "child": "unknown"},
        reported_person={"kind": "superior", "office": office, "excluded": []},
        contact={"channel": "sms", "detail": "kakak", "hours": "pagi", "cover": "dari toko"},
    )
    report = Report.objects.get()
    page = sign_in("intake").get(f"/reports/{report.code}/")
    said = text(page)
    for words in (
        "Cerita rahasia.", "Periksa kesehatan", "Kota Kupang", "Untuk saya sendiri",
        "Atasan di kantor pemerintah", "Dinas Uji", "SMS", "dari toko", "Tidak tahu",
    ):  # fmt: skip
        assert words in said
    line = AuditLine.objects.get(event="reports.read")
    assert line.record == report.ref
    assert line.desk == cast.desk("intake").pk


@pytest.mark.parametrize("who", ["clinic", "fallback", "stranger", "root-one"])
@pytest.mark.parametrize("path", ["", "answer/", "files/6f9619ff-8b86-4011-b42d-00cf4fc964ff/"])
def test_a_report_is_not_there_for_others(
    cast: Cast, sign_in: SignIn, who: str, path: str
) -> None:
    cast.file()
    page = sign_in(who).get(f"/reports/{Report.objects.get().code}/{path}")
    assert page.status_code == 404
    assert "Cerita" not in page.content.decode()
    assert AuditLine.objects.filter(event="site.refused").count() == 1


def test_an_answer_sent_twice_is_one_message(cast: Cast, sign_in: SignIn) -> None:
    receipt = cast.file()
    code, door = Report.objects.get().code, sign_in("intake")
    form = {"ref": str(uuid4()), "text": "Kami hubungi Anda besok."}
    for _time in range(2):
        assert door.post(f"/reports/{code}/answer/", form).status_code == 302
    assert Message.objects.count() == 1
    assert "Kami hubungi Anda besok." in text(door.get(f"/reports/{code}/"))
    with cast.reporting(receipt) as reporter:
        assert [said for _message, said in reading.read_own(reporter).messages] == [form["text"]]


def test_an_empty_answer_comes_back_with_a_sentence(cast: Cast, sign_in: SignIn) -> None:
    cast.file()
    page = sign_in("intake").post(
        f"/reports/{Report.objects.get().code}/answer/", {"ref": str(uuid4()), "text": " "}
    )
    assert page.status_code == 422
    assert "Belum tersimpan. Tulisan Anda masih ada di layar." in text(page)


def test_a_file_is_kept_apart_and_never_shown_inside_a_page(cast: Cast, sign_in: SignIn) -> None:
    receipt, ref = cast.file(), uuid4()
    with cast.reporting(receipt) as reporter:
        actions.attach(
            actor=reporter, ref=ref, file=Scrubbed(b"isi berkas", "text/plain", "txt"),
            name="", now=timezone.now(),
        )  # fmt: skip
    door, code = sign_in("intake"), Report.objects.get().code
    assert "Berkas 1" in text(door.get(f"/reports/{code}/"))
    sent = door.get(f"/reports/{code}/files/{ref}/")
    assert sent.content == b"isi berkas"
    assert sent["Content-Disposition"].startswith('attachment; filename="berkas-')
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in sent["Content-Security-Policy"]
    assert "no-store" in sent["Cache-Control"]
    assert door.get(f"/reports/{code}/files/{uuid4()}/").status_code == 404
