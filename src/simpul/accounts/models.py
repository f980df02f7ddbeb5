"""People who sign in, their sealed sessions, and the slow-down of wrong attempts."""

from typing import ClassVar

from django.db import models

from simpul.vault.models import KeyPair


class User(models.Model):
    """A person with an account; her keys are in the vault, her place in the network is in network."""

    username = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    keypair = models.OneToOneField(KeyPair, models.PROTECT, related_name="+")
    used_step = models.BigIntegerField(default=0, help_text="The last one-time code's step.")
    joined_at = models.DateTimeField(auto_now_add=True)
    left_at = models.DateTimeField(null=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    is_anonymous = False
    is_authenticated = True

    class Privacy:
        internal = {"id", "username", "keypair", "used_step", "joined_at", "left_at"}
        personal = {"name"}

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        """Whether the person may sign in."""
        return self.left_at is None


class Session(models.Model):
    """A sealed session record of one door; only the browser's cookie and the running door open it."""

    place = models.BinaryField(primary_key=True, help_text="SHA-256 of the cookie.")
    door = models.CharField(max_length=10)
    user = models.ForeignKey(User, models.CASCADE, null=True)
    sealed = models.BinaryField()
    expires_at = models.DateTimeField()

    class Privacy:
        internal = {"place", "door", "user", "sealed", "expires_at"}

    class Meta:
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="accounts_session_expiry")]


class Slowdown(models.Model):
    """How long the next attempt on a name must wait; keyed by HMAC, so unknown names look alike."""

    key = models.BinaryField(primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    until_at = models.DateTimeField()

    class Privacy:
        internal = {"key", "failures", "until_at"}
