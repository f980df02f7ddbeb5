"""The folder of an instance: its secrets, its lock, its kind."""

import stat
from pathlib import Path

import pytest

from launch import var
from launch.voice import Refused


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_is_closed_to_others(secrets: Path) -> None:
    assert mode(secrets.parent) == 0o700
    assert {mode(path) for path in secrets.parent.iterdir() if path.is_dir()} == {0o700}
    assert {mode(path) for path in secrets.iterdir()} == {0o600}


def test_a_secret_is_made_once_and_each_is_its_own(secrets: Path) -> None:
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    var.make(secrets.parent)
    assert {path.name: path.read_text() for path in secrets.iterdir()} == before
    assert set(before) == {*var.SECRETS, "instance"}
    assert len(set(before.values())) == len(before)
    assert len(bytes.fromhex(before["pepper"].strip())) == 32


def test_a_lost_pepper_is_never_made_anew(secrets: Path) -> None:
    (secrets / "pepper").unlink()
    with pytest.raises(Refused, match="pepper"):
        var.make(secrets.parent)


def test_a_lost_cookie_secret_is_made_anew(secrets: Path) -> None:
    (secrets / "public-cookie").unlink()
    var.make(secrets.parent)
    assert var.secret(secrets.parent, "public-cookie")


def test_a_second_instance_on_the_same_folder_is_refused(secrets: Path) -> None:
    place = secrets.parent
    with (
        var.held(place),
        pytest.raises(var.Busy, match="already runs"),
        var.held(place),
    ):
        pass
    with var.held(place):
        pass


def test_invented_and_real_people_never_share_a_folder(secrets: Path) -> None:
    var.claim(secrets.parent, "demo")
    var.claim(secrets.parent, "demo")
    with pytest.raises(Refused, match="demo"):
        var.claim(secrets.parent, "real")
