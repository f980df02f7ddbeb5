"""Reports about one event: each reporter is asked, and only when both say yes they are one."""

import json
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from simpul.core.access import AgainstTheRules, require
from simpul.network.actor import Actor
from simpul.reports import access
from simpul.reports.access import Reporter
from simpul.reports.models import Question, Report
from simpul.vault import audit, envelopes, rows
from simpul.vault.models import Compartment


class NotTheseTwo(AgainstTheRules):
    """The two cannot be asked about: the same report, a stopped one, or another desk's."""

    def __init__(self) -> None:
        super().__init__(_("Kedua laporan harus terbuka bagi meja ini dan belum dihentikan."))


@transaction.atomic
def ask(*, actor: Actor, report: Report, other: Report, now: datetime) -> None:
    """Asks both reporters; that the two belong together stands in no column, only under each seal."""
    require(access.can_answer(actor, report) and access.can_answer(actor, other))
    desk = actor.desk_among(set(report.desks) & set(other.desks))
    if desk is None or report.pk == other.pk or Report.State.WITHDRAWN in {
        report.state, other.state,
    }:  # fmt: skip
        raise NotTheseTwo
    pair = uuid4()
    for one in (report, other):
        envelope = envelopes.latest(one.dialogue, Compartment.NOTES)
        assert envelope is not None
        question = Question(report=one, desk=desk, asked_at=now)
        opened = envelopes.open_envelope(envelope, actor.keyring, now=now)
        opened.seal(question, "about", json.dumps({"pair": str(pair)}))
        question.save(force_insert=True)
        audit.record(
            "reports.asked_together", actor=actor, record=one.ref, row=question.ref,
            content=envelopes.ciphertext(question), desk=desk.pk,
        )  # fmt: skip


@transaction.atomic
def answer(*, actor: Reporter, ref: UUID, said: str) -> bool:
    """The reporter answers, or takes her answer back; a no ends the link in this transaction."""
    question = next((one for one in access.own_questions() if one.ref == ref), None)
    require(question is not None and said in Question.Answer.values)
    assert question is not None
    opened = actor.opened[actor.report.dialogue, Compartment.NOTES]
    pair = json.loads(opened.unseal(question, "about"))["pair"]
    given = bool(
        rows.call("public_answer_question", {"ref": str(ref), "answer": said, "pair": pair})
    )
    audit.record("reports.answered_together", actor=actor)
    return given
