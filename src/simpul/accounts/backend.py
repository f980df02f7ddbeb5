"""Tells Django who is signed in; signing in itself is `accounts.actions.sign_in`."""

from django.contrib.auth.backends import BaseBackend

from simpul.accounts.models import User


class Passphrase(BaseBackend):
    """Finds the person of a session that is already open."""

    def get_user(self, user_id: int) -> User | None:
        """The person, unless she has left."""
        return User.objects.filter(pk=user_id, left_at=None).first()
