"""Pictures that carry a place, hide pixels, or promise more pixels than there is memory."""

import struct
import zlib
from io import BytesIO

from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

SECRET = "Rumah Aman Melati"
XMP = f"<x:xmpmeta><rdf:RDF><dc:creator>{SECRET}</dc:creator></rdf:RDF></x:xmpmeta>".encode()


def two_halves(width: int = 80, height: int = 40, mode: str = "RGB") -> Image.Image:
    """A picture whose left half is red and whose right half is blue."""
    picture = Image.new("RGB", (width, height), "red")
    ImageDraw.Draw(picture).rectangle((width // 2, 0, width, height), fill="blue")
    return picture.convert(mode)


def sixteen_bits(picture: Image.Image) -> bytes:
    """The pixels of a picture in grey, two bytes each, the lower one first."""
    return b"".join(bytes((0, value)) for value in picture.convert("L").tobytes())


def exif(orientation: int = 1) -> Image.Exif:
    """EXIF with a maker, an owner and the place of a house in Kupang."""
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x010F] = "PonselUji"
    block[0x013B] = SECRET
    block.get_ifd(0x8825).update({1: "S", 2: (10.0, 10.0, 33.5), 3: "E", 4: (123.0, 36.0, 1.5)})
    return block


def jpeg(picture: Image.Image | None = None, orientation: int = 1) -> bytes:
    """A photo with EXIF, place, XMP, a colour profile and a comment."""
    file = BytesIO()
    (picture or two_halves()).save(
        file,
        "JPEG",
        quality=95,
        exif=exif(orientation),
        xmp=XMP,
        comment=SECRET.encode(),
        icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    )
    return file.getvalue()


def png(picture: Image.Image | None = None, orientation: int = 1) -> bytes:
    """A PNG with EXIF, text chunks and bytes after its end."""
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", SECRET)
    notes.add_itxt("XML:com.adobe.xmp", XMP.decode())
    file = BytesIO()
    (picture or two_halves()).save(file, "PNG", pnginfo=notes, exif=exif(orientation))
    return file.getvalue() + SECRET.encode()


def webp(picture: Image.Image | None = None, orientation: int = 1, *, lossless: bool) -> bytes:
    """A WebP with EXIF and XMP."""
    file = BytesIO()
    (picture or two_halves()).save(
        file, "WEBP", lossless=lossless, exif=exif(orientation), xmp=XMP
    )
    return file.getvalue()


def gif() -> bytes:
    """An animation of two frames with a comment."""
    file = BytesIO()
    two_halves().save(
        file,
        "GIF",
        save_all=True,
        append_images=[Image.new("RGB", (80, 40), "white")],
        comment=SECRET.encode(),
    )
    return file.getvalue()


def erased() -> bytes:
    """A PNG whose right half was erased: see-through, but its pixels are still blue."""
    picture = two_halves(mode="RGBA")
    ImageDraw.Draw(picture).rectangle((40, 0, 80, 40), fill=(0, 0, 255, 0))
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """A PNG of a few kilobytes that would take 10 GB when decoded."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    pixels = zlib.compress(bytes(2_000_000), 9)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", pixels)
        + chunk(b"IEND", b"")
    )


def gif_bomb() -> bytes:
    """A GIF whose first frame says that it is 65,535 pixels wide and high."""
    side = struct.pack("<HH", 65_535, 65_535)
    return b"GIF89a" + side + b"\x00\x00\x00," + bytes(4) + side + b"\x00\x02\x02\x4c\x01\x00;"


def webp_bomb() -> bytes:
    """A WebP whose canvas says that it is 16,384 pixels wide and high."""
    canvas = (16_383).to_bytes(3, "little") * 2
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x00\x00\x00\x00" + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jpeg_bomb() -> bytes:
    """A JPEG whose frame header says that it is 65,000 pixels wide and high."""
    data = bytearray(jpeg())
    frame = data.index(b"\xff\xc0\x00\x11")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 65_000, 65_000)
    return bytes(data)
