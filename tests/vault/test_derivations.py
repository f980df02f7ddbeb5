"""The fair queue: sources take turns, filing goes first, and no place is ever lost."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simpul.vault import crypto, derivations
from simpul.vault.derivations import FairQueue


class Crowd:
    """Threads that stand in a queue whose places are held, in the order in which they came."""

    def __init__(self, places: int = 1) -> None:
        self.queue = FairQueue(places)
        self.order: list[str] = []
        self.threads: list[threading.Thread] = []
        self.hold = ExitStack()
        for _place in range(places):
            self.hold.enter_context(self.queue.turn())

    def come(self, name: str, source: str, *, filing: bool = False, fails: bool = False) -> None:
        """Somebody joins, and stands in the queue before this returns."""

        def wait() -> None:
            try:
                with self.queue.turn(source.encode(), filing=filing):
                    self.order.append(name)
                    if fails:
                        raise RuntimeError
            except RuntimeError:
                pass

        before = self.waiting()
        thread = threading.Thread(target=wait, daemon=True)
        self.threads.append(thread)
        thread.start()
        for _try in range(2000):
            if self.waiting() > before:
                return
            threading.Event().wait(0.001)
        raise AssertionError("did not join")

    def waiting(self) -> int:
        """How many stand in the queue."""
        with self.queue._lock:
            rows = self.queue._waiting.values()
            return sum(len(first) + len(later) for first, later in rows)

    def go(self) -> list[str]:
        """Lets them in, and says in which order they came to their turn."""
        self.hold.close()
        for thread in self.threads:
            thread.join(5)
            assert not thread.is_alive(), "somebody was forgotten"
        return self.order


def test_sources_take_turns() -> None:
    """A thousand of one source delay another's first by one."""
    crowd = Crowd()
    for n in range(5):
        crowd.come(f"a{n}", "a")
    crowd.come("b0", "b")
    crowd.come("c0", "c")
    crowd.come("b1", "b")
    assert crowd.go() == ["a0", "b0", "c0", "a1", "b1", "a2", "a3", "a4"]


def test_filing_goes_before_guessing_within_a_source() -> None:
    """Behind one exit of an anonymous network the guesser does not stand before the reporter."""
    crowd = Crowd()
    for n in range(3):
        crowd.come(f"guess{n}", "onion")
    crowd.come("file0", "onion", filing=True)
    crowd.come("file1", "onion", filing=True)
    assert crowd.go() == ["file0", "file1", "guess0", "guess1", "guess2"]


def test_filing_takes_no_other_sources_turn() -> None:
    """Filing first is a matter within a source: calling everything filing wins nothing."""
    crowd = Crowd()
    for n in range(3):
        crowd.come(f"file{n}", "a", filing=True)
    crowd.come("guess", "b")
    assert crowd.go() == ["file0", "guess", "file1", "file2"]


def test_an_exception_gives_the_place_back() -> None:
    """The next one comes, and afterwards every place is free."""
    crowd = Crowd()
    for n in range(4):
        crowd.come(f"{n}", "a", fails=n % 2 == 0)
    assert crowd.go() == ["0", "1", "2", "3"]
    assert crowd.queue._free == 1 and not crowd.queue._waiting


@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.booleans()), max_size=24),
)
@settings(max_examples=30)
def test_no_place_is_lost_and_no_more_than_the_places_are_taken(
    places: int, callers: list[tuple[str, bool, bool]]
) -> None:
    """Whoever comes, fails or waits, in threads that nobody orders."""
    queue = FairQueue(places)
    inside, most, done = 0, 0, 0
    count = threading.Lock()

    def call(source: str, filing: bool, fails: bool) -> None:
        nonlocal inside, most, done
        try:
            with queue.turn(source.encode(), filing=filing):
                with count:
                    inside += 1
                    most = max(most, inside)
                with count:
                    inside -= 1
                    done += 1
                if fails:
                    raise RuntimeError
        except RuntimeError:
            pass

    threads = [threading.Thread(target=call, args=caller, daemon=True) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert done == len(callers) and most <= places
    assert queue._free == places and not queue._waiting


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """The costs that were asked of Argon2id."""
    calls: list[dict[str, Any]] = []
    real = crypto.argon2id

    def argon2id(secret: bytes, salt: bytes, **costs: int) -> bytes:
        calls.append(costs)
        return real(secret, salt, **costs)

    monkeypatch.setattr(crypto, "argon2id", argon2id)
    return calls


def test_a_derivation_costs_what_the_instance_says(
    asked: list[dict[str, Any]], settings: Any
) -> None:
    """And stands in the one queue, with as many places as cores."""
    one = derivations.derive(b"secret", bytes(16))
    assert asked == [{"memory": settings.ARGON_MEMORY, "passes": settings.ARGON_PASSES}]
    assert one == derivations.derive(b"secret", bytes(16)) != derivations.derive(b"x", bytes(16))
    assert derivations.queue._free == derivations._CORES >= 1


def test_a_broken_derivation_blocks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Out of memory is no reason to lose a place for good."""

    def broken(*_all: Any, **_more: Any) -> bytes:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(crypto, "argon2id", broken)
        for _again in range(derivations._CORES + 2):
            with pytest.raises(MemoryError):
                derivations.derive(b"secret", bytes(16))
    assert derivations.queue._free == derivations._CORES
