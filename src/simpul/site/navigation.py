"""What stands on every page: where one can go, the way out, the other language.

Nothing here asks the database: the actor's desks and agency are already at hand, and a page that
is drawn before anyone is known, or in place of a page that does not exist, has fewer variables.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse, translate_url
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from simpul import VERSION
from simpul.network.actor import Actor
from simpul.reports import modes
from simpul.wording import access as wording

Entry = tuple[Any, str]  # label, URL name
Link = dict[str, Any]

MAIN: dict[str, list[Entry]] = {
    "workspace": [
        (_("Hari ini"), "site:home"),
        (_("Laporan"), "reports:inbox"),
        (_("Panduan bicara"), "reports:phrases"),
        (_("Kasus"), "cases:list"),
        (_("Rujukan"), "referrals:list"),
        (_("Direktori"), "directory:services"),
        (_("Jaringan"), "network:overview"),
        (_("Akun"), "accounts:me"),
    ],
    "public": [
        (_("Lapor"), "reports:start"),
        (_("Buka kabar"), "reports:open"),
        (_("Cari bantuan"), "directory:places"),
    ],
}
TEXTS: Entry = (_("Teks"), "wording:texts")  # for those who keep them
# Pages that stand for themselves, not for their room.
EXACTLY = {"site:home", "reports:phrases"}
# Pages of one case, in every room that has one; their URLs take the case's code as `case_code`.
CASE_TABS: list[Entry] = [
    (_("Ringkasan"), "cases:summary"),
    (_("Identitas"), "cases:identity"),
    (_("Catatan"), "cases:notes"),
    (_("Berkas"), "cases:files"),
    (_("Izin"), "cases:consents"),
    (_("Rujukan"), "referrals:of_case"),
    (_("Riwayat"), "cases:history"),
]
LANGUAGES = {"id": ("en", "English"), "en": ("id", "Bahasa Indonesia")}


def context(request: HttpRequest) -> dict[str, Any]:
    """Variables of every page, as core/public_base.html and core/workspace_base.html name them."""
    values: dict[str, Any] = {
        "demo": settings.DEMO,
        "upgrading": settings.UPGRADING,
        "exit_url": settings.EXIT_URL,
        "home_url": reverse("site:home"),
        **_other_language(request),
    }
    if settings.ROOT_URLCONF.endswith("public"):
        return {**values, "navigation": _main(request, "public"), **_modes(request)}
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        return values
    return {
        **values,
        "navigation": [
            *_main(request, "workspace", keeps_texts=wording.keeps_texts(actor)),
            *_calls(request, actor),
        ],
        "desk_name": _place(actor),
        "sign_out_url": reverse("accounts:sign_out"),
        "idle_minutes": settings.SESSION_COOKIE_AGE // 60,
        "version": VERSION,
        "tabs": _case_tabs(request),
    }


def _modes(request: HttpRequest) -> Link:
    """How she wants the pages; until her receipt is open a link would lose it, so there is none."""
    chosen = modes.of(request)
    alone = {"navigation": [], "other_language_url": ""}
    return {
        "modes": chosen,
        "leaves_after": modes.IDLE,
        **(alone if chosen.kept and not modes.is_behind(request) else {}),
    }


def _main(request: HttpRequest, door: str, *, keeps_texts: bool = False) -> list[Link]:
    """The main links; the room of this page is the current one, for every page of a case: cases."""
    match = request.resolver_match
    room = match.namespace if match else ""
    if match and "case_code" in match.kwargs:
        room = "cases"
    here = match.view_name if match else ""
    exact = here in {name for _label, name in MAIN[door]}
    return [
        {
            "label": label,
            "url": reverse(name),
            "current": name == here
            if exact
            else name.partition(":")[0] == room and name not in EXACTLY,
        }
        for label, name in [*MAIN[door], *([TEXTS] if keeps_texts else [])]
    ]


def _calls(request: HttpRequest, actor: Actor) -> list[Link]:
    """Those who asked to be called, for the desk that calls."""
    if settings.HANDOFF_DESK not in {str(desk.ref) for desk in actor.desks}:
        return []
    match = request.resolver_match
    is_here = match is not None and match.namespace == "handoffs"
    return [{"label": _("Telepon"), "url": reverse("handoffs:list"), "current": is_here}]


def _case_tabs(request: HttpRequest) -> list[Link]:
    """The tabs of the case that this page is about; an act lies below its tab."""
    match = request.resolver_match
    if match is None or "case_code" not in match.kwargs:
        return []
    case_code = match.kwargs["case_code"]
    urls = [(label, reverse(name, args=[case_code])) for label, name in CASE_TABS]
    here = [url for _label, url in urls if request.path.startswith(url)]
    current = max(here, key=len, default="")
    return [{"label": label, "url": url, "current": url == current} for label, url in urls]


def _place(actor: Actor) -> str:
    """Where she works: her desks, or the agency she signs for."""
    names = [desk.name for desk in actor.desks]
    if actor.agency is not None:
        names.append(actor.agency.name)
    return " · ".join(names)


def _other_language(request: HttpRequest) -> Link:
    """The same page in the other language."""
    code, name = LANGUAGES.get((get_language() or "id").partition("-")[0], LANGUAGES["id"])
    return {
        "other_language_url": translate_url(request.get_full_path(), code),
        "other_language_name": name,
        "other_language_code": code,
    }
