"""Opening a case, reading it, writing into it, its next action, closing and reopening."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from simpul.accounts.models import User
from simpul.cases import access, identity, sharing
from simpul.cases.identity import Card
from simpul.cases.models import Case, Closure, Entry, Label, NextAction
from simpul.clocks.models import Clock
from simpul.core.access import AgainstTheRules, require
from simpul.network.actor import Actor
from simpul.network.models import Desk
from simpul.reports import actions as reports
from simpul.reports.actions import Filing, duties
from simpul.reports.models import Part, Report, Tie
from simpul.reports.reading import Answers
from simpul.vault import audit, context, envelopes
from simpul.vault.envelopes import OpenEnvelope
from simpul.vault.models import Compartment, Grant
from simpul.vault.receipts import Opened


class NotOpen(AgainstTheRules):
    """A closed case takes no new entries; it can be reopened."""

    def __init__(self) -> None:
        super().__init__(_("Kasus ini sudah ditutup. Buka lagi dulu."))


class StillReferred(AgainstTheRules):
    """A case with a running referral is not closed."""

    def __init__(self) -> None:
        super().__init__(_("Masih ada rujukan berjalan. Selesaikan dulu rujukannya."))


class NeedsNextAction(AgainstTheRules):
    """An open case always has a next action with a day."""

    def __init__(self) -> None:
        super().__init__(_("Tulis langkah berikutnya dan tanggalnya."))


@transaction.atomic
def open_from_report(
    *,
    actor: Actor,
    report: Report,
    label: str,
    next_action: str,
    due_at: datetime,
    risk: str,
    reporter_is_survivor: bool,
    now: datetime,
    owner: User | None = None,
    deputy: User | None = None,
) -> Case:
    """Takes up a report: from now on it has an owner, a next action and a case. Raises AlreadyTaken.

    The owner, herself where none is named, has declared that she is free of ties (`duties.declare`).
    """
    desk = actor.desk_among(report.desks)
    require(desk is not None)
    assert desk is not None
    if not next_action.strip():
        raise NeedsNextAction
    report = reports.take_up(
        actor=actor, report=report, desk=desk, owner=owner, deputy=deputy, now=now
    )
    # A reporter who has come back has a case already; its old pages stay closed.
    case = Case.objects.filter(report=report).first() or Case(
        ref=report.ref, report=report, opened_at=now, desks=[desk.pk]
    )
    case.desk, case.owner, case.state, case.risk = desk, owner or actor.user, Case.State.OPEN, risk
    case.reporter_is_survivor = reporter_is_survivor
    case.save()
    _make_envelopes(actor, case, desk)
    case.refresh_from_db()
    if label.strip():
        set_label(actor=actor, case=case, text=label)
    set_next_action(actor=actor, case=case, text=next_action, due_at=due_at, now=now)
    audit.record("cases.opened", actor=actor, record=case.ref, desk=desk.pk)
    return case


@transaction.atomic
def open_walk_in(
    *,
    actor: Actor,
    receipt: Opened,
    answers: Answers,
    desk: Desk,
    channel: str,
    label: str,
    next_action: str,
    due_at: datetime,
    risk: str,
    now: datetime,
) -> Case:
    """Writes down what someone says who has come or called, and opens her case at once.

    It is the same report as from the public door, with a receipt that is hers. Whoever is tied to
    one of the two sides does not write it down: the form has asked.
    """
    require(desk.pk in actor.desk_ids)
    context.say(person=actor.ref, desks=actor.desk_ids, receipt=receipt.lookup)
    reports.file(
        actor=Filing(actor.ref, desk.pk), receipt=receipt, answers=answers, receiver=desk,
        fallback=None, now=now, channel=channel,
    )  # fmt: skip
    report = Report.objects.get(lookup=receipt.lookup)
    known = Case.objects.filter(report=report).first()
    if known is None:
        duties.declare(actor=actor, report=report, tie=Tie.NO, now=now)
        known = open_from_report(
            actor=actor, report=report, label=label, next_action=next_action, due_at=due_at,
            risk=risk, reporter_is_survivor=True, now=now,
        )  # fmt: skip
    audit.record("cases.walked_in", actor=actor, record=known.ref, desk=desk.pk)
    return known


def _make_envelopes(actor: Actor, case: Case, desk: Desk) -> None:
    """Every compartment gets a key version of the case's own, which the reporter does not hold."""
    to = envelopes.desk_recipient(desk.pk)
    made = envelopes.create_all(case.ref, Compartment.values, desks=[desk.pk])
    own = actor.keyring.own
    envelopes.write_all(
        [envelopes.prepare(one, to=to, by=own, basis=Grant.Basis.OWN) for one in made]
    )


@dataclass(frozen=True, slots=True)
class CaseFile:
    """What of a case is open to this actor: entries, the report's answers, label, next action, card."""

    entries: list[tuple[Entry, str, str]]  # entry, compartment, text
    report: Answers
    label: str
    next_action: tuple[NextAction, str] | None
    closures: list[tuple[Closure, str]]
    open: list[str]
    closed: list[str]
    card: Card

    def texts(self, compartment: str) -> list[tuple[Entry, str]]:
        """The entries of one compartment, oldest first."""
        return [(entry, text) for entry, of, text in self.entries if of == compartment]


@transaction.atomic
def read(*, actor: Actor, case: Case) -> CaseFile:
    """Opens what the live grants open; the survivor will see which desk read what, and when."""
    require(access.can_read(actor, case))
    labels = _labels(actor, [case])
    found = envelopes.of_records([case.ref, case.report.dialogue])
    opened = envelopes.open_all([*found, *(row.envelope for row in labels)], actor.keyring)
    entries = [
        (entry, opened[entry.envelope_id].envelope.compartment,
         opened[entry.envelope_id].unseal(entry, "text"))
        for entry in case.entries.select_related("desk", "written_by").order_by("written_at", "ref")
        if entry.envelope_id in opened
    ]  # fmt: skip
    answers: Answers = {
        opened[part.envelope_id].envelope.compartment: json.loads(
            opened[part.envelope_id].unseal(part, "answers")
        )
        for part in Part.objects.filter(report_id=case.report_id).order_by("ref")
        if part.envelope_id in opened
    }
    parts = sorted({one.envelope.compartment for one in opened.values()
                    if one.envelope.record == case.ref})  # fmt: skip
    running = case.next_actions.filter(done_at=None).first()
    shown = CaseFile(
        entries=entries,
        report=answers,
        label=next(iter(_texts(labels, opened).values()), ""),
        next_action=(running, opened[running.envelope_id].unseal(running, "text"))
        if running and running.envelope_id in opened
        else None,
        closures=[
            (closure, opened[closure.envelope_id].unseal(closure, "note"))
            for closure in case.closures.order_by("-closed_at", "ref")
            if closure.envelope_id in opened
        ],
        open=parts,
        closed=[c for c in Compartment.values if c not in parts],
        card=_card(case, opened),
    )
    desk = actor.desk_among(case.desks)
    audit.record(
        "cases.read", actor=actor, record=case.ref, parts=parts, desk=desk.pk if desk else None
    )
    return shown


def _card(case: Case, opened: dict[UUID, OpenEnvelope]) -> Card:
    """The newest card of her identity that opens, or an empty one."""
    row = case.identities.filter(envelope__in=list(opened)).order_by("-written_at", "ref").first()
    return identity.unpacked(opened[row.envelope_id].unseal(row, "card")) if row else Card()


@transaction.atomic
def read_labels(*, actor: Actor, cases: list[Case]) -> dict[UUID, str]:
    """The working labels of a page of cases; one line for the whole page."""
    require(all(access.can_read(actor, case) for case in cases))
    rows = _labels(actor, cases)
    opened = envelopes.open_all({row.envelope for row in rows}, actor.keyring)
    audit.record("cases.listed", actor=actor)
    return _texts(rows, opened)


def _labels(actor: Actor, cases: list[Case]) -> list[Label]:
    found = Label.objects.filter(case__in=cases, desk__in=actor.desk_ids)
    return list(found.select_related("envelope").order_by("ref"))


def _texts(rows: list[Label], opened: dict[UUID, OpenEnvelope]) -> dict[UUID, str]:
    return {
        row.case_id: opened[row.envelope_id].unseal(row, "text")
        for row in rows
        if row.envelope_id in opened
    }


@transaction.atomic
def set_label(*, actor: Actor, case: Case, text: str) -> None:
    """Gives the case the desk's own short working label."""
    desk = actor.desk_among(case.desks)
    require(desk is not None)
    assert desk is not None
    opened = _label_envelope(actor, desk)
    row = Label.objects.select_for_update().filter(case=case, desk=desk).first()
    if row is None:
        row = Label(case=case, desk=desk)
    else:
        row.row_version += 1
    opened.seal(row, "text", text.strip()[:120])
    row.save()
    audit.record(
        "cases.labelled", actor=actor, record=case.ref, row=row.ref,
        content=envelopes.ciphertext(row), desk=desk.pk,
    )  # fmt: skip


def _label_envelope(actor: Actor, desk: Desk) -> OpenEnvelope:
    """A desk's labels lie in one envelope of its own, so that a page of them costs one opening."""
    envelope = envelopes.latest(desk.ref, Compartment.NOTES)
    if envelope is not None:
        return envelopes.open_envelope(envelope, actor.keyring)
    opened = envelopes.create(desk.ref, Compartment.NOTES, desks=[desk.pk])
    to = envelopes.desk_recipient(desk.pk)
    envelopes.grant(opened, to=to, by=actor.keyring.own, basis=Grant.Basis.OWN)
    return opened


@transaction.atomic
def write(
    *, actor: Actor, case: Case, ref: UUID, compartment: str, text: str, now: datetime
) -> Entry:
    """Adds an entry to a compartment; the same form sent twice is one entry."""
    require(access.can_lead(actor, case))
    if case.state != Case.State.OPEN:
        raise NotOpen
    known = Entry.objects.filter(ref=ref, case=case).first()
    if known is not None:
        return known
    entry = Entry(ref=ref, case=case, desk=case.desk, written_by=actor.user, written_at=now)
    sharing.to_write(actor, case, compartment, now).seal(entry, "text", text)
    entry.save(force_insert=True)
    audit.record(
        "cases.written", actor=actor, record=case.ref, row=ref, parts=[compartment],
        content=envelopes.ciphertext(entry), desk=case.desk_id,
    )  # fmt: skip
    return entry


@transaction.atomic
def set_next_action(
    *, actor: Actor, case: Case, text: str, due_at: datetime, now: datetime
) -> NextAction:
    """Marks the last next action done and sets a new one, in words that the survivor may read."""
    require(access.can_lead(actor, case))
    if case.state != Case.State.OPEN:
        raise NotOpen
    if not text.strip():
        raise NeedsNextAction
    _lock_report(case)
    Clock.stop("K31", subject=case.ref, now=now)
    Clock.start("K31", subject=case.ref, desk=case.desk, now=due_at, risk="")
    Case.objects.select_for_update().get(pk=case.pk)
    case.next_actions.filter(done_at=None).update(done_at=now)
    record = case.report.dialogue if case.reporter_is_survivor else case.ref
    envelope = envelopes.latest(record, Compartment.NOTES)
    assert envelope is not None
    row = NextAction(case=case, set_at=now, due_at=due_at)
    envelopes.open_envelope(envelope, actor.keyring, now=now).seal(row, "text", text)
    row.save(force_insert=True)
    case.due_at = due_at
    case.save(update_fields=["due_at"])
    audit.record(
        "cases.next_action_set", actor=actor, record=case.ref, row=row.ref,
        content=envelopes.ciphertext(row), desk=case.desk_id,
    )  # fmt: skip
    return row


def _lock_report(case: Case) -> None:
    """Clocks tell the report what is due. Whoever stops the report locks it first, so others do, too."""
    Report.objects.select_for_update(no_key=True).filter(pk=case.report_id).first()


@transaction.atomic
def set_risk(*, actor: Actor, case: Case, risk: str) -> None:
    """Records the risk level that drives the clocks."""
    require(access.can_lead(actor, case) and risk in Case.Risk.values)
    case.risk = risk
    case.save(update_fields=["risk"])
    audit.record("cases.risk_set", actor=actor, record=case.ref, desk=case.desk_id)


@transaction.atomic
def close(*, actor: Actor, case: Case, reason: str, note: str, now: datetime) -> Closure:
    """Closes a case: shares end, nothing is due any more; the survivor may come back."""
    require(access.can_lead(actor, case))
    _lock_report(case)
    case = Case.objects.select_for_update().get(pk=case.pk)
    if case.state != Case.State.OPEN:
        raise NotOpen
    if case.obligations.exists():
        raise StillReferred
    closure = Closure(case=case, reason=reason, closed_at=now)
    sharing.to_write(actor, case, Compartment.NOTES, now).seal(closure, "note", note)
    closure.save(force_insert=True)
    for share in case.shares.filter(ended_at=None):
        envelopes.end(share.ref, now=now)
    case.shares.filter(ended_at=None).update(ended_at=now)
    case.next_actions.filter(done_at=None).update(done_at=now)
    Clock.stop("K31", subject=case.ref, now=now)
    case.state, case.due_at = Case.State.CLOSED, None
    case.save(update_fields=["state", "due_at"])
    audit.record(
        "cases.closed", actor=actor, record=case.ref, row=closure.ref,
        content=envelopes.ciphertext(closure), desk=case.desk_id,
    )  # fmt: skip
    return closure


@transaction.atomic
def reopen(*, actor: Actor, case: Case, text: str, due_at: datetime, now: datetime) -> None:
    """Opens a closed case again, with a next action."""
    require(access.can_lead(actor, case))
    _lock_report(case)
    case = Case.objects.select_for_update().select_related("report", "desk").get(pk=case.pk)
    if case.state == Case.State.CLOSED:
        case.closures.filter(reopened_at=None).update(reopened_at=now)
        case.state = Case.State.OPEN
        case.save(update_fields=["state"])
        set_next_action(actor=actor, case=case, text=text, due_at=due_at, now=now)
    audit.record("cases.reopened", actor=actor, record=case.ref, desk=case.desk_id)
