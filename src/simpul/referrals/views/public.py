"""The places that were asked to help, behind the receipt."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from simpul.referrals import own
from simpul.referrals.models import Referral
from simpul.reports import content, reading
from simpul.reports.access import Reporter
from simpul.reports.doors import behind_receipt


@behind_receipt
def mine(request: HttpRequest, reporter: Reporter) -> HttpResponse:
    """Each place that was asked, how it answered, and what it reported back."""
    notes = reading.read_own(reporter).answers.get("notes", {})
    values = {
        "t": content.texts(),
        "for_other": content.is_for_other(notes),
        "asked": [(one, _state(one.referral)) for one in own.asked(reporter)],
    }
    return render(request, "referrals/public/mine.html", values)


def _state(referral: Referral) -> str:
    """How it stands, said to her."""
    said, desk = content.texts()["status"], referral.to_desk.name
    if referral.state == Referral.State.SENT:
        return str(said["referred"].format(desk=desk))
    if referral.state == Referral.State.ACCEPTED:
        return str(said["referral_accepted"].format(desk=desk))
    if referral.state == Referral.State.DECLINED:
        return str(said["referral_declined"])
    return str(Referral.State(referral.state).label)
