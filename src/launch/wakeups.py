"""Signals as something to read in a loop, so that nothing is interrupted half-way."""

import os
import select
import signal
from collections.abc import Iterable
from types import TracebackType
from typing import Any

END = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


class Signals:
    """While open, the end signals and the end of a child only wake `wait`."""

    def __enter__(self) -> "Signals":
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._before: dict[int, Any] = {
            number: signal.signal(number, lambda *_: None) for number in (*END, signal.SIGCHLD)
        }
        self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def close(self) -> None:
        """Stop listening; a forked child calls this before it sets handlers of its own."""
        signal.set_wakeup_fd(self._wakeup)
        os.close(self._read)
        os.close(self._write)

    def wait(self, seconds: float, others: Iterable[Any] = ()) -> tuple[set[int], list[Any]]:
        """Wait for signals or for `others` to become readable; give back what came."""
        ready, _, _ = select.select([self._read, *others], [], [], max(seconds, 0))
        came: set[int] = set()
        if self._read in ready:
            ready.remove(self._read)
            came = set(os.read(self._read, 256))
        return came, ready
