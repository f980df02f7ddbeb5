"""A page of the public door drawn with a draft in its place, by the page's own view and template."""

from django.http import HttpRequest, QueryDict
from django.urls import get_urlconf, resolve, reverse, set_urlconf

from simpul.wording import texts
from simpul.wording.models import Edition
from simpul.wording.shipped import Page

DOOR = "simpul.site.urls_public"


def drawn(page: Page, edition: Edition) -> bytes:
    """What a person without a receipt would see; nothing she would send is kept or sent."""
    before = get_urlconf()
    set_urlconf(DOOR)  # links lead where they lead at the public door
    try:
        request = HttpRequest()
        request.path = request.path_info = reverse(page.address)
        request.method = "POST" if page.posted else "GET"
        request.POST = QueryDict(page.posted)
        view, arguments, named = resolve(request.path)
        with texts.as_if(edition):
            response = view(request, *arguments, **named)
        return bytes(response.content)
    finally:
        set_urlconf(before)
