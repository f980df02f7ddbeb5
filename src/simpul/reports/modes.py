"""How the pages are shown to her: on a computer that others use, or to look like plain notes.

Both travel as hidden fields until the receipt is open, and in the session behind it: never in an
address, and in no cookie that tells of them.
"""

from dataclasses import dataclass

from django.http import HttpRequest

NAMES = ("shared", "plain")
IDLE = 3 * 60  # seconds after which a shared computer is left


@dataclass(frozen=True, slots=True)
class Modes:
    """What she chose."""

    shared: bool = False
    plain: bool = False

    @property
    def kept(self) -> list[tuple[str, str]]:
        """As hidden fields."""
        return [(name, "1") for name in NAMES if getattr(self, name)]


def of(request: HttpRequest) -> Modes:
    """What she chose, from this form or from the session behind her receipt."""
    said = {name: _typed(request, name) for name in NAMES}
    if is_behind(request):
        said = {name: said[name] or bool(request.session.get(name)) for name in NAMES}
    return Modes(**said)


def is_behind(request: HttpRequest) -> bool:
    """Whether a receipt is open in this browser, as far as this request has looked already."""
    session = getattr(request, "session", None)
    return session is not None and session.accessed and "seed" in session


def _typed(request: HttpRequest, name: str) -> bool:
    try:
        return request.method == "POST" and request.POST.get(name) == "1"
    except Exception:  # a body that cannot be read chooses nothing
        return False


def remember(request: HttpRequest, chosen: Modes) -> None:
    """Keeps the choice in the session that was opened; on a shared computer it ends after three minutes."""
    for name, _yes in chosen.kept:
        request.session[name] = True
    if chosen.shared:
        request.session["idle"] = IDLE
