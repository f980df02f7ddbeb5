"""Marks of views that the doors' middleware reads."""

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


def derives_first(view: View) -> View:
    """The view derives a key before its transaction and opens its context itself."""
    view.derives_first = True  # type: ignore[attr-defined]
    return view


def open_to_anyone(view: View) -> View:
    """The view of the workspace needs no sign-in."""
    view.open_to_anyone = True  # type: ignore[attr-defined]
    return view
