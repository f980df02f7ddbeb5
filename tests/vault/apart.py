"""A database of its own for tests that need real second connections and real commits."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

from django.db import connection

from tests import instance

Made = TypeVar("Made")


@dataclass
class Apart:
    """A clone of the cast; every piece of work runs in a thread, on a connection of its own."""

    name: str
    pool: ThreadPoolExecutor

    def start(self, work: Callable[[], Made]) -> "Future[Made]":
        """Begins the work on a new connection."""
        return self.pool.submit(self._connected, work)

    def do(self, work: Callable[[], Made]) -> Made:
        """Does the work on a new connection and returns what it made."""
        return self.start(work).result(20)

    def _connected(self, work: Callable[[], Made]) -> Made:
        connection.settings_dict = {**connection.settings_dict, "NAME": self.name}
        connection.close()
        try:
            return work()
        finally:
            connection.close()

    def is_waiting(self) -> bool:
        """Whether a connection of this database waits for another's lock."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
                " WHERE NOT granted AND datname = %s",
                [self.name],
            )
            return bool(cursor.fetchone()[0])

    def wait_until_waiting(self, other: "Future[object]") -> None:
        """Waits until somebody stands behind a lock, or is already done."""
        pause = threading.Event()
        for _try in range(400):
            if other.done() or self.is_waiting():
                return
            pause.wait(0.01)
        raise AssertionError("nobody waits")


@contextmanager
def database() -> Iterator[Apart]:
    """Clones the cast's database and removes it afterwards."""
    name = instance.clone("simpul_apart_" + uuid4().hex[:8])
    with ThreadPoolExecutor(4) as pool:
        try:
            yield Apart(name, pool)
        finally:
            pool.shutdown(wait=True)
            instance.drop(name)
