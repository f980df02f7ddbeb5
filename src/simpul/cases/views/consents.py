"""The survivor's yes and no, and what is open to other desks because of it."""

from datetime import datetime
from uuid import UUID

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from simpul.cases import access, forms, header, queries, sharing
from simpul.cases.actions import consents, files
from simpul.cases.models import Case, Consent
from simpul.core import refusals
from simpul.core.access import NotYours
from simpul.network.http import Request
from simpul.reports import content, words


def listed(request: Request, case_code: str) -> HttpResponse:
    """All consents of the case, and a new one, said aloud first."""
    case, now = access.get_case(request.actor, case_code), timezone.now()
    today = sharing.today(case, now)
    partners = queries.partners(request.actor, case)
    form = forms.Agree(request.POST or None, partners=partners, today=today)
    if form.is_valid():
        said = form.cleaned_data
        with refusals.shown_on(form):
            consent = consents.record_consent(
                actor=request.actor,
                case=case,
                ref=said["ref"],
                desk=said["desk"],
                compartments=said["compartments"],
                purpose=said["purpose"],
                until=said["until"],
                given=said["given"],
                now=now,
            )
            return redirect("cases:consent", case_code, consent.ref)
    file = files.read(actor=request.actor, case=case)
    values = {
        **header.values(request.actor, case, file, now),
        "consents": [_row(consent, case, now) for consent in queries.consents(case)],
        "form": form,
        "aloud": content.texts()["privacy"],
    }
    return render(request, "cases/consents.html", values, status=422 if form.errors else 200)


def one(request: Request, case_code: str, ref: UUID) -> HttpResponse:
    """One consent: what is open under it, what else may be, and taking it back."""
    case = access.get_case(request.actor, case_code)
    consent = access.get_consent(request.actor, case, str(ref))
    return _one(request, case, consent, timezone.now())


def share(request: Request, case_code: str, ref: UUID) -> HttpResponse:
    """Opens compartments to the consent's desk."""
    case, now = access.get_case(request.actor, case_code), timezone.now()
    consent = access.get_consent(request.actor, case, str(ref))
    form = forms.Share(request.POST or None, consent=consent)
    if form.is_valid():
        with refusals.shown_on(form):
            consents.share(
                actor=request.actor, case=case, consent=consent, now=now, **form.cleaned_data
            )
            return redirect("cases:consent", case_code, ref)
    return _one(request, case, consent, now, share_form=form)


def stop_sharing(request: Request, case_code: str, ref: UUID, share: UUID) -> HttpResponse:
    """Ends one share; the consent stays."""
    case, now = access.get_case(request.actor, case_code), timezone.now()
    consent = access.get_consent(request.actor, case, str(ref))
    running = next((row for row in queries.shares(case) if row.ref == share), None)
    if request.method != "POST":
        return _one(request, case, consent, now)
    if running is None:
        raise NotYours
    consents.stop_sharing(actor=request.actor, case=case, share=running, now=now)
    return redirect("cases:consent", case_code, ref)


def withdraw(request: Request, case_code: str, ref: UUID) -> HttpResponse:
    """Takes the consent back, as the survivor has asked."""
    case, now = access.get_case(request.actor, case_code), timezone.now()
    consent = access.get_consent(request.actor, case, str(ref))
    form = forms.Withdraw(request.POST or None)
    if form.is_valid():
        with refusals.shown_on(form):
            consents.withdraw(actor=request.actor, case=case, consent=consent, now=now)
            return redirect("cases:consent", case_code, ref)
    return _one(request, case, consent, now, withdraw_form=form)


def _one(
    request: Request, case: Case, consent: Consent, now: datetime, **bound: Form
) -> HttpResponse:
    file = files.read(actor=request.actor, case=case)
    running = [row for row in queries.shares(case) if row.consent_id == consent.ref]
    values = {
        **header.values(request.actor, case, file, now),
        "row": _row(consent, case, now),
        "shares": [(share, _named(share.compartments)) for share in running],
        "share_form": forms.Share(consent=consent),
        "withdraw_form": forms.Withdraw(),
        **bound,
    }
    status = 422 if any(form.errors for form in bound.values()) else 200
    return render(request, "cases/consent.html", values, status=status)


def _row(consent: Consent, case: Case, now: datetime) -> dict[str, object]:
    return {
        "consent": consent,
        "parts": _named(consent.compartments),
        "stands": consent.stands_on(sharing.today(case, now)),
    }


def _named(compartments: list[str]) -> str:
    return ", ".join(words.compartment(code) for code in compartments)
