"""The exclusion matrix: each way to be kept out × each page, list, count, search, alarm and address.

The excluded is a member of the unit's desk who also signs for the unit above it. To her the world is
the same before and after a report that must not reach her: filed, taken up, shared with others.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from simpul.cases import queries as cases
from simpul.cases import sharing
from simpul.cases.actions import consents, search
from simpul.cases.identity import Card
from simpul.cases.models import Case
from simpul.cases.sharing import Closed, Excluded
from simpul.network.models import Administrator, Agency, Alarm
from simpul.reports import access as report_access
from simpul.reports import actions as reports
from simpul.reports import queries, routing
from simpul.vault import keydirectory
from simpul.vault.models import Envelope, Grant
from tests.conftest import Cast, Door
from tests.reports.pages import Page
from tests.site.test_walk import ADDRESSES, MARK

START, SEND = "/reports/", "/reports/send/"
SHAPES = [
    "the office itself", "the office above", "another office", "one desk", "a kind of office",
    "a rule of the kind", "above a superior", "a second seat",
]  # fmt: skip


def said(shape: str, cast: Cast) -> dict[str, Any]:
    """The sealed answers about the reported person that keep the desk `office` out in this way."""
    person: dict[str, Any] = {"kind": "", "office": "", "excluded": []}
    match shape:
        case "the office itself":
            return person | {"kind": "colleague", "office": str(cast.agency("bidang").ref)}
        case "the office above":
            return person | {"kind": "superior", "office": str(cast.agency("dinas").ref)}
        case "another office":
            return person | {"excluded": [str(cast.agency("dinas").ref)]}
        case "one desk":
            return person | {"desks": [str(cast.desk("office").ref)]}
        case "a kind of office":
            return person | {"types": ["government"]}
        case "a rule of the kind":
            Agency.objects.filter(pk=cast.agency("bidang").pk).update(type="polda")
            return person | {"kind": "police_military"}
        case "above a superior":
            above = [str(cast.agency("bidang").ref)]
            return person | {"kind": "superior", "office": str(uuid4()), "above": above}
    seat = (cast.desk("clinic").pk, cast.user("office").keypair_id)
    keydirectory.current().members.add(seat)
    return person | {"excluded": [str(cast.agency("hospital").ref)]}


@dataclass
class Told:
    """A report that must not reach the desk `office`, with everything that grew from it."""

    report: str
    case: Case
    codes: list[str]


def tell(cast: Cast, person: dict[str, Any]) -> Told:
    """Files, takes up, names, consents and shares; to others, each full of marks."""
    receipt = cast.file(story=f"{MARK} cerita", reported_person=person)
    case: Case = cast.open_case(receipt, label=f"{MARK} label", next_action=f"{MARK} langkah")
    now = timezone.now()
    with cast.acting("intake") as actor:
        search.identify(actor=actor, case=case, ref=uuid4(), card=Card(name=f"{MARK}"), now=now)
    consent = cast.consent(case, "shelter", ["health"])
    with cast.acting("intake") as actor:
        consents.share(actor=actor, case=case, consent=consent, compartments=["health"], now=now)
        report = report_access.get_report(actor, case.report.code)
    waiting = cast.file(story=f"{MARK} dua", reported_person=person)
    other = str(waiting.opened.pair.ref)
    return Told(
        report.code, case, [case.code, report.code, str(case.ref), str(consent.ref), other]
    )


def world(door: Door) -> dict[str, tuple[int, str]]:
    """Every page without arguments as she sees it, less what is new on each look."""
    seen = {}
    for name, arguments in ADDRESSES:
        if arguments or name in {"accounts:sign_out", "accounts:sign_in", "site:components"}:
            continue
        with override_settings(**settings.DOORS["workspace"]):
            path = reverse(name)
        answer = door.get(path)
        html = re.sub(r"<input[^>]*type=\"hidden\"[^>]*>", "", answer.content.decode())
        html = re.sub(r"data-passkey[\w-]*=\"[^\"]*\"", "", html)
        seen[name] = (answer.status_code, html)
    return seen


@pytest.fixture
def watcher(cast: Cast, sign_in: Callable[[str], Door]) -> Door:
    """A member of the excluded desk who signs for the unit above it."""
    Administrator.objects.create(
        user=cast.user("office"), agency=cast.agency("dinas"), from_at=timezone.now()
    )
    return sign_in("office")


@pytest.mark.parametrize("shape", SHAPES)
def test_to_the_excluded_nothing_has_happened(shape: str, cast: Cast, watcher: Door) -> None:
    person = said(shape, cast)
    before = world(watcher)
    told = tell(cast, person)
    after = world(watcher)
    assert before.keys() == after.keys() and len(before) > 15
    for name, page in after.items():
        assert page == before[name], name
        assert not any(word in page[1] for word in [MARK, *told.codes]), name
    for name, arguments in ADDRESSES:
        if arguments != ["case_code"] and arguments != ["code"]:
            continue
        code = told.case.code if arguments == ["case_code"] else told.report
        with override_settings(**settings.DOORS["workspace"]):
            path = reverse(name, args=[code])
        answer = watcher.get(path)
        assert answer.status_code in {403, 404, 405}, name
        assert MARK not in answer.content.decode(), name
    found = watcher.post("/cases/search/", {"name": MARK, "reason": "returned"})
    assert told.case.code not in found.content.decode()
    assert not Alarm.objects.filter(agency__line__contains=[cast.agency("dinas").pk]).exists()


@pytest.mark.parametrize("shape", SHAPES)
def test_no_key_ever_reaches_the_excluded(shape: str, cast: Cast) -> None:
    told = tell(cast, said(shape, cast))
    records = list(Envelope.objects.values_list("record", flat=True))
    office = cast.desk("office")
    assert told.case.ref in records
    assert not Grant.objects.filter(desk=office.pk).exists()
    now = timezone.now()
    with cast.acting("intake") as actor:
        assert office.pk in sharing.kept_out(actor, told.case)
        offered = {desk.pk for desk in cases.partners(actor, told.case)}
        assert office.pk not in offered and cast.desk("shelter").pk in offered
        with pytest.raises(Excluded):
            consents.record_consent(
                actor=actor, case=told.case, ref=uuid4(), desk=office, compartments=["health"],
                purpose="service", until=now.date().replace(year=now.year + 1), given="spoken",
                now=now,
            )  # fmt: skip
    assert not Grant.objects.filter(desk=office.pk).exists()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_excluded_is_neither_offered_nor_the_fallback(shape: str, cast: Cast) -> None:
    office = cast.desk("office")
    type(office).objects.filter(pk=office.pk).update(fallback=True)
    person = said(shape, cast)
    keep_out, rules = routing.exclusion(person), routing.route(person["kind"])
    for region in ("", "53", "53.71", "53.17"):
        offered = queries.receivers(region, keep_out, rules=rules)
        assert offered and office not in offered
        fallback = queries.fallback_for(offered[0], keep_out, region=region, rules=rules)
        assert fallback != office


def test_what_is_not_kept_out_would_have_been_seen(cast: Cast, watcher: Door) -> None:
    """A matrix that finds nothing either way proves nothing."""
    before = world(watcher)
    cast.file("office", story=f"{MARK} cerita")
    after = world(watcher)
    assert before["reports:inbox"] != after["reports:inbox"]
    assert before["site:home"] != after["site:home"]
    with cast.acting("intake"):
        assert cast.desk("office") in queries.receivers("53.71", routing.Exclusion())


def test_a_report_that_wakes_wakes_nobody_who_was_kept_out(cast: Cast) -> None:
    """The worker has no key: it wakes only what was sealed at filing."""
    person = {"kind": "", "office": str(cast.agency("province").ref), "excluded": []}
    keep_out = routing.exclusion(person)
    receiver = queries.receivers("53.71", keep_out)[0]
    assert queries.fallback_for(receiver, keep_out) is None
    receipt = cast.file(fallback=None, reported_person=person)
    with cast.acting("intake") as actor:
        ref = report_access.visible_reports(actor).get().ref
    reports.wake(actor=reports.Filing(), report=ref)
    assert not Grant.objects.filter(desk=cast.desk("fallback").pk).exists()
    assert receipt.outcome == "filed"


def test_a_closed_part_is_not_taken_for_silence(cast: Cast) -> None:
    """Who must not know was said and cannot be read any more: then nobody more may know."""
    told = tell(cast, said("the office itself", cast))
    closed = Grant.objects.filter(
        envelope__record=told.case.ref, envelope__compartment="reported_person", desk__isnull=False
    )
    closed.filter(desk=cast.desk("intake").pk).update(state="ended", ended_at=timezone.now())
    for desk in ("office", "clinic"):
        with pytest.raises(Closed):
            cast.consent(told.case, desk, ["health"])
    with cast.acting("intake") as actor:
        assert cases.partners(actor, told.case) == []
    silent = cast.open_case(cast.file(reported_person={}))
    assert cast.consent(silent, "clinic", ["health"])


# --- At the public door -------------------------------------------------------------------------


def press(door: Door, page: Page, go: str, address: str, **typed: Any) -> Page:
    """Presses a button of the form on the screen, after typing."""
    values = page.form(address) | typed | {"go": [go]}
    return Page(door.post(address, values).content.decode())


@pytest.fixture
def last(cast: Cast, public: Door) -> Page:
    """The third page of a report from the city."""
    page = Page(public.get(START).content.decode())
    page = press(public, page, "next", START)
    return press(public, page, "next", START, region=["53.71"])


def test_a_desk_at_which_that_person_works_is_taken_back_and_given_back(
    cast: Cast, public: Door, last: Page
) -> None:
    intake = str(cast.desk("intake").ref)
    assert intake in last.offers["desks"]
    page = press(public, last, "more", SEND, desks=[intake], story=["takut"])
    assert intake not in page.offers["receiver"]
    assert page.form(SEND)["desks"] == [intake]
    assert page.form(SEND)["story"] == ["takut"]
    back = press(public, page, "more", SEND, desks=[])
    assert intake in back.offers["receiver"]


def test_a_kind_of_office_is_shut_out_by_one_press_and_sealed(
    cast: Cast, public: Door, last: Page
) -> None:
    office = str(cast.desk("office").ref)
    assert office in last.offers["receiver"]
    page = press(public, last, "more", SEND, types=["government", "nonsense"])
    assert office not in page.offers["receiver"]
    sent = press(public, page, "send", SEND, fallback=["yes"])
    assert "Laporan Anda sudah masuk" in sent.html
    with cast.acting("intake") as actor:
        report = report_access.visible_reports(actor).get()
        answers = reports.read(actor=actor, report=report).answers
    assert answers["reported_person"]["types"] == ["government"]
    assert "nonsense" not in str(answers)


def test_whoever_shuts_out_everybody_can_take_it_back_and_has_other_doors(
    cast: Cast, public: Door, last: Page
) -> None:
    desks = [str(cast.desk(key).ref) for key in ("intake", "office", "fallback")]
    page = press(public, last, "more", SEND, desks=desks, story=["semua kata"])
    assert "Semua tempat sudah Anda kecualikan." in page.html
    assert "SAPA 129" in page.html and 'href="tel:129"' in page.html
    assert sorted(page.form(SEND)["desks"]) == sorted(desks)
    assert page.form(SEND)["story"] == ["semua kata"]
    again = press(public, page, "more", SEND, desks=[])
    assert str(cast.desk("intake").ref) in again.offers["receiver"]
    assert again.form(SEND)["story"] == ["semua kata"]
    there = press(public, press(public, page, "back", START), "next", START)
    assert there.form(SEND)["story"] == ["semua kata"]
    assert sorted(there.form(SEND)["desks"]) == sorted(desks)


def test_a_receiver_shut_out_after_it_was_chosen_receives_nothing(
    cast: Cast, public: Door, last: Page
) -> None:
    intake = str(cast.desk("intake").ref)
    sent = press(public, last, "send", SEND, receiver=[intake], desks=[intake], story=["x"])
    assert "Pilih tempat lain" in sent.html
    assert sent.form(SEND)["story"] == ["x"]
    assert not Grant.objects.filter(desk=cast.desk("intake").pk).exists()


def test_a_served_citizen_reads_nothing_of_dismissal(cast: Cast, public: Door, last: Page) -> None:
    work = "Anda tidak boleh dipecat"
    assert work in last.html
    for kind, shown in (("service_officer", False), ("aid_worker", False), ("superior", True)):
        page = press(public, last, "back", SEND)
        page = press(public, page, "next", START, kind=[kind])
        assert (work in page.html) == shown, kind
        assert "belum dicocokkan" in page.html
        assert "Pikirkan dulu sebelum ke sini" in page.html
