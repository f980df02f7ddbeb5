"""The questionnaires that come with Simpul, and the codes that their answers are counted under."""

from pathlib import Path
from typing import Any

from simpul.core import content

HERE = Path(__file__).with_name("content")


def names() -> list[str]:
    """What the shipped questionnaires are called, as their files and their form_id are."""
    return sorted(path.stem for path in (HERE / "forms").glob("*.md"))


def workbook(name: str) -> bytes:
    """One of them in the sheet format, as `sheet.read` takes it. Raises LookupError."""
    if name not in names():
        raise LookupError(name)
    return (HERE / "forms" / f"{name}.md").read_bytes()


def codebook() -> dict[str, Any]:
    """What is said of each code and of the standards they come from."""
    return content.load(HERE / "codebooks.toml")


def codes() -> dict[str, frozenset[str]]:
    """The values that each code knows, as the linter asks for them."""
    return {code: frozenset(said["values"]) for code, said in codebook()["code"].items()}
