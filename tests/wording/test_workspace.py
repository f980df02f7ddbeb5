"""The pages on which texts are edited, reviewed, approved and taken back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from simpul.network.models import Desk
from simpul.wording import shipped
from simpul.wording.models import Edition, Recording
from tests.conftest import Cast, Door
from tests.wording import ogg
from tests.wording.conftest import DAY, KEY, NEW

SignIn = Callable[[str], Door]
Makes = Callable[..., Edition]
EDIT = f"/wording/text/reports/report/{KEY}/"
SENT = {
    "indonesian": NEW[0], "english": NEW[1], "source": "Rapat jejaring", "checked_on": "2026-11-22",
}  # fmt: skip
REVIEW = {"reviewer": "Penasihat A", "reviewed_on": "2026-11-22", "note": "Kata ini pas."}


def test_from_the_list_to_the_public_door(
    coordination: Desk, sign_in: SignIn, public: Door
) -> None:
    writer, second = sign_in("shelter"), sign_in("leaver")
    assert EDIT in writer.get("/wording/?page=report-1").content.decode()
    sent = SENT | {"ref": str(uuid4())}
    address = writer.post(EDIT, sent)["Location"]
    assert writer.post(EDIT, sent)["Location"] == address, "sent twice, one draft"
    assert "Anda yang mengusulkan" in writer.get(address).content.decode()
    refused = second.post(f"{address}approve/")
    assert refused.status_code == 422 and "tinjauan penasihat" in refused.content.decode()
    assert writer.post(f"{address}review/", REVIEW).status_code == 302
    assert writer.post(f"{address}approve/").status_code == 403
    draft = second.get(address).content.decode()
    assert NEW[0] in draft and shipped.texts("reports/report")[KEY][0] in draft
    assert NEW[0] in second.get(f"{address}preview/").content.decode()
    assert second.post(f"{address}approve/").status_code == 302
    assert NEW[0] in public.get("/reports/").content.decode()
    assert "Edisi 1" in " ".join(writer.get("/wording/?page=report-1").content.decode().split())
    late = second.post(f"{address}approve/")
    assert late.status_code == 403
    assert writer.post(f"{address}end/").status_code == 302
    assert NEW[0] not in public.get("/reports/").content.decode()


def test_a_day_is_filled_in_as_browsers_read_it(coordination: Desk, sign_in: SignIn) -> None:
    today = timezone.localdate().isoformat()
    assert f'value="{today}"' in sign_in("shelter").get(EDIT).content.decode()


def test_a_refused_text_comes_back_with_every_word(coordination: Desk, sign_in: SignIn) -> None:
    answer = sign_in("shelter").post(
        EDIT, SENT | {"ref": str(uuid4()), "indonesian": "Korban, telepon 12345."}
    )
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Korban, telepon 12345." in html and NEW[1] in html
    assert "Nomor tidak boleh ditulis di sini." in html and "penyintas" in html
    assert not Edition.objects.exists()


def test_a_review_that_lacks_something_comes_back(propose: Makes, sign_in: SignIn) -> None:
    edition = propose()
    answer = sign_in("shelter").post(
        f"/wording/editions/{edition.ref}/review/", REVIEW | {"reviewer": ""}
    )
    assert answer.status_code == 422 and REVIEW["note"] in answer.content.decode()


def test_what_was_decided_meanwhile_is_said(propose: Makes, sign_in: SignIn) -> None:
    edition = propose()
    door = sign_in("leaver")
    assert door.post(f"/wording/editions/{edition.ref}/end/").status_code == 302
    again = door.post(f"/wording/editions/{edition.ref}/end/")
    assert again.status_code == 422 and "sudah memutuskan" in again.content.decode()


@pytest.mark.parametrize("who", ["intake", "clinic", "office", "stranger"])
def test_a_colleague_reads_the_texts_and_no_draft(
    who: str, propose: Makes, sign_in: SignIn
) -> None:
    edition, door = propose(), sign_in(who)
    html = door.get("/wording/?page=report-1").content.decode()
    assert shipped.texts("reports/report")[KEY][0] in html
    assert NEW[0] not in html and EDIT not in html
    assert NEW[0] not in door.get("/wording/drafts/").content.decode()
    assert '"/wording/"' not in door.get("/").content.decode()
    for end in ("", "preview/"):
        assert door.get(f"/wording/editions/{edition.ref}/{end}").status_code == 404
    for end in ("approve/", "end/"):
        assert door.post(f"/wording/editions/{edition.ref}/{end}").status_code == 404
    assert door.post(EDIT, SENT | {"ref": str(uuid4())}).status_code == 403
    edition.refresh_from_db()
    assert edition.is_waiting


@pytest.mark.parametrize(
    "address",
    [
        "/wording/text/reports/report/no.such.key/", "/wording/text/reports/nothing/x/",
        "/wording/text/site/demo/x/", "/wording/text/reports/report/..%2Freport/",
    ],
)  # fmt: skip
def test_what_is_no_text_is_not_found(address: str, coordination: Desk, sign_in: SignIn) -> None:
    assert sign_in("shelter").get(address).status_code == 404


def test_old_and_unmatched_texts_are_marked(
    coordination: Desk, release: Makes, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = sign_in("shelter")
    html = door.get("/wording/?page=hotlines").content.decode()
    numbers = [key for key in shipped.pages()["hotlines"].keys if key.startswith("hotline.")]
    assert html.count("Belum dicocokkan") == len(numbers) > 10
    assert "Perlu dicek" not in html
    release(checked_on=DAY - timedelta(days=120), is_unverified=True)
    html = door.get("/wording/?page=report-1").content.decode()
    assert html.count("Perlu dicek") == 1 and html.count("<strong>Belum dicocokkan</strong>") == 1
    monkeypatch.setattr("simpul.wording.queries.STALE_AFTER", timedelta(days=-400))
    stale = door.get("/wording/?page=open").content.decode().count("Perlu dicek")
    assert stale == len(shipped.pages()["open"].keys)


def test_a_text_that_the_door_passes_over_is_marked(
    release: Makes, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    release()
    monkeypatch.setattr("simpul.wording.signatures.are_sound", lambda _release: False)
    html = sign_in("shelter").get("/wording/?page=report-1").content.decode()
    assert "Tanda tangan tidak cocok." in html


def test_every_text_is_listed_on_some_page() -> None:
    listed = {(page.file, key) for page in shipped.pages().values() for key in page.keys}
    assert listed == {(file, key) for file in shipped.files() for key in shipped.texts(file)}


def test_a_recording_is_laid_down_heard_and_approved(
    coordination: Desk, sign_in: SignIn, public: Door
) -> None:
    writer, second = sign_in("shelter"), sign_in("leaver")
    sent: dict[str, Any] = {
        "ref": str(uuid4()), "page": "open", "language": "tet", "voice": "companion",
        "has_consent": "on", "file": SimpleUploadedFile("Nama Asli.ogg", ogg.recording()),
    }  # fmt: skip
    address = writer.post("/wording/recordings/new/", sent)["Location"]
    assert writer.get(f"{address}sound/")["Content-Type"] == "audio/ogg"
    assert writer.post(f"{address}approve/").status_code == 403
    assert "Setujui dan putar" in second.get(address).content.decode()
    assert second.post(f"{address}approve/").status_code == 302
    html = public.get("/reports/open/").content.decode()
    assert "Tetun" in html and "Nama Asli" not in html
    assert "Diputar" in writer.get("/wording/recordings/").content.decode()
    assert writer.post(f"{address}end/").status_code == 302
    assert writer.post(f"{address}end/").status_code == 422


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"has_consent": ""}, "Pembaca setuju"),
        ({"file": SimpleUploadedFile("a.mp3", b"ID3" + bytes(100))}, "belum bisa dibuka"),
        ({"file": SimpleUploadedFile("a.txt", b"halo")}, "Kirim rekaman suara."),
        ({"page": "status"}, "Halaman"),
        ({"language": "xx"}, "Bahasa"),
    ],
)
def test_a_recording_that_cannot_be_taken_says_why(
    change: dict[str, Any], says: str, coordination: Desk, sign_in: SignIn
) -> None:
    sent: dict[str, Any] = {
        "ref": str(uuid4()), "page": "open", "language": "tet", "voice": "companion",
        "has_consent": "on", "file": SimpleUploadedFile("a.ogg", ogg.recording()),
    }  # fmt: skip
    answer = sign_in("shelter").post("/wording/recordings/new/", sent | change)
    assert answer.status_code == 422 and says in answer.content.decode()
    assert not Recording.objects.exists()


def test_an_unknown_recording_or_draft_is_not_found(coordination: Desk, sign_in: SignIn) -> None:
    door = sign_in("shelter")
    for address in ("editions", "recordings"):
        assert door.get(f"/wording/{address}/{uuid4()}/").status_code == 404


def test_checks_are_by_the_day(cast: Cast) -> None:
    """The files say when they were checked, and it is not in the future."""
    today = timezone.localdate()
    for file in shipped.files():
        assert all(shipped.checked_on(file, key) <= today for key in shipped.texts(file))


@pytest.mark.parametrize(
    ("file", "key", "good"),
    [
        ("reports/report", "opening.title", ("Anda kuat", "You are strong")),
        ("reports/report", KEY, NEW),
        ("reports/report", "page2.title", ("Apa yang perlu?", "What is needed?")),
        ("reports/report", "page1.selfharm.hint", ("Banyak orang begitu.", "Many do.")),
        ("reports/report", "page3.title", ("Siapa boleh tahu?", "Who should know?")),
        ("reports/report", "open.title", ("Baca kabar", "Read news")),
        ("reports/report", "page1.selfharm.answer_yes", ("Telepon dulu, ya.", "Call first.")),
        ("reports/report", "page1.danger.answer_no", ("Baik. Kembali kapan saja.", "Good.")),
        ("reports/report", "status.title", ("Kabar Anda", "Your news")),
        ("directory/hotlines", "hotline.sapa.what", ("Bicara saja.", "Just talk.")),
    ],
)
def test_a_preview_is_the_public_page_with_the_draft_and_changes_nothing(
    file: str, key: str, good: tuple[str, str], propose: Makes, sign_in: SignIn, public: Door
) -> None:
    edition = propose(file=file, key=key, indonesian=good[0], english=good[1])
    door, address = sign_in("leaver"), f"wording/editions/{edition.ref}/preview/"
    answer = door.get(f"/{address}")
    html = answer.content.decode()
    assert answer.status_code == 200 and good[0] in html and 'class="exit"' in html
    assert good[1] in door.get(f"/en/{address}").content.decode()
    policy = answer["Content-Security-Policy"]
    assert "sha256-" in policy
    assert "form-action 'none'" in policy
    assert good[0] not in public.get("/reports/").content.decode()
    assert '"/wording/"' in door.get("/").content.decode(), "the workspace is where it was"
