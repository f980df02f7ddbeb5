"""The parent of doors and worker: it loads all code once, and forks them from there.

They stay separate processes with separate settings, database roles and secrets; what they share is
the memory of the code, which is most of what each of them needs. `python -m launch.nursery
--public 3 --workspace 4` names the bound sockets.
"""

import argparse
import importlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from launch import doors, forks, tether, var
from launch.wakeups import END, Signals
from launch.watching import Watched, end

NAMES = {
    "public": ("Pintu umum", "The public door"),
    "workspace": ("Ruang kerja", "The workspace"),
    "worker": ("Pekerja latar", "The worker"),
}
# What is loaded before anything forks, beside the rooms themselves.
LIBRARIES = (
    "cryptography.hazmat.primitives.asymmetric.x25519",
    "django.contrib.auth.hashers",
    "django.core.handlers.wsgi",
    "django.core.management",
    "django.db.backends.postgresql.base",
    "django.forms",
    "django.template.loader_tags",
    "nacl.pwhash",
    "psycopg_pool",
    "simpul.site.sweeps",
    "simpul.site.urls_public",
    "simpul.site.urls_workspace",
    "whitenoise.middleware",
)


class Member:
    """A forked process; what it prints goes to its log, and it holds no socket of another."""

    def __init__(
        self,
        signals: Signals,
        log: Path,
        live: Callable[[], None],
        others: Sequence[socket.socket],
    ) -> None:
        self.signals, self.log, self.live, self.others = signals, log, live, others
        self.pid = 0

    def start(self) -> None:
        """Fork it."""
        self.pid = forks.fork(self.signals, self._begin)

    def _begin(self) -> None:
        for listener in self.others:
            listener.close()
        with self.log.open("ab") as log:
            os.dup2(log.fileno(), sys.stdout.fileno())
            os.dup2(log.fileno(), sys.stderr.fileno())
        self.live()

    def alive(self) -> bool:
        """Whether it runs."""
        if self.pid and os.waitpid(self.pid, os.WNOHANG)[0]:
            self.pid = 0
        return bool(self.pid)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self.alive():
            os.kill(self.pid, number)


def run(
    lives: Mapping[str, Callable[[], None]], listeners: Mapping[str, socket.socket], logs: Path
) -> None:
    """Keep the members alive until a signal says to end; then doors end first, the worker last."""
    forks.share()
    with Signals() as signals:
        members = {}
        for name, live in lives.items():
            others = [listener for door, listener in listeners.items() if door != name]
            members[name] = Member(signals, logs / f"{name}.log", live, others)
            members[name].start()
        watched = [Watched(NAMES[name], member) for name, member in members.items()]
        came: set[int] = set()
        while not came & END:
            for each in watched:
                each.look()
            came, _ = signals.wait(1)
        for listener in listeners.values():
            listener.close()
        last = [members.pop(name) for name in ("worker",) if name in members]
        end(list(members.values()), doors.GRACE + 2)
        end(last, 4)


def load() -> None:
    """Loads every room, as the worker, which has the least rights; nothing is connected yet."""
    os.environ["SIMPUL_DOOR"] = "worker"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    for library in LIBRARIES:
        importlib.import_module(library)


def become(door: str) -> None:
    """In a fork: takes the settings of this door, with its secrets, database role and pages."""
    os.environ["SIMPUL_DOOR"] = door
    from django.conf import settings
    from django.db import connections
    from django.utils.functional import empty

    sys.modules.pop("config.settings", None)
    settings._wrapped = empty
    for known in connections.all(initialized_only=True):
        del connections[known.alias]  # made, never connected, with the worker's name
    vars(connections).pop("settings", None)
    vars(connections).update(_settings=None)


def open_door(door: str, listener: socket.socket) -> None:
    """The life of the parent of a door."""
    become(door)
    doors.open_door(door, listener)


def sweep() -> None:
    """The life of the worker."""
    from django.core.management import execute_from_command_line

    execute_from_command_line(["django", "sweep", "--forever"])


def main() -> None:
    """Run the product."""
    parser = argparse.ArgumentParser()
    for door in doors.CHILDREN:
        parser.add_argument(f"--{door}", type=int, required=True, metavar="FD")
    parser.add_argument("--reading", action="store_true", help="no worker: nothing is written")
    given = vars(parser.parse_args())
    reading = given.pop("reading")
    tether.harden()
    load()
    lives: dict[str, Callable[[], None]] = {} if reading else {"worker": sweep}
    listeners = {door: socket.socket(fileno=fd) for door, fd in given.items()}
    for door, listener in listeners.items():
        lives[door] = partial(open_door, door, listener)
    run(lives, listeners, var.folder() / "log")


if __name__ == "__main__":
    main()
