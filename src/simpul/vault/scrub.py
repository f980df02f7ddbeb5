"""Returns a clean copy of an attached picture, PDF, text or sound, made in a confined child process."""

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from simpul.vault import scrubber

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

WALL_SECONDS = 15.0
PATIENCE_SECONDS = 5.0
AT_ONCE = 2  # per process; each child may take half a gigabyte

_places = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Scrubbed:
    """A clean copy of a file: its bytes, its media type, and an extension without a dot."""

    data: bytes = field(repr=False)
    media_type: str
    extension: str


class ScrubError(Exception):
    """A file that could not be taken; `sentence` says to the person what to do now."""

    sentence: "_StrPromise" = _("Berkas ini belum bisa dibuka. Coba simpan ulang sebagai foto.")

    def __init__(self, sentence: "_StrPromise | None" = None) -> None:
        super().__init__()
        if sentence is not None:
            self.sentence = sentence


class Unreadable(ScrubError):
    """The file is empty, broken, or could not be opened within the limits."""


class NotAccepted(ScrubError):
    """The file is of a kind that is not taken, or locked with a password."""

    sentence = _("Berkas jenis ini belum bisa kami buka. Kirim foto, suara, PDF, atau teks.")


class TooLarge(ScrubError):
    """The file, its pixels or its pages are more than is taken."""

    sentence = _("Berkas ini terlalu besar. Kirim berkas yang lebih kecil dari 8 MB.")


class Busy(ScrubError):
    """No place in the queue became free in time, or no child process could be started."""

    sentence = _("Kami sedang memeriksa berkas lain. Tunggu sebentar, lalu kirim lagi.")


OFFICE = _("Simpan dokumen ini sebagai PDF. Lalu kirim PDF itu.")
HEIC = _("Foto ini berjenis HEIC. Simpan sebagai JPEG, lalu kirim lagi.")
LOCKED = _("PDF ini memakai kata sandi. Simpan salinan tanpa kata sandi, lalu kirim.")
TOO_WIDE = _("Gambar ini terlalu besar untuk dibuka. Kirim tangkapan layarnya.")
FILM = _("Video belum bisa kami buka. Kirim suara atau foto saja.")
TOO_LASTING = _("Rekaman ini lebih dari 10 menit. Kirim dalam beberapa bagian.")
TOO_LONG = _("PDF ini lebih dari 300 halaman. Bagi menjadi beberapa berkas.")

HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
AVIF_BRANDS = {b"avif", b"avis"}

# What the child may answer, with the first bytes that its copy must have.
CLEAN = {
    scrubber.JPEG: (b"\xff\xd8\xff", "image/jpeg", "jpg"),
    scrubber.PNG: (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    scrubber.PDF: (b"%PDF-", "application/pdf", "pdf"),
    scrubber.TEXT: (b"", "text/plain; charset=utf-8", "txt"),
    scrubber.SOUND: (b"OggS", "audio/ogg", "ogg"),
}
EXPECTED = {
    "jpeg": {scrubber.JPEG},
    "webp": {scrubber.JPEG},
    "png": {scrubber.PNG, scrubber.JPEG},
    "gif": {scrubber.PNG, scrubber.JPEG},
    "pdf": {scrubber.PDF},
    "text": {scrubber.TEXT},
    **{kind: {scrubber.SOUND} for kind in scrubber.SOUNDS},
}


def scrub(data: bytes) -> Scrubbed:
    """Return a copy of the file that shows the same and tells and does nothing else.

    At most 8 MiB are taken. Raises Unreadable, NotAccepted, TooLarge or Busy. Blocks up to
    5 s for a place and 15 s for the work; nothing is written to a disk on the way.
    """
    if not data:
        raise Unreadable
    if len(data) > scrubber.MAX_BYTES:
        raise TooLarge
    kind = kind_of(data)
    places = _places
    if not places.acquire(timeout=PATIENCE_SECONDS):
        raise Busy
    try:
        reply = ask(command(kind), data)
    finally:
        places.release()
    return understood(kind, reply)


def kind_of(data: bytes) -> str:
    """The kind of a file by its first bytes alone: jpeg, png, webp, gif, pdf, or perhaps text;
    of sound ogg, webm, mp4, mp3, aac, wav, amr.

    Raises NotAccepted with advice for office documents and HEIC photos.
    """
    starts = {
        b"\xff\xd8\xff": "jpeg",
        b"\x89PNG\r\n\x1a\n": "png",
        b"GIF87a": "gif",
        b"GIF89a": "gif",
        b"%PDF-": "pdf",
        b"OggS": "ogg",
        b"\x1a\x45\xdf\xa3": "webm",
        b"ID3": "mp3",
        b"\xff\xfb": "mp3",
        b"\xff\xfa": "mp3",
        b"\xff\xf3": "mp3",
        b"\xff\xf2": "mp3",
        b"\xff\xf1": "aac",
        b"\xff\xf9": "aac",
        b"#!AMR": "amr",
    }
    for start, kind in starts.items():
        if data.startswith(start):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    if data[4:8] == b"ftyp":
        if data[8:12] in HEIC_BRANDS:
            raise NotAccepted(HEIC)
        return "text" if data[8:12] in AVIF_BRANDS else "mp4"
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"{\\rtf")):
        raise NotAccepted(OFFICE)
    return "text"


def command(kind: str) -> list[str]:
    """The command line of the child: isolated, without site packages or environment."""
    return [
        *(sys.executable, "-I", "-S", "-B", "-X", "utf8"),
        *(scrubber.__file__, kind, *libraries()),
    ]


@cache
def libraries() -> tuple[str, ...]:
    """The folders that hold Pillow, pikepdf and PyAV, found without importing any."""
    specs = [importlib.util.find_spec(name) for name in ("PIL", "pikepdf", "av")]
    origins = [spec.origin for spec in specs if spec and spec.origin]
    return tuple(dict.fromkeys(str(Path(origin).parents[1]) for origin in origins))


def ask(words: list[str], data: bytes) -> bytes:
    """Hand the file to a new child and return its raw answer, empty or cut when it was killed.

    The child and all it may have started are killed after 15 s and in any case at the end.
    Raises Busy when the system cannot start a process.
    """
    try:
        child = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
        )
    except OSError:
        raise Busy from None
    assert child.stdin
    assert child.stdout
    watchdog = threading.Timer(WALL_SECONDS, kill, [child])
    watchdog.daemon = True
    try:
        watchdog.start()
        with contextlib.suppress(BrokenPipeError), child.stdin as pipe:
            pipe.write(len(data).to_bytes(4) + data)
        return child.stdout.read(5 + scrubber.MAX_CLEAN_BYTES + 1)
    finally:
        watchdog.cancel()
        if watchdog.ident is not None:
            watchdog.join()
        kill(child)
        child.stdout.close()
        child.wait()


def kill(child: subprocess.Popen[bytes]) -> None:
    """End the child's whole session; called only while the child is not yet reaped."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def understood(kind: str, reply: bytes) -> Scrubbed:
    """The clean file in an answer of the child, which is believed in its outer shape only."""
    verdict, length, clean = reply[:1], int.from_bytes(reply[1:5]), reply[5:]
    if verdict in EXPECTED[kind] and 0 < length == len(clean):
        start, media_type, extension = CLEAN[verdict]
        if len(clean) <= scrubber.MAX_CLEAN_BYTES and clean.startswith(start):
            return Scrubbed(clean, media_type, extension)
    elif verdict == scrubber.UNKNOWN:
        raise NotAccepted
    elif verdict == scrubber.LOCKED:
        raise NotAccepted(LOCKED)
    elif verdict == scrubber.TOO_LARGE:
        raise TooLarge
    elif verdict == scrubber.TOO_WIDE:
        raise TooLarge(TOO_WIDE)
    elif verdict == scrubber.TOO_LONG:
        raise TooLarge(TOO_LONG)
    elif verdict == scrubber.TOO_LASTING:
        raise TooLarge(TOO_LASTING)
    elif verdict == scrubber.FILM:
        raise NotAccepted(FILM)
    raise Unreadable


def _free_all_places() -> None:
    """In a forked process nobody works yet, whatever its parent's threads were doing."""
    global _places
    _places = threading.BoundedSemaphore(AT_ONCE)


os.register_at_fork(after_in_child=_free_all_places)
