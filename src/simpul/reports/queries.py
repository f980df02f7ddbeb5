"""Lists of reports, and the desks a reporter can choose from."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from simpul.accounts.models import User
from simpul.clocks import queries as clocks
from simpul.clocks.models import Clock
from simpul.directory import queries as directory
from simpul.handoffs import adapters as handoffs
from simpul.network import access as network
from simpul.network.actor import Actor
from simpul.network.models import Agency, Desk, Membership
from simpul.reports import access, content, outside, routing
from simpul.reports.models import (
    Departure,
    Erasure,
    Escalation,
    Link,
    Question,
    Report,
    SetAside,
    Tie,
)
from simpul.reports.routing import ORDINARY, Exclusion, Route
from simpul.vault import acts, keydirectory

LISTS: dict[str, Any] = {  # the lists of the inbox: name in the address → label
    "waiting": _("Menunggu"),
    "overdue": _("Terlambat"),
    "mine": _("Tugas saya"),
    "desk": _("Meja saya"),
    "held": _("Perlu dipilah"),
    "aside": _("Disisihkan"),
    "closed": _("Selesai"),
}


def listed(actor: Actor, name: str, now: datetime) -> QuerySet[Report]:
    """A list of the inbox: what claims danger first, then what is due next."""
    new, taken = Q(state=Report.State.NEW), Q(state=Report.State.TAKEN)
    lists = {
        "waiting": new & Q(aside_at=None, held=False),
        "held": new & Q(aside_at=None, held=True),
        "aside": new & Q(aside_at__isnull=False),
        "overdue": Q(due_at__lte=now),
        "mine": taken & Q(due_at__isnull=False) & (Q(owner=actor.user) | Q(deputy=actor.user)),
        "desk": taken & Q(due_at__isnull=False, taken_by__in=actor.desk_ids),
        "closed": taken & Q(due_at=None, taken_by__in=actor.desk_ids),
    }
    found = access.visible_reports(actor).filter(lists[name])
    return found.select_related("receiver", "fallback", "owner", "deputy", "taken_by").order_by(
        "-urgent", F("due_at").asc(nulls_last=True), "ref"
    )


def inbox(actor: Actor) -> QuerySet[Report]:
    """Reports that wait to be taken up: urgent first, then what is due next."""
    waiting = access.visible_reports(actor).filter(
        state=Report.State.NEW, aside_at=None, held=False
    )
    return waiting.select_related("receiver", "fallback").order_by("-urgent", "due_at", "ref")


def held_among(actor: Actor, codes: Iterable[str]) -> list[Report]:
    """Those of the tray of suspected floods that were ticked."""
    tray = access.visible_reports(actor).filter(state=Report.State.NEW, held=True, aside_at=None)
    return list(tray.filter(code__in=list(codes)).order_by("ref"))


def without_owner(actor: Actor) -> QuerySet[Report]:
    """Reports that her desks took up and whose owner has gone or is tied."""
    found = access.visible_reports(actor).filter(
        state=Report.State.TAKEN, owner=None, due_at__isnull=False, taken_by__in=actor.desk_ids
    )
    return found.order_by("-urgent", "due_at", "ref")


def escalations(actor: Actor) -> QuerySet[Escalation]:
    """What other desks are late with, told to her desks; oldest first."""
    told = Escalation.objects.filter(desk__in=actor.desk_ids, ended_at=None)
    return told.select_related("desk", "late_desk__agency").order_by("since_at", "ref")


def escalations_of(report: Report) -> QuerySet[Escalation]:
    """Whom outside the unit was told about this report, and is still told."""
    return report.escalations.filter(ended_at=None).select_related("desk").order_by("told_at")


def colleagues(report: Report) -> list[User]:
    """The present members of the desk that answers for the report."""
    desk = report.taken_by or report.receiver
    return list(network.members_of(desk))


def ties(report: Report) -> dict[int, str]:
    """Who has said what of ties to this report, by account."""
    return dict(report.declarations.order_by("made_at").values_list("user_id", "tie"))


def is_free(report: Report, user: User) -> bool:
    """Whether she has said that she is not tied to anybody in it."""
    return ties(report).get(user.pk) == Tie.NO


def is_tied(report: Report, user: User) -> bool:
    """Whether she has said that she is tied, or that she does not know."""
    return ties(report).get(user.pk, Tie.NO) != Tie.NO


def possible_owners(report: Report, desk: Desk) -> list[tuple[User, bool]]:
    """The members of the desk who are not tied, and whether they have said that they are free."""
    said = ties(report)
    return [
        (user, said.get(user.pk) == Tie.NO)
        for user in network.members_of(desk)
        if said.get(user.pk, Tie.NO) == Tie.NO
    ]


def desks_of(user: User) -> set[int]:
    """The desks where a person sits now: as two have signed, or as a row says that waits for them."""
    signed = {desk for desk, person in keydirectory.current().members if person == user.keypair_id}
    rows = Membership.objects.filter(user=user, until_at=None).order_by("desk")
    return signed | set(rows.values_list("desk_id", flat=True))


def set_aside_of(report: Report) -> SetAside | None:
    """Who asked to set the report aside, and who agreed, while that stands."""
    found = report.set_asides.filter(ended_at=None).select_related("asked_by", "agreed_by")
    return found.first()


def has_read(actor: Actor, report: Report) -> bool:
    """Whether she herself has opened the report."""
    return acts.has_done("reports.read", actor=actor.ref, record=report.ref)


def questions_of(report: Report) -> QuerySet[Question]:
    """What the desk has asked the reporter about handling reports together, newest first."""
    return report.questions.order_by("-asked_at", "ref")


def together_with(actor: Actor, report: Report) -> list[Report]:
    """The reports about the same event, all of whose reporters said yes."""
    known, fresh = {report.pk}, {report.pk}
    while fresh:
        links = Link.objects.filter(Q(first__in=fresh) | Q(second__in=fresh))
        fresh = {pk for pair in links.values_list("first_id", "second_id") for pk in pair} - known
        known |= fresh
    others = access.visible_reports(actor).filter(pk__in=known - {report.pk})
    return list(others.select_related("taken_by", "receiver", "owner").order_by("filed_at", "ref"))


def outside_for(
    late: Collection[Desk], said: Mapping[str, Any], *, first: Desk | None = None
) -> Desk | None:
    """The desk that is told when these are late: outside their line and every line that must not know.

    `said` is what the report says of the reported person.
    """
    out = access.kept_out(routing.exclusion(said))
    named = {ref for ref in [said.get("office"), *said.get("excluded", [])] if ref}
    offices = Agency.objects.filter(ref__in=named).order_by("pk")
    desks = Desk.objects.filter(keypair__isnull=False).exclude(pk__in=out)
    vouched = network.vouched(desks.select_related("agency__region").order_by("pk"))
    return outside.choose(
        [desk for desk in vouched if outside.coordinates(desk)],
        kept_out=[*(desk.agency for desk in late), *offices],
        near=next(iter(late)),
        first=first if first and first.pk not in out else None,
    )


def withdrawn(actor: Actor, since: datetime) -> QuerySet[Report]:
    """Reports that her desks had taken up and that the reporter has stopped since; nothing opens."""
    return Report.objects.filter(
        state=Report.State.WITHDRAWN, taken_by__in=actor.desk_ids, withdrawn_at__gte=since
    ).order_by("-withdrawn_at", "ref")


MOST_OFFERED = 6  # desks that a reporter chooses among
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


SIGNS = {"sms_notice": "sms", "whatsapp_notice": "whatsapp"}  # safe way that she chose → channel


def wished_sign(contact: Mapping[str, Any]) -> dict[str, Any]:
    """The sign that she chose: by which channel, and whether a provider of it is set; empty when none."""
    channel = SIGNS.get(contact.get("channel", ""))
    return {"channel": channel, "is_on": handoffs.is_any_on(channel)} if channel else {}


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
