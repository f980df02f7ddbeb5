"""The database and its five roles; what each may touch is decided by the migrations.

Run as `python -m launch.roles` it prepares the database that SIMPUL_DATABASE_* or DATABASE_URL
names, with the passwords of `var/secrets`. Running it again changes nothing.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier, Literal

from launch import pair, var
from launch.postgres import ADMIN

OWNER, BACKUP = "simpul_owner", "simpul_backup"
# They serve requests and sweeps, so none of them may wait or work for long.
SERVING = ("simpul_workspace", "simpul_public", "simpul_worker")
ROLES = (OWNER, *SERVING, BACKUP)

PATIENCE = {
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
}


def make_roles(admin: psycopg.Connection, passwords: Mapping[str, str]) -> None:
    """Make the roles of the whole server, or set them right; `passwords` is by role."""
    for name in ROLES:
        role = Identifier(name)
        if not admin.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).rowcount:
            admin.execute(SQL("CREATE ROLE {}").format(role))
        reads_all = SQL("BYPASSRLS" if name == BACKUP else "NOBYPASSRLS")
        verifier = _verifier(admin, name, passwords[name])
        admin.execute(
            SQL(
                "ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION {}"
                " PASSWORD {}"
            ).format(role, reads_all, verifier)
        )
    for name in SERVING:
        for setting, value in PATIENCE.items():
            admin.execute(
                SQL("ALTER ROLE {} SET {} = {}").format(
                    Identifier(name), Identifier(setting), Literal(value)
                )
            )


def make_standby_role(admin: psycopg.Connection, password: str) -> None:
    """Make the role that the other machine follows us with: it copies everything, and opens no row."""
    role = Identifier(pair.ROLE)
    if not admin.execute("SELECT FROM pg_roles WHERE rolname = %s", [pair.ROLE]).rowcount:
        admin.execute(SQL("CREATE ROLE {}").format(role))
    verifier = _verifier(admin, pair.ROLE, password)
    admin.execute(
        SQL(
            "ALTER ROLE {} LOGIN REPLICATION NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS"
            " CONNECTION LIMIT 4 PASSWORD {}"
        ).format(role, verifier)
    )


def _verifier(admin: psycopg.Connection, name: str, password: str) -> Literal:
    """A SCRAM verifier: the password itself could be logged by the server."""
    said = admin.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    return Literal(said.decode())


def make_database(admin: psycopg.Connection, name: str) -> None:
    """Make the database `name`, or take it over; the connection must be in autocommit."""
    database = Identifier(name)
    if not admin.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount:
        admin.execute(SQL("CREATE DATABASE {} TEMPLATE template0").format(database))
    admin.execute(SQL("ALTER DATABASE {} OWNER TO {}").format(database, Identifier(OWNER)))
    admin.execute(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    allowed = SQL(", ").join(Identifier(role) for role in (*SERVING, BACKUP))
    admin.execute(SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, allowed))


def close_public_schema(admin: psycopg.Connection) -> None:
    """In the database of this connection only the owner may make anything."""
    admin.execute(SQL("ALTER SCHEMA public OWNER TO {}").format(Identifier(OWNER)))
    admin.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")


def prepare(server: str, name: str, passwords: Mapping[str, str]) -> None:
    """Make roles and database `name` on the server that the connection string names."""
    with psycopg.connect(server, dbname="postgres", autocommit=True) as admin:
        make_roles(admin, passwords)
        make_database(admin, name)
    with psycopg.connect(server, dbname=name, autocommit=True) as admin:
        close_public_schema(admin)


def passwords(place: Path) -> dict[str, str]:
    """The password of each role, from `var/secrets`."""
    return {name: var.secret(place, name.replace("simpul_", "db-")) for name in ROLES}


def administrator(place: Path) -> str:
    """The connection string of the administrator: DATABASE_URL, else our own cluster's."""
    return os.environ.get("DATABASE_URL") or reach(place, os.environ)


def reach(place: Path, database: Mapping[str, str]) -> str:
    """The connection string of the administrator of a cluster of ours."""
    return make_conninfo(
        host=database["SIMPUL_DATABASE_HOST"], user=ADMIN, password=var.secret(place, "db-admin")
    )


def main() -> None:
    """Prepare the database of this instance."""
    place = var.folder()
    prepare(administrator(place), os.environ["SIMPUL_DATABASE_NAME"], passwords(place))
    if pair.configured():
        with psycopg.connect(administrator(place), dbname="postgres", autocommit=True) as admin:
            make_standby_role(admin, var.secret(place, "db-standby"))


if __name__ == "__main__":
    main()
