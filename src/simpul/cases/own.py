"""What the survivor sees of her own case behind her receipt: the next step, and her consents."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import prefetch_related_objects

from simpul.cases.models import Consent, NextAction
from simpul.reports import words
from simpul.reports.access import Reporter
from simpul.vault.models import Compartment


@dataclass(frozen=True, slots=True)
class Step:
    """What happens next, in words, and until when."""

    text: str
    due_at: datetime


def next_step(reporter: Reporter) -> Step | None:
    """The next action of her case; None without a case, or when she reported for someone else."""
    row = next(iter(NextAction.objects.raw("SELECT * FROM public_next_actions()")), None)
    opened = reporter.opened.get((reporter.report.dialogue, Compartment.NOTES))
    if row is None or opened is None:
        return None
    return Step(opened.unseal(row, "text"), row.due_at)


def consents() -> list[Consent]:
    """Her consents, the newest first."""
    found = list(Consent.objects.raw("SELECT * FROM public_consents()"))
    prefetch_related_objects(found, "desk")
    return found[::-1]


@dataclass(frozen=True, slots=True)
class Permission:
    """A consent as she reads it: which desk, which parts, what for, and whether it stands."""

    consent: Consent
    parts: list[str]
    stands: bool


def permissions(today: date) -> list[Permission]:
    """Her consents in words, the newest first."""
    return [
        Permission(
            consent,
            [words.compartment(part) for part in consent.compartments],
            consent.stands_on(today),
        )
        for consent in consents()
    ]
