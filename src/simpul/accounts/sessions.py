"""Django's sessions, sealed: the record in the database opens only with cookie and running door.

The cookie is a random token. The record is found by its hash and sealed under a key of token and
boot secret, so a stolen database holds no usable session, and a restart signs everyone out.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from simpul.accounts.models import Session
from simpul.vault import boot, crypto

TOUCH = timedelta(minutes=1)  # how much of the fifteen minutes may be gone before they begin anew


class SessionStore(SessionBase):
    """A session whose data lie sealed in `accounts_session`."""

    cache_key_prefix = ""

    def _new_token(self) -> str:
        return crypto.random(24).hex()

    def _place(self, token: str) -> bytes:
        return crypto.sha256(b"simpul session" + token.encode())

    def _key(self, token: str) -> bytes:
        return boot.session_key(token.encode(), self._place(token))

    def _expiry(self, data: dict[str, Any]) -> datetime:
        return timezone.now() + timedelta(seconds=data.get("idle", settings.SESSION_COOKIE_AGE))

    def exists(self, session_key: str) -> bool:
        """Whether a record lies at this token's place."""
        return Session.objects.filter(place=self._place(session_key)).exists()

    def create(self) -> None:
        """Starts a record under a fresh token."""
        self._session_key = self._new_token()
        self.modified = True
        self.save(must_create=True)

    def load(self) -> dict[str, Any]:
        """The session's data; empty when it has ended, was burnt, or belongs to an earlier start."""
        token = self.session_key
        if token:
            now = timezone.now()
            row = Session.objects.filter(
                place=self._place(token), door=settings.SESSION_COOKIE_NAME, expires_at__gt=now,
                # Begun while the clock was ahead, it would stay open that much longer.
                expires_at__lte=self._expiry({}) + TOUCH,
            ).first()  # fmt: skip
            if row is not None:
                try:
                    plain = crypto.unseal(self._key(token), bytes(row.sealed), bytes(row.place))
                except crypto.Unopened:
                    if not settings.UPGRADING:
                        row.delete()
                else:
                    data: dict[str, Any] = json.loads(plain)
                    if row.expires_at < self._expiry(data) - TOUCH:
                        self.modified = True  # she is still at work: her minutes begin anew
                    return data
        self._session_key = None
        return {}

    def save(self, must_create: bool = False) -> None:
        """Seals and stores the data; it lives fifteen idle minutes, or as few as `idle` in it says."""
        if self.session_key is None:
            return self.create()
        token = self.session_key
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]  # Django's own
        place = self._place(token)
        fields = {
            "door": settings.SESSION_COOKIE_NAME,
            "user_id": data.get("_auth_user_id"),
            "sealed": crypto.seal(self._key(token), json.dumps(data).encode(), place),
            "expires_at": self._expiry(data),
        }
        if must_create:
            try:
                with transaction.atomic():
                    Session.objects.create(place=place, **fields)
            except IntegrityError as error:
                raise CreateError from error
        elif not Session.objects.filter(place=place).update(**fields):
            raise UpdateError  # ended meanwhile, by burn or by a removal: it must not come back

    def delete(self, session_key: str | None = None) -> None:
        """Ends the record."""
        token = session_key or self.session_key
        if token:
            Session.objects.filter(place=self._place(token)).delete()

    def goes_on(self) -> bool:
        """Whether the record is still there; what goes on arriving is work, and keeps it there."""
        fresh = type(self)(self.session_key)
        there = "seed" in fresh
        if there and fresh.modified:
            fresh.save()
        return there

    @classmethod
    def clear_expired(cls) -> None:
        """Ends the records that have expired, and those that were begun while the clock was ahead."""
        now = timezone.now()
        ahead = now + timedelta(seconds=settings.SESSION_COOKIE_AGE) + TOUCH
        Session.objects.filter(Q(expires_at__lte=now) | Q(expires_at__gt=ahead)).delete()
