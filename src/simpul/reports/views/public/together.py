"""The reporter answers whether her report may be handled together with another."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from simpul.reports import access
from simpul.reports.access import Reporter
from simpul.reports.actions import together
from simpul.reports.doors import behind_receipt
from simpul.reports.models import Question


@behind_receipt
def answer(request: HttpRequest, reporter: Reporter, ref: UUID) -> HttpResponse:
    """Yes, no or later; she may change it at any time, and a no ends what a yes began."""
    said = request.POST.get("answer", "")
    known = {question.ref for question in access.own_questions()}
    if request.method == "POST" and said in Question.Answer.values and ref in known:
        together.answer(actor=reporter, ref=ref, said=said)
    return redirect("reports:mine")
