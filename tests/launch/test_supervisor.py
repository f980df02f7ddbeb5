"""Starting, watching and stopping an instance, with a tiny product in the place of ours."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch import control
from launch.postgres import Cluster
from launch.var import REPO
from tests.launch.waiting import gone, wait_until


class Instance:
    """A supervisor in a process of its own."""

    def __init__(self, place: Path, kind: str = "up", port: int = 0, **more: str) -> None:
        self.place = place
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.launch.tiny", "supervisor", kind, str(port)],
            env={
                "PYTHONPATH": f"{REPO / 'src'}:{REPO}",
                "PATH": os.defpath,
                "SIMPUL_VAR": str(place),
                "A_TOKEN": "of somebody",
                **more,
            },
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.said = ""

    def ready(self) -> "Instance":
        """Wait until both addresses were printed."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.said += line
            if "Ctrl-C" in line:
                return self
        raise AssertionError(self.said)

    def wait(self) -> int:
        """Wait for the end; keep what it said."""
        self.said += self.process.communicate(timeout=30)[0]
        return self.process.returncode

    def parts(self) -> list[int]:
        """Every process of the instance but the supervisor: one group each, and the doors' own."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                environ = (entry / "environ").read_bytes().split(b"\0")
                cwd = (entry / "cwd").readlink()
            except OSError:
                continue
            ours = f"SIMPUL_VAR={self.place}".encode() in environ or cwd.is_relative_to(self.place)
            if ours and int(entry.name) != self.process.pid:
                found.append(int(entry.name))
        return found

    def database(self) -> int:
        """The process that accepts connections, or 0."""
        lines = written(self.place / "pg/data/postmaster.pid").split()
        return int(lines[0]) if "ready" in lines else 0

    def worker(self) -> int:
        """The process of the worker, or 0."""
        return int(written(self.place / "worker") or 0)


def written(path: Path) -> str:
    """What is in a file that comes and goes."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.fixture
def instance(place: Path) -> Iterator[Instance]:
    instance = Instance(place)
    try:
        yield instance.ready()
    finally:
        instance.process.kill()
        instance.wait()
    wait_until(lambda: not instance.parts())
    Cluster(place).remove()


def test_everything_starts_in_order_and_says_where_it_is(instance: Instance) -> None:
    wait_until(instance.worker)
    notes = (instance.place / "notes").read_text().splitlines()
    assert notes == [
        "launch.roles owner",
        "launch.catalogues compile owner",
        "django collectstatic owner",
        "django prepare owner",
        "django first_day owner",
        "launch.nursery --public worker",
    ]
    ports = re.findall(r"http://127\.0\.0\.1:(\d+)/ / ", instance.said)
    assert len(ports) == 2
    for port in ports:
        with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as caller:
            caller.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert caller.recv(100).startswith(b"HTTP/1.0 200")


def test_a_process_of_ours_knows_only_what_it_needs(instance: Instance) -> None:
    parts = instance.parts()
    assert len(parts) >= 7  # the nursery, two doors, their children, the worker, the database
    for pid in parts:
        environ = Path(f"/proc/{pid}/environ").read_bytes()
        assert b"A_TOKEN" not in environ
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"Max core file size +0 +0 ", limits)


def test_ctrl_c_stops_web_then_worker_then_database_and_a_second_one_waits(
    instance: Instance,
) -> None:
    wait_until(instance.worker)
    parts = instance.parts()
    os.killpg(instance.process.pid, signal.SIGINT)
    os.killpg(instance.process.pid, signal.SIGINT)
    assert instance.wait() == 0
    assert all(gone(pid) for pid in parts)
    ends = [
        line.split()[1]
        for line in (instance.place / "notes").read_text().splitlines()
        if line.startswith("end")
    ]
    assert sorted(ends[:2]) == ["public", "workspace"]
    assert ends[2:] == ["worker"]
    log = (instance.place / "log" / "postgres.log").read_text()
    assert log.rstrip().endswith("database system is shut down")


def test_what_dies_is_started_again(instance: Instance) -> None:
    wait_until(instance.worker)
    worker, database = instance.worker(), instance.database()
    (public,) = control.ask(control.address(instance.place, "public"), "pids").split()
    door = parent(int(public))
    for pid in (worker, database, door):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: control.answers(instance.place, "public") and gone(int(public)))
    wait_until(lambda: instance.worker() not in {0, worker})
    wait_until(lambda: instance.database() not in {0, database})
    assert instance.process.poll() is None


def test_when_the_nursery_is_killed_all_of_it_is_started_again(instance: Instance) -> None:
    wait_until(instance.worker)
    worker = instance.worker()
    nursery = parent(worker)
    os.kill(nursery, signal.SIGKILL)
    wait_until(lambda: gone(worker) and instance.worker() not in {0, worker})
    wait_until(lambda: control.answers(instance.place, "workspace"))
    assert instance.process.poll() is None


def test_a_door_holds_no_socket_of_the_other(instance: Instance) -> None:
    held = {}
    for door in ("public", "workspace"):
        (child,) = control.ask(control.address(instance.place, door), "pids").split()
        for pid in (int(child), parent(int(child))):
            links = [link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir()]
            held[pid] = {str(link) for link in links if str(link).startswith("socket:")}
    port = re.findall(r":(\d+)/ / ", instance.said)
    listening = {
        f"socket:[{row.split()[9]}]"
        for row in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if int(row.split()[1].split(":")[1], 16) in map(int, port) and row.split()[3] == "0A"
    }
    assert len(listening) == 2
    assert [len(sockets & listening) for sockets in held.values()] == [1, 1, 1, 1]


def test_when_the_supervisor_is_killed_everything_ends(instance: Instance) -> None:
    parts = instance.parts()
    instance.process.kill()
    wait_until(lambda: all(gone(pid) for pid in parts))
    again = Instance(instance.place).ready()
    again.process.terminate()
    assert again.wait() == 0


def test_a_second_supervisor_on_the_same_folder_is_refused_and_touches_nothing(
    instance: Instance,
) -> None:
    wait_until(instance.worker)
    before, parts = kept(instance.place), sorted(instance.parts())
    second = Instance(instance.place)
    assert second.wait() == 1
    assert "sudah berjalan" in second.said
    assert "already runs" in second.said
    assert instance.process.poll() is None
    assert kept(instance.place) == before and sorted(instance.parts()) == parts


def kept(place: Path) -> dict[str, bytes]:
    """What an instance keeps outside its database: secrets, kind, notes, sockets' names."""
    found = {}
    for path in place.rglob("*"):
        inside = path.relative_to(place).parts
        if inside[0] not in {"pg", "log"}:
            found[str(path)] = path.read_bytes() if path.is_file() else b""
    return found


def test_a_port_in_use_is_said_before_anything_starts(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        instance = Instance(place, port=port)
        assert instance.wait() == 1
    assert f"Port {port}" in instance.said
    assert not (place / "pg").exists()


def test_a_step_that_breaks_stops_everything(place: Path) -> None:
    place.mkdir()
    (place / "breaks").write_text("prepare")
    instance = Instance(place)
    assert instance.wait() == 1
    assert "django prepare" in instance.said
    assert not instance.parts()
    Cluster(place).remove()


def test_figures_are_told_on_one_port_of_this_machine(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    instance = Instance(place, SIMPUL_METRICS_PORT=str(port)).ready()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as caller:
            caller.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
            assert caller.recv(100).startswith(b"HTTP/1.1 200 OK")
        log = (place / "log/supervisor.log").read_text()
        assert '"event": "supervisor.opened"' in log
    finally:
        instance.process.terminate()
        instance.wait()
        Cluster(place).remove()


def test_while_the_database_is_upgraded_the_doors_are_open_and_no_worker_runs(place: Path) -> None:
    place.mkdir()
    (place / "behind").touch()
    instance = Instance(place)
    try:
        wait_until(lambda: control.answers(place, "public"))
        wait_until(lambda: control.answers(place, "workspace"))
        (public,) = control.ask(control.address(place, "public"), "pids").split()
        assert not instance.worker()
        told = Path(f"/proc/{public}/environ").read_bytes()
        assert b"SIMPUL_UPGRADING=yes" in told
        (place / "behind").unlink()
        instance.ready()
        wait_until(instance.worker)
        assert gone(int(public)), "the doors that only read are replaced"
        assert not any(
            b"SIMPUL_UPGRADING" in Path(f"/proc/{pid}/environ").read_bytes()
            for pid in instance.parts()
        )
        assert not (place / "upgrading").exists()
    finally:
        instance.process.terminate()
        instance.wait()
        Cluster(place).remove()


def test_an_upgrade_that_breaks_off_leaves_the_doors_open_and_is_tried_again(place: Path) -> None:
    place.mkdir()
    (place / "behind").write_text("breaks")
    instance = Instance(place)
    try:
        wait_until(lambda: (place / "notes").exists())
        notes = place / "notes"
        wait_until(lambda: notes.read_text().count("prepare") > 2)
        assert control.answers(place, "public")
        (place / "behind").unlink()
        instance.ready()
        wait_until(instance.worker)
    finally:
        instance.process.terminate()
        instance.wait()
        Cluster(place).remove()


def test_a_supervisor_that_was_killed_during_an_upgrade_leaves_no_notice_behind(
    place: Path,
) -> None:
    place.mkdir()
    (place / "upgrading").touch()
    instance = Instance(place).ready()
    wait_until(instance.worker)
    assert "launch.nursery --reading" not in (place / "notes").read_text()
    instance.process.terminate()
    assert instance.wait() == 0
    Cluster(place).remove()


def test_with_a_database_of_somebody_else_none_is_started_and_its_password_stays_here(
    place: Path,
) -> None:
    instance = Instance(place, DATABASE_URL="postgresql://admin:rahasia@db.internal/ntt").ready()
    wait_until(instance.worker)
    parts = instance.parts()
    told = [Path(f"/proc/{pid}/environ").read_bytes() for pid in parts]
    instance.process.terminate()
    assert instance.wait() == 0
    assert not (place / "pg").exists()
    assert all(b"SIMPUL_DATABASE_HOST=db.internal" in each for each in told)
    assert not any(b"rahasia" in each for each in told)
