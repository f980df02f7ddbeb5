"""Who answers for a report: ties declared, owner and deputy named, handed over, passed on."""

from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from simpul.accounts.models import User
from simpul.core.access import AgainstTheRules, require
from simpul.network.actor import Actor
from simpul.reports import access, queries, sealed
from simpul.reports.models import Declaration, Report, Tie
from simpul.vault import audit, keydirectory


class Tied(AgainstTheRules):
    """The person is tied to somebody in the report, or does not know, or was not asked."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Hanya rekan yang menyatakan bebas dari hubungan dengan para pihak. Pilih rekan lain."
            )
        )


class OfThatOffice(AgainstTheRules):
    """The person also works in an office that must not know."""

    def __init__(self) -> None:
        super().__init__(_("Ia juga bertugas di kantor yang tidak boleh tahu. Pilih rekan lain."))


class SomebodyIsFree(AgainstTheRules):
    """A colleague could still take it up, or the reporter agreed to no other desk."""

    def __init__(self) -> None:
        super().__init__(
            _("Laporan ini belum bisa diteruskan. Tunggu pernyataan semua rekan di meja ini.")
        )


@transaction.atomic
def declare(*, actor: Actor, report: Report, tie: str, now: datetime) -> None:
    """She has read the report and says whether she is tied to somebody in it; never to whom.

    Who says yes, or does not know, ceases to be owner or deputy with this transaction.
    """
    require(access.can_read(actor, report) and tie in Tie.values)
    row = Declaration.objects.filter(report=report, user=actor.user).first()
    if row is None:
        row = Declaration.objects.create(report=report, user=actor.user, tie=tie, made_at=now)
    elif row.tie != Tie.YES:  # what was declared stays declared
        row.tie, row.made_at = tie, now
        row.save(update_fields=["tie", "made_at"])
    desk = actor.desk_among(report.desks)
    audit.record(
        "reports.tie_declared", actor=actor, record=report.ref, row=row.ref, parts=[row.tie],
        desk=desk.pk if desk else None,
    )  # fmt: skip


@transaction.atomic
def assign(*, actor: Actor, report: Report, owner: User, deputy: User | None, reason: str) -> None:
    """Names the owner and a deputy. Raises Tied, OfThatOffice.

    The owner has declared herself free, the deputy has not declared a tie, neither works in an office
    that must not know. Other reports about the same event follow, where the owner is free there, too.
    """
    require(report.taken_by_id in actor.desk_ids)
    if queries.is_tied(report, actor.user):
        raise Tied
    for one in [report, *queries.together_with(actor, report)]:
        if one.taken_by_id != report.taken_by_id or (
            one.pk != report.pk and not queries.is_free(one, owner)
        ):
            continue
        locked = Report.objects.select_for_update().get(pk=one.pk)
        _check(actor, locked, owner, deputy)
        locked.owner, locked.deputy = owner, deputy if deputy != owner else None
        locked.outside = queries.outside_for(
            [locked.taken_by or locked.receiver],
            sealed.offices_kept_out(actor, locked),
            first=locked.fallback,
        )
        locked.save(update_fields=["owner", "deputy", "outside"])
        audit.record(
            "reports.assigned", actor=actor, record=locked.ref, row=owner.keypair_id,
            parts=[reason], desk=locked.taken_by_id,
        )  # fmt: skip


def _check(actor: Actor, report: Report, owner: User, deputy: User | None) -> None:
    colleagues = queries.colleagues(report)
    if owner not in colleagues or not queries.is_free(report, owner):
        raise Tied
    if deputy is not None and (deputy not in colleagues or queries.is_tied(report, deputy)):
        raise Tied
    kept_out = {str(agency.ref) for agency in sealed.offices_kept_out(actor, report)}
    directory = keydirectory.current()
    for person in [owner, *([deputy] if deputy else [])]:
        for desk in queries.desks_of(person):
            if kept_out & set(directory.place(desk)):
                raise OfThatOffice


@transaction.atomic
def pass_on(*, actor: Actor, report: Report) -> None:
    """Nobody at the desk is free of ties: the fallback desk opens the report, and this one no more.

    A desk with one member asks it for a second look in the same way, and goes on reading. The database
    decides which of the two it is, by what was declared. Raises SomebodyIsFree.
    """
    require(report.receiver_id in actor.desk_ids and access.can_read(actor, report))
    with connection.cursor() as cursor:
        cursor.execute("SELECT reports_pass_on(%s)", [report.ref])
        if not cursor.fetchone()[0]:
            raise SomebodyIsFree
    audit.record("reports.passed_on", actor=actor, record=report.ref, desk=report.receiver_id)
