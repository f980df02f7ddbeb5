"""What is lost, and how long nothing is accepted, when the first machine's database is killed."""

from tests import failover
from tests.load.table import Figure

GAP = 1.0  # seconds beyond the command
PERSON = 15.0  # seconds from the kill to the command


def measure() -> list[Figure]:
    """One fail-over under four people who send without pause."""
    seen = failover.run(before=200, after=50, person=PERSON)
    return [
        Figure(
            "reports lost in a fail-over", f"{'some' if seen.lost else 0} of {seen.acknowledged}",
            "0", not seen.lost,
            "every acknowledged receipt opened on the second machine, after kill -9 of the first"
            " one's server and ./simpul promote",
        ),
        Figure(
            "gap after promoting", f"{seen.gap:.2f} s", f"≤ {GAP:g} s", seen.gap <= GAP,
            f"from the end of the command ({seen.promotion:.2f} s) to the next acknowledged"
            f" report; silence in all {seen.silence:.2f} s, {PERSON:g} s of it the person",
        ),
    ]  # fmt: skip
