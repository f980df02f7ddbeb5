"""The whole product with the invented network, as `./simpul demo` starts it, for one measurement."""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SRC = Path(__file__).resolve().parents[2] / "src"


@dataclass(frozen=True)
class Supervised:
    """A running instance: the supervisor's process id, the folder, and the ports of its doors."""

    pid: int
    place: Path
    public: int
    workspace: int


@contextmanager
def demo() -> Iterator[Supervised]:
    """The instance with a PostgreSQL of its own; nothing of it is left afterwards."""
    from launch import tether
    from launch.postgres import Cluster
    from launch.processes import python

    kept = {k: v for k, v in os.environ.items() if not re.match("SIMPUL_|DATABASE_|DJANGO_", k)}
    with tempfile.TemporaryDirectory(prefix="simpul-load-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL is another user when we are root
        place = Path(folder) / "var"
        process = subprocess.Popen(
            tether.command(python("launch", "demo", "--port", "0")),
            env=kept | {"SIMPUL_VAR": str(place), "PYTHONPATH": str(SRC)},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True, text=True,
        )  # fmt: skip
        try:
            yield Supervised(process.pid, place, *_ports(process))
        finally:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=30)
            process.kill()
            Cluster(place).remove()


def _ports(process: subprocess.Popen[str]) -> list[int]:
    assert process.stdout
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        ports = re.findall(r"http://127\.0\.0\.1:(\d+)/ /", "".join(said))
        if len(ports) == 2:
            return [int(port) for port in ports]
    raise RuntimeError("./simpul demo ended before its doors opened")
