"""Whose passphrase it is, and what a good one is."""

from django.db import connection
from django.utils.translation import gettext_lazy as _

from simpul.accounts.models import User
from simpul.core.access import AgainstTheRules
from simpul.vault.models import Wrapped

SHORTEST = 14  # letters of a passphrase
FEWEST = 6  # different letters


class TooShort(AgainstTheRules):
    """A passphrase must be long enough to withstand guessing."""

    def __init__(self) -> None:
        super().__init__(_("Kata sandi perlu 14 huruf atau lebih. Pakai empat kata."))


def check_passphrase(passphrase: str) -> None:
    """Refuses a passphrase that guessing would find. Raises TooShort."""
    if len(passphrase.strip()) < SHORTEST or len(set(passphrase)) < FEWEST:
        raise TooShort


def wrapped_of(username: str) -> tuple[User | None, Wrapped | None]:
    """The person of a name and what her passphrase opens, if there is such a person."""
    user = User.objects.filter(username=username.strip().lower(), left_at=None).first()
    if user is None:
        return None, None
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('simpul.person', %s, true)", [str(user.keypair_id)])
    return user, Wrapped.objects.filter(keypair_id=user.keypair_id).first()
