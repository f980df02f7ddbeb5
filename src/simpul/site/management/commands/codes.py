"""Prints the demo's sign-ins with the one-time codes of this half minute."""

import json
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from simpul.vault.crypto import Pair
from simpul.vault.passphrases import STEP, Opened

BANNER = "contoh: semua orang di sini rekaan / sample: all people here are invented"


class Command(BaseCommand):
    """Works only where the demo was loaded: a real instance keeps no such file."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints name, passphrase, code and desk of each invented person, then some receipts."""
        path = Path(settings.VAR) / "demo-signins.json"
        if not path.exists():
            raise CommandError("Ini bukan contoh. / This is not a demo.")
        signins = json.loads(path.read_text())
        step = int(time.time()) // STEP
        self.stdout.write(f"--- {BANNER} ---")
        for row in signins["people"]:
            opened = Opened(Pair(UUID(int=0), bytes(32)), bytes.fromhex(row["totp"]))
            place = ", ".join(row["desks"] + row["administers"])
            self.stdout.write(
                f"{row['username']:<8} {row['passphrase']:<34} {opened.code(step)}  {place}"
            )
        self.stdout.write("Kode berganti tiap 30 detik: ./simpul codes")
        for code, words in list(signins["words"].items())[:4]:
            self.stdout.write(f"{code}  {' '.join(words)}")
        self.stdout.write(f"--- {BANNER} ---")
