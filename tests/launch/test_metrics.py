"""Figures without content: counted by processes that may be killed, told on one port of this machine."""

import os
import re
import signal
import socket
from pathlib import Path

from launch import metrics


def child(counts: metrics.Counts, times: int, end: int = 0) -> None:
    """A process that answers some requests and ends, or is killed."""
    pid = os.fork()
    if not pid:
        counts.begin()
        for _ in range(times):
            counts.add("/cases/X7K2/notes/", "200 OK", 0.03, {"pool_in_use": 2})
        if end:
            os.kill(os.getpid(), end)
        os._exit(0)
    os.waitpid(pid, 0)


def value(text: str, name: str) -> float:
    [found] = re.findall(rf"^simpul_{re.escape(name)} (\S+)$", text, re.M)
    return float(found)


def test_what_a_killed_child_counted_is_not_lost_and_the_next_counts_on() -> None:
    counts = metrics.Counts("workspace", metrics.ROOMS)
    child(counts, 3, signal.SIGKILL)
    child(counts, 4)
    text = counts.text()
    assert value(text, 'requests_total{of="workspace",group="cases",status="2xx"}') == 7
    assert value(text, 'seconds_bucket{of="workspace",le="0.05"}') == 7
    assert value(text, 'seconds_bucket{of="workspace",le="0.01"}') == 0
    assert value(text, 'seconds_count{of="workspace"}') == 7
    assert value(text, 'pool_in_use{of="workspace"}') == 2


def test_the_public_door_does_not_tell_which_page_was_asked_for() -> None:
    counts = metrics.Counts("public")
    counts.begin()
    for path in ("/", "/reports/send/", "/en/reports/open/", "/directory/", "/tanda-rahasia/"):
        counts.add(path, "200 OK", 0.01, {})
    text = counts.text()
    assert "reports" not in text and "tanda" not in text
    assert value(text, 'requests_total{of="public",group="pages",status="2xx"}') == 5


def test_no_address_with_a_reference_becomes_a_label() -> None:
    counts = metrics.Counts("workspace", metrics.ROOMS)
    counts.begin()
    before = {line.rpartition(" ")[0] for line in counts.text().splitlines()}
    counts.add("/cases/X7K2/", "200 OK", 0.01, {})
    counts.add("/en/tanda-rahasia/", "999 What", 0.01, {})
    assert {line.rpartition(" ")[0] for line in counts.text().splitlines()} == before


def asked(tmp_path: Path, request: bytes) -> bytes:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()) as caller,
    ):
        caller.sendall(request)
        metrics.answer(listening, tmp_path)
        return b"".join(iter(lambda: caller.recv(4096), b""))


def test_only_metrics_is_answered_and_closed_doors_are_said(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/worker.prom").write_text('simpul_clock_missed{of="worker"} 0\n')
    said = asked(tmp_path, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200 OK")
    assert b'simpul_up{of="public"} 0\n' in said and b"clock_missed" in said
    assert asked(tmp_path, b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 404")
    assert asked(tmp_path, b"burn\n").startswith(b"HTTP/1.1 404")
