"""A report: who may receive it, how it stands, and its sealed parts."""

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
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
        ERASED = "erased", _("Dihapus")

    class Channel(models.TextChoices):
        WEB = "web", _("Halaman laporan")
        WALK_IN = "walk_in", _("Datang langsung")
        PHONE = "phone", _("Telepon")

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
    frozen_at = models.DateTimeField(null=True, help_text="She closed it to every desk for now.")
    erased_at = models.DateTimeField(null=True)
    kept_on = models.DateField(null=True, help_text="Until which day; said by month, no closer.")
    desks = ArrayField(models.IntegerField(), default=list)

    class Privacy:
        internal = {
            "ref", "code", "lookup", "keypair", "dialogue", "state", "channel", "urgent",
            "receiver", "fallback", "text_version", "filed_at", "taken_at", "taken_by", "woken_at",
            "withdrawn_at", "frozen_at", "erased_at", "kept_on", "desks",
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
    """A picture, PDF, text or voice note of either side, scrubbed before it was sealed."""

    report = models.ForeignKey(Report, models.CASCADE, related_name="attachments")
    desk = models.ForeignKey(
        Desk, models.PROTECT, null=True, related_name="+"
    )  # null: the reporter
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="attachments")
    added_at = models.DateTimeField()
    about = SealedField()
    data = SealedField()

    class Privacy:
        internal = {"ref", "envelope", "row_version", "report", "desk", "message", "added_at"}
        sealed = {"about", "data"}


class Departure(models.Model):
    """That a reporter has left a desk for another one: all that the desk may still know of it."""

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    desk = models.ForeignKey(Desk, models.CASCADE, related_name="+")
    code = models.CharField(max_length=10)
    left_at = models.DateTimeField()

    class Privacy:
        internal = {"ref", "desk", "code", "left_at"}


class Erasure(models.Model):
    """That a reporter asked to erase everything: by when, and what came of it. It holds no content."""

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    report = models.ForeignKey(Report, models.CASCADE, related_name="erasures")
    desk = models.ForeignKey(Desk, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=20, default="", help_text="A code of `refusals.toml`.")

    class Privacy:
        internal = {
            "ref", "report", "desk", "asked_at", "due_at", "done_at", "cancelled_at", "refused_at",
            "reason",
        }  # fmt: skip

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["report"],
                condition=Q(done_at=None, cancelled_at=None, refused_at=None),
                name="reports_one_erasure_waits",
            )
        ]

    @property
    def is_waiting(self) -> bool:
        """Whether nobody has decided and nothing has happened yet."""
        return self.done_at is self.cancelled_at is self.refused_at is None
