"""Voice notes lose what they tell beside the voice, and hostile ones hurt nobody."""

import random
import subprocess
import sys
import time
from io import BytesIO

import av
import pytest

from simpul.vault import scrub
from simpul.vault.scrub import NotAccepted, TooLarge, Unreadable
from tests.vault.hostile import pictures, sounds
from tests.vault.test_scrub import ENVIRONMENT, refusal

SECRET = sounds.SECRET.encode()
TAGGED = {"ogg", "webm", "mp4", "3gp", "mp3", "wav"}


def heard(data: bytes) -> tuple[float, str, int, dict[str, str], int]:
    """Seconds, codec, channels, tags and how many tracks a clean copy has."""
    with av.open(BytesIO(data)) as file:
        stream = file.streams.audio[0]
        tags = {**file.metadata, **stream.metadata}
        samples = sum(frame.samples / frame.sample_rate for frame in file.decode(stream))
        codec = stream.codec_context
        return samples, codec.codec.canonical_name, codec.channels, tags, len(file.streams)


@pytest.mark.parametrize("kind", sounds.MADE)
def test_a_voice_note_becomes_opus_in_one_channel_and_tells_nothing_else(kind: str) -> None:
    noted = sounds.voice(kind)
    assert (SECRET in noted) == (kind in TAGGED)
    clean = scrub.scrub(noted)
    assert (clean.media_type, clean.extension) == ("audio/ogg", "ogg")
    for trace in (SECRET, b"Lavf", b"Lavc", b"LAME"):
        assert trace not in clean.data
    seconds, codec, channels, tags, tracks = heard(clean.data)
    assert abs(seconds - 2) < 0.2
    assert (codec, channels, tracks) == ("opus", 1, 1)
    assert set(tags) <= {"encoder"}


def test_the_same_voice_gives_the_same_copy() -> None:
    assert scrub.scrub(sounds.voice("mp4")).data == scrub.scrub(sounds.voice("mp4")).data


def test_a_cover_picture_stays_behind_and_the_voice_is_kept() -> None:
    covered = sounds.with_cover(pictures.jpeg())
    assert pictures.SECRET.encode() in covered
    clean = scrub.scrub(covered)
    assert pictures.SECRET.encode() not in clean.data
    assert heard(clean.data)[4] == 1


def test_a_film_is_refused_with_advice_and_not_half_taken() -> None:
    assert refusal(sounds.film(), NotAccepted).sentence == scrub.FILM


def test_hours_in_a_small_file_end_at_ten_minutes() -> None:
    bomb = sounds.humming(120)
    assert len(bomb) < scrub.scrubber.MAX_BYTES
    assert refusal(bomb, TooLarge).sentence == scrub.TOO_LASTING


@pytest.mark.parametrize("kind", sounds.MADE)
@pytest.mark.parametrize("part", [0.02, 0.5, 0.9])
def test_a_truncated_note_gives_what_is_there_or_a_sentence(kind: str, part: float) -> None:
    noted = sounds.voice(kind)
    try:
        clean = scrub.scrub(noted[: max(12, int(len(noted) * part))])
    except (Unreadable, NotAccepted):
        return
    assert 0 < heard(clean.data)[0] < 2.2


def test_a_note_whose_end_was_lost_on_the_way_is_still_heard() -> None:
    noted = sounds.voice("ogg")
    assert heard(scrub.scrub(noted[: len(noted) // 2]).data)[0] > 0.5


@pytest.mark.parametrize(
    "lie",
    [
        sounds.wave_header(rate=0xFFFFFFF0) + bytes(4096),
        sounds.wave_header(rate=0) + bytes(4096),
        sounds.wave_header(channels=0) + bytes(4096),
        sounds.wave_header(channels=65_535) + bytes(4096),
        sounds.wave_header(size=0),
        b"OggS" + bytes(4096),
        b"\x1a\x45\xdf\xa3" + bytes(4096),
        b"\0\0\0\x18ftypM4A " + bytes(4096),
        b"ID3\4\0\0\x7f\x7f\x7f\x7f" + bytes(4096),
        b"#!AMR\n",
        b"RIFF\xff\xff\xff\xffWAVE" + b"#EXTM3U\nfile:///etc/passwd\n" * 20,
    ],
)
def test_a_header_that_lies_is_unreadable(lie: bytes) -> None:
    refusal(lie, Unreadable)


def test_an_endless_wave_takes_what_came_and_no_more() -> None:
    clean = scrub.scrub(sounds.wave_header(rate=8_000) + bytes(16_000))
    assert abs(heard(clean.data)[0] - 1) < 0.2


@pytest.mark.parametrize("kind", ["ogg", "webm", "mp4", "mp3", "amr"])
def test_bytes_turned_at_random_never_bring_anything_but_a_copy_or_a_sentence(kind: str) -> None:
    chance = random.Random(kind)
    for _ in range(4):
        noted = bytearray(sounds.voice(kind))
        for _ in range(40):
            noted[chance.randrange(12, len(noted))] = chance.randrange(256)
        try:
            clean = scrub.scrub(bytes(noted))
        except scrub.ScrubError:
            continue
        assert clean.data.startswith(b"OggS") and heard(clean.data)[4] == 1


def test_nine_minutes_are_taken_well_within_the_time_of_the_child() -> None:
    begun = time.monotonic()
    clean = scrub.scrub(sounds.humming(9))
    assert time.monotonic() - begun < scrub.WALL_SECONDS
    assert heard(clean.data)[0] > 530
    assert len(clean.data) < 2_000_000


def test_no_list_of_other_files_is_ever_followed() -> None:
    refusal(b"#EXTM3U\n#EXT-X-TARGETDURATION:1\nfile:///etc/passwd\n" + b"\x00", NotAccepted)
    names = ",".join(scrub.scrubber.SOUNDS.values())
    assert not {"hls", "concat", "dash", "applehttp"} & set(names.split(","))


def test_the_server_itself_never_loads_ffmpeg() -> None:
    code = (
        "import sys\nfrom simpul.vault import scrub\nscrub.libraries()\n"
        "print(*sorted({'av'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert not ran.stdout.strip()
