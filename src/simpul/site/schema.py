"""Whether the database is as this code wants it, and how it gets there without making anybody wait."""

import time
from collections.abc import Callable
from functools import cache

from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from psycopg.errors import DeadlockDetected, LockNotAvailable

Migration = tuple[str, str]  # app, name

LOCK = "2s"  # so long may a step wait for a lock; meanwhile everybody else queues behind it
PAUSE = 1.0  # seconds in which the others go first
TRIES = 200


@cache
def wanted() -> frozenset[Migration]:
    """Every migration that comes with this code."""
    return frozenset(MigrationLoader(None).disk_migrations)


def applied() -> set[Migration]:
    """Every migration that the database has; none before its first start."""
    return set(MigrationRecorder(connection).applied_migrations())


def is_behind() -> bool:
    """Whether the database lacks a migration of this code."""
    return not wanted() <= applied()


def patiently(step: Callable[[], object]) -> None:
    """Does a step of the owner that needs locks, and steps aside for whoever reads.

    A statement that waits for a table makes all later readers of it wait too. So it gives up after
    two seconds, lets them go first, and begins again where it stands.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{LOCK}'")
    for left in range(TRIES, 0, -1):
        try:
            step()
            return
        except OperationalError as error:
            if left == 1 or not isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
                raise
            time.sleep(PAUSE)
