"""What a colleague keeps to while somebody speaks: guard-rails, phrases, and when to stop and refer."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from simpul.accounts.models import User
from simpul.core import content
from simpul.reports.models import Acknowledgement

PATH = Path(__file__).parent / "content" / "guardrails.toml"
HOLDS_FOR = timedelta(days=365)  # clock K28: twelve months


def beside() -> dict[str, Any]:
    """What stands on every screen of a talk: three guard-rails, and when to stop and refer."""
    raw = content.load(PATH)
    return {
        "scope": content.say(raw["scope"]),
        "three": [content.say(row) for row in raw["three"]],
        "stop": [content.say(row["text"]) for row in raw["stop"]],
    }


def version() -> str:
    """The version that a colleague acknowledges."""
    return str(content.load(PATH)["version"])


def sections() -> list[dict[str, Any]]:
    """The page's lists in order: what to do, what to say, what never to ask, when to stop and refer."""
    raw = content.load(PATH)
    return [
        {
            "code": code,
            "title": content.say(raw["title"][code]),
            "lines": [
                {
                    "text": content.say(row["text"]),
                    "why": content.say(row["why"]) if "why" in row else "",
                    "instead": content.say(row["instead"]) if "instead" in row else "",
                }
                for row in [*raw[code], *(raw["say_child"] if code == "say" else [])]
            ],
        }
        for code in ("do", "say", "never", "stop")
    ]


def are_acknowledged(user: User, now: datetime) -> bool:
    """Whether she has read this version within the last twelve months."""
    found = Acknowledgement.objects.filter(user=user, version=version())
    return found.filter(made_at__gt=now - HOLDS_FOR).exists()


def source() -> dict[str, Any]:
    """Where it comes from, and when that was checked."""
    raw = content.load(PATH)
    return {"text": content.say(raw["source"]), "checked": raw["checked"], "version": version()}
