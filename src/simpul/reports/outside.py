"""Which desk outside the unit is told when something is late: never the line of whom must not know."""

from collections.abc import Collection, Iterable

from simpul.network.models import Agency, Desk


def is_in_line(desk: Desk, agency: Agency) -> bool:
    """Whether the desk sits in the agency, in a unit below it, or in one that stands above it.

    The network stands above all and is nobody's superior.
    """
    own = desk.agency
    return agency.pk in own.line or (own.pk in agency.line and own.kind != Agency.Kind.NETWORK)


def choose(
    desks: Iterable[Desk], *, kept_out: Collection[Agency], near: Desk, first: Desk | None = None
) -> Desk | None:
    """The desk that is told: `first` where it may know, else the nearest that coordinates; or none.

    `kept_out` are the late unit and every office that must not know, each with its whole line.
    """
    province = near.agency.region_id[:2]
    possible = [*([first] if first else []), *sorted(desks, key=_order(province))]
    return next(
        (desk for desk in possible if not any(is_in_line(desk, out) for out in kept_out)), None
    )


def coordinates(desk: Desk) -> bool:
    """Whether a desk looks after others: coordination, or the complaints desk of a province's UPTD PPA."""
    if desk.duty == Desk.Duty.COORDINATION:
        return True
    return (
        desk.duty == Desk.Duty.COMPLAINTS
        and desk.agency.type == Agency.Type.UPTD_PPA
        and len(desk.agency.region_id) == 2
    )


def _order(province: str):  # type: ignore[no-untyped-def]
    def order(desk: Desk) -> tuple[bool, bool, int]:
        return (
            desk.agency.region_id[:2] != province,
            desk.duty != Desk.Duty.COORDINATION,
            desk.pk,
        )

    return order
