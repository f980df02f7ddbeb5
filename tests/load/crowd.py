"""Many reporters at the same moment: nobody's report fails, none is doubled, no receipt is lost."""

import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from random import Random
from threading import Thread

from simpul.vault import crypto, receipts
from tests.load.table import Figure
from tests.load.wire import Phone
from tests.reports.pages import Page, Values
from tests.running import Running, running

REPORTERS, EACH = 16, 100
SHARE = 0.8
TWICE = 10  # each tenth Kirim is pressed twice at the same moment
OPENED = 20
ARGON = 64 * 1024 * 1024  # bytes, as in production
START, SEND, OPEN = "/reports/", "/reports/send/", "/reports/open/"


@dataclass
class Seen:
    """What the reporters saw."""

    words: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def measure() -> list[Figure]:
    """Files over real HTTP at the running public door, then looks for every report."""
    alone = _derivations_per_second()
    with running(argon=ARGON) as instance:
        phone = Phone(instance.ports["public"])
        form = last_page(phone)
        phone.close()
        [door] = instance.pids("public")
        seen, began, worked = Seen(), time.monotonic(), (_worked(door), time.process_time())
        with ThreadPoolExecutor(REPORTERS) as reporters:
            for _ in range(REPORTERS):
                reporters.submit(_file, instance.ports["public"], form, seen)
        seconds = time.monotonic() - began
        own = time.process_time() - worked[1]
        work = _worked(door) - worked[0]
        stored = _stored(instance)
        opened = _open(instance.ports["public"], seen.words)
    wanted, sent = REPORTERS * EACH, len(seen.words) + len(seen.again)
    whole = (
        not seen.failures and opened == OPENED
        and len(set(seen.words)) == wanted and stored == (wanted, wanted, wanted)
    )  # fmt: skip
    seen.seconds.sort()
    return [
        Figure(
            f"{REPORTERS} reporters at once × {EACH} reports",
            f"{stored[0]} filed, {len(seen.failures)} failed", f"{wanted}, 0", whole,
            f"last page, then Kirim, on real connections; each {TWICE}th Kirim pressed twice at"
            f" once ({len(seen.again)} more answers with the same words);"
            f" {len(set(seen.words))} receipts, {stored[1]} look-up ids, {stored[2]} whole"
            f" reports stored; {opened} of {OPENED} receipts tried open"
            + "".join(f"; {failure}" for failure in sorted(set(seen.failures))[:3]),
        ),
        Figure(
            "complete reports, of what Argon2id allows", f"{100 * sent / seconds / alone:.0f} %",
            f"≥ {100 * SHARE:.0f} %", sent / seconds >= SHARE * alone,
            f"{wanted / seconds:.1f} reports per s; "
            f"{sent / seconds:.1f} derivations a second, {100 * sent / seconds / alone:.0f}"
            f" % of the {alone:.1f} that Argon2id alone allows on {_cores()} cores; a report took"
            f" {1000 * work / wanted:.0f} ms of the door's processor time,"
            f" {1000 * own / wanted:.0f} ms of the reporters'; Kirim took"
            f" {seen.seconds[len(seen.seconds) // 2]:.1f} s in the middle, {seen.seconds[-1]:.1f}"
            " s at worst",
        ),
    ]  # fmt: skip


def last_page(phone: Phone) -> Values:
    """What a reporter has typed when she comes to the last page."""
    form = Page(phone.get(START).text).form(START) | {"danger": ["no"], "go": ["next"]}
    form = Page(phone.post(START, form).text).form(START)
    return form | {"needs": ["health"], "region": ["53.71"], "go": ["next"]}


def _file(port: int, form: Values, seen: Seen) -> None:
    """One reporter: the last page with its token, then Kirim, again and again."""
    phones = Phone(port), Phone(port)
    typed = {"story": ["Cerita rahasia. " * 20], "fallback": ["yes"], "go": ["send"]}
    last = Page(phones[0].post(START, form).text).form(SEND) | typed
    for number in range(EACH):
        try:
            page = phones[0].post(START, form).text
            last = last | {"token": re.findall(r'name="token" value="([^"]+)"', page)}
            twin = Thread(target=_send, args=(phones[1], last, seen, seen.again))
            if number % TWICE == 0:
                twin.start()
            _send(phones[0], last, seen, seen.words)
            if number % TWICE == 0:
                twin.join()
        except (OSError, HTTPException, ValueError, KeyError) as error:
            seen.failures.append(repr(error))
    for phone in phones:
        phone.close()


def _send(phone: Phone, form: Values, seen: Seen, into: list[str]) -> None:
    began = time.monotonic()
    try:
        answer = phone.post(SEND, form)
    except OSError as error:
        seen.failures.append(repr(error))
        return
    seen.seconds.append(time.monotonic() - began)
    shown = re.search(r'class="words"[^>]*>(.*?)</p>', answer.text, re.S)
    words = " ".join(re.findall(r"\d\. (\w+)", shown[1])) if shown else ""
    if answer.status == 200 and words.split() == receipts.words_of(form["token"][0]):
        into.append(words)
    else:
        seen.failures.append(f"answered {answer.status}")


def _stored(instance: Running) -> tuple[int, int, int]:
    """Reports, different look-up ids, and reports with all their parts, keys and first lines."""
    [[reports, lookups, whole]] = instance.sql(
        "SELECT count(*), count(DISTINCT lookup), count(*) FILTER (WHERE"
        " (SELECT count(*) FROM reports_part p WHERE p.report_id = r.ref) >= 3 AND"
        " (SELECT count(*) FROM vault_grant g JOIN vault_envelope e ON e.ref = g.envelope_id"
        "  WHERE e.record IN (r.ref, r.dialogue) AND g.recipient_id = r.keypair_id) ="
        " (SELECT count(*) FROM vault_envelope e WHERE e.record IN (r.ref, r.dialogue)) AND"
        " (SELECT count(*) FROM clocks_clock c WHERE c.subject = r.ref) = 1 AND"
        " (SELECT count(*) FROM vault_auditline a WHERE a.record = r.ref"
        "  AND a.event = 'reports.filed') ="
        " (SELECT count(*) FROM reports_part p WHERE p.report_id = r.ref))"
        " FROM reports_report r"
    )
    return int(str(reports)), int(str(lookups)), int(str(whole))


def _open(port: int, words: list[str]) -> int:
    """Opens some of the receipts as their holders would; returns how many showed their report."""
    opened = 0
    for each in Random(1).sample(words, min(OPENED, len(words))):
        phone = Phone(port)
        if phone.post(OPEN, {"words": [each]}).status == 302:
            opened += "/reports/mine/message/" in phone.get("/reports/mine/").text
        phone.close()
    return opened


def _derivations_per_second(seconds: float = 4) -> float:
    """How many derivations all cores do when nothing else is asked of them."""
    until = time.monotonic() + seconds

    def derive(_: int) -> int:
        count = 0
        while time.monotonic() < until:
            crypto.argon2id(crypto.random(), crypto.random(16), memory=ARGON, passes=3)
            count += 1
        return count

    began = time.monotonic()
    with ThreadPoolExecutor(_cores()) as pool:
        done = sum(pool.map(derive, range(_cores())))
    return done / (time.monotonic() - began)


def _worked(pid: int) -> float:
    """Seconds of processor time that a process has used, proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _cores() -> int:
    return len(os.sched_getaffinity(0))
