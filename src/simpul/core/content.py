"""Texts that are content: TOML files with both languages, a version and the date they were checked."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import get_language


@cache
def load(path: Path) -> dict[str, Any]:
    """The parsed content file; read once per process."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def say(text: dict[str, str]) -> str:
    """A text in the language of the request, Indonesian where none is chosen."""
    return text["en" if (get_language() or "id").startswith("en") else "id"]


class Texts:
    """A view of content for templates: `{{ texts.page1.title }}` is said in the right language."""

    def __init__(self, node: dict[str, Any]) -> None:
        self._node = node

    def __getitem__(self, key: str) -> Any:
        value = self._node[key]
        if isinstance(value, list):
            return [say(item) for item in value]
        if not isinstance(value, dict):
            return value
        return say(value) if value.keys() >= {"id", "en"} else Texts(value)

    def __contains__(self, key: str) -> bool:
        return key in self._node

    def __iter__(self) -> Any:
        return iter(self._node)

    def items(self) -> list[tuple[str, Any]]:
        """The keys and their texts, in the order of the file."""
        return [(key, self[key]) for key in self._node]
