"""kill -9 at random moments, while reports are filed, taken up, shared, referred and withdrawn."""

from tests import running
from tests.chaos import Chaos


def test_twenty_kills_lose_nothing_and_leave_nothing_half_done() -> None:
    """What was acknowledged is there and whole; what was taken back opens nothing; the chain is sound."""
    with running.apart() as (house, cluster):
        house.start()
        chaos = Chaos(house, cluster)
        with chaos.working():
            chaos.kill(20)
        killed = {victim for _step, victim in chaos.table}
        assert chaos.findings() == []
        assert len(killed) > 3 and chaos.ledger.done("withdrawing")
