"""What a provider sends, and what is in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

FRESH = 5 * 60  # seconds that a signed time may be away from ours


class NotUnderstood(ValueError):
    """It is signed, and not what the provider's documentation describes."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A request of a provider, before anybody knows whether it is genuine."""

    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    at: float


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message. Neither number nor text is shown where it is printed."""

    id: str
    number: str = field(repr=False)
    text: str = field(repr=False)
