"""A full disk: what was typed stays on the page, and with room again it works without a restart."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from launch.postgres import Cluster
from launch.watching import Watched
from simpul.vault import receipts
from tests import running
from tests.journeys.test_processes import count, last_page, send, words_in
from tests.running import Running

ROOM = "400M"
TYPED = "Kata yang tetap ada walau disk penuh."
Full = Callable[[], AbstractContextManager[object]]
Small = tuple[Running, Cluster, Full]


def mount(place: Path) -> bool:
    """Lays a disk in memory over the folder; whether somebody may do that here."""
    options = f"size={ROOM},mode=0700,uid={os.geteuid()},gid={os.getegid()}"
    words = [*AS_ROOT, "mount", "-t", "tmpfs", "-o", options, "none", str(place)]
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def unmount(place: Path) -> None:
    """Takes it away again."""
    subprocess.run([*AS_ROOT, "umount", "-l", str(place)], check=True)


def may_mount() -> bool:
    """Whether a small disk can be had here."""
    with TemporaryDirectory() as folder:
        if not mount(Path(folder)):
            return False
        unmount(Path(folder))
        return True


@contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """A disk in memory over the folder."""
    assert mount(place)
    try:
        yield
    finally:
        unmount(place)


@contextmanager
def filled(place: Path) -> Iterator[None]:
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


@contextmanager
def told(house: Running) -> Iterator[None]:
    """What a full disk does, where nobody may mount one: PostgreSQL's own error, and `/dev/full`.

    The database refuses every new row with the error that it has for a full disk; log and pin are
    written to the device that is always full.
    """
    fresh, log = house.place / "secrets" / "directory-pin.new", house.place / "log" / "public.log"
    fresh.symlink_to("/dev/full")
    log.rename(log.with_suffix(".kept"))
    log.symlink_to("/dev/full")
    house.sql(
        "CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;"
        "CREATE TRIGGER full_disk BEFORE INSERT ON vault_envelope EXECUTE FUNCTION full_disk()"
    )
    try:
        yield
    finally:
        house.sql("DROP TRIGGER full_disk ON vault_envelope")
        log.unlink()
        log.with_suffix(".kept").rename(log)
        fresh.unlink(missing_ok=True)


AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]
WAYS = ["as it is told", *(["a small disk"] if may_mount() else [])]


@pytest.fixture(scope="module", params=WAYS)
def small(request: pytest.FixtureRequest) -> Iterator[Small]:
    """An instance whose folder can be full; its database is watched as always."""
    on_disk = request.param == "a small disk"
    with running.apart(small_disk) if on_disk else running.apart() as (house, cluster):
        house.start()
        watched, going = Watched(("Basis data", "The database"), cluster), threading.Event()

        def look() -> None:
            while not going.wait(0.2):
                watched.look()

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            yield house, cluster, (lambda: filled(house.place) if on_disk else told(house))
        finally:
            going.set()
            watcher.join()


def send_until(house: Running, fields: dict[str, object], wanted: int) -> str:
    """Presses Kirim until that is the answer."""
    until = time.monotonic() + 40
    while True:
        status, text = send(house, fields)
        if status == wanted:
            return text
        assert time.monotonic() < until, status
        time.sleep(0.1)


def test_a_full_disk_of_the_database_loses_no_word(small: Small) -> None:
    """The page says that it is not sent and shows every word; with room again, one report."""
    house, _cluster, full = small
    fields = last_page(house) | {"story": TYPED}
    with full():
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


def test_a_full_disk_of_the_pin_loses_no_word(small: Small) -> None:
    """A directory that cannot be remembered seals nothing; the old pin stays whole."""
    house, _cluster, full = small
    pin = house.place / "secrets" / "directory-pin.json"
    known = json.loads(pin.read_text())
    older = known["number"] - 1
    row = house.sql(f"SELECT encode(hash, 'hex') FROM vault_directoryentry WHERE number = {older}")
    before = known | {"number": older, "hash": row[0][0]}
    pin.write_text(json.dumps(before))
    fields = last_page(house) | {"story": TYPED}
    reports = count(house)
    with full():
        status, text = send(house, fields)
        assert status >= 500 and TYPED in text, status
        assert json.loads(pin.read_text()) == before
        assert count(house) == reports
    send_until(house, fields, 200)
    assert json.loads(pin.read_text()) == known


def test_doors_that_start_on_a_full_disk_answer_and_say_what_is_wrong(small: Small) -> None:
    """Also while the database cannot start there: within half a minute (`Running.ask`)."""
    house, cluster, full = small
    house.stop()
    database = dict(house.database)
    with full():
        if cluster.process is not None and (house.place / "filler").exists():
            cluster.process.send_signal(signal.SIGQUIT)  # it finds no room to start again
        else:
            house.database |= {"SIMPUL_DATABASE_HOST": str(house.place / "log")}
        house.start(sound=False)
        asked = [("public", "/healthz"), ("workspace", "/healthz"), ("public", "/")]
        with ThreadPoolExecutor() as callers:  # all at once, because each waits for the database
            answers = list(callers.map(lambda one: house.ask(one[0], "GET", one[1])[:2], asked))
        for _status, text in answers[:2]:
            said = json.loads(text)
            assert said["database"] == "unreachable" and not said["ok"], said
            assert said["disk"] == ("full" if (house.place / "filler").exists() else said["disk"])
        status, text = answers[2]
        assert status == 503 and "tel:112" in text, "whom to call stands there all the same"
        house.stop()
        house.database = database
    house.start()
    assert house.ask("public", "GET", "/")[0] == 200
