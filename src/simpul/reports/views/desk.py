"""The receiving desk: its lists, who answers, what is set aside, what is late elsewhere, one event."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from simpul.clocks import face
from simpul.clocks import queries as clocks
from simpul.core import refusals
from simpul.core.access import NotYours
from simpul.network import regions
from simpul.network.http import Request
from simpul.reports import access, actions, content, guardrails, queries
from simpul.reports.actions import aside, duties, escalations, pledges, together
from simpul.reports.forms import desk as forms
from simpul.reports.models import Report

PER_PAGE = 50
TOLD_FOR = timedelta(days=14)
RULES = ("K02", "K30", "K32")  # clocks that a line of the inbox may show


def inbox(request: Request) -> HttpResponse:
    """One of the desk's lists, by the address: waiting, late, mine, the desk's, held, aside, closed."""
    return _inbox(request, forms.Aside())


def sort_held(request: Request) -> HttpResponse:
    """The tray of suspected floods, many at a time: real ones go back, others wait for a second person."""
    actor, now = request.actor, timezone.now()
    ticked = queries.held_among(actor, request.POST.getlist("code"))
    form = forms.Aside(request.POST if "aside" in request.POST else None)
    tray = reverse("reports:inbox") + "?list=held"
    if "release" in request.POST:
        aside.release(actor=actor, reports=ticked)
        return redirect(tray)
    if form.is_valid():
        aside.ask_many(actor=actor, reports=ticked, now=now, **form.cleaned_data)
        return redirect(tray)
    return _inbox(request, form, name="held")


def _inbox(request: Request, form: forms.Aside, name: str = "") -> HttpResponse:
    actor, now = request.actor, timezone.now()
    name = name or request.GET.get("list", "waiting")
    name = name if name in queries.LISTS else "waiting"
    page = Paginator(queries.listed(actor, name, now), PER_PAGE).get_page(request.GET.get("page"))
    reports = list(page)
    labels = actions.read_labels(actor=actor, reports=reports) if reports else {}
    names = regions.names(said.get("region", "") for said in labels.values())
    running = clocks.next_on(RULES, [report.ref for report in reports])
    values = {
        "list": name,
        "tabs": [
            {"label": label, "url": f"?list={code}", "current": code == name}
            for code, label in queries.LISTS.items()
        ],
        "rows": [
            {
                "report": report,
                "label": content.summary(said, names.get(said.get("region", ""), "")),
                "clock": face.of(running[report.ref], actor.zone)
                if report.ref in running
                else None,
            }
            for report in reports
            for said in [labels.get(report.ref, {})]
        ],
        "page": page,
        "held": queries.listed(actor, "held", now).count() if name == "waiting" else 0,
        "told": queries.escalations(actor).count(),
        "unanswered": [
            {"report": report, "clock": face.of(clock, actor.zone)}
            for report, clock in queries.unanswered(actor)
        ],
        "frozen": list(queries.frozen(actor)[:PER_PAGE]),
        "departures": list(queries.departures(actor, now - TOLD_FOR)[:PER_PAGE]),
        "erasures": queries.erasures(actor).count(),
        "form": form,
        "now": now,
    }
    return render(request, "reports/inbox.html", values, status=422 if form.errors else 200)


def phrases(request: Request) -> HttpResponse:
    """Guard-rails and phrases at hand; read once a year, said with one press."""
    if request.method == "POST":
        pledges.acknowledge(actor=request.actor, now=timezone.now())
        return redirect("reports:phrases")
    values = {
        "rails": guardrails.beside(),
        "sections": guardrails.sections(),
        "source": guardrails.source(),
        "acknowledged": guardrails.are_acknowledged(request.actor.user, timezone.now()),
    }
    return render(request, "reports/phrases.html", values)


def late(request: Request) -> HttpResponse:
    """What other units are late with, told to her desks: a reference, since when; never what it says."""
    page = Paginator(queries.escalations(request.actor), PER_PAGE).get_page(
        request.GET.get("page")
    )
    return render(request, "reports/late.html", {"page": page, "now": timezone.now()})


def remind(request: Request, ref: UUID) -> HttpResponse:
    """Her desk has called the late one."""
    escalation = access.get_escalation(request.actor, ref)
    if request.method == "POST":
        escalations.remind(actor=request.actor, escalation=escalation, now=timezone.now())
    return redirect("reports:late")


def declare(request: Request, code: str) -> HttpResponse:
    """Says whether she is tied to one of the two sides."""
    report = access.get_report(request.actor, code)
    form = forms.Declare(request.POST or None)
    if form.is_valid():
        duties.declare(
            actor=request.actor, report=report, tie=form.cleaned_data["tie"], now=timezone.now()
        )
    return redirect("reports:read", code)


def hand_over(request: Request, code: str) -> HttpResponse:
    """Names another owner or deputy, with the reason."""
    report = access.get_report(request.actor, code)
    if report.taken_by is None:
        raise NotYours
    form = forms.HandOver(
        request.POST or None,
        possible=queries.possible_owners(report, report.taken_by),
        initial={"owner": report.owner_id, "deputy": report.deputy_id},
    )
    if form.is_valid():
        with refusals.shown_on(form):
            duties.assign(actor=request.actor, report=report, **form.cleaned_data)
            return redirect("reports:read", code)
    return _page(request, "reports/hand_over.html", report, form)


def pass_on(request: Request, code: str) -> HttpResponse:
    """Lets the fallback desk open the report now: nobody here is free, or there is no second person."""
    report = access.get_report(request.actor, code)
    form = Form(request.POST or None)
    if form.is_valid():
        with refusals.shown_on(form):
            duties.pass_on(actor=request.actor, report=report)
            return redirect("reports:inbox")
    return _page(request, "reports/pass_on.html", report, form)


def set_aside(request: Request, code: str) -> HttpResponse:
    """A first colleague asks; a second one who has read it agrees."""
    actor, now = request.actor, timezone.now()
    report = access.get_report(actor, code)
    asked = queries.set_aside_of(report)
    form: Form = Form(request.POST or None) if asked else forms.Aside(request.POST or None)
    if form.is_valid():
        with refusals.shown_on(form):
            if asked:
                aside.agree(actor=actor, report=report, now=now)
            else:
                aside.ask(actor=actor, report=report, now=now, **form.cleaned_data)
            return redirect("reports:read", code)
    return _page(request, "reports/set_aside.html", report, form, asked=asked)


def bring_back(request: Request, code: str) -> HttpResponse:
    """It is a report after all."""
    report = access.get_report(request.actor, code)
    if request.method == "POST":
        aside.bring_back(actor=request.actor, report=report, now=timezone.now())
    return redirect("reports:read", code)


def ask_together(request: Request, code: str) -> HttpResponse:
    """Asks the reporters of two reports whether they may be handled together."""
    actor = request.actor
    report = access.get_report(actor, code)
    form = forms.Together(request.POST or None)
    if form.is_valid():
        other = access.find_report(actor, form.cleaned_data["code"])
        with refusals.shown_on(form):
            if other is None:
                raise together.NotTheseTwo
            together.ask(actor=actor, report=report, other=other, now=timezone.now())
            return redirect("reports:read", code)
    return _page(
        request, "reports/together.html", report, form,
        questions=queries.questions_of(report), linked=queries.together_with(actor, report),
    )  # fmt: skip


def _page(
    request: Request, template: str, report: Report, form: Form, **more: Any
) -> HttpResponse:
    values = {"report": report, "form": form, "now": timezone.now(), **more}
    return render(request, template, values, status=422 if form.errors else 200)
