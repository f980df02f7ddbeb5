"""A message by SMS or WhatsApp: what is answered, what is kept, and what never is."""

import json
import logging
import time
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from simpul.clocks.models import Clock
from simpul.handoffs import actions, adapters, outbox
from simpul.handoffs.adapters import twilio
from simpul.handoffs.adapters.hook import Hook
from simpul.handoffs.models import Handoff
from simpul.vault import crypto, rows
from simpul.vault.models import AuditLine, Envelope, Grant, KeyPair
from tests.conftest import Cast, Door
from tests.handoffs import deliveries
from tests.handoffs.deliveries import NUMBER
from tests.handoffs.standin import Standin

pytestmark = pytest.mark.django_db
EACH = pytest.mark.parametrize("name", deliveries.ALL)
STORY = "dia pukul saya tadi malam di rumah biru"


def delivered(name: str, door: Door, text: str, **more: Any) -> Any:
    """A message by one provider; its answers have been sent."""
    response = deliveries.ALL[name](door, text, **more)
    outbox.outbox.settle()
    return response


def answers(name: str, response: Any, provider: Standin) -> list[str]:
    """What she was answered, whichever way it goes."""
    if name != "twilio":
        return [one["text"] for one in provider.sent]
    inside = response.content.decode().split("<Message>")[1:]
    return [unescape(one.split("</Message>")[0]) for one in inside]


# --- Off -----------------------------------------------------------------------------------------


@EACH
def test_without_settings_there_is_no_such_page(
    name: str, cast: Cast, public: Door, settings: Any
) -> None:
    for secret in ("WHATSAPP_SECRET", "TWILIO_TOKEN", "GATEWAY_KEY"):
        assert getattr(settings, secret) == ""
    assert public.get(f"/handoffs/{name}/").status_code == 404
    assert deliveries.ALL[name](public, "mulai jam 9", secret="x").status_code == 404
    assert not adapters.is_any_on()
    assert not adapters.notice("sms", NUMBER)


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("whatsapp", "WHATSAPP_TOKEN"), ("whatsapp", "WHATSAPP_SECRET"),
        ("whatsapp", "WHATSAPP_VERIFY"), ("whatsapp", "WHATSAPP_PHONE"),
        ("twilio", "TWILIO_TOKEN"), ("twilio", "TWILIO_FROM"), ("gateway", "GATEWAY_KEY"),
        ("gateway", "GATEWAY_PASSWORD"), ("gateway", "HANDOFF_DESK"),
    ],
)  # fmt: skip
def test_half_set_is_off(
    name: str, missing: str, provider: Standin, public: Door, settings: Any
) -> None:
    """A key that is empty would make every signature right."""
    setattr(settings, missing, "")
    assert deliveries.ALL[name](public, "mulai jam 9", secret="x").status_code == 404
    assert public.get("/handoffs/nowhere/").status_code == 404


# --- The first answer ----------------------------------------------------------------------------


@EACH
def test_the_first_answer_says_that_it_is_not_private_and_asks_for_no_story(
    name: str, provider: Standin, public: Door
) -> None:
    response = delivered(name, public, "halo, saya takut")
    [answer] = answers(name, response, provider)
    for words in ("tidak rahasia", "Jangan tulis cerita", "mulai jam 9", "/reports/", "112"):
        assert words in answer
    assert response.status_code == 200
    assert not response.cookies
    assert not Handoff.objects.exists()


@EACH
def test_english_is_answered_in_english(name: str, provider: Standin, public: Door) -> None:
    [answer] = answers(name, delivered(name, public, "please help"), provider)
    assert "not private" in answer and "Do not write your story" in answer


@EACH
def test_a_story_is_kept_nowhere(
    name: str, provider: Standin, public: Door, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in a column, a session, a log, or an address; and nothing says that it was read."""
    caplog.set_level(logging.DEBUG)
    delivered(name, public, STORY)
    delivered(name, public, f"{STORY}, telepon jam 10 ya")
    handoff = Handoff.objects.get()
    assert b"biru" not in repr(rows.as_json(handoff)).encode()
    assert "biru" not in caplog.text and NUMBER.strip("+") not in caplog.text
    assert Envelope.objects.filter(record=handoff.ref).count() == 1
    assert "biru" not in json.dumps(provider.sent)


# --- An hour -------------------------------------------------------------------------------------


@EACH
def test_an_hour_waits_sealed_for_the_desk_that_calls(
    name: str, provider: Standin, public: Door, cast: Cast
) -> None:
    response = delivered(name, public, "mulai jam 9")
    [answer] = answers(name, response, provider)
    assert "mulai jam 09.00" in answer and "tidak rahasia" in answer
    handoff = Handoff.objects.get()
    assert handoff.desk == cast.desk("intake")
    with cast.acting("intake") as actor:
        actions.take(actor=actor, handoff=handoff, now=handoff.received_at)
        handoff.refresh_from_db()
        number, hour = actions.read(actor=actor, handoff=handoff)
    assert (number.strip("+"), hour) == (NUMBER.strip("+"), "09.00")


def test_words_beside_the_hour_are_said_to_be_dropped(provider: Standin, public: Door) -> None:
    response = delivered("twilio", public, "tolong, mulai jam 9, dia jahat")
    assert (
        "Kata lain dalam pesan itu tidak kami simpan." in answers("twilio", response, provider)[0]
    )


def test_the_number_stands_in_no_column_of_any_table(
    provider: Standin, public: Door, cast: Cast
) -> None:
    from tests.site.test_policies import query, tables

    delivered("gateway", public, "mulai jam 9", id="kiriman-17")
    digits = NUMBER.strip("+")
    for table in tables():
        for (row,) in query(f'SELECT t::text FROM "{table}" t'):
            assert digits not in row and digits.encode().hex() not in row, table
            assert "kiriman-17" not in row, table


@EACH
def test_no_statement_that_the_database_gets_shows_the_number(
    name: str, provider: Standin, public: Door
) -> None:
    """Neither number nor words, also where the database logs what it is asked."""
    with CaptureQueriesContext(connection) as asked:
        delivered(name, public, f"jam 9. {STORY}")
    statements = " ".join(one["sql"] for one in asked.captured_queries)
    assert "public_hand_off" in statements
    digits = NUMBER.strip("+")
    for mark in (digits, digits.encode().hex(), "biru", "09.00"):
        assert mark not in statements


def test_it_starts_the_clock_of_calling_back_and_one_line_of_the_chain(
    provider: Standin, public: Door
) -> None:
    delivered("twilio", public, "mulai jam 9")
    handoff = Handoff.objects.get()
    clock = Clock.objects.get(subject=handoff.ref)
    assert (clock.rule, (clock.due_at - clock.started_at).total_seconds()) == ("K33", 24 * 3600)
    line = AuditLine.objects.get(event="handoffs.asked")
    assert (line.actor, line.desk, line.row, line.record) == (
        None, None, handoff.ref, handoff.ref,
    )  # fmt: skip
    assert list(rows.rolled_back()) == []


# --- Replays, floods, duplicates -----------------------------------------------------------------


@EACH
def test_the_same_delivery_again_is_one_request_and_one_answer(
    name: str, provider: Standin, public: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    from simpul.handoffs.views import public as views

    first = delivered(name, public, "mulai jam 9", id="m1")
    again = delivered(name, public, "mulai jam 9", id="m1")
    monkeypatch.setattr(views, "seen", views.Seen())  # another process got it
    elsewhere = delivered(name, public, "mulai jam 9", id="m1")
    assert Handoff.objects.count() == 1
    assert [r.status_code for r in (first, again, elsewhere)] == [200, 200, 200]
    if name == "twilio":
        assert answers(name, again, provider) == answers(name, elsewhere, provider) == []
    else:
        assert len(provider.sent) == 1


def test_another_hour_takes_the_place_of_the_first_and_no_time_is_won(
    provider: Standin, public: Door, cast: Cast
) -> None:
    delivered("twilio", public, "mulai jam 9")
    first = Handoff.objects.get()
    due = Clock.objects.get(subject=first.ref).due_at
    delivered("twilio", public, "mulai jam 4 sore")
    first.refresh_from_db()
    second = Handoff.objects.get(state="waiting")
    assert (first.state, first.reason) == ("closed", "replaced")
    assert not Grant.objects.filter(envelope=first.envelope_id).exclude(state="ended").exists()
    assert bytes(Grant.objects.get(envelope=first.envelope_id).sealed) == b""
    assert Clock.objects.get(subject=second.ref, stopped_at=None).due_at == due
    with cast.acting("intake") as actor:
        assert actions.read_hours(actor=actor, handoffs=[second]) == {second.ref: "16.00"}


def test_a_number_asks_at_most_five_times_a_day(provider: Standin, public: Door) -> None:
    for hour in range(8, 16):
        delivered("twilio", public, f"mulai jam {hour}")
    assert Handoff.objects.count() == 5
    assert Handoff.objects.filter(state="waiting").count() == 1


def test_two_machines_do_not_answer_each_other_for_ever(provider: Standin, public: Door) -> None:
    for _time in range(30):
        delivered("whatsapp", public, "Terima kasih sudah menghubungi kami.")
    assert 1 <= len(provider.sent) <= 5


def test_a_sender_without_a_number_gets_no_answer(provider: Standin, public: Door) -> None:
    """A shop's name, a short code: machines."""
    for sender in ("INFO-PROMO", "8899", "whatsapp:+62000"):
        response = delivered("twilio", public, "mulai jam 9", number=sender)
        assert (response.status_code, answers("twilio", response, provider)) == (200, [])
    assert not Handoff.objects.exists()


def test_when_too_many_wait_she_is_told_where_else_to_go(
    provider: Standin, public: Door, cast: Cast
) -> None:
    template = None
    for _n in range(200):
        if template is None:
            delivered("twilio", public, "mulai jam 9", number="+6200000000000")
            template = Handoff.objects.get()
            continue
        Handoff.objects.create(
            envelope=template.envelope, desk=template.desk, channel="sms",
            message=crypto.random(), caller=crypto.random(), received_at=template.received_at,
            number=template.number, hour=template.hour,
        )  # fmt: skip
    response = delivered("twilio", public, "mulai jam 9")
    assert Handoff.objects.count() == 200
    assert "Nomor Anda tidak kami simpan." in answers("twilio", response, provider)[0]


# --- Who else delivers ---------------------------------------------------------------------------


@EACH
def test_a_wrong_signature_is_refused_and_nothing_happens(
    name: str, provider: Standin, public: Door
) -> None:
    response = delivered(name, public, "mulai jam 9", secret="tebakan")
    assert response.status_code == 403
    assert not Handoff.objects.exists()
    assert provider.sent == []


@EACH
@pytest.mark.parametrize("header", [None, "", "sha256=", "é", "x" * 9000])
def test_no_signature_or_nonsense_in_its_place(
    name: str, header: str | None, provider: Standin, public: Door
) -> None:
    names = ("X-Hub-Signature-256", "X-Twilio-Signature", "X-Signature", "X-Timestamp")
    headers = {} if header is None else dict.fromkeys(names, header)
    kind = "application/x-www-form-urlencoded" if name == "twilio" else "application/json"
    page = public.post(f"/handoffs/{name}/", b"Body=x", content_type=kind, headers=headers)
    assert page.status_code == 403


def test_the_signature_of_a_published_example_is_right(settings: Any) -> None:
    """Twilio's own example of a signed request, as its client libraries test it."""
    settings.TWILIO_TOKEN = "12345"
    fields = (
        "CallSid=CA1234567890ABCDE&From=%2B12349013030&To=%2B18005551212&Caller=%2B12349013030"
        "&Digits=1234"
    )
    hook = Hook(
        "https://mycompany.com/myapp.php?foo=1&bar=2",
        {"X-Twilio-Signature": "0/KCTR6DLpKmkAf8muzZqo1nDgQ="}, fields.encode(), 0.0,
    )  # fmt: skip
    assert twilio.is_genuine(hook)
    assert not twilio.is_genuine(replace(hook, url=hook.url + "3"))
    assert not twilio.is_genuine(replace(hook, body=fields.replace("1234", "1235").encode()))


@pytest.mark.parametrize("away", [-3600, 3600])
def test_a_signed_delivery_of_another_hour_is_a_replay(
    away: int, provider: Standin, public: Door
) -> None:
    assert delivered("gateway", public, "jam 9", at=time.time() + away).status_code == 403
    assert delivered("gateway", public, "jam 9", at=time.time() - 60).status_code == 200


def test_a_message_for_another_number_or_account_is_not_ours(
    provider: Standin, public: Door, settings: Any
) -> None:
    settings.WHATSAPP_PHONE = "999"
    assert delivered("whatsapp", public, "mulai jam 9").status_code == 200
    assert delivered("twilio", public, "mulai jam 9", AccountSid="ACother").status_code == 200
    assert not Handoff.objects.exists() and provider.sent == []


def test_receipts_of_delivery_and_other_events_are_passed_over(
    provider: Standin, public: Door
) -> None:
    status = {
        "entry": [{"changes": [{"value": {
            "metadata": {"phone_number_id": "1060000000001"}, "statuses": [{"id": "x"}]}}]}]
    }  # fmt: skip
    assert deliveries.whatsapp_raw(public, json.dumps(status).encode()).status_code == 200
    assert delivered("gateway", public, "mulai jam 9", event="sms:delivered").status_code == 200
    assert not Handoff.objects.exists() and provider.sent == []


def test_a_voice_note_is_answered_and_not_fetched(provider: Standin, public: Door) -> None:
    delivered("whatsapp", public, "", type="audio", audio={"id": "1"})
    assert "Cerita tidak kami simpan." in provider.sent[0]["text"]


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"null", b"\xff\xfe", b'{"entry": 1}', b'{"entry": [1]}',
     b'{"entry": [{"changes": {}}]}', b'{"entry": [{"changes": [{"value": []}]}]}',
     b"[" * 60_000],
)  # fmt: skip
def test_what_is_signed_and_not_understood_is_refused(
    body: bytes, provider: Standin, public: Door
) -> None:
    assert deliveries.whatsapp_raw(public, body).status_code == 400


@EACH
def test_a_huge_body_is_refused_before_it_is_read(
    name: str, provider: Standin, public: Door
) -> None:
    assert delivered(name, public, "a" * 70_000).status_code == 413


def test_the_provider_learns_that_the_address_is_ours(provider: Standin, public: Door) -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": "kata-wa", "hub.challenge": "1158201444"}
    page = public.get("/handoffs/whatsapp/", data=asked)
    assert (page.status_code, page.content) == (200, b"1158201444")
    assert page["Content-Type"].startswith("text/plain")
    wrong = asked | {"hub.verify_token": "tebakan"}
    assert public.get("/handoffs/whatsapp/", data=wrong).status_code == 403
    assert public.get("/handoffs/twilio/").status_code == 403


# --- The provider, or the house, is not there ----------------------------------------------------


@pytest.mark.parametrize("mode", ["down", "broken", "slow", "elsewhere"])
def test_a_provider_that_fails_holds_no_thread_and_loses_no_request(
    mode: str, provider: Standin, public: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.behaves(mode)
    monkeypatch.setattr(outbox, "PATIENCE", 0.5)
    begun = time.monotonic()
    response = deliveries.whatsapp(public, "mulai jam 9")
    assert response.status_code == 200
    assert time.monotonic() - begun < 2
    outbox.outbox.settle()
    assert Handoff.objects.count() == 1
    assert not any(one["by"] == "elsewhere" for one in provider.sent), "the token stays here"


def test_a_provider_that_is_gone_loses_no_request(
    provider: Standin, public: Door, settings: Any
) -> None:
    settings.WHATSAPP_API = "http://127.0.0.1:9/v21.0"
    assert delivered("whatsapp", public, "mulai jam 9").status_code == 200
    assert Handoff.objects.count() == 1


def test_a_full_outbox_drops_the_answer_and_not_the_request(
    provider: Standin, public: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST", 1)
    small = outbox.Outbox()
    small._begun = outbox.THREADS  # nobody empties it
    monkeypatch.setattr(small, "_waiting", type(small._waiting)(1))
    assert small.put(lambda _number, _text: None, "1", "a")
    assert not small.put(lambda _number, _text: None, "1", "b")
    monkeypatch.setattr(adapters, "outbox", small)
    assert deliveries.whatsapp(public, "mulai jam 9").status_code == 200
    assert Handoff.objects.count() == 1


def test_without_the_database_the_provider_is_asked_to_come_again(
    provider: Standin, public: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = actions.ask

    def away(**_given: Any) -> str:
        raise OperationalError

    monkeypatch.setattr(actions, "ask", away)
    response = delivered("gateway", public, "mulai jam 9", id="m1")
    assert (response.status_code, response["Retry-After"]) == (503, "30")
    monkeypatch.setattr(actions, "ask", whole)
    assert delivered("gateway", public, "mulai jam 9", id="m1").status_code == 200
    assert Handoff.objects.count() == 1
    assert len(provider.sent) == 1


def test_while_the_desk_cannot_receive_nothing_is_kept(
    provider: Standin, public: Door, settings: Any, cast: Cast
) -> None:
    settings.HANDOFF_DESK = str(cast.desk("clinic").ref)
    response = delivered("twilio", public, "mulai jam 9")
    assert "belum bisa menelepon" in answers("twilio", response, provider)[0]
    assert not Handoff.objects.exists() and not KeyPair.objects.filter(kind="reporter").exists()


# --- The neutral notice --------------------------------------------------------------------------


@pytest.mark.parametrize(("channel", "by"), [("whatsapp", "whatsapp"), ("sms", "twilio")])
def test_a_notice_says_only_that_there_is_news(channel: str, by: str, provider: Standin) -> None:
    assert adapters.is_any_on(channel)
    assert adapters.notice(channel, NUMBER)
    outbox.outbox.settle()
    assert provider.sent == [{"by": by, "to": NUMBER, "text": "Ada kabar baru."}]


def test_a_notice_goes_by_the_phone_where_no_other_sends_sms(
    provider: Standin, settings: Any
) -> None:
    settings.TWILIO_TOKEN = ""
    assert adapters.notice("sms", NUMBER)
    outbox.outbox.settle()
    assert [one["by"] for one in provider.sent] == ["gateway"]
