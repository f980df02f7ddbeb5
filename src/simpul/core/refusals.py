"""How a page shows that the rules say no."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.forms import Form

from simpul.core.access import AgainstTheRules


@contextmanager
def shown_on(form: Form) -> Iterator[None]:
    """Puts the sentence of a refusal on the form, so that the page comes back with every word."""
    try:
        yield
    except AgainstTheRules as error:
        form.add_error(None, str(error.sentence))
