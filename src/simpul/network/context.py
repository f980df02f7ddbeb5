"""The transaction and context of a signed-in person's request."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection
from django.http import HttpRequest

from simpul.core.access import NotYours
from simpul.network import access
from simpul.network.actor import Actor
from simpul.vault import context


@contextmanager
def opened(request: HttpRequest) -> Iterator[None]:
    """Opens the request's context and builds its actor anew, so that a removal takes effect at once."""
    user = request.user
    person: UUID | None = getattr(user, "keypair_id", None)
    with context.opened("workspace", person=person):
        if user.is_authenticated and "seed" in request.session:
            actor = access.get_actor(user, bytes.fromhex(request.session["seed"]))
            request.actor = actor  # type: ignore[attr-defined]
            context.say(person=person, desks=actor.desk_ids)
        yield


@contextmanager
def again(request: HttpRequest) -> Iterator[Actor]:
    """The same for an answer that is still on its way; between two pieces no connection is held.

    Raises NotYours when she has signed out since.
    """
    try:
        if not request.session.goes_on():  # type: ignore[attr-defined]  # accounts.sessions
            raise NotYours
        with opened(request):
            actor: Actor = request.actor  # type: ignore[attr-defined]
            yield actor
    finally:
        if not connection.in_atomic_block:
            connection.close()
