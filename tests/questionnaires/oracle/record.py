"""Plays every form through both oracles and writes down what they answer."""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.questionnaires.oracle import recordings
from tests.questionnaires.oracle.sheets import Form
from tests.questionnaires.oracle.states import NodeState, canonical, numeric

HERE = Path(__file__).parent
TIME_ZONE = "Asia/Makassar"  # decides what a date is as a number, and what the clock reads
LOCALE = "en_US.UTF-8"  # the names of months and days, in format-date
JAR = "validators/odk_validate/bin/ODK_Validate.jar"
NPM = {"@getodk/xforms-engine": "0.22.0", "jsdom": "29.1.1"}
TOGETHER = 400  # scripts that one process plays before it starts afresh

Job = dict[str, Any]


def missing(modules: Path) -> list[str]:
    """What recording needs and this computer does not have, each as a sentence."""
    lacks = [
        f"{program} is not on the path: {why}."
        for program, why in (
            ("java", "a Java of 17 or later plays JavaRosa"),
            ("javac", "it compiles JavaRosaPlayer.java"),
            ("node", "Node 20 or later plays xforms-engine"),
        )
        if shutil.which(program) is None
    ]
    if not _installed("pyxform"):
        lacks.append("pyxform is not installed: its wheel holds JavaRosa.")
    if not all((modules / "node_modules" / name).is_dir() for name in NPM):
        packages = " ".join(f"{name}@{version}" for name, version in NPM.items())
        lacks.append(f"In a folder outside the repository: npm install {packages}.")
        lacks.append("Then name that folder with --modules.")
    return lacks


def record(forms: Sequence[Form], modules: Path) -> dict[str, Any]:
    """All recordings of these forms, as they are stored."""
    xml = [_xml(form) for form in forms]
    played = [(i, name) for i, form in enumerate(forms) for name in form.scripts]
    jobs = [
        {"xml": xml[i], "ops": list(forms[i].scripts[name]), "exact": forms[i].exact}
        for i, name in played
    ]
    with TemporaryDirectory() as folder:
        javarosa, xforms = _played(jobs, Path(folder), modules)
    stored: list[dict[str, Any]] = [
        {"name": f.name, "family": f.family, "sheet": f.sheet, "xml": text, "scripts": []}
        for f, text in zip(forms, xml, strict=True)
    ]
    for (i, name), job, first, second in zip(played, jobs, javarosa, xforms, strict=True):
        stored[i]["scripts"].append(
            {"name": name, "ops": job["ops"]} | _merged(xml[i], first, second)
        )
    return {"format": 1, "engines": versions(modules), "forms": stored}


def versions(modules: Path) -> dict[str, str]:
    """Which engines answered."""
    package = modules / "node_modules/@getodk/xforms-engine/package.json"
    return {
        "javarosa": _javarosa_version(),
        "xforms": json.loads(package.read_text())["version"],
        "pyxform": metadata.version("pyxform"),
        "timezone": TIME_ZONE,
    }


def write(recorded: dict[str, Any], path: Path = recordings.FILE) -> None:
    """Writes the recordings so that the same answers give the same bytes."""
    text = json.dumps(recorded, sort_keys=True, separators=(",", ":"))
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write(text.encode())


def _xml(form: Form) -> str:
    from pyxform.xls2xform import convert

    try:
        return str(convert(form.sheet, file_type=".md", pretty_print=False).xform)
    except Exception as refusal:
        raise ValueError(f"{form.name}: {refusal}\n{form.sheet}") from refusal


def _played(jobs: list[Job], folder: Path, modules: Path) -> tuple[list[Job], list[Job]]:
    """Both engines' answers to the same operations: what one of them cannot do, none of them does."""
    answers: tuple[list[Job], list[Job]] = ([{}] * len(jobs), [{}] * len(jobs))
    anew = list(range(len(jobs)))
    while anew:
        for engine, found in enumerate(answers):
            asked = {i: len(jobs[i]["ops"]) for i in anew}
            part = [jobs[i] for i in anew]
            played = _in_parts(
                part,
                (lambda p: _xforms(p, folder, modules))
                if engine
                else (lambda p: _javarosa(p, folder)),
            )
            for i, answer in zip(anew, played, strict=True):
                found[i] = answer
                if "error" not in answer:
                    jobs[i]["ops"] = answer["ops"]
        anew = [i for i in anew if len(jobs[i]["ops"]) < asked[i]]
    return answers


def _in_parts(jobs: list[Job], play: Callable[[list[Job]], list[Job]]) -> list[Job]:
    answers: list[Job] = []
    for start in range(0, len(jobs), TOGETHER):
        answers += play(jobs[start : start + TOGETHER])
        print(f"  {len(answers)} of {len(jobs)}", file=sys.stderr)
    return answers


def _javarosa(jobs: list[Job], folder: Path) -> list[Job]:
    jar = _jar()
    if not (folder / "JavaRosaPlayer.class").exists():
        source = HERE / "JavaRosaPlayer.java"
        subprocess.run(["javac", "-cp", jar, "-d", folder, source], check=True)
    return _run(
        ["java", "-Duser.language=en", "-cp", f"{jar}{os.pathsep}{folder}", "JavaRosaPlayer"],
        jobs,
        folder,
    )


def _xforms(jobs: list[Job], folder: Path, modules: Path) -> list[Job]:
    return _run(["node", HERE / "xforms_engine_player.mjs"], jobs, folder, modules)


def _run(
    command: Sequence[str | Path], jobs: list[Job], folder: Path, where: Path | None = None
) -> list[Job]:
    questions, answers = folder / "jobs.json", folder / "answers.json"
    questions.write_text(json.dumps(jobs))
    done = subprocess.run(
        [*command, questions, answers],
        cwd=where,
        env={**os.environ, "TZ": TIME_ZONE, "LC_ALL": LOCALE},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout[-4000:])
    found: list[Job] = json.loads(answers.read_text())
    answers.unlink()
    return found


def _merged(xml: str, javarosa: Job, xforms: Job) -> Job:
    errors = {
        engine: _first_line(answer["error"])
        for engine, answer in (("javarosa", javarosa), ("xforms", xforms))
        if "error" in answer
    }
    if errors:
        return {"both": {}, "javarosa": {}, "xforms": {}, "errors": errors}
    numbers = numeric(xml)
    first, second = canonical(javarosa["nodes"], numbers), canonical(xforms["nodes"], numbers)
    return {
        "both": {p: state for p, state in first.items() if second.get(p) == state},
        "javarosa": _others(first, second),
        "xforms": _others(second, first),
        "errors": {},
    }


def _first_line(error: str) -> str:
    """The error without addresses in memory and without what differs from run to run."""
    lines = [line for line in error.splitlines() if line.strip()]
    useful = next((n for n, line in enumerate(lines) if "XPath evaluation" in line), None)
    told = lines[0] if useful is None else " ".join(lines[useful:])
    return re.sub(r"@[0-9a-f]{4,}", "", told)[:200]


def _others(mine: dict[str, NodeState], theirs: dict[str, NodeState]) -> dict[str, NodeState]:
    return {path: state for path, state in mine.items() if theirs.get(path) != state}


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _jar() -> Path:
    return Path(str(files("pyxform"))) / JAR


def _javarosa_version() -> str:
    from zipfile import ZipFile

    with ZipFile(_jar()) as jar:
        properties = jar.read("META-INF/maven/org.getodk/javarosa/pom.properties").decode()
    found = re.search(r"version=(\S+)", properties)
    assert found
    return found[1]
