"""The vault's part of a sweep: metadata only, no key but the instance's own."""

import logging
from datetime import datetime

from django.conf import settings
from django.db import connection

from simpul.vault import anchors, audit, condition, pins

log = logging.getLogger("simpul.vault")


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
