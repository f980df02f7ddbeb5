"""What works, for whoever watches over the instance; no content, no counts."""

import shutil

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from simpul.core.doors import derives_first, open_to_anyone
from simpul.site import schema
from simpul.vault import condition, keydirectory
from simpul.vault.keydirectory import Untrusted

LOW, FULL = 1024**3, 16 * 1024**2  # bytes free where `var/` lies


@open_to_anyone
@derives_first
def show(request: HttpRequest) -> JsonResponse:
    """Says for database, schema and key directory whether they are right; 503 when one is not.

    A chain that is not linked any more, or not anchored, and a disk with little room are said too;
    they stop nobody from reading.
    """
    serving = {"database": _database(), "schema": "unknown", "directory": "unknown"}
    if serving["database"] == "ok":  # to ask again would be to wait again
        serving |= {"schema": _schema(), "directory": _directory()}
    chain = condition.read()
    found = {**serving, "disk": _disk(), "chain": chain.linking, "anchors": chain.anchors}
    sound = all(value in {"ok", "current", "unset"} for value in found.values())
    able = all(value in {"ok", "current"} for value in serving.values())
    return JsonResponse({"ok": sound, **found}, status=200 if able else 503)


def _disk() -> str:
    free = shutil.disk_usage(settings.VAR).free
    return "full" if free < FULL else "low" if free < LOW else "ok"


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "unreachable"
    return "ok"


def _schema() -> str:
    try:
        return "behind" if schema.is_behind() else "current"
    except DatabaseError:
        return "unknown"


def _directory() -> str:
    try:
        return "ok" if keydirectory.current().number >= 0 else "first day not held"
    except DatabaseError:
        return "unknown"
    except Untrusted:
        return "not the one pinned here"
