"""Nothing that a person writes lies readable anywhere but on the pages of those it is for.

Marks are planted in every input, through the pages and the real actions. Then every column of every
table, every statement that PostgreSQL was sent, the logs and the temporary folder are searched.
"""

import base64
import contextlib
import logging
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from simpul.accounts import actions as accounts
from simpul.cases.actions import documents, files
from simpul.cases.models import Case
from simpul.network import actions as network
from simpul.network.models import Agency
from simpul.referrals import actions as referrals
from simpul.referrals.actions import Need
from simpul.reports import actions as reports
from simpul.reports.models import Report
from simpul.reports.views import public as views
from simpul.vault import audit, crypto, passphrases, receipts, scrub, sources
from tests.conftest import Cast, Door
from tests.reports.pages import Page

MARKS = {
    name: f"tanda-{name}-{uuid4().hex[:10]}"
    for name in (
        "story", "contact", "hours", "cover", "message", "file", "filename", "walkin", "answer",
        "entry", "label", "relabel", "next", "need", "language", "decline", "back", "closure",
        "passphrase", "wrongpass", "reopened", "unsent", "name", "alias", "village", "asked",
        "document", "docname", "piece", "struck",
    )
}  # fmt: skip


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of this process and of those that it starts."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


@pytest.fixture
def sent() -> Iterator[list[bytes]]:
    """Every statement with its parameters, as PostgreSQL is sent it."""
    said: list[bytes] = []

    def listen(execute: Any, statement: Any, parameters: Any, many: bool, more: Any) -> Any:
        said.append(repr(statement).encode() + b" " + flat(parameters))
        return execute(statement, parameters, many, more)

    with connection.execute_wrapper(listen):
        yield said


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Every logger at its most talkative, also those that are switched off."""
    quiet = [
        name for name in logging.root.manager.loggerDict if "django" in name or "simpul" in name
    ]
    before = {name: (logging.getLogger(name).level, logging.getLogger(name).propagate)
              for name in quiet}  # fmt: skip
    for name in quiet:
        logging.getLogger(name).setLevel(logging.DEBUG)
        logging.getLogger(name).propagate = True
    caplog.set_level(logging.DEBUG)
    yield caplog
    for name, (level, propagate) in before.items():
        logging.getLogger(name).setLevel(level)
        logging.getLogger(name).propagate = propagate


def flat(value: Any) -> bytes:
    """A value as bytes, whatever it is: bytes as they are, everything else as text."""
    if isinstance(value, bytes | memoryview | bytearray):
        return bytes(value)
    if isinstance(value, dict):
        return b" ".join(flat(one) for pair in value.items() for one in pair)
    if isinstance(value, list | tuple | set):
        return b" ".join(flat(one) for one in value)
    return str(value).encode()


def dump() -> dict[str, bytes]:
    """Every column of every table: as text, and binary ones as they are."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text, t.* FROM "{table}" t')
            names = [column.name for column in cursor.description]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    key = f"{table}.{name}"
                    found[key] = found.get(key, b"") + b"\n" + flat(value)
    return found


def forms(secret: bytes) -> list[bytes]:
    """A secret as it is, in hexadecimal, in UTF-16, backwards, and inside base 64."""
    found = [secret, secret.hex().encode(), secret.hex().upper().encode(), secret[::-1]]
    found.append(secret.decode("latin-1").encode("utf-16-le"))
    for shift in range(3):
        whole = base64.b64encode(bytes(shift) + secret)
        found.append(whole[4 * (shift > 0) : len(whole) - 4])
    return found


def where(secrets: dict[str, bytes], places: dict[str, bytes]) -> list[str]:
    """Which secret lies readable where."""
    return [
        f"{name} in {place}"
        for name, secret in secrets.items()
        for form in forms(secret)
        for place, content in places.items()
        if form in content
    ]


def in_folder(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, with its name."""
    return {
        str(path): str(path).encode() + path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def press(door: Door, page: Page, address: str, go: str, **typed: Any) -> Page:
    """Sends the form on the screen."""
    values = page.form(address) | {
        name: value if isinstance(value, list) else [value] for name, value in typed.items()
    }
    answer = door.post(address, values | {"go": [go]})
    assert answer.status_code < 400, answer.content.decode()
    return Page(answer.content.decode())


def write_everything(cast: Cast, public: Door, sign_in: Any) -> dict[str, bytes]:
    """Lets people write into every input, and returns what must be found nowhere."""
    now = timezone.now()
    m = MARKS
    # The public door, as a browser would.
    page = Page(public.get("/reports/").content.decode())
    page = press(public, page, "/reports/", "next", danger="no")
    page = press(
        public, page, "/reports/", "next", needs=["health"], region="53.71", for_whom="self",
        channel="call", detail=m["contact"], hours=m["hours"], cover=m["cover"],
    )  # fmt: skip
    typed = page.form("/reports/send/")
    words = receipts.words_of(typed["token"][0])
    [receiver] = {desk for desk in page.offers["receiver"] if desk == str(cast.desk("intake").ref)}
    page = press(
        public, page, "/reports/send/", "send", story=m["story"], receiver=receiver,
    )  # fmt: skip
    assert words[0] in page.html
    assert public.post("/reports/open/", {"words": " ".join(words)}).status_code == 302
    page = Page(public.get("/reports/mine/").content.decode())
    sent = page.form("/reports/mine/message/") | {"message": [m["message"]]}
    assert public.post("/reports/mine/message/", sent).status_code in {200, 302}
    # The same again and more, by the actions.
    opened = receipts.open_words(words, filing=False)
    report = Report.objects.get(lookup=opened.lookup)
    from tests.conftest import Receipt

    receipt = Receipt(typed["token"][0], words, opened, "filed")
    clean = scrub.scrub(f"Catatan: {m['file']}\n".encode())
    assert m["file"].encode() in clean.data
    with cast.reporting(receipt) as reporter:
        reports.attach(actor=reporter, ref=uuid4(), file=clean, name=m["filename"], now=now)
    case = cast.open_case(receipt, label=m["label"], next_action=m["next"])
    with cast.acting("intake") as actor:
        reports.answer(actor=actor, report=report, ref=uuid4(), text=m["answer"], now=now)
        files.write(
            actor=actor, case=case, ref=uuid4(), compartment="health", text=m["entry"], now=now
        )
        files.set_label(actor=actor, case=case, text=m["relabel"])
        struck = documents.add(
            actor=actor, case=case, ref=uuid4(), compartment="health", name="x.txt", data=b"x",
            now=now,
        )  # fmt: skip
        documents.remove(actor=actor, case=case, ref=struck.ref, reason=m["struck"], now=now)
    page_of_files, ref = f"/cases/{case.code}/files/", uuid4()
    desk = sign_in("intake")
    whole = SimpleUploadedFile(f"{m['docname']}.txt", m["document"].encode())
    sent_whole = {"ref": uuid4(), "compartment": "legal", "file": whole}
    assert desk.post(page_of_files, sent_whole).status_code == 302
    data = b"ID3" + m["piece"].encode()
    declared = {
        "ref": ref, "compartment": "legal", "name": f"{m['docname']}.mp3", "size": len(data),
        "digests": crypto.sha256(data).hex(),
    }  # fmt: skip
    assert desk.post(f"{page_of_files}begin/", declared).status_code == 200
    piece = {"piece": SimpleUploadedFile("blob", data)}
    assert desk.post(f"{page_of_files}{ref}/0/", piece).json() == {"whole": True}
    assert b"".join(desk.get(f"{page_of_files}{ref}/").streaming_content) == data
    for desk, said in (("clinic", "decline"), ("shelter", "back")):
        consent = cast.consent(case, desk, ["health"])
        with cast.acting("intake") as actor:
            referral = referrals.send(
                actor=actor, case=case, ref=uuid4(), consent=consent, compartments=["health"],
                need=Need(service="health", note=m["need"], language=m["language"]),
                urgency="low", now=now,
            )  # fmt: skip
        with cast.acting(desk) as actor:
            if said == "decline":
                referrals.decline(actor=actor, referral=referral, reason=m["decline"], now=now)
            else:
                referrals.accept(actor=actor, referral=referral, now=now)
                files.read(actor=actor, case=Case.objects.select_related("report").get())
                referrals.report_back(
                    actor=actor, referral=referral, ref=uuid4(), text=m["back"], now=now
                )
                referrals.end(actor=actor, referral=referral, now=now)
    with cast.acting("intake") as actor:
        files.close(actor=actor, case=case, reason="goals", note=m["closure"], now=now)
        files.reopen(
            actor=actor, case=case, text=m["reopened"], due_at=now + timedelta(days=1), now=now
        )
    # Somebody comes to the desk; somebody joins; somebody signs in, and somebody cannot.
    token = receipts.new_token()
    walked = receipts.open_words(receipts.words_of(token), filing=True)
    with cast.acting("intake") as actor:
        files.open_walk_in(
            actor=actor, receipt=walked, answers={"incident": {"story": m["walkin"]}},
            desk=cast.desk("intake"), channel="phone", label="x", next_action="y",
            due_at=now + timedelta(days=1), risk="low", now=now,
        )  # fmt: skip
    totp, seed = passphrases.new_totp(), b""
    derived = passphrases.derive_passphrase(m["passphrase"])
    with cast.acting("root-one") as actor:
        _invitation, code = network.invite(actor=actor, now=now, desk=cast.desk("shelter"))
    network.join(
        actor=accounts.Anyone(), code=code, username="penguji", name="Yasi P", derived=derived,
        totp=totp, now=now,
    )  # fmt: skip
    step = int(now.timestamp()) // passphrases.STEP
    seed = accounts.sign_in(
        username="penguji",
        passphrase=m["passphrase"],
        code=passphrases.code_at(totp, step),
        now=now,
    ).seed
    with pytest.raises(accounts.NotOpened):
        accounts.sign_in(username="penguji", passphrase=m["wrongpass"], code="000000", now=now)
    desk = sign_in("intake")
    assert desk.get("/cases/").status_code == 200
    card = {"ref": str(uuid4()), "name": m["name"], "others": m["alias"], "village": m["village"]}
    assert desk.post(f"/cases/{case.code}/identity/", card).status_code == 302
    found = desk.post("/cases/search/", {"asked": m["name"], "reason": "wish"})
    assert case.code in found.content.decode()
    assert desk.post("/cases/search/", {"asked": m["asked"], "reason": "wish"}).status_code == 200
    # A form whose answer is an error page.
    public.post("/reports/mine/message/", {"message": m["unsent"]})
    public.post("/reports/nowhere/", {"story": m["unsent"]})
    audit.link()
    return {name: mark.encode() for name, mark in m.items()} | {
        "words": " ".join(words).encode(), "words-": "-".join(words).encode(),
        "token": typed["token"][0].encode(), "second token": token.encode(), "totp": totp,
        "seed": seed, "reporter's seed": opened.pair.seed, "walk-in's seed": walked.pair.seed,
        "intake's seed": cast.seed("intake"), "invitation": code.encode(),
        "cookie": desk.client.cookies["w"].value.encode(),
        "receipt's cookie": public.client.cookies["s"].value.encode(),
        "pepper": settings.PEPPER, "receipt secret": settings.RECEIPT_SECRET,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "patience", sources.Patience())


def test_nothing_that_is_written_lies_readable_anywhere(
    cast: Cast, public: Door, sign_in: Any, temporary: Path, sent: list[bytes],
    logged: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Not in a column, not in a statement, not in a log line, not in a temporary file."""
    before = set(Path("/tmp").iterdir())
    secrets = write_everything(cast, public, sign_in)
    columns = dump()
    statements = {"statements": b"\n".join(sent)}
    output, errors = capfd.readouterr()
    written = {"log": logged.text.encode(), "stdout": output.encode(), "stderr": errors.encode()}
    fresh = {}
    for path in set(Path("/tmp").iterdir()) - before:
        with contextlib.suppress(OSError):  # others' files come and go
            fresh[str(path)] = path.read_bytes()
    logs = in_folder(Path(settings.VAR) / "log")
    everywhere = columns | statements | written | in_folder(temporary) | fresh | logs
    assert where(secrets, everywhere) == []
    # The search itself works: what is public, and what somebody leaves lying about, is found.
    control = {"control": b"tanda-kontrol-" + uuid4().hex.encode()}
    text = control["control"].decode()
    Agency.objects.filter(pk=cast.agency("uptd").pk).update(name=text)
    logging.getLogger("simpul.tests").warning("%s", text)
    sys.stderr.write(text)
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(control["control"])
    found = where(
        control,
        dump() | {"log": logged.text.encode(), "stderr": capfd.readouterr().err.encode()}
        | in_folder(temporary) | {"statements": b"\n".join(sent)},
    )  # fmt: skip
    assert {place.split(" in ")[1] for place in found} == {
        "network_agency.name", "network_agency.t", "log", "stderr", "statements", file.name,
    }  # fmt: skip


@pytest.mark.parametrize("form", range(8))
def test_a_secret_is_found_in_every_form_it_may_take(form: int) -> None:
    """In hexadecimal, as `bytea` is shown; in base 64 at any place; in wide letters."""
    secret = MARKS["story"].encode()
    assert where({"x": secret}, {"here": b"before " + forms(secret)[form] + b" after"})
    longer = base64.b64encode(b"y" * form + secret + b"z")
    assert where({"x": secret}, {"here": longer})


def test_a_binary_column_is_searched_as_it_is(cast: Cast) -> None:
    """A mark inside bytes that are no text is found too."""
    receipt = cast.file()
    mark = MARKS["story"].encode()
    lookup = b"\xff\x00" + mark
    Report.objects.filter(lookup=receipt.opened.lookup).update(lookup=lookup)
    found = where({"x": mark}, dump())
    assert {place.split(" in ")[1] for place in found} == {
        "reports_report.lookup", "reports_report.t",
    }  # fmt: skip


def test_uploads_never_touch_a_temporary_folder() -> None:
    """What a person sends stays in memory; no handler writes it to a file."""
    assert settings.FILE_UPLOAD_HANDLERS == [
        "django.core.files.uploadhandler.MemoryFileUploadHandler"
    ]
    assert settings.FILE_UPLOAD_MAX_MEMORY_SIZE >= settings.FILE_LIMIT


def test_a_file_sent_through_the_page_leaves_nothing_behind(
    cast: Cast, public: Door, temporary: Path
) -> None:
    """As large as it may be."""
    receipt = cast.file()
    public.post("/reports/open/", {"words": receipt.typed})
    mark = MARKS["file"].encode()
    page = Page(public.get("/reports/mine/").content.decode())
    values: dict[str, Any] = dict(page.form("/reports/files/"))
    body = (mark + b" baris\n") * 60_000
    values["file"] = SimpleUploadedFile(f"{MARKS['filename']}.txt", body, "text/plain")
    answer = public.post("/reports/files/", values)
    assert answer.status_code in {200, 302}, answer.content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), max(length(data)) FROM reports_attachment")
        count, size = cursor.fetchone()
    assert count == 1 and size > len(body)
    assert list(temporary.rglob("*")) == []
    secrets = {"file": mark, "filename": MARKS["filename"].encode()}
    assert where(secrets, dump()) == []
