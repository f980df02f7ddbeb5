"""Filing, reading, answering, taking up and stopping a report."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from simpul.accounts.models import User
from simpul.clocks.models import Clock
from simpul.core.access import AgainstTheRules, require
from simpul.network.actor import Actor
from simpul.network.models import Desk
from simpul.reports import access, attaching, content, guardrails, queries, reading, triage
from simpul.reports.access import Reporter
from simpul.reports.actions import duties
from simpul.reports.actions.pledges import Unread
from simpul.reports.models import Attachment, Message, Part, Report
from simpul.reports.reading import Answers, Reading
from simpul.vault import audit, context, envelopes, rows
from simpul.vault.crypto import Pair
from simpul.vault.envelopes import OpenEnvelope
from simpul.vault.models import Compartment, Envelope, Grant, KeyPair
from simpul.vault.receipts import Opened
from simpul.vault.scrub import Scrubbed


class AlreadyTaken(AgainstTheRules):
    """A colleague was faster; one report has one owner."""

    def __init__(self) -> None:
        super().__init__(_("Rekan lain sudah menangani laporan ini."))


class Stopped(AgainstTheRules):
    """The reporter has stopped the report."""

    def __init__(self) -> None:
        super().__init__(_("Laporan ini sudah dihentikan oleh pelapor."))


class Frozen(AgainstTheRules):
    """The reporter has closed the report for now, or asked to erase it."""

    def __init__(self) -> None:
        super().__init__(_("Laporan ini sedang ditutup. Buka lagi dulu."))


class CannotReceive(AgainstTheRules):
    """The chosen desk cannot receive now."""

    def __init__(self) -> None:
        super().__init__(_("Tempat ini sedang tidak bisa menerima. Pilih tempat lain."))


@dataclass(frozen=True, slots=True)
class Filing:
    """Someone at the public door who is nobody yet, or the desk that writes for her."""

    ref: UUID | None = None
    desk_id: int | None = None


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of a filing: `filed`, `again` within the hour, or `known` from before."""

    outcome: str

    @property
    def shows_words(self) -> bool:
        """Whether the receipt may be shown (again)."""
        return self.outcome in {"filed", "again"}


@transaction.atomic
def file(
    *,
    actor: Filing,
    receipt: Opened,
    answers: Answers,
    receiver: Desk,
    fallback: Desk | None,
    now: datetime,
    channel: str = Report.Channel.WEB,
    held: bool = False,
) -> Filed:
    """Seals a report to the desk that was chosen, asleep to the fallback desk, and to the reporter.

    The same receipt again changes nothing. The transaction's context must name the receipt.
    """
    if not access.may_receive(receiver):
        raise CannotReceive
    require(fallback is None or fallback.receiving)
    filed = _compose(receipt, answers, receiver, fallback, now, channel)
    filed.report.held = held
    desks = [receiver] if fallback is None else [receiver, fallback]
    filed.report.outside = queries.outside_for(desks, answers.get(Compartment.REPORTED_PERSON, {}))
    outcome = Filed(rows.call("public_file_report", filed.as_json()))
    if outcome.outcome == "filed":
        for part in filed.parts:
            audit.record(
                "reports.filed", actor=actor, record=filed.report.ref, row=part.ref,
                parts=[part.envelope.compartment], content=envelopes.ciphertext(part),
            )  # fmt: skip
    return outcome


@dataclass
class _Composed:
    report: Report
    keypair: KeyPair
    opened: list[OpenEnvelope]
    grants: list[Grant]
    parts: list[Part]

    def as_json(self) -> dict[str, Any]:
        return {
            "report": rows.as_json(self.report),
            "keypair": rows.as_json(self.keypair),
            "envelopes": [rows.as_json(one.envelope) for one in self.opened],
            "grants": [rows.as_json(grant) for grant in self.grants],
            "parts": [rows.as_json(part) for part in self.parts],
        }


def _compose(
    receipt: Opened,
    answers: Answers,
    receiver: Desk,
    fallback: Desk | None,
    now: datetime,
    channel: str,
) -> _Composed:
    """All rows of a report, sealed, before any of them is written."""
    pair = receipt.pair
    keypair = KeyPair(
        ref=pair.ref, kind=KeyPair.Kind.REPORTER, public=pair.public, verifying=pair.verifying
    )
    report = Report(
        lookup=receipt.lookup,
        keypair=keypair,
        channel=channel,
        urgent=_is_urgent(answers),
        receiver=receiver,
        fallback=fallback,
        text_version=content.version(),
        filed_at=now,
    )
    composed = _Composed(report, keypair, [], [], [])
    for compartment, said in answers.items():
        opened = _fresh(report.ref, compartment)
        part = Part(report=report)
        opened.seal(part, "answers", json.dumps(said, ensure_ascii=False))
        composed.opened.append(opened)
        composed.parts.append(part)
    composed.opened.append(_fresh(report.dialogue, Compartment.NOTES))
    desks = [receiver] if fallback is None else [receiver, fallback]
    recipients = envelopes.desk_recipients([desk.pk for desk in desks])
    own = envelopes.reporter_recipient(pair)
    for opened in composed.opened:
        for to in recipients:
            asleep = to.desk != receiver.pk
            composed.grants.append(
                envelopes.prepare(
                    opened, to=to, by=pair, basis=Grant.Basis.CHOICE, tags=[report.ref],
                    state=Grant.State.DORMANT if asleep else Grant.State.LIVE,
                )
            )  # fmt: skip
        composed.grants.append(envelopes.prepare(opened, to=own, by=pair, basis=Grant.Basis.OWN))
    return composed


def _fresh(record: UUID, compartment: str) -> OpenEnvelope:
    return envelopes.fresh(Envelope(record=record, compartment=compartment))


def _is_urgent(answers: Answers) -> bool:
    return triage.is_urgent(answers.get(Compartment.SAFETY, {}))


@transaction.atomic
def read(*, actor: Actor, report: Report) -> Reading:
    """A desk opens a report; the reporter will see which desk read what, and when."""
    require(access.can_read(actor, report))
    found = envelopes.of_record(report.ref) + envelopes.of_record(report.dialogue)
    opened = envelopes.open_all(found, actor.keyring)
    shown = reading.assemble(
        opened,
        list(Part.objects.filter(report=report).order_by("ref")),
        list(report.messages.select_related("desk").order_by("sent_at", "ref")),
        list(report.attachments.defer("data").order_by("added_at", "ref")),
    )
    desk = actor.desk_among(report.desks)
    audit.record(
        "reports.read", actor=actor, record=report.ref, parts=shown.answers.keys(),
        desk=desk.pk if desk else None,
    )  # fmt: skip
    return shown


@transaction.atomic
def read_labels(*, actor: Actor, reports: list[Report]) -> dict[UUID, dict[str, Any]]:
    """The needs and region of a page of reports, for the inbox; one line for the whole page."""
    require(all(access.can_read(actor, report) for report in reports))
    found = Envelope.objects.filter(
        record__in=[report.ref for report in reports],
        compartment=Compartment.NOTES, key_version=1,
    )  # fmt: skip
    opened = envelopes.open_all(found, actor.keyring)
    labels = {
        part.report_id: json.loads(opened[part.envelope_id].unseal(part, "answers"))
        for part in Part.objects.filter(envelope__in=list(opened))
    }
    audit.record("reports.listed", actor=actor)
    return labels


@transaction.atomic
def send(
    *, actor: Reporter, ref: UUID, text: str, now: datetime, file: Scrubbed | None = None
) -> None:
    """The reporter writes to the desk that answers her, with a file or without.

    The same form sent twice is one message.
    """
    require(bool(text.strip()))
    _check_open(actor.report)
    opened = actor.opened[actor.report.dialogue, Compartment.NOTES]
    message = Message(ref=ref, report=actor.report, sent_at=now)
    opened.seal(message, "text", text)
    if rows.call("public_send", rows.as_json(message)):
        if file is not None:
            attach(actor=actor, ref=uuid4(), file=file, name="", now=now, message=ref)
        audit.record(
            "reports.message_sent", actor=actor, row=ref, content=envelopes.ciphertext(message)
        )


@transaction.atomic
def answer(
    *,
    actor: Actor,
    report: Report,
    ref: UUID,
    text: str,
    now: datetime,
    file: Scrubbed | None = None,
) -> Message:
    """A desk writes to the reporter, with a file if it has one; the same form twice is one message."""
    require(access.can_answer(actor, report))
    if report.state == Report.State.WITHDRAWN:
        raise Stopped
    known = Message.objects.filter(ref=ref, report=report).first()
    if known is not None:
        return known
    envelope = envelopes.latest(report.dialogue, Compartment.NOTES)
    assert envelope is not None
    desk = actor.desk_among(report.desks)
    message = Message(ref=ref, report=report, desk=desk, sent_at=now)
    opened = envelopes.open_envelope(envelope, actor.keyring, now=now)
    opened.seal(message, "text", text)
    message.save(force_insert=True)
    if file is not None:
        _attach_to(message, opened, file, actor=actor, now=now)
    # The report before its clocks, as stopping it does.
    Report.objects.select_for_update(no_key=True).filter(pk=report.pk).first()
    Clock.stop("K30", subject=report.ref, now=now)
    audit.record(
        "reports.answered", actor=actor, record=report.ref, row=ref,
        content=envelopes.ciphertext(message), desk=desk.pk if desk else None,
    )  # fmt: skip
    return message


@transaction.atomic
def attach(
    *,
    actor: Reporter,
    ref: UUID,
    file: Scrubbed,
    name: str,
    now: datetime,
    message: UUID | None = None,
) -> None:
    """Seals a scrubbed file into the report, or beside a message; the same form twice is one file."""
    require(len(file.data) > 0)
    _check_open(actor.report)
    dialogue = actor.opened[actor.report.dialogue, Compartment.NOTES]
    incident = actor.opened.get((actor.report.ref, Compartment.INCIDENT))
    opened = dialogue if message or incident is None else incident
    attachment = Attachment(ref=ref, report=actor.report, message_id=message, added_at=now)
    attaching.seal(opened, attachment, file)
    if rows.call("public_attach", rows.as_json(attachment)):
        audit.record(
            "reports.file_added", actor=actor, row=ref, content=envelopes.ciphertext(attachment)
        )


def _attach_to(
    message: Message, opened: OpenEnvelope, file: Scrubbed, *, actor: Actor, now: datetime
) -> None:
    """A file beside a desk's own message; the same form sent twice is one file."""
    attachment = Attachment(
        report=message.report, message=message, desk=message.desk, added_at=now
    )
    attaching.seal(opened, attachment, file)
    attachment.save(force_insert=True)
    audit.record(
        "reports.file_sent", actor=actor, record=message.report_id, row=attachment.ref,
        content=envelopes.ciphertext(attachment), desk=message.desk_id,
    )  # fmt: skip


def _check_open(report: Report) -> None:
    if report.frozen_at is not None:
        raise Frozen
    if report.state in {Report.State.WITHDRAWN, Report.State.ERASED}:
        raise Stopped


@transaction.atomic
def open_file(*, actor: Actor, report: Report, ref: UUID) -> tuple[dict[str, Any], bytes] | None:
    """A desk opens an attachment; the reporter will see that it did."""
    require(access.can_read(actor, report))
    row = Attachment.objects.filter(report=report, ref=ref).select_related("envelope").first()
    if row is None:
        return None
    opened = envelopes.open_envelope(row.envelope, actor.keyring)
    about, data = json.loads(opened.unseal(row, "about")), opened.unseal_file(row, "data")
    desk = actor.desk_among(report.desks)
    audit.record(
        "reports.file.read", actor=actor, record=report.ref, row=ref,
        parts=[row.envelope.compartment], desk=desk.pk if desk else None,
    )  # fmt: skip
    return about, data


@transaction.atomic
def withdraw(*, actor: Reporter, now: datetime) -> None:
    """The reporter stops everything: every desk's access ends with this transaction."""
    require(actor.report.ref is not None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT public_withdraw_report()")
        if cursor.fetchone()[0]:
            audit.record("reports.withdrawn", actor=actor)


@transaction.atomic
def reopen(*, actor: Reporter, now: datetime) -> bool:
    """The reporter comes back: the desk that last answered may read what she wrote again.

    What the desk itself had written stays closed, as it was when she stopped the report.
    """
    require(actor.report.ref is not None)
    report = actor.report
    desks = {report.taken_by_id or report.receiver_id, report.fallback_id} - {None}
    recipients = envelopes.desk_recipients([desk for desk in desks if desk is not None])
    grants = [
        envelopes.prepare(
            opened, to=to, by=actor.keyring.own, basis=Grant.Basis.CHOICE, tags=[report.ref]
        )
        for opened in actor.opened.values()
        if opened.envelope.record in {report.ref, report.dialogue}
        for to in recipients
    ]
    back = bool(rows.call("public_reopen", [rows.as_json(grant) for grant in grants]))
    audit.record("reports.reopened", actor=actor)
    return back


@transaction.atomic
def take_up(
    *,
    actor: Actor,
    report: Report,
    desk: Desk,
    owner: User | None = None,
    deputy: User | None = None,
    now: datetime,
) -> Report:
    """A desk takes a report on: it has an owner, the clock stops, and the other desk's access ends.

    The owner has declared herself free of ties before. Raises AlreadyTaken, Unread, Tied, OfThatOffice.
    """
    require(desk.pk in actor.desk_ids and access.can_read(actor, report))
    if not guardrails.are_acknowledged(actor.user, now):
        raise Unread
    if queries.is_tied(report, actor.user):
        raise duties.Tied
    locked = Report.objects.select_for_update().filter(pk=report.pk).first()
    if locked is None:  # the other desk was faster, and this one's access ended with that
        raise AlreadyTaken
    report = locked
    if report.state == Report.State.WITHDRAWN:
        raise Stopped
    if report.state != Report.State.NEW:
        raise AlreadyTaken
    report.state = Report.State.TAKEN
    report.taken_at, report.taken_by = now, desk
    report.save(update_fields=["state", "taken_at", "taken_by"])
    Clock.stop("K02", subject=report.ref, now=now)
    envelopes.end(report.ref, now=now, keep=desk.pk)
    duties.assign(
        actor=actor, report=report, owner=owner or actor.user, deputy=deputy, reason="taken_up"
    )
    report.refresh_from_db()
    audit.record("reports.taken_up", actor=actor, record=report.ref, desk=desk.pk)
    return report


@transaction.atomic
def wake(*, actor: Filing, report: UUID) -> bool:
    """The clock of the first reply has run out: the fallback desk's grants wake, by metadata alone."""
    require(actor.ref is None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT worker_wake(%s)", [report])
        woken = bool(cursor.fetchone()[0])
    if woken:
        audit.record("reports.woken", actor=actor, record=report)
    return woken


@transaction.atomic
def record_refusals(*, actor: Filing, count: int) -> None:
    """Writes down how many wrong receipts the last hour saw; whose they were is not known."""
    require(actor.ref is None and count > 0)
    audit.record("reports.refused_hourly", actor=actor, parts=[str(count)])


@transaction.atomic
def replace_receipt(*, actor: Reporter, fresh: Opened) -> None:
    """Gives the report other words: new key, new look-up id; the old words open nothing any more."""
    require(actor.report.ref is not None)
    pair: Pair = fresh.pair
    own = envelopes.reporter_recipient(pair)
    keypair = KeyPair(
        ref=pair.ref, kind=KeyPair.Kind.REPORTER, public=pair.public, verifying=pair.verifying
    )
    grants = [
        envelopes.prepare(opened, to=own, by=pair, basis=Grant.Basis.OWN)
        for opened in actor.opened.values()
    ]
    rows.call(
        "public_replace_receipt",
        {
            "lookup": "\\x" + fresh.lookup.hex(),
            "keypair": rows.as_json(keypair),
            "grants": [rows.as_json(grant) for grant in grants],
        },
    )
    context.say(receipt=fresh.lookup)  # from here on the report answers to the new words
    audit.record("reports.receipt_replaced", actor=actor, row=pair.ref)
