"""Which of a person's ways in she may touch: her own."""

from uuid import UUID

from simpul.accounts.models import User
from simpul.core.access import NotYours
from simpul.vault.models import Passkey


def get_passkey(user: User, ref: UUID) -> Passkey:
    """A passkey of hers. Raises NotYours."""
    passkey = Passkey.objects.filter(pk=ref, keypair_id=user.keypair_id).first()
    if passkey is None:
        raise NotYours
    return passkey
