"""Anchors: signed ends of the audit chain, kept where nobody who writes the database can reach them.

A signed head in the database can be deleted with the lines that it signs. An anchor in a second
place, in a mailbox or in a book cannot.
"""

import os
import re
import smtplib
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.db import transaction

from simpul.core.access import require
from simpul.vault import audit, pins
from simpul.vault.audit import Acts, End, Point
from simpul.vault.crypto import canonical, sha256

FILE = "simpul-anchors.txt"
MARK = "simpul-anchor-1"
ANCHOR, REWOUND = "anchor", "rewound"
MAIL_PATIENCE = 10  # seconds


@dataclass(frozen=True, slots=True)
class Anchor:
    """One line of the file: an end of the chain at a moment, or that a person accepted an older one."""

    kind: str
    number: int
    hash: str
    at: str
    signature: str = ""

    def signed(self) -> "Anchor":
        """The same with this instance's signature."""
        signature = audit.sign(self.kind, self.number, bytes.fromhex(self.hash), self.at).hex()
        return Anchor(self.kind, self.number, self.hash, self.at, signature)

    def text(self) -> str:
        """As it stands in the file."""
        words = (MARK, settings.INSTANCE, self.kind, self.number, self.hash, self.at)
        return " ".join(map(str, (*words, self.signature)))

    def point(self, source: str) -> Point:
        """What the chain must show at this line."""
        said = f"{source}, {self.at[:10]}"
        return Point(self.number, said, lambda hash_: hash_.hex() == self.hash)


class Unreadable(Exception):
    """Not an anchor of this instance: another format, another instance or another signature."""


def check_digits(number: int, hash_: bytes) -> str:
    """Twenty digits (66 bits) of a line and its hash, in fives, for a book or the telephone."""
    digest = sha256(canonical("simpul", "anchor check", settings.INSTANCE, number, hash_))
    digits = f"{int.from_bytes(digest, 'big') % 10**20:020d}"
    return " ".join(digits[place : place + 5] for place in range(0, 20, 5))


def parse(text: str) -> Anchor:
    """The anchor of a line of the file; raises Unreadable."""
    try:
        mark, instance, kind, number, hash_, at, signature = text.split()
        anchor = Anchor(kind, int(number), hash_, at, signature)
        ours = audit.is_ours(
            bytes.fromhex(signature), kind, anchor.number, bytes.fromhex(hash_), at
        )
    except ValueError as error:
        raise Unreadable(f"not an anchor: {text[:40]}") from error
    if mark != MARK or instance != settings.INSTANCE or not ours:
        raise Unreadable(f"not signed by this instance: line {anchor.number}")
    return anchor


@dataclass(frozen=True, slots=True)
class Kept:
    """What a file of anchors holds: those that still count, and the lines that are not ours."""

    anchors: list[Anchor]
    foreign: list[str]


def read(path: Path) -> Kept:
    """Reads a file of anchors; what an accepted restore has left behind counts no more."""
    counting: list[Anchor] = []
    foreign = []
    for line in path.read_text().splitlines():
        try:
            anchor = parse(line)
        except Unreadable as reason:
            foreign.append(str(reason))
            continue
        if anchor.kind == REWOUND:
            counting = [kept for kept in counting if kept.number <= anchor.number]
        counting.append(anchor)
    return Kept(counting, foreign)


def place() -> Path | None:
    """The file in the second place, or nothing where none is set."""
    return Path(settings.ANCHORS) / FILE if settings.ANCHORS else None


def own_points() -> list[Point]:
    """What this machine itself remembers of the chain."""
    pin = pins.chain()
    if pin is None or pin.number == 0:
        return []
    return [Point(pin.number, "this machine's own pin", lambda hash_: hash_.hex() == pin.hash)]


def points_of(kept: Kept, source: str) -> list[Point]:
    """What the chain must show at each anchor of a file."""
    return [anchor.point(source) for anchor in kept.anchors]


def written_down(text: str) -> Point | None:
    """The point of NUMBER:CHECK as it stands in a book; nothing when the text is something else."""
    number, _colon, check = text.partition(":")
    digits = re.sub(r"[\s-]", "", check)
    if not number.strip().isdigit() or not re.fullmatch(r"\d{20}", digits):
        return None
    line = int(number)
    return Point(
        line,
        "the check number given",
        lambda hash_: check_digits(line, hash_).replace(" ", "") == digits,
    )


def write(now: datetime) -> Anchor | None:
    """Appends the chain's end to the file in the second place, once a day, with a ready message.

    Returns the anchor, or nothing when there is no second place, no line, or nothing new.
    Raises OSError when the place is away.
    """
    path, head = place(), audit.newest_head()
    if path is None or head is None:
        return None
    written = read(path).anchors if path.exists() else []
    if written and (_day(written[-1]) >= now.date() or written[-1].number >= head.number):
        return None
    anchor = Anchor(ANCHOR, head.number, head.hash.hex(), now.isoformat()).signed()
    _append(path, anchor)
    message = mail(anchor)
    path.with_name(f"anchor-{now.date().isoformat()}.eml").write_bytes(bytes(message))
    return anchor


def mail(anchor: Anchor) -> EmailMessage:
    """A message that says the anchor and nothing of any content."""
    check = check_digits(anchor.number, bytes.fromhex(anchor.hash))
    message = EmailMessage()
    message["From"] = settings.MAIL_FROM
    message["To"] = settings.ANCHORS_TO
    message["Subject"] = f"Simpul: jangkar jejak {anchor.number} / audit anchor {anchor.number}"
    message.set_content(
        f"Jejak audit sampai baris {anchor.number}.\n"
        f"Angka pemeriksa: {check}\n\n"
        f"The audit chain up to line {anchor.number}.\n"
        f"Check number: {check}\n\n"
        f"./simpul verify-chain --anchor '{anchor.number}:{check}'\n\n"
        f"{anchor.text()}\n"
    )
    return message


def send(anchor: Anchor) -> bool:
    """Sends the message through the relay that is set; nothing without one. Raises OSError."""
    if not (settings.MAIL_RELAY and settings.ANCHORS_TO):
        return False
    host, _colon, port = settings.MAIL_RELAY.partition(":")
    with smtplib.SMTP(host, int(port or 25), timeout=MAIL_PATIENCE) as relay:
        relay.send_message(mail(anchor))
    return True


@transaction.atomic
def accept(*, actor: Acts, now: datetime) -> End:
    """After a restore: the older end becomes the pin, the file says so, and so does the chain.

    Anchors beyond it stop counting in the file; what stands in books and mailboxes stays as it is.
    """
    require(actor.ref is None)
    end = audit.end()
    audit.record("vault.rewound", actor=actor, parts=[str(end.number)])
    transaction.on_commit(lambda: _remember(end, now))
    return end


def _remember(end: End, now: datetime) -> None:
    path = place()
    if path is not None:
        _append(path, Anchor(REWOUND, end.number, end.hash.hex(), now.isoformat()).signed())
    pins.rewind_chain(pins.ChainPin(end.number, end.hash.hex()))


def _day(anchor: Anchor) -> date:
    return datetime.fromisoformat(anchor.at).date()


def _append(path: Path, anchor: Anchor) -> None:
    """One line at the end of the file, on the disk before it counts; a torn line stays for itself."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    with os.fdopen(descriptor, "r+b") as file:
        torn = b""
        if size := os.fstat(descriptor).st_size:
            torn = b"" if os.pread(descriptor, 1, size - 1) == b"\n" else b"\n"
        file.write(torn + anchor.text().encode() + b"\n")
        file.flush()
        os.fsync(descriptor)
