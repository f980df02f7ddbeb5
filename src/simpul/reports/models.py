"""A report: who may receive it, how it stands, and its sealed parts."""

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from simpul.core.refs import new_code
from simpul.network.models import Desk
from simpul.vault.fields import SealedField
from simpul.vault.models import KeyPair, SealedRow


class Report(models.Model):
    """What PostgreSQL may know of a report: where it went, how urgent, how it stands.

    `ref` is also the record that its envelopes belong to; a case opened from it keeps the record.
    """

    class State(models.TextChoices):
        NEW = "new", _("Baru")
        TAKEN = "taken", _("Ditangani")
        WITHDRAWN = "withdrawn", _("Dihentikan pelapor")

    class Channel(models.TextChoices):
        WEB = "web", _("Halaman laporan")
        WALK_IN = "walk_in", _("Datang langsung")
        PHONE = "phone", _("Telepon")
        SMS = "sms", _("SMS")
        WHATSAPP = "whatsapp", _("WhatsApp")
        PAPER = "paper", _("Kertas")

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    code = models.CharField(max_length=10, unique=True, default=new_code)
    lookup = models.BinaryField(unique=True, help_text="Derived from the receipt.")
    keypair = models.OneToOneField(KeyPair, models.PROTECT, related_name="+")
    dialogue = models.UUIDField(default=uuid.uuid4, help_text="The record of the messages.")
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.WEB)
    urgent = models.BooleanField(default=False)
    receiver = models.ForeignKey(Desk, models.PROTECT, related_name="+")
    fallback = models.ForeignKey(Desk, models.PROTECT, null=True, related_name="+")
    text_version = models.CharField(max_length=20, help_text="The wording that she agreed to.")
    filed_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    taken_by = models.ForeignKey(Desk, models.PROTECT, null=True, related_name="+")
    woken_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    desks = ArrayField(models.IntegerField(), default=list)

    class Privacy:
        internal = {
            "ref", "code", "lookup", "keypair", "dialogue", "state", "channel", "urgent",
            "receiver", "fallback", "text_version", "filed_at", "taken_at", "taken_by", "woken_at",
            "withdrawn_at", "desks",
        }  # fmt: skip

    class Meta:
        indexes: ClassVar = [
            GinIndex(fields=["desks"], name="reports_desks"),
            models.Index(fields=["state", "filed_at"], name="reports_state"),
            models.Index(fields=["dialogue"], name="reports_dialogue"),
        ]


class Part(SealedRow):
    """One compartment of what the reporter wrote, as sealed JSON of question → answer."""

    report = models.ForeignKey(Report, models.CASCADE, related_name="parts")
    answers = SealedField()

    class Privacy:
        internal = {"ref", "envelope", "row_version", "report"}
        sealed = {"answers"}


class Message(SealedRow):
    """A message between the reporter and the desk that answers her."""

    report = models.ForeignKey(Report, models.CASCADE, related_name="messages")
    desk = models.ForeignKey(
        Desk, models.PROTECT, null=True, related_name="+"
    )  # null: the reporter
    sent_at = models.DateTimeField()
    text = SealedField()

    class Privacy:
        internal = {"ref", "envelope", "row_version", "report", "desk", "sent_at"}
        sealed = {"text"}


class Attachment(SealedRow):
    """A picture, PDF or text that the reporter added, scrubbed before it was sealed."""

    report = models.ForeignKey(Report, models.CASCADE, related_name="attachments")
    added_at = models.DateTimeField()
    about = SealedField()
    data = SealedField()

    class Privacy:
        internal = {"ref", "envelope", "row_version", "report", "added_at"}
        sealed = {"about", "data"}
