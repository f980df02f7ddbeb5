"""The WSGI application of the door that SIMPUL_DOOR names, loaded whole before the door forks."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()


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
