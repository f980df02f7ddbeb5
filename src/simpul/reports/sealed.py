"""What the sealed answers say, to an actor who may open them."""

import json
from typing import Any

from simpul.network.actor import Actor
from simpul.reports.models import Part, Report
from simpul.vault import envelopes
from simpul.vault.models import Compartment, Envelope


def about_the_reported(actor: Actor, report: Report) -> dict[str, Any]:
    """The kind and office of the reported person, and who must not know, as the report says."""
    return said_in(actor, report, Compartment.REPORTED_PERSON)


def said_in(actor: Actor, report: Report, compartment: str) -> dict[str, Any]:
    """What the report says in one compartment; nothing where it is closed to the actor."""
    found = Envelope.objects.filter(record=report.ref, compartment=compartment, key_version=1)
    opened = envelopes.open_all(found, actor.keyring)
    said: dict[str, Any] = {}
    for part in Part.objects.filter(envelope__in=list(opened)):
        said = json.loads(opened[part.envelope_id].unseal(part, "answers"))
    return said
