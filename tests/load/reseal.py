"""How long a desk's members seal everything anew after a colleague has left."""

import time
from uuid import uuid4

from django.db import connection

from simpul.network import actions
from simpul.vault import crypto, envelopes, epochs
from simpul.vault.envelopes import OpenEnvelope
from simpul.vault.models import Compartment, Envelope, Grant
from tests.load import people
from tests.load.table import Figure

CASES, EACH, STEP = 50_000, 6, 500
MOST, MOST_BATCH = 180, 1  # seconds


def measure() -> list[Figure]:
    """Real grants of a desk, then a new key, then every batch in a member's context."""
    cast, desk = people.cast(), people.cast().desk("shelter")
    _fill(cast)
    with cast.acting("shelter") as actor:
        actions.renew_desk_key(actor=actor, desk=desk)
    slowest, done, after = 0.0, 0, epochs.START
    began, worked = time.monotonic(), time.process_time()
    while True:
        at = time.monotonic()
        with cast.acting("shelter") as actor:
            batch = actions.reseal(actor=actor, desk=desk, after=after)
        slowest = max(slowest, time.monotonic() - at)
        done += batch.resealed
        if batch.last is None:
            break
        after = batch.last
    took, busy = time.monotonic() - began, time.process_time() - worked
    assert done >= CASES * EACH, done
    return [
        Figure(
            f"sealing {CASES:,} cases x {EACH} parts anew", f"{took:.0f} s", f"≤ {MOST} s",
            took <= MOST,
            f"{done:,} grants in batches of {epochs.BATCH}, one transaction each, one member;"
            f" {busy:.0f} s on this processor, {1e6 * took / done:.0f} µs a grant",
        ),
        Figure(
            "  the slowest batch", f"{slowest:.2f} s", f"≤ {MOST_BATCH} s",
            slowest <= MOST_BATCH, "of all of them; a withdrawal waits no longer than that",
        ),
    ]  # fmt: skip


def _fill(cast: people.Cast) -> None:
    """Cases' envelopes with a true grant each, written past the triggers, as if they had always been."""
    parts = Compartment.values[:EACH]
    with cast.acting("shelter") as actor:
        own, to = actor.keyring.own, envelopes.desk_recipient(cast.desk("shelter").pk)
    desks = [cast.desk("shelter").pk]
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE vault_grant DISABLE TRIGGER USER")
    for _step in range(CASES // STEP):
        made = [
            Envelope(record=record, compartment=part, key_version=2, desks=desks)
            for record in (uuid4() for _case in range(STEP))
            for part in parts
        ]
        grants = [
            envelopes.prepare(OpenEnvelope(one, crypto.random()), to=to, by=own, basis="own")
            for one in made
        ]
        Envelope.objects.bulk_create(made)
        Grant.objects.bulk_create(grants)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE vault_grant ENABLE TRIGGER USER")
        cursor.execute("ANALYZE vault_grant, vault_envelope")
