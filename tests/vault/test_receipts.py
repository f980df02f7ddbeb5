"""The receipt: read generously, derived rarely, the same every time."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpul.vault import crypto, receipts

NUMBERS = st.lists(st.integers(0, 2047), min_size=6, max_size=6)
BETWEEN = st.sampled_from([" ", "  ", ", ", "\n", "\t", " - ", ";", " . ", " / "])


def words(numbers: list[int]) -> list[str]:
    """Words by their places in the list."""
    return [receipts.wordlist()[n] for n in numbers]


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was derived, without deriving it."""
    asked: list[bytes] = []

    def derive(secret: bytes, salt: bytes, **_more: Any) -> bytes:
        asked.append(secret)
        return crypto.sha256(secret + salt)

    monkeypatch.setattr(receipts, "derive", derive)
    return asked


# --- Reading what somebody typed -----------------------------------------------------------------


@given(NUMBERS, st.lists(BETWEEN, min_size=6, max_size=6), st.data())
def test_words_are_read_however_they_are_typed(
    numbers: list[int], between: list[str], data: st.DataObject
) -> None:
    """Case, spacing, commas, numbering and anything after four letters do not matter."""
    typed = ""
    for n, (word, gap) in enumerate(zip(words(numbers), between, strict=True), 1):
        word = word[: data.draw(st.integers(4, len(word)))]
        word += data.draw(st.text("abcxyz", max_size=3)) if len(word) >= 4 else ""
        word = data.draw(st.sampled_from([str.upper, str.lower, str.title]))(word)
        number = data.draw(st.sampled_from(["", f"{n}. ", f"{n}) ", f"({n}) "]))
        typed += gap + number + word
    assert receipts.read(typed) == words(numbers)


@given(NUMBERS, st.lists(st.sampled_from(["", " ", "-", ", ", "\n"]), min_size=6, max_size=6))
def test_the_same_receipt_as_digits(numbers: list[int], between: list[str]) -> None:
    """Six numbers of four digits are the six words, with or without gaps."""
    digits = receipts.digits_of(words(numbers))
    assert all(re.fullmatch(r"\d{4}", one) for one in digits)
    typed = "".join(gap + one for gap, one in zip(between, digits, strict=True))
    assert receipts.read(typed) == words(numbers)


@given(st.text(max_size=120))
def test_whatever_is_typed_gives_six_words_or_nothing(typed: str) -> None:
    """No text breaks the reading, in any alphabet."""
    found = receipts.read(typed)
    assert found is None or (len(found) == 6 and set(found) <= set(receipts.wordlist()))
    place = receipts.unknown_word(typed)
    assert place is None or place >= 1


@pytest.mark.parametrize(
    "change",
    [
        lambda w: w[:5], lambda w: [*w, w[0]], lambda w: [*w[:5], "zzzz"],
        lambda w: [*w[:5], w[5][:3]], lambda w: [], lambda w: ["' OR 1=1 --"],
        lambda w: ["0000"] * 6, lambda w: ["2049"] * 6, lambda w: ["0001"] * 5,
        lambda w: ["00001"] * 6, lambda w: ["٠٠٠٠"] * 6,
    ],
)  # fmt: skip
def test_anything_else_is_no_receipt_and_costs_nothing(change: Any, costs: list[bytes]) -> None:
    """A word outside the list, one too few or too many: no derivation."""
    typed = " ".join(change(words([1, 2, 3, 4, 5, 6])))
    assert receipts.read(typed) is None
    assert costs == []


def test_a_number_in_another_script_is_the_same_number() -> None:
    """Digits are digits on every keyboard."""
    typed = " ".join(receipts.digits_of(words([0, 1, 2, 3, 4, 2047])))
    arabic = typed.translate({ord(str(n)): chr(0x660 + n) for n in range(10)})
    assert receipts.read(arabic) == receipts.read(typed) == words([0, 1, 2, 3, 4, 2047])


def test_the_page_derives_only_for_words_of_the_list(public: Any, costs: list[bytes]) -> None:
    """The public door answers a misspelt receipt at once, and an unknown one like any other."""
    answer = public.post("/reports/open/", {"words": "satu dua tiga empat lima zzzz"})
    assert answer.status_code == 422 and costs == []
    answer = public.post("/reports/open/", {"words": " ".join(words([1, 2, 3, 4, 5, 6]))})
    assert answer.status_code == 422 and len(costs) == 1


# --- Token, words, bits --------------------------------------------------------------------------


def test_a_token_is_128_bits_and_never_twice_the_same() -> None:
    """From the operating system's randomness."""
    made = {receipts.new_token() for _again in range(200)}
    assert len(made) == 200 and all(receipts.is_token(token) for token in made)


@given(st.text(max_size=30))
def test_what_is_no_token_is_refused_without_breaking(text: str) -> None:
    """Only 22 letters of 16 bytes pass."""
    if receipts.is_token(text):
        assert len(text) == 22


@pytest.mark.parametrize(
    "text", ["", "a" * 21, "a" * 23, "a" * 21 + "!", "ä" * 22, "a" * 21 + "="]
)
def test_near_tokens_are_refused(text: str) -> None:
    """Length and alphabet."""
    assert not receipts.is_token(text)


def test_the_words_are_66_bits_of_the_mac(settings: Any) -> None:
    """HMAC(receipt secret, token), the first 66 bits, eleven for each word."""
    token = receipts.new_token()
    mac = crypto.mac(settings.RECEIPT_SECRET, token.encode())
    bits = "".join(f"{receipts.wordlist().index(word):011b}" for word in receipts.words_of(token))
    assert len(bits) == 66
    assert bits == f"{int.from_bytes(mac, 'big'):0256b}"[:66]


@pytest.mark.parametrize("bit", range(66))
def test_every_bit_counts(bit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two MACs that differ in one of the 66 bits give different words; later bits give the same."""

    def words_of(mac: int) -> list[str]:
        monkeypatch.setattr(crypto, "mac", lambda _key, _data: mac.to_bytes(32, "big"))
        return receipts.words_of("x" * 22)

    assert words_of(0) != words_of(1 << 255 - bit)
    assert words_of(0) == words_of(1 << 255 - 66)


def test_the_same_token_gives_the_same_words_and_another_secret_others(settings: Any) -> None:
    """Also after a restart; and nobody without the secret can tell them."""
    token = receipts.new_token()
    before = receipts.words_of(token)
    assert receipts.words_of(token) == before
    settings.RECEIPT_SECRET = bytes(32)
    assert receipts.words_of(token) != before


# --- What they open ------------------------------------------------------------------------------


def test_the_same_words_open_the_same_and_others_something_else() -> None:
    """Look-up id and key pair; typed with other letters after the fourth, still the same."""
    chosen = words([5, 50, 500, 1000, 1500, 2000])
    typed = receipts.read(" ".join(word[:4].upper() for word in chosen))
    assert typed is not None
    one, same = (receipts.open_words(w, filing=True) for w in (chosen, typed))
    assert one == same and one.pair.public == same.pair.public
    turned = receipts.open_words(chosen[::-1], filing=False)
    assert turned.lookup != one.lookup and turned.pair.public != one.pair.public
    assert len(one.lookup) == 32
    assert one.pair.ref.version == 4


def test_without_the_pepper_the_words_open_nothing(settings: Any) -> None:
    """Whoever has the database alone cannot try words against it."""
    chosen = words([5, 50, 500, 1000, 1500, 2000])
    before = receipts.open_words(chosen, filing=True)
    settings.PEPPER = bytes(32)
    assert receipts.open_words(chosen, filing=True).lookup != before.lookup


def test_two_instances_do_not_share_a_receipt(settings: Any) -> None:
    """The salt is the instance's."""
    chosen = words([5, 50, 500, 1000, 1500, 2000])
    before = receipts.open_words(chosen, filing=True)
    settings.INSTANCE = "0" * 32
    assert receipts.open_words(chosen, filing=True).lookup != before.lookup


def test_the_look_up_id_says_nothing_of_the_key(costs: list[bytes]) -> None:
    """It stands in the database; the seed comes from the same secret by another label."""
    opened = receipts.open_words(words([1] * 6), filing=True)
    assert len(costs) == 1
    assert opened.lookup != opened.pair.seed
    assert opened.lookup not in (opened.pair.public, opened.pair.verifying)
