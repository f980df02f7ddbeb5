"""Wall time, time in the database, and pages asked for inside this process."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection

from tests.conftest import Cast, Door


@dataclass
class Timed:
    """How long something took, in seconds."""

    wall: float = 0.0
    database: float = 0.0
    processor: float = 0.0  # of this thread outside the database
    queries: int = 0

    @property
    def server(self) -> float:
        """Wall time minus time in the database."""
        return self.wall - self.database


def timed(act: Callable[[], object]) -> Timed:
    """Does it once; commits count as the server's time, since only statements are seen here."""
    found = Timed()

    def statement(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        began, worked = time.perf_counter(), time.thread_time()
        try:
            return execute(sql, params, many, context)
        finally:
            found.database += time.perf_counter() - began
            found.processor -= time.thread_time() - worked
            found.queries += 1

    with connection.execute_wrapper(statement):
        began, worked = time.perf_counter(), time.thread_time()
        act()
        found.wall = time.perf_counter() - began
        found.processor += time.thread_time() - worked
    return found


def signed_in(cast: Cast, key: str) -> Door:
    """A browser at the workspace, signed in as the sign-in page does it."""
    door = Door("workspace")
    with door._open():
        door.client.force_login(cast.user(key))
        session = door.client.session
        session["seed"] = cast.seed(key).hex()
        session.save()
    return door


@contextmanager
def at(door: Door) -> Iterator[Any]:
    """The door's client with middleware and URLs loaded once, as in a process that serves."""
    with door._open():
        door.client.handler.load_middleware()
        yield door.client
