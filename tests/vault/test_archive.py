"""Sealed files that leave the house, and the log of what was taken back: every change is named."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from simpul.vault import archive, crypto, tombstones
from simpul.vault.archive import Archive, Damaged
from simpul.vault.crypto import CHUNK, SEALED_CHUNK, Pair
from simpul.vault.tombstones import Altered, Stone

OURS, KEY = Pair(uuid4(), crypto.random()), Pair(uuid4(), crypto.random())
SAID = {"kind": "database", "instance": "one", "made_at": "2026-11-22", "recovery": {}}
CONTENT = crypto.random(3 * CHUNK + 17)


def written(path: Path, content: bytes = CONTENT, **more: Any) -> Path:
    with path.open("wb") as file:
        pieces = (content[n : n + 1000] for n in range(0, len(content), 1000))
        archive.write(file, SAID | more, pieces, to=KEY.public, by=OURS)
    return path


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
def test_what_was_written_is_read(tmp_path: Path, size: int) -> None:
    found = archive.find(written(tmp_path / "a", CONTENT[:size]))
    found.check_signature(OURS.verifying)
    assert b"".join(found.read(KEY)) == CONTENT[:size]


def test_nothing_of_the_content_is_in_the_file(tmp_path: Path) -> None:
    assert b"rahasia" not in written(tmp_path / "a", b"rahasia" * 100).read_bytes()


def reason(path: Path, change: Callable[[bytes], bytes]) -> str:
    """Why the changed file is refused."""
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(Damaged) as refused:
        found = archive.find(path)
        found.check_signature(OURS.verifying)
        for _piece in found.read(KEY):
            pass
    return refused.value.reason


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: data[:-1], "truncated"),
        (lambda data: data[:-SEALED_CHUNK], "truncated"),  # after a whole chunk
        (lambda data: data[:40], "truncated"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "altered"),
        (lambda data: data[:-SEALED_CHUNK] + data[-SEALED_CHUNK:] * 2, "altered"),
        (lambda data: data.replace(b"2026-11-22", b"2026-11-23"), "unsigned"),
        (lambda data: data.replace(b'"one"', b'"two"'), "unsigned"),
        (lambda data: b"PGDMP" + data, "foreign"),
        (lambda data: b"", "foreign"),
    ],
)
def test_every_change_is_named(tmp_path: Path, change: Callable[[bytes], bytes], why: str) -> None:
    assert reason(written(tmp_path / "a"), change) == why


def test_a_header_of_another_file_opens_nothing(tmp_path: Path) -> None:
    one, other = archive.find(written(tmp_path / "a")), archive.find(written(tmp_path / "b"))
    swapped: Archive = replace(one, said=other.said)
    with pytest.raises(Damaged, match="altered"):
        next(swapped.read(KEY))


def test_another_recovery_key_opens_nothing(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match="altered"):
        next(archive.find(written(tmp_path / "a")).read(OURS))


def stones(count: int, start: int = 0) -> list[Stone]:
    return [
        Stone(n, n, "2026-11-22T22:00:00+00:00", "reports.withdrawn", str(uuid4()), None)
        for n in range(start, start + count)
    ]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / tombstones.NAME
    for part in (stones(2, 1), stones(1, 3)):
        tombstones.append(path, tombstones.read(path, OURS), part, OURS)
    return path


def test_the_log_goes_on_where_it_ended(log: Path) -> None:
    known = tombstones.read(log, OURS)
    assert [stone.number for stone in known.stones] == [1, 2, 3]
    assert known.after(2, known.hashes[1]) == known.stones[2:]
    assert known.after(0, "") == known.stones


def test_a_log_that_is_shorter_or_other_than_the_backup_knew_is_noticed(log: Path) -> None:
    known = tombstones.read(log, OURS)
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:2]))
    short = tombstones.read(log, OURS)
    assert short.after(3, known.head) is None
    assert known.after(2, known.head) is None


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda lines: [lines[0], lines[2]], 2),
        (lambda lines: [lines[1], lines[0], lines[2]], 1),
        (lambda lines: [*lines[:2], lines[2][:-20]], 3),
        (lambda lines: [lines[0], lines[1].replace(b"withdrawn", b"reopened."), lines[2]], 2),
        (lambda lines: [lines[0], b"{}\n", lines[2]], 2),
        (lambda lines: [*lines, lines[2]], 4),
    ],
)
def test_a_changed_log_names_the_line(
    log: Path, change: Callable[[list[bytes]], list[bytes]], line: int
) -> None:
    log.write_bytes(b"".join(change(log.read_bytes().splitlines(keepends=True))))
    with pytest.raises(Altered) as refused:
        tombstones.read(log, OURS)
    assert refused.value.line == line


def test_another_instance_signs_no_line_of_ours(log: Path) -> None:
    with pytest.raises(Altered):
        tombstones.read(log, KEY)


def test_a_copy_never_replaces_another_log(log: Path, tmp_path: Path) -> None:
    beside = tmp_path / "backups"
    beside.mkdir()
    assert tombstones.copy(log, beside)
    assert (beside / tombstones.NAME).read_bytes() == log.read_bytes()
    (beside / tombstones.NAME).write_bytes(b"another\n")
    assert not tombstones.copy(log, beside)
    assert (beside / tombstones.NAME).read_bytes() == b"another\n"
