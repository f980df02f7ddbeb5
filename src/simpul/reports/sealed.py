"""What the sealed answers say of the reported person, to an actor who may open them."""

import json
from typing import Any

from simpul.network.actor import Actor
from simpul.reports.models import Part, Report
from simpul.vault import envelopes
from simpul.vault.models import Compartment, Envelope


def about_the_reported(actor: Actor, report: Report) -> dict[str, Any]:
    """The kind and office of the reported person, and who must not know, as the report says."""
    found = Envelope.objects.filter(
        record=report.ref, compartment=Compartment.REPORTED_PERSON, key_version=1
    )
    opened = envelopes.open_all(found, actor.keyring)
    said: dict[str, Any] = {}
    for part in Part.objects.filter(envelope__in=list(opened)):
        said = json.loads(opened[part.envelope_id].unseal(part, "answers"))
    return said
