"""Every address × every role × a record that is not hers: nothing opens, and it leaves a line."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import override_settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from simpul.cases.actions import consents, documents, files
from simpul.referrals import actions as referrals
from simpul.referrals.actions import Need
from simpul.reports import access as report_access
from simpul.reports import actions as reports
from simpul.vault.models import AuditLine
from simpul.vault.scrub import Scrubbed
from tests.conftest import Cast, Door

MARK = "RAHASIAPENYINTAS"
OUTSIDERS = ["clinic", "office", "fallback", "stranger", "root-one"]


def _patterns(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for each in patterns:
        if isinstance(each, URLResolver):
            name = f"{each.namespace}:" if each.namespace else ""
            yield from _patterns(each.url_patterns, prefix + name)
        else:
            yield prefix, each


def _addresses(door: str) -> list[tuple[str, list[str]]]:
    """Name and arguments of every address of a door."""
    with override_settings(**settings.DOORS[door]):
        found = _patterns(get_resolver(settings.ROOT_URLCONF).url_patterns)
        return [(f"{prefix}{p.name}", list(p.pattern.converters)) for prefix, p in found if p.name]


@pytest.fixture
def foreign(cast: Cast) -> dict[str, str]:
    """A report, a case, a consent, a referral and a file of the intake desk, each full of marks."""
    receipt = cast.file(story=f"{MARK} cerita", fallback=None)
    now = timezone.now()
    with cast.reporting(receipt) as reporter:
        picture = Scrubbed(f"{MARK} berkas".encode(), "text/plain", "txt")
        file_ref = uuid4()
        reports.attach(actor=reporter, ref=file_ref, file=picture, name="x", now=now)
    case = cast.open_case(receipt, label=f"{MARK} label", next_action=f"{MARK} langkah")
    consent = cast.consent(case, "shelter", ["health"])
    with cast.acting("intake") as actor:
        files.write(
            actor=actor,
            case=case,
            ref=uuid4(),
            compartment="health",
            text=f"{MARK} catatan",
            now=now,
        )
        document = documents.add(
            actor=actor, case=case, ref=uuid4(), compartment="health", name=f"{MARK}.txt",
            data=f"{MARK} dokumen".encode(), now=now,
        )  # fmt: skip
        share = consents.share(
            actor=actor, case=case, consent=consent, compartments=["health"], now=now
        )
        consents.stop_sharing(actor=actor, case=case, share=share, now=now)
        referral = referrals.send(
            actor=actor, case=case, ref=uuid4(), consent=consent, compartments=["health"],
            need=Need(service="health", note=f"{MARK} kebutuhan"), urgency="low", now=now,
        )  # fmt: skip
        consents.withdraw(actor=actor, case=case, consent=consent, now=now)
        report = report_access.get_report(actor, case.report.code)
    return {
        "report": report.code, "case": case.code, "consent": str(consent.ref),
        "referral": referral.code, "file": str(file_ref), "share": str(share.ref),
        "document": str(document.ref),
    }  # fmt: skip


def _path(name: str, arguments: list[str], foreign: dict[str, str]) -> str | None:
    """The address with the foreign record in it; None for addresses that name no such record."""
    from django.urls import reverse

    room = name.split(":")[0]
    values: dict[str, str] = {}
    for argument in arguments:
        if argument in {"case_code"} or (argument == "code" and room == "cases"):
            values[argument] = foreign["report"] if name.endswith("take_up") else foreign["case"]
        elif argument == "code" and room == "reports":
            values[argument] = foreign["report"]
        elif argument == "code" and room == "referrals":
            values[argument] = foreign["referral"]
        elif argument == "ref" and room == "reports":
            values[argument] = foreign["file"]
        elif argument == "ref" and name in {"cases:file", "cases:remove_file", "cases:file_piece"}:
            values[argument] = foreign["document"]
        elif argument == "number":
            values[argument] = "0"
        elif argument in {"ref", "share"} and room == "cases":
            values[argument] = foreign["share" if argument == "share" else "consent"]
        else:
            return None
    return reverse(name, kwargs=values)


ADDRESSES = _addresses("workspace")


def test_the_walk_finds_the_rooms() -> None:
    """A walk that walks nothing proves nothing."""
    rooms = {name.split(":")[0] for name, arguments in ADDRESSES if arguments}
    assert {"reports", "cases", "referrals", "directory", "network"} <= rooms


@pytest.mark.parametrize("who", OUTSIDERS)
def test_nobody_outside_opens_anything(
    who: str, cast: Cast, foreign: dict[str, str], sign_in: Callable[[str], Door]
) -> None:
    """Every address that names the record: 404 or 403, a line, and not one marked word."""
    door = sign_in(who)
    walked = 0
    for name, arguments in ADDRESSES:
        with override_settings(**settings.DOORS["workspace"]):
            path = _path(name, arguments, foreign) if arguments else None
        if path is None:
            continue
        for ask in (door.get, door.post):
            before = AuditLine.objects.filter(event="site.refused").count()
            answer = ask(path)
            assert answer.status_code in {403, 404, 405}, (name, answer.status_code)
            assert MARK not in answer.content.decode(), name
            if answer.status_code != 405:
                refused = AuditLine.objects.filter(event="site.refused").count()
                assert refused == before + 1, f"{name} left no line"
                walked += 1
    assert walked >= 20


@pytest.mark.parametrize("who", OUTSIDERS)
def test_no_list_count_or_search_tells_an_outsider(
    who: str, cast: Cast, foreign: dict[str, str], sign_in: Callable[[str], Door]
) -> None:
    """Pages without arguments show neither the marks nor the references."""
    door = sign_in(who)
    for name, arguments in ADDRESSES:
        if arguments or name.endswith("sign_out"):
            continue
        from django.urls import reverse

        with override_settings(**settings.DOORS["workspace"]):
            path = reverse(name)
        answer = door.get(path)
        assert answer.status_code in {200, 302, 403, 404, 405}, (name, answer.status_code)
        text = answer.content.decode()
        for word in [MARK, *(foreign[key] for key in ("case", "report", "referral"))]:
            assert word not in text, (name, word)


def test_nobody_who_has_not_signed_in_opens_anything(cast: Cast, foreign: dict[str, str]) -> None:
    """401 with the sign-in inside it, everywhere."""
    door = Door("workspace")
    for name, arguments in ADDRESSES:
        from django.urls import reverse

        with override_settings(**settings.DOORS["workspace"]):
            path = _path(name, arguments, foreign) if arguments else reverse(name)
        if path is None or name in {"accounts:sign_in"}:
            continue
        answer = door.get(path)
        assert answer.status_code == 401, (name, answer.status_code)
        assert MARK not in answer.content.decode()


def test_the_public_door_without_a_receipt_shows_nothing(
    public: Door, foreign: dict[str, str]
) -> None:
    """No address behind the receipt opens without one."""
    from django.urls import reverse

    for name, arguments in _addresses("public"):
        with override_settings(**settings.DOORS["public"]):
            path = reverse(name, kwargs=dict.fromkeys(arguments, foreign["consent"]))
        for ask in (public.get, public.post):
            answer = ask(path)
            assert answer.status_code < 500, (name, answer.status_code)
            assert MARK not in answer.content.decode(), name
