"""What a desk fills in about a case; words are checked here, rules in the actions."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from simpul.accounts.models import User
from simpul.cases import kinds
from simpul.cases.identity import Card, Reason
from simpul.cases.models import Case, Closure, Consent
from simpul.core.sheet import EMPTY, Sheet
from simpul.network import regions
from simpul.network.models import Desk
from simpul.reports import content, words
from simpul.reports.models import Report, Tie
from simpul.vault import pieces, scrub

LONG = 8000
NAME = 120


def _text(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class Due(Sheet):
    """A day and an hour, told where the desk is; `due_at` in the cleaned data is the moment."""

    due_on = forms.DateField(
        label=_("Paling lambat tanggal"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    due_hour = forms.TimeField(
        label=_("Jam"), widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    )

    def __init__(self, *args: Any, zone: str, now: datetime, **more: Any) -> None:
        super().__init__(*args, **more)
        self.zone, self.now = ZoneInfo(zone), now
        tomorrow = now.astimezone(self.zone) + timedelta(days=1)
        self.initial = {"due_on": tomorrow.date(), "due_hour": time(10), **self.initial}

    def clean(self) -> dict[str, Any]:
        """Joins day and hour; a moment that has passed is asked for again."""
        found = self.cleaned_data
        if "due_on" in found and "due_hour" in found:
            found["due_at"] = datetime.combine(found["due_on"], found["due_hour"], self.zone)
            if found["due_at"] <= self.now:
                self.add_error("due_on", _("Pilih waktu yang belum lewat."))
        return found


class NextAction(Due):
    """What the owner does next, and by when."""

    field_order = ("text", "due_on", "due_hour")

    text = forms.CharField(
        label=_("Langkah berikutnya"),
        help_text=_("Penyintas bisa membaca kalimat ini."),
        max_length=300,
    )


class Reopen(NextAction):
    """A closed case opens again only with a next action."""


def tie_field() -> forms.ChoiceField:
    """The question about ties, asked of whoever is to answer for a report."""
    return forms.ChoiceField(
        label=_(
            "Apakah Anda punya hubungan keluarga, kerja, atau bisnis dengan terlapor atau pelapor?"
        ),
        help_text=_(
            "Bila ya atau tidak tahu, rekan lain yang menangani. Yang dicatat hanya jawaban ini."
        ),
        choices=Tie.choices,
        widget=forms.RadioSelect,
    )


class TakeUp(Due):
    """What a report needs to become a case: an owner who is free, a deputy, a next action."""

    field_order = (
        "tie", "owner", "deputy", "next_action", "due_on", "due_hour", "risk", "label",
        "reporter_is_survivor",
    )  # fmt: skip

    tie = tie_field()
    owner = forms.ChoiceField(
        label=_("Pemilik"),
        help_text=_("Rekan lain bisa dipilih setelah ia membaca laporan dan menyatakan bebas."),
        required=False,
    )
    deputy = forms.ChoiceField(label=_("Wakil"), required=False)

    next_action = forms.CharField(
        label=_("Langkah berikutnya"),
        help_text=_("Penyintas bisa membaca kalimat ini."),
        max_length=300,
    )
    risk = forms.ChoiceField(
        label=_("Tingkat risiko"), choices=Case.Risk.choices, initial=Case.Risk.UNKNOWN
    )
    label = forms.CharField(
        label=_("Label kerja"),
        help_text=_("Hanya meja Anda yang membacanya. Jangan tulis nama."),
        max_length=120,
        required=False,
    )
    reporter_is_survivor = forms.BooleanField(
        label=_("Pelapor adalah penyintas sendiri"),
        help_text=_("Bila tidak, kabar kasus tidak tampil di balik tanda terima pelapor."),
        required=False,
    )

    def __init__(
        self, *args: Any, me: User, possible: list[tuple[User, bool]], **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.people = {str(user.pk): user for user, _free in possible if user != me}
        free = [(str(user.pk), user.name) for user, is_free in possible if is_free and user != me]
        self._choose("owner", [("", _("Saya sendiri")), *free])
        self._choose(
            "deputy",
            [("", _("Belum ada")), *((pk, user.name) for pk, user in self.people.items())],
        )

    def _choose(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_owner(self) -> User | None:
        """The colleague, or nobody: herself."""
        return self.people.get(self.cleaned_data["owner"])

    def clean_deputy(self) -> User | None:
        """The colleague, or nobody."""
        return self.people.get(self.cleaned_data["deputy"])

    def clean(self) -> dict[str, Any]:
        """Owner and deputy are two."""
        found = super().clean()
        if found.get("owner") and found.get("owner") == found.get("deputy"):
            self.add_error("deputy", _("Pilih wakil yang lain dari pemilik."))
        return found


class Arrive(Due):
    """A file for one of several people who came together."""

    field_order = ("token", "label", "next_action", "due_on", "due_hour", "risk")

    token = forms.CharField(widget=forms.HiddenInput)
    label = forms.CharField(
        label=_("Label kerja"),
        help_text=_("Hanya meja Anda yang membacanya. Jangan tulis nama."),
        max_length=120,
    )
    next_action = forms.CharField(
        label=_("Langkah berikutnya"),
        help_text=_("Penyintas bisa membaca kalimat ini."),
        max_length=300,
    )
    risk = forms.ChoiceField(
        label=_("Tingkat risiko"), choices=Case.Risk.choices, initial=Case.Risk.UNKNOWN
    )


ASKED = [
    ("", _("Belum ditanya")),
    ("yes", _("Ya")),
    ("no", _("Tidak")),
    ("unknown", _("Tidak tahu")),
]


class WalkIn(Due):
    """What someone says who has come or called: the same questions as at the public door."""

    field_order = ("token", "desk", "tie", "channel")

    tie = tie_field()

    token = forms.CharField(widget=forms.HiddenInput)
    desk = forms.ChoiceField(label=_("Dicatat oleh meja"))
    channel = forms.ChoiceField(
        label=_("Ia datang atau menelepon?"),
        choices=[(c.value, c.label) for c in (Report.Channel.WALK_IN, Report.Channel.PHONE)],
        widget=forms.RadioSelect,
        initial=Report.Channel.WALK_IN,
    )
    danger = forms.ChoiceField(label=_("Bahaya sekarang?"), choices=ASKED, required=False)
    health72 = forms.ChoiceField(
        label=_("Kekerasan seksual dalam 3 hari terakhir?"), choices=ASKED, required=False
    )
    child = forms.ChoiceField(label=_("Berumur di bawah 18 tahun?"), choices=ASKED, required=False)
    transit = forms.ChoiceField(
        label=_("Sedang dibawa pergi, ditahan, atau dijaga?"), choices=ASKED, required=False
    )
    selfharm = forms.ChoiceField(
        label=_("Ingin melukai diri sendiri?"),
        help_text=_("Bertanya dengan tenang tidak menambah bahaya. Bila ya, temani dia."),
        choices=ASKED,
        required=False,
    )
    needs = forms.MultipleChoiceField(
        label=_("Apa yang paling ia butuhkan hari ini?"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    region = forms.ChoiceField(label=_("Kabupaten atau kota"), required=False)
    contact_channel = forms.ChoiceField(label=_("Cara kontak yang aman"), required=False)
    contact_detail = forms.CharField(
        label=_("Nomor, atau orang yang ia percaya"), max_length=200, required=False
    )
    contact_hours = forms.CharField(
        label=_("Hari dan jam yang aman"), max_length=120, required=False
    )
    contact_cover = forms.CharField(
        label=_("Kalau orang lain yang angkat, kami bilang apa?"), max_length=200, required=False
    )
    kind = forms.ChoiceField(label=_("Hubungan dengan orang itu"), required=False)
    office = forms.ChoiceField(
        label=_("Kantor orang itu"),
        help_text=_("Kantor yang dipilih tidak bisa membuka kasus ini."),
        required=False,
    )
    story = forms.CharField(
        label=_("Ceritanya, dengan kata-katanya sendiri"),
        help_text=_("Tulis apa adanya. Jangan bertanya lebih jauh. Jangan tulis nama."),
        max_length=LONG,
        required=False,
        widget=_text(8),
    )
    read_back = forms.BooleanField(
        label=_("Sudah saya bacakan ulang, dan ia setuju disimpan"), required=False
    )
    next_action = forms.CharField(
        label=_("Langkah berikutnya"),
        help_text=_("Penyintas bisa membaca kalimat ini."),
        max_length=300,
    )
    risk = forms.ChoiceField(
        label=_("Tingkat risiko"), choices=Case.Risk.choices, initial=Case.Risk.UNKNOWN
    )
    label = forms.CharField(
        label=_("Label kerja"),
        help_text=_("Hanya meja Anda yang membacanya. Jangan tulis nama."),
        max_length=120,
        required=False,
    )

    def __init__(
        self, *args: Any, desks: list[Desk], offices: list[tuple[str, str]], **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.desks = {str(desk.ref): desk for desk in desks}
        skipped = ("", _("Tidak disebut"))
        self._choose("desk", [(ref, desk.name) for ref, desk in self.desks.items()])
        self._choose("needs", content.choices("need"))
        self._choose("region", [skipped, *regions.by_province()])
        self._choose("contact_channel", [skipped, *content.choices("contact")])
        self._choose("kind", [skipped, *content.choices("reported_kind")])
        self._choose("office", [skipped, *offices])

    def _choose(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_tie(self) -> str:
        """Whoever is tied to one of the two sides does not write it down."""
        tie: str = self.cleaned_data["tie"]
        if tie != Tie.NO:
            raise forms.ValidationError(
                _("Minta rekan lain yang mencatat. Belum ada yang tersimpan.")
            )
        return tie

    def clean_desk(self) -> Desk:
        """The desk itself."""
        return self.desks[self.cleaned_data["desk"]]

    def clean(self) -> dict[str, Any]:
        """A story is kept only after it was read back."""
        found = super().clean()
        if found.get("story") and not found.get("read_back"):
            self.add_error("read_back", _("Bacakan dulu tulisan itu, lalu centang di sini."))
        return found

    def answers(self) -> dict[str, dict[str, Any]]:
        """The answers by compartment, in the shape of the public door's."""
        said = self.cleaned_data
        safety = content.QUESTIONS
        contact = ("channel", "detail", "hours", "cover")
        return {
            "safety": {name: said[name] for name in safety if said[name]},
            "notes": {"needs": said["needs"], "region": said["region"], "for_whom": "self"},
            "contact": {name: said[f"contact_{name}"] for name in contact},
            "reported_person": {"kind": said["kind"], "office": said["office"], "excluded": []},
            "incident": {"story": said["story"]},
        }


class Label(Sheet):
    """The desk's own short name for a case."""

    text = forms.CharField(
        label=_("Label kerja"),
        help_text=_("Hanya meja Anda yang membacanya. Jangan tulis nama."),
        max_length=120,
    )


class Risk(Sheet):
    """How much danger there is."""

    risk = forms.ChoiceField(label=_("Tingkat risiko"), choices=Case.Risk.choices)


class Close(Sheet):
    """Why the work ends."""

    reason = forms.ChoiceField(label=_("Alasan"), choices=Closure.Reason.choices)
    note = forms.CharField(
        label=_("Catatan penutup"),
        help_text=_("Bagaimana penyintas bisa kembali bila perlu."),
        max_length=LONG,
        required=False,
        widget=_text(4),
    )


class Write(Sheet):
    """One note in one compartment; the hidden `ref` makes the same form sent twice one note."""

    ref = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    compartment = forms.ChoiceField(
        label=_("Bagian"), help_text=_("Setiap bagian dibagi sendiri-sendiri."), initial="notes"
    )
    text = forms.CharField(label=_("Catatan"), max_length=LONG, widget=_text(6))

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        field = self.fields["compartment"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = words.compartments()


class Identify(Sheet):
    """Who she is: names, and little more."""

    ref = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    name = forms.CharField(
        label=_("Nama"),
        help_text=_("Boleh kosong bila ia tidak ingin namanya ditulis."),
        max_length=120,
        required=False,
    )
    others = forms.CharField(
        label=_("Nama lain atau panggilan"),
        help_text=_("Satu nama di setiap baris, paling banyak lima."),
        max_length=400,
        required=False,
        widget=_text(3),
    )
    born = forms.ChoiceField(
        label=_("Lahir sekitar tahun"),
        choices=[("", _("Tidak disebut"))]
        + [(str(year), f"{year}–{year + 9}") for year in range(1930, 2030, 10)],
        required=False,
    )
    village = forms.CharField(label=_("Desa atau kampung"), max_length=80, required=False)

    def clean_others(self) -> tuple[str, ...]:
        """The names, one a line."""
        names = [line.strip() for line in self.cleaned_data["others"].splitlines()]
        found = tuple(name for name in names if name)
        if len(found) > 5:
            raise forms.ValidationError(_("Paling banyak lima nama."))
        return found

    def card(self) -> Card:
        """What was written, as a card."""
        return Card(
            **{name: self.cleaned_data[name] for name in ("name", "others", "born", "village")}
        )


class Find(Sheet):
    """A name to look for, and why."""

    asked = forms.CharField(
        label=_("Nama"),
        help_text=_("Ejaan tidak harus tepat. Satu kata cukup."),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reason = forms.ChoiceField(
        label=_("Mengapa Anda mencari?"), choices=Reason.choices, widget=forms.RadioSelect
    )


class _InPart(Sheet):
    """A file for one compartment; the hidden `ref` makes the same form sent twice one file."""

    ref = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    compartment = forms.ChoiceField(
        label=_("Bagian"), help_text=_("Setiap bagian dibagi sendiri-sendiri."), initial="notes"
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        field = self.fields["compartment"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = words.compartments()


class AddFile(_InPart):
    """A file that comes whole; what can be cleaned is cleaned, and then sealed."""

    file = forms.FileField(
        label=_("Berkas"),
        help_text=_("PDF, foto, video, suara, atau dokumen. Tanpa JavaScript paling besar 8 MB."),
        max_length=NAME,
        error_messages={
            "required": _("Pilih berkas dulu."),
            "empty": _("Berkas ini kosong. Pilih berkas lain."),
            "max_length": _("Nama berkas ini terlalu panjang. Ganti namanya dulu."),
        },
    )

    def clean_file(self) -> tuple[str, bytes]:
        """The name and the bytes, cleaned in a confined process where the kind can be cleaned."""
        file = self.cleaned_data["file"]
        data = file.read()
        try:
            kind = kinds.of(file.name)
            if not kind.fits(data):
                raise kinds.NotTaken
            if not kind.cleaned:
                return file.name, data
            clean = scrub.scrub(data)
        except kinds.NotTaken as error:
            raise forms.ValidationError(error.sentence) from error
        except scrub.ScrubError as error:
            raise forms.ValidationError(str(error.sentence)) from error
        return f"{file.name.rpartition('.')[0]}.{clean.extension}", clean.data


class BeginFile(_InPart):
    """What a browser declares of a large file before it sends the first piece."""

    name = forms.CharField(max_length=NAME)
    size = forms.IntegerField(min_value=1)
    digests = forms.CharField()

    def clean_size(self) -> int:
        """At most two hundred pieces."""
        size: int = self.cleaned_data["size"]
        if size > pieces.MOST * pieces.SIZE:
            raise forms.ValidationError(_("Berkas ini terlalu besar. Paling besar 200 MB."))
        return size

    def clean_digests(self) -> list[str]:
        """SHA-256 of each piece, in hex."""
        digests: list[str] = self.cleaned_data["digests"].split()
        if not all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests):
            raise forms.ValidationError(EMPTY)
        return digests

    def clean(self) -> dict[str, Any]:
        """A file that can be cleaned comes whole, so that it is."""
        found: dict[str, Any] = self.cleaned_data
        try:
            small = found.get("size", 0) <= settings.FILE_LIMIT
            if "name" in found and kinds.of(found["name"]).cleaned and small:
                self.add_error(None, _("Kirim berkas ini sekaligus, supaya bisa dibersihkan."))
        except kinds.NotTaken as error:
            self.add_error(None, error.sentence)
        size, digests = found.get("size"), found.get("digests")
        if size and digests and len(digests) != -(-size // pieces.SIZE):
            self.add_error("digests", EMPTY)
        return found


class RemoveFile(Sheet):
    """Why a file is struck out."""

    reason = forms.CharField(
        label=_("Alasan"),
        help_text=_("Alasan tetap tersimpan. Jangan tulis isi berkas."),
        max_length=300,
    )


class Agree(Sheet):
    """The survivor's yes, as she said it."""

    ref = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    desk = forms.ChoiceField(label=_("Siapa yang boleh tahu?"))
    compartments = forms.MultipleChoiceField(
        label=_("Apa saja yang boleh dibaca?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": EMPTY},
    )
    purpose = forms.ChoiceField(label=_("Untuk apa?"), choices=Consent.Purpose.choices)
    until = forms.DateField(
        label=_("Sampai tanggal"),
        help_text=_("Paling lama satu tahun. Hari itu izinnya sudah berakhir."),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    given = forms.ChoiceField(
        label=_("Bagaimana ia memberi izin?"),
        choices=[c for c in Consent.Given.choices if c[0] != Consent.Given.RECEIPT],
    )
    read_aloud = forms.BooleanField(
        label=_("Tujuh hal itu sudah saya bacakan"),
        error_messages={"required": EMPTY},
    )

    def __init__(self, *args: Any, partners: list[Desk], today: date, **more: Any) -> None:
        super().__init__(*args, **more)
        self.partners, self.today = {str(desk.ref): desk for desk in partners}, today
        desks, parts = self.fields["desk"], self.fields["compartments"]
        assert isinstance(desks, forms.ChoiceField)
        assert isinstance(parts, forms.ChoiceField)
        named = [(ref, f"{d.name} · {d.agency.name}") for ref, d in self.partners.items()]
        desks.choices = [("", _("Pilih meja")), *named]
        parts.choices = words.compartments()

    def clean_tie(self) -> str:
        """Whoever is tied to one of the two sides does not write it down."""
        tie: str = self.cleaned_data["tie"]
        if tie != Tie.NO:
            raise forms.ValidationError(
                _("Minta rekan lain yang mencatat. Belum ada yang tersimpan.")
            )
        return tie

    def clean_desk(self) -> Desk:
        """The desk itself."""
        return self.partners[self.cleaned_data["desk"]]

    def clean_until(self) -> date:
        """A consent that has ended already is no consent."""
        until: date = self.cleaned_data["until"]
        if until <= self.today:
            raise forms.ValidationError(_("Pilih tanggal sesudah hari ini."))
        return until


class Share(Sheet):
    """Which of the agreed compartments open to the desk now."""

    compartments = forms.MultipleChoiceField(
        label=_("Bagian yang dibuka sekarang"), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, consent: Consent, **more: Any) -> None:
        super().__init__(*args, **more)
        field = self.fields["compartments"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [c for c in words.compartments() if c[0] in consent.compartments]


class Withdraw(Sheet):
    """The survivor wants it back; asked once more, because it takes effect at once."""

    sure = forms.BooleanField(label=_("Ya, penyintas menarik izin ini"))
