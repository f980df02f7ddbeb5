"""The receipt: six everyday words that are account, address and key of a reporter."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID

from django.conf import settings

from simpul.vault import crypto
from simpul.vault.crypto import Pair
from simpul.vault.derivations import derive

WORDS = 6


@cache
def wordlist() -> list[str]:
    """The 2,048 words, in order; the first four letters of each are its own."""
    return (Path(__file__).parent / "content" / "words.txt").read_text().split()


@cache
def _by_start() -> dict[str, int]:
    return {word[:4]: n for n, word in enumerate(wordlist())}


@dataclass(frozen=True, slots=True)
class Opened:
    """What a receipt derives to: the look-up id (32 bytes) and the reporter's private pair."""

    lookup: bytes
    pair: Pair


def new_token() -> str:
    """A random 128-bit token for the last page of a report; it is neither stored nor logged."""
    return urlsafe_b64encode(crypto.random(16)).decode().rstrip("=")


def is_token(text: str) -> bool:
    """Whether the text has the form of a token."""
    try:
        return len(text) == 22 and len(urlsafe_b64decode(text + "==")) == 16
    except ValueError:
        return False


def words_of(token: str) -> list[str]:
    """The six words of a token: HMAC with the receipt secret, cut to 66 bits."""
    bits = int.from_bytes(crypto.mac(settings.RECEIPT_SECRET, token.encode())[:9], "big") >> 6
    return [wordlist()[bits >> (11 * n) & 2047] for n in reversed(range(WORDS))]


def digits_of(words: list[str]) -> list[str]:
    """The same receipt as six numbers of four digits, for those who prefer numbers."""
    return [f"{_by_start()[word[:4]] + 1:04d}" for word in words]


def read(typed: str) -> list[str] | None:
    """The six words someone typed, as words or as digits; None when one is not in the list.

    Spacing, case, commas, numbering and anything after four letters do not matter.
    """
    letters = re.findall(r"[a-z]{4,}", typed.lower())
    if letters:
        numbers = [_by_start().get(word[:4]) for word in letters]
    else:
        digits = re.sub(r"\D", "", typed)
        numbers = [int(digits[n : n + 4]) - 1 for n in range(0, len(digits), 4)]
        if len(digits) != 4 * WORDS:
            return None
    if len(numbers) != WORDS or any(n is None or not 0 <= n < 2048 for n in numbers):
        return None
    return [wordlist()[n] for n in numbers if n is not None]


def unknown_word(typed: str) -> int | None:
    """Which of the typed words is the first that is not in the list, counted from 1."""
    words = re.findall(r"[^\W\d_]+", typed.lower())
    return next((n for n, word in enumerate(words, 1) if word[:4] not in _by_start()), None)


def open_words(words: list[str], *, source: bytes = b"", filing: bool) -> Opened:
    """Derives what the words open: HMAC with the pepper, Argon2id, HKDF. About 0.1 s of one core."""
    secret = crypto.mac(settings.PEPPER, "-".join(words).encode())
    salt = crypto.mac(settings.PEPPER, b"receipt salt" + settings.INSTANCE.encode())[:16]
    master = derive(secret, salt, source=source, filing=filing)
    seed = crypto.hkdf(master, "pair")
    return Opened(crypto.hkdf(master, "lookup"), pair_of(seed))


def pair_of(seed: bytes) -> Pair:
    """The reporter's pair; its ref comes from the seed, so that the same receipt gives the same ref."""
    return Pair(UUID(bytes=crypto.hkdf(seed, "ref", size=16), version=4), seed)
