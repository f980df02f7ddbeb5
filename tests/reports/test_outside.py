"""Whatever the tree: nothing late is ever told to the late unit, or to a line that must not know."""

from hypothesis import given
from hypothesis import strategies as st

from simpul.network.models import Agency, Desk
from simpul.reports import outside

REGIONS = ["53", "53.71", "53.01", "52"]


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[Agency], list[Desk]]:
    """Agencies under one network, each with its line from the root, and desks in them."""
    root = Agency(pk=1, kind="network", type="ngo", region_id="53", line=[1])
    agencies = [root]
    for pk in range(2, draw(st.integers(3, 14))):
        parent = draw(st.sampled_from(agencies))
        kind = Agency.Kind.below(parent.kind)
        type_ = draw(st.sampled_from(["uptd_ppa", "dinas", "opd"]))
        agencies.append(
            Agency(
                pk=pk, kind=kind, type=type_, region_id=draw(st.sampled_from(REGIONS)),
                parent=parent, line=[*parent.line, pk],
            )
        )  # fmt: skip
    desks = [
        Desk(pk=number, agency=draw(st.sampled_from(agencies)),
             duty=draw(st.sampled_from(["coordination", "complaints", "medical"])))
        for number in range(1, draw(st.integers(2, 12)))
    ]  # fmt: skip
    return agencies, desks


def below(agency: Agency) -> set[int]:
    """An agency and all above it but the network, told without the function under test."""
    found = set()
    one: Agency | None = agency
    while one is not None:
        if one.kind != "network" or one is agency:
            found.add(one.pk)
        one = one.parent
    return found


@given(trees(), st.data())
def test_no_escalation_lands_in_the_late_unit_or_in_a_line_that_must_not_know(
    tree: tuple[list[Agency], list[Desk]], data: st.DataObject
) -> None:
    """Not in the office itself, not below it, not above it."""
    agencies, desks = tree
    late = data.draw(st.sampled_from(desks))
    secret = data.draw(st.lists(st.sampled_from(agencies), max_size=3))
    first = data.draw(st.none() | st.sampled_from(desks))
    told = outside.choose(desks, kept_out=[late.agency, *secret], near=late, first=first)
    if told is None:
        return
    assert told.agency_id != late.agency_id
    for kept_out in [late.agency, *secret]:
        assert told.agency.pk not in below(kept_out), "neither it nor its superiors"
        assert kept_out.pk not in told.agency.line, "nor a unit below it"


@given(trees(), st.data())
def test_whoever_may_know_is_found_when_there_is_one(
    tree: tuple[list[Agency], list[Desk]], data: st.DataObject
) -> None:
    """The rule is not so careful that it tells nobody."""
    _agencies, desks = tree
    late = data.draw(st.sampled_from(desks))
    told = outside.choose(desks, kept_out=[late.agency], near=late)
    possible = [
        desk for desk in desks
        if late.agency.pk not in desk.agency.line and desk.agency.pk not in below(late.agency)
    ]  # fmt: skip
    assert (told is None) == (not possible)


def desk(pk: int, agency: Agency, duty: str = "complaints") -> Desk:
    """A desk of an agency."""
    return Desk(pk=pk, agency=agency, duty=duty)


def test_the_agreed_desk_comes_first_then_the_own_province_then_who_coordinates() -> None:
    root = Agency(pk=1, kind="network", region_id="53", line=[1])
    near = Agency(pk=2, kind="member", type="uptd_ppa", region_id="53.71", line=[1, 2])
    agreed = desk(9, Agency(pk=3, kind="member", type="uptd_ppa", region_id="52", line=[1, 3]))
    province = desk(4, Agency(pk=4, kind="member", type="uptd_ppa", region_id="53", line=[1, 4]))
    coordinating = desk(5, root, "coordination")
    late = desk(1, near)
    everybody = [agreed, province, coordinating]
    choose = outside.choose
    assert choose(everybody, kept_out=[near], near=late, first=agreed) == agreed
    assert choose(everybody, kept_out=[near], near=late) == coordinating
    assert choose([agreed, province], kept_out=[near], near=late) == province
    assert choose([agreed], kept_out=[near], near=late) == agreed
    assert choose([late], kept_out=[near], near=late) is None
    assert choose(everybody, kept_out=[near, root], near=late) is None, "all are in its line"


def test_who_coordinates() -> None:
    """A coordination desk anywhere; of the UPTD PPA the province's complaints desk."""
    province = Agency(type="uptd_ppa", region_id="53")
    regency = Agency(type="uptd_ppa", region_id="53.71")
    assert outside.coordinates(Desk(agency=regency, duty="coordination"))
    assert outside.coordinates(Desk(agency=province, duty="complaints"))
    assert not outside.coordinates(Desk(agency=regency, duty="complaints"))
    assert not outside.coordinates(Desk(agency=province, duty="medical"))
