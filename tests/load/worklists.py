"""Whether a desk's lists stay as quick when the instance holds a hundred times as many cases."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from django.db import connection, connections
from django.utils import timezone

from launch import roles, var
from simpul.cases.models import Case
from tests import instance
from tests.conftest import Door
from tests.load import people
from tests.load.table import Figure
from tests.load.timing import at, signed_in, timed

SQL = Path(__file__).with_name("others.sql")
SIZES = {"load_few": 1_000, "load_many": 100_000}  # cases in the instance
OWN, WAITING = 200, 40  # cases and untaken reports of the desk
MOST, RUNS, REPEATS = 1.3, 5, 6
PAGES = {
    "cases": "/cases/", "cases, page 3": "/cases/?page=3", "Hari ini": "/",
    "reports": "/reports/", "reports, mine": "/reports/?list=mine", "referrals": "/referrals/",
}  # fmt: skip


def measure() -> list[Figure]:
    """The same desk with the same cases in two instances, asked in turn."""
    with _databases() as doors:
        seconds: dict[str, list[dict[str, float]]] = {page: [] for page in PAGES}
        for _ in range(RUNS):
            for page, path in PAGES.items():
                seconds[page].append({name: _typical(doors, name, path) for name in SIZES})
    few, many = SIZES
    figures = []
    for page, runs in seconds.items():
        ratio = median(run[many] / run[few] for run in runs)
        middle = {name: 1000 * median(run[name] for run in runs) for name in SIZES}
        figures.append(
            Figure(
                f"a desk's list at {SIZES[many]:,} cases: {page}",
                f"{ratio:.2f} × at {SIZES[few]:,}", f"≤ {MOST} ×", ratio <= MOST,
                f"wall time, {middle[many]:.0f} ms against {middle[few]:.0f} ms; the desk has"
                f" {OWN} cases and {WAITING} new reports in both; median ratio of {RUNS}"
                " interleaved runs",
            )
        )  # fmt: skip
    return figures


def _typical(doors: dict[str, Door], name: str, path: str) -> float:
    """The middle of some requests, the first of which only warms."""
    use(name)
    with at(doors[name]) as client:
        assert client.get(path).status_code == 200
        return median(timed(lambda: client.get(path)).wall for _ in range(REPEATS))


@contextmanager
def _databases() -> Iterator[dict[str, Door]]:
    """Two databases with the same desk in them; a browser signed in at each."""
    cast, now, before = people.cast(), timezone.now(), connections["default"]
    use(instance.clone("load_own"))
    reports = people.file_many(cast, OWN + WAITING, now)
    people.take_up(cast, reports[:OWN], now - timedelta(days=4))
    connection.close()
    doors = {}
    for name, size in SIZES.items():
        use(instance.clone(name, "load_own"))
        fill(name, (size - OWN) * 50 // 49)  # each fiftieth is a report without a case
        assert Case.objects.count() >= size
        doors[name] = signed_in(cast, "intake")
    try:
        yield doors
    finally:
        for name in ("load_own", *SIZES):
            use(name)
            connection.close()
            instance.drop(name)
        connections["default"] = before


def fill(name: str, cases: int) -> None:
    """Puts other desks' cases into a database, and lets PostgreSQL look at what it holds."""
    admin = roles.administrator(var.folder())
    with psycopg.connect(admin, dbname=name, autocommit=True) as connected:
        connected.execute(f"SET load.cases = {cases}")
        connected.execute("SET maintenance_work_mem = '256MB'")
        connected.execute("SET work_mem = '64MB'")
        connected.execute(SQL.read_text())
        connected.execute("VACUUM ANALYZE")


_known: dict[str, Any] = {}


def use(name: str) -> str:
    """From now on this process's one connection is to that database; a known one stays open."""
    if name not in _known:
        fresh = connections.create_connection("default")
        fresh.settings_dict = {**fresh.settings_dict, "NAME": name}
        _known[name] = fresh
    connections["default"] = _known[name]
    return name
