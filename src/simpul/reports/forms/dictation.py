"""The questions of the public door, numbered, for whoever types what someone else says."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from simpul.network.models import Agency
from simpul.reports.forms import public
from simpul.reports.models import Report

HIDDEN = {"shown", "token"}
# Question → its number, on paper and where paper is typed in: the order of the public door.
NUMBERS = {
    name: number
    for number, name in enumerate(
        (name for page in (1, 2, 3) for name in public.PAGES[page] if name not in HIDDEN), start=1
    )
}
# Asked once the rest was read back, because who may receive follows from the other answers.
LAST = ("receiver", "fallback")
KEPT_OUT = ("excluded", "desks", "types")  # asked as one thing, as at the public door
CHANNELS = [
    Report.Channel.WALK_IN, Report.Channel.PHONE, Report.Channel.PAPER, Report.Channel.SMS,
    Report.Channel.WHATSAPP,
]  # fmt: skip


class TakeDown(public.Report):
    """The same questions in the same order and words; and how the words came here."""

    how = forms.ChoiceField(
        label=_("Laporan ini disampaikan lewat apa?"),
        choices=[(one.value, one.label) for one in CHANNELS],
        widget=forms.RadioSelect,
        error_messages={"required": _("Pilih dulu lewat apa.")},
    )
    agreed = forms.BooleanField(
        label=_("Sudah saya bacakan, dan ia setuju laporan ini dikirim"), required=False
    )

    def __init__(
        self,
        data: QueryDict | None,
        *,
        regions: public.Groups,
        offices: Collection[Agency],
        how: str = "",
    ) -> None:
        super().__init__(data, regions=regions, offices=offices)
        self.initial["how"] = how
        for name, number in NUMBERS.items():
            self.fields[name].label = f"{number}. {self.fields[name].label}"

    def asked(self, page: int) -> list[Any]:
        """The questions of a page that are asked before the reading back, but for who must not know."""
        apart = {*HIDDEN, *LAST, *KEPT_OUT}
        return [self[name] for name in public.PAGES[page] if name not in apart]

    def as_typed(self) -> list[tuple[str, str]]:
        """All that was typed on the first page, as it was typed."""
        names = ["how", *(name for name in NUMBERS if name not in LAST)]
        data: Any = self.data
        return [(name, v) for name in names for v in data.getlist(name) if v]

    def is_to_mend(self) -> bool:
        """Whether something typed on the first page needs another look."""
        self.is_valid()
        return bool(self.errors.keys() & {"how", *NUMBERS}.difference(LAST))
