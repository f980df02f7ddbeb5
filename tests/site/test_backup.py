"""Backup, restore and drill by the real commands, on the cast: what comes back, and what does not."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from launch import dumps, roles, var
from launch.postgres import Cluster
from simpul.vault import archive
from tests import instance
from tests.launch.waiting import wait_until
from tests.running import Running, placed

REPO = Path(__file__).parents[2]
STEP = 30


@dataclass
class House:
    """An instance with data, and what `./simpul` made of it."""

    running: Running
    folder: Path

    def simpul(
        self, *words: str, typed: str = "", place: Path | None = None, **more: str
    ) -> "subprocess.CompletedProcess[str]":
        """`./simpul …` as a person types it; her answers are lines of the input."""
        return subprocess.run(
            self.words(*words), env=self.surroundings(place, **more), input=typed,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def confirmed(
        self, *words: str, typed: str, who: tuple[str, ...], place: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """The same; people sign in when they are asked, as a code lives half a minute."""
        process = subprocess.Popen(
            self.words(*words), env=self.surroundings(place), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdin
        assert process.stdout
        process.stdin.write(typed)
        process.stdin.flush()
        said = ""
        for line in process.stdout:
            said += line
            if "Two administrators" in line:
                break
        out, err = process.communicate("".join(f"{name}\n{answers(name)}" for name in who), 120)
        return subprocess.CompletedProcess(words, process.returncode, said + out, err)

    def words(self, *words: str) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "launch", *words]

    def surroundings(self, place: Path | None = None, **more: str) -> dict[str, str]:
        """The environment; without another place, the house's own database is meant."""
        own = {"DATABASE_URL": self.url()} if place is None else {}
        return {
            "PATH": os.environ["PATH"], "PYTHONPATH": str(REPO / "src"),
            "SIMPUL_VAR": str(place or self.running.place), "SIMPUL_BACKUPS": str(self.folder),
            "SIMPUL_ARGON_MEMORY": self.running.database["SIMPUL_ARGON_MEMORY"], **own, **more,
        }  # fmt: skip

    def url(self) -> str:
        """The database as its administrator reaches it."""
        host = quote(self.running.database["SIMPUL_DATABASE_HOST"], safe="")
        password = var.secret(self.running.place, "db-admin")
        name = self.running.database["SIMPUL_DATABASE_NAME"]
        return f"postgresql://simpul_admin:{password}@{host}/{name}"

    def key(self, needed: int = 1, of: int = 1) -> list[str]:
        """Makes the recovery key; the lines of all sheets."""
        made = self.simpul("backup-key", "--needed", str(needed), "--of", str(of))
        assert made.returncode == 0, made.stderr
        split = json.loads((self.running.place / "secrets/backup-recipient").read_text())["split"]
        return [line for line in made.stdout.splitlines() if line.startswith(split)]

    def backup(self) -> tuple[str, str]:
        """A backup of the database and one of the secrets."""
        for words in (["backup"], ["backup", "--secrets"]):
            made = self.simpul(*words)
            assert made.returncode == 0, made.stderr
        return str(max(self.folder.glob("*.backup"))), str(max(self.folder.glob("*.secrets")))

    def restore(
        self, files: tuple[str, str], typed: str, *more: str, place: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """`./simpul restore` into a folder of its own."""
        words = ["restore", files[0], "--secrets", files[1], *more]
        return self.simpul(*words, typed=typed, place=place or self.second)

    @property
    def second(self) -> Path:
        """Where the restored instance goes."""
        return self.folder.parent / "second"

    def sweep(self) -> None:
        """The worker's round."""
        done = self.running.command("sweep", door="worker")
        assert done.returncode == 0, done.stderr

    def python(self, code: str) -> str:
        """Runs a few lines of the tests' own in the instance, as its people."""
        surroundings = {
            **os.environ, **self.running.database, "SIMPUL_VAR": str(self.running.place),
            "SIMPUL_ASSUME_ROLE": "yes",
        }  # fmt: skip
        lead = (
            "import django; django.setup()\n"
            "import json, os; from pathlib import Path\n"
            "from tests.conftest import Cast\n"
            f"cast = Cast(json.loads(Path({str(Path(os.environ['SIMPUL_VAR']) / 'cast.json')!r})"
            ".read_text()))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", lead + code], env=surroundings, cwd=REPO,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture
def house() -> Iterator[House]:
    """An instance with a case in it, in which nobody is at work."""
    with placed() as running, tempfile.TemporaryDirectory(dir=running.place.parent) as folder:
        Path(folder).chmod(0o711)
        backups = Path(folder) / "backups"
        backups.mkdir()
        var.claim(running.place, "real")
        made = House(running, backups)
        made.python("receipt = cast.file(); cast.open_case(receipt)")
        made.sweep()
        yield made
        Cluster(made.second).remove()


def answers(name: str) -> str:
    """What a person types to sign in: passphrase and code."""
    people = json.loads((Path(os.environ["SIMPUL_VAR"]) / "cast.json").read_text())["people"]
    from simpul.vault import passphrases

    code = passphrases.code_at(bytes.fromhex(people[name]["totp"]), int(time.time()) // STEP)
    return f"{people[name]['passphrase']}\n{code}\n"


@contextmanager
def restored(house: House) -> Iterator[Callable[[str], list[tuple[object, ...]]]]:
    """The second instance's database, asked as its administrator."""
    with Cluster(house.second, durable=False) as cluster:
        reach = roles.reach(house.second, cluster.address())
        with psycopg.connect(reach, dbname="simpul", autocommit=True) as connection:
            yield lambda query: connection.execute(query.encode()).fetchall()


def test_what_was_saved_comes_back_and_a_member_opens_it(house: House) -> None:
    [line] = house.key()
    files = house.backup()
    done = house.restore(files, line + "\n")
    assert done.returncode == 0, done.stdout + done.stderr
    with placed_at(house.running) as before:
        expected = dumps.counts(before)
    with Cluster(house.second, durable=False) as cluster:
        owner = dumps.Place(
            cluster.address(), roles.BACKUP, roles.passwords(house.second)[roles.BACKUP]
        )
        with owner.connect() as connection:
            found = dumps.counts(connection)
    grown = {"vault_auditline": 1, "vault_auditlink": 1, "vault_audithead": 1}
    assert found == {table: count + grown.get(table, 0) for table, count in expected.items()}
    assert house.simpul("verify-chain", place=house.second).returncode == 0
    opened = house.simpul(
        "drill", "--member", "intake", typed=answers("intake"), place=house.second
    )
    assert opened.returncode == 0, opened.stdout + opened.stderr
    assert "incident" in opened.stdout


TAKE_BACK = """
from datetime import timedelta
from django.utils import timezone
from simpul.cases.actions import consents
from simpul.cases.models import Case, Consent
from simpul.network import actions as network
from simpul.network.models import Membership
from simpul.reports import access, actions as reports
from simpul.vault import context, receipts
now = timezone.now()
consent = Consent.objects.get()
with cast.acting("intake") as actor:
    consents.withdraw(actor=actor, case=consent.case, consent=consent, now=now)
opened = receipts.open_words(WORDS, filing=False)
with context.opened("public", receipt=opened.lookup):
    reports.withdraw(actor=access.get_by_receipt(opened.pair), now=now)
with cast.acting("root-one") as actor:
    member = Membership.objects.get(user=cast.user("leaver"), until_at=None)
    network.remove(actor=actor, membership=member, now=now)
"""
SHARED = """
from django.utils import timezone
from simpul.cases.actions import consents
from simpul.cases.models import Case
case = Case.objects.get()
consent = cast.consent(case, "clinic", ["health"])
with cast.acting("intake") as actor:
    consents.share(actor=actor, case=case, consent=consent, compartments=["health"], now=timezone.now())
print(json.dumps(cast.file(story="Yang kedua.").words))
"""
OPEN = """
SELECT (SELECT count(*) FROM vault_grant WHERE desk IS NOT NULL AND state = 'live'),
       (SELECT count(*) FROM cases_consent WHERE withdrawn_at IS NULL),
       (SELECT count(*) FROM reports_report WHERE state <> 'withdrawn'),
       (SELECT count(*) FROM network_membership WHERE until_at IS NULL)
"""


def test_what_was_taken_back_stays_taken_back_and_two_confirm_an_older_directory(
    house: House,
) -> None:
    """A backup from before; a consent, a report and a membership end; then everything is lost."""
    [line] = house.key()
    receipt = house.python(SHARED)
    house.sweep()
    dump, _early = house.backup()
    house.python(f"WORDS = {receipt}\n" + TAKE_BACK)
    house.sweep()
    time.sleep(1)  # a second name
    _late, secrets = house.backup()
    now = house.running.sql(OPEN)
    words = ["restore", dump, "--secrets", secrets]
    # One who is no administrator, one alone, and nobody after her: nothing is opened.
    refused = house.confirmed(
        *words, typed=line + "\n", who=("intake", "root-one"), place=house.second
    )
    assert refused.returncode == 1
    assert "This is no other administrator" in refused.stdout
    assert not house.second.exists()
    done = house.confirmed(
        *words, typed=line + "\n", who=("root-one", "root-two"), place=house.second
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 endings were repeated" in done.stdout
    with restored(house) as ask:
        assert ask(OPEN) == now
        assert ask("SELECT count(*) FROM vault_keycopy k JOIN accounts_user u ON u.keypair_id"
                   " = k.holder_id WHERE u.username = 'leaver'") == [(0,)]  # fmt: skip
        [(parts,)] = ask("SELECT parts FROM vault_auditline WHERE event = 'site.repinned'")
    pin = json.loads((house.second / "secrets/directory-pin.json").read_text())
    assert parts == [f"from {pin['number'] + 1}", f"to {pin['number']}"]
    assert house.simpul("verify-chain", place=house.second).returncode == 0


@pytest.fixture(scope="module")
def saved() -> Iterator[tuple[House, tuple[str, str], list[str]]]:
    """An instance whose recovery key two of three hold, backed up; nothing in it changes."""
    with placed() as running, tempfile.TemporaryDirectory(dir=running.place.parent) as folder:
        Path(folder).chmod(0o711)
        (Path(folder) / "backups").mkdir()
        var.claim(running.place, "real")
        made = House(running, Path(folder) / "backups")
        lines = made.key(2, 3)
        yield made, made.backup(), lines


def group(lines: list[str], name: str) -> list[str]:
    """The lines of a group of custodians."""
    return [line for line in lines if line.split()[2] == name]


def typing(lines: list[str], numbers: str = "1 2") -> str:
    """The numbers of the sheets at hand, then a line of each."""
    return "\n".join([numbers, *lines]) + "\n"


def test_shares_that_are_mixed_up_are_named_and_nothing_is_opened(
    saved: tuple[House, tuple[str, str], list[str]],
) -> None:
    house, files, lines = saved
    one, two = group(lines, "1-2")
    for typed, said in {
        typing([one, one]): "dari pemegang yang sama",
        typing([one, group(lines, "2-3")[0]]): "dari kelompok lain",
        typing([one, two[:-1] + ("0" if two[-1] != "0" else "1")]): "salah ketik",
        typing([one, "ffffffff" + two[8:]]): "salah ketik",
        typing([one], "1"): "belum cukup",
        typing([one]): "Belum dijawab",
    }.items():
        done = house.restore(files, typed)
        assert done.returncode == 1
        assert said in done.stderr
        assert not house.second.exists()


def test_files_that_are_not_what_was_written_are_named_and_nothing_is_opened(
    saved: tuple[House, tuple[str, str], list[str]], tmp_path: Path
) -> None:
    house, (dump, secrets), lines = saved
    whole, log = Path(dump).read_bytes(), Path(dump).with_name("tombstones")
    typed = typing(group(lines, "1-2"))

    def broken(name: str, data: bytes) -> str:
        (tmp_path / name).write_bytes(data)
        return str(tmp_path / name)

    beside = ("--tombstones", str(log))
    for files, more, said in [
        ((broken("cut", whole[:-100_000]), secrets), beside, "terpotong"),
        ((broken("bent", whole[:-9] + b"x" + whole[-8:]), secrets), beside, "berubah"),
        ((broken("else", b"PGDMP" + whole), secrets), beside, "bukan cadangan Simpul"),
        ((secrets, secrets), beside, "bukan cadangan basis data"),
        ((dump, dump), beside, "bukan cadangan rahasia"),
        ((dump, str(tmp_path / "gone")), beside, "tidak ada"),
        ((dump, secrets), ("--tombstones", str(tmp_path / "gone")), "tombstones none"),
        ((dump, secrets), ("--tombstones", broken("log", b'{"a": 1}\n')), "di baris 1"),
        ((dump, secrets), ("--tombstones", broken("half", b'{"a')), "di baris 1"),
    ]:
        done = house.restore(files, typed, *more)
        assert (done.returncode, done.stderr.count(said)) == (1, 1), (said, done.stderr)
        assert len(done.stderr.splitlines()) == 2, "one sentence in each language"
        assert not house.second.exists()


def test_a_backup_of_another_instance_is_named(
    saved: tuple[House, tuple[str, str], list[str]], tmp_path: Path
) -> None:
    """Also when somebody who knows the recovery key's public half wrote the name in its header."""
    from launch import backup, sheets

    house, (dump, _secrets), lines = saved
    place, now = tmp_path / "var", backup.datetime.now(backup.UTC)
    var.make(place)
    var.claim(place, "real")
    key = sheets.recipient(house.running.place)
    backup.seal_secrets(place, tmp_path / "strange.secrets", key, now)
    done = house.restore((dump, str(tmp_path / "strange.secrets")), typing(group(lines, "1-2")))
    assert "instalasi yang berbeda" in done.stderr
    (place / "secrets/instance").write_text(var.secret(house.running.place, "instance"))
    backup.seal_secrets(place, tmp_path / "false.secrets", key, now)
    done = house.restore((dump, str(tmp_path / "false.secrets")), typing(group(lines, "1-2")))
    assert "tidak ditandatangani instalasi ini" in done.stderr
    assert not house.second.exists()


def test_nothing_is_restored_over_an_instance(
    saved: tuple[House, tuple[str, str], list[str]],
) -> None:
    house, files, _lines = saved
    before = sorted(house.running.place.rglob("*"))
    done = house.restore(files, "", place=house.running.place)
    assert done.returncode == 1
    assert "Tidak ada yang ditimpa" in done.stderr
    assert sorted(house.running.place.rglob("*")) == before


def test_no_plain_byte_and_no_half_file_is_left_when_a_backup_is_killed(
    saved: tuple[House, tuple[str, str], list[str]],
) -> None:
    house, _files, _lines = saved
    before = sorted(house.folder.glob("simpul-*"))
    for wait in (0.6, 1.0, 1.4):
        process = subprocess.Popen(
            house.words("backup"), env=house.surroundings(),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(wait)
        process.kill()
        process.wait()
    for path in set(house.folder.glob("simpul-*.backup")) - set(before):
        assert archive.find(path).said["kind"] == "database"  # it was whole by then
        path.unlink()
    assert all(b"Pengaduan Uji" not in path.read_bytes() for path in house.folder.iterdir())


def test_a_restore_that_is_killed_leaves_no_instance_and_the_next_one_succeeds(
    saved: tuple[House, tuple[str, str], list[str]],
) -> None:
    house, files, lines = saved
    words = ["restore", files[0], "--secrets", files[1]]
    typed = typing(group(lines, "1-3"), "1 3")
    process = subprocess.Popen(
        house.words(*words), env=house.surroundings(house.second), stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdin
    process.stdin.write(typed)
    process.stdin.close()
    draft = house.second.with_name("second.restoring")
    wait_until(lambda: (draft / "secrets/backup-recipient").exists(), 60)
    process.kill()
    process.wait()
    assert not house.second.exists()
    try:
        done = house.restore(files, typed)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not draft.exists()
        assert house.simpul("verify-chain", place=house.second).returncode == 0
    finally:
        Cluster(house.second).remove()


def test_old_backups_go_and_the_newest_stays(
    saved: tuple[House, tuple[str, str], list[str]],
) -> None:
    """The page on which she withdraws promises thirty days."""
    from launch import backup, sheets

    house, _files, _lines = saved
    place, key = house.running.place, sheets.recipient(house.running.place)
    paths = {days: house.folder / f"simpul-{days}.backup" for days in (29, 31)}
    for days, path in paths.items():
        made = backup.datetime.now(backup.UTC) - backup.timedelta(days)
        backup.seal_database(place, house.running.database, path, key, made)
    (house.folder / "simpul-strange.backup").write_bytes(b"nobody knows")
    before = sorted(house.folder.glob("*.secrets"))
    assert house.simpul("backup").returncode == 0
    assert [path.exists() for path in paths.values()] == [True, False]
    assert (house.folder / "simpul-strange.backup").exists()
    assert sorted(house.folder.glob("*.secrets")) == before


def test_on_a_given_server_it_takes_its_name_last_and_never_another_s(
    saved: tuple[House, tuple[str, str], list[str]], tmp_path: Path
) -> None:
    house, files, lines = saved
    folder = house.folder.parent / "server"
    cluster = Cluster(folder, durable=False)
    try:
        cluster.start()
        host = quote(cluster.address()["SIMPUL_DATABASE_HOST"], safe="")
        url = f"postgresql://simpul_admin:{var.secret(folder, 'db-admin')}@{host}/simpul_back"
        words = ["restore", files[0], "--secrets", files[1]]
        typed = typing(group(lines, "2-3"), "2 3")
        place = house.folder.parent / "on-server"
        done = house.simpul(*words, typed=typed, place=place, DATABASE_URL=url)
        assert done.returncode == 0, done.stdout + done.stderr
        proof = house.simpul("verify-chain", place=place, DATABASE_URL=url)
        assert proof.stdout.rstrip().endswith("sound"), proof.stdout + proof.stderr
        again = house.simpul(
            *words, typed=typed, place=house.folder.parent / "third", DATABASE_URL=url
        )
        assert "simpul_back sudah ada" in again.stderr
        with psycopg.connect(roles.reach(folder, cluster.address()), dbname="postgres") as admin:
            names = {row[0] for row in admin.execute("SELECT datname FROM pg_database")}
        assert names == {"postgres", "template0", "template1", "simpul_back"}
    finally:
        cluster.remove()


def test_a_database_restored_behind_our_back_is_named_and_nothing_is_opened(house: House) -> None:
    """Somebody puts yesterday's database back with PostgreSQL's own tools; the way out is shown."""
    name = house.running.database["SIMPUL_DATABASE_NAME"]
    words = house.python(SHARED)
    house.sweep()
    instance.clone("simpul_yesterday", name)
    try:
        house.python(f"WORDS = {words}\n" + TAKE_BACK)
        house.sweep()
        now = house.running.sql(OPEN)
        assert house.running.command("prepare").returncode == 0
        instance.clone(name, "simpul_yesterday")
        refused = house.running.command("prepare")
        assert refused.returncode == 1
        assert "lebih tua dari yang diingat mesin ini" in refused.stderr
        assert "./simpul re-pin" in refused.stderr
        done = house.confirmed("re-pin", typed="", who=("root-one", "root-two"))
        assert done.returncode == 0, done.stdout + done.stderr
        assert house.running.sql(OPEN) == now
        assert house.running.command("prepare").returncode == 0
        assert "Tidak ada yang tertinggal" in house.simpul("re-pin").stdout
    finally:
        instance.drop("simpul_yesterday")


@contextmanager
def placed_at(running: Running) -> Iterator[psycopg.Connection]:
    """The first instance's database, as the backup's role sees it."""
    password = roles.passwords(running.place)[roles.BACKUP]
    with dumps.Place(running.database, roles.BACKUP, password).connect() as connection:
        yield connection
