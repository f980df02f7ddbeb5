"""Loads the fictional network into an empty instance and prints its sign-ins."""

import os
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from simpul.site import demo
from simpul.vault import keydirectory


class Command(BaseCommand):
    """Runs once; at later starts it only prints the sign-ins again."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Loads if nothing is there, then prints."""
        path = Path(settings.VAR) / "demo-signins.json"
        if keydirectory.current().number < 0:
            began = time.monotonic()
            with transaction.atomic():
                loaded = demo.load(timezone.now())
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                with os.fdopen(descriptor, "w") as file:
                    file.write(demo.signins(loaded))
            self.stdout.write(f"contoh: {time.monotonic() - began:.1f} s")
        call_command("codes", stdout=self.stdout)
