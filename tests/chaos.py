"""Kills at random moments while a hand works, and what must hold afterwards."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import psycopg

from launch.postgres import Cluster
from launch.processes import environment
from tests import instance
from tests.hand import Ledger
from tests.running import Running

VICTIMS = {
    "a colleague's process": 5,
    "the public door": 3,
    "the workspace door": 1,
    "the worker": 2,
    "a database backend": 4,
    "the whole database": 2,
    "doors and worker at once": 2,
}


@dataclass
class Chaos:
    """Work under way on an instance of its own, and kills at seeded moments."""

    house: Running
    cluster: Cluster
    seed: int = 7
    table: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.house.place / "ledger")
        self.random = random.Random(self.seed)

    @contextmanager
    def working(self) -> Iterator[None]:
        """A hand at work, from the first acknowledged report on."""
        from tests.journeys.test_processes import last_page

        told = {"port": self.house.ports["public"], "fields": last_page(self.house)}
        (self.house.place / "told.json").write_text(json.dumps(told))
        process = self._start("workspace", "work")
        try:
            until = time.monotonic() + 30
            while not self.ledger.done("taking up"):
                assert time.monotonic() < until and process.poll() is None, "nothing was done"
                time.sleep(0.05)
            yield
        finally:
            process.kill()
            self._kill_hand()
            process.wait()

    def _start(self, door: str, what: str) -> "subprocess.Popen[bytes]":
        surroundings = environment(self.house.place, door, self.house.database)
        surroundings |= {"SIMPUL_ASSUME_ROLE": "no", "SIMPUL_TESTS": "yes"}
        surroundings["PYTHONPATH"] += f":{instance.REPO}"
        words = [sys.executable, "-m", "tests.hand", what, str(self.house.place)]
        with (self.house.place / "log" / "hand.log").open("ab") as log:
            return subprocess.Popen(words, env=surroundings, stderr=log)

    def kill(self, times: int) -> None:
        """Kills at random moments; what a supervisor starts again is started again."""
        for _ in range(times):
            time.sleep(self.random.uniform(0.02, 0.5))
            (victim,) = self.random.choices(list(VICTIMS), list(VICTIMS.values()))
            step = self.ledger.lines()[-1]
            doing = step["step"] if step["was"] == "begun" else f"after {step['step']}"
            if self._kill(victim):
                self.table[doing, victim] += 1

    def _kill(self, victim: str) -> bool:
        match victim:
            case "a colleague's process":
                return self._kill_hand()
            case "the public door" | "the workspace door":
                return self._kill_door(victim.split()[1])
            case "the worker":
                return _end(self._worker())
            case "a database backend":
                return self._kill_backend()
            case "the whole database":
                assert self.cluster.process
                self.cluster.process.kill()
                self.cluster.process.wait()
                self.cluster.start()
            case _:
                self.restart()
        return True

    def _kill_hand(self) -> bool:
        path = self.house.place / "hand"
        return path.exists() and _end(int(path.read_text()))

    def _kill_door(self, door: str) -> bool:
        with suppress(OSError):
            killed = [_end(pid) for pid in self.house.pids(door)]
            return any(killed)
        return False  # it is just being started again

    def _kill_backend(self) -> bool:
        with suppress(psycopg.Error):
            found = self.house.sql(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
                " AND usename <> 'simpul_admin' ORDER BY pid"
            )
            return bool(found) and _end(int(str(self.random.choice(found)[0])))
        return False

    def _worker(self) -> int:
        """The child of the nursery that is no door's parent."""
        assert self.house.process
        doors = set()
        for door in ("public", "workspace"):
            with suppress(OSError):
                doors |= {_parent(pid) for pid in self.house.pids(door)}
        found = [pid for pid in _children(self.house.process.pid) if pid not in doors]
        return found[0] if len(found) == 1 else 0

    def restart(self) -> None:
        """kill -9 on the nursery, with which all of its processes end, and a start."""
        assert self.house.process
        self.house.process.kill()
        self.house.process.wait()
        until = time.monotonic() + 20
        while True:
            try:
                return self.house.start()
            except OSError:  # the port of a process that is just ending
                assert time.monotonic() < until
                time.sleep(0.1)

    def findings(self) -> list[str]:
        """Everything that is not as it must be; the doors are ended before."""
        self.house.stop()
        found = [name for name, query in NEVER.items() if self.house.sql(query)[0][0]]
        found += [name for name, refs in self._lost().items() if refs]
        for _ in range(20):
            self.house.command("sweep", door="worker")
            if not self.house.sql("SELECT count(*) FROM vault_auditpending")[0][0]:
                break
        chain = self.house.command("verify_chain")
        if chain.returncode or "waiting to be linked: 0" not in chain.stdout:
            found.append(f"the chain: {chain.stdout} {chain.stderr}")
        if self._start("public", "check").wait():
            found.append("an acknowledged report does not open with its receipt")
        if self._start("workspace", "read").wait():
            found.append("a grant was lost between two keys of a desk")
        return found

    def _lost(self) -> dict[str, set[UUID]]:
        """Acknowledged acts that left no row, no access where there must be, or no line."""
        done = {step: self._refs(step) for step in ("sharing", "accepting", "withdrawing")}
        begun = {
            UUID(line["consent"]) for line in self.ledger.lines() if line["step"] == "withdrawing"
        }
        withdrawn = self._all("SELECT ref FROM cases_consent WHERE withdrawn_at IS NOT NULL")
        open_to = self._all("SELECT unnest(tags) FROM vault_grant WHERE state = 'live'")
        lines = {
            event: self._all(f"SELECT row FROM vault_auditline WHERE event = '{event}'")
            for event in ("cases.consent_given", "cases.consent_withdrawn", "referrals.sent")
        }
        shared = self._all("SELECT consent_id FROM cases_share")
        reports = len(self.house.sql("SELECT 1 FROM reports_report"))
        taken = len(self.house.sql("SELECT 1 FROM cases_case"))
        short = {
            "acknowledged reports": reports < len(self.ledger.done("filing")),
            "acknowledged cases": taken < len(self.ledger.done("taking up")),
            "reports from nowhere": reports > len({
                line["token"] for line in self.ledger.lines() if line["step"] == "filing"
            }),
        }  # fmt: skip
        return {
            "a withdrawal that was acknowledged is gone": done["withdrawing"] - withdrawn,
            "a withdrawn consent still opens something": done["withdrawing"] & open_to,
            "a share that was acknowledged opens nothing": done["sharing"] - begun - open_to,
            "a share has no row": done["sharing"] - shared,
            "a consent left no line": self._refs("consenting") - lines["cases.consent_given"],
            "a withdrawal left no line": done["withdrawing"] - lines["cases.consent_withdrawn"],
            "a referral left no line": self._refs("referring", "referral")
            - lines["referrals.sent"],
            **{name: {UUID(int=0)} for name, wrong in short.items() if wrong},
        }

    def _refs(self, step: str, name: str = "consent") -> set[UUID]:
        return {UUID(line[name]) for line in self.ledger.done(step)}

    def _all(self, query: str) -> set[UUID]:
        return {row[0] for row in self.house.sql(query) if isinstance(row[0], UUID)}


# Each counts what may not be there.
NEVER = {
    "half a report": "SELECT count(*) FROM reports_report r WHERE"
    " (SELECT count(*) FROM reports_part p WHERE p.report_id = r.ref) <> (SELECT count(*)"
    " FROM vault_auditline l WHERE l.event = 'reports.filed' AND l.record = r.ref) OR NOT EXISTS"
    " (SELECT FROM reports_part p WHERE p.report_id = r.ref) OR NOT EXISTS"
    " (SELECT FROM clocks_clock c WHERE c.subject = r.ref) OR NOT EXISTS (SELECT FROM vault_grant g"
    " JOIN vault_envelope e ON e.ref = g.envelope_id WHERE e.record = r.ref AND g.state = 'live'"
    " AND g.desk = r.receiver_id)",
    "half a case": "SELECT count(*) FROM cases_case c WHERE NOT EXISTS (SELECT FROM reports_report r"
    " WHERE r.ref = c.report_id AND r.taken_by_id = c.desk_id) OR NOT EXISTS (SELECT FROM"
    " vault_auditline l WHERE l.event = 'cases.opened' AND l.record = c.ref)",
    "a report taken up without a case": "SELECT count(*) FROM reports_report r WHERE taken_by_id IS"
    " NOT NULL AND NOT EXISTS (SELECT FROM cases_case c WHERE c.report_id = r.ref)",
    "half a referral": "SELECT count(*) FROM referrals_referral r WHERE NOT EXISTS (SELECT FROM"
    " clocks_clock c WHERE c.subject = r.ref) OR NOT EXISTS (SELECT FROM vault_grant g"
    " WHERE r.ref = ANY (g.tags))",
    "a grant that outlives its consent": "SELECT count(*) FROM vault_grant g JOIN cases_consent c"
    " ON c.ref = ANY (g.tags) WHERE g.state <> 'ended' AND (c.withdrawn_at IS NOT NULL"
    " OR g.until_at IS NULL OR g.until_at < now())",
    "a share or referral that outlives its consent": "SELECT count(*) FROM cases_consent c"
    " WHERE withdrawn_at IS NOT NULL AND (EXISTS (SELECT FROM cases_share s WHERE s.consent_id ="
    " c.ref AND s.ended_at IS NULL) OR EXISTS (SELECT FROM referrals_referral r WHERE"
    " r.consent_id = c.ref AND r.state IN ('sent', 'accepted')))",
    "an envelope open to other desks than its grants say": "SELECT count(*) FROM vault_envelope e"
    " WHERE e.desks <> coalesce((SELECT array_agg(DISTINCT g.desk ORDER BY g.desk) FROM vault_grant"
    " g WHERE g.envelope_id = e.ref AND g.state = 'live' AND g.desk IS NOT NULL), '{}')",
    "a record open to other desks than its envelopes": "SELECT (SELECT count(*) FROM reports_report"
    " WHERE desks <> vault_desks_of(ref)) + (SELECT count(*) FROM cases_case WHERE desks <>"
    " vault_desks_of(ref))",
    "a line that is neither linked nor waits": "SELECT count(*) FROM vault_auditline l WHERE NOT"
    " EXISTS (SELECT FROM vault_auditlink k WHERE k.line_id = l.id) AND NOT EXISTS (SELECT FROM"
    " vault_auditpending p WHERE p.line_id = l.id)",
}  # fmt: skip


def _end(pid: int) -> bool:
    if not pid:
        return False
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
