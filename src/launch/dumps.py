"""PostgreSQL's own pg_dump and pg_restore, through pipes: no plain byte of them touches a disk."""

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from launch import address, tether
from launch.binaries import binaries
from launch.postgres import ENVIRONMENT
from launch.voice import Refused

PIECE = 1024 * 1024  # bytes
# Sessions open nothing outside the door that made them; nobody takes them along.
LEFT_OUT = ("accounts_session",)
# Indexes are built in memory that the server is not asked for otherwise.
FAST = "-c maintenance_work_mem=256MB -c max_parallel_maintenance_workers=0"


class Place:
    """A database as one role sees it."""

    def __init__(self, database: dict[str, str], role: str, password: str) -> None:
        way = {name: database[said] for name, said in address.WAY.items() if said in database}
        self.reach = make_conninfo(
            host=database["SIMPUL_DATABASE_HOST"],
            port=database["SIMPUL_DATABASE_PORT"] or "5432",
            dbname=database["SIMPUL_DATABASE_NAME"],
            user=role,
            **way,
        )
        self.password = password

    def connect(self) -> psycopg.Connection:
        """A connection of ours."""
        return psycopg.connect(self.reach, password=self.password)

    def start(self, program: str, *words: str, **pipes: Any) -> "subprocess.Popen[bytes]":
        """One of PostgreSQL's programs on this database; it ends when we end."""
        with self.connect() as connection:
            version = connection.info.server_version // 10000
        tool = str(binaries(at_least=version).folder / program)
        return subprocess.Popen(
            tether.command([tool, "--no-password", "-d", self.reach, *words]),
            cwd="/",
            env={**ENVIRONMENT, "PGPASSWORD": self.password, "PGOPTIONS": FAST},
            **pipes,
        )


@contextmanager
def snapshot(place: Place) -> Iterator[tuple[psycopg.Connection, str]]:
    """A moment of the database, and its name under which pg_dump sees the same moment."""
    with place.connect() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        yield connection, str(row[0])


def counts(connection: psycopg.Connection) -> dict[str, int]:
    """How many rows each table holds."""
    found = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    ).fetchall()
    rows = {}
    for (table,) in found:
        if table not in LEFT_OUT:
            row = connection.execute(
                SQL("SELECT count(*) FROM {}").format(Identifier(table))
            ).fetchone()
            rows[table] = row[0] if row else 0
    return rows


def dump(place: Place, name: str) -> Iterator[bytes]:
    """The dump of a snapshot, piece by piece. Raises Refused when it does not come to its end."""
    without = [f"--exclude-table-data={table}" for table in LEFT_OUT]
    words = ["--format=custom", "--compress=1", f"--snapshot={name}"]
    words += ["--no-owner", "--no-privileges", *without]
    with place.start("pg_dump", *words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as tool:
        assert tool.stdout
        try:
            while piece := tool.stdout.read(PIECE):
                yield piece
        except BaseException:
            tool.kill()
            raise
    if tool.returncode:
        raise Refused("Basis data belum bisa disalin.", "pg_dump did not finish.")


def load(place: Place, pieces: Iterable[bytes]) -> None:
    """Fill an empty database with a dump: all of it, or nothing."""
    words = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    with place.start("pg_restore", *words, stdin=subprocess.PIPE) as tool:
        assert tool.stdin
        try:
            for piece in pieces:
                tool.stdin.write(piece)
            tool.stdin.close()
        except BrokenPipeError:
            pass  # it says itself what was wrong
        except BaseException:
            tool.kill()
            raise
    if tool.returncode:
        raise Refused("Basis data belum bisa diisi.", "pg_restore did not finish.")
