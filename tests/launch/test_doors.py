"""The parent of a door: its secret, its children, and what `burn` does."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread

import pytest

from launch import control
from launch.var import REPO
from tests.launch.waiting import gone, wait_until


class OpenDoor:
    """A door with two children, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.control = folder / "tiny.control"
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        fd = self.listener.fileno()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.launch.tiny", "door", str(self.control), str(fd), "2"],
            env={"PYTHONPATH": f"{REPO / 'src'}:{REPO}", "PATH": os.defpath},
            pass_fds=[fd],
        )

    def children(self) -> list[int]:
        """The processes that serve; none before the door listens."""
        with suppress(FileNotFoundError, ConnectionRefusedError):
            return [int(pid) for pid in control.ask(self.control, "pids").split()]
        return []

    def get(self, path: str = "/") -> tuple[int, str]:
        """The process that answered, and the secret it knows."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        pid, _, secret = connection.getresponse().read().decode().partition(" ")
        connection.close()
        return int(pid), secret

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.listener.close()


@pytest.fixture
def door(tmp_path: Path) -> Iterator[OpenDoor]:
    door = OpenDoor(tmp_path)
    try:
        wait_until(lambda: len(door.children()) == 2)
        yield door
    finally:
        door.close()


def test_the_parent_never_serves_and_its_children_share_one_secret(door: OpenDoor) -> None:
    answers = [door.get() for _ in range(20)]
    assert {pid for pid, _ in answers} <= set(door.children())
    assert door.process.pid not in door.children()
    (secret,) = {secret for _, secret in answers}
    assert len(bytes.fromhex(secret)) == 32


def test_the_secret_is_in_no_argument_environment_or_file(door: OpenDoor, tmp_path: Path) -> None:
    _, secret = door.get()
    for pid in (door.process.pid, *door.children()):
        for name in ("cmdline", "environ"):
            told = Path(f"/proc/{pid}/{name}").read_bytes()
            assert secret.encode() not in told
            assert bytes.fromhex(secret) not in told
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_killed_child_is_forked_again_with_the_same_secret(door: OpenDoor) -> None:
    pid, secret = door.get()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(door.children()) == 2 and pid not in door.children())
    assert {door.get()[1] for _ in range(10)} == {secret}


def test_burn_replaces_the_secret_and_every_child_before_it_says_ok(door: OpenDoor) -> None:
    _, before = door.get()
    old = door.children()
    assert control.ask(door.control, "burn") == "ok"
    assert all(gone(pid) for pid in old), "nobody knows the old secret any more"
    wait_until(lambda: len(door.children()) == 2)
    (after,) = {door.get()[1] for _ in range(10)}
    assert after != before
    assert not set(old) & set(door.children())


def test_only_we_may_open_the_control_socket(door: OpenDoor) -> None:
    assert stat.S_IMODE(door.control.stat().st_mode) == 0o600


def test_a_word_it_does_not_know_gets_no_answer_and_harms_nothing(door: OpenDoor) -> None:
    before = door.children()
    assert control.ask(door.control, "x" * 20) == ""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(door.control))
    assert door.children() == before


def test_when_it_closes_a_request_on_its_way_is_finished(door: OpenDoor, tmp_path: Path) -> None:
    answers: list[tuple[int, str]] = []
    started = tmp_path / "started"
    slow = Thread(target=lambda: answers.append(door.get(f"/slow{started}")))
    slow.start()
    wait_until(started.exists)
    children = door.children()
    door.process.terminate()
    wait_until(lambda: sum(gone(pid) for pid in children) == 1)
    started.unlink()
    slow.join()
    assert len(answers) == 1
    assert door.process.wait(5) == 0
    assert all(gone(pid) for pid in children)


def test_its_children_end_with_it_when_it_is_killed(door: OpenDoor) -> None:
    children = door.children()
    door.process.kill()
    wait_until(lambda: all(gone(pid) for pid in children))
