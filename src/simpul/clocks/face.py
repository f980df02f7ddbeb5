"""A running clock as a page shows it: what is due, since when, until when, and on what basis."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from simpul.clocks import rules
from simpul.clocks.models import Clock
from simpul.clocks.rules import Rule
from simpul.core import content

KINDS = {"law": "law", "local": "procedure"}


@dataclass(frozen=True, slots=True)
class Face:
    """The variables of core/_clock.html; `zone` is a name of the time zone database."""

    label: str
    started_at: datetime
    due_at: datetime
    basis_kind: str = "choice"
    basis: str = ""
    zone: str = ""


def of(clock: Clock, zone: str = "") -> Face:
    """A clock's face; an article that nobody has checked never reads as law."""
    rule = clock.basis
    return Face(
        label=rule.name,
        started_at=clock.started_at,
        due_at=clock.due_at,
        basis_kind=KINDS.get(rule.row["basis"], "choice") if rule.is_verified else "choice",
        basis=_basis(rule),
        zone=zone,
    )


def _basis(rule: Rule) -> str:
    starts = content.load(rules.CONTENT)["start"]
    since = gettext("dihitung sejak %(start)s") % {"start": content.say(starts[rule.row["start"]])}
    if rule.row["basis"] not in KINDS:
        return since
    article = content.say(rule.row["article"])
    if not rule.is_verified:
        article = gettext("%(article)s, belum dicocokkan") % {"article": article}
    return f"{article}; {since}"
