"""What a message is answered with, from `content/answers.toml`."""

from pathlib import Path

from simpul.core import content
from simpul.directory import queries as directory

PATH = Path(__file__).parent / "content" / "answers.toml"


def language_of(text: str) -> str:
    """The language to answer in: English where a message uses one of its words, else Indonesian."""
    words = set("".join(c if c.isalpha() else " " for c in text.lower()).split())
    return "en" if words & set(content.load(PATH)["english_words"]) else "id"


def answer(name: str, language: str, *, address: str, hour: str = "") -> str:
    """A whole answer, said in that language."""
    numbers = ", ".join(dict.fromkeys(line.number for line in directory.hotlines("danger")))
    text: str = content.load(PATH)["answer"][name][language]
    return text.format(address=address, numbers=numbers, hour=hour)


def notice(language: str = "id") -> str:
    """The neutral notice: that there is news, not of what."""
    text: str = content.load(PATH)["answer"]["notice"][language]
    return text
