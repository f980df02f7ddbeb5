"""One JSON object per line: time, level, logger, event. Never a path, a name, a value, a message.

What a library wants to say may hold what somebody typed, so only words that stand in our own code
pass: an event is lower-case letters, dots and underscores, and everything else is a `note` with the
place in the code that it came from.
"""

import json
import logging
import re
import shutil
import time
from pathlib import Path
from types import TracebackType

EVENT = re.compile(r"[a-z]+(?:[._][a-z]+)+")
MOST = 4 * 1024 * 1024  # bytes of one log; the part before it is kept beside it


class Lines(logging.Formatter):
    """A record as one line, without its message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        is_ours = record.name.startswith("simpul") and EVENT.fullmatch(str(record.msg))
        kind, _error, trace = record.exc_info or (None, None, None)
        told = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.msg if is_ours else "note",
            "kind": kind.__name__ if kind else None,
            "where": place(trace) or f"{record.module}:{record.lineno}",
        }
        return json.dumps({name: value for name, value in told.items() if value})


def place(trace: TracebackType | None) -> str:
    """The innermost place of ours in a traceback, as `module:line`."""
    found = ""
    while trace:
        name = trace.tb_frame.f_globals.get("__name__", "")
        if name.startswith(("simpul.", "launch.", "config.")) or not found:
            found = f"{name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


def note(log: Path, event: str) -> None:
    """Adds a line to the supervisor's log."""
    assert EVENT.fullmatch(event), event
    told = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "level": "info",
            "logger": "launch.supervisor", "event": event}  # fmt: skip
    with log.open("a") as file:
        file.write(json.dumps(told) + "\n")


def rotate(folder: Path, most: int = MOST) -> None:
    """Keeps each log small: what is full moves aside, over what was there.

    Processes hold their log open for appending, so it is copied and emptied, never renamed.
    """
    for log in folder.glob("*.log"):
        if log.stat().st_size > most:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            log.with_suffix(".log.1").chmod(0o600)
            with log.open("r+b") as file:
                file.truncate(0)
