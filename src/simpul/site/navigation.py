"""What stands on every page: where one can go, the way out, the other language."""

from typing import Any

from django.http import HttpRequest


def context(request: HttpRequest) -> dict[str, Any]:
    """Variables of every page."""
    return {}
