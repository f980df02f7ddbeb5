"""Forms as a desk would write them, by hand, with answers that somebody might give."""

from collections.abc import Iterator
from pathlib import Path

from tests.questionnaires.oracle.sheets import Form
from tests.questionnaires.oracle.states import Operation

FOLDER = Path(__file__).parent / "written"


def forms() -> Iterator[Form]:
    """Every `written/NAME.md` with the scripts of `written/NAME.script`."""
    for sheet in sorted(FOLDER.glob("*.md")):
        scripts = {"empty": (), **_scripts(sheet.with_suffix(".script"))}
        yield Form(sheet.stem, "written", sheet.read_text(), scripts)


def _scripts(path: Path) -> dict[str, list[Operation]]:
    """`# name` begins a script; each line below is one operation, a value goes to the end of its line."""
    scripts: dict[str, list[Operation]] = {}
    for line in filter(None, path.read_text().splitlines()):
        if line.startswith("# "):
            here = scripts.setdefault(line[2:], [])
            continue
        verb, _, rest = line.partition(" ")
        if verb == "set":
            where, _, value = rest.partition(" ")
            here.append((verb, where, value))
        elif verb == "again":  # what another script did, first
            here.extend(scripts[rest])
        else:
            here.append((verb, rest))
    return scripts
