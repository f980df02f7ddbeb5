"""Signing in: one sentence for every mistake, no way around waiting, and no word lost."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from simpul.accounts import actions
from simpul.accounts.models import Session, Slowdown, User
from simpul.network import actions as network
from simpul.network.models import Agency, Membership
from simpul.vault import boot, crypto, passphrases
from simpul.vault.models import AuditLine
from tests.conftest import Cast, Door

SIGN_IN, ME, FORM = "/accounts/sign-in/", "/accounts/me/", "/network/agencies/new/"
SignIn = Callable[[str], Door]


@pytest.fixture
def door(cast: Cast) -> Door:
    """A browser at the workspace, nobody signed in, every check on."""
    door = Door("workspace")
    door.client.handler.enforce_csrf_checks = True
    return door


def code(cast: Cast, who: str, ahead: float = 0) -> str:
    """The one-time code on a person's phone."""
    step = int(timezone.now().timestamp() + ahead) // passphrases.STEP
    return passphrases.code_at(bytes.fromhex(cast.secrets["people"][who]["totp"]), step)


def typed(cast: Cast, who: str = "intake", **more: Any) -> dict[str, Any]:
    """What a person types."""
    passphrase = cast.secrets["people"][who]["passphrase"]
    return {"username": who, "passphrase": passphrase, "code": code(cast, who), **more}


def fields(html: str) -> dict[str, str]:
    """The inputs and texts of a page, as a browser would send them."""
    tags = re.findall(r"<input[^>]*>", html)
    pairs = [(re.search(r'name="([^"]*)"', t), re.search(r'value="([^"]*)"', t)) for t in tags]
    found = {unescape(n[1]): unescape(v[1]) if v else "" for n, v in pairs if n}
    areas = re.findall(r'<textarea name="([^"]*)"[^>]*>\r?\n(.*?)</textarea>', html, re.S)
    return found | {unescape(name): unescape(text) for name, text in areas}


def test_the_right_three_open_the_workspace(cast: Cast, door: Door) -> None:
    answer = door.post(SIGN_IN, typed(cast, next=ME))
    assert (answer.status_code, answer["Location"]) == (302, ME)
    assert cast.user("intake").name in door.get(ME).content.decode()
    assert AuditLine.objects.filter(
        event="accounts.signed_in", actor=cast.user("intake").keypair_id
    ).exists()


def test_capital_letters_and_spaces_do_not_matter(cast: Cast, door: Door) -> None:
    spaced = {"username": " Intake ", "code": " ".join(code(cast, "intake"))}
    assert door.post(SIGN_IN, typed(cast) | spaced).status_code == 302


def test_every_mistake_gets_the_same_answer(cast: Cast, door: Door) -> None:
    wrong = [
        typed(cast, passphrase="bukan kata sandinya"),
        typed(cast, "office", code="000000"),
        typed(cast, username="nobody-here"),
    ]
    answers = [door.post(SIGN_IN, form) for form in wrong]
    assert {answer.status_code for answer in answers} == {422}
    pages = {
        re.sub(
            "&quot;challenge&quot;: &quot;[^&]+",
            "…",
            answer.content.decode().replace(form["username"], "…"),
        )
        for answer, form in zip(answers, wrong, strict=True)
    }
    assert len(pages) == 1
    page = pages.pop()
    assert "belum cocok" in page and "kata sandinya" not in page and "000000" not in page


def test_a_code_counts_once(cast: Cast, door: Door) -> None:
    form = typed(cast)
    assert door.post(SIGN_IN, form).status_code == 302
    again = Door("workspace").post(SIGN_IN, form)
    assert again.status_code == 422
    earlier = typed(cast, code=code(cast, "intake", -passphrases.STEP))
    assert Door("workspace").post(SIGN_IN, earlier).status_code == 422


@pytest.mark.parametrize("who", ["intake", "nobody-here"])
def test_wrong_attempts_make_the_next_one_wait_also_for_unknown_names(
    cast: Cast, door: Door, who: str
) -> None:
    form = typed(cast) | {"username": who}
    for _attempt in range(3):
        assert door.post(SIGN_IN, form | {"passphrase": "keliru"}).status_code == 422
    page = door.post(SIGN_IN, form).content.decode()
    assert "Tunggu satu menit" in page
    row = Slowdown.objects.get()
    assert who.encode() not in bytes(row.key) and row.failures == 3
    assert {f.name for f in Slowdown._meta.fields} == {"key", "failures", "until_at"}


def test_after_waiting_the_right_person_comes_in_and_starts_afresh(cast: Cast) -> None:
    now = timezone.now()
    for _attempt in range(6):
        with pytest.raises((actions.NotOpened, actions.Wait)):
            actions.sign_in(username="intake", passphrase="keliru", code="1", now=now)
    later = now + timedelta(seconds=61)
    signed = actions.sign_in(
        **typed(cast) | {"code": code(cast, "intake", 61)}, now=later
    )  # fmt: skip
    assert signed.seed == cast.seed("intake")
    assert not Slowdown.objects.exists()


def test_many_attempts_at_the_same_moment_are_no_way_around_waiting(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, derive = timezone.now(), passphrases.derive_passphrase

    def meanwhile(*args: Any) -> Any:
        monkeypatch.setattr(passphrases, "derive_passphrase", derive)
        for _other in range(3):
            with pytest.raises(actions.NotOpened):
                actions.sign_in(username="intake", passphrase="keliru", code="1", now=now)
        return derive(*args)

    monkeypatch.setattr(passphrases, "derive_passphrase", meanwhile)
    with pytest.raises(actions.Wait):
        actions.sign_in(**typed(cast), now=now)


# --- What was typed when a session ended ---------------------------------------------------------


def test_a_session_that_ends_in_mid_form_loses_no_word(cast: Cast, door: Door) -> None:
    door.post(SIGN_IN, typed(cast, "root-one"))
    ref = fields(door.get(FORM).content.decode())["ref"]
    Session.objects.all().delete()
    name = 'Lembaga "Melati" & <b>Mawar</b>'
    form = {"ref": ref, "name": name, "parent": "", "region": "53.71", "type": "ngo"}
    asked = door.post(FORM, form)
    assert asked.status_code == 401
    page = asked.content.decode()
    assert "Tulisan Anda masih ada" in page and "<b>Mawar" not in page
    carried = fields(page)

    again = door.post(SIGN_IN, carried | typed(cast, "root-one", code="000000"))
    carried = fields(again.content.decode())
    fresh = code(cast, "root-one", passphrases.STEP)
    back = door.post(SIGN_IN, carried | typed(cast, "root-one", code=fresh))
    page = back.content.decode()
    assert back.status_code == 200
    assert "Tulisan Anda masih ada" in page and f'action="{FORM}"' in page
    assert "passphrase" not in page and fresh not in page
    sent = fields(page)
    assert sent["name"] == name and sent["ref"] == ref and sent["region"] == "53.71"

    sent["parent"] = str(cast.agency("network").ref)
    no_token = {name: text for name, text in sent.items() if name != "csrfmiddlewaretoken"}
    assert door.post(FORM, no_token).status_code == 401
    assert door.post(FORM, sent).status_code == 302
    assert Agency.objects.get(ref=ref).name == name


def test_a_page_from_before_the_last_sign_in_is_sent_under_the_present_name(
    cast: Cast, door: Door
) -> None:
    """Nobody signs in twice for it, and whose name it goes under is said."""
    door.post(SIGN_IN, typed(cast, "root-one"))
    old = fields(door.get(FORM).content.decode())
    door.post(SIGN_IN, typed(cast, "root-two"))
    name = 'Lembaga "Melati" & <b>Mawar</b>'
    form = {
        **old, "name": name, "parent": str(cast.agency("network").ref), "region": "53.71",
        "type": "ngo",
    }  # fmt: skip
    ours = {"HTTP_ORIGIN": "http://localhost"}
    asked = door.post(FORM, form, **ours)
    page = asked.content.decode()
    assert asked.status_code == 403 and f'action="{FORM}"' in page and "<b>Mawar" not in page
    assert f"Anda masuk sebagai {cast.user('root-two').name}" in page
    assert cast.user("root-one").name not in page and "passphrase" not in page
    assert door.post(FORM, fields(page), **ours).status_code == 302
    assert Agency.objects.get(ref=old["ref"]).name == name


def test_who_does_not_say_where_a_post_came_from_is_asked_to_sign_in(
    cast: Cast, door: Door
) -> None:
    """An old browser could be sent by another site; its form is not made ready for one press."""
    door.post(SIGN_IN, typed(cast, "root-one"))
    asked = door.post(FORM, {"name": "Dari tempat lain"})
    assert asked.status_code == 401 and "kept.name" in asked.content.decode()
    foreign = door.post(FORM, {"name": "Dari tempat lain"}, HTTP_ORIGIN="https://example.org")
    assert foreign.status_code == 403 and "Dari tempat lain" not in foreign.content.decode()


def test_an_old_page_signs_out_too(cast: Cast, door: Door) -> None:
    """Who presses Keluar is out, however old the page; another site signs nobody out."""
    door.post(SIGN_IN, typed(cast))
    foreign = door.post("/accounts/sign-out/", {}, HTTP_ORIGIN="https://example.org")
    assert foreign.status_code == 403 and door.get(ME).status_code == 200
    old = {"csrfmiddlewaretoken": "x" * 64}
    assert door.post("/accounts/sign-out/", old).status_code == 302
    assert door.get(ME).status_code == 401


def test_nothing_typed_is_stored_while_nobody_is_signed_in(cast: Cast, door: Door) -> None:
    door.post(FORM, {"name": "Tulisan yang rahasia"})
    door.post(SIGN_IN, typed(cast, **{"kept.name": "Tulisan yang rahasia", "sent": "POST"}))
    row = Session.objects.get()
    key = boot.session_key(door.client.cookies["w"].value.encode(), bytes(row.place))
    assert b"Tulisan" not in crypto.unseal(key, bytes(row.sealed), bytes(row.place))


def test_a_page_that_was_only_looked_at_opens_after_signing_in(cast: Cast, door: Door) -> None:
    asked = door.get("/network/people/?a=b")
    assert asked.status_code == 401
    carried = fields(asked.content.decode())
    back = door.post(SIGN_IN, carried | typed(cast))
    assert (back.status_code, back["Location"]) == (302, "/network/people/?a=b")


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://example.org/", "//example.org/", "/\\example.org", "///example.org",
        "javascript:alert(1)", "http:example.org", "example.org", "",
    ],
)  # fmt: skip
def test_signing_in_never_leads_elsewhere(cast: Cast, door: Door, elsewhere: str) -> None:
    form = typed(cast, next=elsewhere)
    assert "example" not in door.post(SIGN_IN, form | {"code": "000000"}).content.decode()
    back = door.post(SIGN_IN, form | {"sent": "POST", "kept.text": "satu dua"})
    assert 'action="/"' in back.content.decode()
    door.client.logout()
    other = typed(cast, "office", next=elsewhere)
    assert door.post(SIGN_IN, other)["Location"] == "/"


# --- Sessions ------------------------------------------------------------------------------------


def test_no_cookie_before_somebody_is_known(cast: Cast, door: Door) -> None:
    answers = [
        door.get(SIGN_IN),
        door.get(ME),
        door.post(SIGN_IN, typed(cast, code="000000")),
        door.post(FORM, {"name": "x"}),
    ]
    assert not any(answer.cookies for answer in answers)
    assert not Session.objects.exists()


def test_another_site_cannot_sign_anybody_in(cast: Cast, door: Door) -> None:
    for header in ({"HTTP_SEC_FETCH_SITE": "cross-site"}, {"HTTP_ORIGIN": "https://example.org"}):
        assert door.post(SIGN_IN, typed(cast), **header).status_code == 403
    assert not Session.objects.exists()


def test_the_session_record_holds_nothing_that_opens(
    cast: Cast, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.post(SIGN_IN, typed(cast))
    row, seed = Session.objects.get(), cast.seed("intake")
    stored = bytes(row.sealed) + bytes(row.place)
    assert seed not in stored and seed.hex().encode() not in stored
    assert door.client.cookies["w"].value.encode() not in stored
    assert door.get(ME).status_code == 200
    monkeypatch.setattr(boot, "_secret", bytes(32))  # the door starts anew
    assert door.get(ME).status_code == 401
    assert not Session.objects.exists(), "what cannot be opened any more does not stay"


def test_fifteen_idle_minutes_end_a_session_and_work_goes_on(cast: Cast, door: Door) -> None:
    assert settings.SESSION_COOKIE_AGE == 15 * 60, "the sign-in page says fifteen"
    door.post(SIGN_IN, typed(cast))
    Session.objects.update(expires_at=timezone.now() + timedelta(minutes=5))
    assert door.get(ME).status_code == 200
    assert Session.objects.get().expires_at > timezone.now() + timedelta(minutes=14)
    Session.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert door.get(ME).status_code == 401


def test_a_second_person_at_the_same_browser_gets_her_own_session(cast: Cast, door: Door) -> None:
    door.post(SIGN_IN, typed(cast))
    first = door.client.cookies["w"].value
    assert door.post(SIGN_IN, typed(cast, "office")).status_code == 302
    assert door.client.cookies["w"].value != first
    page = door.get(ME).content.decode()
    assert cast.user("office").name in page and cast.user("intake").name not in page
    assert Session.objects.count() == 1


def test_a_removal_signs_out_at_once(cast: Cast, door: Door) -> None:
    door.post(SIGN_IN, typed(cast, "leaver"))
    assert door.get(ME).status_code == 200
    with cast.acting("root-one") as actor:
        membership = Membership.objects.get(user=cast.user("leaver"))
        network.remove(actor=actor, membership=membership, now=timezone.now())
    assert door.get(ME).status_code == 401


def test_a_person_who_left_does_not_come_in(cast: Cast, door: Door) -> None:
    User.objects.filter(pk=cast.user("leaver").pk).update(left_at=timezone.now())
    assert door.post(SIGN_IN, typed(cast, "leaver")).status_code == 422


def test_signing_out_ends_this_session_only(cast: Cast, sign_in: SignIn) -> None:
    one, other = sign_in("intake"), sign_in("intake")
    one.post("/accounts/sign-out/")
    assert one.get(ME).status_code == 401
    assert other.get(ME).status_code == 200


def test_signing_out_everywhere_ends_all_of_hers_and_nobody_elses(
    cast: Cast, sign_in: SignIn
) -> None:
    one, other, colleague = sign_in("intake"), sign_in("intake"), sign_in("colleague")
    assert one.post("/accounts/me/sign-out/").status_code == 302
    assert [d.get(ME).status_code for d in (one, other, colleague)] == [401, 401, 200]


def test_her_own_page_tells_her_what_she_did_and_never_about_whom(
    cast: Cast, sign_in: SignIn
) -> None:
    cast.open_case(cast.file())
    page = sign_in("intake").get(ME).content.decode()
    assert "Menangani kasus" in page and "Pengaduan Uji" in page
    assert "kasus uji" not in page
    assert "Menangani kasus" not in sign_in("office").get(ME).content.decode()
    assert re.search(r"\d{5} \d{5} \d{5} \d{5}", page)
