"""The pages of a case: taking up, working, asking consent, sharing, closing; and who is kept out."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from simpul.cases.actions import consents, files
from simpul.cases.models import Case, Consent, Entry, Share
from simpul.clocks.models import Clock
from simpul.reports.models import Report
from simpul.vault import receipts
from simpul.vault.models import AuditLine
from tests.conftest import Cast, Door

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Door]
SOON = (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%d")
PAGES = ["", "notes/", "consents/", "history/"]


def text(response: Any) -> str:
    """The page as a person reads it."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def taking(**more: Any) -> dict[str, Any]:
    """A filled take-up form."""
    return {
        "tie": "no", "next_action": "Menelepon kakaknya", "due_on": SOON, "due_hour": "10:00",
        "risk": "medium", "label": "si biru", "reporter_is_survivor": "on", **more,
    }  # fmt: skip


def shared(cast: Cast, case: Case, *parts: str) -> Consent:
    """A consent to the clinic, and the same parts opened."""
    consent: Consent = cast.consent(case, "clinic", list(parts))
    with cast.acting("intake") as actor:
        consents.share(
            actor=actor, case=case, consent=consent, compartments=list(parts), now=timezone.now()
        )
    return consent


# --- How a case begins ---------------------------------------------------------------------------


def test_taking_up_a_report_makes_it_a_case_and_stops_the_clock(
    cast: Cast, sign_in: SignIn
) -> None:
    cast.file()
    door, report = sign_in("intake"), Report.objects.get()
    page = door.get(f"/cases/from/{report.code}/")
    assert "checked" in page.content.decode(), "she reports for herself"
    done = door.post(f"/cases/from/{report.code}/", taking())
    case = Case.objects.get()
    assert (done.status_code, done["Location"]) == (302, f"/cases/{case.code}/")
    assert case.risk == "medium"
    assert Clock.objects.get(rule="K02", subject=report.ref).stopped_at
    said = text(door.get(done["Location"]))
    for words in ("si biru", "Periksa kesehatan", "Menelepon kakaknya", "Risiko sedang", "WITA"):
        assert words in said
    assert door.get(f"/cases/from/{report.code}/")["Location"] == done["Location"]


def test_for_someone_else_is_not_taken_for_the_survivor(cast: Cast, sign_in: SignIn) -> None:
    cast.file(notes={"needs": [], "region": "", "for_whom": "other"})
    page = sign_in("intake").get(f"/cases/from/{Report.objects.get().code}/").content.decode()
    assert "checked" not in page


def test_the_second_of_two_colleagues_is_told_who_was_faster(cast: Cast, sign_in: SignIn) -> None:
    cast.file()
    code = Report.objects.get().code
    assert sign_in("colleague").post(f"/cases/from/{code}/", taking()).status_code == 302
    late = sign_in("intake").post(f"/cases/from/{code}/", taking(label="hijau"))
    assert late.status_code == 422
    assert "Rekan lain sudah menangani laporan ini." in text(late)
    assert 'value="hijau"' in late.content.decode()
    assert Case.objects.count() == 1


def test_a_next_action_needs_a_time_that_has_not_passed(cast: Cast, sign_in: SignIn) -> None:
    cast.file()
    code = Report.objects.get().code
    page = sign_in("intake").post(f"/cases/from/{code}/", taking(due_on="2020-01-01"))
    assert page.status_code == 422
    assert "Pilih waktu yang belum lewat." in text(page)
    assert not Case.objects.exists()


def walking_in(cast: Cast, **more: Any) -> dict[str, Any]:
    """A filled intake form."""
    return {
        "token": receipts.new_token(), "desk": str(cast.desk("intake").ref), "channel": "walk_in",
        "tie": "no",
        "danger": "no", "needs": ["health"], "region": "53.71", "contact_channel": "none",
        "story": "Kata-katanya sendiri.", "read_back": "on",
        "next_action": "Antar ke klinik", "due_on": SOON, "due_hour": "09:30",
        "risk": "unknown", "label": "", **more,
    }  # fmt: skip


def test_someone_who_comes_gets_six_words_and_a_case(cast: Cast, sign_in: SignIn) -> None:
    door, form = sign_in("intake"), walking_in(cast)
    first = door.post("/cases/new/", form)
    again = door.post("/cases/new/", form)
    words = receipts.words_of(form["token"])
    for page in (first, again):
        assert page.status_code == 200
        assert all(word in text(page) for word in words)
    case = Case.objects.get()
    assert case.report.channel == "walk_in"
    assert "Kata-katanya sendiri." in text(door.get(f"/cases/{case.code}/"))
    opened = receipts.open_words(words, filing=False)
    assert bytes(case.report.lookup) == opened.lookup, "the words are hers"


def test_the_intake_page_carries_the_three_guard_rails(sign_in: SignIn) -> None:
    said = text(sign_in("intake").get("/cases/new/"))
    for words in (
        "Jangan menjanjikan rahasia penuh.", "Jangan menyelidiki.", "Selalu minta izin.",
        "Hentikan dan rujuk",
    ):  # fmt: skip
        assert words in said


def test_a_story_is_kept_only_after_it_was_read_back(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in("intake").post("/cases/new/", walking_in(cast, read_back=""))
    assert page.status_code == 422
    assert "Bacakan dulu tulisan itu" in text(page)
    assert "Kata-katanya sendiri." in page.content.decode()
    assert not Report.objects.exists()


def test_a_desk_that_does_not_receive_offers_no_intake(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in("clinic").get("/cases/new/")
    assert "Meja Anda tidak menerima laporan." in text(page)
    sent = sign_in("clinic").post("/cases/new/", walking_in(cast))
    assert sent.status_code == 422
    assert not Report.objects.exists()


# --- Working on it -------------------------------------------------------------------------------


def test_the_list_shows_labels_and_what_is_due(cast: Cast, sign_in: SignIn) -> None:
    case = cast.open_case(cast.file())
    said = text(sign_in("intake").get("/cases/"))
    assert "kasus uji" in said
    assert "lagi" in said
    for state in ("closed", "shared", "nonsense"):
        page = sign_in("intake").get(f"/cases/?state={state}")
        assert page.status_code == 200
        assert ("kasus uji" in text(page)) == (state == "nonsense")
    shared(cast, case, "health")
    page = sign_in("clinic").get("/cases/?state=shared")
    assert case.code in text(page)
    assert "kasus uji" not in text(page), "a label is the desk's own"


@pytest.mark.parametrize("who", ["clinic", "fallback", "stranger", "root-one"])
@pytest.mark.parametrize(
    "path", [*PAGES, "label/", "next/", "risk/", "close/", "reopen/"]
)  # fmt: skip
def test_a_case_is_not_there_for_others(cast: Cast, sign_in: SignIn, who: str, path: str) -> None:
    case = cast.open_case(cast.file())
    door = sign_in(who)
    for page in (door.get(f"/cases/{case.code}/{path}"), door.post(f"/cases/{case.code}/{path}")):
        assert page.status_code == 404
        assert "kasus uji" not in page.content.decode()
    assert AuditLine.objects.filter(event="site.refused").count() == 2


def test_every_act_is_also_its_page(cast: Cast, sign_in: SignIn) -> None:
    """The other language, a reload and a sign-in in between lead to a page, never to nothing."""
    case, door = cast.open_case(cast.file()), sign_in("intake")
    for path in [*PAGES, "label/", "next/", "risk/", "close/", "reopen/"]:
        assert door.get(f"/cases/{case.code}/{path}").status_code == 200, path
        assert "Ringkasan" in text(door.get(f"/cases/{case.code}/{path}"))
        assert door.get(f"/en/cases/{case.code}/{path}").status_code == 200, path


def test_the_owner_labels_plans_assesses_and_writes(cast: Cast, sign_in: SignIn) -> None:
    case, door = cast.open_case(cast.file()), sign_in("intake")
    at = f"/cases/{case.code}/"
    plan = {"text": "Menjenguk", "due_on": SOON, "due_hour": "15:00"}
    note = {"ref": str(uuid4()), "compartment": "health", "text": "Baris satu.\nBaris dua."}
    assert door.post(f"{at}label/", {"text": "hijau"}).status_code == 302
    assert door.post(f"{at}next/", plan).status_code == 302
    assert door.post(f"{at}risk/", {"risk": "high"}).status_code == 302
    for _time in range(2):
        assert door.post(f"{at}notes/", note).status_code == 302
    said = text(door.get(at))
    for words in ("hijau", "Menjenguk", "15.00 WITA", "Risiko tinggi"):
        assert words in said
    notes = door.get(f"{at}notes/").content.decode()
    assert "Baris satu.<br>Baris dua." in notes
    assert Entry.objects.count() == 1


def test_a_case_closes_keeps_its_reason_and_opens_again(cast: Cast, sign_in: SignIn) -> None:
    case, door = cast.open_case(cast.file()), sign_in("intake")
    at = f"/cases/{case.code}/"
    assert door.post(f"{at}close/", {"reason": "wish", "note": "Merasa cukup."}).status_code == 302
    said = text(door.get(at))
    assert "Permintaan penyintas" in said
    assert "Merasa cukup." in said
    refused = door.post(
        f"{at}notes/", {"ref": str(uuid4()), "compartment": "notes", "text": "Masih ada."}
    )
    assert refused.status_code == 422
    assert "Kasus ini sudah ditutup. Buka lagi dulu." in text(refused)
    assert "Masih ada." in refused.content.decode()
    plan = {"text": "Menelepon", "due_on": SOON, "due_hour": "15:00"}
    assert door.post(f"{at}reopen/", plan).status_code == 302
    assert Case.objects.get().state == "open"


def test_a_receiver_sees_what_is_open_and_what_is_closed_is_said(
    cast: Cast, sign_in: SignIn
) -> None:
    case = cast.open_case(cast.file())
    with cast.acting("intake") as actor:
        for part, words in (("health", "Perlu diperiksa."), ("legal", "Strategi.")):
            files.write(
                actor=actor, case=case, ref=uuid4(), compartment=part, text=words,
                now=timezone.now(),
            )  # fmt: skip
    shared(cast, case, "health")
    door, at = sign_in("clinic"), f"/cases/{case.code}/"
    notes = text(door.get(f"{at}notes/"))
    assert "Perlu diperiksa." in notes
    assert "Strategi." not in notes
    assert "Hukum, Psikososial, Keselamatan" in notes
    assert "Minta Pengaduan Uji menanyakan izin penyintas." in notes
    summary = text(door.get(at))
    assert "Cerita rahasia." not in summary
    assert "Tidak dibagikan" in summary
    for button in ("Simpan langkah", "Simpan risiko", "Tutup kasus", "Simpan catatan"):
        assert button not in summary + notes
    for path, form in (
        ("next/", {"text": "x", "due_on": SOON, "due_hour": "15:00"}),
        ("risk/", {"risk": "low"}),
        ("close/", {"reason": "goals"}),
        ("notes/", {"ref": str(uuid4()), "compartment": "health", "text": "x"}),
    ):
        assert door.post(at + path, form).status_code == 403, path


def test_who_read_what_is_on_the_history_page(cast: Cast, sign_in: SignIn) -> None:
    case = cast.open_case(cast.file())
    shared(cast, case, "health")
    sign_in("clinic").get(f"/cases/{case.code}/")
    said = text(sign_in("intake").get(f"/cases/{case.code}/history/"))
    assert "Layanan Medis Uji Kesehatan" in said
    assert "Mera C" not in said, "the desk, never the colleague's name"


# --- Consents ------------------------------------------------------------------------------------


def agreeing(cast: Cast, **more: Any) -> dict[str, Any]:
    """A filled consent form."""
    return {
        "ref": str(uuid4()), "desk": str(cast.desk("clinic").ref),
        "compartments": ["health", "contact"], "purpose": "service", "until": SOON,
        "given": "spoken", "read_aloud": "on", **more,
    }  # fmt: skip


def test_a_consent_is_recorded_shared_stopped_and_taken_back(cast: Cast, sign_in: SignIn) -> None:
    case, door = cast.open_case(cast.file()), sign_in("intake")
    at, form = f"/cases/{case.code}/consents/", agreeing(cast)
    page = door.get(at)
    assert "Anda boleh minta melihat, memperbaiki, membekukan, atau menghapus data." in text(page)
    for _time in range(2):
        assert door.post(at, form)["Location"] == f"{at}{form['ref']}/"
    assert Consent.objects.count() == 1
    one = f"{at}{form['ref']}/"
    assert door.post(f"{one}share/", {"compartments": ["health"]}).status_code == 302
    assert Case.objects.get().desks == sorted([cast.desk("intake").pk, cast.desk("clinic").pk])
    share = Share.objects.get()
    assert "Kesehatan" in text(door.get(one))
    assert door.post(f"{one}stop/{share.ref}/").status_code == 302
    assert Case.objects.get().desks == [cast.desk("intake").pk]
    assert door.post(f"{one}withdraw/", {"sure": ""}).status_code == 422, "asked once more"
    assert door.post(f"{one}withdraw/", {"sure": "on"}).status_code == 302
    assert "Ditarik" in text(door.get(one))
    late = door.post(f"{one}share/", {"compartments": ["health"]})
    assert late.status_code == 422
    assert "Belum ada izin yang mencakup ini." in text(late)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"until": "2020-01-01"}, "Pilih tanggal sesudah hari ini."),
        ({"until": "2099-01-01"}, "Izin berlaku paling lama satu tahun."),
        ({"compartments": []}, "Bagian ini masih kosong."),
        ({"read_aloud": ""}, "Bagian ini masih kosong."),
    ],
)
def test_a_consent_that_is_not_one_is_asked_for_again(
    cast: Cast, sign_in: SignIn, more: dict[str, Any], sentence: str
) -> None:
    case = cast.open_case(cast.file())
    page = sign_in("intake").post(f"/cases/{case.code}/consents/", agreeing(cast, **more))
    assert page.status_code == 422
    assert sentence in text(page)
    assert not Consent.objects.exists()


def test_the_office_of_the_reported_person_is_not_agreed_to(cast: Cast, sign_in: SignIn) -> None:
    office = str(cast.agency("dinas").ref)
    case = cast.open_case(
        cast.file(reported_person={"kind": "superior", "office": office, "excluded": []})
    )
    form = agreeing(cast, desk=str(cast.desk("office").ref))
    page = sign_in("intake").post(f"/cases/{case.code}/consents/", form)
    assert page.status_code == 422
    assert "Lembaga ini tidak boleh tahu, menurut laporan." in text(page)


def test_a_receiver_neither_agrees_nor_shares_nor_takes_back(cast: Cast, sign_in: SignIn) -> None:
    case = cast.open_case(cast.file())
    consent, door = shared(cast, case, "health"), sign_in("clinic")
    at = f"/cases/{case.code}/consents/"
    said = text(door.get(f"{at}{consent.ref}/"))
    assert "Layanan Medis Uji" in said
    assert "Tarik izin" not in said
    assert door.post(at, agreeing(cast)).status_code == 403
    assert door.post(f"{at}{consent.ref}/share/", {"compartments": ["health"]}).status_code == 403
    assert door.post(f"{at}{consent.ref}/withdraw/", {"sure": "on"}).status_code == 403
