"""SMS by an Android phone of one's own that runs SMS Gateway for Android.

Format: docs.sms-gate.app, "Webhooks" (event sms:received; X-Signature: HMAC-SHA256 in hex over the
raw body and X-Timestamp) and "Sending messages" (POST /message with a basic sign-in). Its message id is
made from the content and is not unique, so the id of the delivery is taken. Read 2026-11-23.
"""

import json
from collections.abc import Mapping

from django.conf import settings

from simpul.handoffs.adapters.hook import FRESH, Hook, Incoming, NotUnderstood
from simpul.handoffs.outbox import basic, post
from simpul.vault import crypto

CHANNEL = "sms"
ANSWERS_INSIDE = False


def is_on() -> bool:
    """Whether everything it needs was set."""
    needed = (
        settings.HANDOFF_DESK, settings.GATEWAY_URL, settings.GATEWAY_USER,
        settings.GATEWAY_PASSWORD, settings.GATEWAY_KEY,
    )  # fmt: skip
    return all(needed)


def is_genuine(hook: Hook) -> bool:
    """Whether body and time carry the phone's own signature, and the time is now."""
    at = hook.headers.get("X-Timestamp", "")
    said = hook.body + at.encode()
    expected = crypto.mac(settings.GATEWAY_KEY.encode(), said).hex().encode()
    if not crypto.same(expected, hook.headers.get("X-Signature", "").lower().encode()):
        return False
    return at.isascii() and at.isdecimal() and abs(int(at[:12]) - hook.at) <= FRESH


def read(body: bytes) -> list[Incoming]:
    """The one message that was received; none in other events."""
    told = json.loads(body)
    if not isinstance(told, dict) or not isinstance(told.get("payload"), dict):
        raise NotUnderstood("not an event")
    if told.get("event") != "sms:received":
        return []
    payload = told["payload"]
    number = payload.get("sender") or payload.get("phoneNumber")
    if not told.get("id") or not number:
        raise NotUnderstood("not a message")
    return [Incoming(str(told["id"]), str(number), str(payload.get("message") or ""))]


def challenge(asked: Mapping[str, str]) -> str | None:
    """It asks for none."""
    return None


def inside(texts: list[str]) -> tuple[str, str]:
    """Nothing: answers are messages of their own."""
    return "", "text/plain"


def send(number: str, text: str) -> None:
    """Hands the phone a text to send."""
    post(
        f"{settings.GATEWAY_URL}/message",
        json.dumps({"textMessage": {"text": text}, "phoneNumbers": [number]}).encode(),
        kind="application/json",
        authorization=basic(settings.GATEWAY_USER, settings.GATEWAY_PASSWORD),
    )
