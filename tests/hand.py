"""A colleague at work, for the tests that kill: one story after the other, and a ledger of it.

A process of its own under the role of the workspace. Before and after each act it writes a line into
its ledger, so that what was acknowledged is known however it ends. `python -m tests.hand
work|check|read FOLDER` with the settings of a door; FOLDER is its instance's.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import uuid4

Made = TypeVar("Made")
STORY = "Cerita yang tidak boleh hilang."
PARTS = ["health", "safety"]


class Ledger:
    """What was begun and what was acknowledged, one line each; a line is written whole or not."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(self, **said: str) -> None:
        """Adds a line."""
        with self.path.open("ab", buffering=0) as file:
            file.write(json.dumps(said).encode() + b"\n")

    def lines(self) -> list[dict[str, str]]:
        """Everything that was noted."""
        text = self.path.read_text() if self.path.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def done(self, step: str) -> list[dict[str, str]]:
        """What was acknowledged of a step."""
        return [line for line in self.lines() if line["step"] == step and line["was"] == "done"]


class Hand:
    """Files, takes up, shares, refers, accepts and withdraws, again and again, until it is killed."""

    def __init__(self, folder: Path) -> None:
        from tests.conftest import Cast

        self.ledger = Ledger(folder / "ledger")
        told = json.loads((folder / "told.json").read_text())
        self.port, self.fields = told["port"], told["fields"]
        self.cast = Cast(json.loads((folder / "cast.json").read_text()))

    def work(self) -> None:
        """One story after the other. A further kind of act is a further step here."""
        from simpul.vault import receipts

        while True:
            token = receipts.new_token()
            lookup = receipts.open_words(receipts.words_of(token), filing=True).lookup
            self.step("filing", lambda: self.file(token), token=token)  # noqa: B023
            case = self.step("taking up", lambda: self.take_up(lookup), token=token)  # noqa: B023
            for withdraws in (True, True, True, False):
                self.help(case, withdraws=withdraws)
            self.step("renewing a key", self.renew, token=token)
            while self.step("re-sealing", self.reseal, token=token):
                pass

    def renew(self) -> None:
        """The desk gets a new key."""
        from simpul.network import actions

        with self.cast.acting("intake") as actor:
            actions.renew_desk_key(actor=actor, desk=self.cast.desk("intake"))

    def reseal(self) -> bool:
        """One small batch is sealed anew; whether more may wait."""
        from simpul.vault import epochs

        with self.cast.acting("colleague") as actor:
            desk = self.cast.desk("intake").pk
            batch = epochs.reseal(actor.keyring, desk, limit=20)
            if batch.last is None:
                epochs.forget(desk)
            return batch.last is not None

    def help(self, case: Any, *, withdraws: bool) -> None:
        """A consent and what is done under it; most are taken back."""
        from django.utils import timezone

        from simpul.cases.actions import consents
        from simpul.cases.models import Case
        from simpul.referrals import access as referral_access
        from simpul.referrals import actions as referrals
        from simpul.referrals.actions import Need

        now, ref, asked = timezone.now(), uuid4(), uuid4()
        until = (now + timedelta(days=30)).date()

        def agree() -> Any:
            with self.cast.acting("intake") as actor:
                return consents.record_consent(
                    actor=actor, case=case, ref=ref, desk=self.cast.desk("clinic"),
                    compartments=PARTS, purpose="service", until=until, given="spoken", now=now,
                )  # fmt: skip

        def share() -> None:
            with self.cast.acting("intake") as actor:
                consents.share(
                    actor=actor, case=case, consent=consent, compartments=["safety"], now=now
                )

        def refer() -> Any:
            with self.cast.acting("intake") as actor:
                return referrals.send(
                    actor=actor, case=case, ref=asked, consent=consent, compartments=["health"],
                    need=Need(service="health"), urgency="low", now=now,
                )  # fmt: skip

        def accept() -> None:
            with self.cast.acting("clinic") as actor:
                row = referral_access.get_referral(actor, referral.code)
                if row.state == "sent":
                    referrals.accept(actor=actor, referral=row, now=now)

        def withdraw() -> None:
            with self.cast.acting("intake") as actor:
                fresh = Case.objects.select_related("desk", "report").get(pk=case.pk)
                consents.withdraw(
                    actor=actor, case=fresh, consent=fresh.consents.get(ref=ref), now=now
                )

        consent = self.step("consenting", agree, consent=str(ref))
        self.step("sharing", share, consent=str(ref))
        referral = self.step("referring", refer, consent=str(ref), referral=str(asked))
        self.step("accepting", accept, consent=str(ref), referral=str(asked))
        if withdraws:
            self.step("withdrawing", withdraw, consent=str(ref))

    def step(self, step: str, act: Callable[[], Made], **about: str) -> Made:
        """Tries until it is done, as a person presses again."""
        from django.db import DatabaseError, connection

        self.ledger.note(step=step, was="begun", **about)
        while True:
            try:
                made = act()
            except (DatabaseError, OSError, HTTPException):
                with suppress(DatabaseError):
                    connection.close()
                time.sleep(0.05)
                continue
            self.ledger.note(step=step, was="done", **about)
            return made

    def file(self, token: str) -> None:
        """Presses Kirim at the public door."""
        caller = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            body = urlencode(self.fields | {"token": token, "story": STORY}, doseq=True)
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            caller.request("POST", "/reports/send/", body, kind)
            if caller.getresponse().status != 200:
                raise OSError
        finally:
            caller.close()

    def take_up(self, lookup: bytes) -> Any:
        """Makes a case of the report, or finds the one that an answer lost on its way had made."""
        from django.utils import timezone

        from simpul.cases.actions import files
        from simpul.cases.models import Case
        from simpul.reports.actions import duties
        from simpul.reports.models import Report

        now = timezone.now()
        with self.cast.acting("intake") as actor:
            known = Case.objects.select_related("desk", "report").filter(report__lookup=lookup)
            found = known.first()
            if found is not None:
                return found
            report = Report.objects.get(lookup=lookup)
            duties.declare(actor=actor, report=report, tie="no", now=now)
            return files.open_from_report(
                actor=actor, report=report, label="kasus uji",
                next_action="Menelepon kembali", due_at=now + timedelta(hours=20), risk="low",
                reporter_is_survivor=True, now=now,
            )  # fmt: skip


def work(folder: Path) -> None:
    """Keeps one working child alive; it is the child that gets killed."""
    import django

    django.setup()
    worker = Hand(folder)
    while True:
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            worker.work()
        (folder / "hand.new").write_text(str(pid))
        (folder / "hand.new").replace(folder / "hand")
        os.waitpid(pid, 0)


def check(folder: Path) -> None:
    """Opens every acknowledged report with its receipt, under the role of the public door."""
    import django

    django.setup()
    from simpul.reports import access
    from simpul.reports.reading import read_own
    from simpul.vault import context, receipts

    for line in Ledger(folder / "ledger").done("filing"):
        opened = receipts.open_words(receipts.words_of(line["token"]), filing=True)
        with context.opened("public", receipt=opened.lookup):
            answers = read_own(access.get_by_receipt(opened.pair)).answers
        if answers["incident"]["story"] != STORY:
            sys.exit("a report does not open whole")


def read(folder: Path) -> None:
    """Seals what waits anew and opens everything that a desk may read, under the role of the workspace."""
    import django

    django.setup()
    from simpul.vault import envelopes
    from simpul.vault.models import Envelope

    hand = Hand(folder)
    while hand.reseal():
        pass
    with hand.cast.acting("colleague") as actor:
        found = list(Envelope.objects.order_by("ref"))
        if {one.ref for one in found} != set(envelopes.open_all(found, actor.keyring)):
            sys.exit("a grant was lost between two keys of a desk")


if __name__ == "__main__":
    {"work": work, "check": check, "read": read}[sys.argv[1]](Path(sys.argv[2]))
