"""The transaction and context of a signed-in person's request."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.http import HttpRequest

from simpul.network import access
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
