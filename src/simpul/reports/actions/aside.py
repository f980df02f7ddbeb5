"""What is no report: set aside by two who have read it, looked at again, back at a word of the reporter."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from simpul.core.access import AgainstTheRules, require
from simpul.network.actor import Actor
from simpul.reports import access, queries
from simpul.reports.models import Report, SetAside
from simpul.vault import audit


class AnswerFirst(AgainstTheRules):
    """It claims danger: nobody sets it aside before an attempt to answer."""

    def __init__(self) -> None:
        super().__init__(_("Laporan ini menyebut bahaya. Coba jawab pelapor dulu."))


class AnotherMust(AgainstTheRules):
    """One colleague asks, another agrees, and both have read the report."""

    def __init__(self) -> None:
        super().__init__(_("Rekan lain yang sudah membaca laporan ini harus menyetujuinya."))


@transaction.atomic
def ask(*, actor: Actor, report: Report, reason: str, now: datetime) -> None:
    """A first colleague thinks that it is no report; nothing changes before a second has read it.

    Raises AnswerFirst.
    """
    require(access.can_read(actor, report) and reason in SetAside.Reason.values)
    _check(report)
    running = SetAside.objects.filter(report=report, ended_at=None).first()
    if running is None:
        running = SetAside(report=report, reason=reason, asked_by=actor.user, asked_at=now)
        running.save(force_insert=True)
    desk = actor.desk_among(report.desks)
    audit.record(
        "reports.set_aside_asked", actor=actor, record=report.ref, row=running.ref,
        parts=[running.reason], desk=desk.pk if desk else None,
    )  # fmt: skip


@transaction.atomic
def agree(*, actor: Actor, report: Report, now: datetime) -> None:
    """A second one who has read it agrees: it goes to a tray, where it stays listed.

    Agreeing again after seven days keeps it there for seven more. Raises AnswerFirst, AnotherMust.
    """
    require(access.can_read(actor, report))
    _check(report)
    row = SetAside.objects.select_for_update().filter(report=report, ended_at=None).first()
    if row is None or row.asked_by_id == actor.user.pk or not queries.has_read(actor, report):
        raise AnotherMust
    row.agreed_by, row.agreed_at = actor.user, now
    row.save(update_fields=["agreed_by", "agreed_at"])
    desk = actor.desk_among(report.desks)
    audit.record(
        "reports.set_aside", actor=actor, record=report.ref, row=row.ref, parts=[row.reason],
        desk=desk.pk if desk else None,
    )  # fmt: skip


@transaction.atomic
def bring_back(*, actor: Actor, report: Report, now: datetime) -> None:
    """It is a report after all: it is back in the inbox, and the reply is due again."""
    require(access.can_read(actor, report))
    _lock(report)
    SetAside.objects.filter(report=report, ended_at=None).update(ended_at=now)
    desk = actor.desk_among(report.desks)
    audit.record(
        "reports.brought_back", actor=actor, record=report.ref, desk=desk.pk if desk else None
    )


@transaction.atomic
def release(*, actor: Actor, reports: Iterable[Report]) -> int:
    """What only looked like a flood goes back to the other reports; returns how many."""
    found = list(reports)
    require(all(access.can_read(actor, report) for report in found))
    with connection.cursor() as cursor:
        cursor.execute("SELECT reports_release(%s)", [[report.ref for report in found]])
        released = int(cursor.fetchone()[0])
    audit.record("reports.released", actor=actor)
    return released


@transaction.atomic
def ask_many(*, actor: Actor, reports: Iterable[Report], reason: str, now: datetime) -> int:
    """The same first step for many of the tray, each on its own; returns how many.

    What claims danger, and what somebody has asked already, is left out. She must have read each.
    """
    require(reason in SetAside.Reason.values)
    asked = 0
    for report in reports:
        if report.urgent or not queries.has_read(actor, report):
            continue
        ask(actor=actor, report=report, reason=reason, now=now)
        asked += 1
    audit.record("reports.tray_sorted", actor=actor)
    return asked


def _check(report: Report) -> None:
    _lock(report)
    if report.state != Report.State.NEW:
        raise AnotherMust
    if report.urgent and not report.messages.filter(desk__isnull=False).exists():
        raise AnswerFirst


def _lock(report: Report) -> None:
    Report.objects.select_for_update(no_key=True).filter(pk=report.pk).first()
