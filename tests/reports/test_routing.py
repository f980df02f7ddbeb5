"""Which way a report goes: every kind of person × every kind of agency, and what is always left."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launch.var import REPO
from simpul.core import content as texts
from simpul.directory import queries as directory
from simpul.network.models import Agency, Desk
from simpul.reports import content, queries, routing
from simpul.reports.routing import Exclusion
from tests.conftest import Cast

CONTENT = REPO / "src/simpul/directory/content"
KINDS = ["", *content.raw()["reported_kind"]]
TYPES = [str(code) for code in Agency.Type.values]
DUTIES = [str(duty) for duty in Desk.Duty.values]
DOORS = texts.load(CONTENT / "doors.toml")["door"]
RULES = routing.raw()


# --- The rules themselves -------------------------------------------------------------------------


def test_every_kind_that_can_be_chosen_or_was_ever_chosen_has_a_rule() -> None:
    assert set(RULES["kind"]) == set(content.raw()["reported_kind"])
    for code, row in RULES["kind"].items():
        retired = content.raw()["reported_kind"][code].get("retired", False)
        assert ("as" in row) == retired, code


@pytest.mark.parametrize("kind", [k for k in KINDS if k])
def test_every_kind_has_an_honest_answer_and_a_door_outside(kind: str) -> None:
    rules = routing.route(kind)
    assert routing.says(kind)
    assert directory.outside(rules.doors)
    assert routing.warnings(kind)
    assert not rules.first & rules.last
    assert not rules.first & rules.excluded


def test_every_code_in_the_rules_is_a_code_of_something() -> None:
    for code, row in RULES["kind"].items():
        if "as" in row:
            assert "as" not in RULES["kind"][row["as"]], code
            continue
        named = {*row.get("first", []), *row.get("last", []), *row.get("excluded", [])}
        assert named <= set(TYPES), code
        assert {*row.get("also", []), *row.get("last_duties", [])} <= set(DUTIES), code
        assert set(row["doors"]) <= set(DOORS), code
        assert set(row["warned"]) <= set(RULES["warning"]), code
        assert row["mark"], code
    assert set(RULES["for_whom"]) < set(content.raw()["for_whom"])
    assert all(set(row["doors"]) <= set(DOORS) for row in RULES["for_whom"].values())
    assert all(set(row["types"]) <= set(TYPES) for row in RULES["person_type"].values())
    assert all(row["mark"] for row in RULES["warning"].values())
    hotlines = {r["code"] for r in texts.load(CONTENT / "hotlines.toml")["hotline"]}
    assert {row["hotline"] for row in DOORS.values() if "hotline" in row} <= hotlines


def test_what_nobody_has_confirmed_is_not_called_confirmed() -> None:
    for code, row in DOORS.items():
        unsure = {"M", "U"} & set(row["mark"].replace(" ", "").split(","))
        assert not (unsure and row["verified"]), code


def test_employment_is_never_spoken_of_to_who_was_served_or_aided() -> None:
    for kind in ("service_officer", "civil_servant", "aid_worker"):
        assert not routing.route(kind).is_work
    assert routing.route("colleague").is_work and routing.route("employer").is_work


def test_the_un_has_its_own_form_and_the_police_are_not_examined_by_their_station() -> None:
    assert routing.route("aid_worker").doors[0] == "un_form"
    assert "own_station" in routing.route("police_military").warned
    assert routing.route("police_military").doors[0] == "propam"
    for kind in ("colleague", "superior", "service_officer"):
        assert "sp4n" in routing.route(kind).warned


def test_a_kind_that_is_no_longer_offered_can_still_be_read() -> None:
    offered = dict(content.choices("reported_kind"))
    known = dict(content.choices("reported_kind", retired=True))
    for code in ("civil_servant", "employer", "community_leader"):
        assert code not in offered
        assert known[code]


# --- Every kind × every type of agency × every duty ------------------------------------------------


def network(place: list[int]) -> list[Desk]:
    """A desk of every type of agency and duty, receiving and fallback, in one place after another."""
    pairs = list(product(TYPES, DUTIES))
    regions = ["53.71", "53", "53.17", "53.07"]
    desks = []
    for number, (kind, duty) in enumerate(pairs):
        agency = Agency(pk=1000 + number, type=kind, region_id=regions[place[0] * number % 4])
        agency.line = [1, agency.pk]
        desks.append(Desk(pk=1000 + number, agency=agency, name=f"{kind} {duty}", duty=duty))
    return desks


@pytest.fixture
def crowd(db: None, monkeypatch: pytest.MonkeyPatch) -> list[Desk]:
    """What could be offered, were nobody kept out."""
    desks = network([1])
    monkeypatch.setattr(queries.network, "vouched", lambda rows: desks)
    monkeypatch.setattr(queries.directory, "kinds_of", lambda ds: {d.pk: [] for d in ds})

    def kept_out(keep_out: Exclusion) -> set[int]:
        return {
            d.pk
            for d in desks
            if keep_out.keeps_out(str(d.ref), d.agency.type, ["root", f"a{d.agency_id}"])
        }

    monkeypatch.setattr(queries.access, "kept_out", kept_out)
    return desks


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_rule_keeps_out_is_never_offered_and_never_the_fallback(
    kind: str, crowd: list[Desk]
) -> None:
    """The whole matrix: for each kind, each desk of each type and duty as the person's own."""
    rules = routing.route(kind)
    for own in crowd:
        said: dict[str, Any] = {"kind": kind, "office": f"a{own.agency_id}"}
        keep_out = routing.exclusion(said)
        offered = queries.receivers("53.71", keep_out, rules=rules)
        assert own not in offered
        assert not {desk.agency.type for desk in offered} & rules.excluded
        assert offered or rules.doors
        if offered:
            best = min(rules.rank(d.agency.type, d.duty) for d in offered)
            assert rules.rank(offered[0].agency.type, offered[0].duty) == best
            fallback = queries.fallback_for(offered[0], keep_out, rules=rules)
            assert fallback is not None
            assert fallback != own and fallback.agency_id != offered[0].agency_id
            assert fallback.agency.type not in rules.excluded


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_office_that_she_shuts_out_is_nowhere(kind: str, crowd: list[Desk]) -> None:
    rules = routing.route(kind)
    for chosen, row in RULES["person_type"].items():
        keep_out = routing.exclusion({"kind": kind, "types": [chosen]})
        offered = queries.receivers("53.17", keep_out, rules=rules)
        assert offered
        assert not {desk.agency.type for desk in offered} & set(row["types"]), chosen
        fallback = queries.fallback_for(offered[0], keep_out, rules=rules)
        assert fallback is not None and fallback.agency.type not in row["types"]


def test_whoever_shuts_out_everybody_still_has_a_door_outside(crowd: list[Desk]) -> None:
    everybody = Exclusion(types=frozenset(TYPES))
    assert queries.receivers("53.71", everybody) == []
    assert all(directory.outside(routing.route(kind).doors) for kind in KINDS)


@given(
    st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True),
    st.sets(st.sampled_from("abcdef")),
    st.sets(st.sampled_from("abcdef")),
)
def test_below_an_office_everything_is_kept_out_and_above_only_its_own_desks(
    place: list[str], offices: set[str], alone: set[str]
) -> None:
    keep_out = Exclusion(agencies=frozenset(offices), alone=frozenset(alone))
    expected = bool(offices & set(place)) or place[-1] in alone
    assert keep_out.keeps_out("desk", "ngo", place) == expected


def test_only_a_superior_has_those_above_kept_out() -> None:
    assert routing.above("superior", ["dinas", "bidang", "seksi"]) == ["dinas", "bidang"]
    assert routing.above("colleague", ["dinas", "bidang"]) == []
    assert routing.above("superior", []) == []


# --- In the cast's network ---------------------------------------------------------------------------


def test_a_superiors_superiors_are_not_offered(cast: Cast) -> None:
    """The unit below is the person's; the dinas above it is her line."""
    said = {"kind": "superior", "office": str(cast.agency("bidang").ref)}
    said["above"] = [str(cast.agency("dinas").ref)]
    assert cast.desk("office") not in queries.receivers("53.71", routing.exclusion(said))


def test_a_desk_where_somebody_of_the_office_sits_is_not_offered(cast: Cast) -> None:
    """Whoever sits at two desks would read at the one what must not reach the other."""
    from simpul.vault import keydirectory

    everybody = queries.receivers("53.71", Exclusion())
    assert cast.desk("intake") in everybody
    keydirectory.current().members.add((cast.desk("office").pk, cast.user("intake").keypair_id))
    said = {"office": str(cast.agency("dinas").ref)}
    offered = queries.receivers("53.71", routing.exclusion(said))
    assert cast.desk("intake") not in offered
    assert cast.desk("fallback") in offered


def test_where_a_regency_has_no_uptd_the_dinas_comes_first_and_then_the_province(
    cast: Cast,
) -> None:
    """UU 12/2022: until there is a UPTD the dinas does its work; after a day the province."""
    Agency.objects.filter(pk=cast.agency("bidang").pk).update(type="dinas", region="53.17")
    first = queries.receivers("53.17", Exclusion())[0]
    assert first == cast.desk("office")
    fallback = queries.fallback_for(first, Exclusion(), region="53.17")
    assert fallback == cast.desk("fallback")
    assert fallback.agency.region_id == "53" and fallback.agency.type == "uptd_ppa"
    assert queries.receivers("53.71", Exclusion())[0] == cast.desk("intake")  # it has its own


def test_the_stand_in_never_comes_first_when_it_is_the_persons_own(cast: Cast) -> None:
    Agency.objects.filter(pk=cast.agency("bidang").pk).update(type="dinas", region="53.17")
    said = {"kind": "colleague", "office": str(cast.agency("dinas").ref)}
    offered = queries.receivers("53.17", routing.exclusion(said), rules=routing.route("colleague"))
    assert offered and cast.desk("office") not in offered
