"""The catalogues of texts: collected from the code, checked and compiled by Babel alone.

The code speaks Indonesian, so a msgid is the Indonesian text and every other language is a
catalogue below `locale/`. Files in `content/` carry both languages themselves.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

REPO = Path(__file__).resolve().parents[2]
HEADER = r"""# Simpul in {name}. The msgids come from the code; write only the msgstr lines.
msgid ""
msgstr ""
"Language: {code}\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: {plural}\n"

"""
SINGLE, PLURAL = (1,), (1, 2)
IN_CONTEXT, PLURAL_IN_CONTEXT = ((1, "c"), 2), ((1, "c"), 2, 3)
FUNCTIONS = {
    "_": SINGLE,
    "gettext": SINGLE,
    "gettext_lazy": SINGLE,
    "gettext_noop": SINGLE,
    "ngettext": PLURAL,
    "ngettext_lazy": PLURAL,
    "pgettext": IN_CONTEXT,
    "pgettext_lazy": IN_CONTEXT,
    "npgettext": PLURAL_IN_CONTEXT,
    "npgettext_lazy": PLURAL_IN_CONTEXT,
}
Text = str | tuple[str, ...]
Key = tuple[str | None, Text]


def texts_of(path: Path) -> list[Key]:
    """Every (context, msgid) that one Python file or template asks for."""
    source = path.read_text()
    if path.suffix == ".html":
        # A template's indentation means nothing in Python; inside brackets Python ignores it.
        source = f"(\n{templatize(source, str(path))}\n)"
    found = extract("python", BytesIO(source.encode()), keywords=FUNCTIONS)
    return [(context, msgid) for _, msgid, _, context in found if msgid]


def sources(repo: Path = REPO) -> list[Path]:
    """The files that may speak to a person."""
    root = repo / "src/simpul"
    python = (p for p in root.rglob("*.py") if "migrations" not in p.parts)
    return sorted([*python, *root.rglob("templates/**/*.html")])


def wanted(repo: Path = REPO) -> set[Key]:
    """Every (context, msgid) of the whole code."""
    return {key for path in sources(repo) for key in texts_of(path)}


def files(repo: Path = REPO) -> list[Path]:
    """The catalogues, one for each language but Indonesian."""
    return sorted((repo / "locale").glob("*/LC_MESSAGES/django.po"))


def read(path: Path) -> Catalog:
    """A catalogue; a broken line stops with its number."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], abort_invalid=True)


def forms(text: Text | list[str] | None) -> tuple[str, ...]:
    """The singular and plural forms as one tuple; a plain text has one form."""
    return (text or "",) if isinstance(text, str | None) else tuple(text)


def collect(repo: Path = REPO) -> None:
    """Brings the catalogues in line with the code; a new text waits for its translation.

    A new language begins with an empty file; English begins by itself.
    """
    keys = wanted(repo)
    english = repo / "locale/en/LC_MESSAGES/django.po"
    english.parent.mkdir(parents=True, exist_ok=True)
    english.touch()
    for path in files(repo):
        old = {(m.context, m.id): m for m in read(path) if m.id}
        new = Catalog(locale=path.parts[-3])
        for context, msgid in keys:
            known = old.get((context, msgid))
            new.add(
                msgid,
                known.string if known else None,
                context=context,
                flags=known.flags if known else (),
                user_comments=known.user_comments if known else (),
            )
        language = new.locale.english_name if new.locale else path.parts[-3]
        body = BytesIO()
        write_po(body, new, width=99, no_location=True, omit_header=True, sort_output=True)
        header = HEADER.format(name=language, code=path.parts[-3], plural=new.plural_forms)
        path.write_text(header + body.getvalue().decode().rstrip("\n") + "\n")


def compile_(repo: Path = REPO) -> None:
    """Writes each catalogue as Django reads it, when it is newer than what is there."""
    for path in files(repo):
        compiled = path.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime < path.stat().st_mtime:
            body = BytesIO()
            write_mo(body, read(path))
            compiled.write_bytes(body.getvalue())


def blanks(text: str) -> list[str]:
    """What a text leaves open, sorted: `%(name)s`, `%s`, `{name}`, but not `%%` or `{{`."""
    plain = text.replace("%%", "").replace("{{", "").replace("}}", "")
    return sorted(re.findall(r"%\(\w+\)[a-z]|%[a-z]|\{\w*\}", plain))


def fault(message: Message) -> str | None:
    """What is wrong with one translation; a singular may leave out the number it counts."""
    ids, strings = forms(message.id), forms(message.string)
    if message.fuzzy:
        return "fuzzy"
    if not all(s.strip() for s in strings) or len(strings) < len(ids):
        return "not translated"
    if blanks(strings[-1]) != blanks(ids[-1]) or not set(blanks(strings[0])) <= {
        blank for text in ids for blank in blanks(text)
    }:
        return "other placeholders"
    return None


def pairs(table: Any, trail: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Each `id`/`en` pair of a content file, at any depth, after the keys that lead to it."""
    if isinstance(table, list):
        for item in table:
            yield from pairs(item, trail)
    elif isinstance(table, dict):
        if "id" in table or "en" in table:
            yield trail, table.get("id"), table.get("en")
        for key, item in table.items():
            yield from pairs(item, f"{trail}.{key}" if trail else key)


def lines(text: Any) -> list[str]:
    """A text of a content file as its paragraphs; empty when there is none."""
    return [str(t) for t in text] if isinstance(text, list) else [str(text)] if text else []


def content(repo: Path = REPO) -> Iterator[tuple[str, list[str], list[str]]]:
    """Place (`file#key.key`), Indonesian and English of each text that content files carry."""
    for path in sorted((repo / "src/simpul").glob("*/content/**/*.toml")):
        for trail, indonesian, english in pairs(tomllib.loads(path.read_text())):
            place = f"{path.relative_to(repo).as_posix()}#{trail}"
            yield place, lines(indonesian), lines(english)


def check(repo: Path = REPO) -> list[str]:
    """Every text that lacks a good translation, and every translation that lacks its text."""
    keys = wanted(repo)
    found = []
    for path in files(repo):
        place = path.relative_to(repo).as_posix()
        messages = {(m.context, m.id): m for m in read(path) if m.id}
        found += [f"{place}: missing: {forms(key[1])[0]}" for key in keys - messages.keys()]
        found += [f"{place}: stale: {forms(key[1])[0]}" for key in messages.keys() - keys]
        for key in keys & messages.keys():
            if why := fault(messages[key]):
                found.append(f"{place}: {why}: {forms(key[1])[0]}")
    if not files(repo):
        found.append("locale/: there is no catalogue")
    for place, indonesian, english in content(repo):
        if len(indonesian) != len(english) or not all(t.strip() for t in indonesian + english):
            found.append(f"{place}: id and en are not both complete")
        elif [*map(blanks, indonesian)] != [*map(blanks, english)]:
            found.append(f"{place}: other placeholders")
    return sorted(found)


def main(arguments: list[str]) -> int:
    """`collect`, `compile` or `check`; 1 when the check finds something."""
    match arguments:
        case ["collect"]:
            collect()
        case ["compile"]:
            compile_()
        case ["check"]:
            problems = check()
            print("\n".join(problems), end="\n" if problems else "")
            return bool(problems)
        case _:
            print("usage: python -m launch.catalogues collect | compile | check")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
