"""What stands on top of every page of a case: her needs, safe contact, next action, risk."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from simpul.cases import access
from simpul.cases.actions.files import CaseFile
from simpul.cases.models import Case
from simpul.clocks.face import Face
from simpul.network import regions
from simpul.network.actor import Actor
from simpul.reports import content, words

Fact = dict[str, Any]


def values(actor: Actor, case: Case, file: CaseFile, now: datetime) -> dict[str, Any]:
    """The variables of cases/case_base.html; `file` is what reading the case has opened."""
    notes = file.report.get("notes", {})
    names = regions.names([notes.get("region", "")])
    summary = content.summary(notes, names.get(notes.get("region", ""), ""))
    leads = access.can_lead(actor, case)
    return {
        "case": case,
        "file": file,
        "names": names,
        "leads": leads,
        "works": leads and case.state == Case.State.OPEN,
        "heading": file.label or summary,
        "facts": [_wish(file, summary), _contact(file), _risk(case), _owner(case, leads)],
        "next_clock": _clock(case, file),
        "now": now,
    }


def _wish(file: CaseFile, summary: str) -> Fact:
    text = summary or _("Belum disebut. Tanyakan apa yang ia inginkan.")
    if "notes" not in file.report:
        text = _("Tidak dibagikan kepada meja Anda.")
    return {"label": _("Yang ia butuhkan"), "text": text, "wish": True, "wide": True}


def _contact(file: CaseFile) -> Fact:
    found = words.sections({"contact": file.report.get("contact", {})}, regions={}, offices={})
    text = " · ".join(line.answer for section in found for line in section.lines)
    if "contact" not in file.open:
        text = _("Tidak dibagikan. Hubungi lewat meja pemilik kasus.")
    return {
        "label": _("Cara kontak yang aman"),
        "text": text or _("Tidak ada. Jangan hubungi. Tulis kabar di pesan."),
    }


def _risk(case: Case) -> Fact:
    return {"label": _("Risiko"), "text": "", "level": case.risk or "unknown"}


def _owner(case: Case, leads: bool) -> Fact:
    if not leads:
        return {"label": _("Pemilik kasus"), "text": case.desk.name}
    owner, deputy = case.report.owner, case.report.deputy
    names = [case.desk.name, owner.name if owner else _("Tanpa pemilik")]
    if deputy is not None:
        names.append(_("Wakil: %(name)s") % {"name": deputy.name})
    return {"label": _("Pemilik kasus"), "text": " · ".join(names)}


def _clock(case: Case, file: CaseFile) -> Face | None:
    if file.next_action is None:
        return None
    row, text = file.next_action
    return Face(
        label=text,
        started_at=row.set_at,
        due_at=row.due_at,
        basis=_("waktu yang ditetapkan pemilik kasus"),
        zone=case.desk.agency.region.zone,
    )
