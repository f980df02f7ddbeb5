"""The private keys that one request may use, and nothing of them afterwards."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

from django.conf import settings

from simpul.vault import crypto
from simpul.vault.crypto import Pair
from simpul.vault.models import KeyCopy, KeyPair


class Closed(Exception):
    """None of the keys at hand opens this."""


@dataclass
class Keyring:
    """A person's own pair (staff or reporter) and the desk pairs that she holds copies of."""

    own: Pair
    _desks: dict[UUID, Pair] = field(default_factory=dict, repr=False)
    _copies: dict[UUID, bytes] | None = field(default=None, repr=False)

    def pair(self, ref: UUID) -> Pair:
        """The private pair behind a public one; a desk's is opened on first use. Raises Closed.

        All copies are fetched at once: most keys that are asked for are other people's, and a page
        of fifty would ask fifty times.
        """
        if ref == self.own.ref:
            return self.own
        if ref not in self._desks:
            if self._copies is None:
                held = KeyCopy.objects.filter(holder_id=self.own.ref).order_by("ref")
                self._copies = {copy.keypair_id: bytes(copy.sealed) for copy in held}
            if ref not in self._copies:
                raise Closed(str(ref))
            seed = self.own.open(self._copies[ref], _handover(ref, self.own.ref))
            self._desks[ref] = Pair(ref, seed)
        return self._desks[ref]


def make_pair(kind: str, *, desk: int | None = None, epoch: int = 1) -> tuple[Pair, KeyPair]:
    """Makes a fresh private pair and stores its public half."""
    pair = Pair(uuid4(), crypto.random())
    return pair, KeyPair.objects.create(
        ref=pair.ref,
        kind=kind,
        desk=desk,
        epoch=epoch,
        public=pair.public,
        verifying=pair.verifying,
    )


def hand_over(pair: Pair, *, desk: int, to: UUID, public: bytes) -> KeyCopy:
    """Seals a desk's private half to a member, whose public half the caller took from the directory."""
    sealed = crypto.seal_to(public, pair.seed, _handover(pair.ref, to))
    return KeyCopy.objects.create(keypair_id=pair.ref, holder_id=to, desk=desk, sealed=sealed)


def _handover(keypair: UUID, holder: UUID) -> bytes:
    return crypto.canonical("simpul", "handover", settings.INSTANCE, keypair, holder)
