"""Brings the database to this version: migrations, then rights and policies, then reference data."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from simpul.network import regions
from simpul.site import database, schema


class Command(BaseCommand):
    """Runs as the owner; safe to run at every start."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrates, applies the SQL files and loads the regions.

        Where somebody was served before, the file `upgrading` tells the supervisor that the doors
        may open for reading meanwhile.
        """
        if schema.applied() and schema.is_behind():
            (Path(settings.VAR) / "upgrading").touch(mode=0o600)
        schema.patiently(lambda: call_command("migrate", verbosity=0, interactive=False))
        schema.patiently(database.apply_sql)
        regions.load()
