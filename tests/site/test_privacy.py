"""The page that says what PostgreSQL sees is what the models say."""

from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from simpul.reports.models import Report
from simpul.site.management.commands import privacy


def test_the_page_is_fresh() -> None:
    """Whoever adds a field writes it anew."""
    call_command("privacy", "--check")


@pytest.mark.parametrize("there", [None, "", "# What PostgreSQL sees\n"])
def test_a_stale_page_fails_the_check_and_is_written_anew(
    there: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """`--check` writes nothing; without it the page is true again."""
    page = tmp_path / "privacy.md"
    settings.REPO = tmp_path
    monkeypatch.setattr(privacy, "PAGE", page)
    if there is not None:
        page.write_text(there)
    with pytest.raises(SystemExit) as ended:
        call_command("privacy", "--check")
    assert ended.value.code == 1
    assert (page.read_text() if page.exists() else None) == there
    call_command("privacy")
    call_command("privacy", "--check")


def test_every_field_stands_on_the_page_with_its_class() -> None:
    """No model of ours is left out."""
    text = privacy.page()
    for model in apps.get_models():
        if model.__module__.startswith("simpul."):
            rows = text.split(f"\n## {model._meta.label}\n")[1].split("\n## ")[0]
            for field in model._meta.concrete_fields:
                assert f"| `{field.name}` | {privacy.class_of(model)[field.name]} |" in rows


def test_a_field_without_a_class_stops_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not passed over in silence."""
    monkeypatch.setattr(Report.Privacy, "internal", Report.Privacy.internal - {"urgent"})
    with pytest.raises(CommandError, match=r"reports\.Report gives no privacy class to urgent"):
        privacy.page()


def test_the_budget_holds_no_sealed_field_among_the_open_ones() -> None:
    """And every sealed one among the sealed."""
    lines = privacy.page().split("## The plaintext budget")[1].split("\n## ")[0].splitlines()
    [entry] = [line for line in lines if line.startswith("| cases.Entry |")]
    opened, sealed = entry.split(" | ")[1:]
    assert "`text`" not in opened and "`text`" in sealed and "`written_at`" in opened
