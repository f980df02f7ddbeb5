"""Whoever tampers with the chain, and with how much in hand: each is named, with the way out."""

import re
import smtplib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import RequestFactory
from django.utils import timezone

from simpul.accounts.actions import Anyone
from simpul.cases.actions import files
from simpul.site.views import health
from simpul.vault import anchors, audit, condition, jobs, pins
from simpul.vault.models import AuditHead, AuditLine, AuditLink
from tests.conftest import Cast

MONDAY = datetime(2026, 11, 23, 3, tzinfo=UTC)


@pytest.fixture
def second(tmp_path: Path, settings: Any) -> Path:
    """A second place for anchors."""
    place = tmp_path / "second"
    place.mkdir()
    settings.ANCHORS = str(place)
    return place / anchors.FILE


@pytest.fixture
def chain(cast: Cast) -> None:
    """Some lines in several linkings, as the worker makes them; the triggers are off."""
    write(3)
    write(3)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("line", "link", "head"):
            cursor.execute(f"ALTER TABLE vault_audit{table} DISABLE TRIGGER append_only")


def write(lines: int) -> None:
    """Acts, and one sweep's linking."""
    for _line in range(lines):
        audit.record("site.tested", actor=Anyone())
    jobs.link_audit()


def end() -> int:
    """The number of the last link."""
    return audit.end().number


def prove(*words: str) -> tuple[int, str]:
    """What `./simpul verify-chain` says, and its exit code."""
    out = StringIO()
    try:
        call_command("verify_chain", *words, stdout=out)
    except SystemExit as left:
        return int(str(left.code)), out.getvalue()
    return 0, out.getvalue()


# --- What tampering looks like -------------------------------------------------------------------


def delete(number: int) -> None:
    """A line and its link."""
    link = AuditLink.objects.get(number=number)
    link.delete()
    AuditLine.objects.filter(pk=link.line_id).delete()


def a_deleted_line() -> None:
    delete(end() - 4)


def three_deleted_lines() -> None:
    for number in (end() - 5, end() - 4, end() - 3):
        delete(number)


def an_altered_line() -> None:
    line = AuditLink.objects.get(number=end() - 4).line_id
    AuditLine.objects.filter(pk=line).update(event="site.other")


def a_cut_off_end() -> None:
    """With its heads, down to the last head but one: the rest is sound in itself."""
    last = end()
    for number in range(last - 2, last + 1):
        delete(number)
    AuditHead.objects.filter(number__gt=last - 3).delete()


def a_cut_off_end_that_left_its_head() -> None:
    delete(end())


def hashes_made_anew() -> None:
    """By somebody who writes the tables and has no key."""
    an_altered_line()
    rehash()


def a_chain_signed_anew() -> None:
    """By somebody who has the instance key and var/ as well: heads and pin fit again."""
    hashes_made_anew()
    for head in AuditHead.objects.order_by("number"):
        hash_ = bytes(AuditLink.objects.get(number=head.number).hash)
        head.hash, head.signature = hash_, audit.sign("audit", head.number, hash_)
        head.save()
    pins.rewind_chain(pins.ChainPin(end(), audit.end().hash.hex()))
    assert audit.verify(anchors.own_points()).sound, "from within nothing is to be seen"


def rehash() -> None:
    """Every hash fits again."""
    hash_ = audit.GENESIS
    for link in AuditLink.objects.select_related("line").order_by("number"):
        hash_ = audit.sha256(audit.canonical(link.number, hash_, link.line.body()))
        AuditLink.objects.filter(pk=link.pk).update(hash=hash_)


@pytest.mark.parametrize(
    ("tamper", "named", "way"),
    [
        (a_deleted_line, "line {n-4} is missing", "Change nothing"),
        (three_deleted_lines, "lines {n-5} to {n-3} are missing", "Change nothing"),
        (an_altered_line, "line {n-4} was altered", "Change nothing"),
        (a_cut_off_end, "the chain ends at line {n-3} and once had line {n}", "an older database"),
        (a_cut_off_end_that_left_its_head, "lines up to {n} were signed and are gone", "cut off"),
        (hashes_made_anew, "the head signed at line {n-3} is another", "Change nothing"),
        (a_chain_signed_anew, "to {n} were rewritten: simpul-anchors.txt", "Change nothing"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_tampering_is_named_with_the_way_out(
    tamper: Callable[[], None], named: str, way: str, chain: None, second: Path
) -> None:
    """The first wrong thing in one sentence, then in both languages what to do."""
    anchors.write(MONDAY)
    assert prove()[0] == 0
    number = end()
    tamper()
    code, said = prove()
    named = re.sub(r"\{n-?(\d*)\}", lambda found: str(number - int(found[1] or 0)), named)
    assert code == 1
    assert named in said.partition("broken: ")[2].splitlines()[0]
    assert way in said and said.count("  → ") == 2
    assert "sound" not in said.splitlines()


def test_an_older_database_put_back_is_named(chain: None) -> None:
    """The pin in var/ is ahead of it, although everything in it is true."""
    with transaction.atomic():
        write(4)
        ahead = end()
        transaction.set_rollback(True)  # what was committed since the dump is gone
    assert audit.verify().sound
    code, said = prove()
    assert code == 1
    assert f"once had line {ahead}: this machine's own pin" in said
    assert "put the newest one back" in said and "pasang kembali yang terbaru" in said


def test_a_row_put_back_is_named_by_table_and_reference(cast: Cast, chain: None) -> None:
    """Beside whatever else is wrong, and with its own way out."""
    case = cast.open_case(cast.file(), label="yang lama")
    label = case.labels.get()
    with cast.acting("intake") as actor:
        files.set_label(actor=actor, case=case, text="yang baru")
    label.save()
    jobs.link_audit()
    code, said = prove()
    assert code == 1 and f"not what was written last: cases.Label {label.ref}" in said
    assert "Take them from a newer backup" in said and "broken" not in said


def test_a_cut_off_end_is_told_from_an_older_database_by_rows_that_are_newer(
    cast: Cast, chain: None
) -> None:
    """Who only cuts the chain leaves the rows whose writing it told."""
    before = end()
    cast.file()
    jobs.link_audit()
    for number in range(before + 1, end() + 1):
        delete(number)
    AuditHead.objects.filter(number__gt=before).delete()
    code, said = prove()
    assert code == 1 and "its end was cut off" in said


def test_the_unlinked_window_is_told_in_lines_and_seconds(chain: None) -> None:
    """Lines that nobody has linked can still be taken out."""
    audit.record("site.tested", actor=Anyone())
    code, said = prove()
    assert code == 0
    assert "waiting to be linked: 1" in said and "the oldest waits for" in said


def test_a_long_proof_says_how_far_it_is(chain: None) -> None:
    """In batches; the last call says that all are done."""
    told: list[tuple[int, int]] = []
    before, audit.BATCH = audit.BATCH, 4
    try:
        assert audit.verify(progress=lambda done, of: told.append((done, of))).sound
    finally:
        audit.BATCH = before
    assert [done for done, _of in told] == [*range(4, end(), 4), end()]
    assert {of for _done, of in told} == {end()}


# --- The second place ----------------------------------------------------------------------------


def test_one_anchor_a_day_is_appended_and_nothing_is_overwritten(
    chain: None, second: Path
) -> None:
    """Not when nothing was added; a line that a full disk tore stays for itself and is named."""
    jobs.anchor_audit(MONDAY)
    jobs.anchor_audit(MONDAY + timedelta(hours=5))
    first = second.read_text()
    assert len(first.splitlines()) == 1
    jobs.anchor_audit(MONDAY + timedelta(days=1))
    assert second.read_text() == first, "no new line, no new anchor"
    with second.open("a") as file:
        file.write(first[:90])
    write(1)
    jobs.anchor_audit(MONDAY + timedelta(days=2))
    assert second.read_text().startswith(first)
    kept = anchors.read(second)
    assert [anchor.number for anchor in kept.anchors] == [end() - 1, end()]
    assert len(kept.foreign) == 1
    code, said = prove()
    assert code == 1 and "not an anchor of this instance" in said
    assert "who can write to that second place" in said


def test_an_anchor_of_somebody_else_counts_for_nothing(chain: None, second: Path) -> None:
    """Neither a signature of another key, nor another number under a true signature."""
    anchors.write(MONDAY)
    true = anchors.read(second).anchors[0].text()
    second.write_text(true.replace(f" {end()} ", f" {end() + 1} ") + "\nhello\n")
    kept = anchors.read(second)
    assert kept.anchors == [] and len(kept.foreign) == 2


def test_a_place_that_is_away_is_said_and_stops_nothing_else(
    chain: None, second: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Once in the log; the next sweep tries again."""
    second.parent.rmdir()
    for _sweep in range(3):
        jobs.anchor_audit(MONDAY)
    assert condition.read().anchors == "unwritten"
    assert len([r for r in caplog.records if "second place is away" in r.message]) == 1
    assert "the place is away" in prove()[1]
    second.parent.mkdir()
    jobs.anchor_audit(MONDAY)
    assert condition.read().anchors == "ok" and second.exists()


def test_the_ready_message_says_number_and_digits_and_nothing_else(
    chain: None, second: Path, settings: Any
) -> None:
    """Whoever gets it can hold the chain against it years later."""
    settings.ANCHORS_TO = "ketua@example.org"
    jobs.anchor_audit(MONDAY)
    [ready] = second.parent.glob("*.eml")
    message = message_from_bytes(ready.read_bytes())
    assert message["To"] == "ketua@example.org" and str(end()) in message["Subject"]
    body = message.get_payload(decode=True)
    assert isinstance(body, bytes)
    check = anchors.check_digits(end(), audit.end().hash)
    assert (
        check in body.decode() and "@" not in body.decode() and "site.tested" not in body.decode()
    )
    assert prove("--anchor", f"{end()}:{check}")[0] == 0


def test_it_is_mailed_only_where_a_relay_is_set(
    chain: None, second: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relay that does not answer is said; the message still lies there."""
    sent: list[Any] = []

    class Relay:
        def __init__(self, host: str, port: int, timeout: float) -> None:
            assert (host, port) == ("relay.example.org", 2525) and timeout
            if settings.ANCHORS_TO.startswith("away"):
                raise ConnectionRefusedError

        def __enter__(self) -> "Relay":
            return self

        def __exit__(self, *_more: object) -> None:
            return None

        def send_message(self, message: Any) -> None:
            sent.append(message)

    monkeypatch.setattr(smtplib, "SMTP", Relay)
    settings.ANCHORS_TO = "ketua@example.org"
    jobs.anchor_audit(MONDAY)
    assert sent == []
    settings.MAIL_RELAY = "relay.example.org:2525"
    write(1)
    jobs.anchor_audit(MONDAY + timedelta(days=1))
    assert [message["To"] for message in sent] == ["ketua@example.org"]
    settings.ANCHORS_TO = "away@example.org"
    write(1)
    jobs.anchor_audit(MONDAY + timedelta(days=2))
    assert condition.read().anchors == "unsent" and len(list(second.parent.glob("*.eml"))) == 3


# --- The book ------------------------------------------------------------------------------------


def test_what_stands_in_a_book_proves_the_chain_up_to_there(chain: None) -> None:
    """Printed by `./simpul anchor`; typed with or without spaces."""
    out = StringIO()
    call_command("anchor", stdout=out)
    check = anchors.check_digits(end(), audit.end().hash)
    written = f"{end()}:{check}"
    assert check in out.getvalue() and f"--anchor '{written}'" in out.getvalue()
    assert "SIMPUL_ANCHORS" in out.getvalue() and "SIMPUL_MAIL_RELAY" in out.getvalue()
    write(2)
    for typed in (written, written.replace(" ", ""), written.replace(" ", "-")):
        assert prove("--anchor", typed)[0] == 0, typed
    number = end()
    a_chain_signed_anew()
    code, said = prove("--anchor", written)
    assert code == 1 and f"lines 1 to {number - 2} were rewritten: the check number given" in said


def test_a_wrong_digit_or_a_line_that_never_was_is_named(chain: None) -> None:
    """A book is believed before the database."""
    check = anchors.check_digits(end(), audit.end().hash)
    wrong = str((int(check[0]) + 1) % 10) + check[1:]
    assert prove("--anchor", f"{end()}:{wrong}")[0] == 1
    code, said = prove("--anchor", f"{end() + 9}:{check}")
    assert code == 1 and f"once had line {end() + 9}" in said


def test_a_file_that_is_not_there_proves_nothing(chain: None, tmp_path: Path) -> None:
    """And is not taken for a proof."""
    assert prove("--anchor", str(tmp_path / "gone.txt"))[0] == 1


def test_a_copy_of_the_file_from_elsewhere_is_as_good(chain: None, second: Path) -> None:
    """Whoever empties the second place does not empty the copies."""
    anchors.write(MONDAY)
    copy = second.rename(second.with_name("copy.txt"))
    a_chain_signed_anew()
    assert prove()[0] == 0
    assert prove("--anchor", str(copy))[0] == 1


# --- The machine's own memory --------------------------------------------------------------------


def older(lines: int = 3) -> None:
    """Puts back the database as it was before some lines."""
    with transaction.atomic():
        write(lines)
        transaction.set_rollback(True)


def test_the_worker_links_nothing_to_an_older_database(
    chain: None, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so once, on the health page too; the doors go on."""
    older()
    before = end()
    audit.record("site.tested", actor=Anyone())
    for _sweep in range(3):
        assert jobs.link_audit() == 0
    assert end() == before and audit.verify().unlinked == 1
    assert len([r for r in caplog.records if "not the one linked here" in r.message]) == 1
    answer = health.show(RequestFactory().get("/healthz"))
    assert answer.status_code == 200 and b'"chain": "stopped"' in answer.content
    assert b'"ok": false' in answer.content


def test_the_worker_links_nothing_to_a_chain_with_another_line_at_the_pin(chain: None) -> None:
    """As long as the pinned one, and another."""
    a_chain = end()
    AuditLink.objects.filter(number=a_chain).update(hash=bytes(32))
    audit.record("site.tested", actor=Anyone())
    assert jobs.link_audit() == 0 and condition.read().linking == "stopped"


def test_a_sweep_killed_between_link_and_pin_is_caught_up(chain: None) -> None:
    """The pin is behind for a moment, never ahead."""
    audit.record("site.tested", actor=Anyone())
    audit.link()
    assert pins.chain() == pins.ChainPin(
        end() - 1, bytes(AuditLink.objects.get(number=end() - 1).hash).hex()
    )
    assert jobs.link_audit() == 0
    assert pins.chain() == pins.ChainPin(end(), audit.end().hash.hex())


def test_the_pin_never_goes_back_by_itself(chain: None) -> None:
    """Also when two workers come in the wrong order."""
    pins.advance_chain(pins.ChainPin(1, "aa"))
    known = pins.chain()
    assert known is not None and known.number == end()


def test_a_restore_that_a_person_accepts_goes_on_and_is_told(
    chain: None, second: Path, django_capture_on_commit_callbacks: Any
) -> None:
    """In the chain, in the second place; books written after the lost lines still name it."""
    with transaction.atomic():
        write(3)
        anchors.write(MONDAY)
        book = f"{end()}:{anchors.check_digits(end(), audit.end().hash)}"
        transaction.set_rollback(True)
    assert prove()[0] == 1
    with django_capture_on_commit_callbacks(execute=True):
        call_command("anchor", "--accept", stdout=StringIO())
    assert jobs.link_audit() == 1 and condition.read().linking == "ok"
    line = AuditLine.objects.order_by("-id")[0]
    assert line.event == "vault.rewound" and line.parts == [str(end() - 1)]
    assert [anchor.kind for anchor in anchors.read(second).anchors] == ["rewound"]
    assert prove()[0] == 0
    assert prove("--anchor", book)[0] == 1


def test_an_acceptance_that_is_rolled_back_changes_no_pin(chain: None, second: Path) -> None:
    """The line first, the memory after it."""
    older()
    known = pins.chain()
    with transaction.atomic():
        anchors.accept(actor=Anyone(), now=timezone.now())
        transaction.set_rollback(True)
    assert pins.chain() == known and not second.exists()
