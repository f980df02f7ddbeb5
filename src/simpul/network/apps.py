"""The network room."""

from django.apps import AppConfig


class Network(AppConfig):
    """See docs/domains/network.md."""

    name = "simpul.network"
