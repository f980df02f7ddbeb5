"""Writes docs/generated/privacy.md: every field of every model with its privacy class."""

import sys
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.management.base import BaseCommand, CommandError
from django.db import models

from simpul.vault.fields import SealedField

PAGE = settings.REPO / "docs" / "generated" / "privacy.md"
CLASSES = {
    "public": "anybody may know it; the public door reads it",
    "internal": "a reference, state, desk, time, key or size; it names and describes no survivor",
    "personal": "it names a person who works here; colleagues read it",
    "sealed": "ciphertext, padded in size; it opens with a live grant and nowhere else",
}
HEAD = """\
# What PostgreSQL sees

Written by `python -m django privacy` from the models; do not edit. `./simpul check` fails when it is
stale, and a test fails when a field has no class.

| class | meaning |
|---|---|
"""
BUDGET = """\

## The plaintext budget

What a stolen database, a backup or the database's administrator shows without any key. Fields of the
class `public` are left out: they are no secret. What this means for a survivor is told in the
[threat model](../threat-model.md).

| model | lies open | sealed |
|---|---|---|
"""


class Command(BaseCommand):
    """Needs no database."""

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        """`--check` compares and writes nothing."""
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Writes the page; with --check it exits with 1 when the page is not what the models say."""
        text = page()
        if not options["check"]:
            PAGE.write_text(text)
        elif not PAGE.exists() or PAGE.read_text() != text:
            self.stderr.write(
                f"{PAGE.relative_to(settings.REPO)} is stale; run: python -m django privacy"
            )
            sys.exit(1)


def page() -> str:
    """The whole page. Raises CommandError for a field without a class."""
    ours = sorted(
        (m for m in apps.get_models() if m.__module__.startswith("simpul.")),
        key=lambda model: model._meta.label,
    )
    classes = "".join(f"| `{name}` | {meaning} |\n" for name, meaning in CLASSES.items())
    return HEAD + classes + BUDGET + "".join(map(budget, ours)) + "".join(map(section, ours))


def budget(model: type[models.Model]) -> str:
    """The line of a model in the budget; empty when all of it is public."""
    told = class_of(model)
    unsealed = [f"`{name}`" for name, kind in told.items() if kind in {"internal", "personal"}]
    sealed = [f"`{name}`" for name, kind in told.items() if kind == "sealed"]
    if not unsealed and not sealed:
        return ""
    return f"| {model._meta.label} | {', '.join(unsealed)} | {', '.join(sealed) or '–'} |\n"


def section(model: type[models.Model]) -> str:
    """The table of a model: field, class, meaning."""
    told = class_of(model)
    purpose = " ".join((model.__doc__ or "").split("\n\n")[0].split())
    rows = "".join(
        f"| `{field.name}` | {told[field.name]} | {meaning(field)} |\n"
        for field in model._meta.concrete_fields
    )
    label, table = model._meta.label, model._meta.db_table
    return (
        f"\n## {label}\n\n{purpose} Table `{table}`.\n\n"
        f"| field | class | meaning |\n|---|---|---|\n{rows}"
    )


def class_of(model: type[models.Model]) -> dict[str, str]:
    """The class of each field, in the order of the columns."""
    privacy = getattr(model, "Privacy", None)
    told = {name: kind for kind in CLASSES for name in getattr(privacy, kind, ())}
    names = [field.name for field in model._meta.concrete_fields]
    if missing := [name for name in names if name not in told]:
        raise CommandError(f"{model._meta.label} gives no privacy class to {', '.join(missing)}")
    return {name: told[name] for name in names}


def meaning(field: "models.Field[Any, Any]") -> str:
    """What a field holds, in words: what its help text says, and of what kind it is."""
    said = str(field.help_text).rstrip(".")
    return f"{said}. {kind(field)}" if said else kind(field)


def kind(field: "models.Field[Any, Any]") -> str:
    """Of what kind a field's values are."""
    if isinstance(field, ArrayField):
        inner = kind(field.base_field)
        return f"Several: {inner[0].lower()}{inner[1:]}"
    if isinstance(field, SealedField):
        return "Sealed content"
    if isinstance(field, models.ForeignKey):
        return f"Which `{field.related_model._meta.label}`"
    if field.choices:
        return "One of " + ", ".join(f"`{code}`" for code, _label in field.flatchoices)
    return KINDS.get(field.get_internal_type(), field.get_internal_type())


KINDS = {
    "UUIDField": "Random reference",
    "DateTimeField": "Moment",
    "DateField": "Day",
    "BooleanField": "Yes or no",
    "BinaryField": "Bytes",
    "CharField": "Short text",
    "TextField": "Text",
    "JSONField": "Values",
    "BigAutoField": "Row number",
    "BigIntegerField": "Number",
    "IntegerField": "Number",
    "PositiveIntegerField": "Number",
    "PositiveSmallIntegerField": "Number",
}
