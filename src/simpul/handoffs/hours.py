"""The hour in a short message, and nothing else of it."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

WORD = r"jam|at|from|after|setelah|sesudah|sejak|mulai"
PART = r"pagi|siang|sore|petang|malam|am|pm|a\.m\.|p\.m\."
CLOCK = rf"(?P<hour>\d{{1,2}})(?:[.:](?P<minute>\d{{2}}))?(?:\s*(?P<part>{PART}))?"
# "pukul" also means to hit, so alone it tells no hour: only where a message is nothing but its hour.
AFTER_A_WORD = re.compile(rf"(?<!\w)(?:{WORD})\s*{CLOCK}(?![\w.:]*\d)(?!\w)")
BARE = re.compile(
    rf"(?:(?:{WORD}|pukul|telepon|telpon|call)[\s:]*)*{CLOCK}\s*(?:wita|wib|wit)?[.!]?"
)


def read(text: str) -> str:
    """The one hour that a message names, as "09.00"; empty when it names none, or several."""
    plain = " ".join(text.lower().split())
    bare = BARE.fullmatch(plain)
    found = {_hour(match) for match in ([bare] if bare else AFTER_A_WORD.finditer(plain))}
    return next(iter(found)) if len(found) == 1 else ""


def is_more(text: str) -> bool:
    """Whether a message says more than its hour."""
    return BARE.fullmatch(" ".join(text.lower().split())) is None


def next_at(hour: str, after: datetime, zone: str) -> datetime:
    """The first time that the clock shows this hour after a moment."""
    there = after.astimezone(ZoneInfo(zone))
    hours, minutes = (int(part) for part in hour.split("."))
    at = there.replace(hour=hours, minute=minutes, second=0, microsecond=0)
    return at if at >= there else at + timedelta(days=1)


def _hour(match: re.Match[str]) -> str:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    part = (match["part"] or "").replace(".", "")
    if part in {"siang", "sore", "petang", "malam", "pm"} and 1 <= hour < 12:
        late = part != "siang" or hour <= 4  # 11 siang is before noon, 1 siang after it
        hour += 12 if late else 0
    elif hour == 12 and part in {"malam", "am"}:
        hour = 0
    return f"{hour:02}.{minute:02}" if hour < 24 and minute < 60 else ""
