"""A session record opens with the browser's cookie and this start of this door, and never again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as configured
from django.contrib.sessions.backends.base import UpdateError
from django.db import DatabaseError, connection
from django.test import override_settings
from django.utils import timezone

from simpul.accounts.models import Session
from simpul.accounts.sessions import SessionStore
from simpul.vault import boot, context, crypto
from tests.conftest import Cast

SEED = "5eed" * 16


@pytest.fixture(autouse=True)
def secret(cast: Cast) -> Iterator[bytes]:
    """The boot secret of this start."""
    before = boot._secret
    held = crypto.random()
    boot.hold(held)
    yield held
    boot._secret = before


@contextmanager
def at(door: str) -> Iterator[None]:
    """Inside a door: its cookie's name and its role."""
    with override_settings(**configured.DOORS[door]), context.opened(door):
        yield


def signed_in(cast: Cast) -> str:
    """A session of the workspace with a private seed in it; returns the cookie."""
    with at("workspace"):
        store = SessionStore()
        store["seed"] = SEED
        store["_auth_user_id"] = cast.user("intake").pk
        store.save()
    assert store.session_key is not None
    return store.session_key


def found(cookie: str, door: str = "workspace") -> dict[str, Any]:
    """What a cookie opens at a door."""
    with at(door):
        return SessionStore(cookie).load()


def test_the_cookie_opens_the_record(cast: Cast) -> None:
    """So that what follows is about what does not."""
    assert found(signed_in(cast))["seed"] == SEED


def test_another_cookie_opens_nothing(cast: Cast) -> None:
    """Nor the hash that stands in the database."""
    cookie = signed_in(cast)
    place = bytes(Session.objects.get().place)
    for other in (cookie[:-1] + "x", cookie.upper(), place.hex(), "", "a" * 48):
        assert found(other) == {}
    assert found(cookie)["seed"] == SEED


def test_after_a_restart_the_cookie_opens_nothing(cast: Cast) -> None:
    """The boot secret was never written down; the record is removed on the first try."""
    cookie = signed_in(cast)
    boot.hold(crypto.random())
    assert found(cookie) == {}
    assert not Session.objects.exists()


def test_a_stolen_record_opens_without_the_cookie_for_nobody(cast: Cast, secret: bytes) -> None:
    """Even with the boot secret: database and memory together lack the token."""
    signed_in(cast)
    row = Session.objects.get()
    place, sealed = bytes(row.place), bytes(row.sealed)
    for token in (b"", place, place.hex().encode()):
        with pytest.raises(crypto.Unopened):
            crypto.unseal(boot.session_key(token, place), sealed, place)
    assert SEED.encode() not in sealed and bytes.fromhex(SEED) not in sealed


def test_the_record_says_nothing_of_the_cookie(cast: Cast) -> None:
    """It is found by a hash, and the token is nowhere in it."""
    cookie = signed_in(cast)
    with connection.cursor() as cursor:
        cursor.execute("SELECT s::text FROM accounts_session s")
        shown = cursor.fetchone()[0]
    assert cookie not in shown and cookie.encode().hex() not in shown


def test_a_record_moved_to_another_place_opens_nothing(cast: Cast) -> None:
    """Two people's records do not change hands in the database."""
    mine, hers = signed_in(cast), signed_in(cast)
    with at("workspace"):
        here = SessionStore(mine)._place(mine)
        there = SessionStore(hers)._place(hers)
    sealed = bytes(Session.objects.get(place=there).sealed)
    Session.objects.filter(place=here).update(sealed=sealed)
    assert found(mine) == {}
    assert found(hers)["seed"] == SEED


def test_one_door_sees_nothing_of_the_others_sessions(cast: Cast) -> None:
    """Neither by the cookie, nor in the table: the policies part them."""
    cookie = signed_in(cast)
    assert found(cookie, "public") == {}
    with at("public"):
        assert not Session.objects.exists()
        assert not SessionStore(cookie).exists(cookie)
        assert Session.objects.all().delete()[0] == 0
        receipt = SessionStore()
        receipt["lookup"] = "00" * 32
        receipt.save()
    assert receipt.session_key is not None
    assert found(receipt.session_key) == {}
    assert found(receipt.session_key, "public") == {"lookup": "00" * 32}
    with at("workspace"):
        assert Session.objects.count() == 1


@pytest.mark.parametrize(("door", "said"), [("public", "w"), ("workspace", "s")])
def test_no_door_writes_the_others_sessions(door: str, said: str, cast: Cast) -> None:
    """A receipt's door cannot put a signed-in person into the table."""
    later = timezone.now() + timedelta(minutes=15)
    with pytest.raises(DatabaseError, match="row-level security"), at(door):
        Session.objects.create(place=b"x", door=said, sealed=b"x", expires_at=later)


def test_the_public_door_writes_no_session_of_a_person(cast: Cast) -> None:
    """Behind a receipt nobody is signed in."""
    user, later = cast.user("intake"), timezone.now() + timedelta(minutes=15)
    with pytest.raises(DatabaseError, match="row-level security"), at("public"):
        Session.objects.create(place=b"x", door="s", user=user, sealed=b"x", expires_at=later)


def test_the_worker_sees_no_running_session_and_no_seal(cast: Cast) -> None:
    """It removes what has expired; it reads nothing."""
    signed_in(cast)
    with context.opened("worker"):
        assert Session.objects.filter(expires_at__lte=timezone.now() + timedelta(1)).count() == 0
        SessionStore.clear_expired()
    assert Session.objects.count() == 1
    Session.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(DatabaseError, match="permission denied"), context.opened("worker"):
        list(Session.objects.values_list("sealed"))
    with context.opened("worker"):
        SessionStore.clear_expired()
    assert not Session.objects.exists()


def test_an_ended_session_does_not_come_back_when_it_is_saved(cast: Cast) -> None:
    """A request that began before a removal or a burn does not undo it at its end."""
    cookie = signed_in(cast)
    with at("workspace"):
        store = SessionStore(cookie)
        assert store["seed"] == SEED
        Session.objects.all().delete()
        store["more"] = "x"
        with pytest.raises(UpdateError):
            store.save()
    assert not Session.objects.exists()
    assert found(cookie) == {}


def test_an_expired_session_opens_nothing_though_its_record_is_there(cast: Cast) -> None:
    """Fifteen idle minutes, sweep or not."""
    cookie = signed_in(cast)
    Session.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert found(cookie) == {}


def test_a_new_sign_in_takes_a_new_cookie(cast: Cast) -> None:
    """A cookie that somebody planted before does not become a signed-in one."""
    with at("workspace"):
        planted = SessionStore()
        planted["x"] = 1
        planted.save()
        before = planted.session_key
        planted.cycle_key()
        planted["seed"] = SEED
        planted.save()
    assert before is not None and planted.session_key is not None
    assert found(before) == {}
    assert found(planted.session_key)["seed"] == SEED


def test_a_cookie_that_was_never_given_out_begins_nothing(cast: Cast) -> None:
    """An invented token is not taken over."""
    with at("workspace"):
        store = SessionStore("a" * 48)
        store["x"] = 1
        store.save()
    assert store.session_key != "a" * 48


def test_the_records_are_all_of_one_size(cast: Cast) -> None:
    """A long passphrase or a short one makes no difference to be seen."""
    signed_in(cast)
    with at("workspace"):
        store = SessionStore()
        store["a"] = "b"
        store.save()
    assert len(json.dumps({"seed": SEED})) < 200
    assert len({len(bytes(row.sealed)) for row in Session.objects.order_by("pk")}) == 1
