"""`./simpul drill`: a backup of the running instance, restored beside it, compared, opened, thrown away."""

import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

from launch import address, backup, restore, tether, var
from launch.postgres import Cluster
from launch.processes import environment, python
from launch.voice import ask, say
from simpul.vault import archive, recoverykey, tombstones

FOLDER = ".drill"


def run(member: str | None) -> int:
    """Hold the drill; the exit code is 0 when everything agreed."""
    tether.harden()
    place = var.folder()
    second = place.with_name(place.name + FOLDER)
    with address.at_hand(place) as database, restore.building(second) as draft:
        try:
            return _hold(place, database, draft, member)
        finally:
            Cluster(draft).remove()
            shutil.rmtree(draft, ignore_errors=True)


def _hold(place: Path, database: dict[str, str], draft: Path, member: str | None) -> int:
    # A key for this drill alone: nobody has to fetch the sheets, and it is gone with the process.
    key, lines = recoverykey.make(1, 1)
    pair = recoverykey.join(key, [lines[1][0]])
    dump, apart = draft / "drill.backup", draft / "drill.secrets"
    began, now = time.monotonic(), datetime.now(UTC)
    backup.seal_secrets(place, apart, key, now)
    backup.seal_database(place, database, dump, key, now)
    saved = time.monotonic()
    log = place / tombstones.NAME
    if not log.exists():
        tombstones.place(log, b"")
    found = archive.find(dump)
    sources = restore.check(found, archive.find(apart), pair, log)
    cluster = Cluster(draft, durable=False)
    rows = restore.build(draft, sources)
    done = time.monotonic()
    say(f"Cadangan {saved - began:.0f} dtk, pemulihan {done - saved:.0f} dtk", "backup, restore")
    say(f"{sum(rows.values()):,} baris di {len(rows)} tabel: sama", "rows and tables: identical")
    say(f"Jejak audit sampai {found.said['chain'][0]}: utuh", "the audit chain is sound")
    say(f"Direktori kunci di {found.said['directory'][0]}: sama", "key directory: the same")
    name = ask("Nama masuk (kosong: lewati)", "sign-in name") if member is None else member
    if not name.strip():
        say("Tidak ada catatan yang dibuka", "No record was opened")
        return 0
    with cluster:
        surroundings = environment(draft, "owner", cluster.address())
        code = subprocess.run(python("django", "sample", name), env=surroundings).returncode
    say(
        *(
            ("Latihan belum berhasil", "The drill failed")
            if code
            else ("Latihan berhasil", "Sound")
        )
    )
    return code
