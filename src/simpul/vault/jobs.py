"""The vault's part of a sweep: metadata only, no key."""

from django.db import connection

from simpul.vault import audit


def end_expired_grants() -> int:
    """Marks the grants ended whose time is over (nothing opened by them since); returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT worker_expire()")
        ended: int = cursor.fetchone()[0]
    return ended


def link_audit() -> int:
    """Links the lines that wait."""
    return audit.link()
