"""A full disk: what was typed stays on the page, and with room again it works without a restart."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from launch.postgres import Cluster
from launch.watching import Watched
from simpul.vault import receipts
from tests import running
from tests.journeys.test_processes import count, last_page, send, words_in
from tests.running import Running

ROOM = "400M"
TYPED = "Kata yang tetap ada walau disk penuh."


@contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """A disk in memory over the folder; it needs the right to mount."""
    words = [] if os.geteuid() == 0 else ["sudo", "-n"]
    options = f"size={ROOM},mode=0700,uid={os.geteuid()},gid={os.getegid()}"
    mounted = subprocess.run(
        [*words, "mount", "-t", "tmpfs", "-o", options, "none", str(place)],
        capture_output=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip("nobody may mount here")
    try:
        yield
    finally:
        subprocess.run([*words, "umount", "-l", str(place)], check=True)


@pytest.fixture(scope="module")
def small() -> Iterator[tuple[Running, Cluster]]:
    """An instance whose whole folder lies on a small disk; its database is watched as always."""
    with running.apart(small_disk) as (house, cluster):
        house.start()
        watched, going = Watched(("Basis data", "The database"), cluster), threading.Event()

        def look() -> None:
            while not going.wait(0.2):
                watched.look()

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            yield house, cluster
        finally:
            going.set()
            watcher.join()


@contextmanager
def full(place: Path) -> Iterator[None]:
    """No byte is left on the disk."""
    filler = place / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue
        yield
    finally:
        filler.unlink()


def send_until(house: Running, fields: dict[str, object], wanted: int) -> str:
    """Presses Kirim until that is the answer."""
    until = time.monotonic() + 40
    while True:
        status, text = send(house, fields)
        if status == wanted:
            return text
        assert time.monotonic() < until, status
        time.sleep(0.1)


def test_a_full_disk_of_the_database_loses_no_word(small: tuple[Running, Cluster]) -> None:
    """The page says that it is not sent and shows every word; with room again, one report."""
    house, _cluster = small
    fields = last_page(house) | {"story": TYPED}
    with full(house.place):
        status, text = 200, ""
        for _ in range(200):  # a few more find room inside the tables
            before = count(house)
            fields = fields | {"token": receipts.new_token()}
            status, text = send(house, fields)
            if status != 200:
                break
        assert status == 503, status
        assert TYPED in text and str(fields["token"]) in text
    text = send_until(house, fields, 200)
    assert len(words_in(text).split()) == 6
    assert count(house) == before + 1


def test_a_full_disk_of_the_pin_loses_no_word(small: tuple[Running, Cluster]) -> None:
    """A directory that cannot be remembered seals nothing; the old pin stays whole."""
    house, _cluster = small
    pin = house.place / "secrets" / "directory-pin.json"
    known = json.loads(pin.read_text())
    older = known["number"] - 1
    row = house.sql(f"SELECT encode(hash, 'hex') FROM vault_directoryentry WHERE number = {older}")
    before = known | {"number": older, "hash": row[0][0]}
    pin.write_text(json.dumps(before))
    fields = last_page(house) | {"story": TYPED}
    reports = count(house)
    with full(house.place):
        status, text = send(house, fields)
        assert status >= 500 and TYPED in text, status
        assert json.loads(pin.read_text()) == before
        assert count(house) == reports
    send_until(house, fields, 200)
    assert json.loads(pin.read_text()) == known
