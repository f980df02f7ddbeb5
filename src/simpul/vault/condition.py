"""What the worker found of the audit chain when it last looked, for health page and operator."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Condition:
    """`linking` is `ok` or `stopped`; `anchors` is `unset`, `ok`, `unwritten` or `unsent`."""

    linking: str = "ok"
    anchors: str = "unset"
    anchored_on: str = ""


def _path() -> Path:
    return Path(settings.VAR) / "chain-state.json"


def read() -> Condition:
    """The last that was noted."""
    try:
        return Condition(**json.loads(_path().read_text()))
    except FileNotFoundError:
        return Condition()


def note(**changes: Any) -> bool:
    """Notes what has changed; whether anything has."""
    before = read()
    after = replace(before, **changes)
    if after == before:
        return False
    fresh = _path().with_suffix(".new")
    fresh.write_text(json.dumps(asdict(after)))
    fresh.replace(_path())
    return True
