"""The form that every page of the workspace builds on."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

EMPTY = _("Bagian ini masih kosong.")
DJANGOS = forms.Field.default_error_messages["required"]


class Sheet(forms.Form):
    """A form whose ids begin with its name, because a page may hold several."""

    use_required_attribute = False

    def __init__(self, *args: Any, **more: Any) -> None:
        more.setdefault("auto_id", f"{type(self).__name__.lower()}_%s")
        super().__init__(*args, **more)
        for field in self.fields.values():
            if field.error_messages["required"] == DJANGOS:
                field.error_messages["required"] = EMPTY
