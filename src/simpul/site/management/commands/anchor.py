"""Prints the chain's newest signed end in a form for a book; or accepts an older end after a restore."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from simpul.accounts.actions import Anyone
from simpul.vault import anchors, audit


class Command(BaseCommand):
    """The number of the newest line and twenty digits in fives."""

    help = __doc__

    def add_arguments(self, parser: Any) -> None:
        """The way out after a restore."""
        parser.add_argument("--accept", action="store_true", help="accept the end as it is now")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints, or accepts and then prints."""
        if options["accept"]:
            end = anchors.accept(actor=Anyone(), now=timezone.now())
            self.stdout.write(f"Diterima: jejak berakhir di baris {end.number}, dan itu tercatat.")
            self.stdout.write(
                f"Accepted: the chain ends at line {end.number}, and that is recorded."
            )
            return
        try:
            head = audit.newest_head()
        except audit.Rewound:
            self.stdout.write("Tanda tangannya bukan milik instansi ini: ./simpul verify-chain")
            self.stdout.write("The signature is not this instance's: ./simpul verify-chain")
            sys.exit(1)
        if head is None:
            self.stdout.write("Belum ada baris yang ditandatangani. / No line is signed yet.")
            sys.exit(1)
        check = anchors.check_digits(head.number, head.hash)
        self.stdout.write(f"{timezone.localdate().isoformat()}   {head.number}   {check}")
        self.stdout.write("Tulis di buku. Nanti / Write it in a book. Later:")
        self.stdout.write(f"  ./simpul verify-chain --anchor '{head.number}:{check}'")
        if not settings.ANCHORS:
            self.stdout.write("Tempat kedua belum diatur / No second place is set: SIMPUL_ANCHORS")
        if not (settings.MAIL_RELAY and settings.ANCHORS_TO):
            self.stdout.write("Surel belum diatur / No mail is set: SIMPUL_MAIL_RELAY")
