"""Which files a case takes: by the ending of the name, held against the first bytes."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from simpul.core.access import AgainstTheRules

OFFICE = "application/vnd.openxmlformats-officedocument."
OPEN = "application/vnd.oasis.opendocument."


class NotTaken(AgainstTheRules):
    """A kind of file that a case does not take, or a name that says something else."""

    def __init__(self) -> None:
        super().__init__(
            _("Berkas jenis ini tidak diterima. Kirim PDF, foto, video, suara, atau dokumen.")
        )


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: its media type, how it may begin, and whether the scrubber cleans it."""

    media_type: str
    begins: tuple[bytes, ...] = ()
    offset: int = 0
    cleaned: bool = False

    def fits(self, data: bytes) -> bool:
        """Whether a file may begin with these bytes; text is what holds no zero byte."""
        if not self.begins:
            return b"\0" not in data
        return data[self.offset :].startswith(self.begins)


_ZIP, _OLE, _MKV = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x1a\x45\xdf\xa3"
_MP3 = (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")

# Archives and documents with macros are not taken: nobody sees what is inside before it is opened.
KINDS = {
    "pdf": Kind("application/pdf", (b"%PDF-",), cleaned=True),
    "jpg": Kind("image/jpeg", (b"\xff\xd8\xff",), cleaned=True),
    "jpeg": Kind("image/jpeg", (b"\xff\xd8\xff",), cleaned=True),
    "png": Kind("image/png", (b"\x89PNG\r\n\x1a\n",), cleaned=True),
    "webp": Kind("image/webp", (b"WEBP",), 8, cleaned=True),
    "gif": Kind("image/gif", (b"GIF87a", b"GIF89a"), cleaned=True),
    "txt": Kind("text/plain; charset=utf-8", cleaned=True),
    "heic": Kind("image/heic", (b"ftyp",), 4),
    "mp4": Kind("video/mp4", (b"ftyp",), 4),
    "mov": Kind("video/quicktime", (b"ftyp", b"moov", b"wide", b"mdat"), 4),
    "3gp": Kind("video/3gpp", (b"ftyp",), 4),
    "webm": Kind("video/webm", (_MKV,)),
    "mkv": Kind("video/x-matroska", (_MKV,)),
    "m4a": Kind("audio/mp4", (b"ftyp",), 4),
    "mp3": Kind("audio/mpeg", _MP3),
    "ogg": Kind("audio/ogg", (b"OggS",)),
    "opus": Kind("audio/ogg", (b"OggS",)),
    "wav": Kind("audio/wav", (b"RIFF",)),
    "amr": Kind("audio/amr", (b"#!AMR",)),
    "doc": Kind("application/msword", (_OLE,)),
    "xls": Kind("application/vnd.ms-excel", (_OLE,)),
    "docx": Kind(OFFICE + "wordprocessingml.document", (_ZIP,)),
    "xlsx": Kind(OFFICE + "spreadsheetml.sheet", (_ZIP,)),
    "pptx": Kind(OFFICE + "presentationml.presentation", (_ZIP,)),
    "odt": Kind(OPEN + "text", (_ZIP,)),
    "ods": Kind(OPEN + "spreadsheet", (_ZIP,)),
}


def ending(name: str) -> str:
    """The ending of a file's name, without its dot."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def of(name: str) -> Kind:
    """The kind of a file by its name. Raises NotTaken."""
    kind = KINDS.get(ending(name))
    if kind is None:
        raise NotTaken
    return kind
