"""What a desk writes to a reporter."""

from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _


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
