"""What the sealed answers say to an actor who may open them: which offices must not know."""

import json
from typing import Any

from simpul.network.actor import Actor
from simpul.network.models import Agency
from simpul.reports import words
from simpul.reports.models import Part, Report
from simpul.reports.reading import Answers
from simpul.vault import envelopes
from simpul.vault.models import Compartment, Envelope


def offices_kept_out(actor: Actor, report: Report) -> list[Agency]:
    """The reported person's office and every office that must not know, as the report says."""
    found = Envelope.objects.filter(
        record=report.ref, compartment=Compartment.REPORTED_PERSON, key_version=1
    )
    opened = envelopes.open_all(found, actor.keyring)
    answers: Answers = {}
    for part in Part.objects.filter(envelope__in=list(opened)):
        said: dict[str, Any] = json.loads(opened[part.envelope_id].unseal(part, "answers"))
        answers[Compartment.REPORTED_PERSON] = said
    return named(answers)


def named(answers: Answers) -> list[Agency]:
    """The agencies that these answers keep out."""
    return list(Agency.objects.filter(ref__in=words.offices_in(answers)).order_by("pk"))
