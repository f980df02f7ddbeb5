"""The primitives, composed and nothing more; RFC vectors prove them in tests/vault/test_crypto.py."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

import nacl.pwhash.argon2id
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SUITE_X25519 = b"\x01"  # DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM (RFC 9180)
_HPKE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
PAD = 256
CHUNK = 64 * 1024
SEALED_CHUNK = CHUNK + 16

Part = str | int | bytes | UUID | datetime | None | list[str] | list[UUID]


class Unopened(Exception):
    """The ciphertext, its place or the key is not what was sealed."""


class Cut(Unopened):
    """What is there is sound, and its end is missing."""


def canonical(*parts: Part) -> bytes:
    """An unambiguous byte string of the parts: each is tagged and carries its length."""
    out = bytearray()
    for part in parts:
        match part:
            case None:
                tag, body = b"n", b""
            case str():
                tag, body = b"s", part.encode()
            case int():
                tag, body = b"i", str(part).encode()
            case bytes():
                tag, body = b"b", part
            case UUID():
                tag, body = b"u", part.bytes
            case datetime():
                tag, body = b"t", str(round(part.timestamp() * 1_000_000)).encode()
            case list():
                tag, body = b"l", canonical(*part)
        out += tag + len(body).to_bytes(4, "big") + body
    return bytes(out)


def sha256(data: bytes) -> bytes:
    """SHA-256 (FIPS 180-4), 32 bytes."""
    return hashlib.sha256(data).digest()


def mac(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA-256 (RFC 2104), 32 bytes."""
    return hmac.new(key, data, hashlib.sha256).digest()


def mac_sha1(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA-1 (RFC 2104), 20 bytes: only to check what a provider signs with nothing newer."""
    return hmac.new(key, data, hashlib.sha1).digest()


def same(one: bytes, other: bytes) -> bool:
    """Compares without telling by its time where the two differ."""
    return hmac.compare_digest(one, other)


def random(size: int = 32) -> bytes:
    """Random bytes of the operating system."""
    return secrets.token_bytes(size)


def hkdf(secret: bytes, info: str, *, size: int = 32, salt: bytes | None = None) -> bytes:
    """HKDF-SHA-256 (RFC 5869)."""
    return HKDF(hashes.SHA256(), size, salt, info.encode()).derive(secret)


def argon2id(secret: bytes, salt: bytes, *, memory: int, passes: int) -> bytes:
    """Argon2id (RFC 9106), one lane, 32 bytes; memory in bytes, salt of 16 bytes."""
    return nacl.pwhash.argon2id.kdf(32, secret, salt, opslimit=passes, memlimit=memory)


@dataclass(frozen=True)
class Pair:
    """A private key pair, one for opening (X25519) and one for signing (Ed25519), from one seed."""

    ref: UUID
    seed: bytes

    @cached_property
    def _opening(self) -> X25519PrivateKey:
        return X25519PrivateKey.from_private_bytes(hkdf(self.seed, "simpul x25519"))

    @cached_property
    def _signing(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(hkdf(self.seed, "simpul ed25519"))

    @property
    def public(self) -> bytes:
        """The public half that others seal to, 32 bytes."""
        return self._opening.public_key().public_bytes_raw()

    @property
    def verifying(self) -> bytes:
        """The public half that others check signatures with, 32 bytes."""
        return self._signing.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """An Ed25519 signature (RFC 8032), 64 bytes."""
        return self._signing.sign(message)

    def open(self, sealed: bytes, info: bytes) -> bytes:
        """Opens what was sealed to this pair under the same info; raises Unopened."""
        if sealed[:1] != SUITE_X25519:
            raise Unopened("unknown suite")
        try:
            return _HPKE.decrypt(sealed[1:], self._opening, info)
        except (InvalidTag, ValueError) as error:
            raise Unopened("not sealed to this key, or moved") from error

    def __repr__(self) -> str:
        return f"Pair({self.ref})"


def seal_to(public: bytes, plain: bytes, info: bytes) -> bytes:
    """Seals to a public key: HPKE base mode (RFC 9180); the first byte names the suite."""
    return SUITE_X25519 + _HPKE.encrypt(plain, X25519PublicKey.from_public_bytes(public), info)


def verify(verifying: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the Ed25519 signature is of this message and key."""
    try:
        Ed25519PublicKey.from_public_bytes(verifying).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def seal(key: bytes, plain: bytes, place: bytes, *, pad: int = PAD) -> bytes:
    """AES-256-GCM-SIV (RFC 8452), bound to its place; padded to a multiple of 256 bytes, or of `pad`."""
    nonce = random(12)
    padded = plain + b"\x80" + bytes(-(len(plain) + 1) % pad)
    return nonce + AESGCMSIV(key).encrypt(nonce, padded, place)


def unseal(key: bytes, sealed: bytes, place: bytes) -> bytes:
    """Opens what `seal` made for the same key and place; raises Unopened."""
    try:
        padded = AESGCMSIV(key).decrypt(sealed[:12], sealed[12:], place)
    except (InvalidTag, ValueError) as error:
        raise Unopened("altered, or moved from its place") from error
    return padded[: padded.rindex(b"\x80")]


def seal_stream(key: bytes, plain: bytes, place: bytes) -> bytes:
    """A file in 64 KiB chunks (STREAM over AES-256-GCM), padded to whole chunks.

    Each chunk's nonce holds its number and whether it is the last, so chunks can be neither
    reordered nor cut off. `key` must be fresh for each file.
    """
    return b"".join(seal_chunks(key, [plain], place))


def seal_chunks(key: bytes, plain: Iterable[bytes], place: bytes) -> Iterator[bytes]:
    """The chunks of `seal_stream`, as the plain bytes come; no more than one piece is held."""
    cipher, held, number = AESGCM(key), bytearray(), 0
    for piece in plain:
        held += piece
        while len(held) > CHUNK:
            yield cipher.encrypt(_nonce(number, False), bytes(held[:CHUNK]), place)
            del held[:CHUNK]
            number += 1
    held += b"\x80"
    held += bytes(-len(held) % CHUNK)
    while held:
        yield cipher.encrypt(_nonce(number, len(held) == CHUNK), bytes(held[:CHUNK]), place)
        del held[:CHUNK]
        number += 1


def unseal_stream(key: bytes, sealed: bytes, place: bytes) -> bytes:
    """Opens what `seal_stream` made; raises Unopened when any chunk is altered or missing."""
    pieces = (sealed[n : n + SEALED_CHUNK] for n in range(0, len(sealed), SEALED_CHUNK))
    return b"".join(unseal_chunks(key, pieces, place))


def unseal_chunks(key: bytes, sealed: Iterable[bytes], place: bytes) -> Iterator[bytes]:
    """Opens chunk after chunk; raises Unopened at the first that is altered, and Cut when the end is missing.

    What came before has been handed out by then: nobody may count on it before the end has come.
    """
    cipher, number, held = AESGCM(key), 0, b""
    try:
        for piece in sealed:
            if held:
                yield cipher.decrypt(_nonce(number, False), held, place)
                number += 1
            held = piece
    except InvalidTag as error:
        raise Unopened("altered or reordered") from error
    if len(held) != SEALED_CHUNK:
        raise Cut("truncated")
    try:
        padded = cipher.decrypt(_nonce(number, True), held, place)
    except InvalidTag as error:
        try:
            cipher.decrypt(_nonce(number, False), held, place)
        except InvalidTag:
            raise Unopened("altered") from error
        raise Cut("truncated after a whole chunk") from error
    yield padded[: padded.rindex(b"\x80")]


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
