"""The child process that opens hostile files: confined first, then it rewrites them and answers.

Run by `simpul.vault.scrub` as a script, without site packages; it talks over its own pipes only.
Request on stdin: 4 bytes length (big-endian), then the file. Answer on stdout: 1 byte verdict,
4 bytes length, then the clean file (empty for a refusal). Nothing is ever written to a disk.
Linux only: where a limit cannot be set, the child ends without an answer.
"""

import contextlib
import os
import re
import resource
import sys
import unicodedata
from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from pikepdf import Object, Pdf
    from PIL import Image

# Verdicts: the first byte of an answer.
JPEG, PNG, PDF, TEXT, SOUND = b"J", b"N", b"P", b"T", b"S"
UNREADABLE, UNKNOWN, LOCKED, FILM = b"u", b"k", b"e", b"f"
TOO_LARGE, TOO_WIDE, TOO_LONG, TOO_LASTING = b"l", b"w", b"p", b"m"

MEBIBYTE = 1024 * 1024
MAX_BYTES = 8 * MEBIBYTE  # of a file that comes in
MAX_CLEAN_BYTES = 16 * MEBIBYTE  # of a file that goes out
MAX_PAGES = 300

KEPT_PIXELS = 12_000_000
# What fits into the memory below. A large JPEG is decoded at a fraction of its size; the others
# cannot be, and libwebp keeps the picture several times.
MAX_PIXELS = {"jpeg": 110_000_000, "png": 36_000_000, "webp": 20_000_000, "gif": 36_000_000}
MAX_SIDE = 65_500

MAX_STREAM_BYTES = 128 * MEBIBYTE  # of one decoded PDF stream, and of all page contents together

LIMITS = (
    (resource.RLIMIT_AS, 512 * MEBIBYTE),
    (resource.RLIMIT_CPU, 10),
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_FSIZE, 0),
    (resource.RLIMIT_NPROC, 0),
    (resource.RLIMIT_NOFILE, 0),  # the pipes stay; no file, folder or socket can be opened
)
NOBODY = 65534


class Refused(Exception):
    """A file that is answered with a verdict instead of a clean copy."""

    def __init__(self, verdict: bytes) -> None:
        super().__init__()
        self.verdict = verdict


# --- Confinement -------------------------------------------------------------------------------


def confine() -> None:
    """Give up root, then files, sockets, new processes, and most memory and time, for good.

    A lower limit that is already in force stays. RLIMIT_NPROC does not bind a process that is root
    in its own user namespace and could not leave; RLIMIT_NOFILE binds everybody.
    """
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
    for what, most in LIMITS:
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


def load(kind: str) -> Callable[[bytes], tuple[bytes, bytes]]:
    """Import what this kind of file needs and return what scrubs it.

    A harmless sample is scrubbed first: the libraries import some of their parts only when they
    use them, and after `confine` they cannot.
    """
    sample = BytesIO()
    work: Callable[[bytes], tuple[bytes, bytes]]
    if kind == "text":
        work = scrub_text
        sample.write("contoh".encode("utf-16"))
        work(b"contoh")
    elif kind == "pdf":
        import pikepdf.settings

        pikepdf.settings.set_qpdf_limits(doc_max_warnings=1000, flate_max_memory=MAX_STREAM_BYTES)
        work = scrub_pdf
        pdf = pikepdf.Pdf.new()
        pdf.add_blank_page()
        pdf.save(sample)
    elif kind in SOUNDS:
        import wave

        with wave.open(sample, "wb") as quiet:
            quiet.setparams((1, 2, 8_000, 0, "NONE", ""))
            quiet.writeframes(bytes(3_200))
        scrub_sound("wav", sample.getvalue())
        return partial(scrub_sound, kind)
    else:
        from PIL import Image, WebPImagePlugin  # noqa: F401

        work = partial(scrub_picture, kind)
        exif = Image.Exif()
        exif[ORIENTATION] = 6
        Image.new("P", (2, 1)).convert("RGB").save(sample, kind, exif=exif)
    work(sample.getvalue())
    return work


# --- Pictures ----------------------------------------------------------------------------------

ORIENTATION = 0x0112  # the EXIF tag


def scrub_picture(kind: str, data: bytes) -> tuple[bytes, bytes]:
    """Decode a picture and encode it anew with its pixels only, at most 12 megapixels of them."""
    try:
        picture = drawn(kind, data)
    except MemoryError:
        raise Refused(TOO_WIDE) from None
    return encoded(picture, lossless=kind in ("png", "gif"))


def drawn(kind: str, data: bytes) -> "Image.Image":
    """The picture upright, scaled down when it is large, on white paper, without any metadata.

    Transparency goes too, because what a person erased may still lie under it. GIF, WebP and PNG
    animations give their first frame.
    """
    from PIL import Image

    picture = opened(kind, data)
    check_size(kind, *picture.size)
    shrink = min(1.0, (KEPT_PIXELS / (picture.width * picture.height)) ** 0.5)
    size = max(1, int(picture.width * shrink)), max(1, int(picture.height * shrink))
    if shrink < 1 and kind == "jpeg":
        picture.draft(None, size)
    picture.load()
    turn = upright(picture)
    picture = plain(picture)
    if picture.size != size:
        picture = picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    if picture.mode in ("LA", "RGBA"):
        paper = Image.new(picture.mode[:-1], size, "white")
        paper.paste(picture, mask=picture.getchannel("A"))
    else:
        paper = Image.new(picture.mode, size)
        paper.paste(picture)
    return paper if turn is None else paper.transpose(turn)


def opened(kind: str, data: bytes) -> "Image.Image":
    """Read the header of a picture; no pixel is decoded before `check_size`, GIF and PNG included.

    The plug-in is called directly, so that no other one is ever tried on the data.
    """
    from PIL import GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

    if kind == "webp":
        check_size(kind, *webp_size(data))  # libwebp takes memory for the canvas when it opens
        return WebPImagePlugin.WebPImageFile(BytesIO(data))
    if kind == "jpeg":
        return JpegImagePlugin.JpegImageFile(BytesIO(data))
    if kind == "png":
        return PngImagePlugin.PngImageFile(BytesIO(data))
    return GifImagePlugin.GifImageFile(BytesIO(data))


def check_size(kind: str, width: int, height: int) -> None:
    """Refuse a picture whose header promises more pixels than fit in memory."""
    if width * height > MAX_PIXELS[kind] or max(width, height) > MAX_SIDE:
        raise Refused(TOO_WIDE)
    if width < 1 or height < 1:
        raise Refused(UNREADABLE)


def webp_size(data: bytes) -> tuple[int, int]:
    """The canvas of a WebP file in pixels, read from its first chunk (RFC 9649)."""
    chunk, start = data[12:16], data[20:30]
    if len(start) < 10:
        raise Refused(UNREADABLE)
    if chunk == b"VP8X":
        return (
            int.from_bytes(start[4:7], "little") + 1,
            int.from_bytes(start[7:10], "little") + 1,
        )
    if chunk == b"VP8L":
        bits = int.from_bytes(start[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        return (
            int.from_bytes(start[6:8], "little") & 0x3FFF,
            int.from_bytes(start[8:10], "little") & 0x3FFF,
        )
    raise Refused(UNREADABLE)


def upright(picture: "Image.Image") -> "Image.Transpose | None":
    """The turn that sets the picture upright, from its EXIF tag; None when it needs none."""
    from PIL import Image

    turn = Image.Transpose
    turns = {
        2: turn.FLIP_LEFT_RIGHT,
        3: turn.ROTATE_180,
        4: turn.FLIP_TOP_BOTTOM,
        5: turn.TRANSPOSE,
        6: turn.ROTATE_270,
        7: turn.TRANSVERSE,
        8: turn.ROTATE_90,
    }
    try:
        return turns.get(picture.getexif().get(ORIENTATION, 1))
    except Exception:  # a broken EXIF block is no reason to refuse the pixels
        return None


def plain(picture: "Image.Image") -> "Image.Image":
    """The picture as 8-bit L, LA, RGB or RGBA."""
    from PIL import Image

    if picture.mode == "I;16":  # `convert` would clip it; the raw mode takes the higher byte
        return Image.frombytes("L", picture.size, picture.tobytes(), "raw", "L;16")
    if picture.mode in ("L", "LA", "RGB", "RGBA"):
        return picture if "transparency" not in picture.info else picture.convert("RGBA")
    if picture.mode == "1":
        return picture.convert("L")
    if picture.mode in ("P", "PA"):
        see_through = picture.mode == "PA" or "transparency" in picture.info
        return picture.convert("RGBA" if see_through else "RGB")
    return picture.convert("RGB")


def encoded(picture: "Image.Image", *, lossless: bool) -> tuple[bytes, bytes]:
    """The picture as PNG, or as JPEG where that is asked for or PNG would pass 8 MiB."""
    if lossless:
        file = BytesIO()
        picture.save(file, "PNG", compress_level=5)
        if file.tell() <= MAX_BYTES:
            return PNG, file.getvalue()
    for quality in (88, 75, 60, 40):
        file = BytesIO()
        picture.save(file, "JPEG", quality=quality)
        if file.tell() <= MAX_BYTES:
            return JPEG, file.getvalue()
    raise Refused(TOO_LARGE)


# --- Text --------------------------------------------------------------------------------------

MARKUP = re.compile(r"\A\s*(<[!?a-z]|#!|%!|\{\\rtf)|<(!doctype|html|svg|script|iframe)\b", re.I)
JOINERS = "\u200c\u200d"  # some scripts and emoji need them


def scrub_text(data: bytes) -> tuple[bytes, bytes]:
    """Plain text as UTF-8 with single line feeds, without control, format and private characters.

    UTF-16 is read when it says so by its first two bytes. Markup and scripts are not plain text.
    """
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(UNKNOWN) from None
    if "\0" in text or MARKUP.search(text):
        raise Refused(UNKNOWN)
    text = re.sub("\r\n|[\r\u0085\u2028\u2029]", "\n", text)
    unwanted = (
        ord(sign)
        for sign in set(text) - set("\n\t" + JOINERS)
        if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co")
    )
    text = unicodedata.normalize("NFC", text.translate(dict.fromkeys(unwanted)))
    if not text.strip():
        raise Refused(UNREADABLE)
    return TEXT, text.encode()


# --- PDF ---------------------------------------------------------------------------------------

ROOT_KEYS = {"/Type", "/Pages", "/OCProperties", "/Version"}
PAGE_KEYS = {
    *("/Type", "/Parent", "/Resources", "/Contents", "/Group", "/Rotate", "/UserUnit"),
    *("/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox"),
}
# Wherever they stand: what acts, what is attached, and what tells about a person, tool or place.
UNWANTED_KEYS = {
    *("/AA", "/OpenAction", "/JS", "/JavaScript", "/URI", "/Launch", "/XFA", "/AcroForm"),
    *("/EF", "/EmbeddedFiles", "/AF", "/Alternates", "/Thumb", "/Annots", "/Names"),
    *("/Metadata", "/PieceInfo", "/LastModified", "/OPI", "/Measure", "/PtData", "/CreatorInfo"),
    *("/Author", "/Creator", "/Producer", "/CreationDate", "/ModDate", "/User"),
    *("/StructParent", "/StructParents", "/StructTreeRoot"),
}
# In a stream: data outside the file, PostScript, and a page of another file.
UNWANTED_STREAM_KEYS = {"/F", "/FFilter", "/FDecodeParms", "/PS", "/Ref"}
ACTIONS = {
    *("/JavaScript", "/Launch", "/URI", "/SubmitForm", "/ImportData", "/ResetForm", "/Named"),
    *("/GoTo", "/GoToR", "/GoToE", "/GoToDp", "/GoTo3DView", "/Thread", "/Sound", "/Movie"),
    *("/Rendition", "/Hide", "/SetOCGState", "/Trans", "/RichMediaExecute"),
}
# A photo written into the page's own content cannot be cleaned apart from it.
INLINE_JPEG = re.compile(rb"/DCT(?:Decode)?(?=[\s/\]])[^>]{0,400}?[\s\]]ID\s")


def scrub_pdf(data: bytes) -> tuple[bytes, bytes]:
    """Rewrite a PDF down to what its pages show: no metadata, action, script, form or attachment.

    Notes and filled-in forms become part of the page where they are visible. Bookmarks, links,
    tags and earlier versions go. Fonts and images that are not JPEG or JPEG 2000 stay as is.
    """
    import pikepdf
    from pikepdf.exceptions import PikepdfError

    try:
        pdf = pikepdf.Pdf.open(BytesIO(data), conversion_mode="explicit")
    except PikepdfError:  # also where decrypting asks for /dev/urandom, which is out of reach
        raise Refused(LOCKED if b"/Encrypt" in data else UNREADABLE) from None
    if pdf.is_encrypted:
        raise Refused(LOCKED)
    if len(pdf.pages) > MAX_PAGES:
        raise Refused(TOO_LONG)
    if not pdf.pages:
        raise Refused(UNREADABLE)
    pdf.generate_appearance_streams()
    pdf.flatten_annotations("all")
    keep_only(pdf.trailer, {"/Root", "/Size"})
    keep_only(pdf.Root, ROOT_KEYS)
    for page in pdf.pages:
        keep_only(page.obj, PAGE_KEYS)
    clean_objects(pdf)
    file = BytesIO()
    pdf.save(
        file,
        fix_metadata_version=False,
        recompress_flate=True,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        deterministic_id=True,
    )
    if file.tell() > MAX_CLEAN_BYTES:
        raise Refused(TOO_LARGE)
    return PDF, file.getvalue()


def keep_only(holder: "Object", keys: set[str]) -> None:
    """Remove every entry of a PDF dictionary but these."""
    for key in list(holder.keys()):
        if key not in keys:
            del holder[key]


def clean_objects(pdf: "Pdf") -> None:
    """Visit everything that the pages reach and remove what acts, what tells and what hides."""
    from pikepdf import Array, Dictionary, Stream

    seen: set[tuple[int, int]] = set()
    waiting: list[Object] = [pdf.Root]
    decoded = 0
    while waiting:
        found = waiting.pop()
        if found.is_indirect:
            if found.objgen in seen:
                continue
            seen.add(found.objgen)
        if isinstance(found, Array):
            waiting += [item for item in found if isinstance(item, (Array, Dictionary, Stream))]
            continue
        is_stream = isinstance(found, Stream)
        is_action = not is_stream and str(found.get("/S")) in ACTIONS
        for key, value in list(found.items()):
            if is_action or key in UNWANTED_KEYS or (is_stream and key in UNWANTED_STREAM_KEYS):
                del found[key]
            elif isinstance(value, (Array, Dictionary, Stream)):
                waiting.append(value)
        if is_stream:
            decoded += clean_stream(pdf, found)
            if decoded > MAX_STREAM_BYTES:
                raise Refused(TOO_LARGE)


def clean_stream(pdf: "Pdf", stream: "Object") -> int:
    """Strip the photo in a PDF stream or look through its data; return the bytes of page content.

    A stream that cannot be decoded within its limit makes the whole PDF unreadable: qpdf would
    copy it as it is.
    """
    import pikepdf

    filters = [str(name) for name in listed(stream.get("/Filter"))]
    if any(name in PHOTOS for name in filters[:-1]):
        raise Refused(UNREADABLE)
    is_image = str(stream.get("/Subtype")) == "/Image"
    if is_image:
        width, height = (stream.get_int(side, 0) for side in ("/Width", "/Height"))
        if abs(width * height) > MAX_PIXELS["jpeg"]:
            raise Refused(TOO_WIDE)
    if filters and filters[-1] in PHOTOS:
        photo, settings = unwrapped(pdf, stream, filters)
        stream.write(
            PHOTOS[filters[-1]](photo),
            filter=pikepdf.Name(filters[-1]),
            decode_parms=settings if isinstance(settings, pikepdf.Dictionary) else None,
        )
        return 0
    if filters and filters[-1] in SCANS:
        return 0
    content = stream.read_bytes(pikepdf.StreamDecodeLevel.specialized)
    if is_image:
        return 0
    if INLINE_JPEG.search(content):
        raise Refused(UNREADABLE)
    return len(content)


def unwrapped(pdf: "Pdf", stream: "Object", filters: list[str]) -> "tuple[bytes, Object | None]":
    """The photo in a PDF stream without the filters around it, and its own decode settings."""
    import pikepdf

    photo = stream.read_raw_bytes()
    settings = listed(stream.get("/DecodeParms"))
    if len(filters) > 1:
        outer = pikepdf.Stream(pdf, photo)
        outer["/Filter"] = pikepdf.Array([pikepdf.Name(name) for name in filters[:-1]])
        if settings:
            outer["/DecodeParms"] = pikepdf.Array(settings[:-1])
        photo = outer.read_bytes(pikepdf.StreamDecodeLevel.specialized)
    return photo, settings[-1] if len(settings) == len(filters) else None


def listed(value: "Object | None") -> "list[Object]":
    """A PDF value that may be missing, single or an array, as a list."""
    from pikepdf import Array

    if value is None:
        return []
    return list(value) if isinstance(value, Array) else [value]


AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
JPEG_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def strip_jpeg(data: bytes) -> bytes:
    """A JPEG inside a PDF without comments and application segments (EXIF, XMP, IPTC, previews).

    The JFIF header without its preview and Adobe's colour mark stay: they decide the colours.
    Nothing after the end of the image stays. Marker structure: ITU-T T.81, annex B.
    """
    if not data.startswith(b"\xff\xd8"):
        raise Refused(UNREADABLE)
    kept, at = [b"\xff\xd8"], 2
    while at < len(data) - 3:
        if data[at] != 0xFF:
            raise Refused(UNREADABLE)
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0xD9:
            break
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        segment, at = data[at:end], end
        if marker in JPEG_SIZES:
            height, width = (int.from_bytes(segment[i : i + 2]) for i in (5, 7))
            if width * height > MAX_PIXELS["jpeg"]:
                raise Refused(TOO_WIDE)
        if marker == 0xE0 and segment[4:9] == b"JFIF\0":
            kept.append(b"\xff\xe0\x00\x10" + segment[4:16].ljust(12, b"\0") + b"\0\0")
        elif marker == 0xEE and segment[4:9] == b"Adobe":
            kept.append(b"\xff\xee\x00\x0e" + segment[4:16].ljust(12, b"\0"))
        elif not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept.append(segment)
        if marker == 0xDA:
            scan = AFTER_SCAN.search(data, at)
            end = scan.start() if scan else len(data)
            kept.append(data[at:end])
            at = end
    kept.append(b"\xff\xd9")
    return b"".join(kept)


def strip_jpeg2000(data: bytes) -> bytes:
    """A JPEG 2000 file inside a PDF without its metadata boxes (ISO/IEC 15444-1, annex I)."""
    if data.startswith(b"\xff\x4f\xff\x51"):
        return data  # a bare code stream has no boxes
    if not data.startswith(b"\x00\x00\x00\x0cjP  "):
        raise Refused(UNREADABLE)
    kept, at = [], 0
    while at + 8 <= len(data):
        length, name = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16])
        elif length == 0:
            length = len(data) - at
        if length < 8:
            raise Refused(UNREADABLE)
        if name in (b"jP  ", b"ftyp", b"jp2h", b"jp2c"):
            kept.append(data[at : at + length])
        at += length
    return b"".join(kept)


# Black and white scans, which qpdf does not decode; they stay as they are.
SCANS = {"/CCITTFaxDecode", "/JBIG2Decode"}
PHOTOS: dict[str, Callable[[bytes], bytes]] = {
    "/DCTDecode": strip_jpeg,
    "/DCT": strip_jpeg,
    "/JPXDecode": strip_jpeg2000,
}


# --- Sound -------------------------------------------------------------------------------------

# Kind → the one reader of FFmpeg that may touch it; none that follows a list to other files.
SOUNDS = {
    "ogg": "ogg",
    "webm": "matroska,webm",
    "mp4": "mov,mp4,m4a,3gp,3g2,mj2",
    "mp3": "mp3",
    "aac": "aac",
    "wav": "wav",
    "amr": "amr",
}
CODECS = {
    *("opus", "libopus", "vorbis", "aac", "mp3", "mp3float", "amrnb", "amrwb", "flac", "alac"),
    *("pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_u8", "pcm_f32le", "pcm_mulaw", "pcm_alaw"),
}
SOUND_RATE = 24_000
SOUND_BITS = 24_000  # a second: speech stays clear, ten minutes are 1.8 MB
MOST_SECONDS = 600
MOST_BROKEN = 50  # packets that cannot be decoded


def scrub_sound(kind: str, data: bytes) -> tuple[bytes, bytes]:
    """Decode the first sound track and encode it anew: Opus in Ogg, one channel, no metadata.

    Covers, names, places, chapters and further tracks stay behind; so do the time stamps, pauses
    in them included. A film is refused, because only its sound would be left.
    """
    import av
    from av.error import FFmpegError

    try:
        source = av.open(
            BytesIO(data), "r", format=SOUNDS[kind].split(",")[0], metadata_errors="ignore",
            options={"codec_whitelist": ",".join(sorted(CODECS))},
        )  # fmt: skip
    except FFmpegError:
        raise Refused(UNREADABLE) from None
    with source:
        return SOUND, spoken_anew(source, track(source))


def track(source: "InputContainer") -> "AudioStream":
    """The sound of a file, once its header promises nothing that does not fit in memory."""
    from av.stream import Disposition

    if any(not film.disposition & Disposition.attached_pic for film in source.streams.video):
        raise Refused(FILM)
    if not source.streams.audio:
        raise Refused(UNREADABLE)
    found = source.streams.audio[0]
    context = found.codec_context
    if found.codec_context.name not in CODECS:
        raise Refused(UNREADABLE)
    if not (4_000 <= context.sample_rate <= 192_000 and 1 <= context.layout.nb_channels <= 8):
        raise Refused(UNREADABLE)
    context.thread_count = 1
    return found


def spoken_anew(source: "InputContainer", found: "AudioStream") -> bytes:
    """The track as Opus, encoded while it is decoded, so that a long one takes no more memory."""
    import av
    from av.error import FFmpegError

    file, heard, broken = BytesIO(), 0, 0
    with av.open(file, "w", format="ogg", options={"fflags": "+bitexact"}) as clean:
        voice = clean.add_stream("libopus", rate=SOUND_RATE, layout="mono")
        voice.bit_rate = SOUND_BITS
        voice.codec_context.options = {"application": "voip", "compression_level": "3"}
        voice.codec_context.flags |= av.codec.context.Flags.bitexact
        plain = av.AudioResampler("s16", "mono", SOUND_RATE)
        for packet in source.demux(found):
            try:
                frames = packet.decode()
            except FFmpegError:
                broken += 1
                if broken > MOST_BROKEN:
                    raise Refused(UNREADABLE) from None
                continue
            for frame in frames:
                frame.pts = None
                for piece in plain.resample(frame):
                    heard += piece.samples
                    if heard > MOST_SECONDS * SOUND_RATE:
                        raise Refused(TOO_LASTING)
                    clean.mux(voice.encode(piece))
        for piece in plain.resample(None):
            clean.mux(voice.encode(piece))
        clean.mux(voice.encode(None))
    if not heard:
        raise Refused(UNREADABLE)
    return file.getvalue()


# --- The conversation --------------------------------------------------------------------------


def answer(work: Callable[[bytes], tuple[bytes, bytes]], data: bytes) -> tuple[bytes, bytes]:
    """The verdict and the clean file for one file; whatever goes wrong is a verdict too."""
    try:
        return work(data)
    except Refused as refused:
        return refused.verdict, b""
    except MemoryError:
        return TOO_LARGE, b""
    except Exception:
        return UNREADABLE, b""


def main() -> None:
    """Scrub one file from stdin to stdout; arguments: its kind, then where the libraries are."""
    kind, *places = sys.argv[1:]
    sys.path += places
    work = load(kind)
    confine()
    length = int.from_bytes(sys.stdin.buffer.read(4))
    data = sys.stdin.buffer.read(length)
    if not 0 < length == len(data) <= MAX_BYTES:
        os._exit(1)
    verdict, clean = answer(work, data)
    sys.stdout.buffer.write(verdict + len(clean).to_bytes(4) + clean)
    sys.stdout.buffer.flush()
    os._exit(0)  # nothing to tidy up; teardown of the libraries would only cost time


if __name__ == "__main__":
    main()
