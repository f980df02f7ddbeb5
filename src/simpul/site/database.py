"""Puts what the models cannot say into the database: roles' rights, policies, triggers, functions."""

from pathlib import Path

from django.db import connection, transaction

SQL = Path(__file__).parent / "sql"


@transaction.atomic
def apply_sql() -> None:
    """Applies the SQL files; all are idempotent, so this may run at every start."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7340000)")
        for name in ("access.sql", "triggers.sql", "public.sql"):
            cursor.execute((SQL / name).read_text().replace("%", "%%"), [])
