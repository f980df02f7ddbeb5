"""The ways to a provider of SMS or WhatsApp, each behind the same few functions, off by default.

What an adapter hands on is a number and a text; both live in memory until the text was answered.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from simpul.handoffs import content
from simpul.handoffs.adapters import gateway, twilio, whatsapp
from simpul.handoffs.adapters.hook import Hook, Incoming
from simpul.handoffs.outbox import outbox

log = logging.getLogger("simpul.handoffs")


@dataclass(frozen=True, slots=True)
class Reply:
    """What the provider gets back at once."""

    body: str = field(default="", repr=False)
    kind: str = "text/plain"


class Adapter(Protocol):
    """One provider's HTTP format. Each is a module with these names."""

    CHANNEL: str
    ANSWERS_INSIDE: bool  # the answer goes back in the response to the message itself

    def is_on(self) -> bool:
        """Whether everything it needs was set."""

    def is_genuine(self, hook: Hook) -> bool:
        """Whether the provider, and nobody else, sent this now."""

    def read(self, body: bytes) -> list[Incoming]:
        """The messages in it; none in a mere receipt of delivery. Raises ValueError."""

    def challenge(self, asked: Mapping[str, str]) -> str | None:
        """What a provider wants to hear once, to know that the address is ours."""

    def inside(self, texts: list[str]) -> tuple[str, str]:
        """The body and type of the response, with the answers where they go inside."""

    def send(self, number: str, text: str) -> None:
        """Sends a text to a number. Raises OSError."""


ADAPTERS: dict[str, Adapter] = {"whatsapp": whatsapp, "twilio": twilio, "gateway": gateway}


def found(name: str) -> Adapter | None:
    """The adapter of an address, where it is on."""
    adapter = ADAPTERS.get(name)
    return adapter if adapter is not None and adapter.is_on() else None


def is_any_on(channel: str = "") -> bool:
    """Whether some provider is set, of this channel or of any."""
    return any(a.is_on() and (not channel or channel == a.CHANNEL) for a in ADAPTERS.values())


def reply(adapter: Adapter, answers: list[tuple[str, str]]) -> Reply:
    """Answers (number, text): inside the response, or afterwards, so that no thread waits for it."""
    if not adapter.ANSWERS_INSIDE:
        for number, text in answers:
            outbox.put(adapter.send, number, text)
    return Reply(*adapter.inside([text for _number, text in answers]))


def notice(channel: str, number: str) -> bool:
    """Sends "Ada kabar baru." to a number, if a provider of this channel is set; the text is all it says."""
    for adapter in ADAPTERS.values():
        if channel == adapter.CHANNEL and adapter.is_on():
            return outbox.put(adapter.send, number, content.notice())
    return False
