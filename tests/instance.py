"""The instance that the tests run on: a PostgreSQL of its own, real migrations, a founded cast.

Loaded by `-p tests.instance` before Django reads its settings. The first process makes the cluster
and a template database with the cast in it; every worker gets a clone.
"""

import atexit
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

REPO = Path(__file__).resolve().parents[1]
TEMPLATE = "simpul_template"
EMPTY = "simpul_empty"  # migrated, before its first day


def _begin() -> None:
    from launch import roles
    from launch.postgres import Cluster

    folder = tempfile.TemporaryDirectory(prefix="simpul-tests-", dir="/tmp")
    Path(folder.name).chmod(0o711)
    place = Path(folder.name) / "var"
    cluster = Cluster(place, durable=False)
    cluster.start()
    atexit.register(folder.cleanup)
    atexit.register(cluster.remove)
    os.environ |= cluster.address() | {
        "SIMPUL_VAR": str(place),
        "SIMPUL_DOOR": "owner",
        "SIMPUL_ASSUME_ROLE": "yes",
        "SIMPUL_DATABASE_NAME": TEMPLATE,
        "SIMPUL_ARGON_MEMORY": str(8 * 1024 * 1024),
        "SIMPUL_TESTS": "yes",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": f"{REPO / 'src'}:{REPO}",
    }
    roles.prepare(roles.administrator(place), TEMPLATE, roles.passwords(place))
    with psycopg.connect(roles.administrator(place), dbname="postgres", autocommit=True) as admin:
        # Only here: one connection plays every door in turn.
        admin.execute("GRANT simpul_workspace, simpul_public, simpul_worker TO simpul_owner")
    _python("django", "collectstatic", "--noinput", "-v0")
    _python("django", "prepare")
    clone(EMPTY)
    _python("tests.cast")


def _python(*words: str) -> None:
    subprocess.run([sys.executable, "-m", *words], check=True, cwd=REPO)


def clone(name: str, template: str = TEMPLATE) -> str:
    """Makes a database of its own from the template; returns its name."""
    from launch import roles, var

    with psycopg.connect(
        roles.administrator(var.folder()), dbname="postgres", autocommit=True
    ) as a:
        a.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        a.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER simpul_owner").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        allowed = "simpul_workspace, simpul_public, simpul_worker, simpul_backup"
        a.execute(
            sql.SQL(f"GRANT CONNECT ON DATABASE {{}} TO {allowed}").format(sql.Identifier(name))
        )
    return name


def drop(name: str) -> None:
    """Removes a cloned database."""
    from launch import roles, var

    admin = roles.administrator(var.folder())
    with psycopg.connect(admin, dbname="postgres", autocommit=True) as a:
        a.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def secrets_of_people() -> dict[str, dict[str, str]]:
    """The cast's private seeds and passphrases, written by `tests.cast`."""
    cast: dict[str, dict[str, str]] = json.loads(
        (Path(os.environ["SIMPUL_VAR"]) / "cast.json").read_text()
    )
    return cast


if "SIMPUL_TESTS" not in os.environ:
    sys.path[:0] = [str(REPO / "src"), str(REPO)]
    _begin()
if __name__ != "__main__":
    os.environ["SIMPUL_DATABASE_NAME"] = clone(
        "simpul_tests_" + os.environ.get("PYTEST_XDIST_WORKER", "main")
    )
