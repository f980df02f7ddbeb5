"""A file on its way to a browser: piece by piece, each only while it is still hers to read."""

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import BoundedSemaphore
from uuid import UUID

from simpul.cases import access
from simpul.cases.models import Document
from simpul.core.access import NotYourDuty, NotYours
from simpul.network.actor import Actor
from simpul.vault import envelopes, pieces
from simpul.vault.envelopes import Closed

AT_ONCE = 3  # downloads in one process: a slow line must not take the threads of all others
_turns = BoundedSemaphore(AT_ONCE)
ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """From which byte up to which, end excluded."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.end - self.start


def span_of(asked: str, size: int) -> Span | None:
    """The one range that is asked for (RFC 9110, 14.2); None where it lies outside the file.

    What is no single range is answered with the whole file, as the standard allows.
    """
    match = ONE_RANGE.fullmatch(asked.strip())
    if match is None or not any(match.groups()):
        return Span(0, size)
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size
        return Span(start, end) if int(last) else None
    start, end = int(first), min(int(last) + 1 if last else size, size)
    if last and int(last) < int(first):
        return Span(0, size)
    return Span(start, end) if start < size else None


class Turn:
    """One of the few downloads at once; it is given back when the answer is closed."""

    def __init__(self) -> None:
        self.taken = _turns.acquire(blocking=False)

    def give_back(self) -> None:
        """Lets the next one in; once."""
        if self.taken:
            self.taken = False
            _turns.release()

    def __del__(self) -> None:
        """An answer that was never begun is not closed by anybody either."""
        self.give_back()


class Delivery:
    """The bytes of a span; the context, the membership and the grant are asked anew for each piece.

    The request's own transaction has ended when a browser takes the first byte. What is taken back
    or signed out meanwhile ends the answer short, so the browser knows that it is not whole.
    """

    def __init__(
        self,
        turn: Turn,
        context: Callable[[], AbstractContextManager[Actor]],
        row: Document,
        code: str,
        span: Span,
    ) -> None:
        self.turn, self.context, self.ref, self.code, self.span = (
            turn,
            context,
            row.ref,
            code,
            span,
        )
        self.parts = self._parts()

    def __iter__(self) -> Iterator[bytes]:
        """Itself."""
        return self

    def __next__(self) -> bytes:
        """The next part of a piece."""
        return next(self.parts)

    def close(self) -> None:
        """The browser has it all, or has hung up."""
        self.parts.close()
        self.turn.give_back()

    def _parts(self) -> Generator[bytes, None, None]:
        at = self.span.start
        while at < self.span.end:
            number = at // pieces.SIZE
            begin = number * pieces.SIZE
            piece = self._piece(number)
            if piece is None:
                return
            yield piece[at - begin : self.span.end - begin]
            at = begin + pieces.SIZE

    def _piece(self, number: int) -> bytes | None:
        try:
            with self.context() as actor:
                return _read(actor, self.code, self.ref, number)
        except (NotYours, NotYourDuty, Closed):
            return None


def _read(actor: Actor, code: str, ref: UUID, number: int) -> bytes:
    row = access.get_document(access.get_case(actor, code), ref)
    return pieces.read(envelopes.open_envelope(row.envelope, actor.keyring), row, number)
