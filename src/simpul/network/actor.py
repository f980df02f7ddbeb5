"""Who acts in this request: a person, the desks whose keys she holds, and the keys themselves."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings

from simpul.accounts.models import User
from simpul.network.models import Agency, Alarm, Desk
from simpul.vault import keydirectory
from simpul.vault.keyring import Closed, Keyring


@dataclass
class Actor:
    """A signed-in person for the length of one request."""

    user: User
    keyring: Keyring = field(repr=False)
    desks: list[Desk]
    waiting: list[Desk] = field(default_factory=list)
    agency: Agency | None = None  # the agency she administers, if any

    @property
    def ref(self) -> UUID:
        """The key ref that the audit chain names."""
        return self.user.keypair_id

    @property
    def desk_ids(self) -> list[int]:
        """The row ids of the desks, as the policies see them."""
        return [desk.pk for desk in self.desks]

    @property
    def desk_id(self) -> int | None:
        """The first desk, in whose name she acts where no record decides."""
        return self.desks[0].pk if self.desks else None

    @property
    def zone(self) -> str:
        """The time zone of the first desk, in which days begin and clocks are told."""
        return self.desks[0].agency.region.zone if self.desks else settings.TIME_ZONE

    @property
    def check_number(self) -> str:
        """Twenty digits of her own key, from the private half: what she reads out on the telephone."""
        return keydirectory.check_number(self.keyring.own.public, self.keyring.own.verifying)

    def check_number_of(self, key: UUID) -> str:
        """The same of a desk's key, from her own copy of it; nothing when she holds none."""
        try:
            pair = self.keyring.pair(key)
        except Closed:
            return ""
        return keydirectory.check_number(pair.public, pair.verifying)

    @property
    def is_administrator(self) -> bool:
        """Whether she signs for an agency."""
        return self.agency is not None

    @property
    def alarms(self) -> list[Alarm]:
        """The newest alarms about herself; what others see of her, she sees too."""
        return list(Alarm.objects.filter(person=self.ref).order_by("-hour_at", "rule")[:20])

    def desk_among(self, desks: Iterable[int]) -> Desk | None:
        """The first of her desks that is among these."""
        ids = set(desks)
        return next((desk for desk in self.desks if desk.pk in ids), None)
