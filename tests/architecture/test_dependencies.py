"""What the project stands on, and what must never enter a file of it."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
LOCKS = sorted(REPO.glob("requirements*.lock"))


def tracked() -> list[Path]:
    """Every file that is or would be committed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=True).stdout
    return [REPO / name for name in listed.split("\0") if name and (REPO / name).is_file()]


def text(path: Path) -> str:
    """The file as text; what is not text reads as strange letters and matches nothing."""
    return path.read_text(errors="replace")


FILES = [(str(path.relative_to(REPO)), text(path)) for path in tracked()]
SPOKEN = [(name, body) for name, body in FILES if name.startswith(("src/", "tests/", "docs/"))]
SHOWN = [(name, body) for name, body in FILES if name.startswith(("src/", "locale/"))]

# Written so that no pattern matches itself.
REGISTRY = r"pypi\.org|pythonhosted\.org|npmjs\.|registry\.\w+\.\w+|index[-]url|artifact[o]ry"
# Every machine has a folder for temporary files; a path below it belongs to one machine.
MACHINE = r"(?<![\w.:/}*)-])/(?:(?:work|root|home/\w+|Users/\w+)(?![\w-])|tmp/\w)"
BLOCKED = tomllib.loads((REPO / "src/simpul/wording/content/blocked.toml").read_text())
EMOJI = next(rule["pattern"] for rule in BLOCKED["rule"] if rule["name"] == "emoji")
# Mobile numbers begin with 08 or +628, others with the code of their town, 0380 for Kupang.
# Invented ones begin with 0000; a run of digits inside a longer number or a hash is none.
MOBILE = r"(?:\+?62[\s.-]?|0)8[1-9]\d(?:[\s.-]?\d){6,9}"
TOWN = r"\(?0(?:2[1-9]|[3-9]\d\d)\)?[\s-]\d{5,8}"
PHONE = rf"(?<![\w.+-])(?:{MOBILE}|{TOWN})(?![\w-])"
# A NIK is region (6), day of birth (01-31, women +40), month, year, number (UU 24/2013).
NIK = r"(?<!\w)(?:1[1-9]|[2-9]\d)\d{4}(?:[04][1-9]|[1256]\d|[37][01])(?:0[1-9]|1[0-2])\d{6}(?!\w)"


def hits(pattern: str, files: list[tuple[str, str]]) -> list[str]:
    """Each match with its file."""
    return [f"{name}: {m[0]}" for name, body in files for m in re.finditer(pattern, body)]


def test_every_dependency_says_why_it_is_here() -> None:
    page = (REPO / "pyproject.toml").read_text()
    project = tomllib.loads(page)["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert [w for w in wanted if not re.search(rf'^ *"{re.escape(w)}", +# \S', page, re.M)] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda p: p.name)
def test_every_locked_package_has_its_hashes(lock: Path) -> None:
    packages = re.split(r"^(?=[A-Za-z0-9])", lock.read_text(), flags=re.M)
    named = [p for p in packages if re.match(r"[A-Za-z0-9]", p)]
    assert named
    assert [p.split()[0] for p in named if "==" not in p or "--hash=sha256:" not in p] == []


def test_the_locks_hold_every_dependency() -> None:
    project = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]
    for lock, wanted in {
        "requirements.lock": project["dependencies"],
        "requirements-dev.lock": project["optional-dependencies"]["dev"],
    }.items():
        locked = (REPO / lock).read_text().lower()
        names = [re.split(r"[\[<>=!~]", w)[0].lower() for w in wanted]
        pinned = [rf"^{re.escape(name)}(\[.*\])?==" for name in names]
        assert [p for p in pinned if not re.search(p, locked, re.M)] == []


def test_no_file_names_a_registry_or_a_place_on_this_machine() -> None:
    assert hits(REGISTRY, FILES) + hits(MACHINE, FILES) == []


def test_no_emoji_on_any_screen() -> None:
    assert hits(EMOJI, SHOWN) == []


def test_no_number_that_could_reach_or_name_a_person() -> None:
    assert hits(PHONE, SPOKEN) + hits(NIK, SPOKEN) == []


# Joined here, so that this file holds none of them.
@pytest.mark.parametrize(
    ("pattern", "planted"),
    [
        (REGISTRY, ["https://", "pypi", ".org/simple"]),
        (MACHINE, ["see /", "work/main"]),
        (MACHINE, ["= '/", "tmp/x'"]),
        (MACHINE, ["in /", "root."]),
        (EMOJI, [chr(0x1F600)]),
        (EMOJI, [chr(0x2705)]),
        (PHONE, ["08", "12-3456-7890"]),
        (PHONE, ["+62 ", "812 3456 7890"]),
        (PHONE, ["628", "1234567890"]),
        (PHONE, ["(0380) ", "821234"]),
        (NIK, ["5371", "0145", "0190", "0001"]),
        (NIK, ["5371", "01", "15", "01", "90", "0001"]),
        (NIK, ["5371", "01", "55", "12", "90", "0001"]),
    ],
)
def test_what_must_not_enter_is_found(pattern: str, planted: list[str]) -> None:
    assert re.search(pattern, "".join(planted))


@pytest.mark.parametrize(
    "line",
    [
        "0000-0000-1234",
        "5371010000000001",
        "tmpfs",
        "homework/x",
        "https://x/work/",
        "SAPA 129",
        "→ ✓",
    ],
)
def test_what_is_harmless_passes(line: str) -> None:
    assert not re.search(f"{REGISTRY}|{MACHINE}|{EMOJI}|{PHONE}|{NIK}", line)
