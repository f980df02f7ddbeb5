"""The site room."""

from django.apps import AppConfig


class Site(AppConfig):
    """The two doors."""

    name = "simpul.site"
