"""Who she is, and looking for a name."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from simpul.cases import access, forms, header
from simpul.cases.actions import files, search
from simpul.core import refusals
from simpul.network.http import Request


def find(request: Request) -> HttpResponse:
    """Looks for a name among the cases of her desks; what was typed is in no address."""
    form = forms.Find(request.POST or None)
    results = None
    if form.is_valid():
        results = search.find(actor=request.actor, now=timezone.now(), **form.cleaned_data)
    values = {"form": form, "results": results}
    return render(request, "cases/search.html", values, status=422 if form.errors else 200)


def identity(request: Request, case_code: str) -> HttpResponse:
    """Her names, as they are known, and writing them anew."""
    case, now = access.get_case(request.actor, case_code), timezone.now()
    form = forms.Identify(request.POST or None)
    if form.is_valid():
        with refusals.shown_on(form):
            search.identify(
                actor=request.actor, case=case, ref=form.cleaned_data["ref"], card=form.card(),
                now=now,
            )  # fmt: skip
            return redirect("cases:identity", case_code)
    file = files.read(actor=request.actor, case=case)
    if not form.is_bound:
        card = file.card
        form.initial.update(
            name=card.name, others="\n".join(card.others), born=card.born, village=card.village
        )
    values = {
        **header.values(request.actor, case, file, now),
        "form": form,
        "is_open": "identity" in file.open,
    }
    return render(request, "cases/identity.html", values, status=422 if form.errors else 200)
