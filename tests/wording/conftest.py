"""Two coordinators and an administrator, who keep the texts; every call looks for editions."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from simpul.network.models import Desk
from simpul.wording import actions, texts
from simpul.wording.models import Edition
from tests.conftest import Cast

KEY = "page1.danger.hint"
NEW = ("Misalnya orang itu mengikuti Anda.", "For example, that person follows you.")
DAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def _looks_each_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(texts, "LOOK_EVERY", -1.0)
    texts.forget()
    yield
    texts.forget()


@pytest.fixture
def coordination(cast: Cast) -> Desk:
    """The desk of `shelter` and `leaver`, for once with the duty of coordination."""
    desk = cast.desk("shelter")
    desk.duty = Desk.Duty.COORDINATION
    desk.save(update_fields=["duty"])
    return desk


@pytest.fixture
def propose(cast: Cast, coordination: Desk) -> Callable[..., Edition]:
    """One coordinator lays down a draft."""

    def proposed(by: str = "shelter", **more: Any) -> Edition:
        values: dict[str, Any] = {
            "ref": uuid4(), "file": "reports/report", "key": KEY, "indonesian": NEW[0],
            "english": NEW[1], "source": "Rapat jejaring", "is_unverified": False,
            "checked_on": DAY, "now": timezone.now(), **more,
        }  # fmt: skip
        with cast.acting(by) as actor:
            return actions.propose(actor=actor, **values)

    return proposed


@pytest.fixture
def release(cast: Cast, propose: Callable[..., Edition]) -> Callable[..., Edition]:
    """A draft that was reviewed and that the other coordinator approved."""

    def released(**more: Any) -> Edition:
        edition = propose(**more)
        with cast.acting("shelter") as actor:
            actions.review(
                actor=actor, edition=edition, reviewer="Penasihat A", reviewed_on=DAY, note="Baik."
            )
        with cast.acting("leaver") as actor:
            actions.approve(actor=actor, release=edition, now=timezone.now())
        return edition

    return released
