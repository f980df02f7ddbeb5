"""What the holder of a receipt sees of her own report: how it stands, who read it, until when."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext

from simpul.core.templatetags.simpul import day, moment
from simpul.network.models import Desk
from simpul.reports import access, content, words
from simpul.reports.models import Escalation, Message, Report

MOST_FILES = 20  # as the database function says


@dataclass(frozen=True, slots=True)
class Read:
    """A reading: which desk, which parts, in which hour. Never a colleague's name."""

    desk_id: int
    desk: str
    parts: list[str]
    hour: datetime


def reads() -> list[Read]:
    """Which desk read what of the report behind this receipt, the newest first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT desk, parts, hour FROM public_reads()")
        rows = cursor.fetchall()
    names = dict(Desk.objects.filter(pk__in={row[0] for row in rows}).values_list("pk", "name"))
    found: dict[tuple[int, datetime], set[str]] = {}
    for desk, parts, hour in rows:
        found.setdefault((desk, hour), set()).update(parts)
    return [
        Read(desk, names.get(desk, ""), [words.compartment(part) for part in sorted(parts)], hour)
        for (desk, hour), parts in found.items()
    ]


def reply_due() -> datetime | None:
    """Until when a person answers (clock K02: an hour when urgent, else a day); None once one has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT public_reply_due()")
        due: datetime | None = cursor.fetchone()[0]
    return due


def late() -> list[str]:
    """What is late of hers, since when, and who outside the unit was told, in sentences."""
    said = []
    for one in access.own_escalations():
        zone = one.late_desk.agency.region.zone
        what = {
            Escalation.What.UNANSWERED: gettext("Jawaban kami terlambat sejak %(when)s."),
            Escalation.What.NEXT_ACTION: gettext("Langkah kami terlambat sejak %(when)s."),
        }[Escalation.What(one.what)]
        said.append(
            what % {"when": moment(one.since_at, zone)} + " " + gettext("Kami minta maaf.")
        )
        if one.desk is None:
            said.append(gettext("Belum ada tempat lain yang boleh kami beri tahu."))
        elif one.reminded_at is None:
            said.append(
                gettext("%(desk)s sudah diberi tahu. Isi laporan tidak dibuka.")
                % {"desk": one.desk.name}
            )
        else:
            said.append(
                gettext("%(desk)s sudah mengingatkan pada %(when)s.")
                % {"desk": one.desk.name, "when": moment(one.reminded_at, zone)}
            )
    return said


def message_sentence(report: Report, *, now: datetime) -> str:
    """Until when a message of hers is answered (clock K30), or that the answer is late."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT public_message_due()")
        due: datetime | None = cursor.fetchone()[0]
    if due is None:
        return ""
    said = content.control()["dialogue"]
    if now > due:
        return str(said["message_late"])
    zone = responsible(report).agency.region.zone
    return str(said["message_due"].format(when=moment(due, zone)))


def kept_sentence(report: Report) -> str:
    """Until when the report is kept when nobody comes back."""
    if report.kept_on is None:
        return ""
    return str(content.control()["dialogue"]["kept"].format(date=day(report.kept_on)))


def responsible(report: Report) -> Desk:
    """The desk that answers for the report now."""
    if report.taken_by is not None:
        return report.taken_by
    if report.woken_at is not None and report.fallback is not None:
        return report.fallback
    return report.receiver


def standing(
    report: Report,
    *,
    reads: list[Read],
    messages: list[Message],
    due: datetime | None,
    now: datetime,
) -> list[str]:
    """How the report stands, in sentences."""
    said = content.texts()["status"]
    desk = responsible(report).name
    if report.state == Report.State.WITHDRAWN:
        return [gettext("Laporan ini sudah Anda hentikan.")]
    if report.aside_at is not None:
        return [
            gettext("Kami belum mengerti laporan ini."),
            gettext("Tulis lagi bila Anda butuh bantuan."),
        ]
    if report.taken_by is not None:
        return [said["taken_up"].format(desk=desk)]
    if report.woken_at is not None and report.fallback is not None:
        return [said["passed_on"].format(desk=desk)]
    if any(message.desk_id for message in messages):
        return [gettext("%(desk)s sudah menjawab Anda.") % {"desk": desk}]
    here = said["sent"].format(desk=desk)
    if reads:
        here = gettext("%(desk)s sudah membuka laporan ini.") % {"desk": desk}
    if due is not None and now > due:
        late = (
            said["late"]
            if report.fallback_id
            else gettext("Jawaban kami terlambat. Kami minta maaf.")
        )
        return [here, late]
    return [here]
