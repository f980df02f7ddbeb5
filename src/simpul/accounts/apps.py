"""The accounts room."""

from django.apps import AppConfig


class Accounts(AppConfig):
    """See docs/domains/accounts.md."""

    name = "simpul.accounts"
