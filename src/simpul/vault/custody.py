"""A desk's key in the hands of custodians: any m of n together give it back, fewer learn nothing.

For every set of m custodians the private half is split into m parts by XOR, all but the last random;
each part is sealed to its holder. Fewer than m hold, of every set, at most m - 1 random parts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from uuid import UUID

from django.conf import settings

from simpul.vault import crypto
from simpul.vault.crypto import Pair, Unopened, canonical
from simpul.vault.keydirectory import Recipient

Subset = tuple[UUID, ...]


class MixedUp(Exception):
    """The parts do not give this desk's key: one is of another set, another key, or was altered."""


@dataclass(frozen=True, slots=True)
class Part:
    """One custodian's part of one set, sealed to her."""

    subset: Subset
    holder: UUID
    sealed: bytes


def subsets(people: Iterable[UUID], need: int) -> list[Subset]:
    """Every set of `need` custodians, each in one order."""
    return list(combinations(sorted(people), need))


def split(
    pair: Pair, people: Sequence[Recipient], need: int, *, custody_id: str
) -> Iterator[Part]:
    """The parts of a key for all sets of custodians: n over m times m (3 of 5: 30)."""
    keys = {person.ref: person.public for person in people}
    for subset in subsets(keys, need):
        parts = [crypto.random(len(pair.seed)) for _holder in subset[1:]]
        parts.append(_xor([pair.seed, *parts]))
        for holder, part in zip(subset, parts, strict=True):
            info = _info(custody_id, pair.ref, subset, holder)
            yield Part(subset, holder, crypto.seal_to(keys[holder], part, info))


def pass_on(
    own: Pair, part: Part, *, custody_id: str, key: UUID, recovery: UUID, to: Recipient
) -> bytes:
    """A custodian's part, opened and sealed to whom the recovery is for. Raises Unopened."""
    opened = own.open(part.sealed, _info(custody_id, key, part.subset, own.ref))
    return crypto.seal_to(to.public, opened, _passed(recovery, part.subset, own.ref, to.ref))


def combine(
    own: Pair, passed: Mapping[UUID, bytes], *, subset: Subset, recovery: UUID, key: Recipient
) -> Pair:
    """The desk's private pair, from the parts of one whole set. Raises MixedUp."""
    try:
        parts = [
            own.open(passed[holder], _passed(recovery, subset, holder, own.ref))
            for holder in subset
        ]
    except (KeyError, Unopened) as error:
        raise MixedUp("a part is missing, of another recovery, or altered") from error
    pair = Pair(key.ref, _xor(parts))
    if pair.public != key.public or pair.verifying != key.verifying:
        raise MixedUp("the parts do not belong together")
    return pair


def _xor(parts: Sequence[bytes]) -> bytes:
    return reduce(lambda one, other: bytes(a ^ b for a, b in zip(one, other, strict=True)), parts)


def _info(custody_id: str, key: UUID, subset: Subset, holder: UUID) -> bytes:
    return canonical("simpul", "custody", settings.INSTANCE, custody_id, key, list(subset), holder)


def _passed(recovery: UUID, subset: Subset, holder: UUID, to: UUID) -> bytes:
    return canonical("simpul", "recovery", settings.INSTANCE, recovery, list(subset), holder, to)
