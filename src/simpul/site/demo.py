"""Loads the fictional network: invented people, real key pairs, every step by the real actions."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from simpul.cases.actions import consents, files
from simpul.cases.models import Case, Closure, Consent
from simpul.core import content
from simpul.directory import actions as services
from simpul.network import access
from simpul.network.actor import Actor
from simpul.referrals import actions as referrals
from simpul.referrals import queries as referral_queries
from simpul.referrals.actions import Need
from simpul.reports import access as report_access
from simpul.reports import actions as reports
from simpul.reports.actions import Filing, duties, pledges
from simpul.reports.models import Report
from simpul.reports.reading import Answers
from simpul.site import founding
from simpul.site.founding import Founded, Person, Row
from simpul.vault import context, crypto, receipts
from simpul.vault.receipts import Opened

CONTENT = Path(__file__).parent / "content" / "demo.toml"
CLOSINGS = {
    "goals_met": Closure.Reason.GOALS,
    "survivor_wish": Closure.Reason.WISH,
    "lost_contact": Closure.Reason.LOST_CONTACT,
}
PURPOSES = {"legal": "legal_process", "police": "legal_process", "companion": "coordination"}
DOORS = {"walk_in": "walk_in", "focal_point": "walk_in", "post": "walk_in", "phone": "phone"}


@dataclass
class Demo:
    """The founded network and what the loader needs to act in it."""

    made: Founded
    now: datetime
    words: dict[str, list[str]] = field(default_factory=dict)

    def member_of(self, desk: str) -> Person:
        """Someone who sits at a desk."""
        row = next(p for p in plan()["person"] if desk in p["memberships"])
        return self.made.people[row["key"]]

    @contextmanager
    def acting(self, desk: str) -> Iterator[Actor]:
        """A member of a desk at work."""
        person = self.member_of(desk)
        actor = access.get_actor(person.user, person.pair.seed)
        wanted = self.made.desks[desk].pk
        actor.desks.sort(key=lambda own: own.pk != wanted)
        with context.opened("owner", person=actor.ref, desks=actor.desk_ids):
            yield actor


def plan() -> Row:
    """The content file."""
    return content.load(CONTENT)


def load(now: datetime) -> Demo:
    """Founds the network and plays its cases. The database must be before its first day."""
    demo = Demo(founding.found(plan(), now), now)
    for person in demo.made.people.values():
        pledges.acknowledge(actor=access.get_actor(person.user, person.pair.seed), now=now)
    _add_services(demo)
    for row in plan()["case"]:
        _play(demo, row)
    _add_light_records(demo)
    return demo


def _add_services(demo: Demo) -> None:
    """Each desk lists what it offers; some entries are old, as they are in life."""
    for number, row in enumerate(plan()["desk"]):
        hidden = row["duty"] == "shelter"
        with demo.acting(row["key"]) as actor:
            for kind in row["services"]:
                services.add(
                    actor=actor, ref=uuid4(), desk=demo.made.desks[row["key"]], kind=kind,
                    hours=row["hours"]["id"], cost="", contact="",
                    way="" if hidden else row["access"]["id"],
                    now=demo.now - timedelta(days=number * 7 % 120),
                )  # fmt: skip


def _play(demo: Demo, row: Row) -> None:
    """Files one case's report and carries out its steps."""
    filed_at = demo.now - timedelta(days=float(row["age_days"]))
    receipt = _file(demo, row, filed_at, derive=True)
    state = _Played(demo, row, receipt, filed_at)
    for step in row["steps"]:
        state.do(step)
    for other in row.get("group", []):
        _file(demo, {**row, **other}, filed_at, derive=False)


def _file(demo: Demo, row: Row, filed_at: datetime, *, derive: bool) -> Opened:
    office = demo.made.agencies.get(row.get("excluded_agency", ""))
    answers: Answers = {
        "safety": dict(row["answers"]),
        "notes": {
            "needs": list(row["needs"]), "region": row["region"], "for_whom": row["for_whom"],
        },
        "contact": {"channel": "", "detail": row["contact"], "hours": "", "cover": ""},
        "reported_person": {
            "kind": row["reported_kind"], "office": str(office.ref) if office else "", "excluded": [],
        },
        "incident": {"story": row["story"]},
    }  # fmt: skip
    if derive:
        words = receipts.words_of(receipts.new_token())
        demo.words[row["code"]] = words
        opened = receipts.open_words(words, filing=True)
    else:  # a receipt that nobody holds
        opened = Opened(crypto.random(), receipts.pair_of(crypto.random()))
    fallback = demo.made.desks.get(row.get("fallback_desk", ""))
    with context.opened("owner", receipt=opened.lookup):
        reports.file(
            actor=Filing(), receipt=opened, answers=answers,
            receiver=demo.made.desks[row["receiving_desk"]], fallback=fallback, now=filed_at,
            channel=DOORS.get(row["door"], "web"),
        )  # fmt: skip
    return opened


@dataclass
class _Played:
    """One case while its steps are played."""

    demo: Demo
    row: Row
    receipt: Opened
    filed_at: datetime
    consents: dict[str, Consent] = field(default_factory=dict)

    @property
    def report(self) -> Report:
        return Report.objects.select_related("receiver", "fallback").get(
            lookup=self.receipt.lookup
        )

    @property
    def case(self) -> Case:
        rows = Case.objects.select_related("desk__agency__region", "report__keypair", "owner")
        return rows.get(report__lookup=self.receipt.lookup)

    def do(self, step: Row) -> None:
        """Plays one step at its time."""
        at = self.filed_at + timedelta(days=float(step["days_after"]))
        getattr(self, f"_{step['do']}")(step, min(at, self.demo.now))

    def _desk(self, step: Row) -> str:
        taken = next(s["desk"] for s in self.row["steps"] if s["do"] == "take_up")
        return str(step.get("desk") or taken)

    def _lead(self) -> str:
        return str(next(s["desk"] for s in self.row["steps"] if s["do"] == "take_up"))

    def _take_up(self, step: Row, at: datetime) -> None:
        if step["desk"] not in {self.row["receiving_desk"]}:
            _wake(self.report)
        first = next((s for s in self.row["steps"] if s["do"] == "next_action"), None)
        with self.demo.acting(step["desk"]) as actor:
            duties.declare(actor=actor, report=self.report, tie="no", now=at)
            files.open_from_report(
                actor=actor, report=self.report, label=f"{self.row['code']} (contoh)",
                next_action=first["text"] if first else "Menghubungi dengan cara yang aman.",
                due_at=at + timedelta(days=1), risk=self._risk(), now=at,
                reporter_is_survivor=self.row["for_whom"] == "self",
            )  # fmt: skip

    def _risk(self) -> str:
        said = self.row["answers"].values()
        return "high" if "yes" in said else "medium" if "unknown" in said else "low"

    def _entry(self, step: Row, at: datetime) -> None:
        with self.demo.acting(self._lead()) as actor:
            files.write(
                actor=actor, case=self.case, ref=uuid4(), compartment=step["compartment"],
                text=step["text"], now=at,
            )  # fmt: skip

    def _consent(self, step: Row, at: datetime) -> None:
        desk = self.demo.made.desks[step["desk"]]
        with self.demo.acting(self._lead()) as actor:
            if not step["given"]:
                files.write(
                    actor=actor, case=self.case, ref=uuid4(), compartment="notes",
                    text=f"Ditanya tentang {desk.name}. Jawabnya: tidak.", now=at,
                )  # fmt: skip
                return
            until = (at + timedelta(days=step["until_days"])).date()
            self.consents[step["key"]] = consents.record_consent(
                actor=actor, case=self.case, ref=uuid4(), desk=desk,
                compartments=step["compartments"],
                purpose=PURPOSES.get(step["purpose"], "service"),
                until=until, given=step["how"], now=at,
            )  # fmt: skip

    def _referral(self, step: Row, at: datetime) -> None:
        consent = self.consents[step["consent"]]
        with self.demo.acting(self._lead()) as actor:
            referral = referrals.send(
                actor=actor, case=self.case, ref=uuid4(), consent=consent,
                compartments=consent.compartments,
                need=Need(service=step["service"], note=step["text"], region=self.row["region"]),
                urgency=step["urgency"], now=at,
            )  # fmt: skip
        outcome, later = step["outcome"], min(at + timedelta(hours=2), self.demo.now)
        if outcome == "waiting":
            return
        with self.demo.acting(step["desk"]) as actor:
            if outcome == "declined":
                referrals.decline(actor=actor, referral=referral, reason=step["answer"], now=later)
                return
            referrals.accept(actor=actor, referral=referral, now=later)
            if outcome != "accepted" or step.get("answer"):
                referrals.report_back(
                    actor=actor, referral=referral, ref=uuid4(),
                    text=step.get("answer") or "Sudah dilayani.", now=later,
                )  # fmt: skip
            if outcome == "ended":
                referrals.end(actor=actor, referral=referral, now=later)

    def _message(self, step: Row, at: datetime) -> None:
        if step["from"] == "desk":
            with self.demo.acting(self._desk(step)) as actor:
                reports.answer(
                    actor=actor, report=self.report, ref=uuid4(), text=step["text"], now=at
                )
            return
        with context.opened("owner", receipt=self.receipt.lookup):
            reporter = report_access.get_by_receipt(self.receipt.pair)
            reports.send(actor=reporter, ref=uuid4(), text=step["text"], now=at)

    def _next_action(self, step: Row, at: datetime) -> None:
        due_at = at + timedelta(days=float(step["due_days"]))
        with self.demo.acting(self._lead()) as actor:
            files.set_next_action(
                actor=actor, case=self.case, text=step["text"], due_at=due_at, now=at
            )

    def _close(self, step: Row, at: datetime) -> None:
        with self.demo.acting(self._lead()) as actor:
            for referral in referral_queries.of_case(actor, self.case).filter(
                state__in=referral_queries.RUNNING
            ):
                referrals.end(actor=actor, referral=referral, now=at)
            files.close(
                actor=actor, case=self.case, reason=CLOSINGS[step["reason"]],
                note=step.get("text", ""), now=at,
            )  # fmt: skip

    def _reopen(self, step: Row, at: datetime) -> None:
        if self.report.state == Report.State.WITHDRAWN:
            with context.opened("owner", receipt=self.receipt.lookup):
                reporter = report_access.get_by_receipt(self.receipt.pair)
                reports.reopen(actor=reporter, now=at)
            self._take_up({"desk": self._lead()}, at)
            return
        with self.demo.acting(self._lead()) as actor:
            files.reopen(
                actor=actor, case=self.case, text="Menanyakan kabar dengan cara yang aman.",
                due_at=at + timedelta(days=2), now=at,
            )  # fmt: skip

    def _withdraw(self, step: Row, at: datetime) -> None:
        with context.opened("owner", receipt=self.receipt.lookup):
            reporter = report_access.get_by_receipt(self.receipt.pair)
            if step["what"] == "report":
                reports.withdraw(actor=reporter, now=at)
            else:
                consent = self.consents[step["consent"]]
                consents.withdraw_own(actor=reporter, consent=consent.ref, now=at)


def _wake(report: Report) -> None:
    """Lets the fallback desk open a report whose first clock has run out, as the sweep would."""
    reports.wake(actor=Filing(), report=report.ref)


def _add_light_records(demo: Demo) -> None:
    """Short records over twelve months, with invented weights and a fixed seed."""
    light, chance = plan()["light"], random.Random(53)
    regions, weights = list(light["region"]), list(light["region"].values())
    months, month_weights = list(light["month"]), list(light["month"].values())
    places = [r for r, n in light["fixed"].items() for _one in range(n)]
    places += chance.choices(regions, weights, k=light["count"] - len(places))
    kinds = chance.choices(list(light["type"]), list(light["type"].values()), k=len(places))
    for place, kind in zip(places, kinds, strict=True):
        month = int(chance.choices(months, month_weights)[0])
        back = (demo.now.month - month) % 12 * 30 + chance.uniform(1, 29)
        _add_light_record(demo, place, kind, demo.now - timedelta(days=back), chance)


NEEDS = {
    "sexual_violence": ["health", "talk"],
    "trafficking": ["documents_wages", "home"],
    "domestic_violence": ["safe_place", "talk"],
    "workplace": ["legal"],
}


def _add_light_record(
    demo: Demo, place: str, kind: str, at: datetime, chance: random.Random
) -> None:
    desk = _desk_for(place)
    row = {
        "code": "", "door": chance.choice(["web", "walk_in", "phone"]), "region": place,
        "receiving_desk": desk, "reported_kind": "unknown", "for_whom": "self",
        "answers": {"danger": "no"}, "needs": NEEDS[kind], "contact": "", "story": "",
    }  # fmt: skip
    receipt = _file(demo, row, at, derive=False)
    played = _Played(demo, {**row, "steps": [{"do": "take_up", "desk": desk}]}, receipt, at)
    with demo.acting(desk) as actor:
        duties.declare(actor=actor, report=played.report, tie="no", now=at)
        files.open_from_report(
            actor=actor, report=played.report, label="catatan ringkas (contoh)",
            next_action="Menanyakan kabar dengan cara yang aman.", risk="low", now=at,
            due_at=demo.now + timedelta(days=chance.uniform(2, 60)), reporter_is_survivor=True,
        )  # fmt: skip
        if (demo.now - at).days > 60:
            files.close(
                actor=actor, case=played.case, reason=Closure.Reason.GOALS,
                note="Selesai bersama penyintas (contoh).", now=at + timedelta(days=50),
            )  # fmt: skip


def _desk_for(place: str) -> str:
    desks = {row["key"] for row in plan()["desk"]}
    local = f"uptd-{place.replace('.', '')}-pengaduan"
    return local if local in desks else "uptd-provinsi-pengaduan"


def signins(demo: Demo) -> str:
    """The demo's sign-ins as JSON; the passphrases are printed on screen and protect nothing."""
    rows: list[dict[str, Any]] = []
    for row in plan()["person"]:
        person = demo.made.people[row["key"]]
        rows.append(
            {
                "username": row["username"],
                "name": row["name"],
                "passphrase": row["passphrase"],
                "totp": person.totp.hex(),
                "desks": [demo.made.desks[key].name for key in row["memberships"]],
                "administers": [demo.made.agencies[key].name for key in row.get("admin_of", [])],
            }
        )
    return json.dumps({"people": rows, "words": demo.words}, ensure_ascii=False, indent=1)
