"""Signing in, and making the account of a person who was invited."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from simpul.accounts.models import Session, Slowdown, User
from simpul.accounts.passphrases import wrapped_of
from simpul.core.access import AgainstTheRules, require
from simpul.vault import audit, context, crypto, passkeys, passphrases, recovery
from simpul.vault.models import Passkey, Wrapped
from simpul.vault.passkeys import Shown
from simpul.vault.passphrases import Derived, Opened

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


class Stale(AgainstTheRules):
    """The page that asked for a passkey is too old; the next one asks anew."""

    def __init__(self) -> None:
        super().__init__(_("Halaman ini sudah lama terbuka. Coba lagi."))


class NotAdded(AgainstTheRules):
    """The device did not prove a new passkey."""

    def __init__(self) -> None:
        super().__init__(_("Kunci sandi belum tersimpan. Coba lagi."))


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


def sign_in(
    *, username: str, passphrase: str, code: str, now: datetime, passkey: str = "", prf: str = ""
) -> SignedIn:
    """Opens a person's keys. Raises NotOpened, Wait, Stale.

    With her passphrase, and a one-time code, a recovery code or a passkey beside it; or with a
    passkey alone, when its PRF output wraps her seed. The derivation runs between two short
    transactions, and as long for a name that does not exist. An attempt that began before others
    failed must wait like the next one, right or wrong, so that many at the same moment are no way
    around the waiting.
    """
    key = _slow_key(username)
    with context.opened("workspace"):
        if _must_wait(key, now):
            raise Wait
        user, wrapped = wrapped_of(username)
        second = _shown(passkey, user, now) if passkey else code
    shown = second if isinstance(second, Shown) else None
    pair, opened = _open(wrapped, passphrase, shown, prf)
    refusal: AgainstTheRules | None = None
    with context.opened("workspace", person=pair.ref if pair else None):
        if _must_wait(key, now):
            refusal = Wait()
        elif user is None or pair is None or not _prove(user, pair, opened, second, now):
            _slow_down(key, now)
            person = Anyone(user.keypair_id if user else None)
            if shown and shown.is_copied:
                audit.record("accounts.passkey_copied", actor=person)
            audit.record("accounts.sign_in_refused", actor=person)
            refusal = NotOpened()
        else:
            Slowdown.objects.filter(pk=key).delete()
            audit.record(
                "accounts.signed_in",
                actor=Anyone(pair.ref),
                row=shown.passkey.ref if shown else None,
            )
    if refusal or user is None or pair is None:
        raise refusal or NotOpened()
    return SignedIn(user, pair.seed)


def confirm(*, user: User, passphrase: str, now: datetime) -> None:
    """Asks a person for her passphrase once more. Raises NotOpened, Wait.

    Whoever sits down at an open workspace must not be able to add a way in of her own.
    """
    key = _slow_key(user.username)
    with context.opened("workspace", person=user.keypair_id):
        if _must_wait(key, now):
            raise Wait
        _user, wrapped = wrapped_of(user.username)
    _pair, opened = _open(wrapped, passphrase, None, "")
    refusal: AgainstTheRules | None = None
    with context.opened("workspace", person=user.keypair_id):
        if _must_wait(key, now):
            refusal = Wait()
        elif opened is None:
            _slow_down(key, now)
            audit.record("accounts.confirm_refused", actor=Anyone(user.keypair_id))
            refusal = NotOpened()
        else:
            Slowdown.objects.filter(pk=key).delete()
            audit.record("accounts.confirmed", actor=Anyone(user.keypair_id))
    if refusal:
        raise refusal


@transaction.atomic
def add_passkey(
    *, actor: audit.Acts, user: User, seed: bytes, label: str, answer: str, prf: str, now: datetime
) -> Passkey:
    """Keeps a new passkey of hers, with her seed wrapped where it gave a PRF output.

    Raises Stale, NotAdded.
    """
    require(actor.ref == user.keypair_id)
    try:
        passkey = passkeys.add(crypto.Pair(user.keypair_id, seed), label, answer, prf, now)
    except passkeys.Stale as error:
        raise Stale from error
    except passkeys.NotProven as error:
        raise NotAdded from error
    audit.record("accounts.passkey_added", actor=actor, row=passkey.ref)
    return passkey


@transaction.atomic
def remove_passkey(*, actor: audit.Acts, passkey: Passkey) -> None:
    """Takes a passkey away, and with it what it wrapped; the code app always stays."""
    require(actor.ref == passkey.keypair_id)
    ref = passkey.ref
    passkey.delete()
    audit.record("accounts.passkey_removed", actor=actor, row=ref)


@transaction.atomic
def make_recovery_codes(*, actor: audit.Acts, user: User) -> list[str]:
    """Makes eight codes for her paper; the old ones die. One page at a time."""
    require(actor.ref == user.keypair_id)
    User.objects.select_for_update().get(pk=user.pk)
    codes = recovery.make(user.keypair_id)
    audit.record("accounts.recovery_codes_made", actor=actor)
    return codes


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
    pair = passphrases.make_person(totp, derived)
    user = User.objects.create(
        username=username.strip().lower(), name=name, keypair_id=pair.ref, used_step=used_step
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


def _shown(passkey: str, user: User | None, now: datetime) -> Shown | None:
    try:
        return passkeys.shown(passkey, user.keypair_id if user else None, now)
    except passkeys.Stale as error:
        raise Stale from error


def _open(
    wrapped: Wrapped | None, passphrase: str, shown: Shown | None, prf: str
) -> tuple[crypto.Pair | None, Opened | None]:
    """What passphrase, or PRF output where there is none, gives of a person."""
    if not passphrase:
        return (passkeys.open_pair(shown, prf) if shown else None), None
    derived = passphrases.derive_passphrase(passphrase, bytes(wrapped.salt) if wrapped else None)
    opened = passphrases.unwrap(wrapped, derived) if wrapped else None
    return (opened.pair if opened else None), opened


def _prove(
    user: User,
    pair: crypto.Pair,
    opened: Opened | None,
    second: Shown | str | None,
    now: datetime,
) -> bool:
    """Takes the second factor, once: the passkey that answered, or a code of phone or paper."""
    if isinstance(second, Shown):
        return passkeys.use(second, pair)
    if opened is None or second is None:
        return False
    step = opened.code_step(second, now)
    if step is not None:
        return _use(user, step)
    if not recovery.use(user.keypair_id, second):
        return False
    audit.record("accounts.recovery_code_used", actor=Anyone(user.keypair_id))
    return True


def _slow_key(username: str) -> bytes:
    return crypto.mac(settings.PEPPER, b"slow" + username.strip().lower().encode())


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
