"""Lists of reports, and the desks a reporter can choose from."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from simpul.clocks import queries as clocks
from simpul.clocks.models import Clock
from simpul.directory import queries as directory
from simpul.network import access as network
from simpul.network.actor import Actor
from simpul.network.models import Agency, Desk
from simpul.reports import access, content
from simpul.reports.models import Departure, Erasure, Report


def inbox(actor: Actor) -> QuerySet[Report]:
    """Reports that wait to be taken up: urgent first, then the oldest."""
    waiting = access.visible_reports(actor).filter(state=Report.State.NEW)
    return waiting.select_related("receiver", "fallback").order_by("-urgent", "filed_at", "ref")


def withdrawn(actor: Actor, since: datetime) -> QuerySet[Report]:
    """Reports that her desks had taken up and that the reporter has stopped since; nothing opens."""
    return Report.objects.filter(
        state=Report.State.WITHDRAWN, taken_by__in=actor.desk_ids, withdrawn_at__gte=since
    ).order_by("-withdrawn_at", "ref")


def receivers(
    region: str,
    office: Agency | None,
    *,
    excluded: Collection[Agency] = (),
    needs: Collection[str] = (),
) -> list[Desk]:
    """The desks that may be chosen: those of the region first, then its province, then the rest.

    Among equally near ones those come first that help with more of the needs. The office of the
    reported person, every office that must not know, and every unit below, is not among them.
    """
    desks = Desk.objects.filter(receiving=True, keypair__isnull=False, duty__in=RECEIVING_DUTIES)
    offered = [
        desk
        for desk in network.vouched(desks.select_related("agency__region").order_by("name", "pk"))
        if not _is_kept_out(desk, office, excluded)
    ]
    helps = directory.kinds_of(offered)

    def order(desk: Desk) -> tuple[int, int, int]:
        helped = content.needs_met(needs, helps[desk.pk])
        return _distance(desk, region), -len(helped), RECEIVING_DUTIES.index(desk.duty)

    return sorted(offered, key=order)


RECEIVING_DUTIES: list[str] = [Desk.Duty.COMPLAINTS, Desk.Duty.FOCAL_POINT, Desk.Duty.LEGAL_AID]


def fallback_for(
    receiver: Desk, office: Agency | None, *, excluded: Collection[Agency] = ()
) -> Desk | None:
    """The desk that opens a report nobody answered: of another agency, outside what is kept out."""
    desks = Desk.objects.filter(fallback=True, receiving=True, keypair__isnull=False)
    for desk in network.vouched(desks.select_related("agency__region").order_by("pk")):
        if desk.agency_id != receiver.agency_id and not _is_kept_out(desk, office, excluded):
            return desk
    return None


def must_tell_police(desk: Desk) -> bool:
    """Whether the desk must pass on sexual violence in 3 x 24 hours (UU 12/2022 art. 41(2))."""
    return desk.agency.type == "uptd_ppa"


def offices(region: str) -> QuerySet[Agency]:
    """The offices a reported person may work in: those of the province that have units or desks."""
    return Agency.objects.filter(region__pk__startswith=region[:2] or "").exclude(
        kind=Agency.Kind.NETWORK
    ).order_by("name", "pk")  # fmt: skip


def agencies(refs: Iterable[str]) -> QuerySet[Agency]:
    """Agencies by reference: the offices that a reporter named."""
    return Agency.objects.filter(ref__in=list(refs)).order_by("pk")


def office_names(refs: Iterable[str]) -> dict[str, str]:
    """The names of agencies by reference, for what a reporter said of an office."""
    rows = Agency.objects.filter(ref__in=refs)
    return {str(ref): name for ref, name in rows.order_by("pk").values_list("ref", "name")}


def erasable() -> list[UUID]:
    """The reports that are due to be erased; the database checks each again when it is done."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT worker_erasable()")
        return [row[0] for row in cursor.fetchall()]


def has_case() -> bool:
    """Whether a case has grown from the report behind this receipt."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT public_has_case()")
        return bool(cursor.fetchone()[0])


def handled(report: UUID) -> bool:
    """Whether the person of this request ever did or read anything of a report."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reports_handled(%s)", [report])
        return bool(cursor.fetchone()[0])


def frozen(actor: Actor) -> QuerySet[Report]:
    """Reports that her desks answer and that the reporter has closed for now; nothing opens."""
    closed = Report.objects.filter(frozen_at__isnull=False, state__in=["new", "taken"])
    return closed.order_by("-frozen_at", "ref")


def departures(actor: Actor, since: datetime) -> QuerySet[Departure]:
    """Reports whose reporter chose another desk since; only that she did is known."""
    found = Departure.objects.filter(desk__in=actor.desk_ids, left_at__gte=since)
    return found.order_by("-left_at", "ref")


def unanswered(actor: Actor) -> list[tuple[Report, Clock]]:
    """The reports whose reporter waits for an answer to a message, the next due first (K30)."""
    waiting = clocks.running_at("K30", actor.desk_ids)
    found = access.visible_reports(actor).in_bulk([clock.subject for clock in waiting])
    return [(found[clock.subject], clock) for clock in waiting if clock.subject in found]


def erasures(actor: Actor) -> QuerySet[Erasure]:
    """Requests to erase that wait, the next due first."""
    waiting = {"done_at": None, "cancelled_at": None, "refused_at": None}
    return access.visible_erasures(actor).filter(**waiting)


def answer_clock(report: Report) -> Clock | None:
    """The running clock of the first human reply."""
    return (
        Clock.objects.filter(subject=report.ref, rule="K02", stopped_at=None)
        .order_by("-due_at")
        .first()
    )


def _is_kept_out(desk: Desk, office: Agency | None, excluded: Collection[Agency]) -> bool:
    return any(access.is_within(desk, agency) for agency in [office, *excluded])


def _distance(desk: Desk, region: str) -> int:
    """0 her own regency, 1 its province or, where she did not say, any province, 2 near, 3 far."""
    place = desk.agency.region_id
    if region and place == region:
        return 0
    if place == region[:2] or (not region and len(place) == 2):
        return 1
    return 2 if place[:2] == region[:2] else 3
