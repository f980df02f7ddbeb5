"""WhatsApp Business Platform, Cloud API.

Format: developers.facebook.com/docs/whatsapp/cloud-api, "Webhooks" (X-Hub-Signature-256 over the
raw body under the app secret; entry → changes → value → messages) and "Messages" (POST to
/<phone number id>/messages with a bearer token). Read 2026-11-23.
"""

import json
from collections.abc import Mapping

from django.conf import settings

from simpul.handoffs.adapters.hook import Hook, Incoming, NotUnderstood
from simpul.handoffs.outbox import post
from simpul.vault import crypto

CHANNEL = "whatsapp"
ANSWERS_INSIDE = False


def is_on() -> bool:
    """Whether everything it needs was set."""
    needed = (
        settings.HANDOFF_DESK, settings.WHATSAPP_PHONE, settings.WHATSAPP_TOKEN,
        settings.WHATSAPP_SECRET, settings.WHATSAPP_VERIFY,
    )  # fmt: skip
    return all(needed)


def is_genuine(hook: Hook) -> bool:
    """Whether the body carries the app's own signature."""
    expected = "sha256=" + crypto.mac(settings.WHATSAPP_SECRET.encode(), hook.body).hex()
    return crypto.same(expected.encode(), hook.headers.get("X-Hub-Signature-256", "").encode())


def read(body: bytes) -> list[Incoming]:
    """The messages of all changes that came to our own number; a voice note or picture has no text."""
    found = []
    for entry in _list(_object(json.loads(body)).get("entry")):
        for change in _list(entry.get("changes")):
            value = _object(change.get("value"))
            to = _object(value.get("metadata", {})).get("phone_number_id")
            if to != settings.WHATSAPP_PHONE:
                continue
            for message in _list(value.get("messages", [])):
                text = _object(message.get("text", {})).get("body", "")
                found.append(Incoming(str(message["id"]), str(message["from"]), str(text)))
    return found


def challenge(asked: Mapping[str, str]) -> str | None:
    """The provider's own random text, when it knows the agreed word."""
    token = asked.get("hub.verify_token", "").encode()
    if asked.get("hub.mode") == "subscribe" and crypto.same(
        token, settings.WHATSAPP_VERIFY.encode()
    ):
        return asked.get("hub.challenge", "")[:200]
    return None


def inside(texts: list[str]) -> tuple[str, str]:
    """Nothing: answers are messages of their own."""
    return "", "text/plain"


def send(number: str, text: str) -> None:
    """Sends a text message."""
    message = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": number,
        "type": "text",
        "text": {"preview_url": False, "body": text},
    }
    post(
        f"{settings.WHATSAPP_API}/{settings.WHATSAPP_PHONE}/messages",
        json.dumps(message).encode(),
        kind="application/json",
        authorization=f"Bearer {settings.WHATSAPP_TOKEN}",
    )


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise NotUnderstood("not an object")
    return value


def _list(value: object) -> list[dict[str, object]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise NotUnderstood("not a list of objects")
    return value
