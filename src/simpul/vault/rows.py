"""Rows on their way to the public door's functions, and rows compared with what was audited."""

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.db.models import Model

from simpul.vault import pieces
from simpul.vault.crypto import sha256
from simpul.vault.envelopes import ciphertext
from simpul.vault.fields import SealedField
from simpul.vault.models import AuditLine, SealedFile, SealedRow

BATCH = 16  # rows in memory at once; an attachment may be 8 MiB


def as_json(row: Model) -> dict[str, Any]:
    """A row as `jsonb_populate_record` takes it: column → value."""
    return {
        f.column or f.attname: _plain(getattr(row, f.attname)) for f in row._meta.concrete_fields
    }


def call(function: str, argument: Any) -> Any:
    """Calls a database function with one JSON argument and returns its single value."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s::jsonb)", [json.dumps(argument)])
        return cursor.fetchone()[0]


def _plain(value: Any) -> Any:
    match value:
        case bytes() | memoryview():
            return "\\x" + bytes(value).hex()
        case UUID() | datetime():
            return str(value)
        case list():
            return [_plain(item) for item in value]
    return value


def sealed_models() -> list[type[SealedRow]]:
    """Every model with a sealed field."""
    return [
        model
        for model in apps.get_models()
        if issubclass(model, SealedRow)
        and any(isinstance(f, SealedField) for f in model._meta.concrete_fields)
    ]


LAST = """
SELECT DISTINCT ON (l.row) l.row, l.content FROM vault_auditline l
WHERE l.row = ANY (%s) AND l.content IS NOT NULL ORDER BY l.row, l.id DESC
"""


def rolled_back() -> Iterator[str]:
    """Names every row whose ciphertext is not the one that was written last, or was never written.

    A file's row stands for its pieces: one that is missing, altered or added is named with it.
    """
    for model in sealed_models():
        rows = model._default_manager.order_by("pk").iterator(BATCH)
        while batch := list(islice(rows, BATCH)):
            with connection.cursor() as cursor:
                cursor.execute(LAST, [[row.ref for row in batch]])
                written = {ref: bytes(content) for ref, content in cursor.fetchall()}
            for row in batch:
                if written.get(row.ref) != sha256(ciphertext(row)):
                    yield f"{model._meta.label} {row.ref}"
                elif isinstance(row, SealedFile) and pieces.are_altered(row):
                    yield f"{model._meta.label} {row.ref}: its pieces"


def is_last(row: SealedRow) -> bool:
    """Whether a row's ciphertext is the one that was audited last."""
    line = AuditLine.objects.filter(row=row.ref, content__isnull=False).order_by("-id").first()
    return line is not None and bytes(line.content or b"") == sha256(ciphertext(row))
