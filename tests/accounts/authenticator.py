"""A passkey in software, that answers as it is told: right, or wrong in one thing."""

import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from simpul.vault import crypto

ORIGIN = "http://localhost:8000"
Flag = AuthenticatorData.FLAG


@dataclass
class Device:
    """A phone that holds one passkey."""

    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential: bytes = field(default_factory=crypto.random)
    prf: str = field(default_factory=lambda: websafe_encode(crypto.random()))
    counter: int = 0

    def made(self, asked: str, **wrong: Any) -> str:
        """The answer to a page that asks for a new passkey."""
        options = json.loads(asked)
        public = wrong.get("public") or ES256.from_cryptography_key(self.key.public_key())
        data = AttestedCredentialData.create(Aaguid.NONE, self.credential, public)
        said = AttestationObject.create("none", self._data(data, Flag.AT, **wrong), {})
        client = self._client("webauthn.create", options, **wrong)
        return self._json({"clientDataJSON": client, "attestationObject": said})

    def answer(self, asked: str, **wrong: Any) -> str:
        """The answer to a page that asks for any passkey; the counter goes on by one."""
        self.counter = wrong.get("counter", self.counter + 1)
        data = self._data(b"", **wrong)
        client = self._client("webauthn.get", json.loads(asked), **wrong)
        key = wrong.get("key", self.key)
        signature = key.sign(data + crypto.sha256(client), ec.ECDSA(hashes.SHA256()))
        return self._json(
            {"clientDataJSON": client, "authenticatorData": data, "signature": signature}
        )

    def _data(self, data: bytes, more: int = 0, **wrong: Any) -> AuthenticatorData:
        rp = crypto.sha256(wrong.get("rp", "localhost").encode())
        flags = wrong.get("flags", Flag.UP | Flag.UV) | more
        return AuthenticatorData.create(rp, flags, self.counter, data)

    def _client(self, usual: str, options: dict[str, Any], **wrong: Any) -> CollectedClientData:
        return CollectedClientData.create(
            wrong.get("kind", usual),
            wrong.get("challenge", options["challenge"]),
            wrong.get("origin", ORIGIN),
            wrong.get("framed", False),
        )

    def _json(self, response: dict[str, bytes]) -> str:
        id_ = websafe_encode(self.credential)
        said = {name: websafe_encode(value) for name, value in response.items()}
        return json.dumps({"id": id_, "rawId": id_, "type": "public-key", "response": said})
