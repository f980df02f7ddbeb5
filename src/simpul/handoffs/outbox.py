"""Texts on their way to a provider: sent by two threads of their own, kept in memory alone.

A door's thread never waits for a provider. What cannot be sent is dropped: who waits for an answer
and gets none asks again, and the desk calls anyway.
"""

import logging
import threading
from base64 import b64encode
from collections.abc import Callable
from http.client import HTTPException
from queue import Full, Queue
from typing import Any
from urllib import request

log = logging.getLogger("simpul.handoffs")

PATIENCE = 5.0  # seconds for each step with a provider
MOST = 100  # texts that wait; a provider that is down fills no memory
THREADS = 2


class _NoWayOn(request.HTTPRedirectHandler):
    """A provider that leads elsewhere would get the password there."""

    def redirect_request(self, *_given: Any) -> None:
        """Follows nothing; the answer counts as a refusal."""


_opener = request.build_opener(_NoWayOn)


def post(url: str, body: bytes, *, kind: str, authorization: str) -> None:
    """Posts to a provider. Raises OSError when it refuses, is down or is slow."""
    headers = {"Content-Type": kind, "Authorization": authorization}
    asked = request.Request(url, data=body, headers=headers, method="POST")
    try:
        with _opener.open(asked, timeout=PATIENCE):
            return
    except HTTPException as error:
        raise OSError("not HTTP") from error


def basic(user: str, password: str) -> str:
    """The value of a basic sign-in (RFC 7617)."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


class Outbox:
    """A short queue with two threads behind it, which begin with the first text."""

    def __init__(self) -> None:
        self._waiting: Queue[tuple[Callable[[str, str], None], str, str]] = Queue(MOST)
        self._lock = threading.Lock()
        self._begun = 0

    def put(self, send: Callable[[str, str], None], number: str, text: str) -> bool:
        """Takes a text to be sent; False when too many wait already."""
        with self._lock:
            while self._begun < THREADS:
                self._begun += 1
                threading.Thread(target=self._run, name="outbox", daemon=True).start()
        try:
            self._waiting.put_nowait((send, number, text))
        except Full:
            log.warning("handoffs.outbox_full")
            return False
        return True

    def settle(self) -> None:
        """Waits until everything was sent or dropped."""
        self._waiting.join()

    def _run(self) -> None:
        while True:
            send, number, text = self._waiting.get()
            try:
                send(number, text)
            except OSError:
                log.warning("handoffs.not_sent")
            except Exception:
                log.exception("handoffs.not_sent")
            finally:
                self._waiting.task_done()


outbox = Outbox()
