"""Who may see and do what with a case."""

from uuid import UUID

from django.db.models import QuerySet

from simpul.cases.models import Case, Consent, Document
from simpul.core.access import NotYours
from simpul.network.actor import Actor
from simpul.reports.models import Report


def visible_cases(actor: Actor) -> QuerySet[Case]:
    """The cases on which a desk of the actor has a live grant."""
    return Case.objects.filter(desks__overlap=actor.desk_ids)


def get_case(actor: Actor, code: str) -> Case:
    """A case by its reference, or 404."""
    case = (
        visible_cases(actor)
        .filter(code=code)
        .select_related("desk__agency__region", "owner", "report")
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
