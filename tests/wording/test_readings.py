"""Pages read aloud: cleaned, signed by two people, and never beside other words than they read."""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from simpul.core.access import NotYourDuty
from simpul.network.models import Desk
from simpul.vault.models import AuditLine
from simpul.wording import actions, queries, shipped, sound, texts
from simpul.wording.models import Edition, Recording
from simpul.wording.sound import Clean
from tests.conftest import Cast, Door
from tests.wording import ogg

Records = Callable[..., Recording]


@pytest.fixture(scope="session")
def clean() -> Clean:
    """Three seconds of silence, cleaned once."""
    return sound.cleaned(ogg.recording())


@pytest.fixture
def record(cast: Cast, coordination: Desk, clean: Clean) -> Records:
    """One coordinator lays down a reading of the first page of the report."""

    def recorded(by: str = "shelter", **more: Any) -> Recording:
        values: dict[str, Any] = {
            "ref": uuid4(), "page": "report-1", "language": "mkn", "voice": "interpreter",
            "has_consent": True, "reading": clean, "now": timezone.now(), **more,
        }  # fmt: skip
        with cast.acting(by) as actor:
            return actions.record(actor=actor, **values)

    return recorded


@pytest.fixture
def play(cast: Cast, record: Records) -> Records:
    """A reading that the other coordinator approved."""

    def played(**more: Any) -> Recording:
        recording = record(**more)
        with cast.acting("leaver") as actor:
            actions.approve(actor=actor, release=recording, now=timezone.now())
        return recording

    return played


def test_a_reading_follows_a_text_that_another_process_has_just_put_in_force(
    monkeypatch: pytest.MonkeyPatch, play: Records, release: Callable[..., Edition]
) -> None:
    """Processes look every few seconds; whoever lays down a reading does not wait for that."""
    with transaction.atomic():
        stale = texts.current()
    release()
    monkeypatch.setattr(texts, "LOOK_EVERY", 3600.0)
    monkeypatch.setattr(texts, "_known", stale)
    monkeypatch.setattr(texts, "_looked", time.monotonic())
    recording = play()
    texts.forget()
    with transaction.atomic():
        assert [one.ref for one in texts.readings_of("report-1")] == [str(recording.ref)]


# --- The sound itself ----------------------------------------------------------------------------


def test_what_the_recorder_wrote_into_the_file_is_gone() -> None:
    clean = sound.cleaned(ogg.recording(3))
    assert clean.seconds == 3
    assert clean.data.startswith(b"OggS") and clean.data[sound.HEAD :].startswith(b"OpusHead")
    for trace in (ogg.WHERE, b"Ponsel"):
        assert trace in ogg.recording(3) and trace not in clean.data


@pytest.mark.parametrize(
    "data", [b"", b"OggS", b"halo", b"ID3" + bytes(200), ogg.recording()[:60], b"%PDF-1.4"]
)
def test_what_is_no_reading_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(sound.NotSound) as refused:
        sound.cleaned(data)
    assert len(str(refused.value.sentence)) > 10


def test_a_reading_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound, "MOST", 1000)
    with pytest.raises(sound.NotSound, match="lebih singkat"):
        sound.cleaned(ogg.recording())


# --- Who ------------------------------------------------------------------------------------------


def test_two_people_and_the_voices_consent(cast: Cast, record: Records) -> None:
    recording = record()
    with cast.acting("shelter") as actor, pytest.raises(NotYourDuty):
        actions.approve(actor=actor, release=recording, now=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        record(has_consent=False, language="id")
    with cast.acting("intake") as actor, pytest.raises(NotYourDuty):
        actions.end(actor=actor, release=recording, now=timezone.now())
    with pytest.raises(NotYourDuty):
        record(by="intake")
    assert [line.event for line in AuditLine.objects.filter(row=recording.ref)] == [
        "wording.recorded"
    ]


# --- At the public door --------------------------------------------------------------------------


def test_a_page_without_a_recording_is_not_one_byte_larger(
    public: Door, record: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: public.get(path).content for path in ("/", "/reports/", "/reports/open/")}
    record()  # waits
    after = {path: public.get(path).content for path in before}
    assert after == before
    monkeypatch.setattr("simpul.wording.texts.readings_of", lambda _code: [])
    assert {path: public.get(path).content for path in before} == before
    assert all(b"<audio" not in html for html in before.values())


def test_a_recording_is_offered_and_loads_nothing_by_itself(public: Door, play: Records) -> None:
    recording = play()
    html = public.get("/reports/").content.decode()
    assert f'<audio controls preload="none" src="/wording/{recording.ref}.ogg">' in html
    assert "Melayu Kupang, 4 KB" in html
    for other in ("/", "/reports/open/"):
        assert "<audio" not in public.get(other).content.decode()
    answer = public.get(f"/wording/{recording.ref}.ogg")
    assert answer.content == bytes(recording.sound)
    assert answer["Content-Type"] == "audio/ogg"
    assert "immutable" in answer["Cache-Control"] and "max-age=31536000" in answer["Cache-Control"]
    assert not answer.cookies
    assert "media-src 'self'" in public.get("/reports/")["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("", 200, slice(None)), ("bytes=0-", 206, slice(0, None)), ("bytes=2-5", 206, slice(2, 6)),
        ("bytes=-4", 206, slice(-4, None)), ("bytes=0-99999999", 206, slice(0, None)),
        ("bytes=-99999999", 206, slice(0, None)), ("bytes=99999-", 416, slice(0, 0)),
        ("bytes=5-2", 416, slice(0, 0)), ("bytes=-0", 416, slice(0, 0)),
        ("bytes=-", 200, slice(None)), ("bytes=0-1,3-4", 200, slice(None)),
        ("bytes=٣-٤", 200, slice(None)), ("lines=1-2", 200, slice(None)),
    ],
)  # fmt: skip
def test_a_player_may_ask_for_a_part(
    asked: str, status: int, part: slice, public: Door, play: Records
) -> None:
    recording = play()
    answer = public.get(f"/wording/{recording.ref}.ogg", HTTP_RANGE=asked)
    whole = bytes(recording.sound)
    assert answer.status_code == status
    assert answer.content == whole[part]
    if status == 206:
        first, last = answer["Content-Range"].removeprefix("bytes ").split("/")[0].split("-")
        assert whole[int(first) : int(last) + 1] == answer.content


def test_a_recording_is_never_played_beside_newer_words(
    cast: Cast, public: Door, play: Records, release: Callable[..., Edition]
) -> None:
    recording = play()
    edition = release()  # a text of the same page
    assert "<audio" not in public.get("/reports/").content.decode()
    recording.refresh_from_db()
    assert not queries.is_current(recording)
    with cast.acting("shelter") as actor:  # back to the words that were read
        actions.end(actor=actor, release=edition, now=timezone.now())
    assert "<audio" in public.get("/reports/").content.decode()


def test_a_change_on_another_page_leaves_it_playing(
    public: Door, play: Records, release: Callable[..., Edition]
) -> None:
    play()
    release(
        key="open.lost", indonesian="Lupa katanya? Buat laporan baru.", english="Forgot? Again."
    )
    assert "<audio" in public.get("/reports/").content.decode()


def test_a_recording_in_english_follows_the_english_words(
    public: Door, play: Records, release: Callable[..., Edition]
) -> None:
    play(language="en")
    was = shipped.texts("reports/report")["page1.danger.hint"]
    release(indonesian="Misalnya ia mengikuti Anda.", english=was[1])
    assert "<audio" in public.get("/en/reports/").content.decode()
    release(indonesian=was[0], english="For example, they follow you.")
    assert "<audio" not in public.get("/en/reports/").content.decode()


def test_a_recording_of_words_that_changed_meanwhile_is_not_approved(
    cast: Cast, record: Records, release: Callable[..., Edition]
) -> None:
    recording = record()
    release()
    with cast.acting("leaver") as actor, pytest.raises(actions.Outdated):
        actions.approve(actor=actor, release=recording, now=timezone.now())


def test_a_new_reading_takes_the_place_and_taking_it_back_ends_it(
    cast: Cast, public: Door, play: Records
) -> None:
    first, second = play(), play()
    assert public.get(f"/wording/{first.ref}.ogg").status_code == 404
    assert public.get(f"/wording/{second.ref}.ogg").status_code == 200
    with cast.acting("shelter") as actor:
        actions.end(actor=actor, release=second, now=timezone.now())
    assert public.get(f"/wording/{second.ref}.ogg").status_code == 404
    assert "<audio" not in public.get("/reports/").content.decode()


def test_another_sound_put_into_the_database_is_not_played(public: Door, play: Records) -> None:
    recording = play()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE wording_recording DISABLE TRIGGER USER")
        cursor.execute("UPDATE wording_recording SET sound = 'x'")
        assert public.get(f"/wording/{recording.ref}.ogg").status_code == 404
        assert queries.unsigned() == ["report-1 mkn"]
        cursor.execute("UPDATE wording_recording SET digest = sha256('x')")
        cursor.execute("ALTER TABLE wording_recording ENABLE TRIGGER USER")
    assert public.get(f"/wording/{recording.ref}.ogg").status_code == 404
    texts.forget()
    assert "<audio" not in public.get("/reports/").content.decode()


def test_a_waiting_recording_is_heard_by_nobody_at_the_public_door(
    public: Door, record: Records
) -> None:
    assert public.get(f"/wording/{record().ref}.ogg").status_code == 404


def test_every_page_that_can_be_read_offers_it_in_its_template() -> None:
    room = shipped.ROOMS
    html = "".join(p.read_text() for p in room.glob("*/templates/**/*.html"))
    for page in shipped.pages().values():
        assert page.can_be_read == (f'{{% reading "{page.code}" %}}' in html), page.code


def test_no_voice_is_shipped() -> None:
    assert not [
        p for p in shipped.ROOMS.rglob("*") if p.suffix in {".ogg", ".opus", ".mp3", ".wav"}
    ]
