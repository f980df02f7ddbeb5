"""Lists of cases, by what is due."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, QuerySet

from simpul.cases import access
from simpul.cases.models import Case, Closure, Consent, Document, Share
from simpul.network.actor import Actor
from simpul.network.models import Desk
from simpul.vault import audit
from simpul.vault.audit import Read


def worklist(actor: Actor, *, state: str = Case.State.OPEN) -> QuerySet[Case]:
    """The desk's own cases in a state, the next due first."""
    own = access.visible_cases(actor).filter(desk__in=actor.desk_ids, state=state)
    return own.select_related("desk", "owner", "report").order_by(
        F("due_at").asc(nulls_first=True), "ref"
    )


def shared_with(actor: Actor) -> QuerySet[Case]:
    """Other desks' cases of which a part is open to hers."""
    shared = access.visible_cases(actor).exclude(desk__in=actor.desk_ids)
    return shared.select_related("desk", "owner", "report").order_by("-opened_at", "ref")


def overdue(actor: Actor, now: datetime) -> QuerySet[Case]:
    """Open cases whose next action is late, or that have none."""
    return worklist(actor).filter(due_at__lte=now) | worklist(actor).filter(due_at=None)


def due_until(actor: Actor, now: datetime, end: datetime) -> QuerySet[Case]:
    """Open cases whose next action is due between now and then."""
    return worklist(actor).filter(due_at__gt=now, due_at__lte=end)


def consents(case: Case) -> QuerySet[Consent]:
    """The consents of a case, the newest first."""
    return case.consents.select_related("desk__agency").order_by("-recorded_at", "ref")


def shares(case: Case) -> QuerySet[Share]:
    """What is open to other desks now."""
    running = case.shares.filter(ended_at=None)
    return running.select_related("consent__desk").order_by("-shared_at", "ref")


def closures(case: Case) -> QuerySet[Closure]:
    """When and why the case was closed, the newest first."""
    return case.closures.order_by("-closed_at", "ref")


def unfinished(now: datetime) -> list[UUID]:
    """Files whose upload began more than a day ago and never came to an end."""
    late = Document.objects.filter(finished_at=None, begun_at__lte=now - timedelta(days=1))
    return list(late.order_by("begun_at", "ref").values_list("ref", flat=True)[:500])


def partners(case: Case) -> list[Desk]:
    """The desks of other agencies that content can be sealed to."""
    ready = Desk.objects.filter(keypair__isnull=False).exclude(pk=case.desk_id)
    return list(ready.select_related("agency__region").order_by("name", "pk"))


def history(record: UUID) -> list[tuple[Read, str]]:
    """Which desk read what and when, with the desk's name."""
    reads = list(audit.reads_of(record))
    names = dict(Desk.objects.filter(pk__in={r.desk_id for r in reads}).values_list("pk", "name"))
    return [(read, names.get(read.desk_id, "")) for read in reads]
