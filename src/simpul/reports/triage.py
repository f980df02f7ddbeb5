"""What the answers of the first page change: who is told first, and what is urgent. Pure rules.

A skipped question changes nothing. "Don't know" opens the careful way for a child, for health and
for somebody who may be on the way; it never makes a report urgent by itself.
"""

from collections.abc import Iterable, Mapping

from simpul.network.models import Desk

URGENT = ("danger", "selfharm", "health72", "transit")
CALLS = ("danger", "selfharm")
MAYBE = {"yes", "unknown"}
# The kinds of help that show that a desk is safe for a child, or meets people who arrive.
FOR_CHILD = {"child_social_worker"}
FOR_ARRIVAL = {"migrant_help", "repatriation"}
ARRIVAL = "migrant_help"  # the kind of help whose places are shown to somebody on the way
HEALTH = "medical_72h"


def is_urgent(answers: Mapping[str, str]) -> bool:
    """Whether a desk answers within the hour."""
    return any(answers.get(question) == "yes" for question in URGENT)


def calls_first(answers: Mapping[str, str]) -> bool:
    """Whether numbers to call stand before any further question."""
    return any(answers.get(question) == "yes" for question in CALLS)


def places_first(answers: Mapping[str, str]) -> list[str]:
    """The kinds of help whose places she sees before she chooses who may know: health first."""
    found = [HEALTH] if answers.get("health72") in MAYBE else []
    return [*found, ARRIVAL] if answers.get("transit") in MAYBE else found


def in_order(
    desks: Iterable[Desk],
    answers: Mapping[str, str],
    kinds: Mapping[int, Iterable[str]],
    region: str,
) -> list[Desk]:
    """The same desks; of her province those come first that are safe for a child, or meet arrivals.

    Where she named no region, any desk may be hers. Otherwise the order stays as it was.
    """

    def later(desk: Desk) -> tuple[bool, bool]:
        is_near = not region or desk.agency.region_id[:2] == region[:2]
        given = set(kinds.get(desk.pk, ()))
        child = answers.get("child") in MAYBE and is_safe_for_children(desk, given)
        arrival = answers.get("transit") in MAYBE and bool(given & FOR_ARRIVAL)
        return not (is_near and child), not (is_near and arrival)

    return sorted(desks, key=later)


def is_safe_for_children(desk: Desk, kinds: Iterable[str]) -> bool:
    """Whether its office is there for children by its founding, or it has a social worker for them."""
    return desk.agency.type == "uptd_ppa" or bool(FOR_CHILD & set(kinds))
