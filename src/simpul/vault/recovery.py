"""Eight codes on paper; each opens once, in place of the second factor and never of the passphrase."""

import re
from uuid import UUID

from django.conf import settings

from simpul.vault import crypto
from simpul.vault.models import RecoveryCode

COUNT = 8
DIGITS = 20  # 66 bits; digits, so that a phone shows its number keys


def make(person: UUID) -> list[str]:
    """Makes eight fresh codes in groups of five digits; the old ones die."""
    RecoveryCode.objects.filter(keypair_id=person).delete()
    codes = [_fresh() for _ in range(COUNT)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(mac=_mac(person, code), keypair_id=person) for code in codes
    )
    return [" ".join(re.findall(".....", code)) for code in codes]


def use(person: UUID, typed: str) -> bool:
    """Takes a code for good; of two who bring it at the same moment, one gets in."""
    code = re.sub(r"[^0-9]", "", typed)
    count, _by_model = RecoveryCode.objects.filter(
        keypair_id=person, mac=_mac(person, code)
    ).delete()
    return bool(count)


def left(person: UUID) -> int:
    """How many codes still open."""
    return RecoveryCode.objects.filter(keypair_id=person).count()


def _fresh() -> str:
    return str(int.from_bytes(crypto.random(), "big") % 10**DIGITS).zfill(DIGITS)


def _mac(person: UUID, code: str) -> bytes:
    """What is stored: without the pepper it tells nothing, and it fits this person only."""
    return crypto.mac(
        settings.PEPPER, crypto.canonical("simpul", "recovery", settings.INSTANCE, person, code)
    )
