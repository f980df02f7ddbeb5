"""Two hundred kills at random moments, and the table of what was being done when."""

from collections import Counter

from tests import chaos, running
from tests.load.table import Figure, note

KILLS = 200


def measure() -> list[Figure]:
    """Kills, looks, and says for each step and victim how often it was hit."""
    with running.apart() as (house, cluster):
        house.start()
        found = chaos.Chaos(house, cluster)
        with found.working():
            while sum(found.table.values()) < KILLS:
                found.kill(1)
        wrong = found.findings()
        acts = Counter(line["step"] for line in found.ledger.lines() if line["was"] == "done")
    victims = Counter(victim for _doing, victim in found.table.elements())
    steps = {step for step, _victim in found.table}
    return [
        Figure(
            "kill -9 at random moments",
            f"{len(wrong)} findings after {sum(found.table.values())} kills", "0", not wrong,
            ", ".join(wrong) or "nothing lost, nothing half done, no access outlives its consent,"
            " the chain is sound; acknowledged: "
            + ", ".join(f"{number} {step}" for step, number in acts.most_common()),
        ),
        note(
            "  of them",
            ", ".join(f"{number} {victim}" for victim, number in victims.most_common()),
            "each victim",
        ),
        *(
            note(
                f"  {step}", str(sum(n for (at, _), n in found.table.items() if at == step)),
                ", ".join(f"{n} {who}" for (at, who), n in found.table.most_common() if at == step),
            )
            for step in sorted(steps)
        ),
    ]  # fmt: skip
