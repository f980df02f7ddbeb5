"""Seven people from one ship: one arrival, a file each, and nobody reads another's."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from simpul.cases import access, queries
from simpul.cases.actions import arrivals, consents
from simpul.cases.actions.arrivals import Full, NotAGroup
from simpul.cases.models import Arrival, Case
from simpul.core.access import NotYourDuty
from simpul.reports import reading
from simpul.reports.access import get_by_receipt
from simpul.vault import context, receipts
from simpul.vault.models import AuditLine, Envelope, Grant
from simpul.vault.receipts import Opened
from tests.conftest import Cast, Door
from tests.reports.pages import Page

GROUP = {
    "needs": ["home"], "region": "53.71", "for_whom": "group", "size": "some",
    "place": "Pelabuhan contoh", "on": "2026-11-20",
}  # fmt: skip


@pytest.fixture
def group(cast: Cast) -> Case:
    """A case that was opened from a group's report."""
    office = str(cast.agency("dinas").ref)
    receipt = cast.file(
        notes=GROUP, reported_person={"kind": "recruiter", "office": office, "excluded": []}
    )
    case: Case = cast.open_case(receipt, reporter_is_survivor=False)
    return case


def words() -> Opened:
    """A fresh receipt."""
    return receipts.open_words(receipts.words_of(receipts.new_token()), filing=True)


def add(cast: Cast, case: Case, receipt: Opened | None = None, key: str = "intake") -> Case:
    """Opens a file for one of them."""
    now = timezone.now()
    with cast.acting(key) as actor:
        return arrivals.add(
            actor=actor, case=case, receipt=receipt or words(), label="orang", risk="low",
            next_action="Bertemu", due_at=now + timedelta(hours=3), now=now,
        )  # fmt: skip


def said(receipt: Opened) -> dict[str, dict[str, Any]]:
    """What a receipt opens."""
    with context.opened("public", receipt=receipt.lookup):
        return reading.read_own(get_by_receipt(receipt.pair)).answers


def test_seven_people_are_one_arrival_and_seven_files(cast: Cast, group: Case) -> None:
    each = [words() for _one in range(7)]
    files = [add(cast, group, receipt) for receipt in each]
    assert len({one.ref for one in files} | {group.ref}) == 8
    with cast.acting("intake") as actor:
        assert queries.arrivals(actor, group) == files
        assert {queries.group_of(actor, one) for one in files} == {group}
    assert len({one.report.keypair_id for one in files}) == 7
    for one in files:  # no key of one file opens another
        records = [one.report.ref, one.report.dialogue]
        holders = Grant.objects.filter(envelope__record__in=records, desk=None)
        assert set(holders.values_list("recipient", flat=True)) == {one.report.keypair_id}


def test_a_member_of_the_group_reads_nothing_of_the_others(cast: Cast, group: Case) -> None:
    first, second = words(), words()
    one, other = add(cast, group, first), add(cast, group, second)
    with context.opened("public", receipt=first.lookup):
        reporter = get_by_receipt(first.pair)
        assert reporter.report.ref == one.report_id
        mine = {envelope.envelope.record for envelope in reporter.opened.values()}
    assert mine == {one.report.ref, one.report.dialogue}
    answers = said(first)
    assert answers["notes"]["place"] == "Pelabuhan contoh"
    assert answers["notes"]["for_whom"] == "self"
    assert "size" not in answers["notes"] and not answers["notes"]["needs"]
    assert str(other.code) not in str(answers)


def test_who_must_not_know_comes_along_to_each(cast: Cast, group: Case) -> None:
    own = add(cast, group)
    with pytest.raises(consents.sharing.Excluded):
        cast.consent(own, "office", ["health"])


def test_the_same_form_twice_is_one_file(cast: Cast, group: Case) -> None:
    receipt = words()
    assert add(cast, group, receipt) == add(cast, group, receipt)
    assert Arrival.objects.count() == 1


def test_a_report_of_one_person_makes_no_group(cast: Cast) -> None:
    case = cast.open_case(cast.file())
    with pytest.raises(NotAGroup):
        add(cast, case)
    assert not Arrival.objects.exists()


def test_a_file_of_the_group_begins_no_group_itself(cast: Cast, group: Case) -> None:
    with pytest.raises(NotAGroup):
        add(cast, add(cast, group))


def test_after_fifty_the_group_is_full(
    cast: Cast, group: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = words()
    own = add(cast, group, receipt)
    monkeypatch.setattr(arrivals, "MOST", 1)
    with pytest.raises(Full):
        add(cast, group)
    assert add(cast, group, receipt) == own  # the form that was sent before is no new file


def test_the_database_itself_holds_the_fifty_and_lets_no_group_be_nested(
    cast: Cast, group: Case
) -> None:
    own, other = add(cast, group), cast.open_case(cast.file())
    insert = "INSERT INTO cases_arrival (case_id, group_id, added_at) VALUES (%s, %s, now())"
    for case, of in ((other, other), (other, own), (group, other)):
        with (
            pytest.raises(DatabaseError, match="not one of this group"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(insert, [case.ref, of.ref])
    many = """INSERT INTO cases_arrival (case_id, group_id, added_at)
              SELECT gen_random_uuid(), %s, now() FROM generate_series(1, 49)"""
    with connection.cursor() as cursor:
        cursor.execute(many, [group.ref])
        with pytest.raises(DatabaseError, match="or enough"), transaction.atomic():
            cursor.execute(insert, [other.ref, group.ref])
        assert Arrival.objects.filter(group=group).count() == 50
        cursor.execute("DELETE FROM cases_arrival WHERE case_id <> %s", [own.ref])


def test_only_the_desk_that_leads_knows_who_came_together(cast: Cast, group: Case) -> None:
    own = add(cast, group)
    consent = cast.consent(own, "clinic", ["notes", "health"])
    with cast.acting("intake") as actor:
        consents.share(
            actor=actor, case=own, consent=consent, compartments=["notes"], now=timezone.now()
        )
    with cast.acting("clinic") as actor:
        theirs = access.get_case(actor, own.code)
        assert not Arrival.objects.exists()
        assert queries.group_of(actor, theirs) is None
        with pytest.raises(NotYourDuty):
            arrivals.add(
                actor=actor, case=theirs, receipt=words(), label="x", next_action="x", risk="low",
                due_at=timezone.now(), now=timezone.now(),
            )  # fmt: skip
    for key in ("fallback", "office", "stranger", "root-one"):
        with cast.acting(key):
            assert not Arrival.objects.exists()


def test_one_who_stops_is_gone_from_the_group_and_the_others_stay(cast: Cast, group: Case) -> None:
    from simpul.reports import actions as reports

    leaving = words()
    add(cast, group, leaving)
    stays = add(cast, group)
    with context.opened("public", receipt=leaving.lookup):
        reports.withdraw(actor=get_by_receipt(leaving.pair), now=timezone.now())
    with cast.acting("intake") as actor:
        assert queries.arrivals(actor, group) == [stays]
        assert Arrival.objects.count() == 1


def test_no_line_of_the_chain_names_a_file_together_with_its_group(
    cast: Cast, group: Case
) -> None:
    own = add(cast, group)
    line = AuditLine.objects.get(event="cases.arrived")
    assert (line.record, line.row) == (own.ref, None)
    assert not AuditLine.objects.filter(record=group.ref, row=own.ref).exists()
    assert not Envelope.objects.filter(record=group.ref, ref=own.ref).exists()


# --- The page -----------------------------------------------------------------------------------


def test_the_page_makes_one_file_at_a_time_and_shows_its_words_once(
    cast: Cast, group: Case, sign_in: Any
) -> None:
    door: Door = sign_in("intake")
    at = f"/cases/{group.code}/arrivals/"
    assert at in door.get(f"/cases/{group.code}/").content.decode()
    page = Page(door.get(at).content.decode())
    form = page.form(at) | {"risk": ["low"]}
    first = door.post(at, form).content.decode()
    again = door.post(at, form).content.decode()
    six = re.findall(r"<li>(\w+)</li>", first)[:6]
    assert six == re.findall(r"<li>(\w+)</li>", again)[:6]
    assert f'href="{at}"' in first
    assert Arrival.objects.count() == 1
    listed = door.get(at).content.decode()
    assert six[0] not in listed
    assert f"Rombongan {group.code}, orang ke-1" in listed
    own = Case.objects.get(arrival__group=group)
    assert group.code in door.get(f"/cases/{own.code}/").content.decode()


def test_the_page_of_one_persons_case_offers_nothing(cast: Cast, sign_in: Any) -> None:
    case = cast.open_case(cast.file())
    door: Door = sign_in("intake")
    html = door.get(f"/cases/{case.code}/arrivals/").content.decode()
    assert 'name="token"' not in html
    assert f"/cases/{case.code}/arrivals/" not in door.get(f"/cases/{case.code}/").content.decode()


def test_strangers_cost_no_derivation(cast: Cast, group: Case, sign_in: Any) -> None:
    door: Door = sign_in("stranger")
    page = door.post(f"/cases/{group.code}/arrivals/", {"token": receipts.new_token()})
    assert page.status_code == 404
