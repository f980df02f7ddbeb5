"""Recordings made by hand: silence in Opus, in Ogg pages as recorders write them."""

SILENCE = b"\xf8\xff\xfe"  # 20 ms, mono
TAGS = b"OpusTags" + (9).to_bytes(4, "little") + b"Ponsel XY"
HEAD = (
    b"OpusHead\x01\x01" + (312).to_bytes(2, "little") + (48_000).to_bytes(4, "little") + bytes(3)
)
WHERE = b"LOCATION=-10.1,123.6"


def check(data: bytes) -> int:
    """Ogg's own CRC-32: not reflected, begun with nothing (RFC 3533)."""
    value = 0
    for byte in data:
        value ^= byte << 24
        for _bit in range(8):
            value = (value << 1) ^ (0x104C11DB7 if value & 0x8000_0000 else 0)
    return value


def page(
    number: int, granule: int, packets: list[bytes], *, flags: int = 0, serial: int = 77
) -> bytes:
    """One page of whole packets."""
    lacing = b"".join(bytes([255] * (len(p) // 255) + [len(p) % 255]) for p in packets)
    before = (
        b"OggS\0" + bytes([flags]) + granule.to_bytes(8, "little") + serial.to_bytes(4, "little")
        + number.to_bytes(4, "little")
    )  # fmt: skip
    after = bytes([len(lacing)]) + lacing + b"".join(packets)
    return before + check(before + bytes(4) + after).to_bytes(4, "little") + after


def recording(seconds: int = 3, *, head: bytes = HEAD, serial: int = 77) -> bytes:
    """A recording as a phone would write it: with its make, its place, and a number of its own."""
    tags = TAGS + (1).to_bytes(4, "little") + len(WHERE).to_bytes(4, "little") + WHERE
    out = [page(0, 0, [head], flags=2, serial=serial), page(1, 0, [tags], serial=serial)]
    for number in range(seconds):
        last = number == seconds - 1
        granule = 312 + (number + 1) * 48_000
        out.append(
            page(number + 2, granule, [SILENCE] * 50, flags=4 if last else 0, serial=serial)
        )
    return b"".join(out)
