"""Imports an XLSForm: a workbook, Markdown or CSV in, an XForm with its rows out, made in a child."""

import importlib.util
import json
import os
import re
import sys
import threading
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from simpul.questionnaires import importer
from simpul.vault import scrub

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

PATIENCE_SECONDS = 20.0

_place = threading.BoundedSemaphore(1)  # each child may take half a gigabyte


@dataclass(frozen=True)
class Sheet:
    """What was written in a workbook, and the XForm that was made of it."""

    xml: str = field(repr=False)
    rows: dict[str, list[dict[str, str]]] = field(repr=False)
    headers: dict[str, list[str]]
    warnings: list[str]
    others: list[str]

    def survey(self) -> list[tuple[int, dict[str, str]]]:
        """The rows of the survey sheet that hold something, with their numbers."""
        return [(n, row) for n, row in enumerate(self.rows["survey"], 2) if row]


class NotImported(Exception):
    """A file that could not be taken; `sentence` says what to do, `said` what the converter said.

    `row` is where, when the converter told.
    """

    sentence: "_StrPromise" = _(
        "Berkas ini tidak terbaca sebagai kuesioner. Simpan ulang sebagai .xlsx, lalu coba lagi."
    )

    def __init__(self, said: str = "") -> None:
        super().__init__(said)
        self.said = said
        found = re.search(r"\[row\s*:\s*(\d+)\]", said)
        self.row = int(found[1]) if found else None


class Empty(NotImported):
    """There is nothing in the file."""

    sentence = _("Berkas ini kosong. Pilih berkas kuesioner Anda.")


class TooLarge(NotImported):
    """The file, or what it unpacks to, is more than is taken."""

    sentence = _(
        "Berkas ini terlalu besar. Kuesioner paling besar 2 MB. Hapus gambar dan lembar lain."
    )


class Macros(NotImported):
    """The workbook carries a program."""

    sentence = _("Berkas ini berisi makro. Simpan sebagai .xlsx tanpa makro, lalu coba lagi.")


class OldWorkbook(NotImported):
    """A workbook of before 2007, or one behind a password."""

    sentence = _("Berkas ini berjenis lama atau terkunci. Simpan sebagai .xlsx tanpa kata sandi.")


class Wrong(NotImported):
    """The converter found a mistake and says where."""

    sentence = _("Kuesioner ini belum bisa dibaca. Perbaiki baris yang disebut, lalu coba lagi.")


class Busy(NotImported):
    """Another workbook is being read, or no process could be started."""

    sentence = _("Kami sedang membaca kuesioner lain. Tunggu sebentar, lalu coba lagi.")


REFUSALS: dict[bytes, type[NotImported]] = {
    importer.SAID: Wrong,
    importer.LARGE: TooLarge,
    importer.MACROS: Macros,
    importer.LOCKED: OldWorkbook,
}


def read(data: bytes) -> Sheet:
    """Convert a file. Raises NotImported. Blocks up to 20 s for its turn and 15 s for the work."""
    if not data.strip():
        raise Empty
    if len(data) > importer.MAX_BYTES:
        raise TooLarge
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise OldWorkbook
    place = _place
    if not place.acquire(timeout=PATIENCE_SECONDS):
        raise Busy
    try:
        reply = scrub.ask(command(), data)
    except scrub.Busy:
        raise Busy from None
    finally:
        place.release()
    return understood(reply)


def command() -> list[str]:
    """The command line of the child: isolated, without site packages or environment."""
    return [sys.executable, "-I", "-S", "-B", "-X", "utf8", importer.__file__, *libraries()]


@cache
def libraries() -> tuple[str, ...]:
    """The folders that hold this project, pyxform and what it needs, found without importing."""
    names = ("simpul", "pyxform", "openpyxl", "et_xmlfile", "lark", "defusedxml", "xlrd")
    specs = [importlib.util.find_spec(name) for name in names]
    origins = [spec.origin for spec in specs if spec and spec.origin]
    return tuple(dict.fromkeys(str(Path(origin).parents[1]) for origin in origins))


def understood(reply: bytes) -> Sheet:
    """The sheet in an answer of the child, which is believed in its outer shape only."""
    verdict, length, said = reply[:1], int.from_bytes(reply[1:5]), reply[5:]
    if length != len(said) or not said:
        raise NotImported
    try:
        told = json.loads(said)
    except ValueError:
        raise NotImported from None
    if verdict != importer.READ:
        raise REFUSALS.get(verdict, NotImported)(str(told.get("said", "")))
    rows = {
        name: [{str(k): str(v) for k, v in row.items()} for row in told["rows"][name]]
        for name in importer.SHEETS
    }
    headers = {name: [str(key) for key in told["headers"][name]] for name in importer.SHEETS}
    return Sheet(
        str(told["xml"]), rows, headers,
        [str(one) for one in told["warnings"]], [str(one) for one in told["others"]],
    )  # fmt: skip


def _free_the_place() -> None:
    """In a forked process nobody works yet, whatever its parent's threads were doing."""
    global _place
    _place = threading.BoundedSemaphore(1)


os.register_at_fork(after_in_child=_free_the_place)
