"""Pages for what went wrong; each says what is the matter and gives back what was typed."""

import logging
import sys
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from simpul.core import typed
from simpul.core.access import AgainstTheRules
from simpul.directory import queries as directory
from simpul.reports import doors, modes
from simpul.vault import passkeys
from simpul.vault.keydirectory import Untrusted

log = logging.getLogger("simpul.door")
NEVER_KEPT = {"csrfmiddlewaretoken", "passphrase", "again", "code", "words", "passkey", "prf"}


def kept(request: HttpRequest) -> list[tuple[str, str]]:
    """What was typed, field by field, except secrets."""
    try:
        posted = request.POST.lists() if request.method == "POST" else []
        return [(k, v) for k, values in posted for v in values if k not in NEVER_KEPT]
    except Exception:
        return []


def page(
    request: HttpRequest, status: int, title: str, sentence: str, **more: Any
) -> HttpResponse:
    """An error page that needs neither database nor session."""
    public = settings.ROOT_URLCONF.endswith("public")
    typed = kept(request) if more.pop("retry", False) else []
    values = {
        "hotlines": directory.hotlines("danger") if public and status >= 500 else [],
        "title": title,
        "sentence": sentence,
        "kept": typed,
        "retry_action": request.path if typed else "",
        "modes": modes.of(request) if public else None,
        "leaves_after": modes.IDLE,
        "home_url": "/",
        "demo": settings.DEMO,
        "upgrading": settings.UPGRADING,
        "exit_url": settings.EXIT_URL,
        **more,
    }
    template = "core/error_public.html" if public else "core/error_workspace.html"
    response = HttpResponse(render_to_string(template, values), status=status)
    if status == 503:
        response["Retry-After"] = "60" if settings.UPGRADING else "10"
    return response


def missing(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Nothing here, or nothing for you: the same page."""
    return page(
        request,
        404,
        _("Halaman ini tidak ada"),
        _("Alamat ini tidak ada, atau tidak bisa dibuka dari sini."),
    )


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Yours to see, but another's duty to do."""
    return page(
        request,
        403,
        _("Bukan tugas meja Anda"),
        _("Minta rekan yang bertugas. Ini tercatat di jejak Anda."),
    )


def bad(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """A request that no page of ours sends."""
    return page(
        request,
        400,
        _("Halaman ini belum terbaca"),
        _("Buka lagi halamannya, lalu coba sekali lagi."),
    )


def foreign(request: HttpRequest) -> HttpResponse:
    """A post that another site started."""
    return page(
        request, 403, _("Belum tersimpan"), _("Buka halaman ini langsung, lalu kirim lagi.")
    )


def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page was open too long, or came from elsewhere; what was typed is on it."""
    if settings.ROOT_URLCONF.endswith("public"):
        return doors.ask_again(request)
    if request.user.is_authenticated and "seed" in request.session and _is_ours(request):
        return typed.send_again(
            request, kept(request), to=request.path, lost_files=bool(request.FILES), stale=True
        )
    return sign_in_first(request)


def _is_ours(request: HttpRequest) -> bool:
    """Whether the browser says that a page of ours sent this; `middleware.Quiet` has compared both."""
    return "Sec-Fetch-Site" in request.headers or "Origin" in request.headers


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """The sign-in in place of the page; typed fields travel inside it and are stored nowhere."""
    typed = kept(request)
    values = {
        "kept": typed,
        **({"other_language_url": ""} if typed else {}),  # a link would lose what was typed
        "next": request.path if request.method == "POST" else request.get_full_path(),
        "lost_files": bool(request.method == "POST" and request.FILES),
        "idle_minutes": settings.SESSION_COOKIE_AGE // 60,
        "passkey": passkeys.asking(timezone.now()),
    }
    return HttpResponse(render_to_string("accounts/sign_in.html", values, request), status=401)


def upgrading(request: HttpRequest) -> HttpResponse:
    """Needs to write, or to read what is not there yet; whom to call stands on it."""
    posted = request.method == "POST"
    return page(
        request,
        503,
        _("Belum terkirim") if posted else _("Simpul sedang diperbarui"),
        _("Tulisan Anda masih ada di sini. Kirim lagi beberapa menit lagi.")
        if posted
        else _("Halaman ini terbuka lagi beberapa menit lagi."),
        retry=True,
    )


def broken(request: HttpRequest) -> HttpResponse:
    """The server could not finish; nothing is half done, and what was typed is on the page."""
    error = sys.exc_info()[1]
    if not isinstance(error, AgainstTheRules):
        log.error("door.broken", exc_info=error)
    if isinstance(error, AgainstTheRules):
        return page(request, 409, _("Belum tersimpan"), str(error.sentence), retry=True)
    if isinstance(error, Untrusted):
        return page(
            request, 503, _("Simpul berhenti menyimpan"),
            _("Daftar kunci di server tidak cocok. Hubungi administrator sekarang."), retry=True,
        )  # fmt: skip
    if isinstance(error, DatabaseError) and settings.UPGRADING:
        return upgrading(request)
    if isinstance(error, DatabaseError):
        return page(
            request, 503, _("Belum tersimpan"),
            _("Server sedang terganggu. Tulisan Anda masih ada. Coba lagi sebentar."), retry=True,
        )  # fmt: skip
    return page(
        request, 500, _("Belum tersimpan"),
        _("Ada yang belum beres di server. Tulisan Anda masih ada."), retry=True,
    )  # fmt: skip
