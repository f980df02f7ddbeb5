"""Whose request is next: a flood from one place delays nobody elsewhere by more than one turn."""

import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from contextlib import ExitStack, closing
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from launch.server import Limits
from launch.turns import Turns, source_behind
from tests.launch.test_server import answer, head, serving
from tests.launch.waiting import wait_until


def channel(address: str, said: str = "") -> Any:
    request = SimpleNamespace(headers={"X_FORWARDED_FOR": said} if said else {})
    return SimpleNamespace(addr=(address, 1), requests=[request])


def waiting(at_once: int = 10_000) -> Turns:
    return Turns(source_behind(0), at_once)


def order(turns: Turns) -> list[str]:
    return [turns.popleft().source for _ in range(len(turns))]


def test_sources_take_turns_and_each_keeps_its_own_order() -> None:
    turns = waiting()
    for address in ["10.0.0.1"] * 4 + ["10.0.0.2"] * 2 + ["10.0.0.3"]:
        turns.append(channel(address))
    assert len(turns) == 7
    assert order(turns) == [
        "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.1",
    ]  # fmt: skip
    assert not turns


def test_a_thousand_waiting_delay_a_newcomer_by_one() -> None:
    turns = waiting()
    for _ in range(1000):
        turns.append(channel("10.0.0.1"))
    turns.popleft()
    turns.append(channel("10.0.0.2"))
    assert order(turns)[:2] == ["10.0.0.1", "10.0.0.2"]


def test_a_source_has_its_share_under_way_and_the_rest_waits() -> None:
    turns = waiting(at_once=2)
    for address in ["10.0.0.1"] * 5 + ["10.0.0.2"] * 3:
        turns.append(channel(address))
    assert len(turns) == 4
    assert order(turns) == ["10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.2"]
    assert not turns
    turns.append(channel("10.0.0.1"))
    assert not turns, "it joins its own"
    turns.ended("10.0.0.1")
    assert order(turns) == ["10.0.0.1"] and not turns
    for _ in range(2):
        turns.ended("10.0.0.1")
        turns.ended("10.0.0.2")
    assert sorted(order(turns)) == ["10.0.0.1", "10.0.0.1", "10.0.0.2"]


@given(st.lists(st.one_of(st.integers(1, 4), st.just(0)), max_size=80), st.integers(1, 3))
def test_nothing_is_lost_and_no_source_exceeds_its_share(acts: list[int], share: int) -> None:
    """Any order of arrivals (a source) and endings (0): each request has its turn once."""
    turns, under_way, came = waiting(share), deque[str](), 0
    began: Counter[str] = Counter()

    def begin_all() -> None:
        while turns:
            source = turns.popleft().source
            under_way.append(source)
            began[source] += 1
            assert Counter(under_way)[source] <= share

    for act in acts:
        if act:
            turns.append(channel(f"10.0.0.{act}"))
            came += 1
        elif under_way:
            turns.ended(under_way.popleft())
        begin_all()
    while under_way:
        turns.ended(under_way.popleft())
        begin_all()
    assert sum(began.values()) == came


def test_behind_a_proxy_the_source_is_what_the_nearest_trusted_proxy_says() -> None:
    """What a visitor writes into the header herself makes her no other source."""
    source = source_behind(1)
    assert source(channel("127.0.0.1", "10.0.0.9, 10.0.0.1")) == "10.0.0.1"
    assert source(channel("127.0.0.1", "10.0.0.8, 10.0.0.1")) == "10.0.0.1"
    assert source(channel("127.0.0.1", '"[2001:db8::1]"')) == "2001:db8::/64"
    assert source(channel("127.0.0.1")) == "" != source_behind(0)(channel("127.0.0.1"))


def test_addresses_of_one_house_are_one_source() -> None:
    source = source_behind(0)
    assert source(channel("2001:db8::1")) == source(channel("2001:db8::ffff"))
    assert source(channel("2001:db8::1")) != source(channel("2001:db8:0:1::1"))


def call_from(address: str, port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(address, 0))


def slow(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """An answer that takes a twentieth of a second."""
    time.sleep(0.05)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


def test_beside_a_flood_another_source_is_served_next() -> None:
    """Two hundred requests wait, which is ten seconds of one thread; hers takes a moment."""
    with serving(slow, threads=1) as port, ExitStack() as open_:
        flood = [open_.enter_context(closing(call_from("127.0.0.1", port))) for _ in range(200)]
        for each in flood:
            each.sendall(head("GET", "/"))
        time.sleep(0.3)
        began = time.monotonic()
        hers = open_.enter_context(closing(call_from("127.0.0.2", port)))
        hers.sendall(head("GET", "/"))
        assert "ok" in answer(hers)
        assert time.monotonic() - began < 2


def test_one_source_never_holds_all_connections() -> None:
    """Its idlest one makes room; the request that is on its way is answered all the same."""
    limit = Limits().of_one_source
    with serving() as port, ExitStack() as open_:
        own = [open_.enter_context(closing(call_from("127.0.0.1", port))) for _ in range(limit)]
        own[0].sendall(head("POST", "/", "Content-Length: 5") + b"ha")  # busy: it stays
        time.sleep(0.2)
        more = [open_.enter_context(closing(call_from("127.0.0.1", port))) for _ in range(5)]
        wait_until(lambda: sum(_closed(each) for each in own[1:]) == len(more))
        own[0].sendall(b"lo!")
        assert answer(own[0]).startswith("HTTP/1.1 200")
        other = open_.enter_context(closing(call_from("127.0.0.2", port)))
        other.sendall(head("GET", "/"))
        assert answer(other).startswith("HTTP/1.1 200")


def _closed(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    finally:
        connection.setblocking(True)


def test_threads_that_end_leave_the_turns_whole() -> None:
    """Many threads, many sources: every request is served once."""
    served, lock = [], threading.Lock()

    def count(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with lock:
            served.append(environ["REMOTE_ADDR"])
        return slow(environ, start_response)

    with serving(count, threads=8) as port, ExitStack() as open_:
        calls = [
            open_.enter_context(closing(call_from(f"127.0.0.{n % 7 + 1}", port)))
            for n in range(70)
        ]
        for each in calls:
            each.sendall(head("GET", "/"))
        assert all(answer(each).endswith("ok") for each in calls)
    assert sorted(served) == sorted(f"127.0.0.{n % 7 + 1}" for n in range(70))
