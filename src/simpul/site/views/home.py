"""The home page of a desk, "Hari ini", and the page that shows every component."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from simpul.cases import queries as cases
from simpul.cases.actions import files
from simpul.cases.models import Case
from simpul.clocks import face
from simpul.clocks import queries as clocks
from simpul.clocks.face import Face
from simpul.clocks.models import Clock
from simpul.core import samples
from simpul.core.access import require
from simpul.core.templatetags.simpul import moment
from simpul.directory import queries as directory
from simpul.network import access as network
from simpul.network import queries as people
from simpul.network import regions
from simpul.network.actor import Actor
from simpul.network.http import Request
from simpul.network.models import Proposal
from simpul.referrals import actions as referral_actions
from simpul.referrals import queries as referrals
from simpul.reports import actions as report_actions
from simpul.reports import content
from simpul.reports import queries as reports
from simpul.reports.models import Report

MOST = 50  # lines of one kind; the rest is one click away
STOPPED_FOR = timedelta(days=30)
Line = dict[str, Any]


def show(request: Request) -> HttpResponse:
    """What is overdue, due today, asked of her desks, newly arrived; one click from each act."""
    actor, now = request.actor, timezone.now()
    overdue = list(cases.overdue(actor, now)[:MOST])
    today = list(cases.due_until(actor, now, _end_of_day(actor, now))[:MOST])
    labels = _labels(actor, [*overdue, *today])
    values = {
        "overdue": [_case(case, labels, actor.zone) for case in overdue],
        "today": [_case(case, labels, actor.zone) for case in today],
        "asked": _referrals(actor),
        "arrived": _reports(actor),
        "without": [_without(report) for report in reports.without_owner(actor)[:MOST]],
        "told": reports.escalations(actor).count(),
        "held": reports.listed(actor, "held", now).count(),
        "look_again": reports.listed(actor, "aside", now).filter(due_at__lte=now).count(),
        "stopped": list(reports.withdrawn(actor, now - STOPPED_FOR)[:MOST]),
        "proposals": [
            _proposal(proposal)
            for proposal in network.visible_proposals(actor)[:MOST]
            if network.can_sign_proposal(actor, proposal)
        ],
        "keys": [key for key in people.desk_keys(actor) if key.left_since or key.waiting],
        "recoveries": [one for one in network.recoveries_of(actor) if one.is_running],
        "now": now,
    }
    return render(request, "site/home.html", values)


def components(request: Request) -> HttpResponse:
    """Every component with sample data, for administrators."""
    require(request.actor.is_administrator)
    return render(request, "core/components.html", samples.components(timezone.now()))


def _end_of_day(actor: Actor, now: datetime) -> datetime:
    zone = ZoneInfo(actor.zone)
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time.min, zone)


def _labels(actor: Actor, found: list[Case]) -> dict[Any, str]:
    return files.read_labels(actor=actor, cases=found) if found else {}


def _case(case: Case, labels: dict[Any, str], zone: str) -> Line:
    """A case whose next action waits; the act is to set the next one."""
    until = moment(case.due_at, zone) if case.due_at else _("belum ada langkah berikutnya")
    return {
        "title": labels.get(case.ref) or case.code,
        "url": reverse("cases:summary", args=[case.code]),
        "note": f"{until} · {case.code}",
        "due_at": case.due_at,
        "level": case.risk,
        "act_url": reverse("cases:next_action", args=[case.code]) + "#nextaction_text",
        "act_label": _("Langkah berikutnya"),
    }


def _referrals(actor: Actor) -> list[Line]:
    """Referrals that her desks have not answered."""
    found = list(referrals.waiting(actor)[:MOST])
    needs = referral_actions.read_needs(actor=actor, referrals=found) if found else {}
    kinds, names = directory.kinds(), regions.names(need.region for need in needs.values())
    running = clocks.running_on("K29", [referral.ref for referral in found])
    lines = []
    for referral in found:
        need, url = needs.get(referral.ref), reverse("referrals:slip", args=[referral.code])
        words = [kinds.get(need.service, need.service), names.get(need.region, "")] if need else []
        lines.append(
            {
                "title": " · ".join(word for word in words if word) or referral.code,
                "url": url,
                "note": _("dari %(desk)s") % {"desk": referral.from_desk.name},
                "urgent": referral.urgency == referral.Urgency.HIGH,
                "clock": _clock(running, referral.ref, actor),
                "act_url": f"{url}#answer",
                "act_label": _("Jawab"),
            }
        )
    return lines


def _reports(actor: Actor) -> list[Line]:
    """Reports that nobody has taken up, with the clock of the first reply."""
    found = list(reports.inbox(actor)[:MOST])
    said = report_actions.read_labels(actor=actor, reports=found) if found else {}
    names = regions.names(notes.get("region", "") for notes in said.values())
    running = clocks.running_on("K02", [report.ref for report in found])
    lines = []
    for report in found:
        notes = said.get(report.ref, {})
        label = content.summary(notes, names.get(notes.get("region", ""), ""))
        lines.append(
            {
                "title": label or report.code,
                "url": reverse("reports:read", args=[report.code]),
                "note": report.code,
                "urgent": report.urgent,
                "clock": _clock(running, report.ref, actor),
                "act_url": reverse("cases:take_up", args=[report.code]),
                "act_label": _("Tangani"),
            }
        )
    return lines


def _without(report: Report) -> Line:
    """A report whose owner has gone or is tied."""
    return {
        "title": report.code,
        "url": reverse("reports:read", args=[report.code]),
        "due_at": report.due_at,
        "act_url": reverse("reports:hand_over", args=[report.code]),
        "act_label": _("Tetapkan pemilik"),
    }


def _clock(running: dict[UUID, Clock], ref: UUID, actor: Actor) -> Face | None:
    return face.of(running[ref], actor.zone) if ref in running else None


def _proposal(proposal: Proposal) -> Line:
    """A statement that waits for her signature."""
    who = proposal.user.name if proposal.user else ""
    desk = proposal.desk.name if proposal.desk else ""
    agency = proposal.agency.name if proposal.agency else ""
    title = {
        "desk": _("Kunci meja: %(name)s") % {"name": desk},
        "admin": _("Administrator baru: %(name)s") % {"name": who},
        "member": _("Anggota baru: %(name)s") % {"name": who},
        "rekey": _("Kunci baru: %(name)s") % {"name": who},
    }.get(proposal.kind, proposal.kind)
    url = reverse("network:sign", args=[proposal.ref])
    note = desk if proposal.kind == "member" else agency
    return {"title": title, "url": url, "note": note, "act_url": url, "act_label": _("Periksa")}
