"""What `./simpul doctor` finds wrong, and the way out of a directory that somebody wrote into."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from launch import doctor, var
from simpul.accounts.actions import Anyone
from simpul.network import actions
from simpul.vault import audit, keydirectory
from simpul.vault.keydirectory import Untrusted
from simpul.vault.models import AuditLine, DirectoryEntry
from tests.conftest import Cast
from tests.running import Running, running

ALONE = {"nobody_is_root", "desks_have_two"}  # so it is in this test's house


@pytest.fixture(scope="module")
def house() -> Iterator[Running]:
    """A running instance that is sound."""
    with running() as made:
        var.claim(made.place, "real")
        yield made


def closed(house: Running) -> None:
    """The tests write with the umask of whoever runs them; `./simpul` never does."""
    for path in (house.place / "secrets").iterdir():
        path.chmod(0o600)


def as_administrator(house: Running, *statements: str) -> None:
    """What somebody with the database's highest rights does."""
    with psycopg.connect(
        host=house.database["SIMPUL_DATABASE_HOST"], user="simpul_admin",
        password=var.secret(house.place, "db-admin"),
        dbname=house.database["SIMPUL_DATABASE_NAME"], autocommit=True,
    ) as connection:  # fmt: skip
        for statement in statements:
            connection.execute(statement)  # type: ignore[arg-type]


def wrong(house: Running) -> dict[str, list[str]]:
    """What the database's part of the doctor finds."""
    said = house.command("doctor")
    assert not said.returncode, said.stderr
    return {name: answer for name, answer in json.loads(said.stdout).items() if answer}


def test_it_names_what_is_wrong_in_the_database_and_what_to_do(house: Running) -> None:
    until = time.monotonic() + 20
    while not (house.place / "run/swept").exists():
        assert time.monotonic() < until
        time.sleep(0.1)
    assert set(wrong(house)) <= ALONE
    as_administrator(
        house,
        "CREATE TABLE theirs (id int)",
        "ALTER TABLE theirs OWNER TO simpul_public",
        "ALTER TABLE reports_part NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE cases_entry DISABLE ROW LEVEL SECURITY",
        "INSERT INTO vault_directoryentry SELECT max(number) + 1, '{}', '{}', '', '', now()"
        " FROM vault_directoryentry",
        "UPDATE network_desk SET fallback = false",
        "REVOKE DELETE ON accounts_session FROM simpul_worker",
        "INSERT INTO accounts_session (place, door, sealed, expires_at)"
        " VALUES ('\\x00', 's', '', now() - interval '1 hour')",
    )
    os.utime(house.place / "run/swept", (0, 0))
    found = wrong(house)
    assert set(found) - ALONE == {
        "roles_are_small", "policies_are_forced", "directory_is_signed", "a_fallback_is_there",
        "sessions_are_swept", "worker_sweeps",
    }  # fmt: skip
    assert "simpul_public" in found["roles_are_small"][0]
    assert "cases_entry, reports_part" in found["policies_are_forced"][0]
    [(last,)] = house.sql("SELECT max(number) FROM vault_directoryentry")
    assert found["directory_is_signed"][2] == f"./simpul directory --take-out {last}"
    assert all(len(answer) == 4 and all(answer) for answer in found.values())

    # The way out is the command that it names.
    assert house.command("directory", "--take-out", str(int(str(last)) - 1)).returncode
    assert not house.command("directory", "--take-out", str(last)).returncode
    assert "directory_is_signed" not in wrong(house)
    assert house.ask("public", "GET", "/healthz")[0] == 200

    as_administrator(house, "DELETE FROM django_migrations WHERE app = 'referrals'")
    assert "schema_is_current" in wrong(house)


def test_its_exit_code_says_that_something_is_wrong(
    house: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("launch.tether.harden", lambda: None)  # it would last for all tests
    monkeypatch.setenv("SIMPUL_VAR", str(house.place))
    closed(house)
    monkeypatch.setattr(doctor, "of_the_database", lambda _place: {"reachable": None})
    checks = [doctor.secrets_are_there, doctor.secrets_are_closed, doctor.doors_are_open]
    monkeypatch.setattr(doctor, "CHECKS", checks)
    assert doctor.run(as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["doors_are_open"] == {"ok": True}
    (house.place / "secrets/pepper").chmod(0o644)
    assert doctor.run(as_json=False) == 1
    said = capsys.readouterr().out
    assert "WRONG  secrets_are_closed" in said and "chmod 600" in said
    (house.place / "secrets/pepper").chmod(0o600)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder of an instance that was served before and does not run."""
    var.make(tmp_path / "var")
    var.claim(tmp_path / "var", "real")
    return tmp_path / "var"


def opened_to_all(place: Path) -> None:
    place.chmod(0o755)


def lost(place: Path) -> None:
    (place / "secrets/receipt").unlink()


def left(place: Path) -> None:
    (place / "upgrading").touch()


def old(place: Path) -> None:
    (place / "backups").mkdir()
    (place / "backups/one").touch()
    os.utime(place / "backups/one", (0, 0))


@pytest.mark.parametrize(
    ("breaks", "check"),
    [
        (opened_to_all, doctor.folder_is_ours),
        (lost, doctor.secrets_are_there),
        (left, doctor.doors_may_write),
        (old, doctor.backup_is_fresh),
    ],
    ids=lambda one: one.__name__,
)
def test_what_is_wrong_in_the_folder_is_found(
    place: Path, breaks: Callable[[Path], None], check: Callable[[Path], doctor.Wrong]
) -> None:
    assert check(place) is None
    breaks(place)
    said = check(place)
    assert said and all(said)


def test_closed_doors_are_found(place: Path) -> None:
    said = doctor.doors_are_open(place)
    assert said and "public, workspace" in said[1]


def test_a_full_disk_is_found(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST", 2**80)
    assert doctor.disk_has_room(place)


def test_swap_in_memory_or_encrypted_is_fine_and_any_other_is_named(tmp_path: Path) -> None:
    (tmp_path / "dm-1/dm").mkdir(parents=True)
    (tmp_path / "dm-1/dm/uuid").write_text("CRYPT-PLAIN-swap")
    (tmp_path / "dm-2/dm").mkdir(parents=True)
    (tmp_path / "dm-2/dm/uuid").write_text("LVM-swap")
    swaps = tmp_path / "swaps"
    swaps.write_text(
        "Filename Type Size Used Priority\n/dev/zram0 partition 1 0 -2\n"
        "/dev/dm-1 partition 1 0 -2\n/dev/dm-2 partition 1 0 -2\n/swapfile file 1 0 -2\n"
    )
    assert doctor.open_swaps(swaps, tmp_path) == ["/dev/dm-2", "/swapfile"]
    assert doctor.open_swaps(tmp_path / "none", tmp_path) == []


# --- Taking out ----------------------------------------------------------------------------------


def plant(payload: str) -> int:
    """An entry that nobody signed, as a broken-in workspace could write it."""
    known = keydirectory.current()
    entry = DirectoryEntry(
        number=known.number + 1, payload=payload, signatures={}, previous=known.hash
    )
    entry.hash = entry.expected_hash()
    entry.save(force_insert=True)
    keydirectory.forget()
    return entry.number


def test_taking_out_is_recorded_and_sealing_goes_on(cast: Cast) -> None:
    before = keydirectory.current().number
    number = plant("{}")
    with pytest.raises(Untrusted):
        keydirectory.current()
    actions.take_out(actor=Anyone(), number=number)
    assert keydirectory.current().number == before
    line = AuditLine.objects.order_by("-id")[0]
    assert line.event == "network.entry_taken_out" and line.content
    assert cast.file().outcome
    assert audit.link() > 0


def test_a_signed_entry_is_never_taken_out(cast: Cast) -> None:
    number = keydirectory.current().number
    for wanted in (0, 1, number, number + 1, number + 2):
        with pytest.raises(Untrusted):
            actions.take_out(actor=Anyone(), number=wanted)
    assert DirectoryEntry.objects.count() == number + 1


def test_an_altered_entry_is_not_mistaken_for_an_added_one(cast: Cast) -> None:
    from django.db import connection

    last = keydirectory.current().number
    keydirectory.forget()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE vault_directoryentry DISABLE TRIGGER append_only")
        DirectoryEntry.objects.filter(number=last).update(payload="{}")
        cursor.execute("ALTER TABLE vault_directoryentry ENABLE TRIGGER append_only")
    with pytest.raises(Untrusted, match="altered"):
        actions.take_out(actor=Anyone(), number=last)
