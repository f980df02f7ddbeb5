"""People who came together: one report told of them, and each gets a file of her own."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from simpul.cases import access, sharing
from simpul.cases.actions import files
from simpul.cases.models import Arrival, Case
from simpul.core.access import AgainstTheRules, require
from simpul.network.actor import Actor
from simpul.reports.models import Report
from simpul.reports.reading import Answers
from simpul.vault import audit
from simpul.vault.models import Compartment
from simpul.vault.receipts import Opened

MOST = 50  # as the database's trigger says
TOLD = ("region", "place", "on")  # what of the group's report is true of each of them


class NotAGroup(AgainstTheRules):
    """The report of this case tells of one person."""

    def __init__(self) -> None:
        super().__init__(_("Laporan ini bukan untuk beberapa orang yang datang bersama."))


class Full(AgainstTheRules):
    """A group has an end; a larger one is told in two reports."""

    def __init__(self) -> None:
        super().__init__(_("Satu rombongan paling banyak 50 berkas. Buat laporan rombongan lain."))


@transaction.atomic
def add(
    *,
    actor: Actor,
    case: Case,
    receipt: Opened,
    label: str,
    next_action: str,
    due_at: datetime,
    risk: str,
    now: datetime,
) -> Case:
    """Opens a file for one of them, with her own receipt and keys; the same receipt again is one file.

    She begins without a word of the others: only where they arrived, and who must not know, come along.
    Raises NotAGroup, Full.
    """
    require(access.can_lead(actor, case) and case.state == Case.State.OPEN)
    Case.objects.select_for_update().get(pk=case.pk)
    notes = sharing.answers_of(actor, case, Compartment.NOTES) or {}
    if notes.get("for_whom") != "group":
        raise NotAGroup
    is_new = not Report.objects.filter(lookup=receipt.lookup).exists()
    if is_new and case.arrivals.count() >= MOST:
        raise Full
    told = {name: notes[name] for name in TOLD if notes.get(name)}
    person = sharing.office_of(actor, case)
    answers: Answers = {
        "safety": {},
        "notes": {"needs": [], "region": "", "for_whom": "self", **told},
        "incident": {"story": ""},
        **({"reported_person": person} if person else {}),
    }
    own = files.open_walk_in(
        actor=actor, receipt=receipt, answers=answers, desk=case.desk,
        channel=Report.Channel.WALK_IN, label=label, next_action=next_action, due_at=due_at,
        risk=risk, now=now,
    )  # fmt: skip
    made, _new = Arrival.objects.get_or_create(case=own, defaults={"group": case, "added_at": now})
    require(made.group_id == case.pk)
    audit.record("cases.arrived", actor=actor, record=own.ref, desk=case.desk_id)
    return own
