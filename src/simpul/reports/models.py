"""A report: who may receive it, how it stands, and its sealed parts."""

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from simpul.accounts.models import User
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
    frozen_at = models.DateTimeField(null=True, help_text="She closed it to every desk for now.")
    erased_at = models.DateTimeField(null=True)
    kept_on = models.DateField(null=True, help_text="Until which day; said by month, no closer.")
    desks = ArrayField(models.IntegerField(), default=list)
    held = models.BooleanField(
        default=False, db_default=False, help_text="Filed in what looked like a flood."
    )
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    deputy = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    outside = models.ForeignKey(
        Desk, models.PROTECT, null=True, related_name="+", help_text="Is told when it is late."
    )
    due_at = models.DateTimeField(null=True, help_text="Kept by a trigger, from the clocks.")
    aside_at = models.DateTimeField(null=True, help_text="Kept by a trigger, from SetAside.")

    class Privacy:
        internal = {
            "ref", "code", "lookup", "keypair", "dialogue", "state", "channel", "urgent",
            "receiver", "fallback", "text_version", "filed_at", "taken_at", "taken_by", "woken_at",
            "withdrawn_at", "frozen_at", "erased_at", "kept_on", "desks", "held", "owner", "deputy",
            "outside", "due_at", "aside_at",
        }  # fmt: skip

    class Meta:
        indexes: ClassVar = [
            GinIndex(fields=["desks"], name="reports_desks"),
            models.Index(fields=["state", "filed_at"], name="reports_state"),
            models.Index(fields=["dialogue"], name="reports_dialogue"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(deputy=None) | Q(owner=None) | ~Q(deputy=F("owner")),
                name="reports_deputy_is_another",
            )
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


class Tie(models.TextChoices):
    """Whether a colleague is family, works or does business with one of the two sides."""

    NO = "no", _("Tidak")
    YES = "yes", _("Ya")
    UNKNOWN = "unknown", _("Tidak tahu")


class Handover(models.TextChoices):
    """Why a report changes hands; chosen, because a sentence could name somebody."""

    LEAVE = "leave", _("Cuti atau sakit")
    WORKLOAD = "workload", _("Beban kerja")
    WISH = "wish", _("Permintaan penyintas")
    TIE = "tie", _("Ada hubungan dengan salah satu pihak")
    WITHOUT = "without", _("Laporan ini tanpa pemilik")


class Declaration(models.Model):
    """A colleague who has read the report said whether she is tied to somebody in it; never to whom."""

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    report = models.ForeignKey(Report, models.CASCADE, related_name="declarations")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    tie = models.CharField(max_length=7, choices=Tie)
    made_at = models.DateTimeField()

    class Privacy:
        internal = {"ref", "report", "user", "tie", "made_at"}

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["report", "user"], name="reports_one_declaration")
        ]


class Escalation(models.Model):
    """A desk outside the unit was told that something is late: which report, what, since when."""

    class What(models.TextChoices):
        UNANSWERED = "unanswered", _("Belum ada yang menangani")
        NEXT_ACTION = "next_action", _("Langkah berikutnya terlambat")

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    report = models.ForeignKey(Report, models.CASCADE, related_name="escalations")
    code = models.CharField(max_length=10, help_text="The outside desk cannot open the report.")
    what = models.CharField(max_length=11, choices=What)
    since_at = models.DateTimeField()
    desk = models.ForeignKey(Desk, models.PROTECT, null=True, related_name="+")
    late_desk = models.ForeignKey(Desk, models.PROTECT, related_name="+")
    told_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True, help_text="The outside desk has called them.")
    ended_at = models.DateTimeField(null=True, help_text="It is late no more.")

    class Privacy:
        internal = {
            "ref", "report", "code", "what", "since_at", "desk", "late_desk", "told_at",
            "reminded_at", "ended_at",
        }  # fmt: skip

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["report", "what", "since_at"], name="reports_told_once"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["desk"], condition=Q(ended_at=None), name="reports_told")
        ]


class SetAside(models.Model):
    """One colleague thinks that it is no report, a second who has read it agrees; nothing is deleted."""

    class Reason(models.TextChoices):
        TRIAL = "trial", _("Uji coba atau latihan")
        EMPTY = "empty", _("Kosong atau tidak bisa dibaca")
        NO_REPORT = "no_report", _("Bukan laporan")
        MISUSE = "misuse", _("Dipakai untuk mengganggu")

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    report = models.ForeignKey(Report, models.CASCADE, related_name="set_asides")
    reason = models.CharField(max_length=9, choices=Reason)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    agreed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    agreed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, help_text="It is back in the inbox.")

    class Privacy:
        internal = {
            "ref", "report", "reason", "asked_by", "asked_at", "agreed_by", "agreed_at", "ended_at",
        }  # fmt: skip

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(agreed_by=None) | ~Q(agreed_by=F("asked_by")),
                name="reports_two_set_aside",
            ),
            models.UniqueConstraint(
                fields=["report"], condition=Q(ended_at=None), name="reports_one_set_aside"
            ),
        ]


class Acknowledgement(models.Model):
    """A colleague has read the guard-rails in this version."""

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    version = models.CharField(max_length=20)
    made_at = models.DateTimeField()

    class Privacy:
        internal = {"ref", "user", "version", "made_at"}


class Question(SealedRow):
    """May this report be handled together with another one? Which one is sealed, until both say yes."""

    class Answer(models.TextChoices):
        YES = "yes", _("Boleh")
        NO = "no", _("Tidak boleh")
        LATER = "later", _("Nanti")

    report = models.ForeignKey(Report, models.CASCADE, related_name="questions")
    desk = models.ForeignKey(Desk, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    about = SealedField()
    answer = models.CharField(max_length=5, choices=Answer, blank=True)
    answered_at = models.DateTimeField(null=True)
    pair = models.UUIDField(null=True, db_index=True, help_text="Only while her answer is yes.")

    class Privacy:
        internal = {
            "ref", "envelope", "row_version", "report", "desk", "asked_at", "answer",
            "answered_at", "pair",
        }  # fmt: skip
        sealed = {"about"}

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(pair=None) | Q(answer="yes"), name="reports_pair_needs_a_yes"
            )
        ]


class Link(models.Model):
    """Two reports about one event, both of whose reporters said yes; made and ended by a trigger."""

    pair = models.UUIDField(primary_key=True)
    first = models.ForeignKey(Report, models.CASCADE, related_name="+")
    second = models.ForeignKey(Report, models.CASCADE, related_name="+")
    made_at = models.DateTimeField()

    class Privacy:
        internal = {"pair", "first", "second", "made_at"}


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
