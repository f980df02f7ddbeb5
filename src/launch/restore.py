"""`./simpul restore`: a new instance out of a backup, built aside and moved into place when it is sound."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg.sql import SQL, Identifier

from launch import address, dumps, roles, sheets, tether, var
from launch.binaries import binaries
from launch.postgres import Cluster
from launch.processes import SRC, environment, python
from launch.voice import Refused, say
from simpul.vault import archive, recoverykey, tombstones
from simpul.vault.archive import Archive, Damaged
from simpul.vault.crypto import Pair, sha256
from simpul.vault.tombstones import Altered, Log

DRAFT = ".restoring"
WITHOUT = "none"  # said for --tombstones when the log is lost
WRONG = {
    "foreign": ("bukan cadangan Simpul", "no backup of Simpul"),
    "truncated": (
        "terpotong: bagian akhirnya hilang. Pakai salinan lain",
        "cut off; use another copy",
    ),
    "altered": ("berubah sesudah dibuat. Pakai salinan lain", "altered; use another copy"),
    "unsigned": ("tidak ditandatangani instalasi ini", "not signed by this instance"),
}


@dataclass(frozen=True, slots=True)
class Sources:
    """What a restore needs, every byte of it checked."""

    dump: Archive
    pair: Pair
    secrets: dict[str, str]
    log: bytes
    after: int  # lines of the log that the dump knows


def run(file: str, secrets: str, log: str | None) -> int:
    """Restore into an empty folder; give back the exit code."""
    tether.harden()
    place = var.folder()
    _check_empty(place)
    dump, apart = _find(Path(file), "database"), _find(Path(secrets), "secrets")
    beside = Path(log) if log else dump.path.with_name(tombstones.NAME)
    with _named(apart.path):
        key = recoverykey.recipient(apart.said["recovery"])
    sources = check(dump, apart, sheets.pair(key), beside)
    with building(place) as draft:
        server = os.environ.get("DATABASE_URL")
        rows = build(draft, sources, server)
        if not server:
            finished = Cluster(draft)
            finished.lodging.settle()
            finished.sync()
            finished.lodging.leave()
        draft.joinpath("lock").unlink(missing_ok=True)
        if place.exists():
            place.rmdir()
        draft.rename(place)
    say(
        f"{sum(rows.values()):,} baris di {len(rows)} tabel, sama", "as many rows as in the backup"
    )
    say("Selesai. Jalankan ./simpul up, lalu ./simpul verify-chain", "Done; start it and verify")
    return 0


def check(dump: Archive, apart: Archive, pair: Pair, log: Path) -> Sources:
    """Read all that was given to its end before anything is made of it. Raises Refused."""
    if dump.said["instance"] != apart.said["instance"]:
        raise Refused(
            "Kedua berkas berasal dari instalasi yang berbeda.",
            f"{dump.path.name} and {apart.path.name} come from different instances.",
        )
    if dump.said["recovery"] != apart.said["recovery"]:
        raise Refused(
            "Kedua berkas disegel untuk kunci pemulihan yang berbeda.",
            "The two files are sealed to different recovery keys.",
        )
    with _named(apart.path):
        held: dict[str, str] = json.loads(b"".join(apart.read(pair)))
        ours = Pair(UUID(held["instance"]), bytes.fromhex(held["instance-key"]))
        apart.check_signature(ours.verifying)
    with _named(dump.path):
        dump.check_signature(ours.verifying)
        for _piece in dump.read(pair):
            pass
    _check_version(dump.said)
    count, head = dump.said["tombstones"]
    return Sources(dump, pair, held, _log(log, ours, count, head), count)


def _log(path: Path, ours: Pair, count: int, head: str) -> bytes:
    """The log of what was taken back since, or nothing where it was said to be lost."""
    if path.name == WITHOUT:
        say("Tanpa catatan pencabutan: yang dicabut bisa terbuka lagi", "Endings since are lost")
        return b""
    if not path.exists():
        raise Refused(
            f"Catatan pencabutan {path} tidak ada. Beri dengan --tombstones; hilang: --tombstones none",
            f"There is no log of endings at {path}; give it, or say that it is lost.",
        )
    try:
        known = tombstones.read(path, ours)
    except Altered as error:
        raise Refused(
            f"Catatan pencabutan berubah atau terpotong di baris {error.line}. Pakai salinannya.",
            f"{path.name} was altered or cut off at line {error.line}. Use its copy.",
        ) from None
    if known.after(count, head) is None:
        raise Refused(
            f"Catatan pencabutan kurang: cadangan ini mengenal {count} baris. Pakai salinannya.",
            f"{path.name} is shorter or other than the one the backup knew ({count} lines).",
        )
    _say_until(known)
    return path.read_bytes()


def _say_until(log: Log) -> None:
    if log.stones:
        last = log.stones[-1].at[:16]
        say(f"Catatan pencabutan sampai {last}", f"{len(log.stones)} endings; is this the newest?")


def _check_version(said: dict[str, Any]) -> None:
    """Whether this code and these programs understand the dump."""
    for room, newest in said["schema"].items():
        folder = SRC / "simpul" / room / "migrations"
        if folder.is_dir() and not (folder / f"{newest}.py").exists():
            raise Refused(
                "Cadangan ini dari Simpul yang lebih baru. Pasang versi itu dulu.",
                f"The backup is of a newer Simpul ({room} {newest}). Install that first.",
            )
    if not os.environ.get("DATABASE_URL"):
        have = binaries().version
        if have < said["postgres"]:
            raise Refused(
                f"Cadangan ini perlu PostgreSQL {said['postgres']}; di sini {have}."
                " Coba SIMPUL_PG=wheel.",
                f"The backup needs PostgreSQL {said['postgres']}; here is {have}.",
            )


@contextmanager
def building(place: Path) -> Iterator[Path]:
    """A folder beside the place, empty at first, and gone when the work breaks off."""
    draft = place.with_name(place.name + DRAFT)
    place.parent.mkdir(parents=True, exist_ok=True)
    draft.mkdir(mode=0o700, exist_ok=True)
    with var.held(draft):
        # What a killed restore left.
        _clear(draft)
        try:
            yield draft
        except BaseException:
            _clear(draft)
            shutil.rmtree(draft, ignore_errors=True)
            raise


def _clear(draft: Path) -> None:
    Cluster(draft).remove()
    for path in draft.iterdir():
        if path.name != "lock":
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def build(draft: Path, sources: Sources, server: str | None = None) -> dict[str, int]:
    """Fill the folder and a database; give back how many rows there are. It is stopped afterwards."""
    if server:
        return _beside(draft, sources, server)
    # Forgetful, as nobody trusts it before it is whole and in its place; then it is synced once.
    cluster = Cluster(draft, durable=False)
    # Its secrets are still its own here: so where its data lies is never where ours lies.
    cluster.start()
    try:
        database = cluster.address()
        rows = _fill(draft, sources, database, roles.reach(draft, database))
    finally:
        cluster.stop()
    return rows


def _beside(draft: Path, sources: Sources, server: str) -> dict[str, int]:
    """On a given server: into a new database, which takes its name when all is done."""
    database = address.of_url(server)
    name = database["SIMPUL_DATABASE_NAME"]
    fresh = f"{name}_restoring"
    with psycopg.connect(server, dbname="postgres", autocommit=True) as admin:
        if admin.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount:
            raise Refused(
                f"Basis data {name} sudah ada di server itu. Beri nama lain di DATABASE_URL.",
                f"There is a database {name} already. Name another in DATABASE_URL.",
            )
        drop = SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(fresh))
        admin.execute(drop)
        var.make(draft)
        try:
            rows = _fill(draft, sources, database | {"SIMPUL_DATABASE_NAME": fresh}, server)
        except BaseException:
            admin.execute(drop)
            raise
        rename = SQL("ALTER DATABASE {} RENAME TO {}")
        admin.execute(rename.format(Identifier(fresh), Identifier(name)))
    return rows


def _fill(draft: Path, sources: Sources, database: dict[str, str], server: str) -> dict[str, int]:
    """Roles, rows, secrets, rights, what was taken back since: in this order."""
    passwords = roles.passwords(draft)
    roles.prepare(server, database["SIMPUL_DATABASE_NAME"], passwords)
    owner = dumps.Place(database, roles.OWNER, passwords[roles.OWNER])
    say("Mengisi basis data", "Filling the database")
    with _named(sources.dump.path):
        rows = _load(owner, sources)
    _place_secrets(draft, sources)
    step(draft, database, "prepare", "--restoring")
    with dumps.Place(database, roles.BACKUP, passwords[roles.BACKUP]).connect() as connection:
        found = dumps.counts(connection)
    if differing := [table for table in rows if found.get(table) != rows[table]]:
        raise Refused(
            f"Jumlah baris berbeda: {', '.join(differing)}.", "The numbers of rows differ."
        )
    step(draft, database, "settle", "--restored", "--after", str(sources.after))
    return rows


def _load(owner: dumps.Place, sources: Sources) -> dict[str, int]:
    """The dump goes through a pipe; what it says of its rows comes first."""
    pieces = sources.dump.read(sources.pair)
    held = b""
    while len(held) < 4 or len(held) < 4 + int.from_bytes(held[:4], "big"):
        held += next(pieces)
    end = 4 + int.from_bytes(held[:4], "big")
    if sha256(held[4:end]).hex() != sources.dump.said["rows"]:
        raise Damaged("altered")
    rows: dict[str, int] = json.loads(held[4:end])

    def dump() -> Iterator[bytes]:
        yield held[end:]
        yield from pieces

    dumps.load(owner, dump())
    return rows


def _place_secrets(draft: Path, sources: Sources) -> None:
    """From here on the folder is the restored instance; its own passwords and cookies stay new."""
    for name, text in sources.secrets.items():
        path = draft / name if name == "kind" else draft / "secrets" / name
        path.unlink(missing_ok=True)
        var.write_once(path, text)
    tombstones.place(draft / tombstones.NAME, sources.log)


def step(place: Path, database: dict[str, str], *words: str) -> None:
    """One of the product's commands on that instance; it may ask. Raises Refused."""
    surroundings = environment(place, "owner", database)
    if subprocess.run(python("django", *words), env=surroundings).returncode:
        raise Refused(f"Langkah ini belum selesai: {words[0]}", f"Not finished: {words[0]}")


def _check_empty(place: Path) -> None:
    if place.exists() and any(place.iterdir()):
        raise Refused(
            f"{place} sudah berisi. Tidak ada yang ditimpa. Atur SIMPUL_VAR ke map kosong.",
            f"{place} is not empty; nothing is overwritten. Point SIMPUL_VAR to an empty folder.",
        )


def _find(path: Path, kind: str) -> Archive:
    if not path.is_file():
        raise Refused(f"Berkas {path} tidak ada.", f"There is no file {path}.")
    with _named(path):
        found = archive.find(path)
    if found.said["kind"] != kind:
        wanted = ("basis data", "database") if kind == "database" else ("rahasia", "secrets")
        raise Refused(
            f"{path.name} bukan cadangan {wanted[0]}.", f"{path.name} holds no {wanted[1]}."
        )
    return found


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """What is wrong with a file is said with its name, in one sentence."""
    try:
        yield
    except Damaged as error:
        indonesian, english = WRONG[error.reason]
        raise Refused(f"{path.name} {indonesian}.", f"{path.name} is {english}.") from None
    except (KeyError, TypeError, ValueError):
        raise Refused(f"{path.name} berubah.", f"{path.name} is altered.") from None
