"""How much memory the whole product holds when nobody asks for anything."""

import time
from collections import defaultdict
from pathlib import Path
from urllib.request import urlopen

from launch import control
from tests.load.supervised import Supervised
from tests.load.table import Figure, note

MOST = 200_000_000  # bytes
IDLE = 60  # seconds


def measure(instance: Supervised) -> list[Figure]:
    """One request to each process of the doors, a minute of rest, then the sum over all of them."""
    _ask_each(instance, "public", f"http://127.0.0.1:{instance.public}/")
    _ask_each(instance, "workspace", f"http://127.0.0.1:{instance.workspace}/healthz")
    time.sleep(IDLE)
    by_name: dict[str, list[int]] = defaultdict(list)
    children = _children()
    for pid in _family(instance.pid, children):
        by_name[_name(pid, instance, children)].append(_pss(pid))
    total = sum(sum(sizes) for sizes in by_name.values())
    counted = ", ".join(f"{len(sizes)} {name}" for name, sizes in sorted(by_name.items()))
    figures = [
        Figure(
            "idle memory of the whole product", f"{total / 1e6:.0f} MB", f"≤ {MOST / 1e6:.0f} MB",
            total <= MOST,
            f"sum of PSS (smaps_rollup) {IDLE} s after a request to each: {counted}",
        )
    ]  # fmt: skip
    for name, sizes in sorted(by_name.items(), key=lambda item: -sum(item[1])):
        each = " + ".join(f"{size / 1e6:.1f}" for size in sorted(sizes, reverse=True)[:4])
        figures.append(note(f"  {name}", f"{sum(sizes) / 1e6:.1f} MB", f"{each} MB"))
    return figures


def _ask_each(instance: Supervised, door: str, url: str) -> None:
    """Asks until every process of the door has worked since we began."""
    pids = _served_by(instance, door)
    before = {pid: _worked(pid) for pid in pids}
    until = time.monotonic() + 20
    while any(_worked(pid) == before[pid] for pid in pids):
        assert time.monotonic() < until, f"a process of the door {door} never answered"
        urlopen(url, timeout=20).read()


def _served_by(instance: Supervised, door: str) -> list[int]:
    said = control.ask(control.address(instance.place, door), "pids")
    return [int(word) for word in said.split()]


def _worked(pid: int) -> int:
    """Ticks of processor time so far, proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _children() -> dict[int, list[int]]:
    """The children of every process of this machine."""
    children: dict[int, list[int]] = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = path.read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue  # it ended
        children[int(parent)].append(int(path.parent.name))
    return children


def _family(root: int, children: dict[int, list[int]]) -> list[int]:
    """The process and everything that descends from it."""
    found = [root]
    for pid in found:
        found += children[pid]
    return found


def _name(pid: int, instance: Supervised, children: dict[int, list[int]]) -> str:
    if Path(f"/proc/{pid}/comm").read_text().strip() == "postgres":
        return "PostgreSQL"
    if pid == instance.pid:
        return "supervisor"
    if pid in children[instance.pid]:
        return "nursery"
    for door in ("public", "workspace"):
        if pid in _served_by(instance, door):
            return door
        if set(_served_by(instance, door)) & set(children[pid]):
            return f"parent of {door}"
    return "worker"


def _pss(pid: int) -> int:
    """The process's memory, what it shares counted in parts, proc(5); bytes."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise LookupError(pid)
