"""Lists of reports, and the desks a reporter can choose from."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from simpul.clocks.models import Clock
from simpul.network.actor import Actor
from simpul.network.models import Agency, Desk
from simpul.reports import access
from simpul.reports.models import Report


def inbox(actor: Actor) -> QuerySet[Report]:
    """Reports that wait to be taken up: urgent first, then the oldest."""
    waiting = access.visible_reports(actor).filter(state=Report.State.NEW)
    return waiting.select_related("receiver", "fallback").order_by("-urgent", "filed_at", "ref")


def withdrawn(actor: Actor, since: datetime) -> QuerySet[Report]:
    """Reports that her desks had taken up and that the reporter has stopped since; nothing opens."""
    return Report.objects.filter(
        state=Report.State.WITHDRAWN, taken_by__in=actor.desk_ids, withdrawn_at__gte=since
    ).order_by("-withdrawn_at", "ref")


def receivers(region: str, office: Agency | None) -> list[Desk]:
    """The desks that may be chosen: those of the region first, then its province, then the rest.

    The office of the reported person, and every unit below it, is not among them.
    """
    desks = Desk.objects.filter(receiving=True, keypair__isnull=False, duty__in=RECEIVING_DUTIES)
    offered = [
        desk
        for desk in desks.select_related("agency__region").order_by("name", "pk")
        if not access.is_within(desk, office)
    ]
    return sorted(offered, key=lambda desk: _distance(desk, region))


RECEIVING_DUTIES = [Desk.Duty.COMPLAINTS, Desk.Duty.FOCAL_POINT, Desk.Duty.LEGAL_AID]


def fallback_for(receiver: Desk, office: Agency | None) -> Desk | None:
    """The desk that opens a report nobody answered: of another agency, outside the reported unit."""
    desks = Desk.objects.filter(fallback=True, receiving=True, keypair__isnull=False)
    for desk in desks.select_related("agency__region").order_by("pk"):
        if desk.agency_id != receiver.agency_id and not access.is_within(desk, office):
            return desk
    return None


def offices(region: str) -> QuerySet[Agency]:
    """The offices a reported person may work in: those of the province that have units or desks."""
    return Agency.objects.filter(region__pk__startswith=region[:2] or "").exclude(
        kind=Agency.Kind.NETWORK
    ).order_by("name", "pk")  # fmt: skip


def office_names(ids: Iterable[str]) -> dict[str, str]:
    """The names of agencies by row id, for what a reporter said of an office."""
    rows = Agency.objects.filter(pk__in=[int(one) for one in ids if one.isdecimal()])
    return {str(pk): name for pk, name in rows.order_by("pk").values_list("pk", "name")}


def answer_clock(report: Report) -> Clock | None:
    """The running clock of the first human reply."""
    return (
        Clock.objects.filter(subject=report.ref, rule="K02", stopped_at=None)
        .order_by("-due_at")
        .first()
    )


def _distance(desk: Desk, region: str) -> int:
    place = desk.agency.region_id
    if region and place == region:
        return 0
    return 1 if region and place == region[:2] else 2
