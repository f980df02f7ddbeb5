"""The questionnaires room."""

from django.apps import AppConfig


class Questionnaires(AppConfig):
    """See docs/domains/questionnaires.md."""

    name = "simpul.questionnaires"
