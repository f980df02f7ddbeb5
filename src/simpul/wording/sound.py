"""A recorded reading, decoded and encoded anew by the vault's confined child: Opus in Ogg."""

from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from simpul.core.access import AgainstTheRules
from simpul.vault import scrub

MOST = 1024 * 1024
KIND = "audio/ogg"
RATE = 48_000  # granules a second, whatever the recording's own rate (RFC 7845)
HEAD = 28  # where the head begins in the first page


class NotSound(AgainstTheRules):
    """What was sent is no reading that every phone can play."""

    def __init__(self, sentence: object = "") -> None:
        super().__init__(sentence or _("Kirim rekaman suara."))


@dataclass(frozen=True)
class Clean:
    """A reading without anything that tells who made it where; only the voice does."""

    data: bytes = field(repr=False)
    seconds: int


def cleaned(data: bytes) -> Clean:
    """The same voice in a new file. Raises NotSound. Takes seconds: never while others wait."""
    try:
        scrubbed = scrub.scrub(data)
    except scrub.ScrubError as error:
        raise NotSound(error.sentence) from None
    if scrubbed.media_type != KIND:
        raise NotSound
    if len(scrubbed.data) > MOST:
        raise NotSound(_("Rekaman ini terlalu panjang. Bacakan lebih singkat."))
    last = scrubbed.data.rindex(b"OggS")
    skipped = int.from_bytes(scrubbed.data[HEAD + 10 : HEAD + 12], "little")
    spoken = int.from_bytes(scrubbed.data[last + 6 : last + 14], "little") - skipped
    return Clean(scrubbed.data, max(1, round(spoken / RATE)))
