"""Runs the measurements that are named, or all; exit code 1 when a promise is missed.

`python -m tests.load [NAME …]`
"""

import argparse
import importlib
import os
import sys
import time
import traceback
from collections.abc import Sequence

from tests.load.table import Figure, broken, footer, show

# On the whole product with the invented network: at rest first, and before another PostgreSQL
# shares its memory.
ON_DEMO = ("memory", "weight")
# On the cast of the tests, in a PostgreSQL of its own.
ON_CAST = (
    "filing", "case_page", "worklists", "crowd", "slow_phones", "flood", "phone", "reseal", "chain",
    "search", "files", "backup", "questionnaires",
)  # fmt: skip
# On instances of their own, whose processes are killed.
ON_RUINS = ("chaos", "failover")
ARGON = 64 * 1024 * 1024  # bytes, as in production


def main() -> int:
    """Measures, prints the table, gives back the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="MEASUREMENT", help=", ".join(ON_DEMO + ON_CAST + ON_RUINS)
    )
    wanted = parser.parse_args().names or [*ON_DEMO, *ON_CAST, *ON_RUINS]
    if unknown := set(wanted) - {*ON_DEMO, *ON_CAST, *ON_RUINS}:
        parser.error(f"not a measurement: {', '.join(sorted(unknown))}")
    before, began = os.getloadavg(), time.monotonic()
    figures = _on_demo([name for name in ON_DEMO if name in wanted])
    figures += _on_cast([name for name in ON_CAST + ON_RUINS if name in wanted])
    show(figures, footer(before, time.monotonic() - began))
    return 0 if all(one.holds for one in figures) else 1


def _on_demo(names: Sequence[str]) -> list[Figure]:
    if not names:
        return []
    from tests.load import supervised

    try:
        with supervised.demo() as instance:
            return [figure for name in names for figure in _measure(name, instance)]
    except RuntimeError as reason:
        return [broken(name, reason) for name in names]


def _on_cast(names: Sequence[str]) -> list[Figure]:
    if not names:
        return []
    from tests import instance  # noqa: F401 — makes the cluster and the cast

    os.environ["SIMPUL_ARGON_MEMORY"] = str(ARGON)
    import django

    django.setup()
    return [figure for name in names for figure in _measure(name)]


def _measure(name: str, *given: object) -> list[Figure]:
    print(f"… {name}", file=sys.stderr, flush=True)
    try:
        figures: list[Figure] = importlib.import_module(f"tests.load.{name}").measure(*given)
    except Exception as reason:  # the others are still worth measuring
        traceback.print_exc()
        return [broken(name, reason)]
    return figures


if __name__ == "__main__":
    sys.path.insert(0, "src")
    sys.exit(main())
