"""Deadlines that run: which rule, for which record, at which desk, until when."""

import uuid
from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from simpul.clocks import rules
from simpul.network.models import Desk


class Clock(models.Model):
    """One running deadline; it stops when the duty is done and is marked when it was missed."""

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    rule = models.CharField(max_length=3)
    subject = models.UUIDField(help_text="The record the duty is about.")
    desk = models.ForeignKey(Desk, models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    missed_at = models.DateTimeField(null=True)

    class Privacy:
        internal = {
            "ref", "rule", "subject", "desk", "started_at", "due_at", "stopped_at", "missed_at",
        }  # fmt: skip

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["rule", "due_at"], condition=Q(stopped_at=None), name="clocks_due"
            ),
            models.Index(fields=["subject"], name="clocks_subject"),
        ]

    @classmethod
    def start(cls, code: str, *, subject: uuid.UUID, desk: Desk, now: datetime, risk: str) -> Self:
        """Starts the clock of a rule; the upper room's action records why."""
        due_at = rules.rule(code).due(now, risk)
        return cls.objects.create(
            rule=code, subject=subject, desk=desk, started_at=now, due_at=due_at
        )

    @classmethod
    def stop(cls, code: str, *, subject: uuid.UUID, now: datetime) -> None:
        """Stops the running clocks of a rule on a record."""
        running = cls.objects.filter(rule=code, subject=subject, stopped_at=None)
        running.update(stopped_at=now)

    @property
    def basis(self) -> rules.Rule:
        """The rule behind this clock, with its source and whether it was checked."""
        return rules.rule(self.rule)
