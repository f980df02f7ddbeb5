"""The three refusals, kept apart: not yours, not your duty, not by the rules."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404


class NotYours(Http404):
    """It does not exist, or not for you: both look the same, and the attempt is recorded."""


class NotYourDuty(PermissionDenied):
    """It is yours to see but not to do; the refusal is recorded after the rollback."""


class AgainstTheRules(Exception):
    """You may, but the rules say no; the message is the sentence that the form shows."""

    def __init__(self, sentence: Any = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence


def require(allowed: bool) -> None:
    """Lets the act go on only when it is allowed. Raises NotYourDuty."""
    if not allowed:
        raise NotYourDuty
