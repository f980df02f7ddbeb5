"""What filing a report costs the server beside the one derivation that it cannot do without."""

from statistics import median
from typing import Any

from django.conf import settings

from simpul.vault import crypto, receipts
from tests.conftest import Door
from tests.load.table import Figure, note
from tests.load.timing import Timed, at, timed
from tests.reports.pages import Page

MOST, RUNS, REPEATS = 1.3, 5, 3


def measure() -> list[Figure]:
    """Kirim and a bare derivation in turn; the median of the ratios."""
    door = Door("public")
    with at(door) as client:
        form = _last_page(client)
        _send(client, form)
        runs = [
            [(timed(_derive), timed(lambda: _send(client, form))) for _ in range(REPEATS)]
            for _ in range(RUNS)
        ]
    ratio = median(
        median(sent.server for _, sent in run) / median(alone.server for alone, _ in run)
        for run in runs
    )
    pairs = [pair for run in runs for pair in run]
    alone = _middle([alone for alone, _ in pairs])
    sent = _middle([sent for _, sent in pairs])
    # What an idle machine would show: while others use the cores, waiting hides the rest.
    idle = median(sent.processor / alone.processor for alone, sent in pairs)
    return [
        Figure(
            "server time of filing a report", f"{ratio:.2f} × ({idle:.2f} × idle)", f"≤ {MOST} ×",
            max(ratio, idle) <= MOST,
            f"Kirim through all middleware in this process, minus its {sent.queries} statements;"
            f" median ratio of {RUNS} interleaved runs of {REPEATS}, Argon2id with"
            f" {settings.ARGON_MEMORY // 2**20} MiB and {settings.ARGON_PASSES} passes; idle:"
            " the same in processor time, which other work on the machine does not hide",
        ),
        note(
            "  of it",
            f"{1000 * sent.server:.0f} ms, {1000 * alone.server:.0f} ms alone",
            f"{1000 * (sent.server - alone.server):.0f} ms are the page, the sealing and the"
            f" signatures; {1000 * sent.database:.0f} ms more in the database; on the processor"
            f" {1000 * sent.processor:.0f} ms, {1000 * alone.processor:.0f} ms alone",
        ),
    ]  # fmt: skip


def _last_page(client: Any) -> dict[str, list[str]]:
    """The third page, filled in as far as a person would."""
    form = Page(client.get("/reports/").content.decode()).form("/reports/")
    form |= {"danger": ["no"], "go": ["next"]}
    form = Page(client.post("/reports/", form).content.decode()).form("/reports/")
    form |= {"needs": ["health"], "region": ["53.71"], "channel": ["none"], "go": ["next"]}
    form = Page(client.post("/reports/", form).content.decode()).form("/reports/send/")
    return form | {"story": ["Cerita rahasia. " * 30], "fallback": ["yes"], "go": ["send"]}


def _send(client: Any, form: dict[str, list[str]]) -> None:
    answer = client.post("/reports/send/", form | {"token": [receipts.new_token()]})
    assert answer.status_code == 200 and 'class="words"' in answer.content.decode()


def _derive() -> None:
    crypto.argon2id(
        crypto.random(), crypto.random(16), memory=settings.ARGON_MEMORY,
        passes=settings.ARGON_PASSES,
    )  # fmt: skip


def _middle(runs: list[Timed]) -> Timed:
    return sorted(runs, key=lambda one: one.server)[len(runs) // 2]
