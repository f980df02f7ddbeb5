"""The first page of the public door, and two pages to read: your rights, and the browser's history."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from simpul.directory import queries as directory
from simpul.reports import content


def home(request: HttpRequest) -> HttpResponse:
    """Whom to call in danger, and where to begin."""
    values = {"t": content.texts(), "hotlines": directory.hotlines("danger")}
    return render(request, "site/public/home.html", values)


def history(request: HttpRequest) -> HttpResponse:
    """What a browser keeps, and how one clears it."""
    return render(request, "site/public/history.html", {"t": content.texts()})


def rights(request: HttpRequest) -> HttpResponse:
    """What a person who was hurt may ask for."""
    return render(request, "site/public/rights.html", {"t": content.texts()})
