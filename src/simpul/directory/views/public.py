"""The public directory: whom to call, and who helps where."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from simpul.directory import queries

PER_PAGE = 20


def places(request: HttpRequest) -> HttpResponse:
    """The numbers to call and the places that help, by region and kind of help."""
    kinds, regions = queries.kinds(), list(queries.regions())
    region, kind = request.GET.get("region", ""), request.GET.get("kind", "")
    region = region if any(one.pk == region for one in regions) else ""
    kind = kind if kind in kinds else ""
    found = queries.places(region, kind, timezone.now())
    values = {
        "hotlines": queries.hotlines(),
        "regions": regions,
        "kinds": kinds.items(),
        "region": region,
        "kind": kind,
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "directory/public/places.html", values)
