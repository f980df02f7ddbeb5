"""Sessions that have run out."""

from simpul.accounts.sessions import SessionStore


def end_expired_sessions() -> None:
    """Deletes session records past their fifteen idle minutes."""
    SessionStore.clear_expired()
