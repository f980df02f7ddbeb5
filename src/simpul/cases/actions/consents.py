"""The survivor's yes and no: consents, shares under them, and taking them back."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from simpul.cases import access, sharing
from simpul.cases.models import Case, Consent, Share
from simpul.core.access import AgainstTheRules, require
from simpul.network.actor import Actor
from simpul.network.models import Desk
from simpul.reports import content
from simpul.reports.access import Reporter
from simpul.vault import audit, envelopes
from simpul.vault.models import Grant

LONGEST = timedelta(days=366)


class ConsentMissing(AgainstTheRules):
    """Nothing is shared that the survivor has not agreed to."""

    def __init__(self) -> None:
        super().__init__(_("Belum ada izin yang mencakup ini. Tanyakan dulu kepada penyintas."))


class TooLong(AgainstTheRules):
    """A consent has an end, within a year."""

    def __init__(self) -> None:
        super().__init__(_("Izin berlaku paling lama satu tahun. Pilih tanggal yang lebih dekat."))


@transaction.atomic
def record_consent(
    *,
    actor: Actor,
    case: Case,
    ref: UUID,
    desk: Desk,
    compartments: list[str],
    purpose: str,
    until: date,
    given: str,
    now: datetime,
) -> Consent:
    """Writes down the survivor's yes: to whom, which parts, what for, until when, how she said it.

    The seven things that UU 27/2022 art. 21 wants said are the text of `text_version`.
    """
    require(access.can_lead(actor, case))
    known = Consent.objects.filter(ref=ref, case=case).first()
    if known is not None:
        return known
    today = sharing.today(case, now)
    if not today < until <= today + LONGEST:
        raise TooLong
    sharing.check_not_excluded(actor, case, desk)
    consent = Consent.objects.create(
        ref=ref,
        case=case,
        desk=desk,
        compartments=sorted(compartments),
        purpose=purpose,
        from_on=today,
        until_on=until,
        given=given,
        text_version=content.version(),
        recorded_by=actor.user,
        recorded_at=now,
    )
    audit.record(
        "cases.consent_given", actor=actor, record=case.ref, row=ref, parts=consent.compartments,
        desk=case.desk_id,
    )  # fmt: skip
    return consent


@transaction.atomic
def share(
    *, actor: Actor, case: Case, consent: Consent, compartments: list[str], now: datetime
) -> Share:
    """Opens compartments to a desk: grants to the keys, no copy. Raises ConsentMissing, Excluded."""
    require(access.can_lead(actor, case))
    desk = consent.desk
    if not compartments or not consent.covers(desk, compartments, sharing.today(case, now)):
        raise ConsentMissing
    sharing.check_not_excluded(actor, case, desk)
    made = Share.objects.create(
        case=case, consent=consent, compartments=sorted(compartments), shared_at=now
    )
    sharing.grant_parts(actor, case, consent, compartments, tag=made.ref, state=Grant.State.LIVE)
    audit.record(
        "cases.shared", actor=actor, record=case.ref, row=made.ref, parts=compartments,
        desk=case.desk_id,
    )  # fmt: skip
    return made


@transaction.atomic
def stop_sharing(*, actor: Actor, case: Case, share: Share, now: datetime) -> None:
    """Ends one share; the consent stays and may be used again."""
    require(access.can_lead(actor, case) and share.case_id == case.pk)
    envelopes.end(share.ref, now=now)
    share.ended_at = share.ended_at or now
    share.save(update_fields=["ended_at"])
    audit.record("cases.share_ended", actor=actor, record=case.ref, row=share.ref)


@transaction.atomic
def withdraw(*, actor: Actor, case: Case, consent: Consent, now: datetime) -> None:
    """The survivor told her owner to take a consent back: every grant that carries it ends now."""
    require(access.can_lead(actor, case) and consent.case_id == case.pk)
    if consent.withdrawn_at is None:
        consent.withdrawn_at = now
        consent.save(update_fields=["withdrawn_at"])
        envelopes.end(consent.ref, now=now)
        case.shares.filter(consent=consent, ended_at=None).update(ended_at=now)
        with connection.cursor() as cursor:
            cursor.execute("SELECT referrals_withdraw(%s)", [consent.ref])
    audit.record(
        "cases.consent_withdrawn", actor=actor, record=case.ref, row=consent.ref, desk=case.desk_id
    )


@transaction.atomic
def withdraw_own(*, actor: Reporter, consent: UUID, now: datetime) -> bool:
    """The survivor takes a consent back behind her receipt; nobody is asked."""
    require(actor.report.ref is not None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT public_withdraw_consent(%s)", [consent])
        done = bool(cursor.fetchone()[0])
    if done:
        audit.record("cases.consent_withdrawn", actor=actor, row=consent)
    return done
