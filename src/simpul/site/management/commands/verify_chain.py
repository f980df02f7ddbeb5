"""Proves the audit chain whole and every ciphertext the one that was written last."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from simpul.vault import audit, rows


class Command(BaseCommand):
    """Exit code 0 when everything is sound, 1 otherwise."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Verifies and names the first broken line and every row that does not match."""
        verdict = audit.verify()
        self.stdout.write(
            f"linked lines: {verdict.linked}, waiting to be linked: {verdict.unlinked}"
        )
        wrong = list(rows.rolled_back())
        for name in wrong:
            self.stdout.write(f"not what was written last: {name}")
        if not verdict.sound:
            self.stdout.write(f"broken: {verdict.broken}")
        if wrong or not verdict.sound:
            sys.exit(1)
        self.stdout.write("sound")
