"""What a desk says about the help it gives."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from simpul.core.sheet import EMPTY
from simpul.directory import queries
from simpul.network import regions
from simpul.network.models import Desk


class Terms(forms.Form):
    """When, at what cost, how to get there, whom to call; everyone may read it."""

    use_required_attribute = False

    hours = forms.CharField(
        label=_("Hari dan jam buka"),
        help_text=_("Misalnya: Senin sampai Jumat, 08.00 sampai 15.00."),
        max_length=120,
        required=False,
    )
    cost = forms.CharField(
        label=_("Biaya"), help_text=_("Misalnya: tanpa bayar."), max_length=120, required=False
    )
    way = forms.CharField(
        label=_("Cara ke sana"),
        help_text=_("Jangan tulis alamat rumah aman."),
        max_length=200,
        required=False,
    )
    contact = forms.CharField(
        label=_("Kontak kantor"),
        help_text=_("Nomor kantor, bukan nomor pribadi."),
        max_length=120,
        required=False,
    )


class Service(Terms):
    """A kind of help; the hidden `ref` makes the same form sent twice one entry."""

    field_order = ("ref", "desk", "kind")

    ref = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    desk = forms.ChoiceField(label=_("Meja"), error_messages={"required": EMPTY})
    kind = forms.ChoiceField(label=_("Layanan"), error_messages={"required": EMPTY})

    def __init__(self, *args: Any, desks: list[Desk], **more: Any) -> None:
        super().__init__(*args, **more)
        self.desks = {str(desk.ref): desk for desk in desks}
        own, kinds = self.fields["desk"], self.fields["kind"]
        assert isinstance(own, forms.ChoiceField)
        assert isinstance(kinds, forms.ChoiceField)
        own.choices = [(ref, desk.name) for ref, desk in self.desks.items()]
        kinds.choices = [("", _("Pilih layanan")), *queries.kinds().items()]

    def clean_desk(self) -> Desk:
        """The desk itself."""
        return self.desks[self.cleaned_data["desk"]]


class Search(forms.Form):
    """Which help, and where; anything that is no choice counts as not chosen."""

    use_required_attribute = False

    kind = forms.ChoiceField(label=_("Layanan"), required=False)
    region = forms.ChoiceField(label=_("Kabupaten atau kota"), required=False)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        kinds, places = self.fields["kind"], self.fields["region"]
        assert isinstance(kinds, forms.ChoiceField)
        assert isinstance(places, forms.ChoiceField)
        kinds.choices = [("", _("Semua layanan")), *queries.kinds().items()]
        places.choices = [("", _("Semua daerah")), *regions.by_province()]

    def chosen(self, name: str) -> str:
        """The code that was chosen, or ""."""
        self.is_valid()
        return str(self.cleaned_data.get(name, ""))
