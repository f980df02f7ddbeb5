"""What this machine remembers of the key directory, so that an older one cannot be replayed."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

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
    with _held():
        known = read()
        if known and (known.number >= pin.number or known.root != pin.root):
            return
        _write(pin)


def set_back(pin: Pin) -> None:
    """Pins an older head of the same root, which two administrators have confirmed after a restore."""
    with _held():
        known = read()
        if known and known.root != pin.root:
            raise ValueError("another root is pinned here")
        _write(pin)


def _write(pin: Pin) -> None:
    fresh = _path().with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(pin), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(_path())


@contextmanager
def _held() -> Iterator[None]:
    with open(_path().with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
