"""Who may see and do what with a report; the receipt is an actor too."""

from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import QuerySet, prefetch_related_objects

from simpul.core.access import NotYours
from simpul.network.actor import Actor
from simpul.network.models import Desk
from simpul.reports.models import (
    Attachment,
    Erasure,
    Escalation,
    Message,
    Part,
    Question,
    Report,
)
from simpul.reports.routing import Exclusion
from simpul.vault import envelopes, keydirectory
from simpul.vault.crypto import Pair
from simpul.vault.envelopes import OpenEnvelope
from simpul.vault.keyring import Keyring
from simpul.vault.models import Envelope, Grant


@dataclass
class Reporter:
    """Whoever holds a receipt, for the length of one request."""

    report: Report
    keyring: Keyring = field(repr=False)
    opened: dict[tuple[UUID, str], OpenEnvelope] = field(repr=False)
    desk_id: None = None

    @property
    def ref(self) -> UUID:
        """The reporter's key ref, the only name she has."""
        return self.report.keypair_id


def own_report(pair: Pair) -> Report:
    """How the report stands whose receipt this transaction's context names, or 404; nothing opens."""
    found = list(Report.objects.raw("SELECT * FROM public_own() r WHERE r.ref IS NOT NULL"))
    if not found or found[0].keypair_id != pair.ref:
        raise NotYours
    prefetch_related_objects(
        found, *(f"{desk}__agency__region" for desk in ("receiver", "fallback", "taken_by"))
    )
    return found[0]


def get_by_receipt(pair: Pair) -> Reporter:
    """The report of the receipt that this transaction's context names, with its keys, or 404."""
    report = own_report(pair)
    keyring = Keyring(pair)
    grants = list(Grant.objects.raw("SELECT * FROM public_grants()"))
    prefetch_related_objects(grants, "recipient", "granted_by")
    found = list(Envelope.objects.raw("SELECT * FROM public_envelopes()"))
    opened = envelopes.open_with(found, grants, keyring)
    return Reporter(
        report=report,
        keyring=keyring,
        opened={(e.envelope.record, e.envelope.compartment): e for e in opened.values()},
    )


def own_parts() -> list[Part]:
    """The sealed parts behind this receipt."""
    return list(Part.objects.raw("SELECT * FROM public_parts()"))


def own_messages() -> list[Message]:
    """The messages behind this receipt, oldest first."""
    messages = list(Message.objects.raw("SELECT * FROM public_messages()"))
    prefetch_related_objects(messages, "desk")
    return messages


def own_attachments() -> list[Attachment]:
    """The attachments behind this receipt, oldest first; their data stay in the database."""
    return list(
        Attachment.objects.raw(
            "SELECT ref, envelope_id, row_version, report_id, desk_id, message_id, added_at, about"
            " FROM public_attachments()"
        )
    )


def own_questions() -> list[Question]:
    """What is asked of the reporter behind this receipt, oldest first."""
    questions = list(Question.objects.raw("SELECT * FROM public_questions()"))
    prefetch_related_objects(questions, "desk")
    return questions


def own_escalations() -> list[Escalation]:
    """What is late of hers, and who was told."""
    found = list(Escalation.objects.raw("SELECT * FROM public_escalations()"))
    prefetch_related_objects(found, "desk", "late_desk__agency__region")
    return found


def get_escalation(actor: Actor, ref: UUID) -> Escalation:
    """Something late that a desk of hers outside the unit was told, or 404."""
    found = Escalation.objects.filter(ref=ref, desk__in=actor.desk_ids).first()
    if found is None:
        raise NotYours
    return found


def own_attachment(ref: UUID) -> Attachment:
    """One attachment behind this receipt, with its data, or 404."""
    found = list(
        Attachment.objects.raw("SELECT * FROM public_attachments() a WHERE a.ref = %s", [ref])
    )
    if not found:
        raise NotYours
    return found[0]


def own_part(ref: UUID) -> Part:
    """One part behind this receipt, or 404."""
    found = [part for part in own_parts() if part.ref == ref]
    if not found:
        raise NotYours
    return found[0]


def is_closed(reporter: Reporter, part: Part) -> bool:
    """Whether she has closed this part to every desk, while others stand open."""
    found = {one.envelope.ref: one.envelope for one in reporter.opened.values()}
    own = [e for e in found.values() if e.record == reporter.report.ref]
    return any(e.desks for e in own) and not found[part.envelope_id].desks


def own_erasure() -> Erasure | None:
    """The newest request to erase behind this receipt, if she made one."""
    found = list(Erasure.objects.raw("SELECT * FROM public_erasures()"))
    return found[-1] if found else None


def visible_erasures(actor: Actor) -> QuerySet[Erasure]:
    """The requests to erase at her desks, and those of desks that she supervises."""
    return Erasure.objects.select_related("desk__agency").order_by("due_at", "ref")


def get_erasure(actor: Actor, ref: UUID) -> Erasure:
    """A request to erase by its reference, or 404."""
    erasure = visible_erasures(actor).filter(ref=ref).first()
    if erasure is None:
        raise NotYours
    return erasure


def can_decide(actor: Actor, erasure: Erasure) -> bool:
    """Whether she works at the desk, or signs for its agency or one above."""
    if erasure.desk_id in actor.desk_ids:
        return True
    return actor.agency is not None and actor.agency.pk in erasure.desk.agency.line


def visible_reports(actor: Actor) -> QuerySet[Report]:
    """The reports that a desk of the actor may open now."""
    return Report.objects.filter(desks__overlap=actor.desk_ids)


def get_report(actor: Actor, code: str) -> Report:
    """A report by its reference, or 404."""
    report = (
        visible_reports(actor)
        .filter(code=code)
        .select_related("receiver__agency__region", "fallback", "owner", "deputy")
        .first()
    )
    if report is None:
        raise NotYours
    return report


def find_report(actor: Actor, code: str) -> Report | None:
    """A report that somebody typed the reference of, when one of her desks may open it."""
    return visible_reports(actor).filter(code=code).select_related("receiver", "fallback").first()


def can_read(actor: Actor, report: Report) -> bool:
    """Whether one of her desks has a live grant."""
    return actor.desk_among(report.desks) is not None


def can_answer(actor: Actor, report: Report) -> bool:
    """Whether her desk is the one that answers: who took it up, or who may while nobody has."""
    if report.taken_by_id is not None:
        return report.taken_by_id in actor.desk_ids
    return can_read(actor, report)


def can_take_down(actor: Actor) -> bool:
    """Whether one of her desks receives: then she may type for someone who speaks."""
    return any(may_receive(desk) for desk in actor.desks)


def may_receive(desk: Desk) -> bool:
    """Whether reports can be sealed to this desk."""
    return desk.receiving and desk.is_ready


def kept_out(keep_out: Exclusion) -> set[int]:
    """The desks that must not know, by row id, and every desk at which one of their members sits too."""
    found = shut_out(keep_out)
    members = keydirectory.current().members
    people = {person for desk, person in members if desk in found}
    return found | {desk for desk, person in members if person in people}


def shut_out(keep_out: Exclusion) -> set[int]:
    """The desks that were shut out themselves, by row id.

    Where a desk belongs, and who sits at it, is what two have signed, not what rows say.
    """
    directory = keydirectory.current()
    rows = Desk.objects.filter(pk__in=list(directory.agencies)).order_by("pk")
    return {
        pk
        for pk, ref, kind in rows.values_list("pk", "ref", "agency__type")
        if keep_out.keeps_out(str(ref), kind, directory.place(pk))
    }
