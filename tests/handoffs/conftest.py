"""The stand-in for the providers, and settings that lead to it."""

from collections.abc import Iterator
from typing import Any

import pytest

from simpul.handoffs.views import public as views
from tests.conftest import Cast
from tests.handoffs import standin
from tests.handoffs.standin import Standin


@pytest.fixture(scope="session")
def process() -> Iterator[Standin]:
    """The stand-in process, once for all."""
    with standin.running() as found:
        yield found


@pytest.fixture
def provider(
    process: Standin, cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Standin:
    """The stand-in, behaving well, with every adapter set to it; and nothing remembered."""
    process.behaves("well")
    settings.HANDOFF_DESK = str(cast.desk("intake").ref)
    settings.WHATSAPP_API = f"{process.url}/v21.0"
    settings.WHATSAPP_PHONE, settings.WHATSAPP_TOKEN = standin.PHONE, standin.TOKEN
    settings.WHATSAPP_SECRET, settings.WHATSAPP_VERIFY = "rahasia-wa", "kata-wa"
    settings.TWILIO_API = process.url
    settings.TWILIO_ACCOUNT, settings.TWILIO_TOKEN = standin.ACCOUNT, standin.SID_TOKEN
    settings.TWILIO_FROM = standin.FROM
    settings.GATEWAY_URL = process.url
    settings.GATEWAY_USER, settings.GATEWAY_PASSWORD = standin.USER, standin.PASSWORD
    settings.GATEWAY_KEY = "kunci-gw"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(views, "restraint", views.Restraint())
    monkeypatch.setattr(views, "seen", views.Seen())
    return process
