"""Files of a case: in pieces, resumed, ranged, struck out; and what enemies of it would try."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signals import request_finished
from django.db import DatabaseError, close_old_connections, connection, transaction
from django.utils import timezone

from simpul.accounts.models import Session
from simpul.cases import delivery
from simpul.cases.actions import consents, documents, files
from simpul.cases.models import Case, Document
from simpul.core.access import NotYourDuty, NotYours
from simpul.site import sweeps
from simpul.vault import audit, crypto, pieces, rows
from simpul.vault.crypto import Unopened
from simpul.vault.models import AuditLine, Piece
from tests.conftest import Cast, Door
from tests.vault.hostile import pictures

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Door]
PIECE = pieces.SIZE


def video(size: int, seed: str = "video") -> bytes:
    """Bytes that begin like a film and repeat nowhere."""
    parts = (crypto.sha256(f"{seed}{n}".encode()) for n in range(-(-size // 32)))
    return (b"\0\0\0\x18ftypmp42" + b"".join(parts))[:size]


def digests(data: bytes) -> str:
    """What a browser declares of a file."""
    return " ".join(crypto.sha256(part).hex() for part in pieces.split(data))


def declared(ref: UUID, data: bytes, **more: Any) -> dict[str, Any]:
    """The first post of a file in pieces."""
    return {
        "ref": ref, "compartment": "health", "name": "rekaman.mp4", "size": len(data),
        "digests": digests(data), **more,
    }  # fmt: skip


def put(door: Door, case: Case, ref: UUID, number: int, part: bytes) -> Any:
    """Sends one piece, as the script of the page does."""
    piece = SimpleUploadedFile("blob", part, "application/octet-stream")
    return door.post(f"/cases/{case.code}/files/{ref}/{number}/", {"piece": piece})


def send(door: Door, case: Case, data: bytes, **more: Any) -> UUID:
    """Sends a file in pieces, from the first post to the last."""
    ref = uuid4()
    begun = door.post(f"/cases/{case.code}/files/begin/", declared(ref, data, **more))
    assert (begun.status_code, begun.json()) == (200, {"there": []}), begun.content
    answers = [put(door, case, ref, n, part) for n, part in enumerate(pieces.split(data))]
    assert [a.json()["whole"] for a in answers] == [False] * (len(answers) - 1) + [True]
    return ref


def fetched(door: Door, case: Case, ref: UUID, **headers: str) -> Any:
    """Downloads a file."""
    return door.get(f"/cases/{case.code}/files/{ref}/", headers=headers)


def body(response: Any) -> bytes:
    """The bytes of an answer, as they are streamed."""
    return b"".join(response.streaming_content)


def hang_up(response: Any) -> None:
    """Closes an answer that was not read to its end, without the connection of this test."""
    request_finished.disconnect(close_old_connections)
    response.close()
    request_finished.connect(close_old_connections)


def share(cast: Cast, case: Case, *parts: str) -> Any:
    """Opens compartments to the clinic."""
    consent = cast.consent(case, "clinic", list(parts))
    with cast.acting("intake") as actor:
        consents.share(
            actor=actor, case=case, consent=consent, compartments=list(parts), now=timezone.now()
        )
    return consent


@pytest.fixture
def case(cast: Cast) -> Case:
    """A case of the intake desk."""
    opened: Case = cast.open_case(cast.file())
    return opened


# --- Sending and fetching ------------------------------------------------------------------------


def test_a_file_comes_in_pieces_and_goes_out_as_it_was(
    cast: Cast, case: Case, sign_in: SignIn
) -> None:
    door, data = sign_in("intake"), video(2 * PIECE + 12345)
    ref = send(door, case, data)
    page = door.get(f"/cases/{case.code}/files/").content.decode()
    assert "rekaman.mp4" in page and "2.0 MB" in page
    answer = fetched(door, case, ref)
    assert answer.status_code == 200 and body(answer) == data
    assert answer["Content-Length"] == str(len(data))
    assert answer["Content-Type"] == "video/mp4"
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["Content-Disposition"].startswith("attachment; ")
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]
    events = list(AuditLine.objects.filter(row=ref).order_by("id").values_list("event", flat=True))
    assert events == ["cases.file_begun", "cases.file_added", "cases.file.read"]


def test_only_the_number_of_pieces_can_be_seen(cast: Cast, case: Case, sign_in: SignIn) -> None:
    door = sign_in("intake")
    for size in (10 * 1024, PIECE - 1, PIECE):
        send(door, case, video(size))
    assert {len(bytes(row.sealed)) for row in Piece.objects.all()} == {PIECE + 256 + 12 + 16}
    assert Piece.objects.count() == 3


def test_without_a_script_the_form_gives_the_same(cast: Cast, case: Case, sign_in: SignIn) -> None:
    door, data, ref = sign_in("intake"), video(PIECE + 7), uuid4()
    form = {"ref": ref, "compartment": "health"}
    for _twice in range(2):
        film = SimpleUploadedFile("rekaman.mp4", data)
        done = door.post(f"/cases/{case.code}/files/", {**form, "file": film})
        assert done.status_code == 302
    assert Document.objects.get().finished_at and Piece.objects.count() == 2
    assert body(fetched(door, case, ref)) == data


def test_a_picture_is_cleaned_before_it_is_sealed(cast: Cast, case: Case, sign_in: SignIn) -> None:
    door, ref = sign_in("intake"), uuid4()
    taken = pictures.jpeg()
    assert b"Exif" in taken
    photo = SimpleUploadedFile("foto.jpeg", taken)
    done = door.post(
        f"/cases/{case.code}/files/", {"ref": ref, "compartment": "notes", "file": photo}
    )
    assert done.status_code == 302
    answer = fetched(door, case, ref)
    clean = body(answer)
    assert clean.startswith(b"\xff\xd8\xff") and b"Exif" not in clean
    assert "foto.jpg" in answer["Content-Disposition"]


def test_what_can_be_cleaned_does_not_slip_by_in_pieces(
    cast: Cast, case: Case, sign_in: SignIn
) -> None:
    photo = b"\xff\xd8\xff" + video(2000)
    said = declared(uuid4(), photo, name="foto.jpg")
    answer = sign_in("intake").post(f"/cases/{case.code}/files/begin/", said)
    assert answer.status_code == 422 and "dibersihkan" in answer.json()["sentence"]
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    ("name", "data"),
    [("virus.exe", b"MZ"), ("arsip.zip", b"PK\x03\x04"), ("tanpa-akhiran", b"x"),
     ("film.mp4", b"MZ\x90\0 not a film"), ("dokumen.docx", b"<html>")],
)  # fmt: skip
def test_a_kind_that_is_not_taken_is_refused_both_ways(
    cast: Cast, case: Case, sign_in: SignIn, name: str, data: bytes
) -> None:
    door, ref = sign_in("intake"), uuid4()
    file = SimpleUploadedFile(name, data)
    form = {"ref": ref, "compartment": "notes", "file": file}
    page = door.post(f"/cases/{case.code}/files/", form)
    assert page.status_code == 422 and "tidak diterima" in page.content.decode()
    answer = door.post(f"/cases/{case.code}/files/begin/", declared(ref, data, name=name))
    if answer.status_code == 200:
        answer = put(door, case, ref, 0, data)
    assert answer.status_code == 422 and "tidak diterima" in answer.json()["sentence"]
    assert not Piece.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [{"size": 200 * PIECE + 1}, {"size": 0}, {"digests": "00"}, {"digests": ""}, {"name": ""},
     {"digests": "0" * 64}, {"compartment": "elsewhere"}, {"ref": "x"}],
)  # fmt: skip
def test_what_is_declared_wrongly_begins_nothing(
    cast: Cast, case: Case, sign_in: SignIn, wrong: dict[str, Any]
) -> None:
    said = declared(uuid4(), video(PIECE + 1)) | wrong
    answer = sign_in("intake").post(f"/cases/{case.code}/files/begin/", said)
    assert answer.status_code == 422 and not Document.objects.exists()


# --- Interrupted ---------------------------------------------------------------------------------


def test_an_interrupted_upload_goes_on_where_it_stopped(
    cast: Cast, case: Case, sign_in: SignIn
) -> None:
    door, data, ref = sign_in("intake"), video(3 * PIECE), uuid4()
    begin = f"/cases/{case.code}/files/begin/"
    parts = pieces.split(data)
    door.post(begin, declared(ref, data))
    for number in (2, 0):
        put(door, case, ref, number, parts[number])
    assert fetched(door, case, ref).status_code == 404, "not before it is whole"
    page = door.get(f"/cases/{case.code}/files/").content.decode()
    assert "2 dari 3 potongan" in page and f"?continue={ref}" in page
    again = sign_in("colleague")
    form = again.get(f"/cases/{case.code}/files/?continue={ref}").content.decode()
    assert re.search(rf'name="ref" value="{ref}"', form)
    assert again.post(begin, declared(ref, data)).json() == {"there": [0, 2]}
    assert put(again, case, ref, 1, parts[1]).json() == {"whole": True}
    assert body(fetched(door, case, ref)) == data


def test_another_file_under_the_same_ref_is_noticed_at_once(
    cast: Cast, case: Case, sign_in: SignIn
) -> None:
    door, data, other, ref = sign_in("intake"), video(2 * PIECE), video(2 * PIECE, "b"), uuid4()
    begin = f"/cases/{case.code}/files/begin/"
    door.post(begin, declared(ref, data))
    put(door, case, ref, 0, data[:PIECE])
    answer = door.post(begin, declared(ref, other))
    assert answer.status_code == 422 and "lain dari yang tadi" in answer.json()["sentence"]
    for number, part in ((1, other[PIECE:]), (0, other[:PIECE]), (1, b""), (2, data[PIECE:])):
        assert put(door, case, ref, number, part).status_code == 422
    assert [row.number for row in Piece.objects.all()] == [0]


def test_the_same_piece_twice_is_one(cast: Cast, case: Case, sign_in: SignIn) -> None:
    door, data, ref = sign_in("intake"), video(2 * PIECE), uuid4()
    door.post(f"/cases/{case.code}/files/begin/", declared(ref, data))
    first = [put(door, case, ref, 0, data[:PIECE]).json() for _twice in range(2)]
    last = [put(door, case, ref, 1, data[PIECE:]).json() for _twice in range(2)]
    assert first == [{"whole": False}] * 2 and last == [{"whole": True}] * 2
    assert Piece.objects.count() == 2
    assert AuditLine.objects.filter(event="cases.file_added", row=ref).count() == 1


def test_an_upload_that_nobody_finishes_is_gone_after_a_day(
    cast: Cast, case: Case, sign_in: SignIn
) -> None:
    door, data = sign_in("intake"), video(2 * PIECE)
    old, young = uuid4(), uuid4()
    whole = send(door, case, data)
    for ref in (old, young):
        door.post(f"/cases/{case.code}/files/begin/", declared(ref, data))
        put(door, case, ref, 0, data[:PIECE])
    late = timezone.now() - timedelta(hours=25)
    Document.objects.exclude(ref=young).update(begun_at=late)
    sweeps.run()
    assert set(Document.objects.values_list("ref", flat=True)) == {young, whole}
    assert set(Piece.objects.values_list("file", flat=True)) == {young, whole}
    assert AuditLine.objects.filter(event="cases.file_dropped", row=old).exists()


def test_five_are_on_their_way_and_a_sixth_waits(cast: Cast, case: Case, sign_in: SignIn) -> None:
    door, data = sign_in("intake"), video(2 * PIECE)
    begin = f"/cases/{case.code}/files/begin/"
    statuses = [door.post(begin, declared(uuid4(), data)).status_code for _six in range(6)]
    assert statuses == [200] * 5 + [422]


# --- Ranges --------------------------------------------------------------------------------------

SIZE = 2 * PIECE + 100


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, SIZE),
        (f"bytes={PIECE - 1}-{PIECE}", PIECE - 1, PIECE + 1),
        (f"bytes={PIECE}-", PIECE, SIZE),
        ("bytes=-1", SIZE - 1, SIZE),
        (f"bytes=-{SIZE * 2}", 0, SIZE),
        (f"bytes={SIZE - 1}-{SIZE * 2}", SIZE - 1, SIZE),
        (f"bytes=5-{SIZE - 6}", 5, SIZE - 5),
        ("bytes=9-3", 0, SIZE),
        ("bytes=0-1,5-6", 0, SIZE),
        ("pieces=0-1", 0, SIZE),
        ("bytes=-", 0, SIZE),
        ("", 0, SIZE),
    ],
)
def test_a_span_is_what_the_standard_says(asked: str, start: int, end: int) -> None:
    assert delivery.span_of(asked, SIZE) == delivery.Span(start, end)


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE + 5}-{SIZE + 9}", "bytes=-0"])
def test_a_span_outside_the_file_is_none(asked: str) -> None:
    assert delivery.span_of(asked, SIZE) is None


def test_a_range_is_answered_with_exactly_these_bytes(
    cast: Cast, case: Case, sign_in: SignIn
) -> None:
    door, data = sign_in("intake"), video(SIZE)
    ref = send(door, case, data)
    part = fetched(door, case, ref, Range=f"bytes={PIECE - 3}-{PIECE + 3}")
    assert part.status_code == 206 and body(part) == data[PIECE - 3 : PIECE + 4]
    assert part["Content-Range"] == f"bytes {PIECE - 3}-{PIECE + 3}/{SIZE}"
    tag = part["ETag"]
    assert re.fullmatch('"[0-9a-f]{32}"', tag)
    outside = fetched(door, case, ref, Range=f"bytes={SIZE}-")
    assert outside.status_code == 416 and outside["Content-Range"] == f"bytes */{SIZE}"
    same = fetched(door, case, ref, Range="bytes=5-8", If_Range=tag)
    assert same.status_code == 206 and body(same) == data[5:9]
    other = fetched(door, case, ref, Range="bytes=5-8", If_Range='"another"')
    assert other.status_code == 200 and body(other) == data
    twin = send(door, case, data)
    answer = fetched(door, case, twin, Range="bytes=0-0")
    assert body(answer) == data[:1] and answer["ETag"] != tag, "a tag tells nothing of the content"


def test_going_on_with_a_download_is_not_another_reading(
    cast: Cast, case: Case, sign_in: SignIn
) -> None:
    door, ref = sign_in("intake"), None
    ref = send(door, case, video(2 * PIECE))
    read = AuditLine.objects.filter(event="cases.file.read", row=ref)
    hang_up(fetched(door, case, ref, Range=f"bytes={PIECE}-"))
    assert read.count() == 1, "also one that does not begin at the beginning"
    hang_up(fetched(door, case, ref, Range=f"bytes={PIECE}-"))
    hang_up(fetched(door, case, ref, Range="bytes=77-"))
    assert read.count() == 1
    hang_up(fetched(sign_in("colleague"), case, ref, Range=f"bytes={PIECE}-"))
    assert read.count() == 2, "a colleague's is hers"
    hang_up(fetched(door, case, ref))
    assert read.count() == 3, "from the beginning it is a new one"


def test_a_few_downloads_at_once_and_the_next_waits(
    cast: Cast, case: Case, sign_in: SignIn
) -> None:
    door = sign_in("intake")
    ref = send(door, case, video(PIECE + 1))
    running = [fetched(door, case, ref) for _each in range(delivery.AT_ONCE)]
    assert fetched(door, case, ref).status_code == 503
    hang_up(running[0])
    assert body(fetched(door, case, ref))
    for each in running:
        hang_up(each)
    assert fetched(door, case, uuid4()).status_code == 404
    for _each in range(delivery.AT_ONCE + 1):
        assert body(fetched(door, case, ref)), "every turn was given back, once"


def test_an_answer_that_was_never_begun_gives_its_turn_back() -> None:
    """A session that ends between the view and the first byte drops the answer unclosed."""
    turns = [delivery.Turn() for _each in range(delivery.AT_ONCE)]
    assert all(turn.taken for turn in turns) and not delivery.Turn().taken
    turns.clear()
    again = delivery.Turn()
    assert again.taken
    again.give_back()


# --- Who reads, and until when -------------------------------------------------------------------


def test_a_file_follows_its_compartment(cast: Cast, case: Case, sign_in: SignIn) -> None:
    door, data = sign_in("intake"), video(2 * PIECE)
    ref = send(door, case, data)
    legal = send(door, case, data, compartment="legal")
    clinic = sign_in("clinic")
    assert fetched(clinic, case, ref).status_code == 404
    consent = share(cast, case, "health")
    page = clinic.get(f"/cases/{case.code}/files/").content.decode()
    assert f"/files/{ref}/" in page and str(legal) not in page
    assert "data-simpul-pieces" not in page and "remove/" not in page
    assert body(fetched(clinic, case, ref)) == data
    assert fetched(clinic, case, legal).status_code == 404
    line = AuditLine.objects.filter(event="cases.file.read", row=ref).latest("id")
    assert (line.desk, line.parts) == (cast.desk("clinic").pk, ["health"])
    with cast.acting("intake") as actor:
        consents.withdraw(actor=actor, case=case, consent=consent, now=timezone.now())
    assert fetched(clinic, case, ref).status_code == 404


def test_a_receiver_adds_and_strikes_out_nothing(cast: Cast, case: Case, sign_in: SignIn) -> None:
    door, data = sign_in("intake"), video(2 * PIECE)
    ref = send(door, case, data)
    coming = uuid4()
    door.post(f"/cases/{case.code}/files/begin/", declared(coming, data))
    share(cast, case, "health")
    clinic = sign_in("clinic")
    assert (
        clinic.post(f"/cases/{case.code}/files/begin/", declared(uuid4(), data)).status_code == 403
    )
    assert put(clinic, case, coming, 0, data[:PIECE]).status_code == 403
    assert (
        clinic.post(f"/cases/{case.code}/files/{ref}/remove/", {"reason": "x"}).status_code == 404
    )
    assert "2 potongan" not in clinic.get(f"/cases/{case.code}/files/").content.decode()
    now = timezone.now()
    with cast.acting("clinic") as actor:
        assert [row.ref for row in Document.objects.all()] == [ref], "not what is on its way"
        shared = Case.objects.select_related("report").get()
        with pytest.raises(NotYourDuty):
            documents.remove(actor=actor, case=shared, ref=ref, reason="x", now=now)
        with pytest.raises(DatabaseError), transaction.atomic():
            Piece.objects.create(
                envelope=Document.objects.get().envelope, file=coming, number=0, sealed=b"x"
            )
        assert Document.objects.update(removed_at=now) == 0
    assert body(fetched(door, case, ref)) == data


@pytest.mark.parametrize("who", ["clinic", "office", "fallback", "stranger"])
def test_a_colleague_of_another_desk_finds_nothing(
    cast: Cast, case: Case, sign_in: SignIn, who: str
) -> None:
    data = video(2 * PIECE)
    ref = send(sign_in("intake"), case, data)
    door = sign_in(who)
    assert fetched(door, case, ref).status_code == 404
    assert door.get(f"/cases/{case.code}/files/").status_code == 404
    assert put(door, case, ref, 0, data[:PIECE]).status_code == 404
    with cast.acting(who):
        assert not Document.objects.exists() and not Piece.objects.exists()


@pytest.mark.parametrize("how", ["withdrawn", "struck out", "left", "signed out"])
def test_what_is_taken_back_meanwhile_stops_the_download(
    cast: Cast, case: Case, sign_in: SignIn, how: str
) -> None:
    owner, data, now = sign_in("intake"), video(3 * PIECE), timezone.now()
    ref = send(owner, case, data)
    consent = share(cast, case, "health")
    clinic = sign_in("clinic")
    answer = fetched(clinic, case, ref)
    stream = iter(answer.streaming_content)
    assert next(stream) == data[:PIECE]
    with cast.acting("intake") as actor:
        if how == "withdrawn":
            consents.withdraw(actor=actor, case=case, consent=consent, now=now)
        elif how == "struck out":
            documents.remove(actor=actor, case=case, ref=ref, reason="Salah orang.", now=now)
    if how == "left":
        from simpul.network.models import Membership

        row = Membership.objects.get(user=cast.user("clinic"))
        row.until_at = now
        row.save()
    elif how == "signed out":
        clinic.client.session.delete()
    assert list(stream) == [], "shorter than was promised, so the browser knows"
    hang_up(answer)


def test_a_download_that_goes_on_keeps_the_session(
    cast: Cast, case: Case, sign_in: SignIn
) -> None:
    door, now = sign_in("intake"), timezone.now()
    ref = send(door, case, video(3 * PIECE))
    stream = iter(fetched(door, case, ref).streaming_content)
    next(stream)
    Session.objects.update(expires_at=now + timedelta(minutes=1))
    next(stream)
    assert Session.objects.get().expires_at > now + timedelta(minutes=14)
    Session.objects.update(expires_at=now)
    assert list(stream) == [], "what has ended does not come back"


def test_in_the_middle_nobody_elses_context_is_left(
    cast: Cast, case: Case, sign_in: SignIn
) -> None:
    door = sign_in("intake")
    ref = send(door, case, video(2 * PIECE))
    answer = fetched(door, case, ref)
    next(iter(answer.streaming_content))
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('role'), current_setting('simpul.desks', true)")
        assert cursor.fetchone() == ("none", "{}")
    hang_up(answer)


# --- A database administrator --------------------------------------------------------------------


def sealed(file: UUID, number: int) -> Piece:
    """A piece as it lies in the database."""
    return Piece.objects.get(file=file, number=number)


def swap(one: Piece, other: Piece) -> None:
    """Puts the content of each in the other's place."""
    one.sealed, other.sealed = other.sealed, one.sealed
    one.save()
    other.save()


@pytest.mark.parametrize(
    "how", ["altered", "swapped", "of another file", "dropped", "cut at the end", "cut and told"]
)
def test_a_file_that_was_tampered_with_does_not_open_and_is_named(
    cast: Cast, case: Case, sign_in: SignIn, how: str
) -> None:
    door, data = sign_in("intake"), video(3 * PIECE)
    ref, other = send(door, case, data), send(door, case, video(3 * PIECE, "b"))
    assert list(rows.rolled_back()) == []
    match how:
        case "altered":
            one = sealed(ref, 1)
            one.sealed = bytes(one.sealed)[:-1] + bytes([bytes(one.sealed)[-1] ^ 1])
            one.save()
        case "swapped":
            swap(sealed(ref, 1), sealed(ref, 2))
        case "of another file":
            swap(sealed(ref, 1), sealed(other, 1))
        case "dropped":
            sealed(ref, 1).delete()
        case "cut at the end":
            sealed(ref, 2).delete()
        case "cut and told":
            Document.objects.filter(ref=ref).update(pieces=2)
            sealed(ref, 2).delete()
    if how == "cut and told":
        answer = fetched(door, case, ref)
        assert answer.status_code == 500
    else:
        got = b""
        with pytest.raises(Unopened):
            for part in fetched(door, case, ref).streaming_content:
                got += part
        assert data.startswith(got) and got != data, "nothing but true bytes"
    assert f"cases.Document {ref}: its pieces" in list(rows.rolled_back())


def test_a_whole_file_takes_no_further_piece_and_cannot_be_unfinished(
    cast: Cast, case: Case, sign_in: SignIn
) -> None:
    ref = send(sign_in("intake"), case, video(2 * PIECE))
    for change in (
        {"finished_at": None}, {"about": b"x"}, {"whole": b"x"}, {"finished_at": timezone.now()},
    ):  # fmt: skip
        with (
            pytest.raises(DatabaseError, match="not changed"),
            cast.acting("intake"),
            transaction.atomic(),
        ):
            Document.objects.filter(ref=ref).update(**change)
    with pytest.raises(DatabaseError), cast.acting("intake"), transaction.atomic():
        Piece.objects.create(
            envelope=Document.objects.get().envelope, file=ref, number=7, sealed=b"x"
        )


def test_a_file_is_not_called_whole_before_it_is(cast: Cast, case: Case, sign_in: SignIn) -> None:
    ref, data = uuid4(), video(2 * PIECE)
    sign_in("intake").post(f"/cases/{case.code}/files/begin/", declared(ref, data))
    with pytest.raises(DatabaseError, match="all its pieces"), cast.acting("intake"):
        Document.objects.filter(ref=ref).update(finished_at=timezone.now())


# --- Struck out ----------------------------------------------------------------------------------


def test_a_file_that_is_struck_out_leaves_its_line_and_the_reason(
    cast: Cast, case: Case, sign_in: SignIn
) -> None:
    door = sign_in("intake")
    ref = send(door, case, video(2 * PIECE))
    address = f"/cases/{case.code}/files/{ref}/remove/"
    assert "rekaman.mp4" in door.get(address).content.decode()
    assert door.post(address, {"reason": ""}).status_code == 422
    assert Piece.objects.exists()
    assert door.post(address, {"reason": "Penyintas memintanya."}).status_code == 302
    page = door.get(f"/cases/{case.code}/files/").content.decode()
    assert "Berkas dicoret" in page and "Penyintas memintanya." in page
    assert "rekaman.mp4" not in page
    assert not Piece.objects.exists()
    assert fetched(door, case, ref).status_code == 404
    assert door.post(address, {"reason": "Lagi."}).status_code == 404
    assert list(rows.rolled_back()) == []
    with pytest.raises(DatabaseError, match="not changed"), cast.acting("intake"):
        Document.objects.filter(ref=ref).update(removed_at=None)


def test_a_closed_case_takes_no_file_and_gives_those_it_has(
    cast: Cast, case: Case, sign_in: SignIn
) -> None:
    door, data, coming = sign_in("intake"), video(2 * PIECE), uuid4()
    ref = send(door, case, data)
    door.post(f"/cases/{case.code}/files/begin/", declared(coming, data))
    with cast.acting("intake") as actor:
        files.close(actor=actor, case=case, reason="wish", note="", now=timezone.now())
    answer = door.post(f"/cases/{case.code}/files/begin/", declared(uuid4(), data))
    assert answer.status_code == 422 and "ditutup" in answer.json()["sentence"]
    assert put(door, case, coming, 0, data[:PIECE]).status_code == 422
    assert body(fetched(door, case, ref)) == data


def test_a_ref_of_another_case_adds_nothing_to_it(cast: Cast, case: Case, sign_in: SignIn) -> None:
    door, data = sign_in("intake"), video(2 * PIECE)
    ref, other = send(door, case, data), cast.open_case(cast.file())
    assert fetched(door, other, ref).status_code == 404
    assert put(door, other, ref, 0, data[:PIECE]).status_code == 404
    with cast.acting("intake") as actor, pytest.raises(NotYours):
        documents.remove(actor=actor, case=other, ref=ref, reason="x", now=timezone.now())


def test_she_sees_that_a_file_was_read(cast: Cast, sign_in: SignIn) -> None:
    receipt = cast.file()
    case = cast.open_case(receipt)
    ref = send(sign_in("intake"), case, video(2 * PIECE))
    share(cast, case, "health")
    body(fetched(sign_in("clinic"), case, ref))
    reads = [(read.desk_id, read.parts) for read in audit.reads_of(case.ref)]
    assert (cast.desk("clinic").pk, ("health",)) in reads


def test_a_ref_that_lies_in_another_case_is_taken_for_another_file(
    cast: Cast, case: Case, sign_in: SignIn
) -> None:
    """A sentence, not a broken page, and nothing of the other case is told."""
    other: Case = cast.open_case(cast.file())
    ref, now = uuid4(), timezone.now()
    with cast.acting("intake") as actor:
        documents.add(
            actor=actor, case=other, ref=ref, compartment="health", name="a.txt", data=b"a",
            now=now,
        )  # fmt: skip
    with pytest.raises(documents.Another), cast.acting("intake") as actor:
        documents.add(
            actor=actor, case=case, ref=ref, compartment="health", name="b.txt", data=b"b",
            now=now,
        )  # fmt: skip
    begun = sign_in("intake").post(f"/cases/{case.code}/files/begin/", declared(ref, video(9)))
    assert begun.status_code == 422
