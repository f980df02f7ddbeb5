"""What was taken back, in a signed log outside the database, so that no restored backup brings it back.

One line for each ending that the audit chain tells of: which event, which record or row, when; no
content. Each line names the hash of the one before and is signed by the instance key.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from simpul.vault import crypto
from simpul.vault.crypto import Pair, canonical, sha256

NAME = "tombstones"
# The events that a restored database must learn of again.
ENDINGS = (
    "reports.withdrawn",
    "reports.receipt_replaced",
    "reports.moved",
    "reports.part_closed",
    "reports.frozen",
    "reports.erasure_asked",
    "reports.erasure_cancelled",
    "reports.erasure_refused",
    "reports.erased",
    "cases.consent_withdrawn",
    "cases.share_ended",
    "cases.closed",
    "referrals.declined",
    "referrals.ended",
    "network.removed",
    "network.dismissed",
)
RESTORED = "site.restored"  # from here on the chain counts from its restored end


class Altered(Exception):
    """A line of the log is not the one that was written; `line` counts from one."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


@dataclass(frozen=True, slots=True)
class Stone:
    """One ending: its place in the audit chain, the audit line, and what it was about."""

    number: int
    line: int
    at: str
    event: str
    record: str | None
    row: str | None

    def said(self) -> dict[str, Any]:
        """As it is written."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Log:
    """The lines of a log, each checked, and the hash of the last."""

    stones: Sequence[Stone]
    hashes: Sequence[str]

    @property
    def head(self) -> str:
        """The hash of the last line; nothing before the first."""
        return self.hashes[-1] if self.hashes else ""

    @property
    def number(self) -> int:
        """The last place of the audit chain that it knows of."""
        return self.stones[-1].number if self.stones else 0

    def after(self, count: int, head: str) -> Sequence[Stone] | None:
        """What was written after a log of `count` lines ended with `head`; None if it is no such log."""
        if count > len(self.stones) or (self.hashes[count - 1] if count else "") != head:
            return None
        return self.stones[count:]


def read(path: Path, key: Pair) -> Log:
    """The log of the instance whose key this is; no file is an empty log. Raises Altered."""
    stones, hashes, previous = [], [], ""
    text = path.read_bytes() if path.exists() else b""
    lines = text.split(b"\n")
    if lines.pop():
        raise Altered(len(lines) + 1)  # half a line
    for place, line in enumerate(lines, 1):
        try:
            written = json.loads(line)
            signature = bytes.fromhex(written.pop("signature"))
            if written.pop("previous") != previous:
                raise Altered(place)
            stone = Stone(**written)
            if not crypto.verify(key.verifying, signature, _signed(stone, previous, key.ref)):
                raise Altered(place)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Altered(place) from error
        previous = sha256(line).hex()
        stones.append(stone)
        hashes.append(previous)
    return Log(stones, hashes)


def append(path: Path, log: Log, fresh: Sequence[Stone], key: Pair) -> None:
    """Adds lines to the log on disk, all of them or, after a cut, none that would be read."""
    previous, lines = log.head, b""
    for stone in fresh:
        signature = key.sign(_signed(stone, previous, key.ref)).hex()
        said = {**stone.said(), "previous": previous, "signature": signature}
        line = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
        lines += line + b"\n"
        previous = sha256(line).hex()
    before = path.read_bytes() if path.exists() else b""
    place(path, before + lines)


def copy(path: Path, folder: Path) -> bool:
    """Brings the copy beside the backups up to date; another log that lies there is left alone."""
    ours = path.read_bytes() if path.exists() else b""
    beside = folder / NAME
    known = beside.read_bytes() if beside.exists() else None
    if known is None or (ours != known and ours.startswith(known)):
        place(beside, ours)
    return known is None or ours.startswith(known)


def place(path: Path, content: bytes) -> None:
    """Puts a whole file there or leaves what is; it is on disk when this returns."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _signed(stone: Stone, previous: str, instance: UUID) -> bytes:
    return canonical("simpul", "tombstone", instance, previous, *stone.said().values())
