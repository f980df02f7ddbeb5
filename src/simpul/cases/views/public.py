"""What the survivor decides about her own case, behind her receipt."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from simpul.cases import own
from simpul.cases.actions import consents
from simpul.core.access import NotYours
from simpul.reports import content, reading
from simpul.reports import own as own_report
from simpul.reports.access import Reporter
from simpul.reports.doors import behind_receipt


@behind_receipt
def mine(request: HttpRequest, reporter: Reporter) -> HttpResponse:
    """The consents she gave, each with a way to take it back, and what was read under them."""
    notes = reading.read_own(reporter).answers.get("notes", {})
    values = {
        "t": content.texts(),
        "for_other": content.is_for_other(notes),
        "permissions": own.permissions(timezone.localdate()),
        "reads": own_report.reads(),
    }
    return render(request, "cases/public/mine.html", values)


@behind_receipt
def take_back(request: HttpRequest, reporter: Reporter, ref: UUID) -> HttpResponse:
    """Asks once, then ends what the consent opened; nobody else is asked."""
    consent = next((one for one in own.consents() if one.ref == ref), None)
    if consent is None:
        raise NotYours
    done = ""
    if request.method == "POST":
        consents.withdraw_own(actor=reporter, consent=ref, now=timezone.now())
        done = content.texts()["withdraw"]["done_consent"].format(desk=consent.desk.name)
    values = {"t": content.texts(), "consent": consent, "done": done}
    return render(request, "cases/public/take_back.html", values)
