"""SMS by Twilio, or by a provider that speaks its format.

Format: twilio.com/docs/usage/security, "Validating requests" (X-Twilio-Signature: HMAC-SHA1 over the
whole address and the sorted fields), twilio.com/docs/messaging/guides/webhook-request (From, Body,
MessageSid), twilio.com/docs/messaging/twiml and the Messages resource of the REST API. Read 2026-11-23.
"""

from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape

from django.conf import settings

from simpul.handoffs.adapters.hook import Hook, Incoming, NotUnderstood
from simpul.handoffs.outbox import basic, post
from simpul.vault import crypto

CHANNEL = "sms"
ANSWERS_INSIDE = True
MOST_FIELDS = 100


def is_on() -> bool:
    """Whether everything it needs was set."""
    needed = (
        settings.HANDOFF_DESK, settings.TWILIO_ACCOUNT, settings.TWILIO_FROM,
        settings.TWILIO_TOKEN,
    )  # fmt: skip
    return all(needed)


def is_genuine(hook: Hook) -> bool:
    """Whether address and fields carry the account's own signature."""
    try:
        fields = sorted(_fields(hook.body))
    except ValueError:
        return False
    said = hook.url + "".join(name + value for name, value in fields)
    expected = b64encode(crypto.mac_sha1(settings.TWILIO_TOKEN.encode(), said.encode()))
    return crypto.same(expected, hook.headers.get("X-Twilio-Signature", "").encode())


def read(body: bytes) -> list[Incoming]:
    """The one message; none where it comes from another account."""
    fields = dict(_fields(body))
    if fields.get("AccountSid") != settings.TWILIO_ACCOUNT:
        return []
    if not fields.get("MessageSid") or not fields.get("From"):
        raise NotUnderstood("not a message")
    return [Incoming(fields["MessageSid"], fields["From"], fields.get("Body", ""))]


def challenge(asked: Mapping[str, str]) -> str | None:
    """It asks for none."""
    return None


def inside(texts: list[str]) -> tuple[str, str]:
    """The answers as TwiML."""
    said = "".join(f"<Message>{escape(text)}</Message>" for text in texts)
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{said}</Response>', "text/xml"


def send(number: str, text: str) -> None:
    """Sends an SMS."""
    post(
        f"{settings.TWILIO_API}/2010-04-01/Accounts/{settings.TWILIO_ACCOUNT}/Messages.json",
        urlencode({"To": number, "From": settings.TWILIO_FROM, "Body": text}).encode(),
        kind="application/x-www-form-urlencoded",
        authorization=basic(settings.TWILIO_ACCOUNT, settings.TWILIO_TOKEN),
    )


def _fields(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(
        body.decode(), keep_blank_values=True, strict_parsing=bool(body), errors="strict",
        max_num_fields=MOST_FIELDS,
    )  # fmt: skip
