"""One transaction and one context: what the row-level policies of PostgreSQL go by."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction


@contextmanager
def opened(
    door: str,
    *,
    person: UUID | None = None,
    desks: Iterable[int] = (),
    receipt: bytes | None = None,
) -> Iterator[None]:
    """Opens the transaction of a request and says in whose name; both end together.

    Without a context the policies show no row.
    """
    with transaction.atomic():
        if settings.ASSUME_ROLE:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('role', %s, true)", [f"simpul_{door}"])
        say(person=person, desks=desks, receipt=receipt)
        yield
        if settings.ASSUME_ROLE:  # an exception undoes both with the transaction
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('role', 'none', true)")
            say()


def say(
    *, person: UUID | None = None, desks: Iterable[int] = (), receipt: bytes | None = None
) -> None:
    """Sets the context of the transaction that is open."""
    ids = ",".join(str(int(desk)) for desk in desks)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('simpul.person', %s, true), set_config('simpul.desks', %s, true),"
            " set_config('simpul.receipt', %s, true)",
            [str(person or ""), f"{{{ids}}}", receipt.hex() if receipt else ""],
        )
