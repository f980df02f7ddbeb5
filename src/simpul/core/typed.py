"""What somebody typed on a page that could not be sent as it was; it is on the answer and nowhere else."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

Field = tuple[str, str]
NO_WAY_BACK = {"other_language_url": ""}  # a link away would lose it


def send_again(request: HttpRequest, fields: list[Field], **values: Any) -> HttpResponse:
    """What was typed, texts open to be read again, with a button that sends it under her present name."""
    values |= NO_WAY_BACK | {
        "texts": [(name, value) for name, value in fields if is_text(value)],
        "rest": [(name, value) for name, value in fields if not is_text(value)],
    }
    return render(request, "core/typed.html", values, status=403 if "stale" in values else 200)


def is_text(value: str) -> bool:
    """Whether somebody wrote it, rather than chose it from a list."""
    return bool(re.search(r"\s", value.strip())) or len(value) > 40
