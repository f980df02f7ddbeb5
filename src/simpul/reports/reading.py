"""What a report says once its envelopes are open."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from simpul.reports import access
from simpul.reports.access import Reporter
from simpul.reports.models import Attachment, Message, Part
from simpul.vault.envelopes import OpenEnvelope

Answers = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a report says, by compartment, and its messages and files."""

    answers: Answers
    messages: list[tuple[Message, str]]
    files: list[tuple[Attachment, dict[str, Any]]]


def read_own(reporter: Reporter) -> Reading:
    """The reporter opens what is hers; no line is written about her."""
    opened = {one.envelope.ref: one for one in reporter.opened.values()}
    return assemble(opened, access.own_parts(), access.own_messages(), access.own_attachments())


def open_own_file(reporter: Reporter, ref: UUID) -> tuple[dict[str, Any], bytes]:
    """The reporter opens a file behind her receipt, whoever sent it; no line is written about her."""
    row = access.own_attachment(ref)
    opened = {one.envelope.ref: one for one in reporter.opened.values()}[row.envelope_id]
    return json.loads(opened.unseal(row, "about")), opened.unseal_file(row, "data")


def assemble(
    opened: dict[UUID, OpenEnvelope],
    parts: list[Part],
    messages: list[Message],
    files: list[Attachment],
) -> Reading:
    """Unseals what these open envelopes hold; what is closed is left out."""
    answers: Answers = {}
    for part in parts:
        if part.envelope_id in opened:
            one = opened[part.envelope_id]
            answers[one.envelope.compartment] = json.loads(one.unseal(part, "answers"))
    return Reading(
        answers,
        [
            (m, opened[m.envelope_id].unseal(m, "text"))
            for m in messages
            if m.envelope_id in opened
        ],
        [
            (f, json.loads(opened[f.envelope_id].unseal(f, "about")))
            for f in files
            if f.envelope_id in opened
        ],
    )
