"""A page read aloud, as sound; no cookie, and kept by the browser because it never changes."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from simpul.wording import queries

A_YEAR = 365 * 24 * 3600


def reading(request: HttpRequest, ref: UUID) -> HttpResponse:
    """The sound of a recording in force."""
    sound = queries.sound_of(ref)
    response = HttpResponse(sound, content_type="audio/ogg")
    response["Cache-Control"] = f"private, max-age={A_YEAR}, immutable"
    response["Accept-Ranges"] = "none"
    response["Content-Length"] = str(len(sound))
    return response
