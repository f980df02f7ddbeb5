"""The page on which each of several people who came together gets a file of her own."""

from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from simpul.cases import access, forms, header, queries
from simpul.cases.actions import arrivals, files
from simpul.cases.views.intake import SHOWN_FOR
from simpul.core import refusals
from simpul.core.doors import derives_first
from simpul.network import context
from simpul.network.http import Request
from simpul.vault import receipts
from simpul.vault.receipts import Opened


@derives_first
def listed(request: Request, case_code: str) -> HttpResponse:
    """The files of a group, and one more; its receipt is shown once, to hand over."""
    with context.opened(request):
        access.get_case(request.actor, case_code)  # nobody else costs a derivation
    token = request.POST.get("token", "")
    six = receipts.words_of(token) if receipts.is_token(token) else []
    source = str(request.user.pk).encode()
    receipt = receipts.open_words(six, source=source, filing=True) if six else None
    with context.opened(request):
        return _listed(request, case_code, receipt, six, timezone.now())


def _listed(
    request: Request, case_code: str, receipt: Opened | None, six: list[str], now: datetime
) -> HttpResponse:
    actor = request.actor
    case = access.get_case(actor, case_code)
    people = queries.arrivals(actor, case)
    initial = {
        "token": receipts.new_token(),
        "label": _("Rombongan %(code)s, orang ke-%(number)s")
        % {"code": case.code, "number": len(people) + 1},
        "next_action": _("Menemui Anda sendirian dan menanyakan kebutuhan Anda."),
    }
    zone = case.desk.agency.region.zone
    form = forms.Arrive(request.POST if receipt else None, zone=zone, now=now, initial=initial)
    if receipt is not None and form.is_valid():
        said = form.cleaned_data
        with refusals.shown_on(form):
            own = arrivals.add(
                actor=actor,
                case=case,
                receipt=receipt,
                label=said["label"],
                next_action=said["next_action"],
                due_at=said["due_at"],
                risk=said["risk"],
                now=now,
            )
            if now - own.opened_at > SHOWN_FOR:
                return redirect("cases:arrivals", case_code)
            shown = {
                "case": own,
                "words": six,
                "digits": receipts.digits_of(six),
                "done_url": reverse("cases:arrivals", args=[case_code]),
            }
            return render(request, "cases/receipt.html", shown)
    file = files.read(actor=actor, case=case)
    labels = files.read_labels(actor=actor, cases=people) if people else {}
    values = {
        **header.values(actor, case, file, now),
        "people": [(one, labels.get(one.ref, "")) for one in people],
        "is_group": file.report.get("notes", {}).get("for_whom") == "group",
        "left": arrivals.MOST - len(people),
        "form": form,
    }
    return render(request, "cases/arrivals.html", values, status=422 if form.errors else 200)
