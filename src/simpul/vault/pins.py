"""What this machine remembers of key directory and audit chain: an older one cannot be replayed."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Pin:
    """The root key's fingerprint and the latest verified head; hashes in hex."""

    root: str
    number: int
    hash: str


def _path() -> Path:
    return Path(settings.VAR) / "secrets" / "directory-pin.json"


def read() -> Pin | None:
    """The pin, or nothing before the first day."""
    try:
        return Pin(**json.loads(_path().read_text()))
    except FileNotFoundError:
        return None


def advance(pin: Pin) -> None:
    """Moves the pin forward; it never goes back, whoever else moves it meanwhile."""
    with _held(_path()):
        known = read()
        if known and (known.number >= pin.number or known.root != pin.root):
            return
        _write(_path(), asdict(pin))


@dataclass(frozen=True, slots=True)
class ChainPin:
    """The last line of the audit chain that this machine has linked; the hash in hex."""

    number: int
    hash: str


def _chain() -> Path:
    return Path(settings.VAR) / "secrets" / "chain-pin.json"


def chain() -> ChainPin | None:
    """How far this machine has linked the audit chain, or nothing before its first line."""
    try:
        return ChainPin(**json.loads(_chain().read_text()))
    except FileNotFoundError:
        return None


def advance_chain(pin: ChainPin) -> None:
    """Moves the pin forward."""
    with _held(_chain()):
        known = chain()
        if known is None or known.number < pin.number:
            _write(_chain(), asdict(pin))


def rewind_chain(pin: ChainPin) -> None:
    """Puts the pin where a person has accepted that the chain ends, after a restore."""
    with _held(_chain()):
        _write(_chain(), asdict(pin))


def _write(path: Path, value: dict[str, Any]) -> None:
    """Writes a whole file or none."""
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def set_back(pin: Pin) -> None:
    """Pins an older head of the same root, which two administrators have confirmed after a restore."""
    with _held(_path()):
        known = read()
        if known and known.root != pin.root:
            raise ValueError("another root is pinned here")
        _write(_path(), asdict(pin))


@contextmanager
def _held(path: Path) -> Iterator[None]:
    with open(path.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
