"""The guard-rails beside each form of a talk, without a variable of the page."""

from typing import Any

from django import template

from simpul.reports import guardrails

register = template.Library()


@register.simple_tag
def rails() -> dict[str, Any]:
    """The three that are always seen, when to stop and refer, and what the listener's part is."""
    return guardrails.beside()
