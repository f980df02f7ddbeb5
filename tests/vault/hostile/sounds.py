"""Voice notes as phones make them, and files that lie about being one."""

import array
import math
from functools import cache
from io import BytesIO

import av

SECRET = "Rumah Aman Melati"
# The kind → FFmpeg's name of the file, codec, rate, and channels.
MADE = {
    "ogg": ("ogg", "libopus", 48_000, "mono"),
    "webm": ("webm", "libopus", 48_000, "mono"),
    "mp4": ("ipod", "aac", 44_100, "stereo"),
    "3gp": ("3gp", "libopencore_amrnb", 8_000, "mono"),
    "mp3": ("mp3", "libmp3lame", 44_100, "stereo"),
    "aac": ("adts", "aac", 44_100, "mono"),
    "wav": ("wav", "pcm_s16le", 44_100, "mono"),
    "amr": ("amr", "libopencore_amrnb", 8_000, "mono"),
}


@cache
def voice(kind: str) -> bytes:
    """A tone of 440 Hz of two seconds, with a title, an author and a place."""
    container, codec, rate, layout = MADE[kind]
    file = BytesIO()
    with av.open(file, "w", format=container) as made:
        stream = made.add_stream(codec, rate=rate, layout=layout)
        for name in ("title", "artist", "comment", "location"):
            made.metadata[name] = SECRET
        fit = av.AudioResampler(stream.codec_context.format.name, layout, rate)
        second = array.array(
            "h", (int(9000 * math.sin(i * 2 * math.pi * 440 / rate)) for i in range(rate))
        )
        for _ in range(2):
            frame = av.AudioFrame(format="s16", layout="mono", samples=rate)
            frame.sample_rate = rate
            frame.planes[0].update(second.tobytes())
            for piece in fit.resample(frame):
                piece.pts = None
                made.mux(stream.encode(piece))
        made.mux(stream.encode(None))
    return file.getvalue()


def with_cover(picture: bytes) -> bytes:
    """An MP3 whose ID3 tag holds a picture (ID3v2.3, frame APIC)."""
    body = b"\0image/jpeg\0\3\0" + picture
    frame = b"APIC" + len(body).to_bytes(4) + b"\0\0" + body
    size = len(frame)
    synchsafe = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + synchsafe + frame + voice("mp3").split(SECRET.encode())[-1]


def film() -> bytes:
    """A film of ten frames."""
    file = BytesIO()
    with av.open(file, "w", format="mp4") as made:
        stream = made.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for _ in range(10):
            made.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        made.mux(stream.encode(None))
    return file.getvalue()


def humming(minutes: int) -> bytes:
    """So many minutes of two seconds over and over: AMR files are frames one after the other."""
    start = b"#!AMR\n"
    return start + voice("amr").removeprefix(start) * (minutes * 30)


def wave_header(*, rate: int = 8_000, channels: int = 1, size: int = 0xFFFFFFFF) -> bytes:
    """The header of a WAV file that says what it is told to say."""
    form = b"".join((
        (1).to_bytes(2, "little"), channels.to_bytes(2, "little"), rate.to_bytes(4, "little"),
        (rate * channels * 2 & 0xFFFFFFFF).to_bytes(4, "little"),
        (channels * 2 & 0xFFFF).to_bytes(2, "little"), (16).to_bytes(2, "little"),
    ))  # fmt: skip
    return b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0" + form + b"data" + size.to_bytes(4, "little")
