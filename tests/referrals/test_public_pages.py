"""The places that were asked to help, as the survivor sees them behind her receipt."""

from uuid import uuid4

import pytest
from django.utils import timezone

from simpul.referrals import actions
from simpul.referrals.actions import Need
from tests.conftest import Cast, Door, Receipt

OPEN, MINE = "/reports/open/", "/referrals/mine/"


def referred(cast: Cast) -> tuple[Receipt, object]:
    """A referral to the clinic, waiting, and the receipt of whom it helps."""
    receipt = cast.file()
    case = cast.open_case(receipt)
    consent = cast.consent(case, "clinic", ["health"])
    with cast.acting("intake") as actor:
        referral = actions.send(
            actor=actor, case=case, ref=uuid4(), consent=consent, compartments=["health"],
            need=Need(service="health", note="Mohon dokter perempuan."), urgency="low",
            now=timezone.now(),
        )  # fmt: skip
    return receipt, referral


def seen(door: Door, receipt: Receipt) -> str:
    """The page behind the receipt."""
    door.post(OPEN, {"words": receipt.typed})
    return str(door.get(MINE).content.decode())


def test_she_sees_whom_was_asked_for_what_and_what_came_back(cast: Cast, public: Door) -> None:
    receipt, referral = referred(cast)
    html = seen(public, receipt)
    assert "Layanan Medis Uji" in html
    assert "Layanan kesehatan" in html
    assert "Kami menunggu jawabannya." in html
    with cast.acting("clinic") as actor:
        actions.accept(actor=actor, referral=referral, now=timezone.now())
    assert "Layanan Medis Uji siap membantu Anda." in seen(public, receipt)
    with cast.acting("clinic") as actor:
        actions.report_back(
            actor=actor, referral=referral, ref=uuid4(), text="Sudah diperiksa.",
            now=timezone.now(),
        )  # fmt: skip
    html = seen(public, receipt)
    assert "Sudah diperiksa." in html
    assert "Sudah ada kabar balik" in html


def test_a_place_that_cannot_help_costs_her_no_search(cast: Cast, public: Door) -> None:
    receipt, referral = referred(cast)
    with cast.acting("clinic") as actor:
        actions.decline(actor=actor, referral=referral, reason="Penuh.", now=timezone.now())
    html = seen(public, receipt)
    assert "Kami yang mencarikan tempat lain." in html
    assert "Penuh." not in html


@pytest.mark.parametrize("whom", ["self", "other"])
def test_somebody_elses_referral_is_not_there(cast: Cast, public: Door, whom: str) -> None:
    referred(cast)
    mine = cast.file(notes={"needs": [], "region": "", "for_whom": whom})
    assert "Layanan Medis Uji" not in seen(public, mine)


def test_without_a_receipt_the_words_are_asked_for(public: Door) -> None:
    assert public.get(MINE).status_code == 403
