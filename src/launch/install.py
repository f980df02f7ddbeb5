"""Install what the lock files name into `.venv`, then go on as `python -m launch` from there.

Any Python from 3.11 runs this, with nothing installed. It may be killed at any moment: without
its stamp an environment counts as half-made and is made anew. Two runs take turns.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from launch import commands
from launch.voice import say

REPO = Path(__file__).resolve().parents[2]
VENV = REPO / ".venv"
PYTHON = VENV / "bin" / "python"
RUN, DEVELOP = REPO / "requirements.lock", REPO / "requirements-dev.lock"


def main(arguments: list[str]) -> None:
    """Install if needed, and become the command."""
    # A mistyped verb is said before anything is installed.
    verb = commands.parse(arguments).verb
    lock = DEVELOP if verb in commands.FOR_DEVELOPERS else RUN
    with RUN.open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not installed(lock):
            install(lock)
    surroundings = {**os.environ, "PYTHONPATH": str(REPO / "src")}
    os.execve(PYTHON, [str(PYTHON), "-m", "launch", *arguments], surroundings)


def installed(lock: Path) -> bool:
    """Whether the environment holds exactly this lock, under the Python it was made with."""
    try:
        return _stamp(lock).read_text() == _version(PYTHON) + lock.read_text()
    except (OSError, subprocess.CalledProcessError):
        return False


def install(lock: Path) -> None:
    """Make the environment hold the lock. The developers' lock contains the other one."""
    uv = _uv()
    say(f"Memasang {lock.name} ke .venv", f"Installing it with {'uv' if uv else 'pip'}")
    stamps = [_stamp(each) for each in (RUN, DEVELOP)]
    complete = any(stamp.exists() for stamp in stamps) and os.access(PYTHON, os.X_OK)
    for stamp in stamps:
        stamp.unlink(missing_ok=True)
    if not complete:
        base = os.path.realpath(sys.executable)
        without = ["--without-pip"] if uv else []
        _do([base, "-m", "venv", "--clear", *without, str(VENV)])
    tool = [uv, "pip", "install", "--python", str(PYTHON)] if uv else [str(PYTHON), "-m", "pip"]
    if not uv:
        tool += ["--disable-pip-version-check", "--no-input", "install"]
    _do([*tool, "--quiet", "--require-hashes", "-r", str(lock)])
    for each in (RUN, DEVELOP) if lock == DEVELOP else (RUN,):
        draft = VENV / "stamp"
        draft.write_text(_version(PYTHON) + each.read_text())
        draft.replace(_stamp(each))


def _stamp(lock: Path) -> Path:
    return VENV / lock.name


def _version(python: Path) -> str:
    """The feature version of an interpreter, as a comment line."""
    say_it = "import sys; print('# Python', *sys.version_info[:2])"
    return subprocess.run(
        [python, "-I", "-S", "-c", say_it], capture_output=True, text=True, check=True
    ).stdout


def _uv() -> str:
    """The path of uv if it is here and runs."""
    path = shutil.which("uv") or ""
    if path and subprocess.run([path, "--version"], capture_output=True).returncode == 0:
        return path
    return ""


def _do(words: list[str]) -> None:
    surroundings = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "PYTHONHOME"}}
    if subprocess.run(words, env=surroundings).returncode:
        print("Belum terpasang. Baca baris di atas, lalu jalankan lagi.", file=sys.stderr)
        print("Not installed yet. Read the lines above, then run it again.", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
