"""A desk whose members are all gone: m of n custodians give its key back, slowly and in the open."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import combinations
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from simpul.cases.actions import files
from simpul.cases.models import Case
from simpul.core.access import NotYourDuty
from simpul.network import actions
from simpul.network.actions import custody
from simpul.network.actions.custody import NotEnough, NotEntrusted, PartsDoNotFit, TooEarly, TooFew
from simpul.network.models import Contribution, Proposal, Recovery, Share
from simpul.vault import crypto, keydirectory
from simpul.vault import custody as parts
from simpul.vault.crypto import Pair
from simpul.vault.custody import MixedUp, Part
from simpul.vault.keydirectory import Recipient
from simpul.vault.models import AuditLine, KeyCopy
from tests.conftest import Cast, Door
from tests.network.test_pages import text

KEEPERS = ("intake", "office", "fallback", "clinic", "root-two")


def name(
    cast: Cast, desk: str = "shelter", need: int = 3, people: tuple[str, ...] = KEEPERS
) -> None:
    """Two administrators sign who keeps parts of a desk's key."""
    users = [cast.user(key) for key in people]
    with cast.acting("root-one") as actor:
        proposal = custody.name_custodians(
            actor=actor, desk=cast.desk(desk), people=users, need=need
        )
    for who in ("root-one", "root-two"):
        with cast.acting(who) as actor:
            actions.sign(actor=actor, proposal=proposal, now=timezone.now())


def entrust(cast: Cast, who: str = "shelter") -> None:
    """A member entrusts the key."""
    with cast.acting(who) as actor:
        custody.entrust(actor=actor, desk=cast.desk("shelter"))


def ask(cast: Cast, *, drill: bool = False, waited: bool = True) -> Recovery:
    """An administrator asks; the days of waiting are over unless told otherwise."""
    now = timezone.now()
    with cast.acting("root-one") as actor:
        made = custody.ask(
            actor=actor,
            desk=cast.desk("shelter"),
            member=cast.user("leaver"),
            now=now,
            drill=drill,
        )
    if waited:
        Recovery.objects.filter(pk=made.pk).update(opens_at=now)
    return Recovery.objects.get(pk=made.pk)


def help_(cast: Cast, recovery: Recovery, *who: str, now: datetime | None = None) -> None:
    """Custodians pass their parts on."""
    for one in who:
        with cast.acting(one) as actor:
            custody.contribute(actor=actor, recovery=recovery, now=now or timezone.now())


def finish(cast: Cast, recovery: Recovery, who: str = "leaver") -> None:
    """The parts are put together."""
    with cast.acting(who) as actor:
        custody.finish(actor=actor, recovery=recovery, now=timezone.now())


def lose_all(cast: Cast) -> None:
    """Nobody holds the shelter's key any more."""
    KeyCopy.objects.filter(desk=cast.desk("shelter").pk).delete()


@pytest.fixture
def kept(cast: Cast) -> Cast:
    """The shelter's key lies with five custodians, three of whom are needed."""
    name(cast)
    entrust(cast)
    return cast


# --- The arithmetic ------------------------------------------------------------------------------


@given(st.integers(2, 6).flatmap(lambda n: st.tuples(st.integers(2, n), st.just(n))))
def test_any_m_of_n_give_the_key_back_and_fewer_do_not(sizes: tuple[int, int]) -> None:
    """Every whole set of m, and no set that lacks one."""
    need, count = sizes
    key = Pair(uuid4(), crypto.random())
    people = [Pair(uuid4(), crypto.random()) for _one in range(count)]
    public = [Recipient(one.ref, one.public, one.verifying) for one in people]
    made = list(parts.split(key, public, need, custody_id="c"))
    assert len(made) == len(list(combinations(range(count), need))) * need
    to, recovery = Pair(uuid4(), crypto.random()), uuid4()
    for_whom = Recipient(to.ref, to.public, to.verifying)
    whole = Recipient(key.ref, key.public, key.verifying)
    pairs = {one.ref: one for one in people}
    subset = made[0].subset
    passed = {
        part.holder: parts.pass_on(
            pairs[part.holder], part, custody_id="c", key=key.ref, recovery=recovery, to=for_whom
        )
        for part in made
        if part.subset == subset
    }
    back = parts.combine(to, passed, subset=subset, recovery=recovery, key=whole)
    assert back.seed == key.seed
    with pytest.raises(MixedUp):
        parts.combine(
            to, dict(list(passed.items())[1:]), subset=subset, recovery=recovery, key=whole
        )


@pytest.mark.parametrize(
    "what", ["another holder", "another set", "another key", "another custody"]
)
def test_a_part_opens_only_where_it_belongs(what: str) -> None:
    """Mixed up shares are noticed before anything is put together."""
    key, people = Pair(uuid4(), crypto.random()), [Pair(uuid4(), crypto.random()) for _ in "abc"]
    public = [Recipient(one.ref, one.public, one.verifying) for one in people]
    part = next(iter(parts.split(key, public, 2, custody_id="c")))
    holder = next(one for one in people if one.ref == part.holder)
    subset, ref, custody_id = part.subset, key.ref, "c"
    match what:
        case "another holder":
            holder = next(one for one in people if one.ref != part.holder)
        case "another set":
            subset = tuple(reversed(part.subset))
        case "another key":
            ref = uuid4()
        case _:
            custody_id = "d"
    with pytest.raises(crypto.Unopened):
        parts.pass_on(
            holder, Part(subset, holder.ref, part.sealed), custody_id=custody_id, key=ref,
            recovery=uuid4(), to=public[0],
        )  # fmt: skip


# --- The way back --------------------------------------------------------------------------------


def test_three_of_five_give_a_member_the_desks_key_back(kept: Cast) -> None:
    """Nobody held it any more; afterwards she reads what was there and hands it on."""
    receipt = kept.file("intake")
    case: Case = kept.open_case(receipt)
    consent = kept.consent(case, "shelter", ["safety"])
    with kept.acting("intake") as actor:
        from simpul.cases.actions import consents

        consents.share(
            actor=actor, case=case, consent=consent, compartments=["safety"], now=timezone.now()
        )
    lose_all(kept)
    recovery = ask(kept)
    help_(kept, recovery, "office", "clinic")
    with pytest.raises(TooFew):
        finish(kept, recovery)
    help_(kept, recovery, "root-two")
    finish(kept, recovery)
    with kept.acting("leaver") as actor:
        assert [desk.pk for desk in actor.desks] == [kept.desk("shelter").pk]
        shown = files.read(actor=actor, case=Case.objects.select_related("report").get())
        assert shown.open == ["safety"]
    assert not Contribution.objects.exists(), "what was passed on is gone"
    with pytest.raises(TooEarly):
        finish(kept, recovery)


@pytest.mark.parametrize("who", ["office", "leaver", "root-two"])
def test_anybody_concerned_stops_it(kept: Cast, who: str) -> None:
    """A custodian, a member of the desk, an administrator above; also after parts were passed on."""
    recovery = ask(kept)
    help_(kept, recovery, "clinic", "intake")
    with kept.acting(who) as actor:
        custody.refuse(actor=actor, recovery=recovery, now=timezone.now())
    assert not Contribution.objects.exists()
    with pytest.raises(TooEarly):
        help_(kept, recovery, "office")
    with pytest.raises(TooEarly):
        finish(kept, recovery)


def test_nobody_shortens_the_days_of_waiting(kept: Cast) -> None:
    """Not the page, and not foreign code in the workspace."""
    recovery = ask(kept, waited=False)
    assert recovery.opens_at > timezone.now() + timedelta(hours=71)
    with pytest.raises(TooEarly):
        help_(kept, recovery, "office")
    with pytest.raises(DatabaseError):
        help_(kept, recovery, "office", now=timezone.now() + timedelta(days=4))
    with pytest.raises(DatabaseError), kept.acting("root-one"), connection.cursor() as cursor:
        cursor.execute("UPDATE network_recovery SET opens_at = now()")
    with kept.acting("root-one") as actor:
        made = Recovery.objects.create(
            desk=kept.desk("shelter"), keypair_id=kept.desk("shelter").keypair_id, custody="x",
            member=kept.user("leaver"), asked_by=actor.user, asked_at=timezone.now(),
            opens_at=timezone.now(),
        )  # fmt: skip
        made.refresh_from_db()
    assert made.opens_at > timezone.now() + timedelta(hours=71)


def test_a_drill_proves_the_way_and_hands_out_nothing(kept: Cast) -> None:
    """It is about a key that opens nothing, and waits for nobody."""
    before = KeyCopy.objects.count()
    recovery = ask(kept, drill=True, waited=False)
    assert recovery.keypair_id != kept.desk("shelter").keypair_id
    help_(kept, recovery, "office", "clinic", "intake")
    finish(kept, recovery, "root-one")
    assert KeyCopy.objects.count() == before
    events = AuditLine.objects.filter(event="network.recovery_finished")
    assert events.count() == 1
    with (
        pytest.raises(DatabaseError, match="never about"),
        kept.acting("root-one") as actor,
    ):
        Recovery.objects.create(
            desk=kept.desk("shelter"), keypair_id=kept.desk("shelter").keypair_id, custody="x",
            member=kept.user("leaver"), asked_by=actor.user, asked_at=timezone.now(), drill=True,
            opens_at=timezone.now(),
        )  # fmt: skip


@pytest.mark.parametrize(
    "what", ["shares of two custodians", "a share of nobody", "what was passed"]
)
def test_mixed_up_parts_are_named_and_open_nothing(kept: Cast, what: str) -> None:
    """A database administrator swaps rows; the way on is another set of custodians."""
    recovery = ask(kept)
    held = Share.objects.filter(holder=kept.user("office").keypair_id).order_by("ref")
    if what == "shares of two custodians":
        other = Share.objects.filter(holder=kept.user("clinic").keypair_id).order_by("ref")[0]
        held.update(sealed=other.sealed)
    elif what == "a share of nobody":
        held.update(sealed=b"\x01" + bytes(80))
    else:
        help_(kept, recovery, "office", "clinic", "intake")
        Contribution.objects.filter(holder=kept.user("office").keypair_id).update(
            sealed=Contribution.objects.filter(holder=kept.user("clinic").keypair_id)
            .order_by("ref")
            .first()
            .sealed  # type: ignore[union-attr]
        )
        with pytest.raises(PartsDoNotFit):
            finish(kept, recovery)
        assert not KeyCopy.objects.filter(holder=kept.user("leaver").keypair_id, desk=0).exists()
        return
    with pytest.raises(PartsDoNotFit):
        help_(kept, recovery, "office")
    help_(kept, recovery, "clinic", "intake", "fallback")
    finish(kept, recovery)  # the others are enough


@pytest.mark.parametrize("who", ["colleague", "stranger"])
def test_nobody_else_has_a_part_in_it(kept: Cast, who: str) -> None:
    """Neither asks, nor helps, nor refuses, nor finishes; and sees no share."""
    recovery = ask(kept)
    now = timezone.now()
    for act in (custody.contribute, custody.refuse, custody.finish):
        with pytest.raises(NotYourDuty), kept.acting(who) as actor:
            act(actor=actor, recovery=recovery, now=now)
    with pytest.raises(NotYourDuty), kept.acting(who) as actor:
        custody.ask(actor=actor, desk=kept.desk("shelter"), member=kept.user("leaver"), now=now)
    with kept.acting(who):
        assert not Share.objects.exists() and not Contribution.objects.exists()


def test_who_asks_does_not_ask_for_herself_or_for_somebody_elsewhere(kept: Cast) -> None:
    """Only for a member whom two have signed for this desk."""
    with pytest.raises(NotYourDuty), kept.acting("root-one") as actor:
        custody.ask(
            actor=actor, desk=kept.desk("shelter"), member=kept.user("clinic"), now=timezone.now()
        )


def test_a_new_key_of_the_desk_is_entrusted_with_its_making(kept: Cast) -> None:
    """And a recovery of the old one has no object any more."""
    recovery = ask(kept)
    with kept.acting("shelter") as actor:
        actions.renew_desk_key(actor=actor, desk=kept.desk("shelter"))
    keys = set(Share.objects.values_list("keypair_id", flat=True))
    assert keys == {kept.desk("shelter").keypair_id}
    help_(kept, recovery, "office", "clinic", "intake")
    with pytest.raises(TooEarly):
        finish(kept, recovery)


def test_nothing_is_asked_before_a_member_has_entrusted_the_key(cast: Cast) -> None:
    """And a custody needs at least two, of at most seven."""
    with pytest.raises(NotEntrusted):
        ask(cast)
    name(cast)
    with pytest.raises(NotEntrusted):
        ask(cast)
    for need, people in ((1, KEEPERS), (6, KEEPERS), (2, ("intake",))):
        with pytest.raises(NotEnough):
            name(cast, need=need, people=people)
    assert Proposal.objects.filter(kind="custody").count() == 1
    assert keydirectory.current().custodies[cast.desk("shelter").pk].need == 3


def test_one_custodian_helps_once(kept: Cast) -> None:
    """Pressing twice is helping once."""
    recovery = ask(kept)
    help_(kept, recovery, "office", "office")
    rows = Contribution.objects.values_list("subset", "holder")
    assert rows.count() == 6 and {row[1] for row in rows} == {
        UUID(str(kept.user("office").keypair_id))
    }


# --- The pages -----------------------------------------------------------------------------------


def test_the_way_over_the_pages(cast: Cast, sign_in: Callable[[str], Door]) -> None:
    """Named, signed, entrusted, asked, seen by everybody concerned, refused."""
    admin, member, keeper = sign_in("root-one"), sign_in("shelter"), sign_in("clinic")
    desk = cast.desk("shelter")
    at = f"/network/custody/{desk.ref}/"
    assert sign_in("clinic").get(f"{at}people/").status_code == 403
    assert admin.post(f"{at}people/", {"need": "2"}).status_code == 422
    people = [str(cast.user(key).keypair_id) for key in ("clinic", "office", "intake")]
    assert admin.post(f"{at}people/", {"people": people, "need": "2"}).status_code == 302
    proposal = Proposal.objects.get(kind="custody")
    for door in (admin, sign_in("root-two")):
        page = text(door.get(f"/network/proposals/{proposal.ref}/"))
        assert "2 dari 3 penjaga" in page and cast.user("clinic").name in page
        door.post(f"/network/proposals/{proposal.ref}/")
    assert "Titipkan kunci" in text(member.get("/network/custody/"))
    assert keeper.post(f"{at}entrust/", {}).status_code == 404
    assert member.post(f"{at}entrust/", {}).status_code == 302
    assert "kunci sudah dititipkan" in text(keeper.get("/network/custody/"))
    form = {"member": str(cast.user("leaver").keypair_id)}
    answer = admin.post(f"{at}ask/", form)
    assert answer.status_code == 302
    for who in ("shelter", "leaver", "clinic", "office", "root-two"):
        assert "diminta kembali" in text(sign_in(who).get("/")), who
    assert "diminta kembali" not in text(sign_in("fallback").get("/"))
    address = answer.headers["Location"]
    assert sign_in("fallback").get(address).status_code == 404
    assert "Menunggu sampai" in text(keeper.get(address))
    assert keeper.post(address, {"act": "help"}).status_code == 422
    assert keeper.post(address, {"act": "refuse"}).status_code == 302
    assert "Dihentikan oleh" in text(admin.get(address))
    drill = admin.post(f"{at}ask/", form | {"drill": "on"}).headers["Location"]
    assert admin.post(drill, {"act": "finish"}).status_code == 422
    assert keeper.post(drill, {"act": "help"}).status_code == 302
    assert sign_in("office").post(drill, {"act": "help"}).status_code == 302
    assert admin.post(drill, {"act": "finish"}).status_code == 302
    assert "Selesai." in text(admin.get(drill))
