"""What the providers deliver, built and signed as their documentation says."""

import hashlib
import hmac
import json
import time
from base64 import b64encode
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.conf import settings

from tests.conftest import Door
from tests.handoffs import standin

NUMBER = "+6200000000017"


def whatsapp(
    door: Door, text: str, *, id: str = "", number: str = NUMBER, secret: str = "", **more: Any
) -> Any:
    """A text message, as the Cloud API delivers it."""
    message = {
        "from": number.lstrip("+"), "id": id or f"wamid.{uuid4().hex}", "timestamp": "1760000000",
        "type": "text", **({"text": {"body": text}} if text else {}), **more,
    }  # fmt: skip
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "62000", "phone_number_id": standin.PHONE},
        "contacts": [{"profile": {"name": "Nama Rekaan"}, "wa_id": number.lstrip("+")}],
        "messages": [message],
    }
    told = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
    }
    return whatsapp_raw(door, json.dumps(told).encode(), secret=secret)


def whatsapp_raw(door: Door, body: bytes, *, secret: str = "") -> Any:
    """Any body, signed."""
    key = (secret or settings.WHATSAPP_SECRET).encode()
    signature = "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
    return door.post(
        "/handoffs/whatsapp/", body, content_type="application/json",
        headers={"X-Hub-Signature-256": signature},
    )  # fmt: skip


def twilio(
    door: Door, text: str, *, id: str = "", number: str = NUMBER, secret: str = "", **more: str
) -> Any:
    """An SMS, as Twilio delivers it: a form, signed with its address."""
    fields = {
        "MessageSid": id or f"SM{uuid4().hex}", "AccountSid": standin.ACCOUNT, "From": number,
        "To": standin.FROM, "Body": text, "NumMedia": "0", **more,
    }  # fmt: skip
    said = "http://localhost/handoffs/twilio/" + "".join(k + fields[k] for k in sorted(fields))
    key = (secret or settings.TWILIO_TOKEN).encode()
    signature = b64encode(hmac.new(key, said.encode(), hashlib.sha1).digest()).decode()
    return door.post(
        "/handoffs/twilio/", urlencode(fields),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signature},
    )  # fmt: skip


def gateway(
    door: Door,
    text: str,
    *,
    id: str = "",
    number: str = NUMBER,
    secret: str = "",
    at: float | None = None,
    event: str = "sms:received",
) -> Any:
    """An SMS, as the phone's app delivers it: JSON, signed with the time."""
    told = {
        "deviceId": "ffff", "event": event, "id": id or uuid4().hex, "webhookId": "w1",
        "payload": {
            "messageId": "abc123", "message": text, "phoneNumber": number, "simNumber": 1,
            "receivedAt": "2026-11-23T09:00:00.000+08:00",
        },
    }  # fmt: skip
    body, stamp = json.dumps(told).encode(), str(int(time.time() if at is None else at))
    key = (secret or settings.GATEWAY_KEY).encode()
    return door.post(
        "/handoffs/gateway/", body, content_type="application/json",
        headers={
            "X-Signature": hmac.new(key, body + stamp.encode(), hashlib.sha256).hexdigest(),
            "X-Timestamp": stamp,
        },
    )  # fmt: skip


ALL = {"whatsapp": whatsapp, "twilio": twilio, "gateway": gateway}
