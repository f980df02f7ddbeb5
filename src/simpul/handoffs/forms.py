"""How a call ended."""

from django import forms
from django.utils.translation import gettext_lazy as _

from simpul.handoffs.models import CLOSING


class Close(forms.Form):
    """Why nobody calls this number any more."""

    use_required_attribute = False

    reason = forms.ChoiceField(
        label=_("Bagaimana hasilnya?"),
        choices=[(one.value, one.label) for one in CLOSING],
        widget=forms.RadioSelect,
        error_messages={"required": _("Pilih dulu hasilnya.")},
    )
