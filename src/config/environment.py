"""Typed readers of the environment: a missing or mistyped value fails with a sentence."""

import os
from pathlib import Path
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    """The variable as text; without a default it must be set."""
    value = os.environ.get(name, default)
    if value is None or (value == "" and default is None):
        raise ImproperlyConfigured(
            f"{name} is not set; docs/configuration.md says what it is for."
        )
    return value


def number(name: str, default: int | None = None) -> int:
    """The variable as a whole number."""
    value = text(name, None if default is None else str(default))
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None


def flag(name: str, default: bool = False) -> bool:
    """The variable as yes or no."""
    value = text(name, "yes" if default else "no").lower()
    if value not in {"yes", "no"}:
        raise ImproperlyConfigured(f"{name} must be yes or no, not {value!r}.")
    return value == "yes"


def choice(name: str, options: set[str], default: str | None = None) -> str:
    """The variable as one of the options."""
    value = text(name, default)
    if value not in options:
        raise ImproperlyConfigured(f"{name} must be one of {sorted(options)}, not {value!r}.")
    return value


def reference(name: str) -> str:
    """The variable as a reference (UUID); empty where it is not set."""
    value = text(name, "")
    try:
        return str(UUID(value)) if value else ""
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a reference, not {value!r}.") from None


def words(name: str, default: str = "") -> list[str]:
    """The variable as a list, written with spaces or commas."""
    return text(name, default).replace(",", " ").split()


def folder(name: str, default: Path) -> Path:
    """The variable as an absolute folder; it need not exist yet."""
    return Path(text(name, str(default))).expanduser().resolve()
