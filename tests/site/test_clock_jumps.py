"""A clock that jumps a day ahead and back: nothing opens that was closed, nothing counts twice.

The clock of the machine is not set; the time is handed to what takes it, and to PostgreSQL's own
functions by moving what they compare with.
"""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from simpul.accounts import actions as accounts
from simpul.accounts.models import Session
from simpul.accounts.sessions import SessionStore
from simpul.cases.actions import consents
from simpul.cases.models import Case
from simpul.vault import audit, envelopes
from simpul.vault import jobs as vault
from simpul.vault.crypto import Pair
from simpul.vault.models import AuditLine, Grant
from simpul.vault.passphrases import STEP, Opened
from tests.conftest import Cast

DAY = timedelta(days=1)


def shared(cast: Cast) -> Case:
    """A case of which the clinic reads the health compartment."""
    case = cast.open_case(cast.file())
    consent = cast.consent(case, "clinic", ["health"])
    with cast.acting("intake") as actor:
        consents.share(
            actor=actor, case=case, consent=consent, compartments=["health"], now=timezone.now()
        )
    assert isinstance(case, Case)
    return case


def until(case: Case, shift: timedelta) -> None:
    """Moves the ends of the grants as a jump of the clock would."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE vault_grant SET until_at = until_at + %s WHERE until_at IS NOT NULL", [shift]
        )


def test_what_a_sweep_ended_while_the_clock_was_ahead_stays_ended(cast: Cast) -> None:
    case = shared(cast)
    until(case, -timedelta(days=60))
    assert vault.end_expired_grants() > 0
    until(case, timedelta(days=60))
    assert vault.end_expired_grants() == 0
    with cast.acting("clinic"):
        assert not Case.objects.exists()
    assert not Grant.objects.filter(state="live", until_at__isnull=False).exists()


def test_a_grant_past_its_end_opens_again_only_as_far_as_the_clock_went_back(cast: Cast) -> None:
    """Before any sweep the end that was signed decides, by the clock of the moment."""
    case = shared(cast)
    end = Grant.objects.filter(until_at__isnull=False).first()
    assert end is not None and end.until_at is not None
    with cast.acting("clinic") as actor:
        found = envelopes.of_record(case.ref)
        for moment, opens in ((end.until_at, 0), (end.until_at - DAY, 1), (end.until_at + DAY, 0)):
            assert len(envelopes.open_all(found, actor.keyring, now=moment)) == opens


def enter(cast: Cast, at: datetime, passphrase: str = "") -> accounts.SignedIn:
    """The clinic's person signs in with the code of that moment."""
    known = cast.secrets["people"]["clinic"]
    codes = Opened(Pair(cast.user("clinic").keypair_id, bytes(32)), bytes.fromhex(known["totp"]))
    return accounts.sign_in(
        username="clinic", passphrase=passphrase or known["passphrase"],
        code=codes.code(int(at.timestamp()) // STEP), now=at,
    )  # fmt: skip


def test_a_code_of_tomorrow_makes_no_code_of_today_count(cast: Cast) -> None:
    """Who signed in while the clock was ahead waits until it is there again."""
    now = timezone.now()
    enter(cast, now + DAY)
    with pytest.raises(accounts.NotOpened):
        enter(cast, now)
    enter(cast, now + DAY + timedelta(minutes=2))


def test_a_session_begun_while_the_clock_was_ahead_does_not_outlive_its_fifteen_minutes(
    cast: Cast,
) -> None:
    """It ends when the clock is put right, and the next sweep takes its record; others go on."""
    kept, ahead = SessionStore(), SessionStore()
    for store in (kept, ahead):
        store["seed"] = "00"
        store.save()
    place = ahead._place(str(ahead.session_key))
    Session.objects.filter(place=place).update(expires_at=F("expires_at") + DAY)
    assert SessionStore(ahead.session_key).get("seed") is None
    assert SessionStore(kept.session_key)["seed"] == "00"
    SessionStore.clear_expired()
    assert Session.objects.count() == 1


def test_who_mistyped_while_the_clock_was_ahead_does_not_wait_a_day(cast: Cast) -> None:
    now = timezone.now()
    for _ in range(3):
        with pytest.raises(accounts.NotOpened):
            enter(cast, now + DAY, "bukan kata sandinya")
    with pytest.raises(accounts.Wait):
        enter(cast, now + DAY)
    enter(cast, now)


def test_the_chain_goes_by_number_and_not_by_the_clock(cast: Cast) -> None:
    """Lines whose times go backwards are linked in the order in which they came."""
    cast.file()
    lines = list(AuditLine.objects.order_by("id"))
    assert audit.link() == len(lines)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE vault_auditline DISABLE TRIGGER append_only")
    cast.file()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE vault_auditline SET at = at - interval '1 day' WHERE id > %s", [lines[-1].pk]
        )
        assert cursor.rowcount > 0
    assert audit.link() > 0
    assert audit.verify().sound
