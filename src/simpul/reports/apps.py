"""The reports room."""

from django.apps import AppConfig


class Reports(AppConfig):
    """See docs/domains/reports.md."""

    name = "simpul.reports"
