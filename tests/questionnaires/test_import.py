"""Hostile and broken workbooks hurt nobody, and each meets a sentence."""

import zipfile
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from simpul.questionnaires import importer, sheet
from simpul.questionnaires.definition import Definition
from simpul.vault import scrub
from tests.questionnaires.examples import SOUND


def workbook(rows: list[list[str]], title: str = "survey") -> bytes:
    """An .xlsx file with one sheet."""
    book, file = openpyxl.Workbook(), BytesIO()
    assert book.active is not None
    book.active.title = title
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


ROWS = [["type", "name", "label", "compartment"], ["text", "a", "Tanya", "incident"]]
GOOD = workbook(ROWS)


def with_part(data: bytes, name: str, part: bytes) -> bytes:
    """The workbook with one of its parts replaced or added."""
    file = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(data)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info.filename, old.read(info.filename))
        new.writestr(name, part)
    return file.getvalue()


BOMB = b'<!DOCTYPE x [<!ENTITY a "%s">%s]><x>&h;</x>' % (
    b"a" * 1000,
    b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 20) for n in range(8)),
)


def test_a_workbook_is_read_in_the_child_with_its_rows_and_our_columns() -> None:
    read = sheet.read(GOOD)
    assert read.rows["survey"] == [dict(zip(["type", "name", "label", "bind::svr:compartment"],
                                            ROWS[1], strict=True))]  # fmt: skip
    assert Definition(read.xml).nodes["/data/a"].compartment == "incident"


def test_markdown_is_read_as_the_tests_read_it() -> None:
    from tests.questionnaires import forms

    assert sheet.read(SOUND.text.encode()) == forms.read(SOUND.text)


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"", sheet.Empty),
        (b" \n", sheet.Empty),
        (b"x" * (importer.MAX_BYTES + 1), sheet.TooLarge),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 99, sheet.OldWorkbook),
    ],
    ids=["empty", "blank", "large", "old"],
)
def test_some_files_need_no_child(
    data: bytes, refusal: type[sheet.NotImported], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrub, "ask", lambda *_: pytest.fail("no child is needed"))
    with pytest.raises(refusal):
        sheet.read(data)


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"PK\x03\x04 and then nothing", sheet.NotImported),
        (b"\xff\xfe\x00binary", sheet.NotImported),
        (GOOD[: len(GOOD) // 2], sheet.NotImported),
        (with_part(GOOD, "xl/vbaProject.bin", b"macro"), sheet.Macros),
        (with_part(GOOD, "xl/big.xml", b"\0" * (importer.MAX_UNPACKED + 1)), sheet.TooLarge),
        (with_part(GOOD, "xl/workbook.xml", BOMB), sheet.NotImported),
        (workbook([["type"], *[["text"]] * 5100]), sheet.NotImported),
        (b"|survey|\n||type|name|label|\n||text|a|${b}|\n", sheet.Wrong),
        (b"|survey|\n||type|name|label|\n||text|a|A|\n||text|a|A|\n", sheet.Wrong),
    ],
    ids=["no zip", "binary", "half", "macros", "zip bomb", "xml bomb", "many rows",
         "unknown name", "twice"],
)  # fmt: skip
def test_what_is_no_questionnaire_is_refused_with_a_sentence(
    data: bytes, refusal: type[sheet.NotImported]
) -> None:
    verdict, said = importer.answer(data)
    with pytest.raises(refusal) as raised:
        sheet.understood(verdict + len(said).to_bytes(4) + said)
    assert str(raised.value.sentence)


def test_a_workbook_brings_no_other_file_in(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("rahasia")
    names = "".join(f"<si><t>{name}</t></si>" for name in ("type", "name", "label", "compartment"))
    strings = (
        f'<!DOCTYPE sst [<!ENTITY a SYSTEM "file://{tmp_path}/secret">]>'
        '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"{names}<si><t>text</t></si><si><t>a</t></si><si><t>&a;</t></si><si><t>notes</t></si></sst>"
    )
    _verdict, said = importer.answer(with_part(GOOD, "xl/sharedStrings.xml", strings.encode()))
    assert b"rahasia" not in said


def test_the_converter_says_the_row() -> None:
    verdict, said = importer.answer(b"|survey|\n||type|name|label|\n||text|a|A|\n||text||B|\n")
    with pytest.raises(sheet.Wrong) as raised:
        sheet.understood(verdict + len(said).to_bytes(4) + said)
    assert raised.value.row == 3


def test_a_bomb_is_refused_by_the_child_too_and_the_next_file_is_read() -> None:
    with pytest.raises(sheet.NotImported):
        sheet.read(with_part(GOOD, "xl/worksheets/sheet1.xml", BOMB))
    assert sheet.read(GOOD).survey()


@pytest.mark.parametrize(
    "reply", [b"", b"R", b"R\0\0\0\x05{}", b"R\0\0\0\x02{]", b"?\0\0\0\x02{}", b"S\0\0\0\x02{}"]
)
def test_an_answer_that_the_child_did_not_finish_is_no_form(reply: bytes) -> None:
    with pytest.raises(sheet.NotImported):
        sheet.understood(reply)


def test_the_child_can_open_nothing_once_it_reads() -> None:
    """The same confinement as for attachments: no file, no socket, no process."""
    code = (
        "import sys; sys.path += sys.argv[1:]\n"
        "from simpul.questionnaires import importer\n"
        "from simpul.vault.scrubber import confine\n"
        "importer.warm(); confine()\n"
        "for act in (lambda: open('/etc/hostname'), lambda: __import__('socket').socket(),\n"
        "            lambda: __import__('os').fork()):\n"
        "    try:\n        act()\n        raise SystemExit('open')\n"
        "    except OSError:\n        pass\n"
        "sys.stdout.buffer.write(importer.answer(sys.stdin.buffer.read()[4:])[0])\n"
    )
    words = sheet.command()
    words[words.index(importer.__file__)] = "-c"
    words.insert(words.index("-c") + 1, code)
    assert scrub.ask(words, GOOD) == importer.READ
