"""Numbers to call, kinds of help, and the places that give it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from simpul.core import content
from simpul.directory.models import Service
from simpul.network.models import Desk, Region
from simpul.wording import texts as wording


@dataclass(frozen=True, slots=True)
class Hotline:
    """A national short number; `extension` is pressed once connected."""

    code: str
    number: str
    extension: str
    label: str
    what: str
    caution: str


def hotlines(*answers: str) -> list[Hotline]:
    """The numbers that help with these answers, in the order of the file; without any, all numbers.

    `answers` are danger, selfharm, health72, child, transit: questions of the report's first page.
    """
    return [
        Hotline(
            code=row["code"],
            number=row["number"],
            extension=row.get("extension", ""),
            label=content.say(row["label"]),
            what=content.say(row["what"]),
            caution=content.say(row["caution"]) if "caution" in row else "",
        )
        for row in wording.raw("directory/hotlines")["hotline"]
        if not answers or set(answers) & set(row["show_first_for"])
    ]


@dataclass(frozen=True, slots=True)
class Outside:
    """A door outside the network, with what of it was confirmed."""

    name: str
    what: str
    number: str
    address: str
    verified: bool


def outside(codes: Iterable[str]) -> list[Outside]:
    """The doors outside the network that carry these codes, in the order that is asked for."""
    rows = wording.raw("directory/doors")["door"]
    numbers = {r["code"]: r["number"] for r in wording.raw("directory/hotlines")["hotline"]}
    return [
        Outside(
            name=content.say(row["name"]),
            what=content.say(row["what"]),
            number=numbers.get(row.get("hotline", ""), ""),
            address=row.get("address", ""),
            verified=row["verified"],
        )
        for row in (rows[code] for code in codes)
    ]


def kinds() -> dict[str, str]:
    """The names of all kinds of help, by code, in the order of the file."""
    rows = wording.raw("directory/services")["service"]
    return {row["code"]: content.say(row["name"]) for row in rows}


@dataclass(frozen=True, slots=True)
class Place:
    """A desk with the help that it gives under the same conditions."""

    desk: Desk
    kinds: tuple[str, ...]
    hours: str
    cost: str
    access: str
    contact: str
    verified_at: datetime | None
    is_stale: bool
    is_hidden: bool


def places(region: str, kind: str, now: datetime) -> list[Place]:
    """Who helps in a region and for its whole province, those nearest first; "" stands for all.

    Where somebody may be sheltered, nothing tells the way: no address, no contact.
    """
    words = kinds()
    groups: dict[tuple[object, ...], list[Service]] = {}
    for service in _services(region, kind):
        terms = (service.hours, service.cost, service.access, service.contact)
        groups.setdefault((service.desk_id, _is_hidden(service), *terms), []).append(service)
    return [_place(services, words, now) for services in groups.values()]


def _services(region: str, kind: str) -> list[Service]:
    rows = Service.objects.select_related("desk__agency__region").order_by(
        "desk__name", "desk", "ref"
    )
    if region:
        rows = rows.filter(desk__agency__region__in=[region, region[:2]])
    if kind:
        rows = rows.filter(kind=kind)
    return sorted(
        rows, key=lambda row: (-len(row.desk.agency.region_id), row.desk.agency.region_id)
    )


def _place(services: list[Service], words: dict[str, str], now: datetime) -> Place:
    first = services[0]
    hidden = _is_hidden(first)
    codes = {service.kind for service in services}
    return Place(
        desk=first.desk,
        kinds=tuple(word for code, word in words.items() if code in codes),
        hours=first.hours,
        cost=first.cost,
        access="" if hidden else first.access,
        contact="" if hidden else first.contact,
        verified_at=min((s.verified_at for s in services if s.verified_at), default=None),
        is_stale=any(service.is_stale_at(now) for service in services),
        is_hidden=hidden,
    )


def _is_hidden(service: Service) -> bool:
    desk = service.desk
    return "shelter" in {desk.duty, desk.agency.type, service.kind}


def regions() -> QuerySet[Region]:
    """The regions that a listed place is in, provinces first."""
    return Region.objects.filter(agency__desks__services__isnull=False).distinct().order_by("pk")


def kinds_of(desks: Iterable[Desk]) -> dict[int, list[str]]:
    """The codes of the help that each of these desks gives, by row id."""
    found: dict[int, list[str]] = {desk.pk: [] for desk in desks}
    rows = Service.objects.filter(desk__in=list(found)).order_by("desk", "kind")
    for desk, kind in rows.values_list("desk_id", "kind"):
        found[desk].append(kind)
    return found
