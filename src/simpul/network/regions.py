"""The regions of Indonesia from `content/regions.csv`."""

import csv
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from django.db.models import QuerySet

from simpul.network.models import Region

CONTENT = Path(__file__).parent / "content" / "regions.csv"


def load() -> int:
    """Brings the table to the file's state; returns how many rows the file has."""
    with CONTENT.open(encoding="utf-8", newline="") as file:
        rows = [
            Region(
                kode_kemendagri=row["kode_kemendagri"],
                kode_bps=row["kode_bps"],
                name=row["name"],
                kind=row["kind"],
                parent_id=row["parent"] or None,
                zone=row["zone"],
            )
            for row in csv.DictReader(file)
        ]
    if Region.objects.count() != len(rows):
        Region.objects.bulk_create(
            sorted(rows, key=lambda row: len(row.kode_kemendagri)),
            update_conflicts=True,
            unique_fields=["kode_kemendagri"],
            update_fields=["kode_bps", "name", "kind", "parent", "zone"],
        )
    by_province.cache_clear()
    return len(rows)


@cache
def by_province(first: str = "53") -> list[tuple[str, list[tuple[str, str]]]]:
    """Regencies and cities grouped by province for a select; the province named `first` leads."""
    rows: QuerySet[Region] = Region.objects.filter(parent__isnull=False).select_related("parent")
    groups: dict[tuple[bool, str], list[tuple[str, str]]] = {}
    for row in rows.order_by("kode_kemendagri"):
        assert row.parent is not None
        group = (row.parent_id != first, row.parent.name)
        groups.setdefault(group, []).append((row.pk, row.name))
    return [(name, places) for (_other, name), places in sorted(groups.items())]


def names(codes: Iterable[str]) -> dict[str, str]:
    """The names of regions by their Kemendagri codes; a code that is none is left out."""
    rows = Region.objects.filter(pk__in=set(codes)).order_by("pk")
    return dict(rows.values_list("kode_kemendagri", "name"))
