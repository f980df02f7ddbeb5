"""The WSGI application of the door that SIMPUL_DOOR names, loaded whole before the door forks."""

import os

from django.core.wsgi import get_wsgi_application
from psycopg_pool.base import AttemptWithBackoff

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

# A database that is away is asked four times a second; the pool's own way is to ask ever more rarely,
# so that a long absence would last up to a minute longer than it did.
AttemptWithBackoff.INITIAL_DELAY, AttemptWithBackoff.DELAY_BACKOFF = 0.25, 1.0


def _load() -> None:
    """Read pages, texts and templates now, so that the processes of the door share them."""
    from django.conf import settings
    from django.template import engines
    from django.urls import get_resolver
    from django.utils.translation import override

    engines.all()
    for code, _ in settings.LANGUAGES:
        with override(code):
            get_resolver().url_patterns  # noqa: B018


_load()
