"""What works, for whoever watches over the instance; no content, no counts."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from simpul.core.doors import derives_first, open_to_anyone
from simpul.vault import condition, keydirectory
from simpul.vault.keydirectory import Untrusted


@open_to_anyone
@derives_first
def show(request: HttpRequest) -> JsonResponse:
    """Says for database and key directory whether they work; 503 when one does not.

    A chain that is not linked any more, or not anchored, is said too; it stops nobody from filing.
    """
    serving = {"database": _database(), "directory": _directory()}
    chain = condition.read()
    found = {**serving, "chain": chain.linking, "anchors": chain.anchors}
    sound = all(value in {"ok", "unset"} for value in found.values())
    able = all(value == "ok" for value in serving.values())
    return JsonResponse({"ok": sound, **found}, status=200 if able else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "unreachable"
    return "ok"


def _directory() -> str:
    try:
        return "ok" if keydirectory.current().number >= 0 else "first day not held"
    except DatabaseError:
        return "unknown"
    except Untrusted:
        return "not the one pinned here"
