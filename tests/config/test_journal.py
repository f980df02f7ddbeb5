"""The log says what kind of thing happened and where in the code, never to whom or about what."""

import json
import logging
import sys
from pathlib import Path

import pytest

from config import journal

SECRET = "tanda-rahasia"


def line(name: str, message: str, *values: object, error: Exception | None = None) -> str:
    """A record as it is written."""
    record = logging.LogRecord(
        name, logging.WARNING, f"/somewhere/{SECRET}.py", 7, message, values, None
    )
    record.module = "public"
    if error:
        record.exc_info = (type(error), error, error.__traceback__)
    return journal.Lines().format(record)


@pytest.mark.parametrize(
    ("name", "message", "values"),
    [
        ("django.request", f"Not Found: /cases/{SECRET}/", ()),
        ("django.db", "%s", (SECRET,)),
        ("waitress", SECRET, ()),
        ("simpul.door", f"door broke at {SECRET}", ()),
        ("simpul.door", "door.broken", (SECRET,)),
        ("other", "door.broken", ()),
    ],
)
def test_no_message_passes(name: str, message: str, values: tuple[object, ...]) -> None:
    said = line(name, message, *values)
    assert SECRET not in said and "cases" not in said
    ours = name.startswith("simpul") and message == "door.broken"
    assert json.loads(said)["event"] == ("door.broken" if ours else "note")


def test_an_error_is_named_by_its_kind_and_its_place_in_our_code() -> None:
    try:
        from simpul.core.access import require

        try:
            require(False)
        except Exception as error:
            raise ValueError(SECRET) from error
    except ValueError as error:
        said = line("simpul.door", "door.broken", error=error)
    told = json.loads(said)
    assert SECRET not in said
    assert told["kind"] == "ValueError"
    assert told["where"].startswith("tests.config.test_journal:")


def test_a_place_inside_a_library_is_told_as_the_line_of_ours_that_called_it() -> None:
    from simpul.vault import crypto

    try:
        crypto.unseal(b"x", b"y", b"z")
    except Exception:
        trace = sys.exc_info()[2]
    assert journal.place(trace).startswith("simpul.vault.crypto:")


def test_a_full_log_moves_aside_while_somebody_writes_to_it(tmp_path: Path) -> None:
    log = tmp_path / "public.log"
    with log.open("ab", buffering=0) as writing:
        writing.write(b"x" * 50)
        journal.rotate(tmp_path, most=100)
        assert log.stat().st_size == 50
        writing.write(b"y" * 60)
        journal.rotate(tmp_path, most=100)
        writing.write(b"new\n")
    assert log.read_bytes() == b"new\n"
    assert len((tmp_path / "public.log.1").read_bytes()) == 110
    assert (tmp_path / "public.log.1").stat().st_mode & 0o777 == 0o600


def test_the_supervisor_writes_codes_only(tmp_path: Path) -> None:
    journal.note(tmp_path / "supervisor.log", "supervisor.opened")
    assert json.loads((tmp_path / "supervisor.log").read_text())["event"] == "supervisor.opened"
    with pytest.raises(AssertionError):
        journal.note(tmp_path / "supervisor.log", f"opened {SECRET}")
