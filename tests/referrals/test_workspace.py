"""The pages of a referral: asking, accepting, declining, hearing back, ending; who is kept out."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from simpul.cases.models import Case
from simpul.referrals.models import Referral, ReportBack
from simpul.vault.models import AuditLine
from tests.conftest import Cast, Door

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Door]


def text(response: Any) -> str:
    """The page as a person reads it."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def asking(consent: Any, **more: Any) -> dict[str, Any]:
    """A filled referral form."""
    return {
        "ref": str(uuid4()), "consent": str(consent.ref), "compartments": ["health"],
        "service": "medical_72h", "urgency": "high", "note": "Perlu hari ini.",
        "age_band": "18-24", "region": "53.71", "language": "Bahasa Dawan", "accessibility": "",
        **more,
    }  # fmt: skip


@pytest.fixture
def sent(cast: Cast, sign_in: SignIn) -> Referral:
    """A referral from Intake to Clinic, sent on the page."""
    case = cast.open_case(cast.file())
    consent = cast.consent(case, "clinic", ["health", "contact"])
    form, door = asking(consent), sign_in("intake")
    for _time in range(2):
        assert door.post(f"/referrals/case/{case.code}/", form).status_code == 302
    return Referral.objects.get()


def test_without_a_consent_the_page_says_what_to_do_first(cast: Cast, sign_in: SignIn) -> None:
    case = cast.open_case(cast.file())
    said = text(sign_in("intake").get(f"/referrals/case/{case.code}/"))
    assert "Tanyakan dulu kepada penyintas, lalu catat izinnya." in said
    assert "Kirim rujukan" not in said


def test_more_than_was_agreed_to_is_not_sent(cast: Cast, sign_in: SignIn) -> None:
    case = cast.open_case(cast.file())
    consent = cast.consent(case, "clinic", ["health"])
    cast.consent(case, "shelter", ["safety"])
    form = asking(consent, compartments=["health", "safety"])
    page = sign_in("intake").post(f"/referrals/case/{case.code}/", form)
    assert page.status_code == 422
    assert "Belum ada izin yang mencakup ini." in text(page)
    assert "Perlu hari ini." in page.content.decode()
    assert not Referral.objects.exists()


def test_the_slip_says_the_need_and_the_clock_and_nothing_of_the_case(
    sent: Referral, sign_in: SignIn
) -> None:
    door = sign_in("clinic")
    assert "Pertolongan medis sebelum 3 hari · Kota Kupang" in text(door.get("/referrals/"))
    page = door.get(f"/referrals/{sent.code}/")
    said = text(page)
    for words in (
        "Perlu hari ini.", "18 sampai 24 tahun", "Bahasa Dawan", "Mendesak", "Kesehatan",
        "Jawaban atas rujukan", "Pilihan kami: dihitung sejak rujukan dikirim", "Terima",
    ):  # fmt: skip
        assert words in said
    assert "Cerita" not in said
    assert f"/cases/{sent.case.code}/" not in page.content.decode()
    assert door.get(f"/cases/{sent.case.code}/").status_code == 404


def test_accepting_opens_the_case_and_reporting_back_reaches_the_sender(
    sent: Referral, sign_in: SignIn
) -> None:
    door, at = sign_in("clinic"), f"/referrals/{sent.code}/"
    assert door.post(f"{at}accept/").status_code == 302
    assert f"/cases/{sent.case.code}/" in door.get(at).content.decode()
    assert door.get(f"/cases/{sent.case.code}/").status_code == 200
    assert door.get(f"/referrals/case/{sent.case.code}/").status_code == 200
    form = {"ref": str(uuid4()), "text": "Sudah diperiksa."}
    for _time in range(2):
        assert door.post(f"{at}back/", form).status_code == 302
    assert ReportBack.objects.count() == 1
    sender = sign_in("intake")
    assert "Sudah diperiksa." in text(sender.get(at))
    assert "Sudah ada kabar balik" in text(sender.get("/referrals/?box=sent"))
    assert sender.post(f"{at}end/").status_code == 302
    assert door.get(f"/cases/{sent.case.code}/").status_code == 404


def test_saying_no_needs_a_reason_that_the_sender_reads(sent: Referral, sign_in: SignIn) -> None:
    door, at = sign_in("clinic"), f"/referrals/{sent.code}/"
    empty = door.post(f"{at}decline/", {"reason": " "})
    assert empty.status_code == 422
    assert "Tulis alasannya, supaya pengirim bisa mencari tempat lain." in text(empty)
    assert door.post(f"{at}decline/", {"reason": "Alat sedang rusak."}).status_code == 302
    assert "Alat sedang rusak." in text(sign_in("intake").get(at))
    late = door.post(f"{at}accept/")
    assert late.status_code == 422
    assert "Rujukan ini sudah dijawab atau sudah berakhir." in text(late)


def test_the_sender_does_not_answer_for_the_receiver(sent: Referral, sign_in: SignIn) -> None:
    door, at = sign_in("intake"), f"/referrals/{sent.code}/"
    assert "Terima" not in text(door.get(at)).replace("Terbuka bila diterima", "")
    for act, form in (
        ("accept/", {}),
        ("decline/", {"reason": "x"}),
        ("back/", {"ref": str(uuid4()), "text": "x"}),
    ):
        assert door.post(at + act, form).status_code == 403, act
    assert Referral.objects.get().state == "sent"


@pytest.mark.parametrize("who", ["shelter", "fallback", "stranger", "root-one"])
@pytest.mark.parametrize("act", ["", "accept/", "decline/", "back/", "end/"])
def test_a_referral_is_not_there_for_others(
    sent: Referral, sign_in: SignIn, who: str, act: str
) -> None:
    door, at = sign_in(who), f"/referrals/{sent.code}/{act}"
    assert door.get(at).status_code == 404
    assert door.post(at).status_code == 404
    assert sign_in(who).get(f"/referrals/case/{sent.case.code}/").status_code == 404
    assert AuditLine.objects.filter(event="site.refused").count() == 3
    assert sent.code not in sign_in(who).get("/referrals/").content.decode()


def test_after_the_consent_is_taken_back_the_slip_says_so(
    cast: Cast, sent: Referral, sign_in: SignIn
) -> None:
    from django.utils import timezone

    from simpul.cases.actions import consents

    with cast.acting("intake") as actor:
        case = Case.objects.select_related("desk__agency__region").get()
        consents.withdraw(actor=actor, case=case, consent=case.consents.get(), now=timezone.now())
    door = sign_in("clinic")
    said = text(door.get(f"/referrals/{sent.code}/"))
    assert "Izin untuk rujukan ini sudah berakhir atau ditarik." in said
    assert "Perlu hari ini." not in said
    assert "Tertutup: izinnya berakhir" in text(door.get("/referrals/"))


def test_a_referral_whose_consent_has_run_out_asks_for_nothing_but_its_end(
    cast: Cast, sent: Referral, sign_in: SignIn
) -> None:
    """A consent ends by itself too; the referral is still running then."""
    from django.utils import timezone

    from simpul.vault import envelopes

    envelopes.end(sent.consent_id, now=timezone.now())
    door, at = sign_in("clinic"), f"/referrals/{sent.code}/"
    page = door.get(at).content.decode()
    assert f"{at}accept/" not in page
    assert f"{at}decline/" not in page
    assert door.post(f"{at}end/").status_code == 302
    assert Referral.objects.get().state == "ended"


def test_every_act_is_also_its_page(sent: Referral, sign_in: SignIn) -> None:
    door = sign_in("clinic")
    for act in ("", "accept/", "decline/", "back/", "end/"):
        assert door.get(f"/referrals/{sent.code}/{act}").status_code == 200
        assert door.get(f"/en/referrals/{sent.code}/{act}").status_code == 200
