"""A reporter beside a flood: fifty reports a second from one source, and hers from another."""

import asyncio
import multiprocessing
import time
from collections import Counter
from multiprocessing.connection import Connection
from statistics import median
from urllib.parse import urlencode

from simpul.vault import receipts
from tests.load.crowd import ARGON, SEND, START, last_page
from tests.load.table import Figure, note
from tests.load.wire import Phone
from tests.reports.pages import Page, Values
from tests.running import running

RATE, SECONDS = 50, 45  # requests a second; how long the flood lasts
FLOOD, HERS = "127.0.0.1", "127.0.0.2"
EVERY = 3  # seconds between her reports
WORST = 3.0  # seconds
TYPED = {"story": ["Cerita rahasia. " * 20], "fallback": ["yes"], "go": ["send"]}


def measure() -> list[Figure]:
    """Walks through the report at the running public door, first in peace, then in the flood."""
    with running(argon=ARGON) as instance:
        port = instance.ports["public"]
        last = _page_3(Phone(port, HERS))
        quiet = [_report(port)[0] for _ in range(3)]
        ours, theirs = multiprocessing.Pipe()
        flood = multiprocessing.Process(target=_flood, args=(port, last, theirs))
        flood.start()
        ours.recv()
        began, walks = time.monotonic(), []
        while (now := time.monotonic()) < began + SECONDS:
            walks.append(_report(port))
            time.sleep(max(0.0, now + EVERY - time.monotonic()))
        sent, answers, unheard = ours.recv()
        flood.join()
        [[stored]] = instance.sql("SELECT count(*) FROM reports_report")
    whole = [walk for walk, _kirim in walks]
    right = int(str(stored)) >= answers[200] + len(walks) + len(quiet)
    return [
        Figure(
            f"a report beside {RATE} floods a second", f"{max(whole):.2f} s at worst",
            f"≤ {WORST:.0f} s", max(whole) <= WORST and right,
            f"home, three pages, Kirim and receipt from {HERS}, {len(walks)} times in {SECONDS} s,"
            f" while {FLOOD} sends {RATE} whole reports a second on a connection each;"
            f" {median(whole):.2f} s in the middle, {median(quiet):.2f} s in peace; her Kirim alone"
            f" {max(kirim for _walk, kirim in walks):.2f} s at worst",
        ),
        note(
            "  the flood", f"{sent} sent, {answers[200]} filed",
            f"each of them whole; {unheard} had no answer when the flood ended,"
            f" {sum(answers.values()) - answers[200]} other answers"
            f" {dict(answers - Counter({200: answers[200]}))}",
        ),
    ]  # fmt: skip


def _report(port: int) -> tuple[float, float]:
    """A whole report on one connection; seconds in all, and of Kirim."""
    began = time.monotonic()
    phone = Phone(port, HERS)
    phone.get("/")
    last = _page_3(phone)
    pressed = time.monotonic()
    answer = phone.post(SEND, last)
    assert answer.status == 200 and 'class="words"' in answer.text, answer.status
    phone.close()
    return time.monotonic() - began, time.monotonic() - pressed


def _page_3(phone: Phone) -> Values:
    return Page(phone.post(START, last_page(phone)).text).form(SEND) | TYPED


def _flood(port: int, last: Values, told: Connection) -> None:
    told.send("begins")
    told.send(asyncio.run(_flooding(port, last)))


async def _flooding(port: int, last: Values) -> tuple[int, Counter[int], int]:
    """Sends at a steady rate, whatever comes back: sent, answers by status, unanswered."""
    answers: Counter[int] = Counter()
    began, tasks = time.monotonic(), []
    for number in range(RATE * SECONDS):
        await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))
        tasks.append(asyncio.create_task(_one(port, last, answers)))
    _done, pending = await asyncio.wait(tasks, timeout=2)
    for task in pending:
        task.cancel()
    return len(tasks), answers, len(pending)


async def _one(port: int, last: Values, answers: Counter[int]) -> None:
    body = urlencode(last | {"token": [receipts.new_token()]}, doseq=True).encode()
    head = (
        f"POST {SEND} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.encode() + body)
        first = await reader.readline()
        answers[int(first.split()[1]) if first else 0] += 1
        writer.close()
    except OSError:
        answers[0] += 1
