"""Services that desks offer, in the terms of Open Referral HSDS 3.1 (service, access, cost)."""

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models

from simpul.network.models import Desk

STALE_AFTER = timedelta(days=90)  # clock K24


class Service(models.Model):
    """One kind of help that a desk gives; kept true every ninety days."""

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    desk = models.ForeignKey(Desk, models.CASCADE, related_name="services")
    kind = models.CharField(max_length=24, help_text="A code of content/services.toml.")
    hours = models.CharField(max_length=120, blank=True)
    cost = models.CharField(max_length=120, blank=True)
    access = models.CharField(max_length=200, blank=True, help_text="How to get there.")
    contact = models.CharField(
        max_length=120, blank=True, help_text="The office's, never a person's."
    )
    verified_at = models.DateTimeField(null=True)

    class Privacy:
        public = {"ref", "desk", "kind", "hours", "cost", "access", "contact", "verified_at"}

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["desk", "kind"], name="directory_one_of_a_kind")
        ]

    def is_stale_at(self, now: datetime) -> bool:
        """Whether the entry has gone unchecked for more than ninety days."""
        return self.verified_at is None or now - self.verified_at > STALE_AFTER
