"""How long the server works on the pages of a case with much in it."""

from functools import partial
from statistics import median
from uuid import uuid4

from django.utils import timezone

from simpul.cases.actions import files
from simpul.vault.models import Compartment
from tests.load import people
from tests.load.table import Figure
from tests.load.timing import at, signed_in, timed

MOST, RUNS = 0.030, 40  # seconds
PARTS = [part for part in Compartment.values if part != Compartment.REPORTED_PERSON]
PAGES = {"notes": "notes/", "summary": ""}


def measure() -> list[Figure]:
    """A case with entries in nine compartments, opened again and again by its owner."""
    cast, now = people.cast(), timezone.now()
    [case] = people.take_up(cast, people.file_many(cast, 1, now), now)
    for part in PARTS:
        with cast.acting("intake") as actor:
            files.write(
                actor=actor, case=case, ref=uuid4(), compartment=part, now=now,
                text=f"Catatan tentang {part}. " * 12,
            )  # fmt: skip
    figures = []
    with at(signed_in(cast, "intake")) as client:
        for name, path in PAGES.items():
            url = f"/cases/{case.code}/{path}"
            assert client.get(url).status_code == 200, url
            runs = [timed(partial(client.get, url)) for _ in range(RUNS)]
            server = median(run.server for run in runs)
            wall = median(run.wall for run in runs)
            processor = median(run.processor for run in runs)
            figures.append(
                Figure(
                    f"a case's {name}, entries in {len(PARTS)} compartments",
                    f"{1000 * server:.1f} ms", f"≤ {1000 * MOST:.0f} ms", server <= MOST,
                    f"server time, median of {RUNS} in this process under the door's role;"
                    f" {1000 * processor:.1f} ms of it on the processor,"
                    f" {1000 * wall:.1f} ms with its {runs[0].queries} statements",
                )
            )  # fmt: skip
    return figures
