"""What the rooms above reports add to the status page; the page itself knows none of them."""

from dataclasses import dataclass

from django import template

from simpul.cases import own
from simpul.core.templatetags.simpul import moment
from simpul.reports import content
from simpul.reports.access import Reporter
from simpul.reports.own import responsible

register = template.Library()


@dataclass(frozen=True, slots=True)
class Said:
    """The next step in words, and until when."""

    text: str
    by_when: str


@register.simple_tag
def next_step(reporter: Reporter) -> Said | None:
    """What happens next in the survivor's own case; nothing for someone who reported for another."""
    step = own.next_step(reporter)
    if step is None:
        return None
    when = moment(step.due_at, responsible(reporter.report).agency.region.zone)
    return Said(step.text, content.texts()["status"]["by_when"].format(when=when))
