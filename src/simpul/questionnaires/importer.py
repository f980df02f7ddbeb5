"""The child process that opens hostile workbooks: confined first, then it converts one and answers.

Run by `simpul.questionnaires.sheet` as a script, without site packages; it talks over its own pipes.
Request on stdin: 4 bytes length (big-endian), then the file. Answer on stdout: 1 byte verdict,
4 bytes length, then JSON. Nothing is ever written to a disk.
"""

import json
import os
import re
import sys
import zipfile
from io import BytesIO
from typing import Any

# Verdicts: the first byte of an answer.
READ, SAID, UNREADABLE, LARGE, MACROS, LOCKED = b"R", b"S", b"u", b"l", b"m", b"e"

MEBIBYTE = 1024 * 1024
MAX_BYTES = 2 * MEBIBYTE  # of a workbook
MAX_UNPACKED = 48 * MEBIBYTE
MAX_PARTS = 1000
MAX_ROWS = 5000  # of a sheet
MAX_CELL = 16_000
MAX_ANSWER = 12 * MEBIBYTE

OWN = "urn:simpul:xlsform"
SHEETS = ("survey", "choices", "settings")
ALIASES = {
    "compartment": "bind::svr:compartment",
    "svr:compartment": "bind::svr:compartment",
    "stat": "bind::svr:stat",
    "svr:stat": "bind::svr:stat",
    "profile": "attribute::svr:profile",
    "svr:profile": "attribute::svr:profile",
}
SAMPLE = """| survey |
| | type | name | label::A (a) | label::B (b) | relevant | constraint | required | calculation |
| | begin_repeat | r | R | R | | | | |
| | select_one c | a | A ${b} | A | ${b} > 1 | . = 'x' | yes | |
| | integer | b | B | B | | | | |
| | end_repeat | | | | | | | |
| | calculate | d | | | | | | sum(${b}) |
| choices |
| | list_name | name | label::A (a) | label::B (b) |
| | c | x | X | X |
"""


class Refused(Exception):
    """A file that is answered with a verdict instead of a form."""

    def __init__(self, verdict: bytes) -> None:
        super().__init__()
        self.verdict = verdict


def kind_of(data: bytes) -> str:
    """The kind of a file by its first bytes: a workbook, a table in Markdown, or CSV."""
    if data.startswith(b"PK\x03\x04"):
        return ".xlsx"
    text = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    return ".md" if text.startswith((b"|", b"#")) else ".csv"


def check_parts(data: bytes) -> None:
    """Look at a workbook's table of contents before anything of it is unpacked."""
    try:
        parts = zipfile.ZipFile(BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise Refused(UNREADABLE) from None
    if any("vbaproject" in part.filename.lower() for part in parts):
        raise Refused(MACROS)
    if any(part.flag_bits & 1 for part in parts):
        raise Refused(LOCKED)
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise Refused(LARGE)


def sheets_of(data: bytes, kind: str) -> dict[str, Any]:
    """The sheets as rows of cells, with our own columns under their full names."""
    from pyxform.xls2json_backends import get_xlsform

    book = get_xlsform(data.removeprefix(b"\xef\xbb\xbf"), file_type=kind)
    sheets: dict[str, Any] = {"sheet_names": list(book.sheet_names or [])}
    for name in SHEETS:
        rows = [dict(row) for row in getattr(book, name) or []]
        header = [key for row in getattr(book, f"{name}_header") or [] for key in row]
        if len(rows) > MAX_ROWS or any(
            len(str(cell)) > MAX_CELL for row in rows for cell in row.values()
        ):
            raise Refused(LARGE)
        sheets[name] = [{ALIASES.get(k, k): v for k, v in row.items()} for row in rows]
        sheets[f"{name}_header"] = [{ALIASES.get(key, key): None for key in header}]
    settings = sheets["settings"] or [{}]
    given = re.sub(r"\bsvr\s*=\s*(\"[^\"]*\"|'[^']*')", "", settings[0].get("namespaces") or "")
    settings[0]["namespaces"] = f'{given} svr="{OWN}"'.strip()
    sheets["settings"] = settings
    sheets["settings_header"][0]["namespaces"] = None
    for name in ("external_choices", "entities", "osm"):
        if getattr(book, name):
            sheets.setdefault("others", []).append(name)
    return sheets


def convert(data: bytes, kind: str) -> dict[str, Any]:
    """The XForm, the rows and the warnings of a file."""
    from pyxform.xls2xform import convert as to_xform

    sheets = sheets_of(data, kind)
    others = sheets.pop("others", [])
    rows = {name: [dict(row) for row in sheets[name]] for name in SHEETS}
    headers = {name: list(sheets[f"{name}_header"][0]) for name in SHEETS}
    made = to_xform(sheets, form_name="data")
    return {
        "xml": made.xform,
        "warnings": [str(one)[:500] for one in made.warnings[:50]],
        "rows": rows,
        "headers": headers,
        "others": others,
    }


def answer(data: bytes) -> tuple[bytes, bytes]:
    """The verdict and what was made of one file; whatever goes wrong is a verdict too."""
    from pyxform.errors import PyXFormError

    try:
        kind = kind_of(data)
        if kind == ".xlsx":
            check_parts(data)
        said = json.dumps(convert(data, kind)).encode()
    except Refused as refused:
        return refused.verdict, b"{}"
    except PyXFormError as error:
        return SAID, json.dumps({"said": str(error)[:2000]}).encode()
    except (MemoryError, RecursionError):
        return LARGE, b"{}"
    except Exception:  # broken workbooks leak ValueError, TypeError, KeyError and others
        return UNREADABLE, b"{}"
    return (READ, said) if len(said) <= MAX_ANSWER else (LARGE, b"{}")


def warm() -> None:
    """Convert a sample of each kind: libraries import some of their parts only when used."""
    import openpyxl
    from openpyxl.writer.excel import save_workbook
    from pyxform.survey import Survey

    # pyxform's own way writes the form to a temporary file, and no file can be opened here.
    Survey.to_xml = lambda survey, **_: f'<?xml version="1.0"?>{survey.xml().toxml()}'

    file, book = BytesIO(), openpyxl.Workbook()
    book.active.title = "survey"
    book.active.append(["type", "name", "label"])
    book.active.append(["text", "a", "A"])
    save_workbook(book, file)
    for sample in (SAMPLE.encode(), file.getvalue(), b'survey,type,name,label\n,text,a,"A"\n'):
        answer(sample)
    answer(b"| survey |\n| | type | name |\n| | text | 1 |\n")


def main() -> None:
    """Convert one file from stdin to stdout; arguments: where the libraries are."""
    sys.path += sys.argv[1:]
    from simpul.vault.scrubber import confine

    warm()
    confine()
    length = int.from_bytes(sys.stdin.buffer.read(4))
    data = sys.stdin.buffer.read(length)
    if not 0 < length == len(data) <= MAX_BYTES:
        os._exit(1)
    verdict, said = answer(data)
    sys.stdout.buffer.write(verdict + len(said).to_bytes(4) + said)
    sys.stdout.buffer.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
