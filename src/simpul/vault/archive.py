"""A sealed file that leaves the house: a signed header in the clear, content in sealed chunks.

The content's key is fresh and sealed to the recovery key; every chunk is bound to the header. So who
holds the file without the key reads the header alone, and who changes either is found out.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from simpul.vault import crypto
from simpul.vault.crypto import SEALED_CHUNK, Cut, Pair, Unopened, canonical, sha256

MAGIC = b"SIMPUL SEALED 1\n"
LONGEST = 64 * 1024  # bytes of a header
SIGNATURE = 64


class Damaged(Exception):
    """The file is not what was written: `reason` is `foreign`, `truncated`, `altered` or `unsigned`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Archive:
    """A sealed file on disk, its header read."""

    path: Path
    said: dict[str, Any]
    body: bytes
    signature: bytes

    def check_signature(self, verifying: bytes) -> None:
        """Raises Damaged when another instance, or nobody, signed the header."""
        if not crypto.verify(verifying, self.signature, _signed(self.body)):
            raise Damaged("unsigned")

    def read(self, pair: Pair) -> Iterator[bytes]:
        """The content, chunk by chunk. Raises Damaged; nobody counts on it before the end has come."""
        try:
            key = pair.open(bytes.fromhex(self.said["key"]), _info(self.said))
            with self.path.open("rb") as file:
                file.seek(len(MAGIC) + 4 + len(self.body) + SIGNATURE)
                pieces = iter(lambda: file.read(SEALED_CHUNK), b"")
                yield from crypto.unseal_chunks(key, pieces, sha256(self.body))
        except Cut as error:
            raise Damaged("truncated") from error
        except Unopened as error:
            raise Damaged("altered") from error


def write(
    file: BinaryIO, said: dict[str, Any], content: Iterable[bytes], *, to: bytes, by: Pair
) -> None:
    """Writes the header, signed by `by`, and the content, sealed to the public key `to`."""
    key = crypto.random()
    header = {**said, "key": crypto.seal_to(to, key, _info(said)).hex()}
    body = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    file.write(MAGIC + len(body).to_bytes(4, "big") + body + by.sign(_signed(body)))
    for chunk in crypto.seal_chunks(key, content, sha256(body)):
        file.write(chunk)


def find(path: Path) -> Archive:
    """Reads the header of a sealed file. Raises Damaged."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise Damaged("foreign")
        length = int.from_bytes(file.read(4), "big")
        if length > LONGEST:
            raise Damaged("altered")
        body, signature = file.read(length), file.read(SIGNATURE)
    if len(body) != length or len(signature) != SIGNATURE:
        raise Damaged("truncated")
    try:
        said = json.loads(body)
        if not {"kind", "instance", "key", "made_at", "recovery"} <= said.keys():
            raise Damaged("altered")
    except (AttributeError, ValueError) as error:
        raise Damaged("altered") from error
    return Archive(path, said, body, signature)


def _signed(body: bytes) -> bytes:
    return canonical("simpul", "archive", body)


def _info(said: dict[str, Any]) -> bytes:
    return canonical("simpul", "archive key", said["kind"], said["instance"])
