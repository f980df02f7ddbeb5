"""Lists of reports, and the desks a reporter can choose from."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import QuerySet

from simpul.clocks.models import Clock
from simpul.directory import queries as directory
from simpul.network import access as network
from simpul.network.actor import Actor
from simpul.network.models import Agency, Desk
from simpul.reports import access, content
from simpul.reports.models import Report
from simpul.reports.routing import ORDINARY, Exclusion, Route


def inbox(actor: Actor) -> QuerySet[Report]:
    """Reports that wait to be taken up: urgent first, then the oldest."""
    waiting = access.visible_reports(actor).filter(state=Report.State.NEW)
    return waiting.select_related("receiver", "fallback").order_by("-urgent", "filed_at", "ref")


def withdrawn(actor: Actor, since: datetime) -> QuerySet[Report]:
    """Reports that her desks had taken up and that the reporter has stopped since; nothing opens."""
    return Report.objects.filter(
        state=Report.State.WITHDRAWN, taken_by__in=actor.desk_ids, withdrawn_at__gte=since
    ).order_by("-withdrawn_at", "ref")


RECEIVING_DUTIES: list[str] = [Desk.Duty.COMPLAINTS, Desk.Duty.FOCAL_POINT, Desk.Duty.LEGAL_AID]


def receivers(
    region: str, keep_out: Exclusion, *, needs: Collection[str] = (), rules: Route = ORDINARY
) -> list[Desk]:
    """The desks that may be chosen, in the order in which they are offered.

    What the rules put first for this kind of person, and what they put last, frames the rest: there the
    region comes first, then its province, then others; among equally near ones the dinas where a regency
    has no UPTD, then those that help with more of the needs. Nobody who must not know is among them.
    """
    duties = [*RECEIVING_DUTIES, *rules.also]
    ready = Desk.objects.filter(receiving=True, keypair__isnull=False)
    desks = network.vouched(ready.select_related("agency__region").order_by("name", "pk"))
    out = access.kept_out(keep_out)
    offered = [desk for desk in desks if desk.duty in duties and desk.pk not in out]
    helps = directory.kinds_of(offered)
    stand_in = _stand_in(region)

    def order(desk: Desk) -> tuple[int, int, bool, int, int]:
        helped = content.needs_met(needs, helps[desk.pk])
        return (
            rules.rank(desk.agency.type, desk.duty) if desk.agency.type != stand_in else 0,
            _distance(desk, region),
            desk.agency.type != stand_in,
            -len(helped),
            duties.index(desk.duty),
        )

    return sorted(offered, key=order)


def _stand_in(region: str) -> str:
    """The type of agency that does the work of a UPTD PPA where a regency has none (UU 12/2022)."""
    here = Agency.objects.filter(region=region, type=Agency.Type.UPTD_PPA)
    has_uptd = here.filter(desks__receiving=True, desks__keypair__isnull=False).exists()
    return "" if not region or has_uptd else Agency.Type.DINAS.value


def fallback_for(
    receiver: Desk, keep_out: Exclusion, *, region: str = "", rules: Route = ORDINARY
) -> Desk | None:
    """The desk that opens a report nobody answered: of another agency, outside what is kept out.

    The province's UPTD comes first, above all where a dinas stands in for one.
    """
    out = access.kept_out(keep_out)
    ready = Desk.objects.filter(fallback=True, receiving=True, keypair__isnull=False)
    desks = network.vouched(ready.select_related("agency__region").order_by("pk"))
    place = region or receiver.agency.region_id

    def order(desk: Desk) -> tuple[int, bool, int, int]:
        provincial = desk.agency.region_id == place[:2]
        is_uptd = desk.agency.type == Agency.Type.UPTD_PPA
        rank = rules.rank(desk.agency.type, desk.duty)
        return rank, not (provincial and is_uptd), _distance(desk, place), desk.pk

    others = [d for d in desks if d.agency_id != receiver.agency_id and d.pk not in out]
    return min(others, key=order, default=None)


def must_tell_police(desk: Desk) -> bool:
    """Whether the desk must pass on sexual violence in 3 x 24 hours (UU 12/2022 art. 41(2))."""
    return desk.agency.type == "uptd_ppa"


def offices(region: str) -> QuerySet[Agency]:
    """The offices a reported person may work in: those of the province that have units or desks."""
    return Agency.objects.filter(region__pk__startswith=region[:2] or "").exclude(
        kind=Agency.Kind.NETWORK
    ).order_by("name", "pk")  # fmt: skip


def desks(refs: Iterable[str]) -> list[Desk]:
    """The desks of these references, by name."""
    return list(Desk.objects.filter(ref__in=refs).order_by("name", "pk"))


def office_names(refs: Iterable[str]) -> dict[str, str]:
    """The names of agencies and desks by reference, for what a reporter said must not know."""
    wanted = list(refs)
    named = [
        *Agency.objects.filter(ref__in=wanted).order_by("pk").values_list("ref", "name"),
        *Desk.objects.filter(ref__in=wanted).order_by("pk").values_list("ref", "name"),
    ]
    return {str(ref): name for ref, name in named}


def answer_clock(report: Report) -> Clock | None:
    """The running clock of the first human reply."""
    return (
        Clock.objects.filter(subject=report.ref, rule="K02", stopped_at=None)
        .order_by("-due_at")
        .first()
    )


def _distance(desk: Desk, region: str) -> int:
    """0 her own regency, 1 its province or, where she did not say, any province, 2 near, 3 far."""
    place = desk.agency.region_id
    if region and place == region:
        return 0
    if place == region[:2] or (not region and len(place) == 2):
        return 1
    return 2 if place[:2] == region[:2] else 3
