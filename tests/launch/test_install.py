"""./simpul on a fresh machine: finding Python, installing once, whatever happens in between."""

import base64
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from launch import commands
from launch.var import REPO
from tests.launch.waiting import wait_until

MAIN = "import sys\nprint('main', sys.prefix, *sys.argv[1:])\n"
UV = """#!/bin/sh
[ "$1" = --version ] && exit 0
echo "$@" >> "$0.log"
while [ -e "$0.waits" ]; do sleep 0.05; done
exit 0
"""
TOOLS = [
    tool
    for tool, here in {
        "uv": shutil.which("uv"),
        "pip": importlib.util.find_spec("ensurepip"),
    }.items()
    if here
]


class Checkout:
    """A copy of what is needed to start, with empty locks, on a machine of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "code"
        self.bin = folder / "bin"
        self.bin.mkdir()
        shutil.copytree(REPO / "src/launch", self.folder / "src/launch")
        (self.folder / "src/simpul").mkdir()
        shutil.copy(REPO / "src/simpul/__init__.py", self.folder / "src/simpul")  # the version
        shutil.copy(REPO / "simpul", self.folder)
        (self.folder / "src/launch/__main__.py").write_text(MAIN)
        for name in ("requirements.lock", "requirements-dev.lock"):
            (self.folder / name).write_text(f"# {name}\n")
        (self.bin / "python3.11").symlink_to(os.path.realpath(sys.executable))
        self.program("uv", UV)
        self.uv = self.bin / "uv"

    def program(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.folder / "simpul", *words],
            env={"PATH": f"{self.bin}:/usr/bin:/bin"},
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *words: str) -> tuple[int, str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=60)
        return process.returncode, out + err

    def installs(self) -> list[str]:
        log = Path(f"{self.uv}.log")
        return [line.split()[-1] for line in log.read_text().splitlines()] if log.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_it_installs_once_and_hands_the_words_over(checkout: Checkout) -> None:
    code, said = checkout.run("demo", "--port", "9000")
    assert code == 0
    assert "requirements.lock" in said.splitlines()[0]
    assert said.splitlines()[1] == f"main {checkout.folder}/.venv demo --port 9000"
    code, said = checkout.run("up")
    assert said == f"main {checkout.folder}/.venv up\n", "and the second time it is silent"
    assert checkout.installs() == [f"{checkout.folder}/requirements.lock"]


def test_developers_get_their_own_lock_which_contains_the_other(checkout: Checkout) -> None:
    for verb in ("test", "check", "demo"):
        assert checkout.run(verb)[0] == 0
    assert checkout.installs() == [f"{checkout.folder}/requirements-dev.lock"]


def test_a_changed_lock_is_installed_into_what_is_there(checkout: Checkout) -> None:
    checkout.run("demo")
    mark = checkout.folder / ".venv/mark"
    mark.touch()
    (checkout.folder / "requirements.lock").write_text("# another\n")
    assert checkout.run("demo")[0] == 0
    assert len(checkout.installs()) == 2
    assert mark.exists()


def test_an_install_that_was_killed_begins_anew(checkout: Checkout) -> None:
    waits = Path(f"{checkout.uv}.waits")
    waits.touch()
    process = checkout.start("demo")
    wait_until(checkout.installs)
    half = checkout.folder / ".venv/half"
    half.touch()
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    waits.unlink()
    assert checkout.run("demo")[0] == 0
    assert not half.exists()


def test_two_runs_at_once_install_once(checkout: Checkout) -> None:
    waits = Path(f"{checkout.uv}.waits")
    waits.touch()
    both = [checkout.start("demo"), checkout.start("up")]
    wait_until(checkout.installs)
    waits.unlink()
    said = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert all(f"main {checkout.folder}/.venv" in words for words in said)
    assert len(checkout.installs()) == 1


def test_a_python_that_does_not_run_is_passed_over(checkout: Checkout) -> None:
    for name in ("python3.14", "python3.13", "python3.12"):
        checkout.program(name, "#!/bin/sh\necho 'not this one' >&2\nexit 127\n")
    code, said = checkout.run("demo")
    assert code == 0
    assert "not this one" not in said


def test_without_any_python_it_says_what_to_do(checkout: Checkout) -> None:
    for name in ("python3.14", "python3.13", "python3.12", "python3.11", "python3", "python"):
        (checkout.bin / name).unlink(missing_ok=True)
        checkout.program(name, "#!/bin/sh\nexit 1\n")
    code, said = checkout.run("demo")
    assert code == 1
    assert said.count("Python 3.11") == 2


@pytest.mark.parametrize("words", [["dmeo"], [], ["demo", "--prt", "9000"], ["up", "x"]])
def test_a_mistyped_verb_is_said_in_a_sentence_and_installs_nothing(
    checkout: Checkout, words: list[str]
) -> None:
    code, said = checkout.run(*words)
    assert code == 2
    assert "./simpul --help" in said
    assert not (checkout.folder / ".venv").exists()


def test_help_names_every_verb_and_installs_nothing(checkout: Checkout) -> None:
    code, said = checkout.run("--help")
    assert code == 0
    for verb in commands.VERBS:
        assert f"    {verb}" in said
    assert not (checkout.folder / ".venv").exists()


def test_make_has_the_same_names() -> None:
    makefile = (REPO / "Makefile").read_text()
    assert f"VERBS = {' '.join(commands.VERBS)}\n" in makefile


@pytest.mark.parametrize("tool", TOOLS)
def test_only_a_package_with_the_locked_hash_is_installed(checkout: Checkout, tool: str) -> None:
    checkout.uv.unlink()
    if tool == "uv":
        # A shim of a version manager looks for its own home; what runs here is what it runs.
        real = f'HOME="{Path.home()}" exec "{shutil.which("uv")}" "$@"'
        checkout.program("uv", f"#!/bin/sh\n{real}\n")
    for name, code in (("tiny", 0), ("other", 1)):
        wheel = make_wheel(checkout.folder, name)
        digest = "0" * 64 if code else hashlib.sha256(wheel.read_bytes()).hexdigest()
        lock = f"{name} @ file://{wheel} --hash=sha256:{digest}\n"
        (checkout.folder / "requirements.lock").write_text(lock)
        assert checkout.run("demo")[0] == code
        installed = list((checkout.folder / ".venv/lib").glob(f"*/site-packages/{name}.py"))
        assert bool(installed) is not bool(code)
        assert (checkout.folder / ".venv/requirements.lock").exists() is not bool(code)


def make_wheel(folder: Path, name: str) -> Path:
    """The smallest package there is."""
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
    }
    rows = []
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for member, text in files.items():
            wheel.writestr(member, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
            rows.append(f"{member},sha256={digest.rstrip('=')},{len(text)}")
        wheel.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,"]))
    return path
