"""What a desk does with and for one survivor."""

import uuid
from datetime import date
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from simpul.accounts.models import User
from simpul.core.refs import new_code
from simpul.network.models import Desk
from simpul.reports.models import Report
from simpul.vault import pieces
from simpul.vault.fields import SealedField
from simpul.vault.models import Compartment, SealedFile, SealedRow


class Case(models.Model):
    """One survivor's case: its owner, how it stands; everything that describes her is sealed."""

    class State(models.TextChoices):
        OPEN = "open", _("Berjalan")
        CLOSED = "closed", _("Ditutup")

    class Risk(models.TextChoices):
        UNKNOWN = "unknown", _("Belum dinilai")
        LOW = "low", _("Rendah")
        MEDIUM = "medium", _("Sedang")
        HIGH = "high", _("Tinggi")

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4, help_text="Also the record.")
    code = models.CharField(max_length=10, unique=True, default=new_code)
    report = models.OneToOneField(Report, models.PROTECT, related_name="case")
    reporter_is_survivor = models.BooleanField(default=True)
    desk = models.ForeignKey(Desk, models.PROTECT, related_name="+")
    owner = models.ForeignKey(User, models.PROTECT, related_name="+")
    state = models.CharField(max_length=6, choices=State, default=State.OPEN)
    risk = models.CharField(max_length=7, choices=Risk, default=Risk.UNKNOWN)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, help_text="When the next action is due.")
    desks = ArrayField(models.IntegerField(), default=list)

    class Privacy:
        internal = {
            "ref", "code", "report", "reporter_is_survivor", "desk", "owner", "state", "risk",
            "opened_at", "due_at", "desks",
        }  # fmt: skip

    class Meta:
        indexes: ClassVar = [
            GinIndex(fields=["desks"], name="cases_desks"),
            models.Index(fields=["desk", "state", "due_at"], name="cases_worklist"),
        ]


class Arrival(models.Model):
    """One of several people who came together: a case of her own, and the case that told of them all."""

    case = models.OneToOneField(Case, models.CASCADE, primary_key=True, related_name="arrival")
    group = models.ForeignKey(Case, models.CASCADE, related_name="arrivals")
    added_at = models.DateTimeField()

    class Privacy:
        internal = {"case", "group", "added_at"}


class Label(SealedRow):
    """A desk's own short working label of a case, sealed to that desk alone."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="labels")
    desk = models.ForeignKey(Desk, models.PROTECT, related_name="+")
    text = SealedField()

    class Privacy:
        internal = {"ref", "envelope", "row_version", "case", "desk"}
        sealed = {"text"}

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "desk"], name="cases_one_label_per_desk")
        ]


class Entry(SealedRow):
    """One note in one compartment; never changed, never deleted: a correction is another entry."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="entries")
    desk = models.ForeignKey(Desk, models.PROTECT, related_name="+")
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    text = SealedField()

    class Privacy:
        internal = {
            "ref", "envelope", "row_version", "case", "desk", "written_by", "written_at",
        }  # fmt: skip
        sealed = {"text"}

    class Meta:
        indexes: ClassVar = [models.Index(fields=["case", "written_at"], name="cases_entries")]


class Identity(SealedRow):
    """Who she is, as her desk wrote it down; never changed: the newest that opens is the one that counts."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="identities")
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    card = SealedField()

    class Privacy:
        internal = {"ref", "envelope", "row_version", "case", "written_by", "written_at"}
        sealed = {"card"}

    class Meta:
        indexes: ClassVar = [models.Index(fields=["case", "written_at"], name="cases_identities")]


class Shard(SealedRow):
    """The names that one desk may search, sealed to it alone and padded; its ref is the record."""

    desk = models.OneToOneField(Desk, models.PROTECT, related_name="+")
    row_version = models.PositiveIntegerField(default=1)
    names = SealedField()

    class Privacy:
        internal = {"ref", "envelope", "row_version", "desk"}
        sealed = {"names"}


class Pending(models.Model):
    """A case at which a desk's shard must look again: a name is new, or its access has ended.

    Written by triggers alone, whoever changes an identity or a grant.
    """

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    desk = models.ForeignKey(Desk, models.CASCADE, related_name="+")
    case = models.UUIDField(help_text="It may be gone already.")

    class Privacy:
        internal = {"ref", "desk", "case"}


class Document(SealedFile):
    """A file in one compartment; struck out, its content is gone and the line stays."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="documents")
    desk = models.ForeignKey(Desk, models.PROTECT, related_name="+")
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    removed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Privacy:
        internal = {
            "ref", "envelope", "row_version", "salt", "pieces", "whole", "begun_at", "finished_at",
            "removed_at", "case", "desk", "added_by", "removed_by",
        }  # fmt: skip
        sealed = {"about"}

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(pieces__range=(1, pieces.MOST)), name="cases_document_has_an_end"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["begun_at"], condition=Q(finished_at=None), name="cases_unfinished"
            )
        ]


class NextAction(SealedRow):
    """What the owner does next, in words the survivor may read, and by when."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="next_actions")
    text = SealedField()
    set_at = models.DateTimeField()
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Privacy:
        internal = {"ref", "envelope", "row_version", "case", "set_at", "due_at", "done_at"}
        sealed = {"text"}

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(done_at=None), name="cases_one_next_action"
            )
        ]


class Consent(models.Model):
    """The survivor's yes: which desk, which compartments, what for, from when until when."""

    class Purpose(models.TextChoices):
        SERVICE = "service", _("Mendapat layanan")
        COORDINATION = "coordination", _("Kerja sama antarlembaga")
        LEGAL_PROCESS = "legal_process", _("Proses hukum")

    class Given(models.TextChoices):
        SPOKEN = "spoken", _("Lisan, dibacakan ulang")
        WRITTEN = "written", _("Tertulis")
        MARK = "mark", _("Cap jempol atau tanda")
        RECEIPT = "receipt", _("Lewat tanda terima")

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    case = models.ForeignKey(Case, models.CASCADE, related_name="consents")
    desk = models.ForeignKey(Desk, models.PROTECT, related_name="+")
    compartments = ArrayField(models.CharField(max_length=16, choices=Compartment))
    purpose = models.CharField(max_length=14, choices=Purpose)
    from_on = models.DateField()
    until_on = models.DateField(help_text="End excluded.")
    given = models.CharField(max_length=8, choices=Given)
    text_version = models.CharField(max_length=20)
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Privacy:
        internal = {
            "ref", "case", "desk", "compartments", "purpose", "from_on", "until_on", "given",
            "text_version", "recorded_by", "recorded_at", "withdrawn_at",
        }  # fmt: skip

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(until_on__gt=models.F("from_on")), name="cases_consent_has_a_length"
            )
        ]

    def stands_on(self, today: date) -> bool:
        """Whether the consent is in force on that day."""
        return self.withdrawn_at is None and self.from_on <= today < self.until_on

    def covers(self, desk: Desk, compartments: list[str], today: date) -> bool:
        """Whether it lets this desk read all of these compartments on that day."""
        return (
            self.stands_on(today)
            and self.desk_id == desk.pk
            and set(compartments) <= set(self.compartments)
        )


class Share(models.Model):
    """Compartments opened to a desk under a consent, without a referral."""

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    case = models.ForeignKey(Case, models.CASCADE, related_name="shares")
    consent = models.ForeignKey(Consent, models.PROTECT, related_name="shares")
    compartments = ArrayField(models.CharField(max_length=16, choices=Compartment))
    shared_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Privacy:
        internal = {"ref", "case", "consent", "compartments", "shared_at", "ended_at"}


class Obligation(models.Model):
    """Something that must end before the case may: an upper room's fact, pushed down."""

    ref = models.UUIDField(primary_key=True, help_text="The row it is about: a referral.")
    case = models.ForeignKey(Case, models.CASCADE, related_name="obligations")
    kind = models.CharField(max_length=12)

    class Privacy:
        internal = {"ref", "case", "kind"}


class Closure(SealedRow):
    """A case was closed, why, and whether it was opened again."""

    class Reason(models.TextChoices):
        GOALS = "goals", _("Tujuan tercapai")
        WISH = "wish", _("Permintaan penyintas")
        MOVED = "moved", _("Pindah wilayah")
        LOST_CONTACT = "lost_contact", _("Kontak terputus setelah beberapa kali dicoba")
        TRANSFERRED = "transferred", _("Dialihkan ke lembaga lain")

    case = models.ForeignKey(Case, models.CASCADE, related_name="closures")
    reason = models.CharField(max_length=12, choices=Reason)
    note = SealedField()
    closed_at = models.DateTimeField()
    reopened_at = models.DateTimeField(null=True)

    class Privacy:
        internal = {
            "ref", "envelope", "row_version", "case", "reason", "closed_at", "reopened_at",
        }  # fmt: skip
        sealed = {"note"}
