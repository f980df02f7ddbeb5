"""Asking another desk, its answer, hearing back, and the end."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from simpul.cases import access as case_access
from simpul.cases import sharing
from simpul.cases.actions.consents import ConsentMissing
from simpul.cases.models import Case, Consent
from simpul.clocks import rules
from simpul.clocks.models import Clock
from simpul.core.access import AgainstTheRules, require
from simpul.network.actor import Actor
from simpul.referrals import access
from simpul.referrals.models import Referral, ReportBack
from simpul.vault import audit, envelopes
from simpul.vault.envelopes import OpenEnvelope
from simpul.vault.models import Compartment, Grant


class NotWaiting(AgainstTheRules):
    """The referral has been answered, has ended, or its consent was taken back."""

    def __init__(self) -> None:
        super().__init__(_("Rujukan ini sudah dijawab atau sudah berakhir."))


class NeedsReason(AgainstTheRules):
    """Saying no needs a reason, so that the sender can find another place."""

    def __init__(self) -> None:
        super().__init__(_("Tulis alasannya, supaya pengirim bisa mencari tempat lain."))


@dataclass(frozen=True, slots=True)
class Need:
    """The minimum that the receiver reads before accepting: no name, no story."""

    service: str
    note: str = ""
    age_band: str = ""
    region: str = ""
    language: str = ""
    accessibility: str = ""


@transaction.atomic
def send(
    *,
    actor: Actor,
    case: Case,
    ref: UUID,
    consent: Consent,
    compartments: list[str],
    need: Need,
    urgency: str,
    now: datetime,
) -> Referral:
    """Asks a desk for help; the parts she agreed to lie ready and open only when it accepts.

    The same form sent twice is one referral. Raises ConsentMissing, Excluded.
    """
    require(case_access.can_lead(actor, case) and case.state == Case.State.OPEN)
    known = Referral.objects.filter(ref=ref, case=case).first()
    if known is not None:
        return known
    to_desk = consent.desk
    today = sharing.today(case, now)
    if not consent.covers(to_desk, compartments, today):
        raise ConsentMissing
    sharing.check_not_excluded(actor, case, to_desk)
    referral = Referral(
        ref=ref,
        case=case,
        consent=consent,
        compartments=sorted(compartments),
        from_desk=case.desk,
        to_desk=to_desk,
        urgency=urgency,
        sent_at=now,
        due_at=rules.rule("K29").due(now, urgency),
        desks=sorted({case.desk_id, to_desk.pk}),
    )
    _seal_need(actor, case, referral, need)
    sharing.grant_parts(
        actor, case, consent, compartments, tag=referral.ref, state=Grant.State.DORMANT
    )
    Clock.start("K29", subject=referral.ref, desk=to_desk, now=now, risk=urgency)
    audit.record(
        "referrals.sent", actor=actor, record=case.ref, row=referral.ref, parts=compartments,
        content=envelopes.ciphertext(referral), desk=case.desk_id,
    )  # fmt: skip
    return referral


def _seal_need(actor: Actor, case: Case, referral: Referral, need: Need) -> None:
    """The need lies in an envelope of its own: for the two desks, and for the survivor."""
    own, by = case.desk_id, actor.keyring.own
    until = sharing.until_at(case, referral.consent)
    opened = envelopes.create(referral.ref, Compartment.NOTES, desks=[own, referral.to_desk_id])
    envelopes.grant(opened, to=envelopes.desk_recipient(own), by=by, basis=Grant.Basis.OWN)
    opened.seal(referral, "need", json.dumps(asdict(need), ensure_ascii=False))
    referral.save(force_insert=True)
    envelopes.grant(
        opened, to=envelopes.desk_recipient(referral.to_desk_id), by=by,
        basis=Grant.Basis.CONSENT, tags=[referral.consent_id], until=until,
    )  # fmt: skip
    if case.reporter_is_survivor:
        reporter = envelopes.reporter_recipient(case.report.keypair)
        envelopes.grant(opened, to=reporter, by=by, basis=Grant.Basis.OWN)


@dataclass(frozen=True, slots=True)
class Slip:
    """A referral as its reader may see it."""

    need: Need
    answer: str
    reports_back: list[tuple[ReportBack, str]]


@transaction.atomic
def read(*, actor: Actor, referral: Referral) -> Slip | None:
    """Opens the minimum and what was reported back; nothing when the consent has ended."""
    require(access.can_end(actor, referral))
    found = envelopes.of_record(referral.ref)
    opened = envelopes.open_all(found, actor.keyring).get(referral.envelope_id)
    if opened is None:
        audit.record("referrals.found_closed", actor=actor, record=referral.ref)
        return None
    slip = Slip(
        need=Need(**json.loads(opened.unseal(referral, "need"))),
        answer=opened.unseal(referral, "answer"),
        reports_back=[
            (row, opened.unseal(row, "text"))
            for row in referral.reports_back.order_by("written_at", "ref")
        ],
    )
    desk = actor.desk_among([referral.to_desk_id, referral.from_desk_id])
    audit.record(
        "referrals.read", actor=actor, record=referral.ref, desk=desk.pk if desk else None
    )
    return slip


@transaction.atomic
def read_needs(*, actor: Actor, referrals: list[Referral]) -> dict[UUID, Need]:
    """The needs of a page of referrals; one line for the whole page."""
    require(all(access.can_end(actor, referral) for referral in referrals))
    found = envelopes.of_records([row.ref for row in referrals])
    opened = envelopes.open_all(found, actor.keyring)
    needs = {
        row.ref: Need(**json.loads(opened[row.envelope_id].unseal(row, "need")))
        for row in referrals
        if row.envelope_id in opened
    }
    audit.record("referrals.listed", actor=actor)
    return needs


@transaction.atomic
def accept(*, actor: Actor, referral: Referral, now: datetime) -> None:
    """The asked desk says yes: exactly the agreed compartments open to it. Raises NotWaiting."""
    referral = _locked(referral)
    require(access.can_answer(actor, referral))
    if referral.state != Referral.State.SENT:
        raise NotWaiting
    _open(actor, referral, now)  # what has run out cannot be accepted
    referral.state, referral.answered_at = Referral.State.ACCEPTED, now
    referral.save(update_fields=["state", "answered_at"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT referrals_wake(%s)", [referral.ref])
    Clock.stop("K29", subject=referral.ref, now=now)
    audit.record("referrals.accepted", actor=actor, record=referral.ref, desk=referral.to_desk_id)


@transaction.atomic
def decline(*, actor: Actor, referral: Referral, reason: str, now: datetime) -> None:
    """The asked desk says no, and why; what lay ready for it ends. Raises NotWaiting, NeedsReason."""
    referral = _locked(referral)
    require(access.can_answer(actor, referral))
    if referral.state != Referral.State.SENT:
        raise NotWaiting
    if not reason.strip():
        raise NeedsReason
    _open(actor, referral, now).seal(referral, "answer", reason)
    referral.state, referral.answered_at = Referral.State.DECLINED, now
    referral.save(update_fields=["state", "answered_at", "answer"])
    envelopes.end(referral.ref, now=now)
    Clock.stop("K29", subject=referral.ref, now=now)
    audit.record(
        "referrals.declined", actor=actor, record=referral.ref, row=referral.ref,
        content=envelopes.ciphertext(referral), desk=referral.to_desk_id,
    )  # fmt: skip


@transaction.atomic
def report_back(
    *, actor: Actor, referral: Referral, ref: UUID, text: str, now: datetime
) -> ReportBack:
    """The helping desk tells the sender, and the survivor, what was done; twice sent is one."""
    referral = _locked(referral)
    require(access.can_answer(actor, referral) and bool(text.strip()))
    known = ReportBack.objects.filter(ref=ref, referral=referral).first()
    if known is not None:
        return known
    if referral.state not in {Referral.State.ACCEPTED, Referral.State.REPORTED}:
        raise NotWaiting
    row = ReportBack(ref=ref, referral=referral, written_at=now)
    _open(actor, referral, now).seal(row, "text", text)
    row.save(force_insert=True)
    referral.state = Referral.State.REPORTED
    referral.save(update_fields=["state"])
    audit.record(
        "referrals.reported_back", actor=actor, record=referral.ref, row=ref,
        content=envelopes.ciphertext(row), desk=referral.to_desk_id,
    )  # fmt: skip
    return row


@transaction.atomic
def end(*, actor: Actor, referral: Referral, now: datetime) -> None:
    """The help is given or no longer needed: the grants that the referral carried end with it."""
    referral = _locked(referral)
    require(access.can_end(actor, referral))
    if referral.state not in {Referral.State.DECLINED, Referral.State.WITHDRAWN}:
        referral.state = Referral.State.ENDED
        referral.ended_at = referral.ended_at or now
        referral.save(update_fields=["state", "ended_at"])
        envelopes.end(referral.ref, now=now)
        Clock.stop("K29", subject=referral.ref, now=now)
    audit.record("referrals.ended", actor=actor, record=referral.ref)


def _open(actor: Actor, referral: Referral, now: datetime) -> OpenEnvelope:
    """The referral's own envelope. Raises NotWaiting when its consent has ended meanwhile."""
    found = envelopes.of_record(referral.ref)
    opened = envelopes.open_all(found, actor.keyring, now=now).get(referral.envelope_id)
    if opened is None:
        raise NotWaiting
    return opened


def _locked(referral: Referral) -> Referral:
    """The row as it stands now; the second of two answers waits for the first."""
    rows = Referral.objects.select_for_update(of=("self",))
    return rows.get(pk=referral.pk)
