"""Who may see and do what with a case."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from simpul.cases.models import Case, Consent, Document, Identity
from simpul.core.access import NotYours
from simpul.network.actor import Actor
from simpul.reports.models import Report
from simpul.vault.models import Grant


def visible_cases(actor: Actor) -> QuerySet[Case]:
    """The cases on which a desk of the actor has a live grant."""
    return Case.objects.filter(desks__overlap=actor.desk_ids)


def get_case(actor: Actor, code: str) -> Case:
    """A case by its reference, or 404."""
    case = (
        visible_cases(actor)
        .filter(code=code)
        .select_related("desk__agency__region", "owner", "report__owner", "report__deputy")
        .first()
    )
    if case is None:
        raise NotYours
    return case


def get_case_of(actor: Actor, report: Report) -> Case:
    """The case that was opened from a report, or 404."""
    case = visible_cases(actor).filter(report=report).first()
    if case is None:
        raise NotYours
    return case


def get_consent(actor: Actor, case: Case, ref: str) -> Consent:
    """A consent of a case that the actor leads, or 404."""
    consent = Consent.objects.filter(case=case, ref=ref).select_related("desk__agency").first()
    if consent is None:
        raise NotYours
    return consent


def identities(desk: int, cases: Iterable[UUID], now: datetime) -> QuerySet[Identity]:
    """The cards of these cases that a grant opens to the desk at this moment, the newest first."""
    ending = Q(until_at=None) | Q(until_at__gt=now)
    grants = Grant.objects.filter(ending, desk=desk, state=Grant.State.LIVE)
    found = Identity.objects.filter(case__in=list(cases), envelope__in=grants.values("envelope"))
    return found.order_by("-written_at", "ref")


def identified(actor: Actor, cases: list[UUID], now: datetime) -> list[Case]:
    """Those of the cases whose identity one of her desks may read at this moment."""
    open_now = {
        case
        for desk in actor.desk_ids
        for case in identities(desk, cases, now).values_list("case_id", flat=True)
    }
    found = visible_cases(actor).filter(pk__in=open_now)
    return list(found.select_related("desk", "owner").order_by("ref"))


def get_document(case: Case, ref: UUID) -> Document:
    """A whole file of a case that is there and open to this request, or 404."""
    whole = Document.objects.filter(case=case, finished_at__isnull=False, removed_at=None)
    found = whole.filter(ref=ref).select_related("envelope").first()
    if found is None:
        raise NotYours
    return found


def can_read(actor: Actor, case: Case) -> bool:
    """Whether one of her desks has a live grant."""
    return actor.desk_among(case.desks) is not None


def can_lead(actor: Actor, case: Case) -> bool:
    """Whether her desk owns the case: only it writes, shares, refers and closes."""
    return case.desk_id in actor.desk_ids
