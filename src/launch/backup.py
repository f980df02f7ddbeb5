"""`./simpul backup`: the database, or the secrets, into a file that only the recovery sheets open."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from launch import address, dumps, roles, sheets, tether, var
from launch.voice import Refused, say
from simpul.vault import archive, tombstones
from simpul.vault.archive import Damaged
from simpul.vault.crypto import Pair, sha256
from simpul.vault.recoverykey import Recipient

SUFFIX = {"database": ".backup", "secrets": ".secrets"}
KEPT = 30  # days that a backup lives; the withdrawal page promises it
# What is made once for an instance and is in no database.
APART = (*var.IRREPLACEABLE, "instance", sheets.NAME)


def run(target: str | None, *, secrets: bool) -> int:
    """Make one backup and say where it is."""
    tether.harden()
    place = var.folder()
    with address.at_hand(place) as database:
        made = datetime.now(UTC)
        path = _path(place, target, "secrets" if secrets else "database", made)
        key = sheets.recipient(place)
        if secrets:
            seal_secrets(place, path, key, made)
        else:
            seal_database(place, database, path, key, made)
            if not tombstones.copy(place / tombstones.NAME, path.parent):
                say("Di map itu ada catatan pencabutan lain", "Another instance's log lies there")
            _remove_old(path.parent, made)
    size = path.stat().st_size
    say(f"Tersimpan: {path} ({size:,} bita)", f"Saved; recovery key {key.fingerprint}")
    if secrets:
        say("Simpan jauh dari cadangan basis data", "Keep it apart from the database's backups")
    return 0


def instance_key(place: Path) -> Pair:
    """The key that signs for this instance."""
    return Pair(
        UUID(var.secret(place, "instance")), bytes.fromhex(var.secret(place, "instance-key"))
    )


def seal_secrets(place: Path, path: Path, key: Recipient, made: datetime) -> None:
    """Seal what opens nothing by itself and without which nothing opens, in a file of its own."""
    folder = place / "secrets"
    held = {name: var.secret(place, name) for name in APART if (folder / name).exists()}
    if (folder / var.PIN).exists():
        held[var.PIN] = (folder / var.PIN).read_text()
    held["kind"] = var.kind_of(place)
    said = _header("secrets", place, key, made)
    with _whole(path) as file:
        content = [json.dumps(held).encode()]
        archive.write(file, said, content, to=key.public, by=instance_key(place))


def seal_database(
    place: Path, database: dict[str, str], path: Path, key: Recipient, made: datetime
) -> None:
    """Seal one moment of the database, with what it must agree with after a restore."""
    # Read before the moment of the dump: what is in the log by now is in the dump too.
    log = tombstones.read(place / tombstones.NAME, instance_key(place))
    ours = dumps.Place(database, roles.BACKUP, roles.passwords(place)[roles.BACKUP])
    with dumps.snapshot(ours) as (connection, name):

        def first(question: str) -> tuple[Any, ...]:
            return connection.execute(question.encode()).fetchone() or (-1, b"")

        rows = json.dumps(dumps.counts(connection), sort_keys=True).encode()
        chain = first("SELECT number, hash FROM vault_auditlink ORDER BY number DESC LIMIT 1")
        directory = first(
            "SELECT number, hash FROM vault_directoryentry ORDER BY number DESC LIMIT 1"
        )
        migrations = connection.execute(
            "SELECT app, max(name) FROM django_migrations GROUP BY app"
        )
        said = {
            **_header("database", place, key, made),
            "chain": [chain[0], bytes(chain[1]).hex()],
            "directory": [directory[0], bytes(directory[1]).hex()],
            "schema": dict(migrations.fetchall()),
            "postgres": connection.info.server_version // 10000,
            "rows": sha256(rows).hex(),
            "tombstones": [len(log.stones), log.head],
        }

        def content() -> Iterator[bytes]:
            yield len(rows).to_bytes(4, "big") + rows
            yield from dumps.dump(ours, name)

        with _whole(path) as file:
            archive.write(file, said, content(), to=key.public, by=instance_key(place))


def _header(kind: str, place: Path, key: Recipient, made: datetime) -> dict[str, Any]:
    return {
        "format": 1,
        "kind": kind,
        "instance": var.secret(place, "instance"),
        "made_at": made.isoformat(timespec="seconds"),
        "recovery": key.said(),
    }


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """A file that is there whole and on disk, or not at all."""
    fresh = path.with_name(path.name + ".new")
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    fresh.replace(path)


def folder(place: Path) -> Path:
    """Where backups go when nobody says: SIMPUL_BACKUPS, else `backups` below `var/`."""
    return Path(os.environ.get("SIMPUL_BACKUPS") or place / "backups").expanduser().resolve()


def _path(place: Path, target: str | None, kind: str, made: datetime) -> Path:
    """The file to write: a folder is given a name by the date."""
    path = Path(target).expanduser().resolve() if target else folder(place)
    if target is None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.is_dir():
        path = path / f"simpul-{made:%Y%m%d-%H%M%S}{SUFFIX[kind]}"
    if path.exists():
        raise Refused(f"{path} sudah ada.", f"{path} is there already.")
    if not path.parent.is_dir():
        raise Refused(f"Map {path.parent} tidak ada.", f"There is no folder {path.parent}.")
    return path


def _remove_old(folder: Path, now: datetime) -> None:
    """Take away backups of the database that are too old, and what a killed backup left."""
    days = os.environ.get("SIMPUL_BACKUP_DAYS") or str(KEPT)
    if not days.isdigit():
        raise Refused(
            "SIMPUL_BACKUP_DAYS harus bilangan bulat. Cadangan sudah tersimpan.",
            "SIMPUL_BACKUP_DAYS must be a whole number. The backup is saved.",
        )
    oldest = now - timedelta(int(days))
    for path in folder.glob(f"simpul-*{SUFFIX['database']}"):
        try:
            if datetime.fromisoformat(archive.find(path).said["made_at"]) < oldest:
                path.unlink()
                say(f"Dihapus karena lama: {path.name}", "Removed, being too old")
        except (Damaged, ValueError):
            say(f"Tidak terbaca: {path.name}", "Not readable; look at it and remove it")
    for path in folder.glob("simpul-*.new"):
        if path.stat().st_mtime < (now - timedelta(hours=12)).timestamp():
            path.unlink()
