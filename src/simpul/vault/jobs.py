"""The vault's part of a sweep: metadata only, no key but the instance's own."""

import logging
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection

from simpul.vault import anchors, audit, condition, pins, tombstones
from simpul.vault.models import AuditLink
from simpul.vault.tombstones import Altered, Stone

log = logging.getLogger("simpul.vault")
_seen: dict[Path, int] = {}


def end_expired_grants() -> int:
    """Marks the grants ended whose time is over (nothing opened by them since); returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT worker_expire()")
        ended: int = cursor.fetchone()[0]
    return ended


def link_audit() -> int:
    """Links the lines that wait and remembers the new end; on a chain that went back it stops."""
    try:
        linked = audit.link()
    except audit.Rewound:
        if condition.note(linking="stopped"):
            log.error("audit chain: not the one linked here; see ./simpul verify-chain")
        return 0
    end = audit.end()
    pins.advance_chain(pins.ChainPin(end.number, end.hash.hex()))
    condition.note(linking="ok")
    return linked


def anchor_audit(now: datetime) -> None:
    """Writes today's anchor to the second place and mails it, where these are set."""
    today, known = now.date().isoformat(), condition.read()
    if not settings.ANCHORS or known.anchored_on == today or known.linking != "ok":
        return
    try:
        anchor = anchors.write(now)
    except OSError as error:
        if condition.note(anchors="unwritten"):
            log.error("audit anchor: the second place is away: %s", type(error).__name__)
        return
    except audit.Rewound:
        condition.note(linking="stopped")
        return
    state = "ok"
    try:
        if anchor is not None:
            anchors.send(anchor)
    except OSError as error:  # the ready message lies in the second place
        log.error("audit anchor: not mailed: %s", type(error).__name__)
        state = "unsent"
    condition.note(anchors=state, anchored_on=today)


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
