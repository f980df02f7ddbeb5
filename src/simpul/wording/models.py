"""Editions of texts and recorded readings. All of it is meant for everybody's eyes and ears."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Release(models.Model):
    """Something public that one person proposes, another approves, and anyone who keeps texts ends.

    `number` counts every change of what the public door says: the one with which this came into
    force, and `until_number` the one with which it ended. Both together tell what was said when.
    """

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    proposed_by = models.UUIDField(help_text="The key ref, as the audit chain names her.")
    proposed_at = models.DateTimeField()
    proposal = models.BinaryField(help_text="Her signature over what she proposes.")
    number = models.PositiveIntegerField(null=True, unique=True)
    approved_by = models.UUIDField(null=True)
    approved_at = models.DateTimeField(null=True)
    approval = models.BinaryField(null=True, help_text="A second person's signature.")
    until_number = models.PositiveIntegerField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def place(self) -> dict[str, str]:
        """What it stands for; only one release stands there at a time."""
        raise NotImplementedError

    @property
    def is_in_force(self) -> bool:
        """Whether the public door may say it."""
        return self.approved_at is not None and self.ended_at is None

    @property
    def is_waiting(self) -> bool:
        """Whether it is a draft that nobody has decided on."""
        return self.approved_at is None and self.ended_at is None


RELEASE = {
    "ref", "proposed_by", "proposed_at", "proposal", "number", "approved_by", "approved_at",
    "approval", "until_number", "ended_at",
}  # fmt: skip
TWO_PEOPLE = Q(approved_by=None) | ~Q(approved_by=F("proposed_by"))
WAITING = Q(approved_at=None, ended_at=None)
IN_FORCE = Q(approved_at__isnull=False, ended_at=None)


class Edition(Release):
    """One text in both languages, in place of the one that was shipped."""

    file = models.CharField(max_length=40, help_text="A file of content/pages.toml.")
    key = models.CharField(max_length=80, help_text="page1.danger.answer_yes")
    indonesian = models.TextField()
    english = models.TextField()
    source = models.CharField(max_length=200)
    is_unverified = models.BooleanField(default=False, help_text="Shown as not matched yet.")
    checked_on = models.DateField()
    over = models.CharField(
        max_length=16, help_text="Check value of the shipped text it replaces."
    )
    reviewer = models.CharField(max_length=60, blank=True, help_text="A role, or a chosen name.")
    reviewed_on = models.DateField(null=True)
    review_note = models.CharField(max_length=400, blank=True)

    class Privacy:
        public = RELEASE | {
            "file", "key", "indonesian", "english", "source", "is_unverified", "checked_on",
            "over", "reviewer", "reviewed_on", "review_note",
        }  # fmt: skip

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=TWO_PEOPLE, name="wording_edition_two_people"),
            models.CheckConstraint(
                condition=Q(approved_at=None) | Q(reviewed_on__isnull=False),
                name="wording_reviewed_first",
            ),
            models.UniqueConstraint(
                fields=["file", "key"], condition=WAITING, name="wording_one_draft"
            ),
            models.UniqueConstraint(
                fields=["file", "key"], condition=IN_FORCE, name="wording_one_in_force"
            ),
        ]

    @property
    def place(self) -> dict[str, str]:
        """The text that it replaces."""
        return {"file": self.file, "key": self.key}


class Recording(Release):
    """A page of the public door, read aloud by a person, in the words of one version."""

    class Voice(models.TextChoices):
        """Chosen, not typed: nobody is named."""

        STAFF = "staff", _("Petugas")
        COMPANION = "companion", _("Pendamping")
        INTERPRETER = "interpreter", _("Juru bahasa")
        ANNOUNCER = "announcer", _("Penyiar")
        VOLUNTEER = "volunteer", _("Relawan")

    page = models.CharField(max_length=20, help_text="A page of content/pages.toml.")
    language = models.CharField(max_length=12, help_text="A code of content/languages.toml.")
    reads = models.CharField(max_length=16, help_text="Check value of the words that are read.")
    voice = models.CharField(max_length=12, choices=Voice)
    has_consent = models.BooleanField(help_text="The voice agreed to be heard by everybody.")
    seconds = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    digest = models.BinaryField(help_text="SHA-256 of the sound.")
    sound = models.BinaryField()

    class Privacy:
        public = RELEASE | {
            "page", "language", "reads", "voice", "has_consent", "seconds", "size", "digest",
            "sound",
        }  # fmt: skip

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=TWO_PEOPLE, name="wording_recording_two_people"),
            models.CheckConstraint(condition=Q(has_consent=True), name="wording_voice_agreed"),
            models.UniqueConstraint(
                fields=["page", "language"], condition=WAITING, name="wording_one_recording_waits"
            ),
            models.UniqueConstraint(
                fields=["page", "language"], condition=IN_FORCE, name="wording_one_reading"
            ),
        ]

    @property
    def place(self) -> dict[str, str]:
        """The page and the language in which it reads it."""
        return {"page": self.page, "language": self.language}
