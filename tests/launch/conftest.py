"""Folders and a database for the tests of the launcher."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch import var
from launch.postgres import Cluster


@pytest.fixture
def place() -> Iterator[Path]:
    """A `var/` that every user may reach, as in an open checkout."""
    with tempfile.TemporaryDirectory(prefix="simpul-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "var"


@pytest.fixture
def cluster(place: Path) -> Iterator[Cluster]:
    """A PostgreSQL of its own, running."""
    cluster = Cluster(place, durable=False)
    cluster.start()
    yield cluster
    cluster.remove()


@pytest.fixture
def secrets(place: Path) -> Path:
    """The secrets of an instance that has just been made."""
    var.make(place)
    return place / "secrets"


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the surroundings decides what these tests do."""
    for name in list(os.environ):
        if name.startswith("SIMPUL_") or name in {"DATABASE_URL", "XDG_RUNTIME_DIR"}:
            monkeypatch.delenv(name)
