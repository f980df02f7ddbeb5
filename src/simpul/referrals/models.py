"""Handing a need to another desk, warmly, and hearing back."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from simpul.cases.models import Case, Consent
from simpul.core.refs import new_code
from simpul.network.models import Desk
from simpul.vault.fields import SealedField
from simpul.vault.models import Compartment, SealedRow


class Referral(SealedRow):
    """A need handed to one desk; its envelope holds the minimum that may be read before accepting.

    Its `ref` is the record of that envelope. The compartments of the case wait as dormant grants.
    """

    class State(models.TextChoices):
        SENT = "sent", _("Menunggu jawaban")
        ACCEPTED = "accepted", _("Diterima")
        DECLINED = "declined", _("Belum bisa dilayani")
        REPORTED = "reported", _("Sudah ada kabar balik")
        ENDED = "ended", _("Selesai")
        WITHDRAWN = "withdrawn", _("Izin ditarik penyintas")

    class Urgency(models.TextChoices):
        LOW = "low", _("Biasa")
        MEDIUM = "medium", _("Segera")
        HIGH = "high", _("Mendesak")

    code = models.CharField(max_length=10, unique=True, default=new_code)
    case = models.ForeignKey(Case, models.CASCADE, related_name="referrals")
    consent = models.ForeignKey(Consent, models.PROTECT, related_name="referrals")
    compartments = ArrayField(models.CharField(max_length=16, choices=Compartment))
    from_desk = models.ForeignKey(Desk, models.PROTECT, related_name="+")
    to_desk = models.ForeignKey(Desk, models.PROTECT, related_name="+")
    urgency = models.CharField(max_length=6, choices=Urgency)
    need = SealedField()
    answer = SealedField(null=True)
    state = models.CharField(max_length=9, choices=State, default=State.SENT)
    sent_at = models.DateTimeField()
    due_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    desks = ArrayField(models.IntegerField(), default=list)

    class Privacy:
        internal = {
            "ref", "envelope", "row_version", "code", "case", "consent", "compartments",
            "from_desk", "to_desk", "urgency", "state", "sent_at", "due_at", "answered_at",
            "ended_at", "desks",
        }  # fmt: skip
        sealed = {"need", "answer"}

    class Meta:
        indexes: ClassVar = [
            GinIndex(fields=["desks"], name="referrals_desks"),
            models.Index(fields=["to_desk", "state"], name="referrals_waiting"),
        ]


class ReportBack(SealedRow):
    """What the receiving desk tells the sender, and the survivor, about what was done."""

    referral = models.ForeignKey(Referral, models.CASCADE, related_name="reports_back")
    written_at = models.DateTimeField()
    text = SealedField()

    class Privacy:
        internal = {"ref", "envelope", "row_version", "referral", "written_at"}
        sealed = {"text"}
