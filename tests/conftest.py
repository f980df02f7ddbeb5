"""The cast, the doors, and the strictness of the whole run."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import hypothesis
import pytest
from django.conf import settings
from django.db import models
from django.test import Client, override_settings
from django.utils import timezone

from simpul.accounts.models import User
from simpul.network import access as network_access
from simpul.network.actor import Actor
from simpul.network.models import Agency, Desk
from simpul.vault import condition, context, keydirectory, pins, receipts
from simpul.wording import texts as wording

# The same examples each time, and no stopwatch: a busy machine is no mistake.
hypothesis.settings.register_profile("simpul", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("simpul")


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """The database is already there: tests/instance.py has made it."""


@pytest.fixture(autouse=True)
def _a_fresh_look_at_keys() -> Iterator[None]:
    """What one test pinned or verified does not outlive it."""
    path = pins._path()
    before = path.read_text() if path.exists() else None
    keydirectory.forget()
    yield
    keydirectory.forget()
    if before is not None and path.read_text() != before:
        fresh = path.with_suffix(f".{os.getpid()}")  # other workers read it meanwhile
        fresh.write_text(before)
        fresh.replace(path)


@pytest.fixture(autouse=True)
def _the_shipped_texts() -> None:
    """No test looks for editions of another; tests/wording looks at every call."""
    wording._known, wording._looked = wording.Now(), time.monotonic()


@pytest.fixture(autouse=True)
def _an_own_memory_of_the_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test's chain ends with its transaction; what was pinned of it must end, too."""
    monkeypatch.setattr(pins, "_chain", lambda: tmp_path / "chain-pin.json")
    monkeypatch.setattr(condition, "_path", lambda: tmp_path / "chain-state.json")


@pytest.fixture(autouse=True, scope="session")
def _querysets_without_order_come_back_shuffled() -> Iterator[None]:
    """A page that forgot its order fails here, not once a month in production."""
    fetch = models.QuerySet._fetch_all

    def shuffled(self: Any) -> None:
        fresh = self._result_cache is None
        fetch(self)
        plain = isinstance(self._result_cache, list) and not self.query.is_sliced
        if fresh and plain and not self.ordered:
            self._result_cache.reverse()

    models.QuerySet._fetch_all = shuffled  # type: ignore[method-assign]
    yield
    models.QuerySet._fetch_all = fetch  # type: ignore[method-assign]


@dataclass
class Cast:
    """Who takes part."""

    secrets: dict[str, Any]

    def user(self, key: str) -> User:
        """A person's account."""
        return User.objects.get(pk=self.secrets["users"][key])

    def desk(self, key: str) -> Desk:
        """A desk."""
        return Desk.objects.select_related("agency__region", "keypair").get(
            pk=self.secrets["desks"][key]
        )

    def agency(self, key: str) -> Agency:
        """An agency."""
        return Agency.objects.get(pk=self.secrets["agencies"][key])

    def seed(self, key: str) -> bytes:
        """A person's private seed."""
        return bytes.fromhex(self.secrets["people"][key]["seed"])

    def actor(self, key: str) -> Actor:
        """A signed-in person, as the middleware would build her."""
        return network_access.get_actor(self.user(key), self.seed(key))

    @contextmanager
    def acting(self, key: str) -> Iterator[Actor]:
        """A person's request: under the workspace's role, with her context."""
        user = self.user(key)
        with context.opened("workspace", person=user.keypair_id):
            actor = self.actor(key)
            context.say(person=actor.ref, desks=actor.desk_ids)
            yield actor

    def file(
        self,
        receiver: str = "intake",
        *,
        fallback: str | None = "fallback",
        story: str = "Cerita rahasia.",
        now: datetime | None = None,
        **answers: dict[str, Any],
    ) -> "Receipt":
        """Files a report at the public door and returns its receipt."""
        from simpul.reports import actions

        token = receipts.new_token()
        words = receipts.words_of(token)
        opened = receipts.open_words(words, filing=True)
        parts: dict[str, dict[str, Any]] = {
            "safety": {"danger": "no"},
            "notes": {"needs": ["health"], "region": "53.71", "for_whom": "self"},
            "contact": {"channel": "none"},
            "reported_person": {"office": "", "excluded": []},
            "incident": {"story": story},
            **answers,
        }
        with context.opened("public", receipt=opened.lookup):
            filed = actions.file(
                actor=actions.Filing(), receipt=opened, answers=parts, receiver=self.desk(receiver),
                fallback=self.desk(fallback) if fallback else None, now=now or timezone.now(),
            )  # fmt: skip
        return Receipt(token, words, opened, filed.outcome)

    def open_case(self, receipt: "Receipt", key: str = "intake", **more: Any) -> Any:
        """Takes a filed report up and returns the case."""
        from simpul.cases.actions import files
        from simpul.reports.actions import duties
        from simpul.reports.models import Report

        now = timezone.now()
        with self.acting(key) as actor:
            report = Report.objects.get(lookup=receipt.opened.lookup)
            duties.declare(actor=actor, report=report, tie="no", now=now)
            values = {
                "label": "kasus uji", "next_action": "Menelepon kembali",
                "due_at": now + timedelta(hours=20), "risk": "low",
                "reporter_is_survivor": True, "now": now, **more,
            }  # fmt: skip
            return files.open_from_report(actor=actor, report=report, **values)

    def consent(self, case: Any, desk: str, compartments: list[str], **more: Any) -> Any:
        """Records the survivor's yes to a desk."""
        from simpul.cases.actions import consents

        now = timezone.now()
        with self.acting(more.pop("by", "intake")) as actor:
            return consents.record_consent(
                actor=actor, case=case, ref=uuid4(), desk=self.desk(desk),
                compartments=compartments, purpose="service",
                until=(now + timedelta(days=30)).date(), given="spoken", now=now,
            )  # fmt: skip

    def reporting(self, receipt: "Receipt") -> Any:
        """A request behind a receipt: a context that gives the reporter."""
        from simpul.reports import access

        @contextmanager
        def opened() -> Iterator[Any]:
            with context.opened("public", receipt=receipt.opened.lookup):
                yield access.get_by_receipt(receipt.opened.pair)

        return opened()


@dataclass(frozen=True)
class Receipt:
    """What a reporter holds."""

    token: str
    words: list[str]
    opened: receipts.Opened
    outcome: str

    @cached_property
    def typed(self) -> str:
        """The words as she would type them."""
        return " ".join(self.words)


@pytest.fixture
def cast(db: None) -> Cast:
    """The people, desks and agencies of tests/cast.py."""
    return Cast(json.loads((Path(os.environ["SIMPUL_VAR"]) / "cast.json").read_text()))


class Door:
    """A browser at one door; every request runs under that door's settings and role."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.client = Client(raise_request_exception=False)
        self.client.defaults["SERVER_NAME"] = "localhost"

    def get(self, path: str, **more: Any) -> Any:
        """Asks for a page."""
        with self._open():
            return self.client.get(path, **more)

    def post(self, path: str, data: Any = None, **more: Any) -> Any:
        """Sends a form."""
        with self._open():
            return self.client.post(path, data or {}, **more)

    def _open(self) -> Any:
        from django.urls import clear_url_caches

        clear_url_caches()
        values = settings.DOORS[self.name]
        if "handler" in self.client.__dict__:
            self.client.handler._middleware_chain = None  # type: ignore[attr-defined]
        return override_settings(**values)


@pytest.fixture
def public(db: None) -> Door:
    """A browser at the public door."""
    return Door("public")


@pytest.fixture
def sign_in(cast: Cast) -> Callable[[str], Door]:
    """Signs a person in at the workspace, as the sign-in page does."""

    def signed_in(key: str) -> Door:
        door = Door("workspace")
        with door._open():
            door.client.force_login(cast.user(key))
            session = door.client.session
            session["seed"] = cast.seed(key).hex()
            session.save()
        return door

    return signed_in
