"""How long a backup of 100,000 cases takes, and its restore, and whether what comes back is the same."""

import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from launch import backup, restore, var
from launch.postgres import Cluster
from simpul.vault import archive, recoverykey, tombstones
from tests import instance
from tests.load.table import Figure, note
from tests.load.worklists import fill
from tests.running import placed

CASES = 100_000
MOST = 5 * 60  # seconds


def measure() -> list[Figure]:
    """One backup of a large instance, and its restore beside it."""
    instance.clone("load_large")
    fill("load_large", CASES * 50 // 49)  # each fiftieth is a report without a case
    try:
        with placed("load_large") as running, tempfile.TemporaryDirectory(dir="/tmp") as folder:
            Path(folder).chmod(0o711)
            var.claim(running.place, "real")
            running.command("sweep", door="worker")
            return _measure(running.place, running.database, Path(folder))
    finally:
        instance.drop("load_large")


def _measure(place: Path, database: dict[str, str], folder: Path) -> list[Figure]:
    key, lines = recoverykey.make(1, 1)
    dump, apart, second = folder / "large.backup", folder / "large.secrets", folder / "second"
    began = time.monotonic()
    backup.seal_database(place, database, dump, key, datetime.now(UTC))
    saved = time.monotonic()
    backup.seal_secrets(place, apart, key, datetime.now(UTC))
    with restore.building(second) as draft:
        restored = time.monotonic()
        sources = restore.check(
            archive.find(dump), archive.find(apart), recoverykey.join(key, lines[1]),
            tombstones_of(place),
        )  # fmt: skip
        rows = restore.build(draft, sources)
        done = time.monotonic()
        Cluster(draft).remove()
        shutil.rmtree(draft)
    seconds = {"backup": saved - began, "restore": done - restored}
    cases = rows["cases_case"]
    figures = [
        Figure(
            f"{what} of {cases:,} cases", f"{spent:.0f} s", f"≤ {MOST} s", spent <= MOST,
            f"{sum(rows.values()):,} rows in {len(rows)} tables, {dump.stat().st_size / 1e6:,.0f} MB"
            " sealed; the restore with check of every byte, counts, chain and a new cluster",
        )
        for what, spent in seconds.items()
    ]  # fmt: skip
    return [*figures, note("chain verified, counts identical", "yes", "else it would not be done")]


def tombstones_of(place: Path) -> Path:
    """The log of endings, made when there was none."""
    path = place / tombstones.NAME
    if not path.exists():
        tombstones.place(path, b"")
    return path
