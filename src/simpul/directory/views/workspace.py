"""The pages on which a desk keeps its own services true and finds other desks'."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from simpul.core import refusals
from simpul.directory import access, actions, forms, queries
from simpul.network.http import Request


def services(request: Request) -> HttpResponse:
    """What her desks offer, and which entries nobody has checked for ninety days."""
    now, names = timezone.now(), queries.kinds()
    rows = [
        {
            "service": service,
            "name": names.get(service.kind, service.kind),
            "stale": service.is_stale_at(now),
        }
        for service in access.own_services(request.actor)
    ]
    return render(request, "directory/services.html", {"rows": rows, "now": now})


def partners(request: Request) -> HttpResponse:
    """Who else helps, by kind and region."""
    now = timezone.now()
    form = forms.Search(request.GET)
    values = {
        "form": form,
        "places": queries.places(form.chosen("region"), form.chosen("kind"), now),
        "now": now,
    }
    return render(request, "directory/partners.html", values)


def add(request: Request) -> HttpResponse:
    """Lists another kind of help."""
    form = forms.Service(request.POST or None, desks=request.actor.desks)
    if form.is_valid():
        with refusals.shown_on(form):
            actions.add(actor=request.actor, now=timezone.now(), **form.cleaned_data)
            return redirect("directory:services")
    status = 422 if form.errors else 200
    return render(request, "directory/add.html", {"form": form}, status=status)


def change(request: Request, ref: UUID) -> HttpResponse:
    """Says anew when, at what cost and how."""
    service = access.get_service(request.actor, str(ref))
    initial = {
        "hours": service.hours,
        "cost": service.cost,
        "way": service.access,
        "contact": service.contact,
    }
    form = forms.Terms(request.POST or None, initial=initial)
    if form.is_valid():
        actions.change(
            actor=request.actor, service=service, now=timezone.now(), **form.cleaned_data
        )
        return redirect("directory:services")
    values = {
        "form": form,
        "service": service,
        "name": queries.kinds().get(service.kind, service.kind),
    }
    return render(request, "directory/change.html", values, status=422 if form.errors else 200)


def verify(request: Request, ref: UUID) -> HttpResponse:
    """Confirms that an entry is still true."""
    service = access.get_service(request.actor, str(ref))
    if request.method == "POST":
        actions.verify(actor=request.actor, service=service, now=timezone.now())
    return redirect("directory:services")


def remove(request: Request, ref: UUID) -> HttpResponse:
    """Takes an entry out, after asking once."""
    service = access.get_service(request.actor, str(ref))
    if request.method == "POST":
        actions.remove(actor=request.actor, service=service)
        return redirect("directory:services")
    values = {"service": service, "name": queries.kinds().get(service.kind, service.kind)}
    return render(request, "directory/remove.html", values)
