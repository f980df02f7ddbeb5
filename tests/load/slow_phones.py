"""Whether two hundred phones on a slow network keep anybody else waiting."""

import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from threading import Event, Thread

from tests.load.table import Figure, note
from tests.load.wire import Phone
from tests.running import running

SLOW, ORDINARY = 200, 50
PAUSE = 0.1  # seconds between two ordinary requests
SPEED, BEAT = 6_250, 0.25  # bytes a second (50 kbit/s, 2G), seconds between two portions
BODY = 200_000  # bytes that each slow phone says it will send; it has not sent them when we end
TYPICAL, WORST = 1.5, 0.5  # times as long; seconds
LONGEST = 15  # seconds


def measure() -> list[Figure]:
    """Ordinary requests before and while slow phones send their forms, all on loopback."""
    with running() as instance:
        port = instance.ports["public"]
        _ask(port, 10)
        before = _ask(port, ORDINARY)
        with _slow_phones(port) as phones:
            during = _ask(port, ORDINARY)
            alive = phones.alive()
        after = _ask(port, ORDINARY)
    quiet = sorted(before + after)
    ratio = median(during) / median(quiet)
    holds = ratio <= TYPICAL and max(during) <= max(WORST, max(quiet)) and alive == SLOW
    return [
        Figure(
            f"an ordinary request beside {SLOW} slow posts",
            f"{1000 * median(during):.0f} ms, worst {1000 * max(during):.0f}",
            f"≤ {TYPICAL} ×, {1000 * WORST:.0f} ms", holds,
            f"{ORDINARY} requests, a new connection each; without the slow ones"
            f" {1000 * median(quiet):.0f} ms, worst {1000 * max(quiet):.0f} ms ({ratio:.2f} ×);"
            f" {alive} of {SLOW} slow ones still being heard: half at 50 kbit/s, half at"
            " 2 bytes a second",
        ),
        note("  of it", f"{phones.sent / 1000:.0f} kB came in", f"in {phones.seconds:.1f} s"),
    ]  # fmt: skip


def _ask(port: int, count: int) -> list[float]:
    """How long each of some requests took, in seconds."""
    found = []
    for _ in range(count):
        began = time.perf_counter()
        phone = Phone(port)
        assert phone.get("/reports/").status == 200
        phone.close()
        found.append(time.perf_counter() - began)
        time.sleep(PAUSE)
    return found


class Slow:
    """Phones that send their forms a few bytes at a time."""

    def __init__(self, port: int) -> None:
        self.ended, self.sent, self.seconds = Event(), 0, 0.0
        self.sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(SLOW)]
        head = (
            f"POST /reports/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {BODY}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\nstory="
        )
        for each in self.sockets:
            each.sendall(head.encode())
            each.setblocking(False)
        self.thread = Thread(target=self._dribble)

    def _dribble(self) -> None:
        began = time.monotonic()
        while not self.ended.wait(BEAT) and time.monotonic() < began + LONGEST:
            turn = int((time.monotonic() - began) / BEAT)
            for number, each in enumerate(self.sockets):
                portion = int(SPEED * BEAT) if number % 2 else int(turn % 4 in {0, 2})
                if portion and each.fileno() >= 0:
                    try:
                        self.sent += each.send(b"a" * portion)
                    except BlockingIOError:
                        continue
                    except OSError:
                        each.close()
        self.seconds = time.monotonic() - began

    def alive(self) -> int:
        """How many the door still listens to: neither answered nor hung up on."""
        with selectors.DefaultSelector() as selector:
            for each in self.sockets:
                if each.fileno() >= 0:
                    selector.register(each, selectors.EVENT_READ)
            return len(selector.get_map()) - len(selector.select(0))


@contextmanager
def _slow_phones(port: int) -> Iterator[Slow]:
    phones = Slow(port)
    phones.thread.start()
    try:
        yield phones
    finally:
        phones.ended.set()
        phones.thread.join()
        for each in phones.sockets:
            each.close()
