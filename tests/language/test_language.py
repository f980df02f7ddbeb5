"""Every word that a person may read keeps to the language of the house: kind, plain, short."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from launch import catalogues
from simpul.wording import words

REPO = Path(__file__).parents[2]
BLOCKED = tomllib.loads((REPO / "src/simpul/wording/content/blocked.toml").read_text())
RULES: list[dict[str, Any]] = BLOCKED["rule"]


@dataclass(frozen=True)
class Said:
    """One text: where it stands, in which language, and whether a survivor reads it."""

    place: str
    text: str
    language: str = "id"
    public: bool = False


class Visible(HTMLParser):
    """Gathers what a browser shows or speaks."""

    SPOKEN = ("aria-label", "title", "alt", "placeholder")

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in {"script", "style"}
        self.texts += [value for name, value in attrs if name in self.SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.texts.append(data)


def untranslated(html: str) -> list[str]:
    """The texts of a template that no catalogue can translate."""
    html = re.sub(r"\{% *comment\b.*?\{% *endcomment *%\}|\{#.*?#\}", "", html, flags=re.S)
    html = re.sub(r"\{% *blocktrans.*?\{% *endblocktrans\w* *%\}", "", html, flags=re.S)
    html = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", html, flags=re.S)
    visible = Visible()
    visible.feed(html)
    visible.close()
    return [" ".join(t.split()).strip(" ·—|") for t in visible.texts if re.search(r"[^\W\d_]", t)]


def public_pages(repo: Path) -> set[Path]:
    """The templates that extend the public base page, and those that are part of one."""
    pages = {p: p.read_text() for p in (repo / "src/simpul").rglob("templates/**/*.html")}
    by_name = {p.as_posix().partition("/templates/")[2]: p for p in pages}
    extends, includes = r'\{%\s*extends\s+["\']([^"\']+)', r'\{%\s*include\s+["\']([^"\']+)'
    found = {p for name, p in by_name.items() if name == "core/public_base.html"}
    while True:
        below = {
            p for p, html in pages.items()
            if any(by_name.get(n) in found for n in re.findall(extends, html))
        }  # fmt: skip
        parts = {by_name[n] for p in found for n in re.findall(includes, pages[p]) if n in by_name}
        if below | parts <= found:
            return found
        found |= below | parts


def texts(repo: Path = REPO) -> Iterator[Said]:
    """Every text of the code, its English, and the content files."""
    pages = public_pages(repo)
    shown: set[catalogues.Key] = set()

    def is_public(place: str) -> bool:
        listed = any(fnmatch(place.partition("#")[0], glob) for glob in BLOCKED["public"])
        return listed or repo / place in pages

    for path in catalogues.sources(repo):
        place = path.relative_to(repo).as_posix()
        public = is_public(place)
        for key in catalogues.texts_of(path):
            shown |= {key} if public else set()
            yield from (Said(place, text, "id", public) for text in catalogues.forms(key[1]))
        if path.suffix == ".html":
            for text in untranslated(path.read_text()):
                yield Said(place, text, "id", public)
    for path in catalogues.files(repo):
        place = path.relative_to(repo).as_posix()
        for message in catalogues.read(path):
            public = (message.context, message.id) in shown
            for text in catalogues.forms(message.string) if message.id else ():
                yield Said(place, text, path.parts[-3], public)
    for place, indonesian, english in catalogues.content(repo):
        yield from (Said(place, text, "id", is_public(place)) for text in indonesian)
        yield from (Said(place, text, "en", is_public(place)) for text in english)
    for place, language, text in questionnaires(repo):
        yield Said(place, text, language, is_public(place))


def questionnaires(repo: Path) -> Iterator[tuple[str, str, str]]:
    """Place, language and words of each cell of a shipped questionnaire that a person reads."""
    for path in sorted((repo / "src/simpul").glob("*/content/forms/*.md")):
        columns: list[str] = []
        for line in path.read_text().splitlines():
            cells = [cell.strip() for cell in line.split("|")]
            if len(cells) == 3:  # the name of a sheet; its columns come next
                columns = []
            elif len(cells) > 3 and not columns:
                columns = cells
            elif len(cells) > 3:
                for column, cell in zip(columns, cells, strict=True):
                    if cell and (column == "form_title" or column.endswith(("(id)", "(en)"))):
                        language = "en" if column.endswith("(en)") else "id"
                        yield f"{path.relative_to(repo).as_posix()}#{column}", language, cell


def breaks(rule: dict[str, Any], said: Said) -> bool:
    """Whether the text says what the rule blocks, outside the rule's exceptions."""
    if rule["where"] == "public" and not said.public:
        return False
    return words.breaks(rule, said.place, said.text)


@cache
def everything() -> tuple[Said, ...]:
    """Every text of this project, once."""
    return tuple(texts())


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r["name"])
def test_nobody_is_blamed_doubted_or_shut_out(rule: dict[str, Any]) -> None:
    found = [f"{said.place}: {said.text}" for said in everything() if breaks(rule, said)]
    assert found == [], f"{rule['why']} Instead: {rule['instead']}"


def test_survivors_read_short_sentences() -> None:
    excused = {item["text"] for item in BLOCKED["long"]}
    shown = [said for said in everything() if said.public and said.language == "id"]
    found = {
        f"{said.place}: {s}"
        for said in shown
        for s in words.long_sentences(said.text)
        if s not in excused
    }
    assert sorted(found) == []


def test_every_word_on_a_page_can_be_translated() -> None:
    found = [
        f"{path.name}: {text}"
        for path in catalogues.sources()
        if path.suffix == ".html"
        and path.relative_to(REPO).as_posix() not in BLOCKED["developers"]
        for text in untranslated(path.read_text())
        if text not in BLOCKED["names"]
    ]
    assert found == []


def test_every_rule_says_why_and_what_instead() -> None:
    for item in [*RULES, *BLOCKED["long"], *(e for r in RULES for e in r.get("except", []))]:
        assert item["why"].strip()
    assert all(r["instead"] and r["where"] in {"everywhere", "public"} for r in RULES)
    assert len({r["name"] for r in RULES}) == len(RULES)
    assert BLOCKED["version"] >= 1


# --- The test itself is tested: what is planted is found --------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r["name"])
def test_a_rule_finds_its_example_and_lets_good_words_pass(rule: dict[str, Any]) -> None:
    assert breaks(rule, Said("x.html", rule["example"], public=True))
    for text in rule.get("fine", []):
        assert not breaks(rule, Said("x.html", text, public=True)), text


def plant(repo: Path, files: dict[str, str]) -> list[Said]:
    """What is said in a repository that holds only these files."""
    for place, body in files.items():
        path = repo / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body)
    return list(texts(repo))


BASE = "src/simpul/core/templates/core/public_base.html"
PAGE = "src/simpul/reports/templates/reports/page.html"
PART = "src/simpul/reports/templates/reports/_part.html"
FORM = "src/simpul/questionnaires/content/forms/a.md"
EXTENDS = '{% extends "core/public_base.html" %}'


@pytest.mark.parametrize(
    "files",
    [
        {PAGE: EXTENDS + '{% trans "Korban boleh melapor." %}'},
        {PAGE: EXTENDS + "<p>Korban boleh melapor.</p>"},
        {PAGE: EXTENDS + '<a title="{% trans "Untuk korban" %}">x</a>'},
        {PAGE: EXTENDS + "{% blocktrans %}Untuk\nkorban{% endblocktrans %}"},
        {PAGE: EXTENDS + '{% include "reports/_part.html" %}', PART: "{{ _('Untuk korban') }}"},
        {"src/simpul/reports/forms.py": 'x = gettext_lazy("Nama korban")'},
        {"src/simpul/directory/content/a.toml": 'text = { id = "Untuk korban", en = "For you" }'},
        {FORM: "| survey |\n| | type | label::A (id) |\n| | note | Untuk korban |\n"},
        {FORM: "| choices |\n| | name | label::B (en) |\n| | a | For victims |\n"},
        {FORM: "| settings |\n| | form_title | form_id |\n| | Data korban | a |\n"},
        {"src/simpul/directory/content/a.toml": 'text = { id = "Anda", en = "For victims" }'},
        {
            PAGE: EXTENDS + '{% trans "Untuk Anda" %}',
            "locale/en/LC_MESSAGES/django.po": 'msgid "Untuk Anda"\nmsgstr "For victims"\n',
        },
    ],
)
def test_a_word_planted_on_a_survivors_page_is_found(
    tmp_path: Path, files: dict[str, str]
) -> None:
    rule = next(r for r in RULES if r["name"] == "victim")
    said = plant(tmp_path, {BASE: "{% block main %}{% endblock %}"} | files)
    assert any(breaks(rule, s) for s in said)


def test_a_workspace_page_may_use_the_laws_word(tmp_path: Path) -> None:
    rule = next(r for r in RULES if r["name"] == "victim")
    [said] = plant(tmp_path, {PAGE: '{% extends "core/base.html" %}{% trans "Hak korban" %}'})
    assert not breaks(rule, said)


def test_a_long_sentence_is_found_and_a_short_one_passes() -> None:
    twelve = "Satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas %(n)s."
    assert words.long_sentences(f"{twelve} {twelve}") == []
    assert words.long_sentences(f"{twelve} Dan {twelve}") == [f"Dan {twelve}"]
