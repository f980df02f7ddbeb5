"""A source is nobody's address, and one that guesses waits longer and longer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpul.vault import sources
from simpul.vault.sources import Patience, source_of


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("", "unix:", True),
    ],
)
def test_a_source_is_an_address_or_a_network_of_one_household(
    one: str, other: str, same: bool
) -> None:
    assert (source_of(one) == source_of(other)) is same


def test_tomorrow_the_same_address_is_another_source(monkeypatch: pytest.MonkeyPatch) -> None:
    today = source_of("192.0.2.7")
    monkeypatch.setattr(sources, "_day", None)
    assert source_of("192.0.2.7") != today


def test_five_tries_are_free_and_then_the_wait_grows_up_to_half_a_minute() -> None:
    patience, now, waits = Patience(), 1000.0, []
    for _ in range(11):
        wait = patience.begin(b"a", now)
        if wait:
            waits.append(wait)
            now += wait
            assert patience.begin(b"a", now) == 0
        assert patience.begin(b"b", now) <= 30
    assert waits == [2, 4, 8, 16, 30, 30]


def test_waiting_does_not_lengthen_the_wait() -> None:
    patience = Patience()
    for _ in range(5):
        assert patience.begin(b"a", 0.0) == 0
    assert [patience.begin(b"a", now) for now in (0.0, 0.5, 1.0, 1.9, 2.0)] == [2, 2, 1, 1, 0]


def test_the_right_words_end_the_wait_and_an_hour_forgets() -> None:
    patience = Patience()
    for _ in range(5):
        patience.begin(b"a", 0.0)
    patience.right(b"a")
    assert patience.begin(b"a", 0.0) == 0
    for _ in range(4):
        patience.begin(b"a", 0.0)
    assert patience.begin(b"a", 4000.0) == 0
    assert patience.begin(b"a", 4000.0) == 0


@given(st.lists(st.tuples(st.integers(0, 30), st.floats(0, 100)), max_size=60))
def test_memory_stays_small_and_nobody_waits_longer_than_half_a_minute(
    tries: list[tuple[int, float]],
) -> None:
    patience, now = Patience(), 0.0
    patience.most = 10
    for source, later in tries:
        now += later
        assert 0 <= patience.begin(bytes([source]), now) <= Patience.longest
        assert len(patience._tries) <= 10
