"""Passkeys (WebAuthn, checked by `fido2`): a second factor, and with PRF a key of its own.

A challenge is stored nowhere: it carries the moment it was made and the door's own proof. It counts
once, because a passkey answers only challenges that are later than the last one it answered.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from simpul.vault import boot, crypto
from simpul.vault.crypto import Pair
from simpul.vault.models import Passkey

ALGORITHMS = {-7, -8, -257}  # ES256, EdDSA, RS256
LONGEST = 1023  # bytes of a credential's id, by the standard
LASTS = timedelta(minutes=15)  # how old a page's challenge may be
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SIGN_IN = b"sign in"
REQUIRED = UserVerificationRequirement.REQUIRED


class NotProven(Exception):
    """The answer is not that of a passkey that was asked here."""


class Stale(NotProven):
    """The page that asked is too old, or of an earlier start of the door."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A passkey whose signature is right; it counts once `use` has taken its challenge."""

    passkey: Passkey
    asked_at: datetime
    counter: int

    @property
    def is_copied(self) -> bool:
        """Whether its counter went back: then two devices hold the same key."""
        known = self.passkey.counter
        return bool(known or self.counter) and self.counter <= known


def asking(now: datetime) -> str:
    """What the sign-in page asks of any passkey, as JSON; it names nobody and no passkey."""
    options, _state = _server().authenticate_begin(
        user_verification=REQUIRED, challenge=_challenge(SIGN_IN, now), extensions=_prf()
    )
    return json.dumps(dict(options.public_key))


def asking_to_add(person: UUID, username: str, now: datetime) -> str:
    """What the page asks of a device that is to hold a new passkey of this person, as JSON."""
    held = [
        PublicKeyCredentialDescriptor(
            type=PublicKeyCredentialType.PUBLIC_KEY, id=bytes(passkey.credential)
        )
        for passkey in held_by(person)
    ]
    options, _state = _server().register_begin(
        PublicKeyCredentialUserEntity(
            id=crypto.mac(settings.PEPPER, b"passkey" + person.bytes),
            name=username,
            display_name=username,
        ),
        held,
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=REQUIRED,
        challenge=_challenge(person.bytes, now),
        extensions=_prf(),
    )
    return json.dumps(dict(options.public_key))


def held_by(person: UUID) -> list[Passkey]:
    """A person's passkeys, the oldest first."""
    return list(Passkey.objects.filter(keypair_id=person).order_by("created_at", "ref"))


def add(pair: Pair, label: str, answer: str, prf: str, now: datetime) -> Passkey:
    """Stores a new passkey, and wraps the seed where it gave a PRF output. Raises NotProven."""
    data, asked_at, counter = _registered(answer, pair.ref, now)
    salt = crypto.random()
    passkey = Passkey(
        keypair_id=pair.ref, label=label, credential=data.credential_id, public=bytes(data),
        counter=counter, used_at=asked_at, salt=salt,
    )  # fmt: skip
    passkey.proof = _proof(passkey, pair)
    if prf:
        passkey.seed = crypto.seal(_wrapping(passkey, prf), pair.seed, _place(passkey))
    passkey.save(force_insert=True)
    return passkey


def shown(answer: str, person: UUID | None, now: datetime) -> Shown | None:
    """The passkey of this person that answered, or nothing. Raises Stale.

    Nobody and somebody without this passkey look alike, in time too: one look-up, no signature.
    """
    try:
        said = AuthenticationResponse.from_dict(json.loads(answer))
        challenge = said.response.client_data.challenge
        is_framed = said.response.client_data.cross_origin
    except Exception:  # fido2 meets hostile bytes with many kinds of errors; each is a no
        return None
    asked_at = _asked_at(challenge, SIGN_IN, now)
    passkey = Passkey.objects.filter(
        keypair_id=person or UUID(int=0), credential=said.raw_id
    ).first()
    if passkey is None or is_framed:
        return None
    try:
        _server().authenticate_complete(
            _state(challenge), [AttestedCredentialData(bytes(passkey.public))], said
        )
    except Exception:
        return None
    return Shown(passkey, asked_at, said.response.authenticator_data.counter)


def use(shown: Shown, pair: Pair) -> bool:
    """Takes the challenge and the counter; neither goes back, also when two come at once.

    A row that was not added under her own seed, but by hand in the database, proves nothing.
    """
    if not crypto.same(bytes(shown.passkey.proof), _proof(shown.passkey, pair)):
        return False
    forward = Q(counter__lt=shown.counter) if shown.counter else Q(counter=0)
    rows = Passkey.objects.filter(forward, pk=shown.passkey.pk, used_at__lt=shown.asked_at)
    return bool(rows.update(counter=shown.counter, used_at=shown.asked_at))


def open_pair(shown: Shown, prf: str) -> Pair | None:
    """The person's pair, when this passkey wraps it and the PRF output is right."""
    passkey = shown.passkey
    if passkey.seed is None:
        return None
    try:
        seed = crypto.unseal(_wrapping(passkey, prf), bytes(passkey.seed), _place(passkey))
    except (crypto.Unopened, NotProven):
        return None
    return Pair(passkey.keypair_id, seed)


def _server() -> Fido2Server:
    rp = PublicKeyCredentialRpEntity(id=settings.PASSKEY_HOST, name="Catatan")
    server = Fido2Server(rp, verify_origin=_is_ours)
    server.allowed_algorithms = [p for p in server.allowed_algorithms if p.alg in ALGORITHMS]
    return server


def _is_ours(origin: str) -> bool:
    """This host's own pages, over TLS; no host below it, and without TLS only this machine."""
    parts = urlsplit(origin)
    if parts.hostname != settings.PASSKEY_HOST:
        return False
    return parts.scheme == "https" or (parts.scheme, parts.hostname) == ("http", "localhost")


def _prf() -> dict[str, Any]:
    """The same input for everybody, so that the page need not know who asks.

    Each passkey answers with an output of its own; the salt in its row makes the key from it.
    """
    first = crypto.sha256(crypto.canonical("simpul", "prf", settings.INSTANCE))
    return {"prf": {"eval": {"first": websafe_encode(first)}}}


def _registered(
    answer: str, person: UUID, now: datetime
) -> tuple[AttestedCredentialData, datetime, int]:
    try:
        said = RegistrationResponse.from_dict(json.loads(answer))
        challenge = said.response.client_data.challenge
    except Exception as error:
        raise NotProven from error
    asked_at = _asked_at(challenge, person.bytes, now)
    try:
        made = _server().register_complete(_state(challenge), said)
        data = made.credential_data
        assert data is not None
        is_fit = (
            data.public_key[3] in ALGORITHMS
            and said.raw_id == data.credential_id
            and len(data.credential_id) <= LONGEST
        )
    except Exception as error:
        raise NotProven from error
    if not is_fit or Passkey.objects.filter(credential=data.credential_id).exists():
        raise NotProven
    return data, asked_at, made.counter


def _challenge(purpose: bytes, now: datetime) -> bytes:
    body = ((now - EPOCH) // timedelta(microseconds=1)).to_bytes(8, "big") + crypto.random(16)
    return body + crypto.mac(_proving(purpose), body)


def _asked_at(challenge: bytes, purpose: bytes, now: datetime) -> datetime:
    """When this door made the challenge, for this purpose. Raises Stale."""
    body, proof = challenge[:24], challenge[24:]
    if not crypto.same(crypto.mac(_proving(purpose), body), proof):
        raise Stale
    asked_at = EPOCH + timedelta(microseconds=int.from_bytes(body[:8], "big"))
    if asked_at < now - LASTS:
        raise Stale
    return asked_at


def _proving(purpose: bytes) -> bytes:
    return boot.session_key(b"passkey", purpose)


def _state(challenge: bytes) -> dict[str, Any]:
    return {"challenge": websafe_encode(challenge), "user_verification": REQUIRED}


def _wrapping(passkey: Passkey, prf: str) -> bytes:
    try:
        output = websafe_decode(prf)
    except ValueError as error:
        raise NotProven from error
    if len(output) != 32:
        raise NotProven
    return crypto.hkdf(output, "simpul passkey", salt=bytes(passkey.salt))


def _proof(passkey: Passkey, pair: Pair) -> bytes:
    return crypto.mac(
        crypto.hkdf(pair.seed, "simpul passkey proof"),
        crypto.canonical(
            settings.INSTANCE, pair.ref, passkey.keypair_id, passkey.ref,
            bytes(passkey.credential), bytes(passkey.public),
        ),
    )  # fmt: skip


def _place(passkey: Passkey) -> bytes:
    return crypto.canonical(
        "simpul", "wrap", settings.INSTANCE, passkey.keypair_id, "passkey",
        bytes(passkey.credential),
    )  # fmt: skip
