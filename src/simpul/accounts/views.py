"""Signing in and out, and a person's own page."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from simpul.accounts import access, actions, forms, queries
from simpul.accounts.models import User
from simpul.core.access import AgainstTheRules
from simpul.core.doors import derives_first, open_to_anyone
from simpul.core.typed import NO_WAY_BACK, Field, send_again
from simpul.vault import passkeys
from simpul.vault.audit import Acts

BACKEND = "simpul.accounts.backend.Passphrase"
HOME = "/"
CONFIRMED = 5 * 60  # seconds that the passphrase, typed once more, opens her ways in
KEPT = "kept."  # what typed fields are called while they travel through the sign-in
WEEK = timedelta(days=7)


class Acting(Acts, Protocol):
    """The actor of a request, as far as this room knows her."""

    @property
    def zone(self) -> str:
        """The time zone in which her days begin."""


class Request(HttpRequest):
    """A request behind the sign-in; the network's room has built the actor."""

    actor: Acting


# No session begins before somebody is known, so there is no token to compare; `site.middleware.Quiet`
# refuses posts that another site started.
@csrf_exempt
@open_to_anyone
@derives_first
def sign_in(request: HttpRequest) -> HttpResponse:
    """Signs a person in; what she had typed when her session ended comes back to be sent again."""
    if request.method != "POST":
        if request.user.is_authenticated and "seed" in request.session:
            return redirect(_local(request.GET.get("next", "")))
        return _ask(request, next=_local(request.GET.get("next", "")), sent="GET")
    form = forms.SignIn(request.POST)
    if not form.is_valid():
        return _ask_again(request, _("Isi nama, kata sandi, dan kode."))
    try:
        signed = actions.sign_in(now=timezone.now(), **form.cleaned_data)
    except AgainstTheRules as refusal:
        return _ask_again(request, str(refusal.sentence))
    login(request, signed.user, backend=BACKEND)
    request.session["seed"] = signed.seed.hex()
    to = _local(request.POST.get("next", ""))
    if request.POST.get("sent") != "POST":
        return redirect(to)
    lost_files = "lost_files" in request.POST
    return send_again(request, _kept(request), to=to, lost_files=lost_files)


def confirmed(
    view: Callable[..., HttpResponse],
) -> Callable[..., HttpResponse]:
    """The view asks for the passphrase once more, unless it was typed a moment ago."""

    @wraps(view)
    def asked(request: Request, **kwargs: Any) -> HttpResponse:
        age = timezone.now().timestamp() - request.session.get("confirmed_at", 0)
        return view(request, **kwargs) if age < CONFIRMED else redirect("accounts:confirm")

    return asked


@derives_first
def confirm(request: Request) -> HttpResponse:
    """Asks for the passphrase once more before her ways in are shown."""
    if request.method != "POST":
        return render(request, "accounts/confirm.html")
    form, now = forms.Confirm(request.POST), timezone.now()
    try:
        if not form.is_valid():
            raise AgainstTheRules(_("Isi kata sandi."))
        actions.confirm(user=_own(request), now=now, **form.cleaned_data)
    except AgainstTheRules as refusal:
        values = {"sentence": refusal.sentence}
        return render(request, "accounts/confirm.html", values, status=422)
    request.session["confirmed_at"] = now.timestamp()
    return redirect("accounts:ways")


@confirmed
def ways(request: Request) -> HttpResponse:
    """Her passkeys and how many codes are left on her paper."""
    return _ways(request)


@confirmed
def add_passkey(request: Request) -> HttpResponse:
    """Keeps a new passkey."""
    if request.method != "POST":
        return redirect("accounts:ways")
    form = forms.AddPasskey(request.POST)
    if not form.is_valid():
        return _ways(request, 422, sentence=_("Beri nama, lalu coba lagi."))
    said = form.cleaned_data
    try:
        actions.add_passkey(
            actor=request.actor,
            user=_own(request),
            seed=bytes.fromhex(request.session["seed"]),
            label=said["label"],
            answer=said["passkey"],
            prf=said["prf"],
            now=timezone.now(),
        )
    except AgainstTheRules as refusal:
        return _ways(request, 422, sentence=refusal.sentence)
    return redirect("accounts:ways")


@confirmed
def remove_passkey(request: Request, ref: UUID) -> HttpResponse:
    """Takes a passkey away."""
    passkey = access.get_passkey(_own(request), ref)
    if request.method == "POST":
        actions.remove_passkey(actor=request.actor, passkey=passkey)
    return redirect("accounts:ways")


@confirmed
def recovery_codes(request: Request) -> HttpResponse:
    """Makes new codes and shows them, this once."""
    if request.method != "POST":
        return redirect("accounts:ways")
    codes = actions.make_recovery_codes(actor=request.actor, user=_own(request))
    return render(request, "accounts/codes.html", {"codes": codes, **NO_WAY_BACK})


# A page from before the last sign-in ends the session too; `site.middleware.Quiet` refuses others' posts.
@csrf_exempt
def sign_out(request: Request) -> HttpResponse:
    """Ends this session."""
    if request.method == "POST":
        actions.sign_out(actor=request.actor)
        logout(request)
        return redirect("accounts:sign_in")
    return redirect("accounts:me")


def sign_out_everywhere(request: Request) -> HttpResponse:
    """Ends every session of hers, this one too."""
    if request.method == "POST":
        actions.sign_out_everywhere(actor=request.actor, user=_own(request))
        logout(request)
        return redirect("accounts:sign_in")
    return redirect("accounts:me")


def me(request: Request) -> HttpResponse:
    """Her own page: name, desks, key, what she did, day by day."""
    user = _own(request)
    now = timezone.now()
    page, trace = queries.trace_of(
        user.keypair_id, request.actor.zone, request.GET.get("page", "1")
    )
    values = {
        "person": user,
        "page": page,
        "trace": trace,
        "refusals": queries.refusals_since(user.keypair_id, now - WEEK),
        "codes_left": queries.codes_left(user),
        "idle_minutes": settings.SESSION_COOKIE_AGE // 60,
    }
    return render(request, "accounts/me.html", values)


def _own(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user


def _ways(request: Request, status: int = 200, **values: Any) -> HttpResponse:
    values["ways"] = queries.ways_of(_own(request), timezone.now())
    return render(request, "accounts/ways.html", values, status=status)


def _ask(request: HttpRequest, status: int = 200, **values: Any) -> HttpResponse:
    values["idle_minutes"] = settings.SESSION_COOKIE_AGE // 60
    values["passkey"] = passkeys.asking(timezone.now())
    return render(request, "accounts/sign_in.html", values, status=status)


def _ask_again(request: HttpRequest, sentence: str) -> HttpResponse:
    """The same page with everything but passphrase and code."""
    kept = _kept(request)
    return _ask(
        request,
        422,
        **(NO_WAY_BACK if kept else {}),
        sentence=sentence,
        username=request.POST.get("username", ""),
        next=_local(request.POST.get("next", "")),
        sent=request.POST.get("sent", "GET"),
        kept=kept,
        lost_files="lost_files" in request.POST,
    )


def _kept(request: HttpRequest) -> list[Field]:
    return [
        (name.removeprefix(KEPT), value)
        for name, values in request.POST.lists()
        if name.startswith(KEPT)
        for value in values
    ]


def _local(path: str) -> str:
    """A path of this door; anything else becomes the home page."""
    inside = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if inside else HOME
