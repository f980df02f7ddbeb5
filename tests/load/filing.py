"""What filing a report costs the server beside the one derivation that it cannot do without."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from django.conf import settings

from simpul.vault import crypto, receipts
from tests.conftest import Door
from tests.load.table import Figure, note
from tests.load.timing import Timed, at, timed
from tests.reports.pages import Page

MOST, RUNS = 1.3, 5


def measure() -> list[Figure]:
    """Kirim and a bare derivation in turn; the median of the ratios."""
    door = Door("public")
    with at(door) as client:
        form = _last_page(client)
        _send(client, form)
        pairs = [(_seconds(_derive), timed(lambda: _send(client, form))) for _ in range(RUNS)]
    ratio = median(sent.server / alone for alone, sent in pairs)
    alone = median(alone for alone, _ in pairs)
    sent: Timed = sorted((sent for _, sent in pairs), key=lambda one: one.server)[RUNS // 2]
    return [
        Figure(
            "server time of filing a report", f"{ratio:.2f} × its Argon2id", f"≤ {MOST} ×",
            ratio <= MOST,
            f"Kirim through all middleware in this process, minus its {sent.queries} statements;"
            f" median ratio of {RUNS} interleaved runs, Argon2id with"
            f" {settings.ARGON_MEMORY // 2**20} MiB and {settings.ARGON_PASSES} passes",
        ),
        note(
            "  of it",
            f"{1000 * sent.server:.0f} ms, {1000 * alone:.0f} ms alone",
            f"{1000 * (sent.server - alone):.0f} ms are the page, the sealing and the signatures;"
            f" {1000 * sent.database:.0f} ms more in the database",
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


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
