"""The recovery key on sheets: which sheets make it, and what is said of those that do not."""

from itertools import combinations

import pytest

from simpul.vault import crypto, recoverykey
from simpul.vault.recoverykey import Unfit


def of_group(sheets: dict[int, list[str]], group: tuple[int, ...]) -> list[str]:
    """From each sheet the line of the group."""
    name = "-".join(map(str, group))
    return [line for n in group for line in sheets[n] if line.split()[2] == name]


@pytest.mark.parametrize(("needed", "of"), [(1, 1), (2, 3), (3, 5), (5, 5)])
def test_any_as_many_as_are_needed_open_what_was_sealed(needed: int, of: int) -> None:
    key, sheets = recoverykey.make(needed, of)
    sealed = crypto.seal_to(key.public, b"the file's key", b"here")
    for group in combinations(range(1, of + 1), needed):
        lines = of_group(sheets, group)
        assert recoverykey.join(key, lines).open(sealed, b"here") == b"the file's key"
        assert (
            recoverykey.join(key, [line.upper() for line in reversed(lines)]).public == key.public
        )


def test_one_too_few_hold_random_bytes_alone() -> None:
    """The share of one is independent of the key: two splits of groups share nothing."""
    key, sheets = recoverykey.make(3, 3)
    with pytest.raises(Unfit) as refused:
        recoverykey.join(key, of_group(sheets, (1, 2, 3))[:2])
    assert refused.value.reason == "too few"


def refusal(lines: list[str], key: recoverykey.Recipient) -> tuple[str, int]:
    """Why, and which."""
    with pytest.raises(Unfit) as refused:
        recoverykey.join(key, lines)
    return refused.value.reason, refused.value.which


def test_sheets_that_are_mixed_up_are_named() -> None:
    key, sheets = recoverykey.make(2, 3)
    _other, others = recoverykey.make(2, 3)
    one, two = of_group(sheets, (1, 2))
    assert refusal([one, of_group(others, (1, 2))[1]], key) == ("another split", 2)
    assert refusal([one, one], key) == ("twice", 2)
    assert refusal([one, of_group(sheets, (2, 3))[0]], key) == ("another group", 2)
    assert refusal([one], key) == ("too few", 0)
    assert refusal(["", two], key) == ("mistyped", 1)


def test_every_single_mistyped_digit_is_noticed() -> None:
    key, sheets = recoverykey.make(1, 1)
    [line] = sheets[1]
    for place, letter in enumerate(line):
        if letter != " ":
            wrong = line[:place] + ("1" if letter != "1" else "2") + line[place + 1 :]
            assert refusal([wrong], key)[0] in {"mistyped", "another split"}


@pytest.mark.parametrize(("needed", "of"), [(0, 1), (3, 2), (2, 8)])
def test_numbers_that_make_no_sense_are_refused(needed: int, of: int) -> None:
    with pytest.raises(Unfit):
        recoverykey.make(needed, of)
