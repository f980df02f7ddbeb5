"""Signing in, and making the account of a person who was invited."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from simpul.accounts.models import Session, Slowdown, User
from simpul.accounts.passphrases import wrapped_of
from simpul.core.access import AgainstTheRules, require
from simpul.vault import audit, context, crypto, keyring, passphrases
from simpul.vault.passphrases import Derived

PATIENCE = 60  # seconds: the longest that wrong attempts make the next one wait
FREE = 2  # wrong attempts before the next one must wait


class NotOpened(AgainstTheRules):
    """Name, passphrase and code do not belong together; which of them is never said."""

    def __init__(self) -> None:
        super().__init__(_("Nama, kata sandi, atau kode belum cocok. Coba lagi."))


class Wait(AgainstTheRules):
    """Too many wrong attempts; the next one must wait."""

    def __init__(self) -> None:
        super().__init__(_("Tunggu satu menit, lalu coba lagi."))


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


def sign_in(*, username: str, passphrase: str, code: str, now: datetime) -> SignedIn:
    """Opens a person's keys with passphrase and one-time code. Raises NotOpened, Wait.

    The derivation runs between two short transactions, and as long for a name that does not exist.
    An attempt that began before others failed must wait like the next one, right or wrong, so that
    many at the same moment are no way around the waiting.
    """
    key = crypto.mac(settings.PEPPER, b"slow" + username.strip().lower().encode())
    with context.opened("workspace"):
        if _must_wait(key, now):
            raise Wait
        user, wrapped = wrapped_of(username)
    derived = passphrases.derive_passphrase(passphrase, bytes(wrapped.salt) if wrapped else None)
    opened = passphrases.unwrap(wrapped, derived) if wrapped else None
    step = opened.code_step(code, now) if opened else None
    refusal: AgainstTheRules | None = None
    with context.opened("workspace", person=opened.pair.ref if opened else None):
        if _must_wait(key, now):
            refusal = Wait()
        elif user is None or opened is None or step is None or not _use(user, step):
            _slow_down(key, now)
            audit.record(
                "accounts.sign_in_refused", actor=Anyone(user.keypair_id if user else None)
            )
            refusal = NotOpened()
        else:
            Slowdown.objects.filter(pk=key).delete()
            audit.record("accounts.signed_in", actor=Anyone(opened.pair.ref))
    if refusal or user is None or opened is None:
        raise refusal or NotOpened()
    return SignedIn(user, opened.pair.seed)


@transaction.atomic
def make_account(
    *,
    actor: Anyone,
    username: str,
    name: str,
    derived: Derived,
    totp: bytes,
    used_step: int = 0,
) -> tuple[User, crypto.Pair]:
    """Makes the account and key pair of a person whose invitation the caller has checked.

    `used_step` is the step of the one-time code that proved the second factor; it counts as used.
    """
    require(actor.ref is None)
    pair, public = keyring.make_pair("person")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('simpul.person', %s, true)", [str(pair.ref)])
    passphrases.wrap(pair, totp, derived)
    user = User.objects.create(
        username=username.strip().lower(), name=name, keypair=public, used_step=used_step
    )
    audit.record("accounts.joined", actor=Anyone(pair.ref))
    return user, pair


@transaction.atomic
def sign_out(*, actor: audit.Acts) -> None:
    """Records that she has left; the page ends her session with the same request."""
    require(actor.ref is not None)
    audit.record("accounts.signed_out", actor=actor)


@transaction.atomic
def sign_out_everybody(*, actor: Anyone) -> int:
    """Ends every session of both doors, by `./simpul burn`; returns how many there were."""
    require(actor.ref is None)
    count, _by_model = Session.objects.all().delete()
    audit.record("accounts.burnt", actor=actor)
    return count


@transaction.atomic
def sign_out_everywhere(*, actor: audit.Acts, user: User) -> None:
    """Ends every session of a person at once."""
    require(actor.ref == user.keypair_id)
    Session.objects.filter(user=user).delete()
    audit.record("accounts.signed_out_everywhere", actor=actor, row=user.keypair_id)


def _use(user: User, step: int) -> bool:
    """Takes a one-time code's step; one already used, or an earlier one, does not count again."""
    return bool(User.objects.filter(pk=user.pk, used_step__lt=step).update(used_step=step))


def _must_wait(key: bytes, now: datetime) -> bool:
    slow = Slowdown.objects.select_for_update().filter(pk=key).first()
    # An end further away than the longest wait is of a clock that was ahead, and is corrected now.
    return slow is not None and now < slow.until_at <= now + timedelta(seconds=PATIENCE)


def _slow_down(key: bytes, now: datetime) -> None:
    slow, _made = Slowdown.objects.select_for_update().get_or_create(
        pk=key, defaults={"until_at": now}
    )
    slow.failures += 1
    if slow.failures > FREE:
        wait = min(PATIENCE, 2 ** min(slow.failures - FREE, 10))
        slow.until_at = now + timedelta(seconds=wait)
    slow.save()
