"""The wording room."""

from django.apps import AppConfig


class Wording(AppConfig):
    """See docs/domains/wording.md."""

    name = "simpul.wording"
