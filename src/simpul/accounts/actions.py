"""Signing in, and making the account of a person who was invited."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from simpul.accounts.models import Session, Slowdown, User
from simpul.core.access import AgainstTheRules, require
from simpul.vault import audit, crypto, keyring, passphrases
from simpul.vault.models import Wrapped
from simpul.vault.passphrases import Derived

PATIENCE = 60  # seconds: the longest that wrong attempts make the next one wait
SHORTEST = 14  # letters of a passphrase


class NotOpened(AgainstTheRules):
    """Name, passphrase and code do not belong together; which of them is never said."""

    def __init__(self) -> None:
        super().__init__(_("Nama, kata sandi, atau kode belum cocok. Coba lagi."))


class Wait(AgainstTheRules):
    """Too many wrong attempts; the next one must wait."""

    def __init__(self) -> None:
        super().__init__(_("Tunggu satu menit, lalu coba lagi."))


class TooShort(AgainstTheRules):
    """A passphrase must be long enough to withstand guessing."""

    def __init__(self) -> None:
        super().__init__(_("Kata sandi perlu 14 huruf atau lebih. Pakai empat kata."))


@dataclass(frozen=True, slots=True)
class Anyone:
    """Someone who is not known yet."""

    ref: UUID | None = None
    desk_id: int | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, and the seed that goes into her sealed session."""

    user: User
    seed: bytes


def wrapped_of(username: str) -> tuple[User | None, Wrapped | None]:
    """The person of a name and what her passphrase opens, if there is such a person."""
    user = User.objects.filter(username=username.strip().lower(), left_at=None).first()
    if user is None:
        return None, None
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('simpul.person', %s, true)", [str(user.keypair_id)])
    return user, Wrapped.objects.filter(keypair_id=user.keypair_id).first()


def sign_in(*, username: str, passphrase: str, code: str, now: datetime) -> SignedIn:
    """Opens a person's keys with passphrase and one-time code. Raises NotOpened, Wait.

    The derivation runs between two short transactions and as long for a name that does not exist.
    """
    key = crypto.mac(settings.PEPPER, b"slow" + username.strip().lower().encode())
    with transaction.atomic():
        slow = Slowdown.objects.filter(pk=key).first()
        if slow and now < slow.until_at:
            raise Wait
        user, wrapped = wrapped_of(username)
    derived = passphrases.derive_passphrase(passphrase, bytes(wrapped.salt) if wrapped else None)
    opened = passphrases.unwrap(wrapped, derived) if wrapped else None
    step = opened.code_step(code, now) if opened else None
    with transaction.atomic():
        if user is None or opened is None or step is None or not _use(user, step):
            _slow_down(key, now)
            failed = True
        else:
            Slowdown.objects.filter(pk=key).delete()
            audit.record("accounts.signed_in", actor=Anyone(opened.pair.ref))
            failed = False
    if failed or user is None or opened is None:
        raise NotOpened
    return SignedIn(user, opened.pair.seed)


@transaction.atomic
def make_account(
    *, actor: Anyone, username: str, name: str, derived: Derived, totp: bytes
) -> tuple[User, crypto.Pair]:
    """Makes the account and key pair of a person whose invitation the caller has checked."""
    require(actor.ref is None)
    pair, public = keyring.make_pair("person")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('simpul.person', %s, true)", [str(pair.ref)])
    passphrases.wrap(pair, totp, derived)
    user = User.objects.create(username=username.strip().lower(), name=name, keypair=public)
    audit.record("accounts.joined", actor=Anyone(pair.ref))
    return user, pair


def check_passphrase(passphrase: str) -> None:
    """Refuses a passphrase that guessing would find. Raises TooShort."""
    if len(passphrase.strip()) < SHORTEST or len(set(passphrase)) < 6:
        raise TooShort


@transaction.atomic
def sign_out_everywhere(*, actor: Anyone, user: User) -> None:
    """Ends every session of a person at once."""
    require(actor.ref is not None)
    Session.objects.filter(user=user).delete()
    audit.record("accounts.signed_out_everywhere", actor=actor, row=user.keypair_id)


def _use(user: User, step: int) -> bool:
    """Takes a one-time code's step; a step already used, or an earlier one, does not count again."""
    return bool(User.objects.filter(pk=user.pk, used_step__lt=step).update(used_step=step))


def _slow_down(key: bytes, now: datetime) -> None:
    slow, _made = Slowdown.objects.select_for_update().get_or_create(
        pk=key, defaults={"until_at": now}
    )
    slow.failures += 1
    if slow.failures >= 3:
        slow.until_at = now + timedelta(seconds=min(PATIENCE, 2 ** (slow.failures - 2)))
    slow.save()
