"""What surrounds every request: quiet headers, the sign-in, one transaction with one context."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.template.response import SimpleTemplateResponse

from simpul.core.access import NotYourDuty, NotYours
from simpul.network import context as workspace
from simpul.site.views import errors
from simpul.vault import audit, context

Response = Callable[[HttpRequest], HttpResponse]


class Compressed(GZipMiddleware):
    """Packs the pages of a report; what lies behind a receipt goes unpacked.

    The size of a packed page tells whoever can make her browser ask again and again what is in it
    (BREACH); Django's random padding makes that slower, not impossible.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Packs the answer to a browser that has nothing open here."""
        if settings.SESSION_COOKIE_NAME in request.COOKIES or response.cookies:
            return response
        return super().process_response(request, response)


class Quiet:
    """No cache keeps a page, no search engine lists it, and no other site may post to it."""

    def __init__(self, get_response: Response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Refuses posts that another site started; marks every page as not to be kept."""
        if request.method == "POST" and self._is_foreign(request):
            response = errors.foreign(request)
        else:
            response = self.get_response(request)
        response.setdefault("Cache-Control", "no-store, private")
        response.setdefault("X-Robots-Tag", "noindex, nofollow")
        return response

    def _is_foreign(self, request: HttpRequest) -> bool:
        if request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}:
            return True
        origin = request.headers.get("Origin")
        return origin is not None and origin != f"{request.scheme}://{request.get_host()}"


class SignedIn:
    """The workspace opens to nobody who has not signed in; what was typed meanwhile is kept."""

    def __init__(self, get_response: Response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Passes on; the check is made once the view is known."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        """Shows the sign-in in place of the page, with the typed fields inside it."""
        if getattr(view, "open_to_anyone", False):
            return None
        if request.user.is_authenticated and "seed" in request.session:
            return None
        return errors.sign_in_first(request)


class Context:
    """One transaction and one context per request; the page is rendered inside it."""

    def __init__(self, get_response: Response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Passes on; the transaction is opened around the view alone."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Calls the view inside its context; a refusal is recorded after the rollback."""
        try:
            if getattr(view, "derives_first", False):
                response: HttpResponse = view(request, *args, **kwargs)
                return response
            with self._opened(request):
                response = view(request, *args, **kwargs)
                if isinstance(response, SimpleTemplateResponse):
                    response.render()
                return response
        except (NotYours, NotYourDuty):
            self._record_refusal(request)
            raise

    def _opened(self, request: HttpRequest) -> Any:
        if settings.ROOT_URLCONF.endswith("public"):
            known = settings.SESSION_COOKIE_NAME in request.COOKIES
            receipt = request.session.get("lookup") if known else None
            return context.opened("public", receipt=bytes.fromhex(receipt) if receipt else None)
        return workspace.opened(request)

    def _record_refusal(self, request: HttpRequest) -> None:
        actor = getattr(request, "actor", None)
        if actor is not None:
            with context.opened("workspace", person=actor.ref):
                audit.record("site.refused", actor=actor)
