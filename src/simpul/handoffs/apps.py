"""The handoffs room."""

from django.apps import AppConfig


class Handoffs(AppConfig):
    """See docs/domains/handoffs.md."""

    name = "simpul.handoffs"
