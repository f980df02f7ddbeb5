"""Typing for someone who speaks: nothing kept before it is sent, nothing left with who must not know."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError

from simpul.reports.actions import dictation
from simpul.reports.forms import dictation as forms
from simpul.reports.forms import paper, public
from simpul.reports.models import Report
from simpul.vault import receipts
from simpul.vault.models import AuditLine, Envelope, Grant
from tests.conftest import Cast, Door
from tests.reports.pages import Page, Values

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Door]
NEW = "/reports/new/"
STORY = "Ia bercerita tentang perahu biru."


def text(response: Any) -> str:
    """The page as a person reads it."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def said(**more: Any) -> dict[str, Any]:
    """What someone said, as it is typed."""
    return {
        "how": "phone", "danger": "no", "needs": ["health"], "region": "53.71", "for_whom": "self",
        "channel": "sms", "detail": "kakaknya", "story": STORY, **more,
    }  # fmt: skip


def read_back(door: Door, **more: Any) -> Values:
    """The form of the page that reads back, as it stands."""
    page = door.post(NEW, said(go="read", **more))
    assert page.status_code == 200, text(page)
    return Page(page.content.decode()).form("/new/")


def sent(door: Door, values: Values, **more: Any) -> Any:
    """Sends what was read back and agreed to."""
    return door.post(NEW, values | {"go": "send", "agreed": "on", **more})


# --- The questions -------------------------------------------------------------------------------


def test_the_questions_are_those_of_the_public_door_numbered_in_its_order(
    sign_in: SignIn,
) -> None:
    page = text(sign_in("intake").get(NEW))
    labels = [
        f"{number}. {public.Report(None, regions=[], offices=[]).fields[name].label}"
        for name, number in forms.NUMBERS.items()
        if name not in forms.LAST
    ]
    places = [page.index(label) for label in labels]
    assert places == sorted(places)
    assert len(places) == len(forms.NUMBERS) - len(forms.LAST)


def test_the_paper_has_the_same_numbers_and_words(sign_in: SignIn, public: Door) -> None:
    for door in (sign_in("intake"), public):
        sheet = text(door.get("/reports/paper/"))
        for one in paper.questions().values():
            assert f"{one.number}." in sheet
            assert one.label in sheet or one.name == "fallback", one.name


def test_a_desk_that_does_not_receive_types_for_nobody(cast: Cast, sign_in: SignIn) -> None:
    assert "Meja Anda tidak menerima laporan." in text(sign_in("clinic").get(NEW))
    values = read_back(sign_in("intake"))
    assert sent(sign_in("clinic"), values).status_code == 403
    assert not Report.objects.exists()


def test_the_guard_rails_are_in_view_on_both_pages(sign_in: SignIn) -> None:
    door = sign_in("intake")
    for page in (door.get(NEW), door.post(NEW, said(go="read"))):
        for words in ("Jangan menyelidiki.", "Selalu minta izin.", "Hentikan dan rujuk"):
            assert words in text(page)


# --- Reading back --------------------------------------------------------------------------------


def test_what_was_typed_is_read_back_and_nothing_is_kept_yet(cast: Cast, sign_in: SignIn) -> None:
    door = sign_in("intake")
    before = AuditLine.objects.count(), Envelope.objects.count()
    page = door.post(NEW, said(go="read"))
    for words in (STORY, "Periksa kesehatan", "Kota Kupang", "kakaknya", "Ada yang ingin diubah?"):
        assert words in text(page)
    assert (AuditLine.objects.count(), Envelope.objects.count()) == before
    assert not Report.objects.exists()
    assert STORY not in str(dict(door.client.session)), "no draft in the session"


def test_changing_brings_every_word_back(cast: Cast, sign_in: SignIn) -> None:
    door = sign_in("intake")
    office = str(cast.agency("hospital").ref)
    values = read_back(door, excluded=[office], hours="pagi")
    page = door.post(NEW, values | {"go": "change"})
    form = Page(page.content.decode()).form("/new/")
    expected = said(excluded=[office], hours="pagi")
    for name, value in expected.items():
        assert [v for v in form[name] if v] == (value if isinstance(value, list) else [value])


def test_without_a_yes_nothing_is_sent(sign_in: SignIn) -> None:
    door = sign_in("intake")
    page = door.post(NEW, read_back(door) | {"go": "send"})
    assert page.status_code == 422
    assert "Bacakan dulu" in text(page)
    assert STORY in page.content.decode()
    assert not Report.objects.exists()


def test_words_that_are_too_long_come_back_whole(sign_in: SignIn) -> None:
    long = "a" * 20_001
    page = sign_in("intake").post(NEW, said(go="read", story=long))
    assert page.status_code == 422
    assert long in page.content.decode()


def test_while_the_database_refuses_every_word_stays(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = sign_in("intake")
    values = read_back(door)

    def refuse(**_given: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(dictation, "take_down", refuse)
    page = sent(door, values)
    assert page.status_code == 503
    form = Page(page.content.decode()).form("/new/")
    assert form["story"] == [STORY]
    assert form["token"] == values["token"], "sent again it is the same report"


# --- Sending -------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [one.value for one in forms.CHANNELS])
def test_it_becomes_the_same_record_and_says_how_it_came(
    how: str, cast: Cast, sign_in: SignIn
) -> None:
    door = sign_in("intake")
    values = read_back(door, how=how)
    page = sent(door, values)
    report = Report.objects.get()
    assert (page.status_code, report.channel) == (200, how)
    assert STORY in text(door.get(f"/reports/{report.code}/"))
    opened = receipts.open_words(receipts.words_of(values["token"][0]), filing=False)
    assert bytes(report.lookup) == opened.lookup, "the words are hers"


def test_nobody_types_in_the_name_of_the_web_page(sign_in: SignIn) -> None:
    assert sign_in("intake").post(NEW, said(go="read", how="web")).status_code == 422


def test_the_same_form_twice_is_one_report_with_the_same_words(sign_in: SignIn) -> None:
    door = sign_in("intake")
    values = read_back(door)
    words = receipts.words_of(values["token"][0])
    for _time in range(2):
        page = sent(door, values)
        assert all(word in text(page) for word in words)
    assert Report.objects.count() == 1


def test_the_words_stay_until_they_were_handed_over(cast: Cast, sign_in: SignIn) -> None:
    door = sign_in("intake")
    values = read_back(door)
    card = Page(sent(door, values).content.decode()).form("/new/")
    words = receipts.words_of(values["token"][0])
    still = door.post(NEW, card | {"go": "given"})
    assert still.status_code == 422
    assert all(word in text(still) for word in words)
    left = door.post(NEW, card | {"go": "given", "handed": "yes"})
    assert left.status_code == 302
    listed = text(door.get("/reports/"))
    assert not any(f" {word} " in f" {listed} " for word in words)


def test_the_card_does_not_say_what_it_is_for(sign_in: SignIn) -> None:
    door = sign_in("intake")
    page = sent(door, read_back(door)).content.decode()
    card = page[page.index('<div class="card"') : page.index("</div>", page.index("<ol>"))]
    assert "lapor" not in card.lower() and "simpul" not in card.lower()
    assert "<title>Catatan" in page
    assert page.count('class="no-print"') == 2


# --- Who must not know ---------------------------------------------------------------------------


def test_an_excluded_desk_that_types_keeps_nothing(cast: Cast, sign_in: SignIn) -> None:
    """Office types; the speaker excludes Office's agency. Nothing of it remains with Office."""
    door = sign_in("office")
    office = cast.desk("office")
    before = text(door.get("/reports/")), text(door.get("/"))
    values = read_back(door, excluded=[str(cast.agency("bidang").ref)])
    page = door.post(NEW, values | {"go": "more"})
    offers = Page(door.post(NEW, values | {"go": "read"}).content.decode()).offers["receiver"]
    assert page.status_code == 200
    assert str(office.ref) not in " ".join(offers)
    assert sent(door, values).status_code == 200
    report = Report.objects.get()
    assert report.receiver != office
    assert (text(door.get("/reports/")), text(door.get("/"))) == before
    assert door.get(f"/reports/{report.code}/").status_code == 404
    assert not Grant.objects.filter(desk=office.pk, envelope__record=report.ref).exists()
    assert not AuditLine.objects.filter(desk=office.pk, record=report.ref).exists()
    with cast.acting("office"):
        assert not Report.objects.exists()
        assert not Envelope.objects.filter(record=report.ref).exists()
        assert (
            not AuditLine.objects.filter(record=report.ref).exclude(event="reports.filed").exists()
        )


def test_an_excluded_desk_cannot_be_chosen_by_hand(cast: Cast, sign_in: SignIn) -> None:
    door = sign_in("office")
    values = read_back(door, excluded=[str(cast.agency("bidang").ref)])
    page = sent(door, values, receiver=str(cast.desk("office").ref))
    assert page.status_code == 422
    assert not Report.objects.exists()


def test_who_typed_stands_in_the_chain(cast: Cast, sign_in: SignIn) -> None:
    door = sign_in("intake")
    sent(door, read_back(door))
    line = AuditLine.objects.get(event="reports.taken_down")
    assert (line.actor, line.desk, line.record) == (cast.user("intake").keypair_id, None, None)
