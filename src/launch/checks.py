"""`./simpul check`: format, lint, types, contracts, migrations, translations and docs."""

import ast
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from launch import catalogues, var

REPO = Path(__file__).resolve().parents[2]
CONFIGURATION = "docs/configuration.md"
VARIABLE = r"SIMPUL_[A-Z_]+|DATABASE_URL"
Check = Callable[[dict[str, str]], str]


def command(*arguments: str) -> Check:
    """A check that is a command of the environment; it is silent when it succeeds."""

    def run(environment: dict[str, str]) -> str:
        tool = [sys.executable, *arguments]
        done = subprocess.run(
            tool, cwd=REPO, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return ""
        said = (done.stdout + done.stderr).strip()
        return said or f"{' '.join(arguments)} ended with {done.returncode} and said nothing"

    return run


def variables(repo: Path = REPO) -> set[str]:
    """Every variable that the settings and the supervisor name."""
    return {
        node.value
        for path in (repo / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(VARIABLE, node.value)
    }


def described(repo: Path = REPO) -> Iterator[tuple[str, list[str]]]:
    """Each variable of the configuration page with its meaning, default and example."""
    for line in (repo / CONFIGURATION).read_text().splitlines():
        if match := re.match(rf"\| `({VARIABLE})` \|(.*)\|$", line):
            yield match[1], [cell.strip() for cell in match[2].split("|")]


def configuration(repo: Path = REPO) -> list[str]:
    """What differs between the variables that are read and the page that describes them."""
    page = dict(described(repo))
    used = variables(repo)
    return [
        *(f"{CONFIGURATION}: {name} is not described" for name in sorted(used - page.keys())),
        *(f"{CONFIGURATION}: {name} is read nowhere" for name in sorted(page.keys() - used)),
        *(
            f"{CONFIGURATION}: {name} needs meaning, default and example"
            for name, cells in page.items()
            if len(cells) != 3 or not all(cells)
        ),
    ]


# The longest first, so that two cores end at about the same time.
CHECKS: dict[str, Check] = {
    "types": command("-m", "mypy"),
    "templates": command("-m", "djlint", "src", "--lint", "--quiet", "--allow-empty-input"),
    "migrations": command(
        "-W", "ignore::RuntimeWarning", "-m", "django", "makemigrations", "--check", "--dry-run"
    ),
    "privacy page": command("-m", "django", "privacy", "--check"),
    "contracts": command("-c", "from importlinter.cli import lint_imports_command as c; c()"),
    "translations": lambda _: "\n".join(catalogues.check()),
    "configuration page": lambda _: "\n".join(configuration()),
    "lint": command("-m", "ruff", "check", "--quiet", "--output-format=concise"),
    "format": command("-m", "ruff", "format", "--check", "--quiet"),
}


def environment(folder: Path) -> dict[str, str]:
    """This process's environment with fresh secrets and nothing of the machine's own settings.

    The database's socket does not exist there, so no check reaches a database.
    """
    kept = {k: v for k, v in os.environ.items() if not re.fullmatch(VARIABLE, k)}
    return kept | {
        "SIMPUL_VAR": str(folder),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": str(REPO / "src"),
    }


def main() -> int:
    """Runs every check, two at a time; prints a line each, and what the failed ones said."""
    failures = {}

    def timed(check: Check, surroundings: dict[str, str]) -> tuple[str, float]:
        start = time.monotonic()
        return check(surroundings), time.monotonic() - start

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        var.make(Path(folder))
        surroundings = environment(Path(folder))
        jobs = {pool.submit(timed, check, surroundings): name for name, check in CHECKS.items()}
        for job in as_completed(jobs):
            said, seconds = job.result()
            print(f"{'FAILED' if said else 'ok':6} {seconds:5.1f} s  {jobs[job]}", flush=True)
            if said:
                failures[jobs[job]] = said
    for name, said in failures.items():
        print(f"\n--- {name} ---\n{said}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
