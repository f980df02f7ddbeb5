"""The sign that there is news: only who asked for it gets it, and it says nothing else."""

from collections.abc import Callable
from typing import Any

import pytest

from simpul.handoffs import adapters, outbox
from simpul.reports.models import Report
from simpul.vault.models import AuditPending
from tests.conftest import Cast, Door

NUMBER = "+620000000123"
Sent = list[tuple[str, str]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What a provider of SMS would get."""
    found: Sent = []
    sms = adapters.ADAPTERS["twilio"]
    monkeypatch.setattr(sms, "is_on", lambda: True)
    monkeypatch.setattr(sms, "send", lambda number, text: found.append((number, text)))
    return found


def pressed(cast: Cast, sign_in: Callable[..., Door], who: str = "intake", **contact: str) -> Any:
    cast.file(contact=contact)
    code = Report.objects.get().code
    answer = sign_in(who).post(f"/reports/{code}/sign/", {"sure": "on"})
    outbox.outbox.settle()
    return answer


def test_who_chose_a_sign_gets_three_words_and_her_number_is_kept_nowhere(
    cast: Cast, sign_in: Callable[..., Door], sent: Sent
) -> None:
    answer = pressed(cast, sign_in, channel="sms_notice", detail="+62 0000-000 123")
    assert "Tanda dikirim" in answer.content.decode()
    assert sent == [(NUMBER, "Ada kabar baru.")]
    assert AuditPending.objects.filter(line__event="reports.notified").exists()


@pytest.mark.parametrize("channel", ["", "none", "call", "sms", "whatsapp", "person"])
def test_nobody_else_gets_one(
    cast: Cast, sign_in: Callable[..., Door], sent: Sent, channel: str
) -> None:
    answer = pressed(cast, sign_in, channel=channel, detail=NUMBER)
    assert answer.status_code == 422 and "tidak meminta tanda" in answer.content.decode()
    assert "Kirim tanda" not in answer.content.decode() and sent == []


@pytest.mark.parametrize("detail", ["", "0000 000 123", "kakak saya", "+62", "+62000000012345678"])
def test_what_is_no_number_is_said_and_not_sent(
    cast: Cast, sign_in: Callable[..., Door], sent: Sent, detail: str
) -> None:
    answer = pressed(cast, sign_in, channel="sms_notice", detail=detail)
    assert answer.status_code == 422 and "diawali +" in answer.content.decode()
    assert sent == []


def test_without_a_provider_the_page_says_to_write_it_oneself(
    cast: Cast, sign_in: Callable[..., Door]
) -> None:
    cast.file(contact={"channel": "whatsapp_notice", "detail": NUMBER})
    page = sign_in("intake").get(f"/reports/{Report.objects.get().code}/").content.decode()
    assert "Kirim sendiri hanya tiga kata itu" in page and 'id="sign"' not in page


@pytest.mark.parametrize("who", ["clinic", "office", "stranger", "fallback"])
def test_a_desk_that_may_not_answer_sends_nothing(
    cast: Cast, sign_in: Callable[..., Door], sent: Sent, who: str
) -> None:
    answer = pressed(cast, sign_in, who, channel="sms_notice", detail=NUMBER)
    assert answer.status_code == 404 and sent == []
