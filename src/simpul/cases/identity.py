"""Who she is, as far as her desk needs it to find her again; and why somebody may look for her."""

import json
from dataclasses import asdict, dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

SIZE = 1024  # bytes of a sealed card: how many names there are is not to be seen


@dataclass(frozen=True, slots=True)
class Card:
    """What is written down of her identity; every part may be left out."""

    name: str = ""
    others: tuple[str, ...] = ()
    born: str = ""  # the first year of a decade
    village: str = ""

    @property
    def names(self) -> list[str]:
        """Every name she is known by."""
        return [name for name in (self.name, *self.others) if name.strip()]

    def packed(self) -> str:
        """The card as text, as long as every other."""
        text = json.dumps(asdict(self))  # ASCII, so that letters are bytes
        return text + " " * (-(len(text) + 1) % SIZE)


def unpacked(text: str) -> Card:
    """The card that `packed` made."""
    said = json.loads(text)
    return Card(**{**said, "others": tuple(said["others"])})


class Reason(models.TextChoices):
    """Why somebody looks for a name; the chain says which."""

    RETURNED = "returned", _("Orang ini datang kembali")
    TWICE = "twice", _("Mencegah laporan ganda")
    WISH = "wish", _("Permintaan penyintas")
    OTHER = "other", _("Alasan lain")
