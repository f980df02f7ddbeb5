"""The core room."""

from django.apps import AppConfig


class Core(AppConfig):
    """See docs/domains/core.md."""

    name = "simpul.core"
