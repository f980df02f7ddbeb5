"""Somebody who asked by SMS or WhatsApp to be called."""

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from simpul.accounts.models import User
from simpul.network.models import Desk
from simpul.vault.fields import SealedField
from simpul.vault.models import SealedRow

TRIES = 3  # so many calls without an answer, then it may be closed for that
APART = timedelta(minutes=10)  # two calls within this time count as one


class Handoff(SealedRow):
    """A number and an hour, sealed to the desk that calls; nothing else of the message is kept.

    `ref` is also the record of its envelope. When it is closed the grant ends, and with it the key:
    from then on nobody can open the number.
    """

    class Channel(models.TextChoices):
        SMS = "sms", _("SMS")
        WHATSAPP = "whatsapp", _("WhatsApp")

    class State(models.TextChoices):
        WAITING = "waiting", _("Menunggu")
        TAKEN = "taken", _("Sedang dihubungi")
        CLOSED = "closed", _("Selesai")

    class Reason(models.TextChoices):
        REPORTED = "reported", _("Laporan sudah dicatat")
        HELPED = "helped", _("Dibantu tanpa laporan")
        NOT_WANTED = "not_wanted", _("Ia tidak ingin dihubungi lagi")
        NOT_REACHED = "not_reached", _("Tiga kali tidak terjawab")
        WRONG = "wrong", _("Salah sambung atau pesan iseng")
        REPLACED = "replaced", _("Diganti jam yang baru")

    desk = models.ForeignKey(Desk, models.PROTECT, related_name="+")
    channel = models.CharField(max_length=8, choices=Channel)
    message = models.BinaryField(unique=True, help_text="A MAC of the provider's message id.")
    caller = models.BinaryField(help_text="A MAC of the number under a key of that day.")
    received_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    taken_at = models.DateTimeField(null=True)
    taken_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    tries = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=12, choices=Reason, blank=True)
    number = SealedField()
    hour = SealedField()

    class Privacy:
        internal = {
            "ref", "envelope", "row_version", "desk", "channel", "message", "caller",
            "received_at", "state", "taken_at", "taken_by", "tries", "tried_at", "closed_at",
            "reason",
        }  # fmt: skip
        sealed = {"number", "hour"}

    class Meta:
        indexes: ClassVar = [models.Index(fields=["caller"], name="handoffs_caller")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["caller"], condition=Q(state="waiting"), name="handoffs_one_waits"
            )
        ]


# What a colleague may end it with; `replaced` is the database's own.
CLOSING = [one for one in Handoff.Reason if one != Handoff.Reason.REPLACED]
