"""The one inline style of the public door, read from its only home."""

from pathlib import Path

PUBLIC_BASE = Path(__file__).parent / "templates" / "core" / "public_base.html"


def public_style() -> str:
    """Return the exact text between the style tags of core/public_base.html.

    The content security policy allows this text by its hash (Content Security Policy Level 3,
    section 6.7.3), so every byte counts: the style holds no template tag and is sent as it stands.
    Reading the file needs neither settings nor apps, so settings may ask for it.
    """
    _, _, after = PUBLIC_BASE.read_text(encoding="utf-8").partition("<style>")
    style, end, _ = after.partition("</style>")
    if not end:
        raise LookupError(f"{PUBLIC_BASE.name} holds no style element.")
    return style
