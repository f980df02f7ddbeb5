"""What the network's actions rest on: statements that wait for signatures, and keys in parts."""

from simpul.accounts.models import User
from simpul.network import access
from simpul.network.models import Agency, Desk, Proposal, Share
from simpul.vault import custody, keydirectory
from simpul.vault.crypto import Pair


def proposal(
    payload: str, *, agency: Agency, desk: Desk | None = None, user: User | None = None
) -> Proposal:
    """The row of a statement that waits for its signatures, not written yet."""
    kind = keydirectory.about(payload)["kind"]
    return Proposal(payload=payload, kind=kind, desk=desk, agency=agency, user=user)


def place_of(agency: Agency) -> keydirectory.Payload:
    """The agencies from the root of the tree down, by reference and name, for what is signed."""
    line = access.lines([agency])[agency.pk]
    return {"agencies": [ref for ref, _name in line], "names": [name for _ref, name in line]}


def shares(pair: Pair, *, desk: Desk) -> list[Share]:
    """A key in parts, each sealed to its custodian, not written yet."""
    directory = keydirectory.current()
    known = directory.custodies[desk.pk]
    people = [directory.person(ref) for ref in known.people]
    return [
        Share(
            desk=desk, keypair_id=pair.ref, custody=known.id, subset=list(one.subset),
            holder_id=one.holder, sealed=one.sealed,
        )
        for one in custody.split(pair, people, known.need, custody_id=known.id)
    ]  # fmt: skip
