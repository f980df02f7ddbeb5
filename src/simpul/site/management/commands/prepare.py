"""Brings the database to this version: migrations, then rights and policies, then reference data."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from simpul.network import regions
from simpul.site import database


class Command(BaseCommand):
    """Runs as the owner; safe to run at every start."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrates, applies the SQL files and loads the regions."""
        call_command("migrate", verbosity=0, interactive=False)
        database.apply_sql()
        regions.load()
