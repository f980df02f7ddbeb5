"""The vault's part of a sweep: metadata only, no key."""

import logging
from pathlib import Path

from django.conf import settings
from django.db import connection

from simpul.vault import audit, tombstones
from simpul.vault.models import AuditLink
from simpul.vault.tombstones import Altered, Stone

log = logging.getLogger("simpul.worker")
_seen: dict[Path, int] = {}


def end_expired_grants() -> int:
    """Marks the grants ended whose time is over (nothing opened by them since); returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT worker_expire()")
        ended: int = cursor.fetchone()[0]
    return ended


def link_audit() -> int:
    """Links the lines that wait."""
    return audit.link()


def bury() -> int:
    """Writes what was taken back since the last sweep into the log beside the database.

    It goes by the chain, so a line counts once it is linked; returns how many lines it wrote.
    """
    path = settings.VAR / tombstones.NAME
    last = AuditLink.objects.order_by("-number").first()
    if last is None or last.number <= _seen.get(path, 0):
        return 0
    try:
        known = tombstones.read(path, audit.instance_key())
    except Altered as error:
        log.error("the log of what was taken back was altered at line %s", error.line)
        return 0
    links = AuditLink.objects.filter(
        number__gt=known.number, number__lte=last.number, line__event__in=tombstones.ENDINGS
    )
    fresh = [stone_of(link) for link in links.select_related("line").order_by("number")]
    if fresh:
        tombstones.append(path, known, fresh, audit.instance_key())
    if settings.BACKUPS.is_dir() and not tombstones.copy(path, settings.BACKUPS):
        log.error("beside the backups lies the log of another instance")
    _seen[path] = last.number
    return len(fresh)


def stone_of(link: AuditLink) -> Stone:
    """A linked line as the log says it."""
    line = link.line
    return Stone(
        number=link.number,
        line=line.id,
        at=line.at.isoformat(),
        event=line.event,
        record=str(line.record) if line.record else None,
        row=str(line.row) if line.row else None,
    )
