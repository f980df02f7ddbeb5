"""What stands behind a receipt: a view gets the reporter, or the page asks for the words again."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import render
from django.utils.translation import gettext

from simpul.core.access import NotYours
from simpul.reports import access, content, modes
from simpul.reports.access import Reporter
from simpul.vault import receipts
from simpul.vault.receipts import Opened

KEPT = ("message", "ref")  # what was typed behind the receipt, when the session had ended


def begin(request: HttpRequest, opened: Opened) -> None:
    """Remembers an opened receipt for fifteen idle minutes, in place of any other; three where shared."""
    chosen = modes.of(request)
    request.session.flush()
    rotate_token(request)
    remember(request, opened)
    modes.remember(request, chosen)


def remember(request: HttpRequest, opened: Opened) -> None:
    """Remembers the receipt in the session that is open, so that a form sent twice still fits."""
    request.session["lookup"] = opened.lookup.hex()
    request.session["seed"] = opened.pair.seed.hex()


def lookup(request: HttpRequest) -> bytes | None:
    """The look-up id of the receipt that is open in this browser."""
    if "seed" not in request.session:
        return None
    return bytes.fromhex(request.session["lookup"])


def reporter(request: HttpRequest) -> Reporter | None:
    """Whoever holds the receipt; None when none is open, or when its words were replaced."""
    if "seed" not in request.session:
        return None
    pair = receipts.pair_of(bytes.fromhex(request.session["seed"]))
    try:
        found = access.get_by_receipt(pair)
    except NotYours:
        return None
    request.session.modified = True  # her minutes begin anew
    return found


def ask_again(request: HttpRequest) -> HttpResponse:
    """The page that asks for the six words; a message that was typed waits on it, unsaved."""
    typed = [(name, request.POST[name]) for name in KEPT if request.POST.get(name)]
    values = {
        "t": content.texts(),
        "kept": typed,
        "sentence": gettext(
            "Halaman ini sudah tertutup sendiri. Buka lagi dengan enam kata Anda."
        ),
        "words": "",
    }
    return render(request, "reports/public/open.html", values, status=403)


def behind_receipt(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Calls the view with the reporter as its second argument, or asks for the words again."""

    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        found = reporter(request)
        if found is None:
            return ask_again(request)
        return view(request, found, *args, **kwargs)

    return opened
