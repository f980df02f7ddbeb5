"""What a reporter decides later: another desk, fewer parts, closed for now, erased."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from simpul.core.access import AgainstTheRules, require
from simpul.network.actor import Actor
from simpul.network.models import Desk
from simpul.reports import access, actions, queries, reading
from simpul.reports.access import Reporter
from simpul.reports.actions import CannotReceive
from simpul.reports.models import Erasure, Part
from simpul.vault import audit, envelopes, rows
from simpul.vault.models import Grant


class HasCase(AgainstTheRules):
    """A case has grown from the report; its owner changes in another way."""

    def __init__(self) -> None:
        super().__init__(_("Laporan ini sudah menjadi kasus. Kirim pesan untuk berganti petugas."))


class NotInTime(AgainstTheRules):
    """The request was decided meanwhile, or whoever asks had a part in the report."""

    def __init__(self) -> None:
        super().__init__(_("Permintaan ini sudah diputus, atau Anda ikut menangani laporannya."))


@dataclass(frozen=True, slots=True)
class Due:
    """The worker, who knows nobody."""

    ref: UUID | None = None
    desk_id: int | None = None


@transaction.atomic
def change_receiver(
    *, actor: Reporter, receiver: Desk, fallback: Desk | None, now: datetime
) -> None:
    """Another desk answers from now on: the present ones' access ends in the same transaction.

    Parts that she had closed stay closed. Raises CannotReceive, HasCase, Frozen.
    """
    require(fallback is None or fallback.receiving)
    report = actor.report
    if report.frozen_at is not None:
        raise actions.Frozen
    if _asked("public_has_case"):
        raise HasCase
    if not access.may_receive(receiver):
        raise CannotReceive
    closed = {part.envelope_id for part in access.own_parts() if access.is_closed(actor, part)}
    desks = [receiver] if fallback is None else [receiver, fallback]
    grants = _grants(actor, desks, {report.ref, report.dialogue}, without=closed)
    said = reading.read_own(actor).answers.get("reported_person", {})
    outside = queries.outside_for(desks, said, first=fallback)
    moved = {
        "receiver": receiver.pk,
        "fallback": fallback.pk if fallback else None,
        "outside": outside.pk if outside else None,
        "grants": grants,
    }
    if not rows.call("public_move", moved):
        raise CannotReceive
    audit.record("reports.moved", actor=actor)


@transaction.atomic
def close_part(*, actor: Reporter, part: Part) -> None:
    """One part of what she wrote is closed to every desk at once."""
    require(part.report_id == actor.report.ref)
    if _asked("public_close_part", part.ref):
        audit.record(
            "reports.part_closed", actor=actor, row=part.ref, parts=[_compartment(actor, part)]
        )


@transaction.atomic
def open_part(*, actor: Reporter, part: Part) -> None:
    """A part that was closed opens again to the desk that answers."""
    require(part.report_id == actor.report.ref)
    report = actor.report
    answering = report.taken_by or report.receiver
    found = [answering] if report.fallback is None else [answering, report.fallback]
    envelope = {one.envelope.ref for one in actor.opened.values()} - {part.envelope_id}
    grants = _grants(actor, found, {report.ref}, without=envelope)
    if rows.call("public_open_part", {"part": str(part.ref), "grants": grants}):
        audit.record(
            "reports.part_opened", actor=actor, row=part.ref, parts=[_compartment(actor, part)]
        )


@transaction.atomic
def freeze(*, actor: Reporter) -> None:
    """Closes everything to every desk, until she opens it again; clocks stand still."""
    require(actor.report.ref is not None)
    if _asked("public_freeze"):
        audit.record("reports.frozen", actor=actor)


@transaction.atomic
def thaw(*, actor: Reporter) -> None:
    """She opens it again: desks see what they saw before."""
    require(actor.report.ref is not None)
    if _asked("public_thaw"):
        audit.record("reports.thawed", actor=actor)


@transaction.atomic
def ask_erasure(*, actor: Reporter, ref: UUID) -> None:
    """Closes everything at once and asks to erase it: within 72 hours it is gone (K18)."""
    require(actor.report.ref is not None)
    if _asked("public_ask_erasure", ref):
        audit.record("reports.erasure_asked", actor=actor, row=ref)


@transaction.atomic
def cancel_erasure(*, actor: Reporter) -> None:
    """She keeps it after all; it stays closed until she opens it."""
    require(actor.report.ref is not None)
    if cancelled := _asked("public_cancel_erasure"):
        audit.record("reports.erasure_cancelled", actor=actor, row=cancelled)


@transaction.atomic
def erase(*, actor: Actor, erasure: Erasure) -> None:
    """The desk carries an erasure out before its time. Raises NotInTime."""
    require(erasure.desk_id in actor.desk_ids)
    report = _asked("reports_erase", erasure.ref)
    if report is None:
        raise NotInTime
    audit.record("reports.erased", actor=actor, record=report)


@transaction.atomic
def refuse_erasure(*, actor: Actor, erasure: Erasure, reason: str) -> None:
    """Somebody who had no part in the report refuses, for a listed reason. Raises NotInTime."""
    require(access.can_decide(actor, erasure))
    report = _asked("reports_refuse_erasure", erasure.ref, reason)
    if report is None:
        raise NotInTime
    audit.record(
        "reports.erasure_refused", actor=actor, record=report, row=erasure.ref, parts=[reason]
    )


@transaction.atomic
def erase_due(*, actor: Due, report: UUID) -> bool:
    """What was asked for 72 hours ago and not refused, or kept for its year, is erased."""
    require(actor.ref is None)
    erased = bool(_asked("worker_erase", report))
    if erased:
        audit.record("reports.erased", actor=actor, record=report)
    return erased


def come_back() -> None:
    """Keeps the report of this receipt for another year; no line tells on which day she was here."""
    _asked("public_come_back")


def _grants(
    actor: Reporter, desks: list[Desk], records: set[UUID], *, without: set[UUID]
) -> list[dict[str, Any]]:
    recipients = envelopes.desk_recipients([desk.pk for desk in desks])
    return [
        rows.as_json(
            envelopes.prepare(
                opened, to=to, by=actor.keyring.own, basis=Grant.Basis.CHOICE,
                tags=[actor.report.ref],
            )
        )
        for opened in actor.opened.values()
        if opened.envelope.record in records and opened.envelope.ref not in without
        for to in recipients
    ]  # fmt: skip


def _compartment(actor: Reporter, part: Part) -> str:
    return next(
        one.envelope.compartment
        for one in actor.opened.values()
        if one.envelope.ref == part.envelope_id
    )


def _asked(function: str, *arguments: Any) -> Any:
    marks = ", ".join(["%s"] * len(arguments))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}({marks})", list(arguments))
        return cursor.fetchone()[0]
