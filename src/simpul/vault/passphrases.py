"""What a passphrase opens: a person's private pair and her second factor."""

import re
from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings

from simpul.vault import crypto
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
        """The time step (RFC 6238, 30 s, six digits) a code belongs to: this, the last or the next."""
        code = re.sub(r"\s", "", code)
        here = int(now.timestamp()) // STEP
        for step in (here, here - 1, here + 1):
            if crypto.same(self.code(step).encode(), code.encode()):
                return step
        return None

    def code(self, step: int) -> str:
        """The six digits of a time step."""
        return (
            TOTP(self.totp, 6, SHA1(), STEP, enforce_key_length=False)
            .generate(step * STEP)
            .decode()
        )


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


def totp_uri(secret: bytes, name: str) -> str:
    """The otpauth address that authenticator apps read; the issuer is a neutral word."""
    return f"otpauth://totp/Catatan:{name}?secret={totp_text(secret)}&issuer=Catatan"


def totp_text(secret: bytes) -> str:
    """The secret as letters, for typing."""
    return b32encode(secret).decode().rstrip("=")


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
