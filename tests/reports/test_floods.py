"""A flood is slowed down into a tray; nobody is turned away, and what claims danger never waits there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpul.reports import actions
from simpul.reports.floods import Flood
from simpul.reports.models import Report
from simpul.reports.views import public as views
from simpul.vault import context, crypto, receipts
from tests.conftest import Cast, Door


def test_a_training_room_of_thirty_behind_one_address_is_no_flood() -> None:
    flood = Flood()
    assert not any(flood.holds(b"room", second) for second in range(30))


def test_from_the_fortieth_within_an_hour_they_wait_in_the_tray() -> None:
    flood = Flood()
    held = [flood.holds(b"one", float(second)) for second in range(200)]
    assert held == [False] * 39 + [True] * 161
    assert not flood.holds(b"another", 200.0), "nobody else is touched"
    assert not flood.holds(b"one", 3600.0), "the hour is over"


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5000)), max_size=200))
def test_it_depends_on_the_source_alone_and_forgets_after_an_hour(
    calls: list[tuple[int, int]],
) -> None:
    """What others send changes nothing."""
    together, apart = Flood(), {number: Flood() for number in range(4)}
    for source, at in sorted(calls, key=lambda call: call[1]):
        key = bytes([source])
        assert together.holds(key, float(at)) == apart[source].holds(key, float(at))


def test_its_memory_has_an_end() -> None:
    flood = Flood()
    for number in range(flood.most + 50):
        flood.holds(number.to_bytes(4), 0.0)
    assert len(flood._since) == flood.most


def send(cast: Cast, *, held: bool, **safety: str) -> Report:
    """Files a report of which somebody said whether it came in a flood."""
    one = receipts.Opened(crypto.random(), receipts.pair_of(crypto.random()))
    from django.utils import timezone

    with context.opened("public", receipt=one.lookup):
        filed = actions.file(
            actor=actions.Filing(), receipt=one,
            answers={"notes": {"needs": []}, "safety": safety}, receiver=cast.desk("intake"),
            fallback=cast.desk("fallback"), now=timezone.now(), held=held,
        )  # fmt: skip
        assert filed.outcome == "filed"
    return Report.objects.get(lookup=one.lookup)


def test_what_is_held_has_the_same_clock_and_the_same_receipt(cast: Cast) -> None:
    held, other = send(cast, held=True), send(cast, held=False)
    assert (held.held, other.held) == (True, False)
    assert held.due_at is not None and other.due_at is not None
    assert abs((held.due_at - other.due_at).total_seconds()) < 60


def test_what_claims_danger_is_never_held(cast: Cast) -> None:
    assert not send(cast, held=True, danger="yes").held


def test_the_door_counts_by_source_and_keeps_no_address(
    cast: Cast, public: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fortieth is filed as well as the first: same page, same words, another list."""
    seen: list[Any] = []

    class Counted(Flood):
        calm = 1

        def holds(self, source: bytes, now: float) -> bool:
            seen.append(source)
            return super().holds(source, now)

    monkeypatch.setattr(views, "flood", Counted())
    desk = str(cast.desk("intake").ref)
    for _time in range(2):
        page = public.post(
            "/reports/send/", {"token": receipts.new_token(), "receiver": desk, "go": "send"}
        )
        assert page.status_code == 200 and b'class="words"' in page.content
    assert list(Report.objects.order_by("filed_at").values_list("held", flat=True)) == [
        False,
        True,
    ]
    assert {len(source) for source in seen} == {32} and b"127.0.0.1" not in b"".join(seen)


pytestmark = pytest.mark.django_db
