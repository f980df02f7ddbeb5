"""The report as one sheet of paper, made from the same questions as the pages."""

from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from simpul.core.templatetags.simpul import day
from simpul.directory import queries as directory
from simpul.network.http import Request
from simpul.reports import content
from simpul.reports.forms import paper
from simpul.reports.forms import public as forms


@csp_update({"style-src": [SELF]})  # the sheet has a style of its own, for printing
def form(request: HttpRequest) -> HttpResponse:
    """The sheet at the public door."""
    return _sheet(request, "", back=reverse("reports:start"))


def form_of_desk(request: Request) -> HttpResponse:
    """The sheet with the name of her desk on it."""
    names = [desk.name for desk in request.actor.desks if desk.receiving]
    return _sheet(request, names[0] if names else "", back=reverse("reports:take_down"))


def _sheet(request: HttpRequest, desk: str, *, back: str) -> HttpResponse:
    asked = paper.questions()
    p = content.paper()
    contact = ("channel", "detail", "hours", "cover")
    front = {*content.QUESTIONS, "for_whom", "needs", "region", *contact, "office", "kind"}
    journey = [name for name in forms.PAGES[2] if name not in front]
    values: dict[str, Any] = {
        "p": p,
        "t": content.texts(),
        "safety": [asked[name] for name in content.QUESTIONS],
        "first": [asked[name] for name in ("for_whom", "needs", "region")],
        "contact": [asked[name] for name in contact],
        "person": [asked[name] for name in ("office", "kind")],
        "journey": [asked[name] for name in journey],
        "rest": [one for one in asked.values() if one.name not in {*front, *journey}],
        "desk": p["desk"].format(desk=desk) if desk else "",
        "place": desk,
        "danger": directory.hotlines("danger"),
        "selfharm": directory.hotlines("selfharm"),
        "foot": p["foot"].format(version=content.version(), date=day(content.checked())),
        "back": back,
    }  # fmt: skip
    return render(request, "reports/paper.html", values)
