"""What the pages of both doors promise before any room fills them."""

import datetime as dt
import gzip
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.template import Context, loader
from django.test import RequestFactory

from simpul.core import samples
from simpul.core.style import PUBLIC_BASE, public_style

CORE = PUBLIC_BASE.parents[2]
CSS = CORE / "static" / "core" / "css"
NOW = dt.datetime(2026, 11, 22, 6, 30, tzinfo=dt.UTC)


def draw(name: str, **context: Any) -> str:
    """Draw a template without request and context processors."""
    return str(loader.get_template(name).template.render(Context(context)))  # type: ignore[attr-defined]


class Page(HTMLParser):
    """The tags of a page, in their order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag in names]


PUBLIC = {
    "exit_url": "https://weather.example/",
    "demo": True,
    "other_language_url": "/en/",
    "other_language_name": "English",
    "navigation": [{"label": "Cari bantuan", "url": "/directory/", "current": False}],
}


@pytest.mark.parametrize("context", [{}, PUBLIC])
def test_the_first_view_is_one_small_request(context: dict[str, Any]) -> None:
    html = draw("core/public_base.html", **context)
    page = Page(html)
    assert [link["href"] for link in page.all("link")] == ["data:,"]
    assert not page.all("script", "img", "iframe", "video", "audio", "object")
    assert not re.search(r"@import|url\(|@font-face", public_style())
    assert len(gzip.compress(html.encode())) < 3_000


@pytest.mark.parametrize("context", [{}, PUBLIC])
def test_leaving_comes_first_in_tab_order(context: dict[str, Any]) -> None:
    page = Page(draw("core/public_base.html", **context))
    first = page.all("a", "button", "input", "select", "textarea", "summary")[0]
    assert first["rel"] == "noreferrer"
    assert str(first["href"]).startswith("https://")
    assert not any("tabindex" in attrs for _, attrs in page.tags)


def test_the_style_that_is_allowed_is_the_style_that_is_sent() -> None:
    html = draw("core/public_base.html", **PUBLIC)
    assert re.findall(r"<style>(.*?)</style>", html, re.S) == [public_style()]
    assert "{%" not in public_style()


def test_the_style_keeps_to_what_old_phones_understand() -> None:
    assert not re.search(r"var\(|grid|gap|&|:is\(|:where\(|@layer|clamp\(", public_style())


def test_the_public_title_tells_nothing() -> None:
    assert "<title>Catatan</title>" in draw("core/public_base.html")


def test_a_demo_says_so() -> None:
    for name in ("core/public_base.html", "core/workspace_base.html"):
        assert "rekaan" in draw(name, demo=True)
        assert "rekaan" not in draw(name)


@pytest.mark.parametrize("door", ["public", "workspace"])
def test_an_error_page_keeps_every_word(door: str) -> None:
    html = draw(
        f"core/error_{door}.html",
        title="Belum tersimpan",
        sentence="Coba lagi sebentar lagi.",
        kept=[("story", 'Saya <b>"takut"</b>'), ("needs", "a"), ("needs", "b")],
        retry_action="/report/",
        home_url="/",
    )
    fields = [
        (attrs["name"], attrs["value"])
        for attrs in Page(html).all("input")
        if attrs["type"] == "hidden"
    ]
    assert fields == [("story", 'Saya <b>"takut"</b>'), ("needs", "a"), ("needs", "b")]


@pytest.mark.parametrize("door", ["public", "workspace"])
def test_an_error_page_needs_only_two_sentences(door: str) -> None:
    html = draw(f"core/error_{door}.html", title="Sebentar", sentence="Coba lagi nanti.")
    assert "<form" not in html
    assert html.startswith("<!doctype html>")


def test_the_workspace_begins_with_a_way_past_the_bar() -> None:
    page = Page(draw("core/workspace_base.html", **samples.components(NOW)))
    assert page.all("a")[0]["href"] == "#main"
    assert page.all("main")[0]["id"] == "main"


def test_the_components_page_shows_every_part() -> None:
    context = samples.components(NOW)
    request = RequestFactory().get("/components/", {"sort": "ref", "page": "2"})
    html = draw("core/components.html", request=request, **context)
    assert "Terlambat 3 jam" in html
    assert "Bahaya segera" in html
    assert "?sort=ref&amp;page=3" in html
    found = re.findall(r' id="([^"]+)"', html)
    assert len(found) == len(set(found))
    used = "".join(path.read_text() for path in (CORE / "templates/core").glob("*.html"))
    parts = {path.name for path in (CORE / "templates/core").glob("_*.html")}
    shown_by_tag = {"_field.html", "_choices.html"}
    for part in parts - shown_by_tag - {"_exit_script.html"}:
        assert f'"core/{part}"' in used, part


def test_every_workspace_style_is_loaded_and_all_stay_small() -> None:
    files = sorted(path.relative_to(CSS).as_posix() for path in CSS.rglob("*.css"))
    links = [str(link["href"]) for link in Page(draw("core/workspace_base.html")).all("link")]
    names = [Path(href).name.split(".")[0] for href in links if "core/css" in href]
    assert sorted(names) == sorted(Path(name).stem for name in files)
    assert sum(len(gzip.compress((CSS / name).read_bytes())) for name in files) < 12_000


def luminance(colour: str) -> float:
    """Relative luminance of `#rgb` or `#rrggbb` (WCAG 2.2, section 1.4.3)."""
    digits = colour.strip("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_words_stand_out_from_every_ground(scheme: int) -> None:
    source = (CSS / "tokens.css").read_text()
    blocks = [dict(re.findall(r"--([\w-]+): (#\w+);", part)) for part in source.split(":root")[1:]]
    colours = blocks[0] | blocks[scheme]
    for ground in ("paper", "sheet", "wash"):
        for words in ("ink", "soft", "link"):
            assert contrast(colours[words], colours[ground]) >= 4.5, (words, ground)
        assert contrast(colours["edge"], colours[ground]) >= 3, ground
    assert contrast(colours["on-madder"], colours["madder"]) >= 4.5
    assert contrast(colours["on-bar"], colours["bar"]) >= 4.5
    assert contrast(colours["on-bar-soft"], colours["bar"]) >= 4.5
