"""The cases room."""

from django.apps import AppConfig


class Cases(AppConfig):
    """See docs/domains/cases.md."""

    name = "simpul.cases"
