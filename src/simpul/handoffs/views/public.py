"""Where providers of SMS and WhatsApp deliver what somebody wrote; without one there is no such page."""

import re
import time

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from simpul.core.access import NotYours
from simpul.core.doors import derives_first
from simpul.handoffs import access, actions, adapters, content, hours
from simpul.handoffs.access import Caller
from simpul.handoffs.adapters import Adapter
from simpul.handoffs.adapters.hook import Hook, Incoming
from simpul.handoffs.restraint import Restraint, Seen
from simpul.vault import context, sources
from simpul.vault.keydirectory import NotInDirectory, Untrusted

LIMIT = 64 * 1024  # bytes of a message, with everything that a provider wraps around it
MOST = 20  # messages in one delivery
NUMBER = re.compile(r"\+?\d{7,15}")  # E.164; a sender without one is a machine, and gets no answer
restraint = Restraint()
seen = Seen()


@csrf_exempt
@derives_first
def receive(request: HttpRequest, provider: str) -> HttpResponse:
    """Takes messages from a provider whose signature is right, and answers them."""
    adapter = adapters.found(provider)
    if adapter is None:
        raise NotYours
    if request.method == "GET":
        challenge = adapter.challenge(request.GET.dict())
        status = 403 if challenge is None else 200
        return HttpResponse(challenge or "", content_type="text/plain", status=status)
    if request.method != "POST":
        return HttpResponseNotAllowed(["GET", "POST"])
    if int(request.META.get("CONTENT_LENGTH") or 0) > LIMIT:
        return HttpResponse(status=413)
    hook = Hook(request.build_absolute_uri(), request.headers, request.body, time.time())
    if not adapter.is_genuine(hook):
        return HttpResponse(status=403)
    try:
        incoming = adapter.read(hook.body)
    except (ValueError, KeyError, RecursionError):
        return HttpResponse(status=400)
    address = request.build_absolute_uri(reverse("reports:start"))
    try:
        answers = [
            (one.number, text)
            for one in incoming[:MOST]
            if (text := _answer(adapter, one, provider, address))
        ]
    except DatabaseError:  # the provider keeps it and comes again
        return HttpResponse(status=503, headers={"Retry-After": "30"})
    said = adapters.reply(adapter, answers)
    return HttpResponse(said.body, content_type=said.kind)


def _answer(adapter: Adapter, one: Incoming, provider: str, address: str) -> str:
    """What the message is answered with; nothing where it was answered before, or too often."""
    mark = sources.mark_of("handoffs", "seen", provider, one.id)
    if NUMBER.fullmatch(one.number) is None or mark in seen:
        return ""
    language, hour = content.language_of(one.text), hours.read(one.text)
    name = _ask(adapter, one, hour) if hour else "first"
    seen.note(mark)
    caller = sources.mark_of("handoffs", "answered", adapter.CHANNEL, one.number)
    if not name or restraint.begin(caller, time.monotonic()):
        return ""
    return content.answer(name, language, address=address, hour=hour)


def _ask(adapter: Adapter, one: Incoming, hour: str) -> str:
    """Hands number and hour on; the name of the answer."""
    with context.opened("public"):
        try:
            desk = access.calling_desk()
            if desk is None:
                return "nobody"
            outcome = actions.ask(
                actor=Caller(), desk=desk, channel=adapter.CHANNEL, message=one.id,
                number=one.number, hour=hour, now=timezone.now(),
            )  # fmt: skip
        except (NotInDirectory, Untrusted):
            return "nobody"
    if outcome == "asked":
        return "hour_and_more" if hours.is_more(one.text) else "hour"
    return "nobody" if outcome == "full" else ""
