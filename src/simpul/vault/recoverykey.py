"""The recovery key, to which backups are sealed: on paper, with custodians, and on no machine.

Custodians hold sheets. For every group of as many as are needed the key is split by XOR among its
members, so fewer than that have random bytes and nothing else. A line of a sheet names the split, the
sheet, the group, the share in hex, and eight check digits.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

from simpul.vault import crypto
from simpul.vault.crypto import Pair, canonical, sha256

MOST = 7  # custodians; a sheet then has at most twenty lines
_REF = UUID(int=0)
_LINE = re.compile(r"([0-9a-f]{8}) (\d) ([\d-]+) ([0-9a-f]{64})([0-9a-f]{8})")


class Unfit(Exception):
    """The sheets do not make the key; `reason` says why, `which` is the place among those given."""

    def __init__(self, reason: str, which: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.which = reason, which


@dataclass(frozen=True, slots=True)
class Recipient:
    """The public half of a recovery key, and how its private half is split."""

    public: bytes
    split: str
    needed: int
    of: int

    @property
    def fingerprint(self) -> str:
        """Sixteen digits of its hash, which stand on every sheet."""
        return sha256(self.public).hex()[:16]

    def said(self) -> dict[str, str | int]:
        """As it is written down."""
        return {
            "public": self.public.hex(), "split": self.split, "needed": self.needed, "of": self.of,
        }  # fmt: skip


def recipient(said: dict[str, str | int]) -> Recipient:
    """What `said` wrote down."""
    public = bytes.fromhex(str(said["public"]))
    return Recipient(public, str(said["split"]), int(said["needed"]), int(said["of"]))


def make(needed: int, of: int) -> tuple[Recipient, dict[int, list[str]]]:
    """A new key: its public half, and the lines of each custodian's sheet."""
    if not 1 <= needed <= of <= MOST:
        raise Unfit("numbers")
    pair, split = Pair(_REF, crypto.random()), crypto.random(4).hex()
    sheets: dict[int, list[str]] = {custodian: [] for custodian in range(1, of + 1)}
    for group in combinations(sheets, needed):
        shares = [crypto.random() for _ in group[1:]]
        shares.append(_xor([pair.seed, *shares]))
        for custodian, share in zip(group, shares, strict=True):
            sheets[custodian].append(_written(split, custodian, group, share))
    return Recipient(pair.public, split, needed, of), sheets


def join(key: Recipient, lines: Sequence[str]) -> Pair:
    """The private key from one line of each sheet. Raises Unfit."""
    seen: dict[int, bytes] = {}
    groups = set()
    for place, line in enumerate(lines, 1):
        split, custodian, group, share = _read(line, place)
        if split != key.split:
            raise Unfit("another split", place)
        if custodian in seen:
            raise Unfit("twice", place)
        groups.add(group)
        if len(groups) > 1:
            raise Unfit("another group", place)
        seen[custodian] = share
    if {tuple(sorted(seen))} != groups:
        raise Unfit("too few")
    pair = Pair(_REF, _xor(list(seen.values())))
    if pair.public != key.public:
        raise Unfit("another key")
    return pair


def _written(split: str, custodian: int, group: Sequence[int], share: bytes) -> str:
    digits = (share + _check(split, custodian, group, share)).hex()
    fours = " ".join(digits[n : n + 4] for n in range(0, len(digits), 4))
    return f"{split} {custodian} {'-'.join(map(str, group))} {fours}"


def _read(line: str, place: int) -> tuple[str, int, tuple[int, ...], bytes]:
    words = line.lower().split()
    match = _LINE.fullmatch(" ".join([*words[:3], "".join(words[3:])]))
    if not match:
        raise Unfit("mistyped", place)
    split, custodian = match[1], int(match[2])
    group = tuple(int(number) for number in match[3].split("-") if number)
    share = bytes.fromhex(match[4])
    if _check(split, custodian, group, share).hex() != match[5]:
        raise Unfit("mistyped", place)
    return split, custodian, group, share


def _check(split: str, custodian: int, group: Sequence[int], share: bytes) -> bytes:
    said = canonical("simpul", "sheet", split, custodian, [str(n) for n in group], share)
    return sha256(said)[:4]


def _xor(parts: Sequence[bytes]) -> bytes:
    whole = 0
    for part in parts:
        whole ^= int.from_bytes(part, "big")
    return whole.to_bytes(32, "big")
