"""The cast for the measurements in this process, and reports that are filed without a derivation."""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path

from simpul.cases.actions import files
from simpul.cases.models import Case
from simpul.reports import actions
from simpul.reports.actions import Filing, duties
from simpul.reports.models import Report
from simpul.reports.reading import Answers
from simpul.vault import context, crypto, receipts
from tests.conftest import Cast

ANSWERS: Answers = {
    "safety": {"danger": "no"},
    "notes": {"needs": ["health"], "region": "53.71", "for_whom": "self"},
    "contact": {"channel": "none"},
    "reported_person": {"office": "", "excluded": []},
    "incident": {"story": "Cerita yang cukup panjang untuk sebuah laporan. " * 8},
}


def cast() -> Cast:
    """The people, desks and agencies of tests/cast.py."""
    return Cast(json.loads((Path(os.environ["SIMPUL_VAR"]) / "cast.json").read_text()))


def file_many(cast: Cast, count: int, now: datetime) -> list[Report]:
    """Files reports to the intake desk; their receipts open nothing, for no words were derived."""
    receiver, fallback = cast.desk("intake"), cast.desk("fallback")
    opened = [
        receipts.Opened(crypto.random(), receipts.pair_of(crypto.random())) for _ in range(count)
    ]
    for one in opened:
        with context.opened("public", receipt=one.lookup):
            actions.file(
                actor=Filing(), receipt=one, answers=ANSWERS, receiver=receiver,
                fallback=fallback, now=now,
            )  # fmt: skip
    lookups = [one.lookup for one in opened]
    return list(Report.objects.filter(lookup__in=lookups).order_by("ref"))


def take_up(cast: Cast, reports: list[Report], now: datetime) -> list[Case]:
    """Opens a case from each report, with a label and a next action; one falls due each hour."""
    cases = []
    for number, report in enumerate(reports):
        with cast.acting("intake") as actor:
            duties.declare(actor=actor, report=report, tie="no", now=now)
            cases.append(
                files.open_from_report(
                    actor=actor, report=report, label=f"Kasus {number}",
                    next_action="Menelepon kembali", due_at=now + timedelta(hours=number),
                    risk="low", reporter_is_survivor=True, now=now,
                )
            )  # fmt: skip
    return cases
