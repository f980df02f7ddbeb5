"""What is written down of a text, its review and its reading."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from simpul.core.sheet import Sheet
from simpul.vault.scrubber import MAX_BYTES
from simpul.wording import shipped
from simpul.wording.models import Recording


class Edit(Sheet):
    """Another wording in both languages; the hidden `ref` makes the same form sent twice one draft."""

    ref = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    indonesian = forms.CharField(
        label=_("Bahasa Indonesia"), widget=forms.Textarea(attrs={"rows": 5, "lang": "id"})
    )
    english = forms.CharField(
        label=_("Bahasa Inggris"), widget=forms.Textarea(attrs={"rows": 5, "lang": "en"})
    )
    source = forms.CharField(
        label=_("Sumber"),
        help_text=_("Undang-undang, pedoman, atau siapa yang memintanya."),
        max_length=200,
    )
    checked_on = forms.DateField(
        label=_("Diperiksa pada"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    is_unverified = forms.BooleanField(
        label=_("Belum dicocokkan dengan sumbernya"),
        help_text=_("Di halaman publik ditulis: belum dicocokkan."),
        required=False,
    )


class Review(Sheet):
    """What an adviser who has lived through it said; she is called as she wishes."""

    reviewer = forms.CharField(
        label=_("Penasihat"),
        help_text=_("Peran atau nama samaran. Jangan nama aslinya."),
        max_length=60,
    )
    reviewed_on = forms.DateField(
        label=_("Ditinjau pada"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    note = forms.CharField(
        label=_("Catatan tinjauan"),
        help_text=_("Tentang teksnya saja, bukan tentang pengalamannya."),
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class Reading(Sheet):
    """A recording of a page as it is said now."""

    ref = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    page = forms.ChoiceField(label=_("Halaman"))
    language = forms.ChoiceField(label=_("Bahasa"))
    voice = forms.ChoiceField(label=_("Dibacakan oleh"), choices=Recording.Voice.choices)
    has_consent = forms.BooleanField(
        label=_("Pembaca setuju suaranya didengar semua orang"),
        help_text=_("Suara bisa dikenali. Pembaca boleh menariknya kapan saja."),
    )
    file = forms.FileField(
        label=_("Rekaman"),
        help_text=_(
            "Rekaman suara dari ponsel, paling besar 8 MB. Keterangan di dalamnya kami hapus."
        ),
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        pages, languages = self.fields["page"], self.fields["language"]
        assert isinstance(pages, forms.ChoiceField)
        assert isinstance(languages, forms.ChoiceField)
        readable = [page for page in shipped.pages().values() if page.can_be_read]
        pages.choices = [(page.code, page.title) for page in readable]
        languages.choices = shipped.language_names()

    def clean_file(self) -> bytes:
        """The bytes, and never more than are taken."""
        data: bytes = self.cleaned_data["file"].read(MAX_BYTES + 1)
        return data
