"""What a desk writes when it asks another for help, and when it answers."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from simpul.cases.models import Consent
from simpul.core.sheet import Sheet
from simpul.directory import queries as directory
from simpul.network import regions
from simpul.referrals.models import Referral
from simpul.reports import words

AGES = [
    ("", _("Tidak disebut")),
    ("0-5", _("0 sampai 5 tahun")),
    ("6-11", _("6 sampai 11 tahun")),
    ("12-17", _("12 sampai 17 tahun")),
    ("18-24", _("18 sampai 24 tahun")),
    ("25-59", _("25 sampai 59 tahun")),
    ("60-", _("60 tahun ke atas")),
]


class Send(Sheet):
    """A need in the fewest words; the hidden `ref` makes the same form sent twice one referral."""

    ref = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    consent = forms.ChoiceField(
        label=_("Izin yang dipakai"), help_text=_("Hanya izin yang masih berlaku.")
    )
    compartments = forms.MultipleChoiceField(
        label=_("Bagian yang terbuka bila diterima"),
        help_text=_("Pilih hanya yang perlu. Boleh tanpa bagian apa pun."),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    service = forms.ChoiceField(label=_("Layanan yang dibutuhkan"))
    urgency = forms.ChoiceField(
        label=_("Seberapa cepat?"), choices=Referral.Urgency.choices, initial=Referral.Urgency.LOW
    )
    note = forms.CharField(
        label=_("Catatan singkat"),
        help_text=_("Dibaca sebelum diterima. Tanpa nama, tanpa cerita."),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    age_band = forms.ChoiceField(label=_("Kelompok umur"), choices=AGES, required=False)
    region = forms.ChoiceField(label=_("Kabupaten atau kota"), required=False)
    language = forms.CharField(label=_("Bahasa yang nyaman"), max_length=60, required=False)
    accessibility = forms.CharField(
        label=_("Kebutuhan akses"),
        help_text=_("Misalnya kursi roda, bahasa isyarat, atau membawa anak."),
        max_length=120,
        required=False,
    )

    def __init__(self, *args: Any, consents: list[Consent], **more: Any) -> None:
        super().__init__(*args, **more)
        self.consents = {str(consent.ref): consent for consent in consents}
        agreed = {code for consent in consents for code in consent.compartments}
        named = [(ref, _named(consent)) for ref, consent in self.consents.items()]
        # Where two desks could be asked, nobody is asked by default.
        self._choose("consent", named if len(named) == 1 else [("", _("Pilih izin")), *named])
        self._choose("compartments", [c for c in words.compartments() if c[0] in agreed])
        self._choose("service", [("", _("Pilih layanan")), *directory.kinds().items()])
        self._choose("region", [("", _("Tidak disebut")), *regions.by_province()])

    def _choose(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_consent(self) -> Consent:
        """The consent itself."""
        return self.consents[self.cleaned_data["consent"]]

    def need(self) -> dict[str, str]:
        """The minimum that the receiver reads before accepting, as the fields of a need."""
        names = ("service", "note", "age_band", "region", "language", "accessibility")
        return {name: self.cleaned_data[name] for name in names}


def _named(consent: Consent) -> str:
    parts = ", ".join(words.compartment(code) for code in consent.compartments)
    return f"{consent.desk.name}: {parts}"


def age(code: str) -> str:
    """An age band in words."""
    return str(dict(AGES).get(code, code)) if code else ""


class Decline(Sheet):
    """Why this desk cannot help, so that the sender can go on looking."""

    reason = forms.CharField(
        label=_("Mengapa belum bisa?"),
        help_text=_("Pengirim membacanya, lalu mencari tempat lain."),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ReportBack(Sheet):
    """What was done; the hidden `ref` makes the same form sent twice one answer."""

    ref = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    text = forms.CharField(
        label=_("Apa yang sudah dilakukan?"),
        help_text=_("Pengirim dan penyintas bisa membacanya."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
