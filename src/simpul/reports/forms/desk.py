"""What the receiving desk fills in about a report: ties, owner, setting aside, one event."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from simpul.accounts.models import User
from simpul.core.sheet import Sheet
from simpul.reports.models import Handover, SetAside, Tie


class Declare(Sheet):
    """Whether she is tied to one of the two sides; never to whom."""

    tie = forms.ChoiceField(
        label=_(
            "Apakah Anda punya hubungan keluarga, kerja, atau bisnis dengan terlapor atau pelapor?"
        ),
        choices=Tie.choices,
        widget=forms.RadioSelect,
    )


class HandOver(Sheet):
    """Who answers from now on, who stands in, and why."""

    owner = forms.ChoiceField(label=_("Pemilik"))
    deputy = forms.ChoiceField(label=_("Wakil"), required=False)
    reason = forms.ChoiceField(
        label=_("Alasan"), choices=Handover.choices, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, possible: list[tuple[User, bool]], **more: Any) -> None:
        super().__init__(*args, **more)
        self.people = {str(user.pk): user for user, _free in possible}
        self._choose("owner", [(str(user.pk), user.name) for user, free in possible if free])
        everyone = [(pk, user.name) for pk, user in self.people.items()]
        self._choose("deputy", [("", _("Belum ada")), *everyone])

    def _choose(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_owner(self) -> User:
        """The colleague herself."""
        return self.people[self.cleaned_data["owner"]]

    def clean_deputy(self) -> User | None:
        """The colleague, or nobody."""
        return self.people.get(self.cleaned_data["deputy"])

    def clean(self) -> dict[str, Any]:
        """Owner and deputy are two."""
        found = self.cleaned_data
        if found.get("owner") and found.get("owner") == found.get("deputy"):
            self.add_error("deputy", _("Pilih wakil yang lain dari pemilik."))
        return found


class Aside(Sheet):
    """Why something is no report; chosen, because a sentence could name somebody."""

    reason = forms.ChoiceField(
        label=_("Alasan"), choices=SetAside.Reason.choices, widget=forms.RadioSelect
    )


class Together(Sheet):
    """The other report about the same event, by its reference."""

    code = forms.CharField(
        label=_("Kode laporan lain"),
        help_text=_("Laporan itu juga harus terbuka bagi meja Anda."),
        max_length=12,
    )

    def clean_code(self) -> str:
        """As it is written on the page, however it was typed."""
        return str(self.cleaned_data["code"]).strip().upper()
