"""The clocks room."""

from django.apps import AppConfig


class Clocks(AppConfig):
    """See docs/domains/clocks.md."""

    name = "simpul.clocks"
