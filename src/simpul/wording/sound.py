"""A recorded reading: Opus in Ogg (RFC 7845), taken apart and put together without its comments.

Only what is needed to hear it is kept: the head, the sound, and empty tags. Recorders write the
device, the place and the day into the tags. Nothing is decoded here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from simpul.core.access import AgainstTheRules

MOST = 1024 * 1024
LONGEST = 600  # seconds
RATE = 48_000  # granules a second, whatever the recording's own rate
TAGS = b"OpusTags" + len(b"simpul").to_bytes(4, "little") + b"simpul" + bytes(4)
FIRST, LAST = 2, 4  # flags of a page
NO_PACKET_ENDS = 0xFFFF_FFFF_FFFF_FFFF


class NotSound(AgainstTheRules):
    """What was sent is no reading that every phone can play."""

    def __init__(self, sentence: object = "") -> None:
        super().__init__(sentence or _("Kirim rekaman suara berjenis Ogg Opus."))


@dataclass(frozen=True)
class Clean:
    """A reading without anything that tells who made it where."""

    data: bytes = field(repr=False)
    seconds: int


@dataclass(frozen=True, slots=True)
class _Page:
    flags: int
    granule: int
    serial: int
    number: int
    lacing: bytes
    body: bytes


def cleaned(data: bytes) -> Clean:
    """The same sound in new pages. Raises NotSound."""
    if len(data) > MOST:
        raise NotSound(_("Rekaman ini lebih dari 1 MB. Simpan dengan mutu lebih rendah."))
    pages = list(_pages(data))
    if len(pages) < 3 or not all(page.serial == pages[0].serial for page in pages):
        raise NotSound
    if [page.number for page in pages] != list(range(len(pages))) or pages[0].flags != FIRST:
        raise NotSound
    head = pages[0].body
    if head[:8] != b"OpusHead" or len(head) != 19 or head[8] != 1 or head[9] not in {1, 2}:
        raise NotSound
    audio = pages[_after_tags(pages) :]
    skipped = int.from_bytes(head[10:12], "little")
    spoken = max((page.granule for page in audio if page.granule != NO_PACKET_ENDS), default=0)
    seconds = -(-max(0, spoken - skipped) // RATE)
    if not 0 < seconds <= LONGEST:
        raise NotSound(_("Rekaman paling lama sepuluh menit."))
    out = [
        _Page(FIRST, 0, 1, 0, pages[0].lacing, head),
        _Page(0, 0, 1, 1, bytes([len(TAGS)]), TAGS),
    ]
    for number, page in enumerate(audio, start=2):
        flags = page.flags & 1 | (LAST if page is audio[-1] else 0)
        out.append(_Page(flags, page.granule, 1, number, page.lacing, page.body))
    return Clean(b"".join(map(_written, out)), seconds)


def _after_tags(pages: list[_Page]) -> int:
    """Where the sound begins: on a page of its own, after the tags, which may fill several."""
    if pages[1].body[:8] != b"OpusTags":
        raise NotSound
    for place, page in enumerate(pages[1:], start=1):
        ends = [at for at, size in enumerate(page.lacing) if size < 255]
        if ends:
            if ends[0] != len(page.lacing) - 1 or place + 1 >= len(pages):
                raise NotSound
            return place + 1
    raise NotSound


def _pages(data: bytes) -> Iterator[_Page]:
    place = 0
    while place < len(data):
        head = data[place : place + 27]
        if len(head) < 27 or head[:5] != b"OggS\0":
            raise NotSound
        body = place + 27 + head[26]
        lacing = data[place + 27 : body]
        end = body + sum(lacing)
        if len(lacing) != head[26] or end > len(data):
            raise NotSound
        whole = data[place:end]
        if _check(whole[:22] + bytes(4) + whole[26:]) != int.from_bytes(head[22:26], "little"):
            raise NotSound
        yield _Page(
            head[5], int.from_bytes(head[6:14], "little"), int.from_bytes(head[14:18], "little"),
            int.from_bytes(head[18:22], "little"), lacing, data[body:end],
        )  # fmt: skip
        place = end


def _written(page: _Page) -> bytes:
    before = (
        b"OggS\0" + bytes([page.flags]) + page.granule.to_bytes(8, "little")
        + page.serial.to_bytes(4, "little") + page.number.to_bytes(4, "little")
    )  # fmt: skip
    after = bytes([len(page.lacing)]) + page.lacing + page.body
    return before + _check(before + bytes(4) + after).to_bytes(4, "little") + after


def _table() -> list[int]:
    found = []
    for number in range(256):
        value = number << 24
        for _bit in range(8):
            value = (value << 1) ^ (0x04C11DB7 if value & 0x8000_0000 else 0)
        found.append(value & 0xFFFF_FFFF)
    return found


_TABLE = _table()


def _check(data: bytes) -> int:
    """Ogg's own CRC-32: not reflected, begun with nothing (RFC 3533)."""
    value = 0
    for byte in data:
        value = ((value << 8) & 0xFFFF_FFFF) ^ _TABLE[(value >> 24) ^ byte]
    return value
