"""The three pages of a report as one form, and what is written behind a receipt.

Every question may be skipped: what cannot be understood counts as skipped and never as a reproach.
Only words are looked at twice, so that none is cut off.
"""

import re
from collections.abc import Collection, Iterable
from typing import Any
from uuid import uuid4

from django import forms
from django.http import QueryDict
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from simpul.network.models import Agency, Desk
from simpul.reports import content, modes, routing
from simpul.reports.routing import Exclusion, Route

ANY = "any"
ACCEPTED = "audio/*,image/*,application/pdf,text/plain"
STORY = 20_000
PAGES = {
    0: modes.NAMES,  # on no page a question: how the pages are shown travels with all of them
    1: (*content.QUESTIONS, "for_whom"),
    2: (
        "needs", "region", "channel", "detail", "hours", "cover", "office", "kind",
        "size", "place", "on", "country", "since",
    ),
    3: (
        "receiver", "excluded", "desks", "types", "fallback", "shown", "story", "token",
    ),
}  # fmt: skip
# What is asked besides, by for whom the report is.
JOURNEY = {
    "group": ("size", "place", "on"), "missing": ("country", "since"), "body": ("country",),
}  # fmt: skip
LISTS = {"needs", "excluded", "desks", "types"}

Groups = Iterable[tuple[str, Any]]
REFERENCE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class One(forms.ChoiceField):
    """One of the choices; anything else counts as skipped."""

    def clean(self, value: Any) -> str:
        """The code that was chosen, or ""."""
        return str(value) if value and self.valid_value(value) else ""


class Several(forms.MultipleChoiceField):
    """Some of the choices; anything else counts as not chosen."""

    widget = forms.CheckboxSelectMultiple

    def clean(self, value: Any) -> list[str]:
        """The codes that were chosen, each once."""
        return list(dict.fromkeys(v for v in value or [] if self.valid_value(v)))


class Desks(forms.Field):
    """References of desks; what is none is left out."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[str]:
        """The references, each once."""
        return [one for one in dict.fromkeys(value or []) if REFERENCE.fullmatch(one)][:50]


class Words(forms.CharField):
    """Words as they were typed. Browsers count a line break once and send it as two characters."""

    def to_python(self, value: Any) -> str:
        """The words with plain line breaks."""
        return str(value or "").replace("\r\n", "\n").replace("\0", "").strip()


def _words(most: int, **more: Any) -> Words:
    return Words(
        required=False,
        max_length=most,
        error_messages={
            "max_length": _(
                "Tulisan ini terlalu panjang. Sisanya bisa dikirim nanti sebagai pesan."
            )
        },
        **more,
    )


class Report(forms.Form):
    """Everything that a report may say; `offer` adds who may receive it, once that is known."""

    use_required_attribute = False

    shared = One(required=False, choices=[("1", "")])
    plain = One(required=False, choices=[("1", "")])

    danger = One(required=False, widget=forms.RadioSelect)
    selfharm = One(required=False, widget=forms.RadioSelect)
    health72 = One(required=False, widget=forms.RadioSelect)
    child = One(required=False, widget=forms.RadioSelect)
    transit = One(required=False, widget=forms.RadioSelect)

    for_whom = One(required=False, widget=forms.RadioSelect)

    needs = Several(required=False)
    region = One(required=False)
    channel = One(required=False, widget=forms.RadioSelect)
    detail = _words(200)
    hours = _words(200)
    cover = _words(200)
    office = One(required=False)
    kind = One(required=False)
    size = One(required=False, widget=forms.RadioSelect)
    place = _words(120)
    on = _words(40, widget=forms.DateInput(attrs={"type": "date"}))
    country = _words(120)
    since = _words(120)

    receiver = forms.CharField(required=False, widget=forms.RadioSelect)
    excluded = Several(required=False)
    desks = Desks(required=False)
    types = Several(required=False)
    fallback = One(required=False, widget=forms.RadioSelect)
    shown = forms.CharField(required=False, widget=forms.HiddenInput)
    story = _words(STORY, widget=forms.Textarea(attrs={"rows": 7}))
    token = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: QueryDict | None, *, regions: Groups, offices: Collection[Agency]
    ) -> None:
        super().__init__(data, label_suffix="")
        self.offices = {str(office.ref): office for office in offices}
        said = content.texts()
        answers = [(key, said["common"][key]) for key in ("yes", "no", "unknown", "skip")]
        for question in content.QUESTIONS:
            text = said["page1"][question]
            self._ask(question, text["question"], text["hint"], answers)
        page2, page3, none = said["page2"], said["page3"], said["common"]["no_answer"]
        asked = self._third_person(said)
        grouped = _by_region(offices)
        self._ask("for_whom", page2["for_whom"], "", content.choices("for_whom"))
        self._ask("needs", asked["needs"], page2["needs_hint"], content.choices("need"))
        self._ask(
            "region", asked["region"], page2["region_hint"], [("", page2["region_skip"]), *regions]
        )
        self._ask(
            "channel", page2["contact_channel"], page2["contact_hint"], content.choices("contact")
        )
        self._ask("detail", page2["contact_detail"])
        self._ask("hours", page2["contact_hours"])
        self._ask("cover", page2["contact_cover"], page2["contact_cover_hint"])
        self._ask(
            "office", asked["office"], page2["office_why"], [("", page2["office_none"]), *grouped]
        )
        self._ask(
            "kind", asked["reported_kind"], page2["reported_kind_why"],
            [("", none), *content.choices("reported_kind")],
        )  # fmt: skip
        journey = said["journey"]
        self._ask("size", journey["size"], "", content.choices("group_size"))
        for name in ("place", "on", "since"):
            self._ask(name, journey[name])
        is_body = self.data.get("for_whom") == "body"
        self._ask("country", journey["body_country" if is_body else "country"])
        apart = routing.texts()["page"]
        self._ask("desks", apart["desks"], apart["desks_hint"])
        self._ask("types", apart["types"], "", routing.person_types())
        self._ask("receiver", page3["receiver"], page3["receiver_hint"])
        self._ask("excluded", page3["excluded"], page3["excluded_hint"], grouped)
        self._ask(
            "fallback", page3["fallback_choice"], "",
            [("yes", page3["fallback_yes"]), ("no", page3["fallback_no"])],
        )  # fmt: skip
        self._ask("story", page3["story"], f"{page3['story_hint']} {page3['story_later']}")

    def _third_person(self, said: Any) -> Any:
        """The labels of page 2 that fit for whom the report is."""
        for_whom = self.data.get("for_whom")
        if for_whom in {"missing", "body"}:
            return said["page2_family"]
        return said["page2_other" if for_whom in {"other", "group"} else "page2"]

    def _ask(self, name: str, label: str, hint: str = "", choices: Groups = ()) -> None:
        field = self.fields[name]
        field.label, field.help_text = label, hint
        if isinstance(field, forms.ChoiceField):
            field.choices = list(choices)

    def said(self, name: str) -> Any:
        """The answer as far as it could be understood; empty where it was skipped."""
        self.is_valid()
        return self.cleaned_data.get(name, [] if name in LISTS else "")

    def office_said(self) -> Agency | None:
        """The office of the reported person."""
        return self.offices.get(self.said("office"))

    def excluded_said(self) -> list[Agency]:
        """The offices that must not know."""
        return [self.offices[ref] for ref in self.said("excluded")]

    def journey(self) -> list[forms.BoundField]:
        """What is asked besides of who reports for a group, or looks for a relative."""
        return [self[name] for name in JOURNEY.get(self.said("for_whom"), ())]

    def person(self) -> dict[str, Any]:
        """What is sealed about the reported person: the kind, the office, and who must not know."""
        office = self.office_said()
        known = {one.pk: str(one.ref) for one in self.offices.values()}
        line = [known[pk] for pk in office.line if pk in known] if office else []
        more = {
            "desks": self.said("desks"),
            "types": self.said("types"),
            "above": routing.above(self.said("kind"), line),
        }
        return {
            "kind": self.said("kind"),
            "office": str(office.ref) if office else "",
            "excluded": [str(agency.ref) for agency in self.excluded_said()],
            **{name: answer for name, answer in more.items() if answer},
        }

    def keep_out(self) -> Exclusion:
        """Who must not know, from exactly what will be sealed."""
        return routing.exclusion(self.person())

    def rules(self) -> Route:
        """The rules for the kind of person it is about."""
        return routing.route(self.said("kind"), self.said("for_whom"))

    def offer(self, desks: list[Desk], notes: dict[int, list[str]]) -> None:
        """Lets her choose among these desks, each with what is to know about it, or leave it to us."""
        if not desks:
            return
        choose = content.texts()["page3"]["receiver_any"]
        first = desks[0]
        widget = self.fields["receiver"].widget
        assert isinstance(widget, forms.RadioSelect)
        widget.choices = [
            (f"{ANY} {first.ref}", _choice(choose, [first.name, *notes[first.pk]])),
            *((str(desk.ref), _choice(desk.name, notes[desk.pk])) for desk in desks),
        ]
        chosen = self.chosen(desks)
        if chosen is None or not self.said("receiver"):
            typed: Any = self.data
            typed = typed.copy()
            typed["receiver"] = widget.choices[0][0]
            self.data = typed

    def chosen(self, desks: list[Desk]) -> Desk | None:
        """The desk that was chosen among these; the first when she left it to us or skipped it."""
        ref = str(self.said("receiver")).removeprefix(ANY).strip()
        if not ref:
            return desks[0] if desks else None
        return next((desk for desk in desks if str(desk.ref) == ref), None)

    def first_page_to_mend(self, until: int) -> int | None:
        """The first page before `until` with words that are too long."""
        self.is_valid()
        return next((n for n in range(1, until) if self.errors.keys() & set(PAGES[n])), None)

    def elsewhere(self, page: int) -> list[tuple[str, str]]:
        """What was typed on the other pages, as it was typed."""
        return self.typed([name for n, own in PAGES.items() if n != page for name in own])

    def typed(self, names: Iterable[str]) -> list[tuple[str, str]]:
        """What was typed under these names, as it was typed."""
        data: Any = self.data
        return [(name, v) for name in names for v in (data.getlist(name) if data else []) if v]


def _choice(name: str, notes: list[str]) -> SafeString:
    lines = format_html_join("", '<br><span class="skip">{}</span>', ((note,) for note in notes))
    return format_html("{}{}", name, lines)


def _by_region(offices: Collection[Agency]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Offices in groups by region, provinces first."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for office in sorted(offices, key=lambda one: (len(one.region_id), one.region_id, one.name)):
        groups.setdefault(office.region.name, []).append((str(office.ref), office.name))
    return list(groups.items())


class Receipt(forms.Form):
    """The six words; also as numbers."""

    use_required_attribute = False

    words = forms.CharField(required=False, max_length=500, strip=True)


class Message(forms.Form):
    """A message to the desk; the hidden `ref` makes the same form sent twice one message."""

    use_required_attribute = False

    ref = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    message = _words(STORY, widget=forms.Textarea(attrs={"rows": 4}))

    def __init__(self, data: Any = None, **more: Any) -> None:
        super().__init__(data, label_suffix="", **more)
        said = content.texts()["status"]
        self.fields["message"].label = said["write"]
        self.fields["message"].help_text = said["write_hint"]


class File(forms.Form):
    """A voice note, picture, PDF or text to send; the phone offers its own recorder."""

    use_required_attribute = False

    ref = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    file = forms.FileField(required=False, widget=forms.FileInput(attrs={"accept": ACCEPTED}))

    def __init__(self, data: Any = None, files: Any = None, **more: Any) -> None:
        super().__init__(data, files, label_suffix="", auto_id="file_%s", **more)
        said = content.control()["dialogue"]
        self.fields["file"].label = said["file"]
        self.fields["file"].help_text = said["file_hint"]


class Receiver(forms.Form):
    """Another desk in place of the present one."""

    use_required_attribute = False

    receiver = forms.ChoiceField(widget=forms.RadioSelect)
    fallback = One(required=False, widget=forms.RadioSelect)

    def __init__(self, data: Any = None, *, desks: list[Desk], **more: Any) -> None:
        super().__init__(data, label_suffix="", **more)
        said, asked = content.control()["receiver"], content.texts()["page3"]
        self._ask("receiver", said["choose"], [(str(desk.ref), desk.name) for desk in desks])
        answers = [("yes", asked["fallback_yes"]), ("no", asked["fallback_no"])]
        self._ask("fallback", said["spare"], answers)

    def _ask(self, name: str, label: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.label, field.choices = label, choices
