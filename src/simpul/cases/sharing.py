"""What sharing rests on: the day and zone of a case, who must not know, and the grants themselves."""

import json
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils.translation import gettext_lazy as _

from simpul.cases.models import Case, Consent
from simpul.core.access import AgainstTheRules
from simpul.network.actor import Actor
from simpul.network.models import Desk
from simpul.reports import access as reports
from simpul.reports import routing
from simpul.reports.models import Part
from simpul.vault import envelopes
from simpul.vault.envelopes import OpenEnvelope
from simpul.vault.models import Compartment, Envelope, Grant


class Excluded(AgainstTheRules):
    """The desk belongs to the office of the reported person, or to one that must not know."""

    def __init__(self) -> None:
        super().__init__(_("Lembaga ini tidak boleh tahu, menurut laporan."))


class Closed(AgainstTheRules):
    """Who must not know was said and is closed to this desk, so that nothing more can be shared."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Bagian tentang terlapor tertutup, jadi tidak diketahui siapa yang tidak boleh tahu."
            )
        )


def grant_parts(
    actor: Actor, case: Case, consent: Consent, compartments: list[str], *, tag: UUID, state: str
) -> None:
    """Seals the keys of these compartments, every key version, to the consent's desk."""
    found = [e for e in envelopes.of_record(case.ref) if e.compartment in compartments]
    opened: list[OpenEnvelope] = list(envelopes.open_all(found, actor.keyring).values())
    to = envelopes.desk_recipient(consent.desk_id)
    envelopes.write_all(
        [
            envelopes.prepare(
                one, to=to, by=actor.keyring.own, basis=Grant.Basis.CONSENT,
                tags=[consent.ref, tag], until=until_at(case, consent), state=state,
            )
            for one in opened
        ]
    )  # fmt: skip


def to_write(actor: Actor, case: Case, compartment: str, now: datetime) -> OpenEnvelope:
    """The envelope that something new in a compartment is sealed under.

    Once a desk's access to the present key version has ended, what is written afterwards gets a new
    data key: whoever kept the old one, and copies the rows, reads nothing of it. Who may still read,
    or will when a referral is accepted, is granted the new one on the same terms.
    """
    envelope = _newest(case, compartment)
    if _has_ended(case, envelope):
        Case.objects.select_for_update().filter(pk=case.pk).first()
        envelope = _newest(case, compartment)
        if _has_ended(case, envelope):  # of two at once the second finds it done
            return envelopes.next_version(envelope, desk=case.desk_id, by=actor.keyring.own)
    return envelopes.open_envelope(envelope, actor.keyring, now=now)


def _newest(case: Case, compartment: str) -> Envelope:
    found = envelopes.latest(case.ref, compartment)
    assert found is not None
    return found


def _has_ended(case: Case, envelope: Envelope) -> bool:
    ended = Grant.objects.filter(envelope=envelope, state=Grant.State.ENDED, desk__isnull=False)
    return ended.exclude(desk=case.desk_id).exists()


def until_at(case: Case, consent: Consent) -> datetime:
    """The moment a consent ends: the beginning of its last day excluded, where the case is."""
    return datetime.combine(consent.until_on, time.min, zone(case))


def check_not_excluded(actor: Actor, case: Case, desk: Desk) -> None:
    """Refuses a desk that must not know, by the reporter's word or by the rules. Raises Excluded, Closed.

    Where a desk belongs is what two have signed, not what its row says.
    """
    if desk.pk in kept_out(actor, case):
        raise Excluded


def kept_out(actor: Actor, case: Case) -> set[int]:
    """The desks that must not know of this case, by row id; its own is not asked about. Raises Closed."""
    return reports.kept_out(routing.exclusion(office_of(actor, case))) - {case.desk_id}


def today(case: Case, now: datetime) -> date:
    """The day it is where the case is."""
    return now.astimezone(zone(case)).date()


def zone(case: Case) -> ZoneInfo:
    """The time zone of the case's desk."""
    return ZoneInfo(case.desk.agency.region.zone)


def office_of(actor: Actor, case: Case) -> dict[str, Any]:
    """What the report says of the reported person and of who must not know. Raises Closed."""
    said = answers_of(actor, case, Compartment.REPORTED_PERSON)
    if said is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT reports_tells_person(%s)", [case.ref])
            if cursor.fetchone()[0]:
                raise Closed
    return said or {}


def answers_of(actor: Actor, case: Case, compartment: str) -> dict[str, Any] | None:
    """What the report said in one compartment; None where nothing was said, or it is closed."""
    found = Envelope.objects.filter(record=case.ref, compartment=compartment, key_version=1)
    opened = envelopes.open_all(found, actor.keyring)
    for part in Part.objects.filter(envelope__in=list(opened)):
        said: dict[str, Any] = json.loads(opened[part.envelope_id].unseal(part, "answers"))
        return said
    return None
