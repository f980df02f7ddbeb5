"""After a restore: ends again what was taken back since, and has an older key directory confirmed."""

import sys
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from simpul.accounts.actions import Anyone, NotOpened, SignedIn, Wait
from simpul.site import restoring
from simpul.vault import anchors, audit, keydirectory
from simpul.vault.keydirectory import Untrusted
from simpul.vault.tombstones import Altered

TRIES = 5
LOST = "reports.receipt_replaced"
GONE = {"network.removed", "network.dismissed"}


class Command(BaseCommand):
    """Runs as the owner while the doors are closed; `./simpul restore` and `./simpul re-pin` call it."""

    help = __doc__

    def add_arguments(self, parser: Any) -> None:
        """How many lines of the log the backup knew; whether it was a restore."""
        parser.add_argument("--after", type=int, default=0, help="lines that the backup knew")
        parser.add_argument("--restored", action="store_true", help="record it in any case")

    def handle(self, *args: Any, **options: Any) -> None:
        """Proves the chain, ends again, asks two administrators, pins."""
        try:
            verdict, found = audit.verify(), restoring.behind()
            stones = restoring.forgotten(restoring.log().stones[options["after"] :])
        except Altered as error:
            raise CommandError(
                f"Catatan pencabutan berubah di baris {error.line}. Pakai salinannya."
                f" / The log of endings was altered at line {error.line}. Use its copy."
            ) from None
        except Untrusted as error:
            raise CommandError(
                f"Direktori kunci bukan milik instalasi ini. / Not this instance's directory: {error}"
            ) from None
        if not verdict.sound:
            raise CommandError(
                f"Jejak audit tidak utuh. / The audit chain is broken: {verdict.broken}"
            )
        if not (found or stones or options["restored"]):
            self._say("Tidak ada yang tertinggal.", "Nothing is behind.")
            return
        with transaction.atomic():
            restoring.end_again(stones)
            confirmed = self._confirm(found) if found.directory else []
            restoring.settle(found, stones, confirmed)
            try:
                audit.check_against_pin()
            except audit.Rewound:  # what was linked after the backup is gone; people know it now
                anchors.accept(actor=Anyone(), now=timezone.now())
        while audit.link():
            pass
        restoring.mark()
        keydirectory.current()
        self._report(found, stones)

    def _confirm(self, found: restoring.Behind) -> list[SignedIn]:
        """Two administrators sign in, one after the other."""
        self._say(
            f"Direktori kunci di cadangan berhenti di {found.entries}; mesin ini ingat {found.pinned}.",
            f"The backup's key directory ends at {found.entries}; this machine remembers {found.pinned}.",
        )
        self._say(
            "Orang yang bergabung atau pergi sesudahnya harus disahkan lagi."
            " Dua administrator mengesahkan ini.",
            "Who joined or left since must be signed again. Two administrators confirm this.",
        )
        confirmed: list[SignedIn] = []
        for _attempt in range(TRIES):
            name = self._ask("Nama masuk / sign-in name: ")
            passphrase = self._ask("Kata sandi / passphrase: ", hidden=True)
            code = self._ask("Kode / code: ")
            try:
                confirmed.append(
                    restoring.confirm(name, passphrase, code, confirmed, now=timezone.now())
                )
            except (NotOpened, Wait):
                self._say("Belum cocok, atau tunggu satu menit.", "No match, or wait a minute.")
            except restoring.NotTwo:
                self._say(
                    "Orang ini bukan administrator kedua.", "This is no other administrator."
                )
            if len(confirmed) == restoring.CONFIRMING:
                return confirmed
        raise CommandError(
            "Belum disahkan. Tidak ada yang berubah. / Not confirmed. Nothing was changed."
        )

    def _report(self, found: restoring.Behind, stones: list[Any]) -> None:
        self._say(f"{len(stones)} pencabutan diulang.", f"{len(stones)} endings were repeated.")
        if found.directory:
            self._say("Direktori kunci disematkan ulang.", "The key directory is pinned anew.")
        if count := sum(stone.event in GONE for stone in stones):
            self._say(
                f"{count} orang sudah diberhentikan: berhentikan lagi di Jaringan.",
                f"{count} people had been removed: remove them again under Network.",
            )
        if count := sum(stone.event == LOST for stone in stones):
            self._say(
                f"{count} pelapor mengganti enam katanya: kata lama tidak membuka, kata baru hilang.",
                f"{count} reporters had other words: the old open nothing, the new are lost.",
            )

    def _ask(self, question: str, *, hidden: bool = False) -> str:
        if sys.stdin.isatty():
            return getpass(question) if hidden else input(question)
        answer = sys.stdin.readline()
        if not answer:
            raise CommandError("Tidak ada jawaban. / There was no answer.")
        return answer.rstrip("\n")

    def _say(self, indonesian: str, english: str) -> None:
        self.stdout.write(f"{indonesian} / {english}")
        self.stdout.flush()
