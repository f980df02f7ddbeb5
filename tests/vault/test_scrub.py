"""Attached files lose what they tell and what they do, and hostile ones hurt nobody."""

import ast
import os
import random
import re
import subprocess
import sys
import threading
import time
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Name
from PIL import Image

from simpul.vault import scrub
from simpul.vault.scrub import Busy, NotAccepted, Scrubbed, TooLarge, Unreadable
from tests.vault.hostile import documents, pictures

SECRET = pictures.SECRET.encode()
ENVIRONMENT = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def picture_of(clean: Scrubbed) -> Image.Image:
    """The decoded picture of a clean file."""
    picture = Image.open(BytesIO(clean.data))
    picture.load()
    return picture


def is_red(pixel: tuple[int, ...]) -> bool:
    """Whether a pixel is red, give or take what JPEG does to it."""
    return pixel[0] > 200 and pixel[1] < 60 and pixel[2] < 60


def everything_in(data: bytes) -> bytes:
    """A PDF with all its streams and object streams unpacked, to search in."""
    file = BytesIO()
    pikepdf.open(BytesIO(data)).save(
        file,
        compress_streams=False,
        stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
    )
    return file.getvalue()


def refusal(data: bytes, kind: type[scrub.ScrubError]) -> scrub.ScrubError:
    """The error that this file meets, within three seconds."""
    start = time.monotonic()
    with pytest.raises(kind) as raised:
        scrub.scrub(data)
    assert time.monotonic() - start < 15
    return raised.value


# --- Pictures ----------------------------------------------------------------------------------

PICTURES = {
    "jpeg": (lambda turn: pictures.jpeg(orientation=turn), "image/jpeg", "jpg"),
    "png": (lambda turn: pictures.png(orientation=turn), "image/png", "png"),
    "webp": (lambda turn: pictures.webp(orientation=turn, lossless=True), "image/jpeg", "jpg"),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_loses_its_place_and_is_turned_upright(kind: str) -> None:
    make, media_type, extension = PICTURES[kind]
    assert SECRET in make(6)
    clean = scrub.scrub(make(6))
    assert (clean.media_type, clean.extension) == (media_type, extension)
    for trace in (SECRET, b"Exif", b"PonselUji", b"xmpmeta", b"ICC_PROFILE", b"iCCP", b"tEXt"):
        assert trace not in clean.data
    upright = picture_of(clean)
    assert not upright.getexif()
    assert set(upright.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert upright.size == (40, 80)  # was 80 wide; 6 means: turn a quarter to the right
    assert is_red(upright.getpixel((20, 10)))
    assert not is_red(upright.getpixel((20, 70)))


@pytest.mark.parametrize(
    ("orientation", "size", "red"),
    [
        (1, (80, 40), (5, 20)),
        (2, (80, 40), (75, 20)),
        (3, (80, 40), (75, 20)),
        (4, (80, 40), (5, 20)),
        (5, (40, 80), (20, 5)),
        (7, (40, 80), (20, 75)),
        (8, (40, 80), (20, 75)),
        (99, (80, 40), (5, 20)),
    ],
)
def test_every_orientation_is_applied(
    orientation: int, size: tuple[int, int], red: tuple[int, int]
) -> None:
    upright = picture_of(scrub.scrub(pictures.jpeg(orientation=orientation)))
    assert upright.size == size
    assert is_red(upright.getpixel(red))
    assert not is_red(upright.getpixel((size[0] - 1 - red[0], size[1] - 1 - red[1])))


def test_of_an_animation_only_the_first_frame_stays() -> None:
    clean = scrub.scrub(pictures.gif())
    assert (clean.media_type, clean.extension) == ("image/png", "png")
    assert SECRET not in clean.data
    assert is_red(picture_of(clean).getpixel((10, 10)))


def test_what_was_erased_cannot_be_brought_back() -> None:
    assert Image.open(BytesIO(pictures.erased())).getpixel((60, 20)) == (0, 0, 255, 0)
    clean = picture_of(scrub.scrub(pictures.erased()))
    assert clean.mode == "RGB"
    assert clean.getpixel((60, 20)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_keeps_what_it_shows(mode: str) -> None:
    shown = pictures.two_halves(mode="RGB" if mode == "I;16" else mode)
    if mode == "I;16":
        shown = Image.frombytes(mode, shown.size, pictures.sixteen_bits(shown))
    clean = picture_of(scrub.scrub(pictures.png(shown)))
    wanted = pictures.two_halves(mode="1" if mode == "1" else "L").convert("L")
    for place in ((10, 10), (70, 30)):
        assert abs(clean.convert("L").getpixel(place) - wanted.getpixel(place)) <= 2


def test_a_print_photo_becomes_an_ordinary_one() -> None:
    file = BytesIO()
    pictures.two_halves(mode="CMYK").save(file, "JPEG", quality=95)
    clean = picture_of(scrub.scrub(file.getvalue()))
    assert clean.mode == "RGB"
    assert is_red(clean.getpixel((10, 10)))


def test_a_large_photo_is_scaled_to_twelve_megapixels() -> None:
    file = BytesIO()
    pictures.two_halves(4800, 3200).save(file, "JPEG")
    clean = picture_of(scrub.scrub(file.getvalue()))
    assert 11_900_000 < clean.width * clean.height <= 12_000_000
    assert abs(clean.width / clean.height - 1.5) < 0.01


@pytest.mark.parametrize(
    "bomb", [pictures.png_bomb, pictures.gif_bomb, pictures.webp_bomb, pictures.jpeg_bomb]
)
def test_a_picture_with_too_many_pixels_is_never_decoded(bomb: Callable[[], bytes]) -> None:
    assert len(bomb()) < 5000
    assert refusal(bomb(), TooLarge).sentence is scrub.TOO_WIDE


@pytest.mark.parametrize("share", [0.002, 0.2, 0.9])
def test_a_part_of_a_photo_is_unreadable(share: float) -> None:
    photo = pictures.jpeg(Image.effect_noise((64, 64), 50))
    refusal(photo[: int(share * len(photo))], Unreadable)


def test_only_the_first_bytes_decide_the_kind() -> None:
    refusal(b" " + pictures.jpeg(), NotAccepted)
    refusal(b"\x89PNG\r\n\x1a\n" + pictures.jpeg(), Unreadable)
    refusal(b"%PDF-1.7\n" + pictures.jpeg(), Unreadable)
    refusal(b"GIF89a" + documents.armed(), Unreadable)


# --- PDF ---------------------------------------------------------------------------------------


def test_a_pdf_keeps_its_pages_and_nothing_that_acts_or_tells() -> None:
    armed = documents.armed()
    clean = scrub.scrub(armed)
    assert (clean.media_type, clean.extension) == ("application/pdf", "pdf")
    before, after = everything_in(armed), everything_in(clean.data)
    traces = (
        *(SECRET, b"JavaScript", b"launchURL", b"contoh.invalid", b"cmd.exe", b"rahasia.exe"),
        *(b"/JS", b"/OpenAction", b"/AA", b"/EmbeddedFile", b"/XFA", b"/AcroForm", b"/Annots"),
        *(b"/Names", b"/Outlines", b"/Metadata", b"/PieceInfo", b"/LastModified", b"/Thumb"),
        *(b"/Info", b"/Author", b"xmpmeta", b"/URI", b"/Launch", b"/SubmitForm"),
    )
    for trace in traces:
        assert trace not in after, trace
        assert trace in before, trace
    pdf = pikepdf.open(BytesIO(clean.data))
    assert len(pdf.pages) == 2
    assert not pdf.check_pdf_syntax()
    assert set(pdf.Root.keys()) == {"/Type", "/Pages"}
    assert b"DocChecksum" not in clean.data


def test_what_was_filled_into_a_form_stays_to_be_read() -> None:
    assert b"filled in by hand" in everything_in(scrub.scrub(documents.armed()).data)


def test_a_pdf_gets_a_new_id_without_clock_or_history() -> None:
    once, twice = (scrub.scrub(documents.armed()).data for _ in range(2))
    assert once == twice
    ids = pikepdf.open(BytesIO(once)).trailer["/ID"]
    assert bytes(ids[0]) == bytes(ids[1]) != SECRET


def test_photos_inside_a_pdf_lose_their_place() -> None:
    photo = pictures.jpeg()
    twice = zlib.compress(photo)
    hidden = photo + photo  # a second photo after the end of the first
    original = documents.with_pictures(
        lambda pdf: documents.image(pdf, photo, Name.DCTDecode),
        lambda pdf: documents.image(pdf, twice, Name.FlateDecode, Name.DCTDecode),
        lambda pdf: documents.image(pdf, hidden, Name.DCTDecode),
    )
    assert SECRET in original
    clean = scrub.scrub(original).data
    inside = everything_in(clean)
    for trace in (SECRET, b"Exif", b"xmpmeta", b"PonselUji", b"ICC_PROFILE"):
        assert trace not in clean
        assert trace not in inside
    pdf = pikepdf.open(BytesIO(clean))
    shown = pdf.pages[0].Resources.XObject
    assert len(shown) == 3
    for image in shown.values():
        assert image.Filter == Name.DCTDecode
        pixels = Image.open(BytesIO(image.read_raw_bytes()))
        assert pixels.tobytes() == Image.open(BytesIO(photo)).tobytes()


def test_metadata_boxes_leave_jpeg_2000_in_a_pdf() -> None:
    file = BytesIO()
    pictures.two_halves().save(file, "JPEG2000")
    box = b"uuid" + bytes(16) + SECRET
    data = file.getvalue()
    data += (len(box) + 4).to_bytes(4) + box
    clean = scrub.scrub(
        documents.with_pictures(lambda pdf: documents.image(pdf, data, Name.JPXDecode))
    ).data
    pdf = pikepdf.open(BytesIO(clean))
    image = pdf.pages[0].Resources.XObject["/Im0"]
    assert SECRET not in image.read_raw_bytes()
    assert is_red(Image.open(BytesIO(image.read_raw_bytes())).getpixel((10, 10)))


def test_a_photo_written_into_the_page_itself_is_not_let_through() -> None:
    refusal(documents.inline_photo(), Unreadable)


def test_a_pdf_that_is_an_archive_too_is_only_a_pdf_afterwards() -> None:
    both = documents.with_zip_behind()
    assert zipfile.is_zipfile(BytesIO(both))
    clean = scrub.scrub(both)
    assert clean.extension == "pdf"
    assert not zipfile.is_zipfile(BytesIO(clean.data))
    assert b"PK\x03\x04" not in clean.data


@pytest.mark.parametrize("password", ["", "terkunci"])
def test_a_pdf_with_a_password_is_not_opened(password: str) -> None:
    assert refusal(documents.locked(password), NotAccepted).sentence is scrub.LOCKED


@pytest.mark.parametrize(
    "bomb",
    [
        lambda: documents.object_stream_bomb(1 << 30),
        lambda: documents.content_bomb(1 << 30),
        lambda: documents.content_bomb(1 << 26, pages=3),
        lambda: documents.image_bomb(1 << 30),
    ],
    ids=["object stream", "content", "many contents", "image"],
)
def test_a_pdf_that_swells_stays_inside_its_limits(bomb: Callable[[], bytes]) -> None:
    data = bomb()
    assert len(data) < 1_100_000
    refusal(data, scrub.ScrubError)


def test_a_pdf_that_goes_round_in_circles_or_too_deep_is_unreadable() -> None:
    refusal(documents.looping(), Unreadable)
    refusal(documents.nested(100_000), Unreadable)


def test_three_hundred_pages_are_taken_and_one_more_is_not() -> None:
    clean = scrub.scrub(documents.saved(documents.blank(300)))
    assert len(pikepdf.open(BytesIO(clean.data)).pages) == 300
    many = documents.saved(documents.blank(301))
    assert refusal(many, TooLarge).sentence is scrub.TOO_LONG


def test_a_picture_in_a_pdf_with_too_many_pixels_is_refused() -> None:
    wide = documents.with_pictures(
        lambda pdf: documents.image(pdf, b"x", Name.FlateDecode, width=50_000_000)
    )
    assert refusal(wide, TooLarge).sentence is scrub.TOO_WIDE


# --- Text and everything else ------------------------------------------------------------------


def test_text_becomes_utf8_without_control_characters() -> None:
    text = "Halo\r\nSaya\rdi\x1b[31m sini\x07\u202e\u200b\u2028tadi\t🙂 é \x85\U000e0041"
    wanted = "Halo\nSaya\ndi[31m sini\ntadi\t🙂 é \n"
    for code in ("utf-8", "utf-8-sig", "utf-16"):
        clean = scrub.scrub(text.encode(code))
        assert clean.data.decode() == wanted
        assert (clean.media_type, clean.extension) == ("text/plain; charset=utf-8", "txt")


def test_an_angle_bracket_in_a_letter_is_no_markup() -> None:
    letter = b"Jam 3 < 4, lalu <3 dan <saya> pulang."
    assert scrub.scrub(letter).data == letter


OTHERS = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
    "svg after xml": b'\xef\xbb\xbf  <?xml version="1.0"?><svg/>',
    "html": b"<!DOCTYPE html><title>x</title>",
    "html later": b"halo\n<SCRIPT>alert(1)</script>",
    "shell": b"#!/bin/sh\nrm -rf /\n",
    "postscript": b"%!PS-Adobe-3.0\n",
    "program": b"MZ\x90\x00\x03\x00\x00\x00",
    "elf": b"\x7fELF\x02\x01\x01\x00" + bytes(8),
    "rar": b"Rar!\x1a\x07\x01\x00",
    "tiff": b"II*\x00\x08\x00\x00\x00",
    "bmp": b"BM\x46\x00\x00\x00\x00\x00",
    "avif": b"\x00\x00\x00\x20ftypavif\x00\x00\x00\x00",
    "avi": b"RIFF\x24\x00\x00\x00AVI LIST",
    "latin": "déjà vu".encode("latin-1"),
    "binary text": b"halo\x00dunia",
    "random": random.Random(7).randbytes(8 * 1024 * 1024),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_kinds_are_not_taken(name: str) -> None:
    assert refusal(OTHERS[name], NotAccepted).sentence is NotAccepted.sentence


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"{\\rtf1"])
def test_an_office_document_comes_back_with_advice(start: bytes) -> None:
    assert refusal(start + bytes(64), NotAccepted).sentence is scrub.OFFICE


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1"])
def test_a_heic_photo_comes_back_with_advice(brand: bytes) -> None:
    photo = b"\x00\x00\x00\x18ftyp" + brand + bytes(12)
    assert refusal(photo, NotAccepted).sentence is scrub.HEIC


def test_nothing_and_too_much_never_reach_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrub, "ask", lambda *_: pytest.fail("a child was asked"))
    refusal(b"", Unreadable)
    refusal(pictures.jpeg() + bytes(8 * 1024 * 1024), TooLarge)


def test_blanks_alone_are_no_text() -> None:
    refusal(b" \r\n\t", Unreadable)


# --- The child ---------------------------------------------------------------------------------


def acting(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Put a program in the child's place."""
    words = [sys.executable, "-I", "-S", "-c", "import os, sys, time\n" + code]
    monkeypatch.setattr(scrub, "command", lambda kind: words)


@pytest.mark.parametrize(
    "code",
    [
        "os.kill(os.getpid(), 9)",
        "sys.stdin.buffer.read(9); os.abort()",
        "pass",
        "os.write(1, b'T')",
        "os.write(1, b'T' + (9).to_bytes(4) + b'halo')",
        "os.write(1, b'T' + (2).to_bytes(4) + b'halo')",
        "os.write(1, b'T' + bytes(4))",
        "os.write(1, b'P' + (5).to_bytes(4) + b'%PDF-')",
        "os.write(1, b'?' * 500)",
    ],
)
def test_a_child_that_dies_or_talks_nonsense_is_unreadable(
    monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    acting(monkeypatch, code)
    refusal(b"halo" * 100_000, Unreadable)


def test_a_clean_file_must_begin_like_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    acting(monkeypatch, "os.write(1, b'J' + (9).to_bytes(4) + b'<html>...')")
    refusal(pictures.jpeg(), Unreadable)


def test_a_child_that_never_stops_talking_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    acting(monkeypatch, "sys.stdin.buffer.read()\nwhile True: os.write(1, b'J' * 65536)")
    refusal(b"halo", Unreadable)


@pytest.mark.parametrize(
    "code",
    ["time.sleep(60)", "os.fork(); time.sleep(60)", "sys.stdin.buffer.read(); time.sleep(60)"],
)
def test_a_child_that_hangs_is_killed_with_all_its_own(
    monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(scrub, "WALL_SECONDS", 0.15)
    acting(monkeypatch, code)
    kill, children = scrub.kill, []
    monkeypatch.setattr(scrub, "kill", lambda child: (children.append(child.pid), kill(child)))
    refusal(b"halo" * 100_000, Unreadable)  # the pipe ends when the last of them is dead
    with pytest.raises(ChildProcessError):
        os.waitpid(children[0], os.WNOHANG)


CONFINED = """
import os, resource, runpy, socket, sys
names = runpy.run_path(sys.argv[1])
names["confine"]()
def tried(what):
    try:
        what()
        return "possible"
    except (OSError, MemoryError) as error:
        return type(error).__name__
found = [
    *(str(resource.getrlimit(what) == (most, most)) for what, most in names["LIMITS"]),
    tried(lambda: open("/etc/hostname")),
    tried(lambda: os.open("simpul-test", os.O_CREAT | os.O_WRONLY)),
    tried(lambda: os.listdir("/")),
    tried(socket.socket),
    tried(os.pipe),
    tried(lambda: os.dup(0)),
    tried(os.fork),
    tried(lambda: bytearray(600 << 20)),
    str(os.geteuid() != 0),
    str(dict(os.environ)),
    str(os.getpid() == os.getsid(0)),
]
os.write(1, "\\n".join(found).encode())
os._exit(0)
"""


def test_the_child_can_open_start_and_reach_nothing() -> None:
    words = [sys.executable, "-I", "-S", "-X", "utf8", "-c", CONFINED, scrub.scrubber.__file__]
    found = scrub.ask(words, b"").decode().splitlines()
    environment = found.pop(-2)
    assert (
        found == ["True"] * 6 + ["OSError"] * 6 + ["BlockingIOError", "MemoryError"] + ["True"] * 2
    )
    assert set(ast.literal_eval(environment)) <= {"LC_CTYPE"}


def test_no_open_file_of_the_server_reaches_the_child(tmp_path: Path) -> None:
    code = "import os; os.write(1, ' '.join(sorted(os.listdir('/proc/self/fd'))).encode())"
    with (tmp_path / "rahasia").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        seen = scrub.ask([sys.executable, "-I", "-S", "-c", code], b"").split()
    assert seen == [b"0", b"1", b"2", b"3"]  # the last one is the listing itself


def test_no_temporary_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.chdir(tmp_path)
    before = tmp_path.stat().st_mtime_ns
    for data in (pictures.jpeg(), pictures.png(), documents.armed(), b"halo"):
        scrub.scrub(data)
    assert not list(tmp_path.iterdir())
    assert tmp_path.stat().st_mtime_ns == before  # nor was one made and removed


def test_the_server_itself_never_loads_a_decoder() -> None:
    code = (
        "import sys\nfrom simpul.vault import scrub\nscrub.scrub(b'halo')\nscrub.libraries()\n"
        "print(*sorted({'PIL', 'pikepdf', 'cryptography', 'hashlib'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not set(ran.stdout.split()) & {"PIL", "pikepdf", "cryptography"}


# --- Several at once ---------------------------------------------------------------------------


def test_a_full_house_answers_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrub, "PATIENCE_SECONDS", 0.02)
    for _ in range(scrub.AT_ONCE):
        assert scrub._places.acquire(blocking=False)
    try:
        refusal(b"halo", Busy)
    finally:
        for _ in range(scrub.AT_ONCE):
            scrub._places.release()
    assert scrub.scrub(b"halo").data == b"halo"


def test_a_system_that_can_start_nothing_answers_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrub, "command", lambda kind: ["/tidak/ada"])
    refusal(b"halo", Busy)


def test_many_threads_are_served_two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ask, lock, inside, most = scrub.ask, threading.Lock(), [0], [0]

    def counted(words: list[str], data: bytes) -> bytes:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        try:
            return ask(words, data)
        finally:
            with lock:
                inside[0] -= 1

    monkeypatch.setattr(scrub, "ask", counted)
    clean: list[bytes] = []
    threads = [
        threading.Thread(target=lambda n=n: clean.append(scrub.scrub(b"halo %d" % n).data))
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(clean) == [b"halo %d" % n for n in range(6)]
    assert most[0] == 2


def test_a_forked_server_has_all_its_places(tmp_path: Path) -> None:
    code = """
import os, sys
from simpul.vault import scrub
scrub._places.acquire()
scrub._places.acquire()
pid = os.fork()
if not pid:
    scrub.PATIENCE_SECONDS = 0.02
    os._exit(0 if scrub.scrub(b"halo").data == b"halo" else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    ran = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, check=False)
    assert ran.returncode == 0


# --- Words -------------------------------------------------------------------------------------


def test_every_sentence_is_short_and_kind() -> None:
    calls = [
        node
        for node in ast.walk(ast.parse(Path(scrub.__file__).read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_"
    ]
    texts = [ast.literal_eval(call.args[0]) for call in calls]
    assert len(texts) == 11
    for text in texts:
        assert not re.search("gagal|ditolak|invalid|salah", text, re.I)
        for sentence in re.findall(r"[^.]+\.", text):
            assert len(sentence.split()) <= 12
