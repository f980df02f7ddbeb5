"""The secret that lives only in the memory of a running door."""

from simpul.vault import crypto

_secret: bytes | None = None


def hold(secret: bytes) -> None:
    """Keeps the boot secret that the parent process handed over after the fork."""
    global _secret
    _secret = secret


def session_key(token: bytes, place: bytes) -> bytes:
    """The key of a session record: of the browser's cookie and of this start of the door.

    Neither the database nor a copy of `var/` can open a session: the cookie is in the browser and
    the secret was never written down.
    """
    if _secret is None:
        hold(crypto.random())  # a process that nobody handed a secret opens only its own sessions
    assert _secret is not None
    return crypto.hkdf(token, "simpul session", salt=_secret + place)
