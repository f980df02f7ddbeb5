"""Signs everybody out: deletes every session record."""

from typing import Any

from django.core.management.base import BaseCommand

from simpul.accounts import actions
from simpul.accounts.actions import Anyone


class Command(BaseCommand):
    """The doors drop their boot secrets at the same time, so that nothing could open the records."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Deletes the records and says how many."""
        count = actions.sign_out_everybody(actor=Anyone())
        self.stdout.write(f"{count} sesi diakhiri. / {count} sessions ended.")
