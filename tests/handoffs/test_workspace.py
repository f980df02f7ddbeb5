"""The desk that calls: hours first, the number when it is taken, and nothing after it is closed."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from simpul.clocks.models import Clock
from simpul.handoffs import actions
from simpul.handoffs.access import Caller
from simpul.handoffs.models import Handoff
from simpul.site import doctor
from simpul.vault import context, envelopes, rows
from simpul.vault.models import AuditLine, Envelope, Grant
from tests.conftest import Cast, Door
from tests.handoffs.deliveries import NUMBER

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Door]


def text(response: Any) -> str:
    """The page as a person reads it."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def asked(cast: Cast, hour: str = "09.00", number: str = NUMBER, desk: str = "intake") -> Handoff:
    """Somebody who asked to be called."""
    with context.opened("public"):
        outcome = actions.ask(
            actor=Caller(), desk=cast.desk(desk), channel="sms", message=uuid4().hex,
            number=number, hour=hour, now=timezone.now(),
        )  # fmt: skip
    assert outcome == "asked"
    return Handoff.objects.get(state="waiting", caller=_caller(number))


def _caller(number: str) -> bytes:
    from simpul.vault import sources

    day = timezone.now().date().isoformat()
    return sources.mark_of("handoffs", "caller", day, "sms", number)


def taken(door: Door, handoff: Handoff) -> Any:
    """The page of a call, once it is taken."""
    response = door.post(f"/handoffs/{handoff.ref}/take/")
    assert response.status_code == 302
    return door.get(response["Location"])


def test_the_list_shows_hours_and_no_number(cast: Cast, sign_in: SignIn) -> None:
    now = timezone.localtime()
    soon = f"{now + timedelta(hours=3):%H.%M}"
    past, later = asked(cast, f"{now:%H.%M}", "+62001000001"), asked(cast, soon, "+62001000002")
    Handoff.objects.filter(pk=past.pk).update(received_at=now - timedelta(minutes=3))
    page = sign_in("intake").get("/handoffs/")
    said = text(page)
    assert "+62001" not in page.content.decode()
    assert said.index("Telepon sekarang") < said.index(f"mulai jam {soon}")
    assert "Paling lambat" in said and "SMS" in said
    assert AuditLine.objects.filter(event="handoffs.listed").count() == 1
    assert not AuditLine.objects.filter(event="handoffs.read").exists()
    assert str(later.ref) in page.content.decode()


def test_an_empty_list_is_kind(cast: Cast, sign_in: SignIn) -> None:
    assert "Tidak ada yang menunggu telepon." in text(sign_in("intake").get("/handoffs/"))


def test_the_number_opens_when_it_is_taken_and_each_reading_leaves_a_line(
    cast: Cast, sign_in: SignIn
) -> None:
    handoff, door = asked(cast), sign_in("intake")
    assert door.get(f"/handoffs/{handoff.ref}/").status_code == 302, "not before"
    page = taken(door, handoff)
    assert NUMBER in text(page) and "Mulai jam 09.00" in text(page)
    assert "/reports/new/?how=sms" in page.content.decode()
    assert NUMBER not in page.request["PATH_INFO"]
    line = AuditLine.objects.get(event="handoffs.read")
    assert (line.record, line.desk) == (handoff.ref, cast.desk("intake").pk)


def test_of_two_colleagues_one_calls(cast: Cast, sign_in: SignIn) -> None:
    handoff = asked(cast)
    taken(sign_in("intake"), handoff)
    late = sign_in("colleague").post(f"/handoffs/{handoff.ref}/take/")
    assert late.status_code == 422
    assert "Rekan lain sudah mengambilnya." in text(late)
    handoff.refresh_from_db()
    assert handoff.taken_by == cast.user("intake")


def test_before_her_hour_the_page_says_not_to_call(cast: Cast, sign_in: SignIn) -> None:
    later = timezone.localtime() + timedelta(hours=2)
    page = taken(sign_in("intake"), asked(cast, f"{later:%H.%M}"))
    assert "Jangan menelepon sebelum" in text(page)


def test_a_call_without_an_answer_stops_the_clock_and_three_may_end_it(
    cast: Cast, sign_in: SignIn
) -> None:
    handoff, door = asked(cast), sign_in("intake")
    taken(door, handoff)
    assert Clock.objects.get(subject=handoff.ref).stopped_at is None
    for tries in range(1, 4):
        early = door.post(f"/handoffs/{handoff.ref}/close/", {"reason": "not_reached"})
        assert early.status_code == 422
        assert "Coba tiga kali dulu" in text(early)
        for _pressed in range(2):
            door.post(f"/handoffs/{handoff.ref}/tried/")
        handoff.refresh_from_db()
        assert handoff.tries == tries
        Handoff.objects.update(tried_at=timezone.now() - timedelta(minutes=11))
    assert Clock.objects.get(subject=handoff.ref).stopped_at is not None
    done = door.post(f"/handoffs/{handoff.ref}/close/", {"reason": "not_reached"})
    assert done.status_code == 302


@pytest.mark.parametrize("reason", ["reported", "helped", "not_wanted", "wrong"])
def test_once_closed_nobody_opens_the_number(reason: str, cast: Cast, sign_in: SignIn) -> None:
    handoff, door = asked(cast), sign_in("intake")
    taken(door, handoff)
    door.post(f"/handoffs/{handoff.ref}/close/", {"reason": reason})
    assert door.get(f"/handoffs/{handoff.ref}/").status_code == 404
    assert door.post(f"/handoffs/{handoff.ref}/close/", {"reason": reason}).status_code == 404
    assert NUMBER not in text(door.get("/handoffs/"))
    [grant] = Grant.objects.filter(envelope__record=handoff.ref)
    assert (grant.state, bytes(grant.sealed)) == ("ended", b"")
    with cast.acting("intake"):
        assert not Handoff.objects.exists() and not Envelope.objects.exists()
    assert list(rows.rolled_back()) == []


@pytest.mark.parametrize("reason", ["", "replaced", "nonsense"])
def test_it_ends_only_for_a_reason_that_is_offered(
    reason: str, cast: Cast, sign_in: SignIn
) -> None:
    handoff, door = asked(cast), sign_in("intake")
    taken(door, handoff)
    page = door.post(f"/handoffs/{handoff.ref}/close/", {"reason": reason})
    assert page.status_code == 422
    handoff.refresh_from_db()
    assert handoff.state == "taken"


@pytest.mark.parametrize("who", ["clinic", "office", "fallback", "stranger", "root-one"])
@pytest.mark.parametrize("path", ["", "take/", "tried/", "close/"])
def test_for_others_there_is_nobody_who_waits(
    who: str, path: str, cast: Cast, sign_in: SignIn
) -> None:
    handoff, door = asked(cast), sign_in(who)
    assert door.post(f"/handoffs/{handoff.ref}/{path}").status_code == 404
    assert "Tidak ada yang menunggu telepon." in text(door.get("/handoffs/"))
    if who != "stranger" and who != "root-one":
        with cast.acting(who):
            assert not Handoff.objects.exists()


def test_the_link_is_there_for_the_desk_that_calls_alone(
    cast: Cast, sign_in: SignIn, settings: Any
) -> None:
    assert "/handoffs/" not in sign_in("intake").get("/reports/").content.decode()
    settings.HANDOFF_DESK = str(cast.desk("intake").ref)
    assert 'href="/handoffs/"' in sign_in("intake").get("/reports/").content.decode()
    assert 'href="/handoffs/"' not in sign_in("office").get("/reports/").content.decode()


def test_the_doctor_names_a_calling_desk_that_cannot_receive(cast: Cast, settings: Any) -> None:
    for key, sound in {"": True, "intake": True, "clinic": False, "empty": False}.items():
        settings.HANDOFF_DESK = str(cast.desk(key).ref) if key else ""
        assert (doctor.calls_have_a_desk() is None) is sound, key
    settings.HANDOFF_DESK = "6f9619ff-8b86-4011-b42d-00cf4fc964ff"
    assert doctor.calls_have_a_desk() is not None


# --- Whoever has the public door, or the tables --------------------------------------------------


def filing(cast: Cast, **more: Any) -> dict[str, Any]:
    """What the door hands to the database for a new request, changed by whoever broke into it."""
    kept: list[dict[str, Any]] = []

    def keep(_function: str, argument: dict[str, Any]) -> str:
        kept.append(argument)
        return "full"

    with pytest.MonkeyPatch.context() as patch, context.opened("public"):
        patch.setattr(rows, "call", keep)
        actions.ask(
            actor=Caller(), desk=cast.desk("intake"), channel="sms", message=uuid4().hex,
            number=NUMBER, hour="09.00", now=timezone.now(),
        )  # fmt: skip
    [asked] = kept
    for name, values in more.items():
        asked[name] |= values
    return asked


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [
        ("handoff", "message", "\\x00"), ("handoff", "caller", None),
        ("handoff", "channel", "web"), ("keypair", "kind", "person"),
        ("handoff", "number", "\\x" + "00" * 600), ("handoff", "desk_id", 0),
        ("grant", "recipient_id", "6f9619ff-8b86-4011-b42d-00cf4fc964ff"),
    ],
)  # fmt: skip
def test_a_request_that_could_not_come_from_the_door_is_refused(
    name: str, column: str, value: Any, cast: Cast
) -> None:
    from django.db import DatabaseError, transaction

    with pytest.raises(DatabaseError), transaction.atomic(), context.opened("public"):
        rows.call("public_hand_off", filing(cast, **{name: {column: value}}))
    assert not Handoff.objects.exists()


def test_a_request_takes_nothing_for_itself(cast: Cast) -> None:
    """Neither another's record, nor a state, a colleague, another time, or the key of another desk."""
    from django.db import DatabaseError, transaction

    receipt = cast.file()
    from simpul.reports.models import Report

    report = Report.objects.get(lookup=receipt.opened.lookup)
    for ref in (report.ref, report.dialogue, cast.desk("intake").ref):
        with pytest.raises(DatabaseError), transaction.atomic(), context.opened("public"):
            rows.call("public_hand_off", filing(cast, handoff={"ref": str(ref)}))
    before = Envelope.objects.filter(record=report.ref).count()
    told = filing(
        cast,
        handoff={"state": "closed", "tries": 9, "taken_by_id": cast.user("office").pk,
                 "received_at": "2001-01-01T00:00:00+00:00"},
        envelope={"record": str(report.ref), "desks": [cast.desk("office").pk]},
        grant={"until_at": "2001-01-01T00:00:00+00:00", "desk": cast.desk("office").pk},
    )  # fmt: skip
    with context.opened("public"):
        assert rows.call("public_hand_off", told) == "asked"
    handoff = Handoff.objects.select_related("envelope").get()
    assert (handoff.state, handoff.tries, handoff.taken_by_id) == ("waiting", 0, None)
    assert handoff.received_at.year == timezone.now().year
    assert handoff.envelope.desks == [cast.desk("intake").pk]
    assert Envelope.objects.filter(record=report.ref).count() == before


def test_the_chain_tells_a_request_once_and_never_otherwise(cast: Cast) -> None:
    """Whoever broke into the door cannot make an altered number the one that was written."""
    handoff = asked(cast)
    [line] = AuditLine.objects.filter(row=handoff.ref)
    with context.opened("public"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT vault_audit('handoffs.asked', NULL, NULL, NULL, %s, NULL, %s)",
            [handoff.ref, bytes(32)],
        )
    assert list(AuditLine.objects.filter(row=handoff.ref)) == [line]
    handoff.number = bytes(64)
    handoff.save(update_fields=["number"])
    assert list(rows.rolled_back()) == [f"handoffs.Handoff {handoff.ref}"]


def test_an_altered_number_is_not_shown(cast: Cast, sign_in: SignIn) -> None:
    """A database administrator who puts another number in its place."""
    first, other = asked(cast), asked(cast, number="+62001000002")
    Handoff.objects.filter(pk=first.pk).update(number=other.number)
    door = sign_in("intake")
    door.post(f"/handoffs/{first.ref}/take/")
    page = door.get(f"/handoffs/{first.ref}/")
    assert page.status_code == 500
    assert "+62001000002" not in page.content.decode()
    with cast.acting("intake") as actor, pytest.raises(envelopes.Unopened):
        first.refresh_from_db()
        actions.read(actor=actor, handoff=first)
