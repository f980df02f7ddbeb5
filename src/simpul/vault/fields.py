"""The column that holds sealed content."""

from typing import Any

from django.db import models


class SealedField(models.BinaryField):  # type: ignore[type-arg]
    """Ciphertext of one value, bound to its place: model, field, row, record, compartment, versions.

    It is filled by `OpenEnvelope.seal` and read by `OpenEnvelope.unseal` and never otherwise.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    @property
    def context(self) -> str:
        """The name of the place in what is sealed: `cases.Entry.text`."""
        return f"{self.model._meta.label}.{self.name}"
