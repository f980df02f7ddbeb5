"""The database of the first machine is killed under real doors; a person promotes the second."""

from tests import failover


def test_no_acknowledged_report_is_lost_and_the_doors_find_the_other_machine() -> None:
    """Every receipt that was shown opens its report on the second machine, within moments."""
    seen = failover.run(before=30, after=10, person=0.5)
    assert not seen.lost, seen
    assert seen.gap <= 3, seen
