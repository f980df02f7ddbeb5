"""A page read aloud, as sound; no cookie, and kept by the browser because it never changes."""

import re
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from simpul.wording import queries

A_YEAR = 365 * 24 * 3600


def reading(request: HttpRequest, ref: UUID) -> HttpResponse:
    """The sound of a recording in force, whole or the part that a player asks for."""
    sound = queries.sound_of(ref)
    part = _part(request.headers.get("Range", ""), len(sound))
    if part is None:
        response = HttpResponse(sound, content_type="audio/ogg")
    elif not part:
        response = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{len(sound)}"
    else:
        response = HttpResponse(sound[part.start : part.stop], "audio/ogg", 206)
        response["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(sound)}"
    response["Cache-Control"] = f"private, max-age={A_YEAR}, immutable"
    response["Accept-Ranges"] = "bytes"
    return response


def _part(asked: str, size: int) -> range | None:
    """The one part that is asked for; empty where it lies outside, None for the whole."""
    found = re.fullmatch(r"bytes=(\d{0,9})-(\d{0,9})", asked, re.ASCII)
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        return range(max(0, size - int(last)), size)
    return range(int(first), min(size, int(last) + 1 if last else size))
