"""Brings the database to this version: migrations, then rights and policies, then reference data."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from simpul.network import regions
from simpul.site import database, restoring, schema
from simpul.vault.keydirectory import Untrusted
from simpul.vault.tombstones import Altered


class Command(BaseCommand):
    """Runs as the owner; safe to run at every start."""

    help = __doc__

    def add_arguments(self, parser: Any) -> None:
        """Whether the database may be behind what this machine remembers."""
        parser.add_argument("--restoring", action="store_true", help="`settle` comes next")

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrates, applies the SQL files, loads the regions; refuses a database restored unseen.

        Where somebody was served before, the file `upgrading` tells the supervisor that the doors
        may open for reading meanwhile.
        """
        upgrading = Path(settings.VAR) / "upgrading"
        if schema.applied() and schema.is_behind():
            upgrading.touch(mode=0o600)
        schema.patiently(lambda: call_command("migrate", verbosity=0, interactive=False))
        schema.patiently(database.apply_sql)
        regions.load()
        if not options["restoring"]:
            try:
                self._check()
            except CommandError:
                upgrading.unlink(missing_ok=True)  # not to be tried again: a person decides
                raise

    def _check(self) -> None:
        try:
            found = restoring.behind()
        except Untrusted as error:
            raise CommandError(
                "Basis data ini bukan yang disahkan di sini. Tidak ada yang dibuka."
                f" / Not the database that was signed here; nothing is opened: {error}"
            ) from None
        except Altered as error:
            raise CommandError(
                f"Catatan pencabutan berubah di baris {error.line}. Pakai salinannya."
                f" / The log of endings was altered at line {error.line}. Use its copy."
            ) from None
        if found:
            raise CommandError(
                "Basis data ini lebih tua dari yang diingat mesin ini. Tidak ada yang dibuka."
                " Jalankan: ./simpul re-pin\n"
                "This database is older than what this machine remembers; nothing is opened."
                f" Directory {found.entries} of {found.pinned}, chain {found.linked} of"
                f" {found.remembered}. Run: ./simpul re-pin"
            )
