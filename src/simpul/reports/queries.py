"""Lists of reports, and the desks a reporter can choose from."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from simpul.accounts.models import User
from simpul.clocks.models import Clock
from simpul.directory import queries as directory
from simpul.network import access as network
from simpul.network.actor import Actor
from simpul.network.models import Agency, Desk, Membership
from simpul.reports import access, content, outside
from simpul.reports.models import Escalation, Link, Question, Report, SetAside, Tie
from simpul.vault import acts

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


def desks_of(user: User) -> list[int]:
    """The desks where a person sits now."""
    found = Membership.objects.filter(user=user, until_at=None).order_by("desk")
    return list(found.values_list("desk_id", flat=True))


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
    late: Collection[Desk], kept_out: Collection[Agency], *, first: Desk | None = None
) -> Desk | None:
    """The desk that is told when these are late: outside their line and every line that must not know."""
    desks = Desk.objects.filter(keypair__isnull=False).select_related("agency__region")
    return outside.choose(
        [desk for desk in network.vouched(desks.order_by("pk")) if outside.coordinates(desk)],
        kept_out=[*(desk.agency for desk in late), *kept_out],
        near=next(iter(late)),
        first=first,
    )


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


def office_names(refs: Iterable[str]) -> dict[str, str]:
    """The names of agencies by reference, for what a reporter said of an office."""
    rows = Agency.objects.filter(ref__in=refs)
    return {str(ref): name for ref, name in rows.order_by("pk").values_list("ref", "name")}


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
