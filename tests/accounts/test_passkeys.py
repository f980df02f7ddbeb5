"""Passkeys and recovery codes: what counts once, what opens nothing, and what nobody learns."""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone
from fido2.cose import RS1, RS256
from fido2.utils import websafe_decode, websafe_encode
from hypothesis import given
from hypothesis import strategies as some

from simpul.accounts import actions
from simpul.accounts.models import Session, Slowdown, User
from simpul.vault import boot, context, crypto, passkeys, recovery
from simpul.vault.crypto import Pair
from simpul.vault.models import AuditLine, Passkey, RecoveryCode
from tests.accounts.authenticator import Device, Flag
from tests.accounts.test_sign_in import ME, SIGN_IN, code, door, typed
from tests.conftest import Cast, Door

__all__ = ["door"]
WAYS, CONFIRM, CODES = (
    "/accounts/me/ways/",
    "/accounts/me/ways/confirm/",
    "/accounts/me/ways/codes/",
)
ADD = "/accounts/me/ways/passkeys/"
SignIn = Callable[[str], Door]


def asked(page: Any) -> str:
    """What a page asks of a passkey."""
    found = re.search(r'data-options="([^"]*)"', page.content.decode())
    assert found
    return unescape(found[1])


def passphrase(cast: Cast, who: str = "intake") -> str:
    """A person's passphrase."""
    return str(cast.secrets["people"][who]["passphrase"])


def pair(cast: Cast, who: str) -> Pair:
    """A person's private pair."""
    return Pair(cast.user(who).keypair_id, cast.seed(who))


def held(
    cast: Cast, who: str = "intake", *, prf: bool = False, device: Device | None = None
) -> Device:
    """A device with a passkey of this person, added a minute ago."""
    device, now = device or Device(), timezone.now() - timedelta(minutes=1)
    user = cast.user(who)
    with context.opened("workspace", person=user.keypair_id):
        actions.add_passkey(
            actor=actions.Anyone(user.keypair_id), user=user, seed=cast.seed(who), label="ponsel",
            answer=device.made(passkeys.asking_to_add(user.keypair_id, who, now)),
            prf=device.prf if prf else "", now=now,
        )  # fmt: skip
    return device


def shows(cast: Cast, answer: str, who: str = "intake", **more: Any) -> dict[str, Any]:
    """What is sent with passphrase and passkey."""
    return {"username": who, "passphrase": passphrase(cast, who), "passkey": answer, **more}


def opened(cast: Cast, sign_in: SignIn, who: str = "intake") -> Door:
    """A signed-in person who typed her passphrase once more."""
    door = sign_in(who)
    assert door.post(CONFIRM, {"passphrase": passphrase(cast, who)})["Location"] == WAYS
    return door


# --- The second factor ---------------------------------------------------------------------------


def test_a_passkey_takes_the_place_of_the_code_and_never_of_the_passphrase(
    cast: Cast, door: Door
) -> None:
    device = held(cast)
    asking = asked(door.get(SIGN_IN))
    for form in (
        shows(cast, device.answer(asking)) | {"passphrase": "bukan kata sandinya"},
        shows(cast, device.answer(asking)) | {"passphrase": ""},
        shows(cast, device.answer(asking), prf=device.prf) | {"passphrase": ""},
    ):
        assert door.post(SIGN_IN, form).status_code == 422
    Slowdown.objects.all().delete()
    assert door.post(SIGN_IN, shows(cast, device.answer(asking), next=ME))["Location"] == ME
    assert cast.user("intake").name in door.get(ME).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://example.org"},
        {"origin": "http://localhost.example.org"},
        {"origin": "https://lapor.localhost"},
        {"origin": "ftp://localhost"},
        {"rp": "example.org"},
        {"flags": Flag.UP},
        {"flags": Flag.UV},
        {"kind": "webauthn.create"},
        {"framed": True},
        {"key": ec.generate_private_key(ec.SECP256R1())},
    ],
    ids=lambda change: "-".join(change) or "as it is",
)
def test_an_answer_that_is_wrong_in_one_thing_opens_nothing(
    cast: Cast, door: Door, wrong: dict[str, Any]
) -> None:
    device = held(cast, prf=True)
    answer = device.answer(asked(door.get(SIGN_IN)), **wrong)
    assert door.post(SIGN_IN, shows(cast, answer)).status_code == 422
    alone = shows(cast, answer, prf=device.prf) | {"passphrase": ""}
    assert door.post(SIGN_IN, alone).status_code == 422
    assert not Session.objects.exists()


def test_a_wrong_passkey_is_not_saved_by_a_right_code(cast: Cast, door: Door) -> None:
    answer = Device().answer(asked(door.get(SIGN_IN)))
    form = shows(cast, answer, code=code(cast, "intake"))
    assert door.post(SIGN_IN, form).status_code == 422
    assert door.post(SIGN_IN, form | {"passkey": ""}).status_code == 302, "the code is not used up"


def test_an_answer_counts_once_and_no_earlier_one_after_it(cast: Cast, door: Door) -> None:
    device = held(cast)
    earlier, later = asked(door.get(SIGN_IN)), asked(door.get(SIGN_IN))
    late = device.answer(later)
    assert door.post(SIGN_IN, shows(cast, late)).status_code == 302
    assert Door("workspace").post(SIGN_IN, shows(cast, late)).status_code == 422
    again = device.answer(later)  # signed anew, the same challenge
    assert Door("workspace").post(SIGN_IN, shows(cast, again)).status_code == 422
    stolen = device.answer(earlier)
    assert Door("workspace").post(SIGN_IN, shows(cast, stolen)).status_code == 422


def test_a_device_without_a_counter_is_welcome_and_still_answers_once(
    cast: Cast, door: Door
) -> None:
    device = held(cast)
    answer = device.answer(asked(door.get(SIGN_IN)), counter=0)
    assert door.post(SIGN_IN, shows(cast, answer)).status_code == 302
    assert Door("workspace").post(SIGN_IN, shows(cast, answer)).status_code == 422
    fresh = device.answer(asked(Door("workspace").get(SIGN_IN)), counter=0)
    assert Door("workspace").post(SIGN_IN, shows(cast, fresh)).status_code == 302


@pytest.mark.parametrize("counter", [0, 4, 5])
def test_a_counter_that_goes_back_is_a_copy_and_is_written_down(
    cast: Cast, door: Door, counter: int
) -> None:
    device = held(cast)
    first = device.answer(asked(door.get(SIGN_IN)), counter=5)
    assert door.post(SIGN_IN, shows(cast, first)).status_code == 302
    copy = device.answer(asked(Door("workspace").get(SIGN_IN)), counter=counter)
    assert Door("workspace").post(SIGN_IN, shows(cast, copy)).status_code == 422
    assert AuditLine.objects.filter(event="accounts.passkey_copied").count() == 1
    assert "mungkin disalin" in door.get(ME).content.decode()


def test_a_page_that_is_too_old_says_so_and_counts_as_no_attempt(cast: Cast, door: Door) -> None:
    device, now = held(cast), timezone.now()
    old = device.answer(passkeys.asking(now - timedelta(minutes=16)))
    page = door.post(SIGN_IN, shows(cast, old))
    assert page.status_code == 422 and "sudah lama terbuka" in page.content.decode()
    assert not Slowdown.objects.exists()


def test_a_challenge_of_another_start_or_another_purpose_or_invented_is_none(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, now, person = held(cast), timezone.now(), cast.user("intake").keypair_id
    to_add = passkeys.asking_to_add(person, "intake", now)
    invented = json.dumps({"challenge": websafe_encode(crypto.random(56))})
    empty = json.dumps({"challenge": ""})
    answers = [device.answer(options) for options in (to_add, invented, empty)]
    right = device.answer(passkeys.asking(now))
    for answer in answers:
        with pytest.raises(passkeys.Stale):
            passkeys.shown(answer, person, now)
    assert passkeys.shown(right, person, now)
    monkeypatch.setattr(boot, "_secret", bytes(32))
    with pytest.raises(passkeys.Stale):
        passkeys.shown(right, person, now)


def test_another_persons_passkey_and_a_removed_one_open_nothing(cast: Cast, door: Door) -> None:
    device = held(cast, "office", prf=True)
    asking = asked(door.get(SIGN_IN))
    for form in (
        shows(cast, device.answer(asking)),
        shows(cast, device.answer(asking), prf=device.prf) | {"passphrase": ""},
    ):
        assert door.post(SIGN_IN, form).status_code == 422
    office = cast.user("office").keypair_id
    with context.opened("workspace", person=office):
        passkey = Passkey.objects.get()
        actions.remove_passkey(actor=actions.Anyone(office), passkey=passkey)
    alone = shows(cast, device.answer(asking), "office", prf=device.prf) | {"passphrase": ""}
    assert door.post(SIGN_IN, alone).status_code == 422


def test_a_passkey_that_is_removed_while_she_signs_in_opens_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, now = held(cast, prf=True), timezone.now()
    answer, open_pair = device.answer(passkeys.asking(now)), passkeys.open_pair

    def meanwhile(*args: Any) -> Any:
        Passkey.objects.all().delete()
        return open_pair(*args)

    monkeypatch.setattr(passkeys, "open_pair", meanwhile)
    with pytest.raises(actions.NotOpened):
        actions.sign_in(
            username="intake", passphrase="", code="", passkey=answer, prf=device.prf, now=now
        )


def test_a_passkey_written_into_the_database_by_hand_opens_nothing(cast: Cast, door: Door) -> None:
    """An administrator of the database who knows a passphrase still lacks the second factor."""
    device = held(cast, "office")
    Passkey.objects.update(keypair_id=cast.user("intake").keypair_id)
    answer = device.answer(asked(door.get(SIGN_IN)))
    assert door.post(SIGN_IN, shows(cast, answer)).status_code == 422
    theirs, hers = held(cast, "office"), held(cast)
    public = Passkey.objects.get(credential=theirs.credential).public
    Passkey.objects.filter(credential=theirs.credential).delete()
    Passkey.objects.filter(credential=hers.credential).update(public=public)
    hers.key = theirs.key
    answer = hers.answer(asked(door.get(SIGN_IN)))
    assert door.post(SIGN_IN, shows(cast, answer)).status_code == 422


@given(some.text() | some.recursive(some.none() | some.text(), some.lists).map(json.dumps))
def test_bytes_that_no_device_sends_are_a_plain_no(answer: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=timezone.get_default_timezone())
    assert passkeys.shown(answer, None, now) is None


def test_an_answer_with_broken_parts_is_a_plain_no(cast: Cast) -> None:
    device, now, person = held(cast), timezone.now(), cast.user("intake").keypair_id
    whole = json.loads(device.answer(passkeys.asking(now)))
    for name in ("authenticatorData", "signature", "clientDataJSON"):
        for bad in ("", "AA", "=", None, 7, [], {}):
            answer = json.dumps(whole | {"response": whole["response"] | {name: bad}})
            assert passkeys.shown(answer, person, now) is None, (name, bad)
    for name in ("id", "rawId", "response"):
        answer = json.dumps(whole | {name: 7})
        assert passkeys.shown(answer, person, now) is None, name


# --- PRF -----------------------------------------------------------------------------------------


def test_with_prf_a_passkey_alone_opens_her_keys(cast: Cast, door: Door) -> None:
    device = held(cast, prf=True)
    form = {"username": "intake", "prf": device.prf, "next": ME}
    form["passkey"] = device.answer(asked(door.get(SIGN_IN)))
    assert door.post(SIGN_IN, form)["Location"] == ME
    page = door.get(ME).content.decode()
    assert cast.user("intake").name in page
    row = Session.objects.get()
    key = boot.session_key(door.client.cookies["w"].value.encode(), bytes(row.place))
    kept = crypto.unseal(key, bytes(row.sealed), bytes(row.place)).decode()
    assert cast.seed("intake").hex() in kept and device.prf not in kept


def test_a_person_who_left_does_not_come_in_by_passkey(cast: Cast, door: Door) -> None:
    device = held(cast, "leaver", prf=True)
    User.objects.filter(pk=cast.user("leaver").pk).update(left_at=timezone.now())
    form = {"username": "leaver", "prf": device.prf}
    form["passkey"] = device.answer(asked(door.get(SIGN_IN)))
    assert door.post(SIGN_IN, form).status_code == 422


def test_the_trace_says_which_passkey_opened(cast: Cast, door: Door) -> None:
    device = held(cast, prf=True)
    form = {"username": "intake", "prf": device.prf}
    form["passkey"] = device.answer(asked(door.get(SIGN_IN)))
    assert door.post(SIGN_IN, form).status_code == 302
    assert AuditLine.objects.get(event="accounts.signed_in").row == Passkey.objects.get().pk


@pytest.mark.parametrize("prf", ["", "AA", "%%%", "é", websafe_encode(bytes(32))])
def test_another_prf_output_opens_nothing(cast: Cast, door: Door, prf: str) -> None:
    device = held(cast, prf=True)
    form = {"username": "intake", "prf": prf, "passkey": device.answer(asked(door.get(SIGN_IN)))}
    assert door.post(SIGN_IN, form).status_code == 422


def test_the_database_holds_no_prf_output_and_no_seed(cast: Cast) -> None:
    device = held(cast, prf=True)
    row = Passkey.objects.get()
    stored = b"".join(bytes(v) for v in vars(row).values() if isinstance(v, bytes | memoryview))
    output = websafe_decode(device.prf)
    assert row.opens_alone and len(stored) > 300
    assert output not in stored and cast.seed("intake") not in stored


def test_what_one_passkey_wraps_does_not_open_in_the_place_of_another(cast: Cast) -> None:
    one, two = held(cast, prf=True), held(cast, prf=True)
    rows = {bytes(p.credential): p for p in Passkey.objects.all()}
    mine, other = rows[one.credential], rows[two.credential]
    assert passkeys.open_pair(passkeys.Shown(mine, timezone.now(), 1), one.prf)
    mine.seed, mine.salt = other.seed, other.salt
    assert passkeys.open_pair(passkeys.Shown(mine, timezone.now(), 1), two.prf) is None


def test_a_session_that_ends_while_she_adds_one_gives_no_secret_back(
    cast: Cast, door: Door
) -> None:
    """What was typed comes back to be sent again, the PRF output and the answer do not."""
    device = Device()
    form = {"label": "Ponsel saya", "passkey": "jawaban-perangkat", "prf": device.prf}
    page = door.post(ADD, form)
    assert page.status_code == 401
    text = page.content.decode()
    assert "Ponsel saya" in text and device.prf not in text and "jawaban-perangkat" not in text


# --- Nobody learns -------------------------------------------------------------------------------


def test_the_page_asks_everybody_the_same_and_names_no_passkey(cast: Cast, door: Door) -> None:
    held(cast)
    options = [json.loads(asked(door.get(SIGN_IN))) for _twice in range(2)]
    for each in options:
        assert len(each.pop("challenge")) == 75
    assert options[0] == options[1]
    assert "allowCredentials" not in options[0] and options[0]["userVerification"] == "required"


@pytest.mark.parametrize("who", ["office", "nobody-here"])
def test_a_name_without_passkeys_and_no_name_get_the_same_answer(
    cast: Cast, door: Door, who: str
) -> None:
    form = {"username": who, "prf": Device().prf}
    form["passkey"] = Device().answer(asked(door.get(SIGN_IN)))
    for _attempt in range(3):
        page = door.post(SIGN_IN, form)
        assert page.status_code == 422 and "belum cocok" in page.content.decode()
    assert "Tunggu satu menit" in door.post(SIGN_IN, form).content.decode()


def test_wrong_passkeys_make_the_right_one_wait(cast: Cast, door: Door) -> None:
    device = held(cast, prf=True)
    form = {"username": "intake", "prf": websafe_encode(bytes(32))}
    for _attempt in range(3):
        form["passkey"] = device.answer(asked(door.get(SIGN_IN)))
        door.post(SIGN_IN, form)
    form |= {"passkey": device.answer(asked(door.get(SIGN_IN))), "prf": device.prf}
    assert "Tunggu satu menit" in door.post(SIGN_IN, form).content.decode()


def test_only_she_sees_her_passkeys_and_codes(cast: Cast, sign_in: SignIn) -> None:
    held(cast)
    intake, office = cast.user("intake").keypair_id, cast.user("office").keypair_id
    with context.opened("workspace", person=intake):
        recovery.make(intake)
        assert (Passkey.objects.count(), RecoveryCode.objects.count()) == (1, 8)
    with context.opened("workspace", person=office, desks=[cast.desk("intake").pk]):
        assert not Passkey.objects.exists() and not RecoveryCode.objects.exists()
        assert not Passkey.objects.filter(keypair_id=intake).delete()[0]
    with (
        context.opened("workspace", person=office),
        pytest.raises(DatabaseError),
        transaction.atomic(),
    ):
        recovery.make(intake)
    ref = Passkey.objects.get().pk
    assert opened(cast, sign_in, "office").post(f"{ADD}{ref}/remove/").status_code == 404
    assert Passkey.objects.exists()


# --- Her own page --------------------------------------------------------------------------------


def test_nobody_adds_a_way_in_at_an_open_workspace_without_the_passphrase(
    cast: Cast, sign_in: SignIn
) -> None:
    door, device, person = sign_in("intake"), Device(), cast.user("intake").keypair_id
    asking = passkeys.asking_to_add(person, "intake", timezone.now())
    form = {"label": "milik orang lain", "passkey": device.made(asking), "prf": device.prf}
    for path, data in ((ADD, form), (CODES, {}), (WAYS, {})):
        assert door.post(path, data)["Location"] == CONFIRM
        assert door.get(path)["Location"] == CONFIRM
    for _attempt in range(3):
        assert door.post(CONFIRM, {"passphrase": "keliru sekali"}).status_code == 422
    page = door.post(CONFIRM, {"passphrase": passphrase(cast)}).content.decode()
    assert "Tunggu satu menit" in page
    assert not Passkey.objects.exists() and not RecoveryCode.objects.exists()
    assert AuditLine.objects.filter(event="accounts.confirm_refused").count() == 3


def test_the_passphrase_once_more_lasts_five_minutes(
    cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, later = opened(cast, sign_in), timezone.now() + timedelta(seconds=301)
    assert door.get(WAYS).status_code == 200
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert door.get(WAYS)["Location"] == CONFIRM


def test_she_adds_names_and_removes_a_passkey(cast: Cast, sign_in: SignIn) -> None:
    door, device = opened(cast, sign_in), Device()
    answer = device.made(asked(door.get(WAYS)))
    form = {"label": "Ponsel <b>saya</b>", "passkey": answer, "prf": device.prf}
    assert door.post(ADD, form)["Location"] == WAYS
    page = door.get(WAYS)
    assert "Ponsel &lt;b&gt;saya&lt;/b&gt;" in page.content.decode()
    assert "Masuk tanpa kata sandi" in page.content.decode()
    assert [c["id"] for c in json.loads(asked(page))["excludeCredentials"]] == [
        websafe_encode(device.credential)
    ]
    assert door.post(f"{ADD}{Passkey.objects.get().pk}/remove/").status_code == 302
    assert not Passkey.objects.exists()
    trace = door.get(ME).content.decode()
    assert "Menambah kunci sandi" in trace and "Menghapus kunci sandi" in trace


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://example.org"},
        {"rp": "example.org"},
        {"flags": Flag.UP},
        {"kind": "webauthn.get"},
        {"challenge": crypto.random(56)},
        {"public": RS1({1: 3, 3: RS1.ALGORITHM, -1: bytes(256), -2: b"\1\0\1"})},
        {"public": RS256({1: 3, 3: -65537, -1: bytes(256), -2: b"\1\0\1"})},
    ],
    ids=lambda change: "-".join(change) or "as it is",
)
def test_a_new_passkey_that_is_wrong_in_one_thing_is_not_kept(
    cast: Cast, sign_in: SignIn, wrong: dict[str, Any]
) -> None:
    door = opened(cast, sign_in)
    form = {"label": "ponsel", "passkey": Device().made(asked(door.get(WAYS)), **wrong)}
    assert door.post(ADD, form).status_code == 422
    assert not Passkey.objects.exists()


def test_the_same_passkey_is_kept_once_and_only_for_whom_it_was_made(
    cast: Cast, sign_in: SignIn
) -> None:
    door, other = opened(cast, sign_in), opened(cast, sign_in, "office")
    answer = Device().made(asked(door.get(WAYS)))
    form = {"label": "ponsel", "passkey": answer}
    assert other.post(ADD, form).status_code == 422
    assert door.post(ADD, form).status_code == 302
    assert door.post(ADD, form).status_code == 422
    assert other.post(ADD, form).status_code == 422
    assert Passkey.objects.count() == 1


@pytest.mark.parametrize(
    "change", [{"label": ""}, {"prf": "AA"}, {"passkey": "{}"}, {"passkey": "x" * 30_000}], ids=str
)
def test_what_is_missing_or_odd_is_not_kept(
    cast: Cast, sign_in: SignIn, change: dict[str, str]
) -> None:
    door = opened(cast, sign_in)
    form = {"label": "ponsel", "passkey": Device().made(asked(door.get(WAYS)))}
    assert door.post(ADD, form | change).status_code == 422
    assert not Passkey.objects.exists()


# --- Recovery codes ------------------------------------------------------------------------------


def fresh_codes(door: Door) -> list[str]:
    """The codes that the page shows, once."""
    page = door.post(CODES)
    assert page.status_code == 200 and "no-store" in page["Cache-Control"]
    return re.findall(r"<code>([\d ]+)</code>", page.content.decode())


def test_a_code_on_paper_opens_once_in_place_of_the_second_factor(
    cast: Cast, sign_in: SignIn, door: Door
) -> None:
    codes = fresh_codes(opened(cast, sign_in))
    assert len(set(codes)) == 8 and all(re.fullmatch(r"(\d{5} ?){4}", c) for c in codes)
    form = typed(cast, code=codes[0])
    assert door.post(SIGN_IN, form | {"passphrase": "bukan kata sandinya"}).status_code == 422
    assert door.post(SIGN_IN, form | {"passphrase": ""}).status_code == 422
    assert door.post(SIGN_IN, form).status_code == 302, "a wrong passphrase uses up no code"
    assert Door("workspace").post(SIGN_IN, form).status_code == 422
    me = door.get(ME).content.decode()
    assert "Masuk dengan kode cadangan" in me and "Sisa 7 kode" in me
    assert "Sisa 7 kode" in opened(cast, sign_in).get(WAYS).content.decode()
    spaceless = typed(cast, code=codes[1].replace(" ", "-"))
    assert Door("workspace").post(SIGN_IN, spaceless).status_code == 302


def test_new_codes_end_the_old_ones_and_fit_nobody_else(
    cast: Cast, sign_in: SignIn, door: Door
) -> None:
    page = opened(cast, sign_in)
    old, new = fresh_codes(page), fresh_codes(page)
    assert RecoveryCode.objects.count() == 8
    assert door.post(SIGN_IN, typed(cast, code=old[0])).status_code == 422
    assert door.post(SIGN_IN, typed(cast, "office", code=new[0])).status_code == 422
    assert door.post(SIGN_IN, typed(cast, code=new[0])).status_code == 302


def test_the_database_alone_tells_nothing_of_a_code(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = cast.user("intake").keypair_id
    codes = recovery.make(person)
    stored = b"".join(bytes(row.mac) for row in RecoveryCode.objects.all())
    assert not any(c.replace(" ", "").encode() in stored for c in codes)
    monkeypatch.setattr(settings, "PEPPER", bytes(32))
    assert not recovery.use(person, codes[0])


@pytest.mark.parametrize("typed_code", ["", " ", "000000", "٠" * 20, "0" * 20, "x" * 40])
def test_what_is_no_code_opens_nothing(cast: Cast, typed_code: str) -> None:
    person = cast.user("intake").keypair_id
    recovery.make(person)
    assert not recovery.use(person, typed_code) and recovery.left(person) == 8
