"""What a passphrase opens: a person's private pair and her second factor."""

import re
from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings

from simpul.vault import boot, context, crypto, keyring
from simpul.vault.crypto import Pair
from simpul.vault.derivations import derive
from simpul.vault.models import Wrapped

STEP = 30


@dataclass(frozen=True, slots=True)
class Opened:
    """What the right passphrase gave: the private pair and the secret of the second factor."""

    pair: Pair
    totp: bytes

    def code_step(self, code: str, now: datetime) -> int | None:
        """The time step that a code belongs to, or nothing."""
        return step_of(self.totp, code, now)

    def code(self, step: int) -> str:
        """The six digits of a time step."""
        return code_at(self.totp, step)


def step_of(totp: bytes, code: str, now: datetime) -> int | None:
    """The time step (RFC 6238, 30 s, six digits) a code belongs to: this, the last or the next."""
    code = re.sub(r"\s", "", code)
    here = int(now.timestamp()) // STEP
    for step in (here, here - 1, here + 1):
        if crypto.same(code_at(totp, step).encode(), code.encode()):
            return step
    return None


def code_at(totp: bytes, step: int) -> str:
    """The six digits of a time step."""
    return TOTP(totp, 6, SHA1(), STEP, enforce_key_length=False).generate(step * STEP).decode()


@dataclass(frozen=True, slots=True)
class Derived:
    """What Argon2id makes of a passphrase: a verifier to store, and a key that is never stored."""

    salt: bytes
    verifier: bytes
    key: bytes


def derive_passphrase(passphrase: str, salt: bytes | None = None) -> Derived:
    """Derives once, outside any transaction (Argon2id with the instance's costs, RFC 9106)."""
    salt = salt or crypto.random(16)
    secret = derive(crypto.mac(settings.PEPPER, passphrase.strip().encode()), salt)
    return Derived(salt, crypto.hkdf(secret, "verifier"), crypto.hkdf(secret, "wrap"))


def new_totp() -> bytes:
    """A fresh secret for a second factor, 20 bytes."""
    return crypto.random(20)


def totp_uri(secret: bytes) -> str:
    """The otpauth address that authenticator apps read; its words are neutral and name nobody."""
    return f"otpauth://totp/Catatan?secret={totp_text(secret)}&issuer=Catatan"


def totp_text(secret: bytes) -> str:
    """The secret as letters, for typing (RFC 4648, base 32)."""
    return b32encode(secret).decode().rstrip("=")


def hide(totp: bytes, invitation: str) -> str:
    """Seals a new second factor for its way through a form, until the first code proves it.

    Only the running door opens it, and only under the same invitation.
    """
    sealed = crypto.seal(boot.session_key(invitation.encode(), b"second factor"), totp, b"totp")
    return urlsafe_b64encode(sealed).decode()


def reveal(hidden: str, invitation: str) -> bytes | None:
    """What `hide` sealed, or nothing when it is another door's, another invitation's or invented."""
    try:
        sealed = urlsafe_b64decode(hidden.encode("ascii"))
        return crypto.unseal(
            boot.session_key(invitation.encode(), b"second factor"), sealed, b"totp"
        )
    except (crypto.Unopened, ValueError):
        return None


def make_person(totp: bytes, derived: Derived) -> Pair:
    """A person's fresh key pair, its private half stored under her passphrase.

    From here on the transaction speaks in her name.
    """
    pair, _public = keyring.make_pair("person")
    context.say(person=pair.ref)
    wrap(pair, totp, derived)
    return pair


def wrap(pair: Pair, totp: bytes, derived: Derived) -> Wrapped:
    """Stores the private pair and second factor under the derived key."""
    return Wrapped.objects.create(
        keypair_id=pair.ref,
        salt=derived.salt,
        verifier=derived.verifier,
        seed=crypto.seal(derived.key, pair.seed, _place(pair.ref, "seed")),
        totp=crypto.seal(derived.key, totp, _place(pair.ref, "totp")),
    )


def unwrap(wrapped: Wrapped, derived: Derived) -> Opened | None:
    """Opens the private pair, or nothing when the passphrase was another one."""
    if not crypto.same(bytes(wrapped.verifier), derived.verifier):
        return None
    ref = wrapped.keypair_id
    seed = crypto.unseal(derived.key, bytes(wrapped.seed), _place(ref, "seed"))
    return Opened(
        Pair(ref, seed), crypto.unseal(derived.key, bytes(wrapped.totp), _place(ref, "totp"))
    )


def _place(ref: UUID, what: str) -> bytes:
    return crypto.canonical("simpul", "wrap", settings.INSTANCE, ref, what)
