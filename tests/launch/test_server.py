"""The web server of a door: who gets in, with what, and who waits for whom."""

import logging
import socket
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any, NoReturn

import pytest
from waitress import wasyncore

from launch.server import MOST_HEADERS, Application, Limits, serve
from tests.launch.waiting import wait_until

KIB = 1024
LIMITS = Limits()


def echo(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Says how much arrived and from whom."""
    body = environ["wsgi.input"].read()
    text = f"{len(body)} {environ['REMOTE_ADDR']} {environ['wsgi.url_scheme']}".encode()
    start_response("200 OK", [("Content-Length", str(len(text)))])
    return [text]


@contextmanager
def serving(application: Application = echo, hops: int = 0, threads: int = 4) -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    port = listener.getsockname()[1]
    server = serve(application, listener, threads=threads, limits=LIMITS, proxy_hops=hops)
    loop = threading.Thread(target=server.run, args=(0.2,))
    loop.start()
    try:
        yield port
    finally:
        server.stop()
        loop.join()
        wasyncore.close_all(server._map)
        server.task_dispatcher.shutdown()


def call(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def listens(port: int) -> bool:
    try:
        call(port).close()
    except OSError:
        return False
    return True


def head(method: str, path: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def announce(path: str, size: int, *lines: str) -> bytes:
    return head("POST", path, f"Content-Length: {size}", *lines)


def answer(connection: socket.socket) -> str:
    """What comes until the server closes, or the first whole answer."""
    text = b""
    while more := connection.recv(64 * KIB):
        text += more
        start, found, body = text.partition(b"\r\n\r\n")
        length = [line for line in start.lower().split(b"\r\n") if b"content-length:" in line]
        if found and length and len(body) >= int(length[0].split(b":")[1]):
            break
    return text.decode()


def exchange(port: int, sent: bytes) -> str:
    with closing(call(port)) as connection:
        connection.sendall(sent)
        return answer(connection)


def test_an_ordinary_request_is_answered_without_naming_the_server() -> None:
    with serving() as port:
        text = exchange(port, head("GET", "/"))
    assert text.startswith("HTTP/1.1 200 OK")
    assert "server:" not in text.lower()
    assert "waitress" not in text.lower()


@pytest.mark.parametrize(
    ("request_head", "code"),
    [
        (announce("/lapor/", LIMITS.text + 1), 413),
        (announce("/lapor/files/", LIMITS.file + LIMITS.text + 1), 413),
        (head("PUT", "/lapor/files/", f"Content-Length: {LIMITS.text + 1}"), 413),
        (head("GET", "/lapor/files/", f"Content-Length: {LIMITS.text + 1}"), 413),
        (announce("/lapor/", LIMITS.text + 1, "Expect: 100-continue"), 413),
        (announce("/lapor/", 10**15), 413),
        (head("POST", "/lapor/", "Transfer-Encoding: chunked"), 411),
        (head("POST", "/lapor/files/", "Transfer-Encoding: chunked", "Content-Length: 5"), 411),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (head("POST", "/lapor/", "Transfer-Encoding: gzip"), 501),
        (head("POST", "/lapor/", "Content-Length: 5", "Content-Length: 6"), 400),
        (head("POST", "/lapor/", "Content-Length: -5"), 400),
        (head("GET", "/", *(f"X-{n}: 1" for n in range(MOST_HEADERS))), 431),
        (head("GET", "/", "X-Long: " + "rahasia" * 4000), 431),
        (b"rahasia\r\n\r\n", 400),
    ],
)
def test_a_request_is_refused_by_its_head_before_any_of_its_body(
    request_head: bytes, code: int
) -> None:
    with serving() as port:
        text = exchange(port, request_head)
    assert text.startswith((f"HTTP/1.1 {code} ", f"HTTP/1.0 {code} "))
    assert "100 Continue" not in text
    assert "text/html; charset=utf-8" in text
    assert 'lang="id"' in text
    assert 'lang="en"' in text
    assert "rahasia" not in text
    assert "/lapor" not in text


@pytest.mark.parametrize(
    ("path", "size"),
    [("/lapor/", LIMITS.text), ("/lapor/files/", LIMITS.file + LIMITS.text)],
)
def test_the_largest_body_that_is_allowed_never_touches_a_disk(
    path: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a temporary file")

    monkeypatch.setattr(tempfile, "TemporaryFile", forbidden)

    def mirror(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", str(size))])
        return [environ["wsgi.input"].read()]

    with serving(mirror) as port:
        text = exchange(port, announce(path, size) + b"x" * size)
    assert text.startswith("HTTP/1.1 200")
    assert text.endswith("x" * size)


def test_the_page_arrives_also_while_a_refused_body_is_still_being_sent() -> None:
    size = 20 * LIMITS.text
    with serving() as port, closing(call(port)) as connection:
        connection.sendall(announce("/lapor/", size))
        connection.sendall(b"x" * size)
        assert answer(connection).startswith("HTTP/1.1 413")
        assert connection.recv(1) == b"", "and then the server is done"


def test_a_ninth_file_is_asked_to_wait_until_one_of_eight_is_through() -> None:
    size = LIMITS.text + 1
    with serving() as port:
        eight = [call(port) for _ in range(LIMITS.files_at_once)]
        for connection in eight:
            connection.sendall(announce("/a/files/", size))
        # The last one is known to have been judged when an answer to a later one is here.
        wait = exchange(port, announce("/a/files/", size))
        assert wait.startswith("HTTP/1.1 503")
        assert "Retry-After: 60" in wait
        assert exchange(port, announce("/a/", 3) + b"abc").startswith("HTTP/1.1 200")
        eight[0].sendall(b"x" * size)
        assert answer(eight[0]).startswith("HTTP/1.1 200")
        eight[1].close()  # a phone that went away gives its place back too
        eight[0].close()
        exchange(port, head("GET", "/"))
        for _ in range(2):
            again = exchange(port, announce("/a/files/", size) + b"x" * size)
            assert again.startswith("HTTP/1.1 200")
        for connection in eight[2:]:
            connection.close()


def test_two_hundred_slow_posts_delay_nobody() -> None:
    """2G carries about 2 KB a second, so a report takes most of a minute to arrive."""
    waits = []
    with serving(threads=24) as port:
        slow = [call(port) for _ in range(200)]
        for connection in slow:
            connection.sendall(announce("/lapor/", 100 * KIB))
        for _ in range(20):
            for connection in slow:
                connection.sendall(b"x" * 200)
            began = time.monotonic()
            assert exchange(port, head("GET", "/")).startswith("HTTP/1.1 200")
            waits.append(time.monotonic() - began)
            time.sleep(0.1)
        for connection in slow:
            connection.close()
    assert sorted(waits)[-2] < 0.25, waits


def test_the_address_in_a_header_counts_only_behind_a_proxy() -> None:
    forged = ("X-Forwarded-For: 203.0.113.9, 198.51.100.7", "X-Forwarded-Proto: https")
    with serving() as port:
        assert exchange(port, head("GET", "/", *forged)).endswith("0 127.0.0.1 http")
    with serving(hops=1) as port:
        assert exchange(port, head("GET", "/", *forged)).endswith("0 198.51.100.7 https")


def test_the_servers_own_log_holds_no_path_and_no_text(caplog: pytest.LogCaptureFixture) -> None:
    def breaks(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raise ValueError(environ["wsgi.input"].read().decode())

    with caplog.at_level(logging.DEBUG), serving(breaks) as port:
        text = exchange(port, announce("/rahasia/", 7) + b"rahasia")
        with closing(call(port)) as connection, suppress(OSError):
            connection.sendall(announce("/rahasia/", 7) + b"rahasia")
    assert text.startswith("HTTP/1.1 500")
    assert "rahasia" not in text
    assert "ValueError" in caplog.text, "that something broke is known"
    assert "rahasia" not in caplog.text


def test_a_request_on_its_way_is_finished_when_the_door_closes() -> None:
    inside, go_on = threading.Event(), threading.Event()

    def waits(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        inside.set()
        go_on.wait(10)
        start_response("200 OK", [("Content-Length", str(300 * KIB))])
        return [b"x" * 300 * KIB]

    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = serve(waits, listener, threads=2, limits=LIMITS)
    loop = threading.Thread(target=server.run, args=(5,))
    loop.start()
    with closing(call(port)) as connection:
        connection.sendall(head("GET", "/"))
        assert inside.wait(10)
        server.stop()
        wait_until(lambda: not listens(port))
        go_on.set()
        assert len(answer(connection)) > 300 * KIB
    loop.join()
    server.task_dispatcher.shutdown()
    wasyncore.close_all(server._map)
