"""The vault room."""

from django.apps import AppConfig


class Vault(AppConfig):
    """Key pairs, envelopes, grants, receipts, audit. Knows no people."""

    name = "simpul.vault"
