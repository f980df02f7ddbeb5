"""How quickly the audit chain is proven."""

import os
import time
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
from django.db import connection, connections
from django.utils import timezone

from launch import roles, var
from simpul.vault import audit
from tests import instance
from tests.load.table import Figure, note
from tests.load.worklists import use

NAME = "load_chain"
FIRST = 1_000_000  # ids of lines, above the cast's
LINES = 200_000
A_HEAD_EACH = 25  # a busy desk's lines in three seconds
PROMISED = 20_000  # lines a second
RUNS = 3
KINDS = ("cases.read", "reports.listed", "cases.written", "site.refused")


def measure() -> list[Figure]:
    """A chain of many lines, linked by the real linker's hash, proven several times on one core."""
    before = connections["default"]
    use(instance.clone(NAME))
    try:
        _fill()
        walls, cores = [], []
        for _ in range(RUNS):
            began, spent = time.perf_counter(), _processor_time()
            verdict = audit.verify()
            walls.append(verdict.linked / (time.perf_counter() - began))
            cores.append(verdict.linked / (_processor_time() - spent))
            assert verdict.sound and verdict.linked >= LINES, verdict
        return [
            Figure(
                "verify-chain, on one core", f"{min(cores):,.0f} lines/s", f"≥ {PROMISED:,}",
                min(cores) >= PROMISED,
                f"slowest of {RUNS} proofs of {LINES:,} lines with a signed head each {A_HEAD_EACH};"
                " processor time of the proof and of its PostgreSQL together",
            ),
            note(
                "verify-chain, by the clock", f"{min(walls):,.0f} lines/s",
                "the same proof; other work on this machine makes it longer",
            ),
        ]  # fmt: skip
    finally:
        connection.close()
        connections["default"] = before
        instance.drop(NAME)


def _processor_time() -> float:
    """What this process and the backend that serves it have used, in seconds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    backend = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return time.process_time() + backend


def _fill() -> None:
    """Writes lines and heads as `vault_audit` and `audit.link` would, in bulk."""
    while audit.link():
        pass
    number, hash_, now = audit.end().number, audit.end().hash, timezone.now()
    people, records = [uuid4() for _ in range(40)], [uuid4() for _ in range(400)]
    lines, links, heads = [], [], []
    for n in range(1, LINES + 1):
        number += 1
        line = (
            FIRST + n, now - timedelta(seconds=LINES - n), KINDS[n % 4], people[n % 40], n % 20,
            records[n % 400], uuid4() if n % 3 == 0 else None, ["health", "incident"][: n % 3],
            audit.sha256(str(n).encode()) if n % 3 == 0 else None,
        )  # fmt: skip
        hash_ = audit.sha256(audit.canonical(number, hash_, audit.canonical(*line)))
        lines.append(line)
        links.append((number, FIRST + n, hash_))
        if n % A_HEAD_EACH == 0:
            heads.append((number, hash_, audit.sign("audit", number, hash_), now))
    admin = roles.administrator(var.folder())  # COPY is not for those whom policies bind
    with psycopg.connect(admin, dbname=NAME, autocommit=True) as connected:
        for table, rows in (
            ('vault_auditline (id, at, event, actor, desk, record, "row", parts, content)', lines),
            ("vault_auditlink (number, line_id, hash)", links),
            ("vault_audithead (number, hash, signature, at)", heads),
        ):
            with connected.cursor().copy(f"COPY {table} FROM STDIN") as copy:  # type: ignore[arg-type]
                for row in rows:
                    copy.write_row(row)  # type: ignore[arg-type]
        connected.execute("ANALYZE vault_auditline, vault_auditlink, vault_audithead")
