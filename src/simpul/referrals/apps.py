"""The referrals room."""

from django.apps import AppConfig


class Referrals(AppConfig):
    """See docs/domains/referrals.md."""

    name = "simpul.referrals"
