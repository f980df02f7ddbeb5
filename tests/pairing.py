"""Two machines on loopback addresses of one: a leader and whoever follows it."""

import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from launch import roles, var
from launch.pair import Pair
from launch.postgres import ADMIN, Cluster


@contextmanager
def two() -> Iterator[tuple[Cluster, Cluster]]:
    """The first machine's cluster and the second's, with the same secrets; neither runs yet."""
    here, there = (f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{n}" for n in (2, 3))
    with tempfile.TemporaryDirectory(prefix="simpul-pair-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        places = [Path(folder) / name for name in ("first", "second")]
        var.make(places[0])
        shutil.copytree(places[0], places[1])
        clusters = (
            Cluster(places[0], durable=False, paired=Pair(here, there)),
            Cluster(places[1], durable=False, paired=Pair(there, here)),
        )
        try:
            yield clusters
        finally:
            for each in clusters:
                each.remove()


def lead(cluster: Cluster) -> None:
    """Starts the leader and makes the role that may follow it."""
    cluster.start()
    with administrator(cluster) as admin:
        roles.make_standby_role(admin, var.secret(cluster.folder, "db-standby"))


def administrator(cluster: Cluster) -> psycopg.Connection:
    """The administrator's connection to this very cluster."""
    return psycopg.connect(
        host=str(cluster.lodging.run), user=ADMIN, dbname="postgres", autocommit=True,
        password=var.secret(cluster.folder, "db-admin"),
    )  # fmt: skip


def kill(cluster: Cluster) -> None:
    """kill -9 on the server."""
    assert cluster.process
    os.kill(cluster.process.pid, 9)
    cluster.process.wait()


@contextmanager
def environment_of(cluster: Cluster) -> Iterator[dict[str, str]]:
    """What a person on that machine has in her environment."""
    assert cluster.paired
    names = {
        "SIMPUL_DATABASE_LISTEN": cluster.paired.own,
        "SIMPUL_DATABASE_PEER": cluster.paired.peer,
    }
    before = {name: os.environ.get(name) for name in names}
    os.environ |= names
    try:
        yield names
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
