"""Simpul as real processes: doors and worker on sockets of their own, on a clone of the cast."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import psycopg
from psycopg.conninfo import make_conninfo

from launch import roles, var
from launch.postgres import ADMIN, Cluster
from launch.processes import environment
from tests import instance

Disk = Callable[[Path], AbstractContextManager[object]]


@dataclass
class Running:
    """A running instance."""

    place: Path
    database: dict[str, str]
    ports: dict[str, int] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self, *, sound: bool = True) -> None:
        """Starts doors and worker; waits until both doors say that all is well, unless it is not."""
        sockets: dict[str, socket.socket] = {}
        try:
            for door in ("public", "workspace"):
                sockets[door] = self._bind(door)
        except OSError:
            for sock in sockets.values():
                sock.close()
            raise
        words = [f"--{door}={sock.fileno()}" for door, sock in sockets.items()]
        surroundings = environment(self.place, "worker", self.database)
        surroundings["SIMPUL_ASSUME_ROLE"] = "no"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "launch.nursery", *words],
            env=surroundings,
            pass_fds=[sock.fileno() for sock in sockets.values()],
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for sock in sockets.values():
            sock.close()
        until = time.monotonic() + 30
        for door in self.ports if sound else ():
            while True:
                try:
                    if self.ask(door, "GET", "/healthz")[0] == 200:
                        break
                except OSError:
                    pass
                assert time.monotonic() < until, self.logs()
                time.sleep(0.05)

    def _bind(self, door: str) -> socket.socket:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", self.ports.get(door, 0)))
        except OSError:
            sock.close()
            raise
        sock.listen(1024)
        self.ports[door] = sock.getsockname()[1]
        return sock

    def stop(self) -> None:
        """Ends doors and worker."""
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def pids(self, door: str) -> list[int]:
        """The processes that serve a door."""
        with socket.socket(socket.AF_UNIX) as caller:
            from launch import control

            caller.connect(str(control.address(self.place, door)))
            caller.sendall(b"pids\n")
            return [int(word) for word in caller.recv(200).split()]

    def url(self, door: str, path: str = "/") -> str:
        """An address at a door."""
        return f"http://127.0.0.1:{self.ports[door]}{path}"

    def ask(
        self, door: str, method: str, path: str, data: object = None, timeout: float = 30,
    ) -> tuple[int, str, HTTPResponse]:  # fmt: skip
        """One request on a connection of its own; returns status, text and the response."""
        connection = HTTPConnection("127.0.0.1", self.ports[door], timeout=timeout)
        try:
            body = urlencode(data, doseq=True) if data is not None else None  # type: ignore[arg-type]
            headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read().decode(), response
        finally:
            connection.close()

    def sql(self, query: str) -> list[tuple[object, ...]]:
        """What the database holds, as its administrator sees it."""
        with psycopg.connect(
            host=self.database["SIMPUL_DATABASE_HOST"], user="simpul_admin",
            password=var.secret(self.place, "db-admin"),
            dbname=self.database["SIMPUL_DATABASE_NAME"],
        ) as connection:  # fmt: skip
            done = connection.execute(query)  # type: ignore[arg-type]
            return done.fetchall() if done.description else []

    def command(self, *words: str, door: str = "owner") -> "subprocess.CompletedProcess[str]":
        """One of our Django commands, as `./simpul` runs it."""
        surroundings = environment(self.place, door, self.database)
        surroundings["SIMPUL_ASSUME_ROLE"] = "no"
        return subprocess.run(
            [sys.executable, "-m", "django", *words],
            env=surroundings, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def logs(self) -> str:
        """Everything that was logged."""
        return "\n".join(path.read_text() for path in (self.place / "log").glob("*.log"))


@contextmanager
def placed(
    template: str = instance.TEMPLATE, *, argon: int = 8 * 1024 * 1024
) -> Iterator[Running]:
    """An instance on a database of its own, in the tests' cluster, that does not run yet."""
    home = Path(os.environ["SIMPUL_VAR"])
    name = "simpul_run_" + uuid4().hex[:8]
    place = home.parent / name
    place.mkdir(mode=0o700)
    for folder in ("log", "run"):
        (place / folder).mkdir(mode=0o700)
    shutil.copytree(home / "secrets", place / "secrets")
    shutil.copytree(home / "static", place / "static")
    instance.clone(name, template)
    database = {
        "SIMPUL_DATABASE_HOST": os.environ["SIMPUL_DATABASE_HOST"],
        "SIMPUL_DATABASE_PORT": "",
        "SIMPUL_DATABASE_NAME": name,
        "SIMPUL_ARGON_MEMORY": str(argon),
    }
    made = Running(place, database)
    try:
        yield made
    finally:
        made.stop()
        instance.drop(name)
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def running(*, argon: int = 8 * 1024 * 1024) -> Iterator[Running]:
    """The cast's instance with both doors and the worker."""
    with placed(argon=argon) as made:
        made.start()
        yield made


@contextmanager
def apart(disk: Disk = nullcontext) -> Iterator[tuple[Running, Cluster]]:
    """The cast's instance on a PostgreSQL of its own, whose server may be killed; not started.

    `disk` puts another disk in the place of its folder.
    """
    home = Path(os.environ["SIMPUL_VAR"])
    with tempfile.TemporaryDirectory(prefix="simpul-apart-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        place = Path(folder) / "var"
        place.mkdir(mode=0o700)
        with disk(place):
            yield from _apart(home, place)


def _apart(home: Path, place: Path) -> Iterator[tuple[Running, Cluster]]:
    shutil.copytree(home / "static", place / "static")
    cluster = Cluster(place, durable=False)
    try:
        cluster.start()
        made = found(cluster)
        try:
            yield made, cluster
        finally:
            made.stop()
    finally:
        cluster.remove()


def found(cluster: Cluster) -> Running:
    """Founds the cast on a cluster that has just been made."""
    place = cluster.folder
    database = {
        **cluster.address(),
        "SIMPUL_DATABASE_NAME": "simpul",
        "SIMPUL_ARGON_MEMORY": str(8 * 1024 * 1024),
    }
    made = Running(place, database)
    server = make_conninfo(
        host=str(cluster.lodging.run), user=ADMIN, password=var.secret(place, "db-admin")
    )
    roles.prepare(server, "simpul", roles.passwords(place))
    with psycopg.connect(server, dbname="postgres", autocommit=True) as admin:
        # Founding plays every door in turn; nobody keeps that right afterwards.
        admin.execute("GRANT simpul_workspace, simpul_public, simpul_worker TO simpul_owner")
        surroundings = environment(place, "owner", database) | {"SIMPUL_ASSUME_ROLE": "yes"}
        surroundings["PYTHONPATH"] += f":{instance.REPO}"
        for words in (["django", "prepare"], ["tests.cast"]):
            subprocess.run([sys.executable, "-m", *words], env=surroundings, check=True)
        admin.execute("REVOKE simpul_workspace, simpul_public, simpul_worker FROM simpul_owner")
    return made
