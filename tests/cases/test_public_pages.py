"""The survivor's own case, behind her receipt: what she allowed, and taking it back."""

from uuid import uuid4

from django.utils import timezone

from simpul.cases import access
from simpul.cases.actions import consents, files
from simpul.vault.models import Grant
from tests.conftest import Cast, Door, Receipt
from tests.reports.pages import Page

OPEN, MINE = "/reports/open/", "/cases/mine/"


def page(door: Door, address: str) -> Page:
    """A page as it comes."""
    return Page(door.get(address).content.decode())


def shared(cast: Cast) -> tuple[Receipt, str]:
    """A case whose health part the clinic may read, and has read; the receipt and the consent."""
    receipt = cast.file()
    case = cast.open_case(receipt)
    consent = cast.consent(case, "clinic", ["health"])
    with cast.acting("intake") as actor:
        consents.share(
            actor=actor, case=case, consent=consent, compartments=["health"], now=timezone.now()
        )
    with cast.acting("clinic") as actor:
        files.read(actor=actor, case=access.get_case(actor, case.code))
    return receipt, str(consent.ref)


def test_each_consent_says_who_what_until_when_and_what_was_read(cast: Cast, public: Door) -> None:
    receipt, consent = shared(cast)
    public.post(OPEN, {"words": receipt.typed})
    html = page(public, MINE).html
    assert "Layanan Medis Uji" in html
    assert "Mendapat layanan" in html
    assert "Berakhir pada" in html
    assert "Dibaca:" in html
    assert f"{MINE}{consent}/" in html
    assert "Mera" not in html


def test_taking_a_consent_back_ends_the_access_at_once(cast: Cast, public: Door) -> None:
    receipt, consent = shared(cast)
    public.post(OPEN, {"words": receipt.typed})
    ask = page(public, f"{MINE}{consent}/")
    assert Grant.objects.filter(tags__contains=[consent], state="live").exists()
    done = public.post(f"{MINE}{consent}/", ask.form(f"{consent}/")).content.decode()
    assert "Izin untuk Layanan Medis Uji sudah berakhir." in done
    assert "Yang sudah dibaca tetap sudah dibaca." in done
    assert not Grant.objects.filter(tags__contains=[consent]).exclude(state="ended").exists()
    html = page(public, MINE).html
    assert "Sudah Anda tarik." in html
    assert f"{MINE}{consent}/" not in html


def test_a_consent_of_somebody_else_does_not_exist(cast: Cast, public: Door) -> None:
    _receipt, consent = shared(cast)
    public.post(OPEN, {"words": cast.file().typed})
    for ref in (consent, uuid4()):
        assert public.get(f"{MINE}{ref}/").status_code == 404
        assert public.post(f"{MINE}{ref}/").status_code == 404
    assert Grant.objects.filter(tags__contains=[consent], state="live").exists()


def test_before_there_is_a_case_nothing_was_allowed(cast: Cast, public: Door) -> None:
    public.post(OPEN, {"words": cast.file().typed})
    assert "Belum ada izin lain." in page(public, MINE).html


def test_who_reported_for_someone_else_sees_none_of_it(cast: Cast, public: Door) -> None:
    receipt = cast.file(notes={"needs": [], "region": "", "for_whom": "other"})
    case = cast.open_case(receipt, reporter_is_survivor=False)
    consent = cast.consent(case, "clinic", ["health"])
    public.post(OPEN, {"words": receipt.typed})
    html = page(public, MINE).html
    assert "Anda melapor untuk orang lain." in html
    assert "Layanan Medis Uji" not in html
    assert public.get(f"{MINE}{consent.ref}/").status_code == 404


def test_without_a_receipt_the_words_are_asked_for(public: Door) -> None:
    for address in (MINE, f"{MINE}{uuid4()}/"):
        assert public.get(address).status_code == 403
