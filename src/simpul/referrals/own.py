"""What the survivor sees of the places that were asked to help her, behind her receipt."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import prefetch_related_objects

from simpul.directory import queries as directory
from simpul.referrals.models import Referral, ReportBack
from simpul.reports.access import Reporter
from simpul.vault.models import Compartment


@dataclass(frozen=True, slots=True)
class Asked:
    """One place that was asked: for which help, what it answered, and what it reported since."""

    referral: Referral
    service: str
    reports_back: list[tuple[datetime, str]]


def asked(reporter: Reporter) -> list[Asked]:
    """The places that were asked, the newest first; empty when she reported for someone else."""
    found = list(Referral.objects.raw("SELECT * FROM public_referrals()"))
    prefetch_related_objects(found, "to_desk")
    back: dict[UUID, list[ReportBack]] = {}
    for row in ReportBack.objects.raw("SELECT * FROM public_reports_back()"):
        back.setdefault(row.referral_id, []).append(row)
    kinds = directory.kinds()
    return [_asked(reporter, row, back.get(row.ref, []), kinds) for row in reversed(found)]


def _asked(
    reporter: Reporter, referral: Referral, back: list[ReportBack], kinds: dict[str, str]
) -> Asked:
    opened = reporter.opened.get((referral.ref, Compartment.NOTES))
    if opened is None:
        return Asked(referral, "", [])
    need = json.loads(opened.unseal(referral, "need"))
    return Asked(
        referral,
        kinds.get(need["service"], need["service"]),
        [(row.written_at, opened.unseal(row, "text")) for row in back],
    )
