"""A release adds first and takes away later, so that the code before it still runs on its schema.

While one machine is upgraded another may still serve the older code, and a release that went wrong
is put back without a copy of the database.
"""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.db import migrations, models

REPO = Path(__file__).parents[2]
FILES = sorted(
    path for path in (REPO / "src/simpul").glob("*/migrations/0*.py") if path.stem[:4] != "0001"
)
TAKES_AWAY = (
    migrations.RemoveField,
    migrations.DeleteModel,
    migrations.RenameField,
    migrations.RenameModel,
    migrations.AlterModelTable,
)
# `room.migration`: the release since which nothing uses what goes. Older than the present one.
UNUSED_SINCE: dict[str, str] = {}


def harsh(operations: list[Any]) -> list[str]:
    """The operations after which the code of the release before would fail."""
    found = []
    for one in operations:
        if isinstance(one, migrations.SeparateDatabaseAndState):
            one_found = harsh(one.database_operations)
        elif isinstance(one, TAKES_AWAY):
            one_found = [one.describe()]
        elif isinstance(one, migrations.AddField):
            empty = one.field.null or one.field.has_db_default() or one.field.many_to_many
            one_found = [] if empty else [f"{one.describe()}: the older code leaves it out"]
        else:
            one_found = []
        found += one_found
    return found


def told(path: Path) -> str:
    """`reports.0002_words`."""
    return f"{path.parent.parent.name}.{path.stem}"


@pytest.mark.parametrize("path", FILES or [None], ids=lambda p: told(p) if p else "none yet")
def test_a_migration_only_adds(path: Path | None) -> None:
    if path is None or told(path) in UNUSED_SINCE:
        return
    room = path.parent.parent.name
    migration = import_module(f"simpul.{room}.migrations.{path.stem}").Migration
    assert harsh(migration.operations) == []


def test_what_is_taken_away_was_unused_for_a_release() -> None:
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", (REPO / "CHANGELOG.md").read_text(), re.M)
    assert set(UNUSED_SINCE) <= {told(path) for path in FILES}
    assert set(UNUSED_SINCE.values()) <= set(released)


@pytest.mark.parametrize(
    "operation",
    [
        migrations.RemoveField("case", "risk"),
        migrations.DeleteModel("case"),
        migrations.RenameField("case", "risk", "level"),
        migrations.AddField("case", "note", models.CharField(default="", max_length=9)),
        migrations.SeparateDatabaseAndState([migrations.RemoveField("case", "risk")], []),
    ],
    ids=lambda o: type(o).__name__,
)
def test_what_takes_away_is_found(operation: Any) -> None:
    assert len(harsh([operation])) == 1


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("case", "note", models.CharField(db_default="", max_length=9)),
        migrations.AddField("case", "at", models.DateTimeField(null=True)),
        migrations.AddIndex("case", models.Index(fields=["risk"], name="x")),
    ],
    ids=lambda o: type(o).__name__,
)
def test_what_adds_passes(operation: Any) -> None:
    assert harsh([operation]) == []
