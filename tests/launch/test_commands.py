"""The commands that run beside an instance, or with its database alone."""

import os
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch import commands, control, processes, var
from launch.postgres import Cluster
from launch.var import REPO
from tests.launch import tiny
from tests.launch.waiting import wait_until


@pytest.fixture
def instance(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A folder that was served before; its product is tests/launch/tiny.py."""
    var.claim(cluster.folder, "demo")
    monkeypatch.setenv("SIMPUL_VAR", str(cluster.folder))
    monkeypatch.setattr(processes, "python", tiny.tiny)
    monkeypatch.setattr(processes, "SRC", Path(f"{REPO / 'src'}:{REPO}"))
    monkeypatch.setattr("launch.tether.harden", lambda: None)  # it would last for all tests
    return cluster


@pytest.fixture
def door(instance: Cluster) -> Iterator[subprocess.Popen[bytes]]:
    """The public door of the instance."""
    address = control.address(instance.folder, "public")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        fd = listener.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.launch.tiny", "door", str(address), str(fd), "1"],
            env={"PYTHONPATH": f"{REPO / 'src'}:{REPO}", "PATH": os.defpath},
            pass_fds=[fd],
        )
        wait_until(lambda: control.answers(instance.folder, "public"))
        yield process
        process.terminate()
        process.wait()


def notes(instance: Cluster) -> list[str]:
    return (instance.folder / "notes").read_text().splitlines()


def test_the_version_is_told_and_is_that_of_the_package(
    capsys: pytest.CaptureFixture[str],
) -> None:
    project = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]
    with pytest.raises(SystemExit) as ended:
        commands.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"Simpul {project['version']}\n"


def test_unsigned_entries_are_taken_out_by_the_owner(instance: Cluster) -> None:
    with var.held(instance.folder):
        assert commands.main(["directory", "--take-out", "4"]) == 0
    assert notes(instance) == ["django directory owner"]


@pytest.mark.parametrize("verb", ["verify-chain", "codes"])
def test_a_command_runs_beside_the_running_instance(instance: Cluster, verb: str) -> None:
    assert instance.process
    pid = instance.process.pid
    with var.held(instance.folder):
        assert commands.main([verb]) == 0
    assert notes(instance) == [f"django {verb.replace('-', '_')} owner"]
    assert instance.process.pid == pid
    assert instance.alive()


def test_a_command_starts_the_database_for_itself_and_stops_it(instance: Cluster) -> None:
    instance.stop()
    assert commands.main(["verify-chain"]) == 0
    assert notes(instance) == ["django verify_chain owner"]
    assert not (instance.lodging.data / "postmaster.pid").exists()


def test_the_exit_code_of_the_proof_passes_through(instance: Cluster) -> None:
    (instance.folder / "breaks").write_text("verify_chain")
    with var.held(instance.folder):
        assert commands.main(["verify-chain"]) == 3


def test_where_nothing_was_ever_served_there_is_nothing_to_prove(
    secrets: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIMPUL_VAR", str(secrets.parent))
    monkeypatch.setattr("launch.tether.harden", lambda: None)
    assert commands.main(["verify-chain"]) == 1
    assert "./simpul up" in capsys.readouterr().err


def test_burn_drops_the_secret_of_an_open_door_and_then_the_records(
    instance: Cluster, door: subprocess.Popen[bytes]
) -> None:
    address = control.address(instance.folder, "public")
    before = control.ask(address, "pids")
    with var.held(instance.folder):
        assert commands.main(["burn"]) == 0
    wait_until(lambda: control.ask(address, "pids") not in {before, ""})
    assert notes(instance) == ["django burn owner"]


def test_burn_says_so_when_the_records_stay(instance: Cluster) -> None:
    (instance.folder / "breaks").write_text("burn")
    with var.held(instance.folder):
        assert commands.main(["burn"]) == 3
