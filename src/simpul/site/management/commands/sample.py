"""For the drill: a member signs in to the restored instance and opens one record, without showing it."""

import sys
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from simpul.accounts import actions
from simpul.accounts.actions import NotOpened, Wait
from simpul.network import access
from simpul.reports.models import Part
from simpul.vault import context, envelopes


class Command(BaseCommand):
    """Says which compartments opened; nothing of what is in them."""

    help = __doc__

    def add_arguments(self, parser: Any) -> None:
        """Who signs in."""
        parser.add_argument("member", help="sign-in name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Opens the keys of the newest record that one of her desks may read."""
        hidden = getpass if sys.stdin.isatty() else lambda _: sys.stdin.readline().rstrip("\n")
        passphrase = hidden("Kata sandi / passphrase: ")
        code = hidden("Kode / code: ")
        try:
            found = actions.sign_in(
                username=options["member"], passphrase=passphrase, code=code, now=timezone.now()
            )
        except (NotOpened, Wait):
            raise CommandError("Belum cocok. / No match.") from None
        with context.opened("workspace", person=found.user.keypair_id):
            actor = access.get_actor(found.user, found.seed)
            context.say(person=actor.ref, desks=actor.desk_ids)
            theirs = Part.objects.filter(envelope__desks__overlap=list(actor.desk_ids))
            newest = theirs.order_by("-report__filed_at", "ref").first()
            if newest is None:
                raise CommandError("Mejanya belum punya catatan. / Her desks have no record yet.")
            record = envelopes.of_record(newest.report_id)
            opened = envelopes.open_all(record, actor.keyring)
            parts = list(Part.objects.filter(envelope__in=opened).order_by("ref"))
            read = [opened[part.envelope_id].unseal(part, "answers") for part in parts]
        if not any(read):
            raise CommandError("Tidak ada yang terbuka. / Nothing opened.")
        names = sorted({each.envelope.compartment for each in opened.values()})
        self.stdout.write(f"Terbuka / opened: {', '.join(names)}")
