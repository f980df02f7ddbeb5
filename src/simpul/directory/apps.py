"""The directory room."""

from django.apps import AppConfig


class Directory(AppConfig):
    """See docs/domains/directory.md."""

    name = "simpul.directory"
