"""The documentation says what is so: links, names, addresses, events and pages are there."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
SIMPUL = REPO / "src/simpul"
APART = {".venv", ".git", "var", "node_modules"}
PAGES = sorted(p for p in REPO.rglob("*.md") if not APART & set(p.relative_to(REPO).parts))
DOCUMENTS = [p for p in PAGES if p.parent == REPO or p.is_relative_to(REPO / "docs")]
ROOMS = sorted(p.parent.name for p in SIMPUL.glob("*/apps.py"))
MAP = (REPO / "docs/map.md").read_text()
# The owner draws them from the running demo; until the first is there, none is asked for.
PICTURES = REPO / "docs/pictures"


def name(path: Path) -> str:
    """The path as people say it."""
    return path.relative_to(REPO).as_posix()


def prose(path: Path) -> str:
    """A page without its code blocks, in which brackets mean something else."""
    return re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.M | re.S)


def links(path: Path) -> list[str]:
    """Where the links and pictures of a page lead, but for those that leave the project."""
    found = re.findall(r"\]\(([^)\s]+)\)", prose(path))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors(path: Path) -> set[str]:
    """The anchors that a page's headings give, as repository hosts make them."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in headings}


def broken(path: Path) -> Iterator[str]:
    """The links of a page that lead nowhere."""
    for link in links(path):
        target, _, anchor = link.partition("#")
        there = (path.parent / target).resolve() if target else path
        if there.parent == PICTURES and not PICTURES.exists():
            continue
        if not there.exists() or (anchor and anchor not in anchors(there)):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert list(broken(page)) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One thing\n[a](#one-thing) [b](#other) [c](gone.md) [d](https://x/y)\n")
    assert list(broken(page)) == ["#other", "gone.md"]


@pytest.mark.parametrize("page", DOCUMENTS, ids=name)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = re.findall(r"`((?:src|tests|docs|locale)/[\w./-]+)`", prose(page))
    assert [path for path in named if not (REPO / path).exists()] == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_its_page_and_the_map_leads_to_it(room: str) -> None:
    page = REPO / "docs/domains" / f"{room}.md"
    assert page.read_text().startswith(f"# {room}\n")
    assert f"[{room}](domains/{room}.md)" in MAP


def test_every_page_of_a_room_has_its_room() -> None:
    assert sorted(p.stem for p in (REPO / "docs/domains").glob("*.md")) == ROOMS


def test_decisions_are_numbered_one_after_the_other() -> None:
    pages = sorted((REPO / "docs/adr").iterdir())
    assert [p.name[:4] for p in pages] == [f"{n:04}" for n in range(1, len(pages) + 1)]
    for page in pages:
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", page.name)
        heads = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
        assert heads[0].startswith(f"{page.name[:4]}. ")
        assert heads[1:] == ["Context", "Decision", "Consequences"]


def code(pattern: str) -> Iterator[ast.Call]:
    """Every call in the Python files of the product that match the pattern."""
    for path in SIMPUL.glob(pattern):
        yield from (n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call))


def recorded() -> set[str]:
    """Every event that the code writes into the audit chain."""
    calls = [c for c in code("**/*.py") if ast.unparse(c.func) == "audit.record"]
    assert all(isinstance(c.args[0], ast.Constant) for c in calls), "name events in full"
    return {str(ast.literal_eval(c.args[0])) for c in calls}


def test_the_map_lists_every_event_and_no_other() -> None:
    table = MAP.partition("## Events of the audit chain")[2]
    listed = re.findall(r"^\| `([a-z_.]+)` \|", table, re.M)
    assert len(listed) == len(set(listed))
    assert set(listed) == recorded()


def addresses() -> set[str]:
    """Every name of an address, as `room:name`, at either door."""
    found = set()
    for path in [*SIMPUL.glob("*/urls*.py"), *SIMPUL.glob("*/urls/*.py")]:
        room = path.relative_to(SIMPUL).parts[0]
        calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
        for call in calls:
            given = {k.arg: k.value for k in call.keywords}
            if ast.unparse(call.func) in {"path", "re_path"} and "name" in given:
                found.add(f"{room}:{ast.literal_eval(given['name'])}")
    return found


def test_the_map_lists_every_address_and_no_other() -> None:
    table = MAP.partition("## Addresses")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| \w+ \| `([a-z_]+:[a-z_]+)` \|", table, re.M)
    assert set(listed) == addresses()


def resolves(dotted: str) -> bool:
    """Whether a name below `simpul` is there: a module, or something in one."""
    parts = ["simpul", *dotted.split(".")]
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return cut > 1
    return False


def test_every_name_in_the_glossary_is_in_the_code() -> None:
    rows = re.findall(r"^\|.+\| `([\w.]+)` \|$", (REPO / "docs/glossary.md").read_text(), re.M)
    assert len(rows) > 40
    assert [row for row in rows if not resolves(row)] == []


def test_a_name_that_is_not_in_the_code_is_found() -> None:
    assert resolves("cases.models.Case.risk")
    assert not resolves("cases.models.Case.secret")
    assert not resolves("nowhere")
