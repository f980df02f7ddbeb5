"""A newer release starts on a populated database of this one: a real `./simpul up`, real doors."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import psycopg
import pytest

from launch import var
from launch.processes import python
from simpul.vault import receipts
from simpul.vault.crypto import Pair
from simpul.vault.passphrases import STEP, Opened
from tests import instance
from tests.running import Running, placed
from tests.visitor import Visitor

REPO = Path(__file__).parents[2]
STORY = "Cerita sebelum pembaruan."
TYPED = "Ditulis selama pembaruan."
NOTICE = "Simpul sedang diperbarui."
NEXT = "0999_the_next_release"
MIGRATION = """
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("directory", "{leaf}")]
    operations = [
        migrations.AddField("service", "note", models.CharField(max_length=20, db_default="")),
    ]
"""


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The source of a release that has one more column in a table that the public door reads."""
    src = tmp_path / "newer/src"
    shutil.copytree(REPO / "src", src, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(REPO / "locale", src.parent / "locale")
    room = src / "simpul/directory"
    leaf = max(path.stem for path in (room / "migrations").glob("0*.py"))
    (room / f"migrations/{NEXT}.py").write_text(MIGRATION.format(leaf=leaf))
    models = (room / "models.py").read_text()
    column = '    note = models.CharField(max_length=20, db_default="")\n    verified_at ='
    changed = models.replace("    verified_at =", column, 1).replace(
        'public = {"ref",', 'public = {"note", "ref",', 1
    )
    assert changed.count("note") == models.count("note") + 2
    (room / "models.py").write_text(changed)
    return src


class Upgraded:
    """`./simpul up` of another release on the database of an instance that ran before."""

    def __init__(self, house: Running, src: Path, log: Path) -> None:
        self.log = log
        password = var.secret(house.place, "db-admin")
        host = quote(house.database["SIMPUL_DATABASE_HOST"], safe="")
        name = house.database["SIMPUL_DATABASE_NAME"]
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SIMPUL_", "DJANGO_"))}
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [*python("launch", "up"), "--port", "0"],
                env=kept | {
                    "PYTHONPATH": str(src), "SIMPUL_VAR": str(house.place),
                    "SIMPUL_ARGON_MEMORY": house.database["SIMPUL_ARGON_MEMORY"],
                    "DATABASE_URL": f"postgresql://simpul_admin:{password}@{host}/{name}",
                },
                stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip

    def said(self, word: str, times: int = 1) -> bool:
        """Whether it said this."""
        assert self.process.poll() is None, self.log.read_text()
        return self.log.read_text().count(word) >= times

    def ports(self) -> list[int]:
        """The public door's port and the workspace's."""
        return [int(port) for port in re.findall(r":(\d+)/ / ", self.log.read_text())][:2]

    def end(self) -> None:
        """Ctrl-C."""
        self.process.terminate()
        self.process.wait(30)


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Waits for something that another process does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@contextmanager
def reading_long(house: Running) -> Iterator[psycopg.Connection]:
    """Somebody who reads the directory and does not come to an end, such as a backup."""
    with psycopg.connect(
        host=house.database["SIMPUL_DATABASE_HOST"], user="simpul_admin",
        password=var.secret(house.place, "db-admin"),
        dbname=house.database["SIMPUL_DATABASE_NAME"],
    ) as connection:  # fmt: skip
        connection.execute("SELECT count(*) FROM directory_service")
        yield connection


def code_of(person: dict[str, str]) -> str:
    """The one-time code of this half minute."""
    opened = Opened(Pair(UUID(int=0), bytes(32)), bytes.fromhex(person["totp"]))
    return opened.code(int(time.time()) // STEP)


def page_three(house: Running, story: str) -> dict[str, object]:
    """The last page of a report, filled in."""
    [(receiver,)] = house.sql(
        "SELECT ref FROM network_desk WHERE name = 'Pengaduan Uji' AND receiving"
    )
    return {
        "step": "3", "go": "send", "token": receipts.new_token(), "receiver": str(receiver),
        "danger": "no", "needs": ["health"], "region": "53.71", "for_whom": "self",
        "story": story,
    }  # fmt: skip


def test_a_populated_older_schema_is_upgraded_while_the_doors_read(
    newer: Path, tmp_path: Path
) -> None:
    people = instance.secrets_of_people()["people"]
    with placed() as house:
        house.start()
        before = page_three(house, STORY)
        assert house.ask("public", "POST", "/reports/send/", before)[0] == 200
        [(code,)] = house.sql("SELECT code FROM reports_report")
        earlier = Visitor(house.ports["public"])  # her browser still knows the old door
        words = " ".join(receipts.words_of(str(before["token"])))
        earlier.post("/reports/open/", {"words": words})
        assert earlier.cookies
        house.stop()

        with reading_long(house):
            upgraded = Upgraded(house, newer, tmp_path / "log")
            try:
                until(lambda: upgraded.said("only read") and len(upgraded.ports()) == 2)
                public, workspace = (Visitor(port) for port in upgraded.ports())
                assert NOTICE in public.get("/")
                assert public.status == 200
                for path in ("/rights/", "/history/", "/reports/"):
                    assert NOTICE in public.get(path)
                    assert public.status == 200, path
                earlier.port = public.port
                assert NOTICE in earlier.get("/")
                assert earlier.status == 200, "an old cookie closes nothing"

                # What the older schema cannot answer says so, and whom to call.
                page = public.get("/directory/?region=53.71")
                assert (public.status, public.headers["Retry-After"]) == (503, "60")
                assert NOTICE in page and 'href="tel:' in page

                # No word is lost, neither of a report nor of a message.
                during = page_three(house, TYPED)
                page = public.post("/reports/send/", during)
                assert public.status == 503
                assert TYPED in page and str(during["token"]) in page

                assert NOTICE in workspace.get("/accounts/sign-in/")
                person = people["intake"]
                page = workspace.post("/cases/new/", {"story": TYPED})
                assert (workspace.status, TYPED in page) == (401, True)
                signing_in = {"username": "intake", "passphrase": person["passphrase"]}
                signing_in |= {"code": code_of(person), "story": TYPED}
                page = workspace.post("/accounts/sign-in/", signing_in)
                assert (workspace.status, TYPED in page) == (503, True)
                assert person["passphrase"] not in workspace.text
                assert '"schema": "behind"' in public.get("/healthz")
                assert public.status == 503

                # The database itself refuses, whatever a page would try.
                [(count,)] = house.sql("SELECT count(*) FROM reports_report")
                assert count == 1
                assert not upgraded.said("Ctrl-C")
            except BaseException:
                upgraded.end()
                raise
        try:
            until(lambda: upgraded.said("Ctrl-C"))
            assert '"schema": "current"' in public.get("/healthz")
            assert NOTICE not in public.get("/")
            public.get("/directory/?region=53.71")
            assert public.status == 200
            public.post("/reports/send/", during)  # the same form once more
            assert public.status == 200
            assert house.sql("SELECT count(*) FROM reports_report") == [(2,)]
            assert house.sql("SELECT count(*) FROM directory_service WHERE note = ''") == (
                house.sql("SELECT count(*) FROM directory_service")
            )
            # What was sealed before opens after, to both who may.
            earlier.post("/reports/open/", {"words": words})
            assert STORY in earlier.get("/reports/mine/data/")
            workspace.cookies.clear()
            workspace.sign_in("intake", person["passphrase"], _fresh(person))
            assert STORY in workspace.get(f"/reports/{code}/")
            assert f"Simpul {_version(newer)}" in workspace.text
            assert not (house.place / "upgrading").exists()
        finally:
            upgraded.end()


def _fresh(person: dict[str, str]) -> str:
    """A code of the next half minute, which is accepted too and was not used yet."""
    opened = Opened(Pair(UUID(int=0), bytes(32)), bytes.fromhex(person["totp"]))
    return opened.code(int(time.time()) // STEP + 1)


def _version(src: Path) -> str:
    found = re.search(r'VERSION = "(.+)"', (src / "simpul/__init__.py").read_text())
    assert found
    return found[1]
