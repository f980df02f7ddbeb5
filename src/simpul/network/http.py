"""The request of the workspace, with its actor."""

from django.http import HttpRequest

from simpul.network.actor import Actor


class Request(HttpRequest):
    """A request behind the sign-in; the middleware has built the actor."""

    actor: Actor
