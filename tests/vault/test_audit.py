"""The chain against whoever would change it, and the one way in against whoever would lie."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simpul.cases.actions import files
from simpul.reports import actions as reports
from simpul.reports.models import Message, Part, Report
from simpul.vault import audit, context, crypto, rows
from simpul.vault.models import AuditHead, AuditLine, AuditLink, AuditPending
from tests.conftest import Cast
from tests.vault import apart

TABLES = ("vault_auditline", "vault_auditpending", "vault_auditlink", "vault_audithead")
ROLES = ("workspace", "public", "worker", "backup")


class Someone:
    """Whoever the caller says."""

    def __init__(self, ref: UUID | None = None, desk_id: int | None = None) -> None:
        self.ref, self.desk_id = ref, desk_id


@pytest.fixture
def chain(cast: Cast) -> Iterator[None]:
    """Ten lines linked in two runs, after whatever the cast's founding left; triggers are off."""
    audit.link()
    for n in range(10):
        audit.record("site.tested", actor=Someone())
        if n in {4, 9}:
            audit.link()
    assert audit.verify().sound
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("line", "link", "head"):
            cursor.execute(f"ALTER TABLE vault_audit{table} DISABLE TRIGGER append_only")
    return


def end() -> int:
    """The number of the last link."""
    return AuditLink.objects.order_by("-number")[0].number


# --- Nobody changes a line -----------------------------------------------------------------------


MEANS = {
    "insert": "INSERT INTO {0} SELECT * FROM {0}",
    "update": "UPDATE {0} SET {1} = {1}",
    "delete": "DELETE FROM {0}",
    "truncate": "TRUNCATE {0} CASCADE",
}
# What the linker, which is the worker, needs: to take lines that wait and to append links and heads.
LINKER = {
    ("vault_auditpending", "delete"), ("vault_auditlink", "insert"), ("vault_audithead", "insert"),
}  # fmt: skip
FIRST = {"vault_auditline": "id", "vault_auditpending": "line_id"}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("means", MEANS)
def test_no_role_writes_the_audit_tables(
    role: str, table: str, means: str, cast: Cast, admin: Callable[[str, str], None]
) -> None:
    """Not with a right, and so not by any policy."""
    if role == "worker" and (table, means) in LINKER:
        return
    statement = MEANS[means].format(table, FIRST.get(table, "number"))
    with pytest.raises(DatabaseError, match="permission denied"):
        admin(role, statement)


@pytest.mark.parametrize("table", ["vault_auditline", "vault_auditlink", "vault_audithead"])
@pytest.mark.parametrize("means", ["update", "delete", "truncate"])
def test_not_even_the_owner_changes_or_removes_a_line(table: str, means: str, cast: Cast) -> None:
    """A trigger stands before the tables' owner too."""
    audit.record("site.tested", actor=Someone())
    audit.link()
    statement = MEANS[means].format(table, FIRST.get(table, "number"))
    with (
        pytest.raises(DatabaseError, match="append-only"), transaction.atomic(),
        connection.cursor() as cursor,
    ):  # fmt: skip
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)


@pytest.fixture
def admin(cast: Cast) -> Callable[[str, str], None]:
    """Runs one statement as a role, as its own connection would."""

    def run(role: str, statement: str) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            if role == "backup":  # the tests' owner is no member of it
                words = statement.split()
                table = next(word for word in words if word.startswith("vault_"))
                cursor.execute(
                    "SELECT has_table_privilege('simpul_backup', %s, %s)", [table, words[0]]
                )
                if not cursor.fetchone()[0]:
                    raise DatabaseError("permission denied")
                return
            cursor.execute("SELECT set_config('role', %s, true)", [f"simpul_{role}"])
            cursor.execute(statement)

    return run


# --- A changed chain is named --------------------------------------------------------------------


def alter_line(number: int) -> None:
    """Another event in a line."""
    line = AuditLink.objects.get(number=number).line_id
    AuditLine.objects.filter(pk=line).update(event="site.other")


def alter_link(number: int) -> None:
    """Another hash in a link."""
    AuditLink.objects.filter(number=number).update(hash=bytes(32))


def delete_line(number: int) -> None:
    """A line and its link are gone."""
    link = AuditLink.objects.get(number=number)
    link.delete()
    AuditLine.objects.filter(pk=link.line_id).delete()


def swap(number: int) -> None:
    """A line and the next change places."""
    one, other = AuditLink.objects.filter(number__in=(number, number + 1)).order_by("number")
    first, second = one.line_id, other.line_id
    spare = AuditLine.objects.create(at=timezone.now(), event="site.spare")
    for link, line in ((one, spare.pk), (other, first), (one, second)):
        AuditLink.objects.filter(pk=link.pk).update(line=line)
    spare.delete()


def forge_head(number: int) -> None:
    """A head signed by another key."""
    pair = crypto.Pair(uuid4(), crypto.random())
    link = AuditLink.objects.get(number=number)
    AuditHead.objects.filter(number=number).delete()
    message = crypto.canonical("simpul", "audit", configured_instance(), number, bytes(link.hash))
    AuditHead.objects.create(number=number, hash=link.hash, signature=pair.sign(message))


def configured_instance() -> str:
    """This instance's id."""
    from django.conf import settings as configured

    return str(configured.INSTANCE)


@pytest.mark.parametrize(
    ("alter", "before_end", "named"),
    [
        (alter_line, 7, "line {} was altered"),
        (alter_link, 7, "line {} was altered"),
        (delete_line, 7, "line {} is missing"),
        (swap, 7, "line {} was altered"),
        (forge_head, 5, "the head signed at line {} is another"),
        (alter_line, 0, "line {} was altered"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_the_first_broken_line_is_named(
    alter: Callable[[int], None], before_end: int, named: str, chain: None
) -> None:
    """Not the last good one, and not merely that something is wrong."""
    number = end() - before_end
    alter(number)
    verdict = audit.verify()
    assert not verdict.sound
    assert verdict.broken == named.format(number)
    assert verdict.linked == number - 1


def test_the_first_of_two_breaks_is_named(chain: None) -> None:
    """However many there are."""
    number = end() - 6
    alter_line(number + 3)
    alter_line(number)
    assert audit.verify().broken == f"line {number} was altered"


def test_a_tail_that_was_signed_is_missed(chain: None) -> None:
    """The signed head says how long the chain was."""
    last = end()
    for number in (last, last - 1):
        delete_line(number)
    assert audit.verify().broken == f"lines up to {last} were signed and are gone"


def relink(number: int) -> None:
    """Makes every hash from a line on fit again, as whoever writes the tables can."""
    links = AuditLink.objects.select_related("line")
    before = links.filter(number=number - 1).first()
    hash_ = bytes(before.hash) if before else audit.GENESIS
    for link in links.filter(number__gte=number).order_by("number"):
        hash_ = crypto.sha256(crypto.canonical(link.number, hash_, link.line.body()))
        AuditLink.objects.filter(pk=link.pk).update(hash=hash_)


def test_hashes_that_fit_again_do_not_hide_a_change(chain: None) -> None:
    """The heads that are signed do not fit; without them the end is unsigned, and that is named."""
    number = end() - 2
    alter_line(number)
    relink(number)
    assert audit.verify().broken == f"the head signed at line {end()} is another"
    AuditHead.objects.filter(number=end()).delete()
    verdict = audit.verify()
    assert verdict.broken == f"lines after {end() - 5} carry no signed head"
    AuditHead.objects.all().delete()
    assert not audit.verify().sound


def test_a_line_kept_from_the_chain_is_noticed(chain: None) -> None:
    """Whoever takes it off the list of those that wait leaves a line that nothing links."""
    audit.record("site.tested", actor=Someone())
    assert audit.verify().sound and audit.verify().unlinked == 1
    AuditPending.objects.all().delete()
    assert audit.verify().broken == "a line was kept from the chain"


@given(st.lists(st.integers(0, 4), max_size=8), st.data())
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_one_change_breaks_the_chain_where_it_is(
    chain: None, runs: list[int], data: st.DataObject
) -> None:
    """However the lines came and were linked; `unlinked` is the length of what waits."""
    with transaction.atomic():
        begun = end()
        for run in runs:
            for _line in range(run):
                audit.record("site.tested", actor=Someone(desk_id=run), parts=["health"])
            assert audit.verify().unlinked == run
            assert audit.link() == run
        assert audit.verify().sound and end() == begun + sum(runs)
        number = data.draw(st.integers(max(1, begun - 5), end()))
        change = data.draw(
            st.sampled_from(
                [{"event": "x"}, {"desk": 99}, {"actor": UUID(int=1)}, {"record": UUID(int=1)},
                 {"row": UUID(int=1)}, {"parts": ["legal"]}, {"content": b"x"},
                 {"at": timezone.now()}]
            )
        )  # fmt: skip
        line = AuditLink.objects.get(number=number).line_id
        AuditLine.objects.filter(pk=line).update(**change)
        assert audit.verify().broken == f"line {number} was altered"
        transaction.set_rollback(True)


# --- One chain -----------------------------------------------------------------------------------


def test_two_linkers_at_once_make_one_chain(cast: Cast) -> None:
    """On real connections: the second does nothing, or goes on where the first has ended."""
    with apart.database() as other:

        def write() -> None:
            with transaction.atomic():
                for _line in range(50):
                    audit.record("site.tested", actor=Someone())

        def link() -> int:
            with context.opened("worker"):
                return sum(audit.link(limit=7) for _run in range(4))

        def link_while_another_links() -> int:
            with context.opened("worker"):
                mine = audit.link(limit=7)
                theirs = other.do(link)
                assert mine == 7 and theirs == 0, "one at a time"
            return mine

        other.do(write)
        waiting = other.do(lambda: audit.verify().unlinked)
        linked = other.do(link_while_another_links)
        while done := sum(job.result(20) for job in [other.start(link), other.start(link)]):
            linked += done
        assert linked == waiting
        verdict = other.do(audit.verify)
        assert verdict.sound and verdict.linked == linked and verdict.unlinked == 0


def test_a_line_that_is_committed_late_is_linked_too(cast: Cast) -> None:
    """A lower id that appears after higher ones were linked is simply next."""
    with apart.database() as other:

        def late() -> None:
            with transaction.atomic():
                audit.record("site.late", actor=Someone())

                def meanwhile() -> None:
                    audit.record("site.early", actor=Someone())
                    audit.link()

                other.do(meanwhile)

        def check() -> None:
            assert audit.link() == 1
            assert audit.verify().sound
            order = AuditLink.objects.order_by("-number").values_list("line__event", flat=True)
            assert list(order[:2]) == ["site.late", "site.early"]

        other.do(late)
        other.do(check)


# --- The one way in ------------------------------------------------------------------------------


def newest() -> AuditLine:
    """The line that was written last."""
    return AuditLine.objects.order_by("-id")[0]


def test_behind_a_receipt_actor_record_and_desk_are_not_a_matter_of_asking(cast: Cast) -> None:
    """The function sets them from the receipt of the transaction."""
    mine, foreign = cast.file(), cast.file()
    own = Report.objects.get(lookup=mine.opened.lookup)
    other = Report.objects.get(lookup=foreign.opened.lookup)
    person, desk = cast.user("intake").keypair_id, cast.desk("intake").pk
    with context.opened("public", receipt=mine.opened.lookup):
        audit.record(
            "reports.read", actor=Someone(person), record=other.ref, desk=desk, parts=["incident"]
        )
    line = newest()
    assert (line.actor, line.record, line.desk) == (own.keypair_id, own.ref, None)
    with connection.cursor() as cursor, cast.reporting(foreign):
        cursor.execute("SELECT count(*) FROM public_reads()")
        assert cursor.fetchone()[0] == 0


def test_without_a_receipt_the_public_door_writes_about_nobody(cast: Cast) -> None:
    """Neither a record nor an actor, whatever was asked."""
    cast.file()
    with context.opened("public"):
        audit.record("reports.tried", actor=Someone(uuid4()), record=uuid4(), row=uuid4())
    line = newest()
    assert (line.actor, line.record, line.row) == (None, None, None)


@pytest.mark.parametrize(
    "event", ["accounts.signed_in", "network.signed", "site.refused", "vault.x", "", "reports"]
)
def test_the_public_door_writes_no_other_rooms_events(event: str, cast: Cast) -> None:
    """No sign-in, no signature and no refusal of the workspace comes from there."""
    receipt = cast.file()
    with (
        pytest.raises(DatabaseError, match="not an event of the public door"),
        context.opened("public", receipt=receipt.opened.lookup),
    ):
        audit.record(event, actor=Someone())


def test_the_public_door_does_not_tell_what_was_written_in_a_foreign_row(cast: Cast) -> None:
    """Else a row rolled back could be made to look true, or a true one rolled back."""
    mine, foreign = cast.file(), cast.file()
    other = Part.objects.filter(report__lookup=foreign.opened.lookup).order_by("ref")[0]
    own = Part.objects.filter(report__lookup=mine.opened.lookup).order_by("ref")[0]
    with context.opened("public", receipt=mine.opened.lookup):
        audit.record("reports.filed", actor=Someone(), row=other.ref, content=b"false")
        audit.record("reports.filed", actor=Someone(), row=own.ref, content=b"true")
    kept, dropped = AuditLine.objects.order_by("-id")[:2]
    assert (kept.row, bytes(kept.content or b"")) == (own.ref, crypto.sha256(b"true"))
    assert (dropped.row, dropped.content) == (None, None)


def test_a_colleague_acts_in_no_other_name(cast: Cast) -> None:
    """In the workspace the actor is who has signed in."""
    with cast.acting("intake") as actor:
        audit.record("cases.tested", actor=Someone(cast.user("clinic").keypair_id, 1))
    assert newest().actor == actor.ref


def test_a_reading_is_told_in_the_name_of_ones_own_desk(cast: Cast) -> None:
    """The survivor is not shown another desk than the one that read."""
    with cast.acting("clinic") as actor:
        audit.record("cases.read", actor=actor, record=uuid4(), desk=cast.desk("clinic").pk)
    with pytest.raises(DatabaseError, match="own desk"), cast.acting("clinic") as actor:
        audit.record("cases.read", actor=actor, record=uuid4(), desk=cast.desk("intake").pk)


# --- What the chain is for -----------------------------------------------------------------------


def test_who_reported_for_somebody_else_is_not_told_who_reads_the_case(cast: Cast) -> None:
    """The survivor is; a third person sees the readings of the report alone."""
    for survivor in (True, False):
        receipt = cast.file()
        with cast.acting("intake") as actor:
            report = Report.objects.get(lookup=receipt.opened.lookup)
            reports.read(actor=actor, report=report)
        case = cast.open_case(receipt, reporter_is_survivor=survivor)
        with cast.acting("intake") as actor:
            files.read(actor=actor, case=case)
        with cast.reporting(receipt), connection.cursor() as cursor:
            cursor.execute("SELECT parts FROM public_reads()")
            parts = [set(row[0]) for row in cursor.fetchall()]
        assert len(parts) == (2 if survivor else 1)
        assert any("legal" in one for one in parts) is survivor


def test_a_row_put_back_to_what_it_was_is_named(cast: Cast) -> None:
    """An older label is true ciphertext; only the chain knows that it is not the last."""
    case = cast.open_case(cast.file(), label="yang lama")
    label = case.labels.get()
    with cast.acting("intake") as actor:
        files.set_label(actor=actor, case=case, text="yang baru")
    assert list(rows.rolled_back()) == []
    label.save()
    assert list(rows.rolled_back()) == [f"cases.Label {label.ref}"]


def test_a_row_that_nobody_wrote_is_named(cast: Cast) -> None:
    """Ciphertext without a line of its writing."""
    cast.file()
    part = Part.objects.order_by("ref")[0]
    Message.objects.create(
        report=part.report, envelope=part.envelope, sent_at=timezone.now(), text=b"x"
    )
    assert [name.split()[0] for name in rows.rolled_back()] == ["reports.Message"]


def test_the_readings_of_a_record_name_desk_parts_and_hour_and_nobody(cast: Cast) -> None:
    """Twice within the hour is once."""
    case = cast.open_case(cast.file())
    for _again in range(2):
        with cast.acting("intake") as actor:
            files.read(actor=actor, case=case)
    found = list(audit.reads_of(case.ref))
    assert [(read.desk_id, "incident" in read.parts) for read in found] == [
        (cast.desk("intake").pk, True)
    ]
    shown: Any = vars(type(found[0]))["__slots__"]
    assert set(shown) == {"desk_id", "parts", "hour"}
    assert (found[0].hour.minute, found[0].hour.second) == (0, 0)
