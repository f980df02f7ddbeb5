"""The key directory: signed, chained statements that every sealing checks first.

Kinds of payload: `root` (the first day), `admin`, `desk`, `member`, `rekey`, `custody` (two signatures;
the first two administrators one of the root), `leave`, `unadmin` (one signature, at once), `epoch`
(one signature of a member of the desk, ADR 0012). A payload names the
agencies from the root of the tree down, so that who may sign for whom is inside what is signed; and
their names and the desk's, so that a person who chooses by name chooses what was signed.
"""

import json
import threading
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction

from simpul.vault import crypto, pins
from simpul.vault.crypto import Pair, canonical, sha256
from simpul.vault.models import DirectoryEntry

GENESIS = bytes(32)
MOST_CUSTODIANS = 7  # 35 sets of 4: 140 sealed shares
Payload = dict[str, Any]


class Untrusted(Exception):
    """The directory in the database is not the one that was signed; nothing is sealed on its word."""


class NotInDirectory(Exception):
    """No signed entry says that this key belongs there."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A public key that signed entries vouch for."""

    ref: UUID
    public: bytes
    verifying: bytes
    desk: int | None = None
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Custody:
    """Who together can recover a desk's key: any `need` of these people."""

    id: str
    need: int
    people: tuple[UUID, ...]


@dataclass
class Verified:
    """What the entries up to `number` say, every signature checked."""

    number: int = -1
    hash: bytes = GENESIS
    root: bytes = b""
    founders: int = 0  # administrators whom the root has vouched for: two, and never again
    seen: set[str] = field(default_factory=set)
    admins: dict[UUID, str] = field(default_factory=dict)
    people: dict[UUID, Recipient] = field(default_factory=dict)
    desks: dict[int, Recipient] = field(default_factory=dict)
    agencies: dict[int, list[str]] = field(default_factory=dict)
    lines: dict[str, list[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # of agencies, by reference
    titles: dict[int, str] = field(default_factory=dict)  # of desks
    members: set[tuple[int, UUID]] = field(default_factory=set)
    custodies: dict[int, "Custody"] = field(default_factory=dict)

    def desk(self, desk: int) -> Recipient:
        """The desk's key in its present epoch. Raises NotInDirectory."""
        try:
            return self.desks[desk]
        except KeyError:
            raise NotInDirectory(f"desk {desk}") from None

    def person(self, ref: UUID) -> Recipient:
        """A person's key, also of one who has left: her old signatures stay valid. Raises NotInDirectory."""
        try:
            return self.people[ref]
        except KeyError:
            raise NotInDirectory(f"person {ref}") from None

    def member(self, desk: int, ref: UUID) -> Recipient:
        """A present member's key. Raises NotInDirectory."""
        if (desk, ref) not in self.members:
            raise NotInDirectory(f"member {ref} of desk {desk}")
        return self.people[ref]

    def place(self, desk: int) -> list[str]:
        """The agencies from the root of the tree down to the desk's. Raises NotInDirectory."""
        try:
            return self.agencies[desk]
        except KeyError:
            raise NotInDirectory(f"desk {desk}") from None

    def vouches(self, desk: int, title: str, line: list[tuple[str, str]]) -> bool:
        """Whether a desk's name and place, and the names on its line, are those that were signed."""
        return (
            self.titles.get(desk) == title
            and self.agencies.get(desk) == [ref for ref, _name in line]
            and all(self.names.get(ref) == name for ref, name in line)
        )

    def follow(self, entry: DirectoryEntry) -> None:
        """Checks the next entry wholly and takes it in. Raises Untrusted."""
        if entry.number != self.number + 1 or bytes(entry.previous) != self.hash:
            raise Untrusted(f"entry {entry.number} does not follow {self.number}")
        if bytes(entry.hash) != entry.expected_hash():
            raise Untrusted(f"entry {entry.number} was altered")
        try:
            said: Payload = json.loads(entry.payload)
            if said["instance"] != settings.INSTANCE or said["id"] in self.seen:
                raise Untrusted(f"entry {entry.number} is another instance's or a repetition")
            self._check_signatures(entry, said)
            self._take(said)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise Untrusted(f"entry {entry.number} is no statement") from error
        self.seen.add(said["id"])
        self.number, self.hash = entry.number, bytes(entry.hash)

    def _check_signatures(self, entry: DirectoryEntry, said: Payload) -> None:
        message = signed_bytes(entry.payload)
        valid = set()
        for key, signature in entry.signatures.items():
            ref = UUID(key)
            verifying = self.root if ref.int == 0 else None
            if entry.number == 0 and said["kind"] == "root":
                verifying = bytes.fromhex(said["verifying"])
            elif ref in self.admins or (said["kind"] == "epoch" and self._sits(said, ref)):
                verifying = self.people[ref].verifying
            if verifying and crypto.verify(verifying, bytes.fromhex(signature), message):
                valid.add(ref)
        if not self.enough(said, valid):
            raise Untrusted(f"entry {entry.number} lacks signatures")

    def enough(self, said: Payload, signers: Iterable[UUID]) -> bool:
        """Whether these valid signers suffice for what the payload says."""
        signers = set(signers)
        root = UUID(int=0)
        if said["kind"] == "root":
            return self.number == -1 and root in signers
        if said["kind"] == "admin" and self.founders < 2:
            return root in signers
        if said["kind"] == "epoch":
            return any(self._sits(said, ref) for ref in signers)
        counted = {ref for ref in signers if self.may_sign(said, ref)}
        return len(counted) >= (1 if said["kind"] in {"leave", "unadmin"} else 2)

    def may_sign(self, said: Payload, ref: UUID) -> bool:
        """Whether this administrator's scope covers it; nobody signs for herself."""
        scope = self.admins.get(ref)
        herself = {UUID(said[key]) for key in ("person", "former") if key in said}
        if scope is None or ref in herself or said["kind"] == "epoch":
            return False
        return scope in self._agencies_of(said)

    def _sits(self, said: Payload, ref: UUID) -> bool:
        return (said["desk"], ref) in self.members

    def _agencies_of(self, said: Payload) -> list[str]:
        if said["kind"] == "rekey":
            return self.above_all(UUID(said["former"]))
        if "desk" in said and said["desk"] in self.agencies:
            return self.agencies[said["desk"]]  # what was signed first cannot be claimed otherwise
        if said["kind"] == "unadmin":
            return self.lines.get(self.admins.get(UUID(said["person"]), ""), [])
        agencies: list[str] = said.get("agencies", [])
        return agencies

    def _take(self, said: Payload) -> None:
        match said["kind"]:
            case "root":
                self.root = bytes.fromhex(said["verifying"])
            case "admin":
                self._take_person(said)
                self._take_line(said)
                self.founders += self.founders < 2
                self.admins[UUID(said["person"])] = said["agencies"][-1]
            case "unadmin":
                self.admins.pop(UUID(said["person"]), None)
            case "desk":
                known = self.desks.get(said["desk"])
                if known and said["epoch"] <= known.epoch:
                    raise Untrusted("a desk's epoch must grow")
                self._take_key(said)
                self.titles[said["desk"]] = str(said.get("title", ""))
                self._take_place(said)
            case "member":
                self._take_person(said)
                self._take_place(said)
                self.members.add((said["desk"], UUID(said["person"])))
            case "epoch":
                known = self.desks[said["desk"]]
                if said["epoch"] != known.epoch + 1:
                    raise Untrusted("a desk's epochs follow one another")
                self._take_key(said)
            case "rekey":
                self._take_person(said)
                self._move(UUID(said["former"]), UUID(said["person"]))
            case "custody":
                people = [UUID(ref) for ref in said["people"]]
                if not 2 <= said["need"] <= len(set(people)) == len(people) <= MOST_CUSTODIANS:
                    raise Untrusted("a custody needs two or more of its people")
                if any(ref not in self.people for ref in people):
                    raise Untrusted("a custodian is somebody whom the directory knows")
                self.custodies[said["desk"]] = Custody(said["id"], said["need"], tuple(people))
            case "leave":
                self.members.discard((said["desk"], UUID(said["person"])))
            case kind:
                raise Untrusted(f"unknown kind {kind}")

    def _take_key(self, said: Payload) -> None:
        self.desks[said["desk"]] = Recipient(
            UUID(said["key"]), bytes.fromhex(said["public"]), bytes.fromhex(said["verifying"]),
            said["desk"], said["epoch"],
        )  # fmt: skip

    def _move(self, former: UUID, person: UUID) -> None:
        """Puts a person's new key wherever her former one stood; the former one signs no more."""
        here = {desk for desk, ref in self.members if ref == former}
        self.members -= {(desk, former) for desk in here}
        self.members |= {(desk, person) for desk in here}
        if former in self.admins:
            self.admins[person] = self.admins.pop(former)
        for desk, known in self.custodies.items():
            people = tuple(person if ref == former else ref for ref in known.people)
            self.custodies[desk] = Custody(known.id, known.need, people)

    def above_all(self, ref: UUID) -> list[str]:
        """The agencies that stand above every place of a person."""
        lines = [self.agencies[desk] for desk, person in self.members if person == ref]
        if ref in self.admins:
            lines.append(self.lines[self.admins[ref]])
        if not lines:
            return []
        return [agency for agency in lines[0] if all(agency in line for line in lines)]

    def _take_line(self, said: Payload) -> None:
        """The tree grows downwards only: nobody signs herself above the agency she signs for."""
        for end, agency in enumerate(said["agencies"], start=1):
            line = said["agencies"][:end]
            if self.lines.setdefault(agency, line) != line:
                raise Untrusted("an agency cannot move in the tree")
        self.names |= zip(said["agencies"], said.get("names", []), strict=False)

    def _take_place(self, said: Payload) -> None:
        self._take_line(said)
        if self.agencies.setdefault(said["desk"], said["agencies"]) != said["agencies"]:
            raise Untrusted("a desk cannot move to another agency")

    def _take_person(self, said: Payload) -> None:
        ref = UUID(said["person"])
        person = Recipient(ref, bytes.fromhex(said["public"]), bytes.fromhex(said["verifying"]))
        if self.people.setdefault(ref, person) != person:
            raise Untrusted("a person's key cannot change under the same ref")


_cached: Verified | None = None
_begun: pins.Pin | None = None  # the first day's root while its transaction is still open
_lock = threading.Lock()


def current() -> Verified:
    """The verified directory; only entries newer than the last call are checked. Raises Untrusted.

    The head may never be behind what is pinned in `var/`. What this process remembers may be of a
    transaction that was undone; so where it does not fit, everything is read again.
    """
    global _cached
    with _lock:
        pinned = pins.read()
        pin = pinned or _begun
        heads = DirectoryEntry.objects.order_by("-number").values_list("number", "hash")
        head = heads.first()
        if head is None:
            if pinned:
                raise Untrusted("the directory is older than the one pinned here")
            return Verified()
        known = _cached or Verified()
        if head[0] != known.number or bytes(head[1]) != known.hash:
            try:
                known = _read_on(known, pin)
            except Untrusted:
                known = _read_on(Verified(), pin)
            _cached = known
        if pin is None:
            raise Untrusted(
                "no root is pinned here; the first day has not been held on this machine"
            )
        if known.number < pin.number:
            raise Untrusted("the directory is older than the one pinned here")
        if sha256(known.root).hex() != pin.root:
            raise Untrusted("the root is not the one pinned here")
        if known.number > pin.number:
            _pin_when_done(known)
        return known


def as_found() -> Verified:
    """What the database's own entries say, every signature checked, whatever is pinned. Raises Untrusted.

    Only for showing how far a restored database is behind: nothing is sealed on its word.
    """
    found = Verified()
    for entry in DirectoryEntry.objects.order_by("number"):
        found.follow(entry)
    pin = pins.read()
    if pin and found.number >= 0 and sha256(found.root).hex() != pin.root:
        raise Untrusted("the root is not the one pinned here")
    return found


def _read_on(known: Verified, pin: pins.Pin | None) -> Verified:
    """Follows the new entries on a copy, so that a false one leaves nothing behind."""
    following = deepcopy(known)
    for entry in DirectoryEntry.objects.filter(number__gt=known.number).order_by("number"):
        following.follow(entry)
        if pin and entry.number == pin.number and bytes(entry.hash).hex() != pin.hash:
            raise Untrusted("the directory parts from the one pinned here")
    if following.number == known.number:
        raise Untrusted("the directory's head was altered")
    return following


def _pin_when_done(known: Verified) -> pins.Pin:
    """Moves the pin forward once what was read or written is sure to stay."""
    pin = pins.Pin(sha256(known.root).hex(), known.number, known.hash.hex())
    transaction.on_commit(lambda: pins.advance(pin))
    return pin


def sound_part() -> Verified:
    """The entries that follow one from the other with all signatures, up to the first that does not."""
    known = Verified()
    try:
        for entry in DirectoryEntry.objects.order_by("number"):
            known.follow(entry)
    except Untrusted:
        pass
    return known


def check_can_take_out(sound: int) -> None:
    """What follows `sound` was added by nobody. Raises Untrusted where this machine once verified it."""
    pin = pins.read()
    if pin and pin.number > sound:
        raise Untrusted(f"entry {sound + 1} was signed and has been altered")


def take_out(number: int) -> bytes:
    """Takes entry `number` and those above it out of the table, where nobody signed them.

    Returns what they said. Raises Untrusted when `number` is not the first unsigned entry, or when
    this machine once verified an entry there: then a signed one was altered, and its copy is needed.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7340001)")
        sound = sound_part()
        check_can_take_out(sound.number)
        above = DirectoryEntry.objects.filter(number__gt=sound.number).order_by("number")
        said = [canonical(entry.number, entry.payload) for entry in above]
        if number != sound.number + 1 or not said:
            raise Untrusted(f"entries up to {sound.number} are signed")
        cursor.execute("ALTER TABLE vault_directoryentry DISABLE TRIGGER append_only")
        above.delete()
        cursor.execute("ALTER TABLE vault_directoryentry ENABLE TRIGGER append_only")
    forget()
    return b"".join(said)


def forget() -> None:
    """Drops what this process has verified, so that the next call reads and checks everything."""
    global _cached, _begun
    with _lock:
        _cached = _begun = None


def statement(kind: str, **said: Any) -> str:
    """A new payload in canonical JSON, with an id of its own so that it can be taken in only once."""
    payload = {"kind": kind, "id": str(uuid4()), "instance": settings.INSTANCE, **said}
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def about(payload: str) -> Payload:
    """What a payload says."""
    said: Payload = json.loads(payload)
    return said


def signed_bytes(payload: str) -> bytes:
    """What is signed: the payload under its own purpose."""
    return canonical("simpul", "directory", payload)


def sign(payload: str, pair: Pair) -> str:
    """An administrator's signature in hex."""
    return pair.sign(signed_bytes(payload)).hex()


def append(payload: str, signatures: dict[str, str]) -> DirectoryEntry:
    """Adds a statement to the chain after checking it as every reader will. Raises Untrusted.

    Two at once: the second waits for the table lock and follows the first.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7340001)")
    known = current()
    entry = DirectoryEntry(
        number=known.number + 1, payload=payload, signatures=signatures, previous=known.hash
    )
    entry.hash = entry.expected_hash()
    trial = deepcopy(known)
    trial.follow(entry)
    entry.save(force_insert=True)
    _pin_when_done(trial)
    return entry


def begin(root: Pair) -> str:
    """The first day: writes the root's entry and returns its fingerprint (SHA-256, hex).

    The root is pinned when the transaction is done; a first day that breaks off leaves no pin.
    """
    global _begun
    payload = statement("root", verifying=root.verifying.hex())
    entry = DirectoryEntry(number=0, payload=payload, previous=GENESIS)
    entry.signatures = {str(UUID(int=0)): sign(payload, root)}
    entry.hash = entry.expected_hash()
    first = Verified()
    first.follow(entry)
    entry.save(force_insert=True)
    _begun = _pin_when_done(first)
    return _begun.root


def check_number(public: bytes, verifying: bytes) -> str:
    """Twenty digits of a key's fingerprint (66 bits), in fives, to compare by telephone."""
    digest = sha256(canonical("simpul", "check number", public, verifying))
    digits = f"{int.from_bytes(digest, 'big') % 10**20:020d}"
    return " ".join(digits[place : place + 5] for place in range(0, 20, 5))


def keys_said(pair_public: bytes, verifying: bytes) -> dict[str, str]:
    """Public halves as they stand in a payload."""
    return {"public": pair_public.hex(), "verifying": verifying.hex()}
