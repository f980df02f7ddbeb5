"""The five roles and their database, on our own server and on one that DATABASE_URL names."""

from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from launch import roles, var
from launch.postgres import ADMIN, Cluster


@pytest.fixture
def prepared(cluster: Cluster) -> Cluster:
    """A cluster on which the roles were made twice."""
    for _ in range(2):
        roles.prepare(server(cluster), "simpul", roles.passwords(cluster.folder))
    return cluster


def server(cluster: Cluster) -> str:
    password = var.secret(cluster.folder, "db-admin")
    return make_conninfo(host=str(cluster.lodging.run), user=ADMIN, password=password)


def login(cluster: Cluster, role: str, database: str = "simpul") -> psycopg.Connection:
    return psycopg.connect(
        host=str(cluster.lodging.run),
        dbname=database,
        user=role,
        password=roles.passwords(cluster.folder)[role],
        autocommit=True,
    )


def test_no_role_rules_and_only_the_backup_reads_past_the_policies(prepared: Cluster) -> None:
    with psycopg.connect(server(prepared), dbname="simpul") as admin:
        rows = admin.execute(
            "SELECT rolname, rolbypassrls, rolsuper OR rolcreatedb OR rolcreaterole"
            " OR rolreplication FROM pg_roles WHERE rolname = ANY(%s) ORDER BY rolname",
            [list(roles.ROLES)],
        ).fetchall()
        assert rows == [(name, name == roles.BACKUP, False) for name in sorted(roles.ROLES)]
        members = admin.execute(
            "SELECT count(*) FROM pg_auth_members WHERE member::regrole::text = ANY(%s)",
            [list(roles.ROLES)],
        ).fetchone()
        assert members == (0,), "no role may become another one"


def test_only_the_owner_makes_tables(prepared: Cluster) -> None:
    with login(prepared, roles.OWNER) as owner:
        owner.execute("CREATE TABLE things (id int)")
    for role in (*roles.SERVING, roles.BACKUP):
        with login(prepared, role) as connection:
            for statement in ("CREATE TABLE mine (id int)", "CREATE TEMP TABLE mine (id int)"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT FROM things")


def test_a_role_that_serves_waits_for_nothing_long(prepared: Cluster) -> None:
    for role in roles.SERVING:
        with login(prepared, role) as connection:
            for name, value in roles.PATIENCE.items():
                assert connection.execute(f"SHOW {name}").fetchone() == (value,)


def test_the_passwords_follow_the_secrets(prepared: Cluster) -> None:
    path = prepared.folder / "secrets" / "db-public"
    path.write_text("another\n")
    with pytest.raises(psycopg.OperationalError):
        login(prepared, "simpul_public")
    roles.prepare(server(prepared), "simpul", roles.passwords(prepared.folder))
    login(prepared, "simpul_public").close()


def test_a_server_of_somebody_else_is_prepared_through_its_address(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    var.make(tmp_path / "var")
    monkeypatch.setenv("SIMPUL_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("SIMPUL_DATABASE_NAME", "elsewhere")
    password = var.secret(cluster.folder, "db-admin")
    host = str(cluster.lodging.run).replace("/", "%2F")
    monkeypatch.setenv("DATABASE_URL", f"postgresql://{ADMIN}:{password}@{host}/elsewhere")
    roles.main()
    with psycopg.connect(
        host=str(cluster.lodging.run),
        dbname="elsewhere",
        user=roles.OWNER,
        password=var.secret(tmp_path / "var", "db-owner"),
    ) as owner:
        owner.execute("CREATE TABLE things (id int)")
