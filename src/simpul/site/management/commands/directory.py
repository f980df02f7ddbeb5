"""Takes unsigned entries off the end of the key directory."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from simpul.accounts.actions import Anyone
from simpul.network import actions
from simpul.vault.keydirectory import Untrusted


class Command(BaseCommand):
    """Only the owner may: who runs it can stop the instance anyway, and the chain keeps the act."""

    help = __doc__

    def add_arguments(self, parser: Any) -> None:
        """The first unsigned entry, as `./simpul doctor` names it."""
        parser.add_argument("--take-out", type=int, required=True, metavar="N")

    def handle(self, *args: Any, **options: Any) -> None:
        """Removes them, or says why not."""
        number = options["take_out"]
        try:
            actions.take_out(actor=Anyone(), number=number)
        except Untrusted as reason:
            raise CommandError(f"Belum dikeluarkan / Not taken out: {reason}") from None
        self.stdout.write(f"Dikeluarkan mulai entri {number}. / Taken out from entry {number} on.")
