"""The folder `var/`: everything one instance of Simpul keeps outside the database."""

import fcntl
import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launch.voice import Refused

REPO = Path(__file__).resolve().parents[2]

# Lost, these cannot be made again: receipts and passphrases would open nothing any more.
IRREPLACEABLE = ("pepper", "receipt", "instance-key")
PIN = "directory-pin.json"
SECRETS = (
    *IRREPLACEABLE,
    *(f"{door}-cookie" for door in ("public", "workspace", "owner", "worker")),
    *(
        f"db-{role}"
        for role in ("admin", "owner", "workspace", "public", "worker", "backup", "standby")
    ),
)


def folder() -> Path:
    """Where `var/` is: SIMPUL_VAR, else beside the code."""
    return Path(os.environ.get("SIMPUL_VAR") or REPO / "var").expanduser().resolve()


def make(place: Path) -> None:
    """Make what is missing of the folder; what is there stays as it is."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    if place.stat().st_uid != os.geteuid():
        raise Refused(
            f"{place} milik pengguna lain. Jalankan sebagai pengguna itu, atau atur SIMPUL_VAR.",
            f"{place} belongs to another user. Run as that user, or set SIMPUL_VAR.",
        )
    for name in ("secrets", "log", "static"):
        (place / name).mkdir(mode=0o700, exist_ok=True)
        (place / name).chmod(0o700)
    if stat.S_IMODE(place.stat().st_mode) & 0o066:
        place.chmod(0o700)
    _make_secrets(place / "secrets")


def secret(place: Path, name: str) -> str:
    """One secret of the instance, as it is written."""
    return (place / "secrets" / name).read_text().strip()


def claim(place: Path, kind: str) -> None:
    """Keep invented people and real people apart: a folder is `demo` or `real`, for good."""
    write_once(place / "kind", kind)
    if (there := kind_of(place)) != kind:
        raise Refused(
            f"{place} berisi data lain ({there}). Atur SIMPUL_VAR ke map lain.",
            f"{place} holds the other kind of data ({there}). Point SIMPUL_VAR elsewhere.",
        )


def kind_of(place: Path) -> str:
    """`demo`, `real`, or nothing yet."""
    return (place / "kind").read_text().strip() if (place / "kind").exists() else ""


class Busy(Refused):
    """Another ./simpul runs on this folder."""


@contextmanager
def held(place: Path) -> Iterator[None]:
    """Hold the folder for one running instance; a second one is refused.

    The lock belongs to the process, so it ends with it, however it ends.
    """
    with (place / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(
                f"Simpul sudah berjalan di {place}. Hentikan dulu, atau atur SIMPUL_VAR.",
                f"Simpul already runs on {place}. Stop it first, or set SIMPUL_VAR.",
            ) from None
        yield


def _make_secrets(place: Path) -> None:
    """Make each secret once; `instance` comes last and says that the first day is over."""
    if (place / "instance").exists():
        for name in IRREPLACEABLE:
            if not (place / name).exists():
                raise Refused(
                    f"Rahasia {name} hilang dari {place}. Kembalikan dari salinannya.",
                    f"The secret {name} is gone from {place}. Put its copy back.",
                )
    for name in SECRETS:
        write_once(place / name, os.urandom(32).hex())
    write_once(place / "instance", uuid.uuid4().hex)


def write_once(path: Path, text: str) -> None:
    """Write a whole file or none, and never over one that is there."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
