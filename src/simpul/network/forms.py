"""What people fill in to join, to invite, and to build the network."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django import forms
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from simpul.accounts.models import User
from simpul.accounts.passphrases import TooShort, check_passphrase
from simpul.core.sheet import Sheet
from simpul.network import regions
from simpul.network.models import Agency, Alarm, Desk

NAME = RegexValidator(
    r"^[a-z0-9][a-z0-9.-]{2,29}$", _("Pakai huruf kecil, angka, titik, atau garis. Tanpa spasi.")
)


def whole(text: str | None) -> int:
    """A whole number from a hidden field; anything else is nought."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def _passphrase(label: Any, help_text: Any = "") -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(label=label, help_text=help_text, max_length=200, widget=widget)


class ComeBack(Sheet):
    """A person's new passphrase and second factor; only the passphrases are asked for again."""

    passphrase = _passphrase(
        _("Kata sandi"),
        _("Pakai empat kata yang tidak berhubungan. Tidak ada yang bisa memulihkannya."),
    )
    again = _passphrase(_("Kata sandi, sekali lagi"))
    totp = forms.CharField(widget=forms.HiddenInput, required=False, max_length=1000)
    code = forms.CharField(
        label=_("Kode dari aplikasi"),
        help_text=_("Enam angka yang tampil sekarang."),
        max_length=12,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def clean_passphrase(self) -> str:
        """A passphrase that guessing would find is asked for again."""
        passphrase = str(self.cleaned_data["passphrase"])
        try:
            check_passphrase(passphrase)
        except TooShort as refusal:
            raise forms.ValidationError(str(refusal.sentence)) from refusal
        return passphrase

    def clean(self) -> dict[str, Any]:
        """Both passphrases are the same."""
        found = self.cleaned_data
        if "passphrase" in found and "again" in found and found["passphrase"] != found["again"]:
            self.add_error("again", _("Dua kata sandi ini belum sama."))
        return found


class Join(ComeBack):
    """A new person's account beside it."""

    name = forms.CharField(
        label=_("Nama Anda"),
        help_text=_("Seperti rekan memanggil Anda."),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    username = forms.CharField(
        label=_("Nama pengguna"),
        help_text=_("Huruf kecil, tanpa spasi. Anda mengetiknya setiap kali masuk."),
        max_length=30,
        validators=[NAME],
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def clean_username(self) -> str:
        """Names are the same in large and small letters."""
        return str(self.cleaned_data["username"]).lower()


class Invite(Sheet):
    """To which desk, or as whose administrator; `ref` makes the same form sent twice one place."""

    ref = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    place = forms.ChoiceField(label=_("Untuk tempat mana?"))

    def __init__(
        self, *args: Any, desks: Iterable[Desk], agencies: Iterable[Agency], **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.places: dict[str, tuple[str, Any]] = {}
        groups: list[Any] = [("", _("Pilih satu"))]
        for title, key, rows in (
            (_("Anggota meja"), "desk", [(d, f"{d.name} · {d.agency.name}") for d in desks]),
            (_("Administrator"), "agency", [(a, a.name) for a in agencies]),
        ):
            self.places |= {str(row.ref): (key, row) for row, _label in rows}
            groups.append((title, [(str(row.ref), label) for row, label in rows]))
        self.fields["place"].choices = groups  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """`desk` or `agency`, as the action takes it."""
        found = self.cleaned_data
        if "place" in found:
            key, row = self.places[found["place"]]
            found[key] = row
        return found


class AddAgency(Sheet):
    """An agency below another."""

    ref = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    parent = forms.ModelChoiceField(
        Agency.objects.none(),
        to_field_name="ref",
        label=_("Di bawah lembaga mana?"),
        empty_label=_("Pilih satu"),
    )
    name = forms.CharField(label=_("Nama lembaga"), max_length=120)
    type = forms.ChoiceField(
        label=_("Jenis"), choices=[("", _("Pilih satu")), *Agency.Type.choices]
    )
    region = forms.ChoiceField(label=_("Kabupaten atau kota"))

    def __init__(self, *args: Any, agencies: QuerySet[Agency], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["parent"].queryset = agencies  # type: ignore[attr-defined]
        choices = [("", _("Pilih satu")), *regions.by_province()]
        self.fields["region"].choices = choices  # type: ignore[attr-defined]


class AddDesk(Sheet):
    """A desk of an agency."""

    ref = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    agency = forms.ModelChoiceField(
        Agency.objects.none(), to_field_name="ref", label=_("Lembaga"), empty_label=_("Pilih satu")
    )
    name = forms.CharField(label=_("Nama meja"), max_length=120)
    duty = forms.ChoiceField(label=_("Tugas"), choices=[("", _("Pilih satu")), *Desk.Duty.choices])
    receiving = forms.BooleanField(label=_("Pelapor boleh memilih meja ini."), required=False)
    fallback = forms.BooleanField(
        label=_("Meja cadangan: membuka laporan yang belum dijawab."), required=False
    )

    def __init__(self, *args: Any, agencies: QuerySet[Agency], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["agency"].queryset = agencies  # type: ignore[attr-defined]


class FurtherDesk(Sheet):
    """A further desk for a person who has an account."""

    desk = forms.ModelChoiceField(
        Desk.objects.none(), to_field_name="ref", label=_("Meja"), empty_label=_("Pilih satu")
    )

    def __init__(self, *args: Any, desks: QuerySet[Desk], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["desk"].queryset = desks  # type: ignore[attr-defined]


class _People(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # only stubs have it
    """People by name, sign-in name and agency: two may have the same name."""

    def label_from_instance(self, user: User) -> str:
        """The name, and what tells this person from the others."""
        agencies = {m.desk.agency.name for m in user.memberships.all() if m.until_at is None}
        return " · ".join([f"{user.name} ({user.username})", *sorted(agencies)])


class Custodians(Sheet):
    """Who keeps parts of a desk's key, and how many of them together give it back."""

    people = _People(
        User.objects.none(),
        to_field_name="keypair_id",
        label=_("Para penjaga"),
        help_text=_("Dua sampai tujuh orang, sebaiknya dari lembaga yang berbeda."),
        widget=forms.CheckboxSelectMultiple,
    )
    need = forms.TypedChoiceField(
        label=_("Berapa yang harus membantu?"),
        coerce=int,
        choices=[(str(n), str(n)) for n in range(2, 8)],
    )

    def __init__(self, *args: Any, people: QuerySet[User], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["people"].queryset = people  # type: ignore[attr-defined]


class Ask(Sheet):
    """For whom a desk's key is asked back, or whether it is practised."""

    member = forms.ModelChoiceField(
        User.objects.none(),
        to_field_name="keypair_id",
        label=_("Untuk anggota yang mana?"),
        empty_label=_("Pilih satu"),
    )
    drill = forms.BooleanField(
        label=_("Ini latihan: kunci tidak diserahkan, tidak ada masa tunggu."), required=False
    )

    def __init__(self, *args: Any, members: QuerySet[User], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["member"].queryset = members  # type: ignore[attr-defined]


class HandOver(Sheet):
    """She knows whom she gives the key."""

    known = forms.BooleanField(
        label=_("Saya mengenal orang ini. Angka pemeriksanya cocok."),
        error_messages={"required": _("Pastikan dulu siapa orangnya.")},
    )


class LookAtAlarm(Sheet):
    """Why an alarm needs no more; `count` says what the page had shown."""

    count = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    reason = forms.ChoiceField(
        label=_("Apa yang Anda temukan?"),
        choices=[("", _("Pilih satu")), *Alarm.Reason.choices],
        help_text=_("Jangan menulis nama. Cukup pilih satu."),
    )
