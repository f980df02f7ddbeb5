"""What a desk writes to a reporter."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from simpul.reports import content


class Answer(forms.Form):
    """A message to the reporter; the hidden `ref` makes the same form sent twice one message."""

    use_required_attribute = False

    ref = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    text = forms.CharField(
        label=_("Tulis jawaban"),
        help_text=_("Pelapor membacanya dengan enam katanya. Sebut langkah berikutnya dan kapan."),
        max_length=4000,
        error_messages={"required": _("Tulis jawabannya dulu.")},
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class File(forms.Form):
    """A letter, leaflet or voice note for the reporter; the hidden `ref` makes twice one."""

    use_required_attribute = False

    ref = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    file = forms.FileField(
        label=_("Kirim surat, selebaran, atau rekaman suara"),
        help_text=_("Foto, PDF, teks, atau suara sampai 10 menit. Nama berkas tidak ikut."),
        error_messages={"required": _("Pilih berkas dulu.")},
    )


class Refusal(forms.Form):
    """Why a request to erase is refused."""

    use_required_attribute = False

    reason = forms.ChoiceField(
        label=_("Alasan menolak"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Pilih satu alasan.")},
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, label_suffix="")
        field = self.fields["reason"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = content.refusals()


class Sign(forms.Form):
    """One press: the sign that there is news."""

    sure = forms.BooleanField(widget=forms.HiddenInput, initial=True)
