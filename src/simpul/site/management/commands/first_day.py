"""The first day of a real instance: root key, fingerprint, two invitations, recovery sheet."""

from getpass import getpass
from typing import Any
from uuid import uuid4

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from simpul.accounts.actions import Anyone
from simpul.network import actions
from simpul.network.models import Proposal
from simpul.site import founding
from simpul.vault import crypto, keydirectory
from simpul.vault.crypto import Pair


class Command(BaseCommand):
    """Prints the root key once. With --sign it asks for it and confirms the first administrators."""

    help = __doc__

    def add_arguments(self, parser: Any) -> None:
        """The network's name and region; whether to sign for those who have joined."""
        parser.add_argument("--name", default="Jejaring")
        parser.add_argument("--region", default="53")
        parser.add_argument("--sign", action="store_true", help="ask for the root key and sign")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Begins, or signs for administrators who have joined, or says what waits."""
        now = timezone.now()
        directory = keydirectory.current()
        if directory.number < 0:
            root = Pair(uuid4(), crypto.random())
            fingerprint, codes = founding.first_day(
                name=options["name"], region=options["region"], now=now, root=root
            )
            self.stdout.write("=== Lembar pemulihan: cetak, simpan terkunci, hapus dari layar ===")
            self.stdout.write(f"Kunci akar / root key     : {root.seed.hex()}")
            self.stdout.write(f"Sidik jari / fingerprint  : {fingerprint}")
            for code in codes:
                self.stdout.write(f"Undangan / invitation     : /network/join/{code}/")
            self.stdout.write("Sesudah keduanya bergabung / after both have joined:")
            self.stdout.write("  ./simpul first-day")
        elif options["sign"]:
            # Never an argument: those are on show in the list of processes.
            root = Pair(uuid4(), bytes.fromhex(getpass("Kunci akar / root key: ").strip()))
            for proposal in Proposal.objects.filter(kind="admin", taken_at=None).order_by(
                "made_at"
            ):
                actions.sign_as_root(actor=Anyone(), proposal=proposal, root=root, now=now)
                self.stdout.write("Satu administrator disahkan. / One administrator is confirmed.")
        elif len(directory.admins) < 2:
            self.stdout.write(
                "Menunggu dua administrator pertama. / Waiting for the first two administrators."
            )
