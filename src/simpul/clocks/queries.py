"""What is due."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from simpul.clocks.models import Clock


def due(code: str, now: datetime) -> QuerySet[Clock]:
    """The running clocks of a rule that have passed their time, oldest first."""
    return Clock.objects.filter(rule=code, stopped_at=None, due_at__lte=now).order_by("due_at")


def running(subject: UUID) -> QuerySet[Clock]:
    """The clocks that run on a record, the next due first."""
    return Clock.objects.filter(subject=subject, stopped_at=None).order_by("due_at")


def running_on(code: str, subjects: Iterable[UUID]) -> dict[UUID, Clock]:
    """The running clock of a rule on each of these records; where two run, the one due last."""
    clocks = Clock.objects.filter(rule=code, subject__in=list(subjects), stopped_at=None)
    return {clock.subject: clock for clock in clocks.order_by("due_at", "ref")}


def running_at(code: str, desks: Iterable[int]) -> list[Clock]:
    """The clocks of a rule that run for these desks, the next due first; at most a hundred."""
    running = Clock.objects.filter(rule=code, desk__in=list(desks), stopped_at=None)
    return list(running.order_by("due_at", "ref")[:100])


def any_missed(now: datetime) -> bool:
    """Whether any running clock has passed its time."""
    return Clock.objects.filter(stopped_at=None, due_at__lt=now).exists()


def next_on(codes: Iterable[str], subjects: Iterable[UUID]) -> dict[UUID, Clock]:
    """Of some rules' running clocks on each of these records the one that is due first."""
    clocks = Clock.objects.filter(
        rule__in=list(codes), subject__in=list(subjects), stopped_at=None
    )
    latest = {(clock.subject, clock.rule): clock for clock in clocks.order_by("due_at", "ref")}
    ordered = sorted(latest.values(), key=lambda clock: clock.due_at, reverse=True)
    return {clock.subject: clock for clock in ordered}
