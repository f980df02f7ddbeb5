"""Custodians of a desk's key: named by two signatures, entrusted by a member, asked when nobody is left."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from simpul.accounts.models import User
from simpul.core.access import AgainstTheRules, require
from simpul.network import access, statements
from simpul.network.actor import Actor
from simpul.network.models import Contribution, Desk, Proposal, Recovery, Share
from simpul.vault import audit, custody, keydirectory, keyring
from simpul.vault.crypto import Pair, Unopened
from simpul.vault.custody import MixedUp, Part, Subset
from simpul.vault.keydirectory import Recipient
from simpul.vault.models import KeyCopy

DELAY = timedelta(hours=72)  # everybody concerned has three days to see it and to refuse


class NotEnough(AgainstTheRules):
    """A custody needs at least two, of two to seven people."""

    def __init__(self) -> None:
        super().__init__(_("Pilih dua sampai tujuh penjaga, dan berapa yang diperlukan."))


class NotEntrusted(AgainstTheRules):
    """No member has entrusted the desk's present key to these custodians."""

    def __init__(self) -> None:
        super().__init__(_("Kunci meja ini belum dititipkan kepada para penjaga."))


class TooEarly(AgainstTheRules):
    """The days in which everybody may refuse are not over, or it was refused or has ended."""

    def __init__(self) -> None:
        super().__init__(_("Belum bisa: masa tunggu belum lewat, atau sudah dihentikan."))


class TooFew(AgainstTheRules):
    """Not enough custodians have helped yet."""

    def __init__(self) -> None:
        super().__init__(_("Belum cukup penjaga yang membantu."))


class PartsDoNotFit(AgainstTheRules):
    """Parts were altered or mixed up; the key they give is not the desk's."""

    def __init__(self) -> None:
        super().__init__(
            _("Bagian-bagian kunci ini tidak cocok. Tidak ada yang dibuka. Minta penjaga lain.")
        )


@transaction.atomic
def name_custodians(*, actor: Actor, desk: Desk, people: list[User], need: int) -> Proposal:
    """Asks two administrators to sign who keeps parts of a desk's key. Raises NotEnough."""
    require(access.can_sign(actor, desk.agency))
    refs = sorted(str(user.keypair_id) for user in people)
    if not 2 <= need <= len(set(refs)) <= keydirectory.MOST_CUSTODIANS:
        raise NotEnough
    said = keydirectory.statement(
        "custody", desk=desk.pk, people=refs, need=need, **statements.place_of(desk.agency)
    )
    proposal = statements.proposal(said, desk=desk, agency=desk.agency)
    proposal.save(force_insert=True)
    audit.record("network.custodians_named", actor=actor, row=proposal.ref)
    return proposal


@transaction.atomic
def entrust(*, actor: Actor, desk: Desk) -> None:
    """A member seals her desk's key to its custodians, in parts; what they had before is gone."""
    require(desk.pk in actor.desk_ids and desk.pk in keydirectory.current().custodies)
    assert desk.keypair_id is not None
    Share.objects.filter(desk=desk).delete()
    Share.objects.bulk_create(statements.shares(actor.keyring.pair(desk.keypair_id), desk=desk))
    audit.record("network.key_entrusted", actor=actor, row=desk.ref, desk=desk.pk)


@transaction.atomic
def ask(*, actor: Actor, desk: Desk, member: User, now: datetime, drill: bool = False) -> Recovery:
    """An administrator asks a desk's custodians for its key, for a member who waits for it.

    Everybody concerned sees it from now on. A drill goes the same way with a key of its own that opens
    nothing, and without the days of waiting. Raises NotEntrusted.
    """
    require(access.can_ask(actor, desk, member))
    known = keydirectory.current().custodies.get(desk.pk)
    if known is None or not access.is_entrusted(desk):
        raise NotEntrusted
    key = desk.keypair_id
    if drill:
        practice, public = keyring.make_pair("desk")
        Share.objects.bulk_create(statements.shares(practice, desk=desk))
        key = public.ref
    assert key is not None
    recovery = Recovery.objects.create(
        desk=desk, keypair_id=key, custody=known.id, member=member, drill=drill,
        asked_by=actor.user, asked_at=now, opens_at=now if drill else now + DELAY,
    )  # fmt: skip
    audit.record("network.recovery_asked", actor=actor, row=recovery.ref, desk=desk.pk)
    return recovery


@transaction.atomic
def refuse(*, actor: Actor, recovery: Recovery, now: datetime) -> None:
    """Any member of the desk, any custodian and any administrator above may stop it, at any time."""
    recovery = Recovery.objects.select_for_update(of=("self",)).get(pk=recovery.pk)
    require(access.can_refuse(actor, recovery))
    if recovery.is_running:
        recovery.refused_at, recovery.refused_by = now, actor.user
        recovery.save(update_fields=["refused_at", "refused_by"])
    audit.record("network.recovery_refused", actor=actor, row=recovery.ref)


@transaction.atomic
def contribute(*, actor: Actor, recovery: Recovery, now: datetime) -> None:
    """A custodian passes her parts on, sealed to the member alone. Raises TooEarly, PartsDoNotFit."""
    recovery = Recovery.objects.select_for_update(of=("self",)).get(pk=recovery.pk)
    require(access.is_custodian(actor, recovery))
    if not recovery.is_running or now < recovery.opens_at:
        raise TooEarly
    to = access.recipient_of(recovery)
    own = actor.keyring.own
    shares = Share.objects.filter(
        holder_id=own.ref, keypair_id=recovery.keypair_id, custody=recovery.custody
    ).order_by("ref")
    try:
        made = [
            Contribution(
                recovery=recovery, subset=share.subset, holder_id=own.ref,
                sealed=custody.pass_on(
                    own, Part(tuple(share.subset), own.ref, bytes(share.sealed)),
                    custody_id=share.custody, key=share.keypair_id, recovery=recovery.ref, to=to,
                ),
            )
            for share in shares
        ]  # fmt: skip
    except Unopened as error:
        raise PartsDoNotFit from error
    Contribution.objects.bulk_create(made, ignore_conflicts=True)
    audit.record("network.recovery_helped", actor=actor, row=recovery.ref)


@transaction.atomic
def finish(*, actor: Actor, recovery: Recovery, now: datetime) -> None:
    """Puts the parts together: the member gets the desk's key; a drill only proves that they fit.

    Raises TooEarly, TooFew, PartsDoNotFit.
    """
    recovery = Recovery.objects.select_for_update(of=("self",)).get(pk=recovery.pk)
    require(access.can_finish(actor, recovery))
    if not recovery.is_running or now < recovery.opens_at:
        raise TooEarly
    pair = _put_together(actor, recovery)
    if not recovery.drill:
        own = keydirectory.current().member(recovery.desk_id, actor.ref)
        if not KeyCopy.objects.filter(keypair_id=pair.ref, holder_id=own.ref).exists():
            keyring.hand_over(pair, desk=recovery.desk_id, to=own.ref, public=own.public)
    recovery.done_at = now
    recovery.save(update_fields=["done_at"])
    audit.record("network.recovery_finished", actor=actor, row=recovery.ref, desk=recovery.desk_id)


def _put_together(actor: Actor, recovery: Recovery) -> Pair:
    """The key from the first set of custodians that is whole."""
    directory = keydirectory.current()
    passed: dict[Subset, dict[UUID, bytes]] = {}
    for row in recovery.contributions.order_by("ref"):
        passed.setdefault(tuple(row.subset), {})[row.holder_id] = bytes(row.sealed)
    key = directory.desk(recovery.desk_id)
    if recovery.drill:
        half = recovery.keypair
        key = Recipient(half.ref, bytes(half.public), bytes(half.verifying))
    elif key.ref != recovery.keypair_id:
        raise TooEarly  # the desk has a newer key: somebody holds it
    for subset, parts in sorted(passed.items(), key=str):
        if set(parts) == set(subset):
            try:
                return custody.combine(
                    actor.keyring.own, parts, subset=subset, recovery=recovery.ref, key=key
                )
            except MixedUp as error:
                raise PartsDoNotFit from error
    raise TooFew
