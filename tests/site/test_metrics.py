"""What a running instance tells Prometheus."""

import re
import time

from launch import metrics
from tests.running import running

LINE = re.compile(
    r"simpul_[a-z_]+\{of=\"(public|workspace|worker)\"(,[a-z]+=\"[\w.+]+\")*\} [\d.e+-]+"
)


def test_a_running_instance_tells_figures_and_nothing_else() -> None:
    with running() as house:
        house.ask("public", "GET", "/reports/open/?q=tanda-rahasia")
        house.ask("workspace", "GET", "/cases/X7K2/")
        until = time.monotonic() + 20
        while not (house.place / "run/worker.prom").exists():
            assert time.monotonic() < until
            time.sleep(0.1)
        text = metrics.page(house.place)
        assert all(LINE.fullmatch(line) for line in text.splitlines()), text
        for wanted in (
            'simpul_up{of="public"} 1', 'simpul_up{of="workspace"} 1',
            'simpul_requests_total{of="workspace",group="cases",status="4xx"} 1',
            'simpul_derivations_waiting{of="public"} 0', 'simpul_audit_lines_unlinked{of="worker"} 0',
            'simpul_clock_missed{of="worker"} 0',
        ):  # fmt: skip
            assert wanted in text, text
        assert "tanda" not in text and "X7K2" not in text
