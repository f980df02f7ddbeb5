"""The demo as a newcomer starts it: an empty database, the real ceremony, a sound chain."""

import json
from collections.abc import Iterator

import pytest

from tests import instance
from tests.running import Running, placed


@pytest.fixture
def empty() -> Iterator[Running]:
    """A migrated database before its first day, on a folder that has pinned nothing."""
    with placed(instance.EMPTY) as made:
        for name in ("directory-pin.json", "directory-pin.lock"):
            (made.place / "secrets" / name).unlink(missing_ok=True)
        yield made


def test_the_demo_is_founded_played_and_sound(empty: Running) -> None:
    """Every step by the real actions; a second start changes nothing and prints the same sign-ins."""
    first = empty.command("demo")
    assert first.returncode == 0, first.stderr
    signins = json.loads((empty.place / "demo-signins.json").read_text())
    assert len(signins["people"]) >= 18
    counted = "SELECT (SELECT count(*) FROM reports_report), (SELECT count(*) FROM cases_case),"
    counted += " (SELECT count(*) FROM referrals_referral), (SELECT count(*) FROM vault_grant)"
    counts = empty.sql(counted)
    assert all(int(str(count)) >= 10 for count in counts[0]), counts
    named = "SELECT count(*), count(*) FILTER (WHERE desk_id = (SELECT id FROM network_desk"
    named += " WHERE name = 'Meja pengaduan UPTD PPA Provinsi (contoh)')) FROM cases_pending"
    cards, of_one_desk = (int(str(count)) for count in empty.sql(named)[0])
    assert cards >= 6 and of_one_desk >= 2, "a search has something to choose from"
    assert signins["words"].keys() >= {"DC23", "DC23-2"}, "the same person at two agencies"
    again = empty.command("demo")
    assert again.returncode == 0 and empty.sql(counted) == counts
    assert all(person["username"] in again.stdout for person in signins["people"])
    assert empty.command("sweep", door="worker").returncode == 0
    verdict = empty.command("verify_chain")
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
