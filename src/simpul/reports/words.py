"""What a reporter answered, in words: compartment by compartment, question by question."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from simpul.reports import content, routing
from simpul.reports.reading import Answers
from simpul.vault.models import Compartment

# Compartment → the questions in the order in which a desk reads them.
QUESTIONS: dict[str, dict[str, Any]] = {
    Compartment.SAFETY: {
        "danger": _("Bahaya sekarang"),
        "selfharm": _("Keinginan melukai diri sendiri"),
        "health72": _("Kekerasan seksual dalam 3 hari terakhir"),
        "child": _("Berumur di bawah 18 tahun"),
        "transit": _("Sedang dibawa pergi, ditahan, atau dijaga"),
    },
    Compartment.NOTES: {
        "needs": _("Yang paling dibutuhkan"),
        "region": _("Kabupaten atau kota"),
        "for_whom": _("Untuk siapa"),
        "size": _("Berapa orang"),
        "place": _("Tiba di"),
        "on": _("Tanggal tiba"),
        "country": _("Negara atau daerah"),
        "since": _("Tidak ada kabar sejak"),
    },
    Compartment.CONTACT: {
        "channel": _("Cara yang aman"),
        "detail": _("Nomor, atau orang yang dipercaya"),
        "hours": _("Hari dan jam yang aman"),
        "cover": _("Kalau orang lain yang angkat"),
    },
    Compartment.INCIDENT: {"story": _("Dengan kata-katanya sendiri")},
    Compartment.REPORTED_PERSON: {
        "kind": _("Hubungan dengan orang itu"),
        "office": _("Kantor orang itu"),
        "excluded": _("Yang tidak boleh tahu"),
        "desks": _("Meja yang tidak boleh tahu"),
        "types": _("Jenis kantor yang tidak boleh tahu"),
        "above": _("Kantor di atasnya, yang juga tidak boleh tahu"),
    },
}
# (compartment, question) → the group of `content/report.toml` whose codes the answer uses.
GROUPS: dict[tuple[str, str], str] = {
    (Compartment.NOTES, "needs"): "need",
    (Compartment.NOTES, "for_whom"): "for_whom",
    (Compartment.NOTES, "size"): "group_size",
    (Compartment.CONTACT, "channel"): "contact",
    (Compartment.REPORTED_PERSON, "kind"): "reported_kind",
}

NAMED = ("excluded", "desks", "above")  # answers that are references of agencies or desks


@dataclass(frozen=True, slots=True)
class Line:
    """One question and its answer."""

    question: str
    answer: str

    @property
    def is_long(self) -> bool:
        """Whether the answer needs a whole row."""
        return len(self.answer) > 60 or "\n" in self.answer


@dataclass(frozen=True, slots=True)
class Section:
    """What lies in one compartment."""

    code: str
    title: str
    lines: list[Line] = field(default_factory=list)


def compartments() -> list[tuple[str, str]]:
    """The codes and names of all compartments, for choices."""
    return [(code, str(label)) for code, label in Compartment.choices]


def compartment(code: str) -> str:
    """The name of a compartment."""
    return str(Compartment(code).label)


def sections(
    answers: Answers, *, regions: Mapping[str, str], offices: Mapping[str, str]
) -> list[Section]:
    """The answers as sentences; what was left out is not shown.

    `regions` names regions by Kemendagri code, `offices` names agencies by reference.
    """
    order = [*QUESTIONS, *(code for code in answers if code not in QUESTIONS)]
    found = []
    for code in order:
        said = answers.get(code, {})
        known = QUESTIONS.get(code, {})
        lines = [
            Line(str(known.get(question, question)), answer)
            for question in [*known, *(q for q in said if q not in known)]
            if (answer := _answer(code, question, said.get(question), regions, offices))
        ]
        if lines:
            found.append(Section(code, compartment(code), lines))
    return found


def offices_in(answers: Answers) -> list[str]:
    """The references of the agencies and desks that the answers name."""
    said = answers.get(Compartment.REPORTED_PERSON, {})
    several = [one for name in NAMED for one in said.get(name, [])]
    return [str(office) for office in [said.get("office"), *several] if office]


def _answer(
    code: str, question: str, said: Any, regions: Mapping[str, str], offices: Mapping[str, str]
) -> str:
    values = [str(one) for one in (said if isinstance(said, list) else [said]) if one]
    if code == Compartment.SAFETY:
        group = {key: content.texts()["common"][key] for key in ("yes", "no", "unknown", "skip")}
    elif question == "region":
        group = dict(regions)
    elif question in {"office", *NAMED}:
        group = dict(offices)
    elif question == "types":
        group = dict(routing.person_types())
    elif (code, question) in GROUPS:
        group = dict(content.choices(GROUPS[code, question], retired=True))
    else:
        group = {}
    return " · ".join(group.get(value, value) for value in values)
