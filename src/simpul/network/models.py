"""Agencies in a tree, desks with a duty, who belongs to them, and what waits for signatures."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from simpul.accounts.models import User
from simpul.network import alarms
from simpul.vault.models import KeyPair


class Region(models.Model):
    """A province, regency or city by its Kemendagri code; the BPS code is another number."""

    kode_kemendagri = models.CharField(max_length=5, primary_key=True)
    kode_bps = models.CharField(max_length=4, blank=True)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=10)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="parts")
    zone = models.CharField(max_length=30)

    class Privacy:
        public = {"kode_kemendagri", "kode_bps", "name", "kind", "parent", "zone"}

    def __str__(self) -> str:
        return self.name


class Agency(models.Model):
    """The network, a member agency, or a node of one."""

    class Kind(models.TextChoices):
        NETWORK = "network", _("Jejaring")
        MEMBER = "member", _("Lembaga")
        NODE = "node", _("Unit")

        @classmethod
        def below(cls, kind: str | None) -> "Agency.Kind":
            """The kind of an agency whose parent is of this kind; without a parent, the network."""
            if kind is None:
                return cls.NETWORK
            return cls.MEMBER if kind == cls.NETWORK else cls.NODE

    class Type(models.TextChoices):
        UPTD_PPA = "uptd_ppa", _("UPTD PPA")
        DINAS = "dinas", _("Dinas PPPA")
        OPD = "opd", _("Perangkat daerah")
        BADAN = "badan", _("Badan daerah")
        BIRO = "biro", _("Biro atau bidang")
        RSUD = "rsud", _("Rumah sakit atau puskesmas")
        POLDA = "polda", _("Kepolisian")
        LEGAL_AID = "legal_aid", _("Bantuan hukum")
        SHELTER = "shelter", _("Rumah aman")
        NGO = "ngo", _("Organisasi masyarakat")
        FAITH = "faith", _("Lembaga agama")
        MIGRANT = "migrant", _("Layanan pekerja migran")
        CAMPUS = "campus", _("Kampus")
        UN = "un", _("Badan PBB")

    ref = models.UUIDField(unique=True, default=uuid.uuid4)
    kind = models.CharField(max_length=8, choices=Kind)
    type = models.CharField(max_length=20, help_text="uptd_ppa, dinas, rsud, ngo, legal_aid, …")
    name = models.CharField(max_length=120)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="parts")
    region = models.ForeignKey(Region, models.PROTECT)
    line = ArrayField(models.IntegerField(), default=list, help_text="Row ids, root to self.")

    class Privacy:
        public = {"id", "ref", "kind", "type", "name", "parent", "region", "line"}

    def __str__(self) -> str:
        return self.name


class Desk(models.Model):
    """A small group in an agency with one duty; it holds keys, so that grants survive staff changes."""

    class Duty(models.TextChoices):
        COMPLAINTS = "complaints", _("Pengaduan")
        FOCAL_POINT = "focal_point", _("Fokal poin")
        CASE_MANAGEMENT = "case_management", _("Manajemen kasus")
        MEDICAL = "medical", _("Layanan kesehatan")
        PSYCHOSOCIAL = "psychosocial", _("Psikososial")
        LEGAL_AID = "legal_aid", _("Bantuan hukum")
        SHELTER = "shelter", _("Rumah aman")
        POLICE = "police", _("Kepolisian")
        COORDINATION = "coordination", _("Koordinasi")
        LINKAGE = "linkage", _("Penghubung data")

    ref = models.UUIDField(unique=True, default=uuid.uuid4)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="desks")
    name = models.CharField(max_length=120)
    duty = models.CharField(max_length=16, choices=Duty)
    keypair = models.OneToOneField(KeyPair, models.PROTECT, null=True, related_name="+")
    receiving = models.BooleanField(default=False, help_text="Reports may be sent here.")
    fallback = models.BooleanField(default=False, help_text="Opens reports nobody answered.")

    class Privacy:
        public = {"id", "ref", "agency", "name", "duty", "keypair", "receiving", "fallback"}

    def __str__(self) -> str:
        return self.name

    @property
    def is_ready(self) -> bool:
        """Whether the desk has a key that the directory vouches for, so that one can seal to it."""
        return self.keypair_id is not None


class Membership(models.Model):
    """A person at a desk, from the second signature on; she reads once a colleague hands over the key."""

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    desk = models.ForeignKey(Desk, models.PROTECT, related_name="memberships")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True)

    class Privacy:
        internal = {"ref", "user", "desk", "from_at", "until_at"}

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "desk"], condition=Q(until_at=None), name="network_one_membership"
            )
        ]


class Administrator(models.Model):
    """A person who signs for the agencies below hers; she holds no desk key."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="administers")
    agency = models.ForeignKey(Agency, models.PROTECT)
    from_at = models.DateTimeField()

    class Privacy:
        internal = {"user", "agency", "from_at"}


class Invitation(models.Model):
    """A place kept for a person for seven days; the code opens it once."""

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    code_hash = models.BinaryField(unique=True)
    desk = models.ForeignKey(Desk, models.CASCADE, null=True)
    agency = models.ForeignKey(Agency, models.CASCADE, null=True, help_text="For administrators.")
    returning = models.ForeignKey(
        User, models.CASCADE, null=True, related_name="+", help_text="Who lost her passphrase."
    )
    invited_by = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    until_at = models.DateTimeField()
    user = models.OneToOneField(User, models.CASCADE, null=True, related_name="invitation")

    class Privacy:
        internal = {
            "ref", "code_hash", "desk", "agency", "returning", "invited_by", "until_at", "user",
        }  # fmt: skip

    def is_open_at(self, now: datetime) -> bool:
        """Whether the invitation may still be used."""
        return self.user_id is None and now < self.until_at


class Proposal(models.Model):
    """A directory statement that waits for its signatures; the last one puts it into the directory."""

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    payload = models.TextField()
    kind = models.CharField(max_length=8)
    desk = models.ForeignKey(Desk, models.CASCADE, null=True)
    agency = models.ForeignKey(Agency, models.CASCADE, null=True)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    signatures = models.JSONField(default=dict)
    made_at = models.DateTimeField(auto_now_add=True)
    taken_at = models.DateTimeField(null=True)

    class Privacy:
        internal = {
            "ref", "payload", "kind", "desk", "agency", "user", "signatures", "made_at", "taken_at",
        }  # fmt: skip


class Share(models.Model):
    """A custodian's part of a desk's key, for one set of custodians, sealed to her."""

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    desk = models.ForeignKey(Desk, models.CASCADE, related_name="+")
    keypair = models.ForeignKey(KeyPair, models.CASCADE, related_name="+")
    custody = models.CharField(max_length=36, help_text="The statement that named the custodians.")
    subset = ArrayField(models.UUIDField())
    holder = models.ForeignKey(KeyPair, models.CASCADE, related_name="+")
    sealed = models.BinaryField()

    class Privacy:
        internal = {"ref", "desk", "keypair", "custody", "subset", "holder", "sealed"}


class Recovery(models.Model):
    """A desk's key is asked back from its custodians, for one of its members; or it is practised."""

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    desk = models.ForeignKey(Desk, models.CASCADE, related_name="+")
    keypair = models.ForeignKey(KeyPair, models.CASCADE, related_name="+")
    custody = models.CharField(max_length=36)
    member = models.ForeignKey(User, models.CASCADE, related_name="+", help_text="For whom.")
    drill = models.BooleanField(default=False, help_text="Practised: the key is not handed out.")
    asked_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    asked_at = models.DateTimeField()
    opens_at = models.DateTimeField(help_text="Until then every member may refuse in peace.")
    refused_by = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    refused_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Privacy:
        internal = {
            "ref", "desk", "keypair", "custody", "member", "drill", "asked_by", "asked_at",
            "opens_at", "refused_by", "refused_at", "done_at",
        }  # fmt: skip

    @property
    def is_running(self) -> bool:
        """Whether it was neither refused nor finished."""
        return self.refused_at is None and self.done_at is None


class Contribution(models.Model):
    """A custodian's part, passed on to whom the recovery is for."""

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    recovery = models.ForeignKey(Recovery, models.CASCADE, related_name="contributions")
    subset = ArrayField(models.UUIDField())
    holder = models.ForeignKey(KeyPair, models.CASCADE, related_name="+")
    sealed = models.BinaryField()

    class Privacy:
        internal = {"ref", "recovery", "subset", "holder", "sealed"}

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["recovery", "subset", "holder"], name="network_one_contribution"
            )
        ]


class Alarm(models.Model):
    """Unusual reading within one hour: who, by which rule, how often; never of what."""

    class Reason(models.TextChoices):
        """Chosen, not typed: a sentence of one's own could name a survivor."""

        DUTY = "duty", _("Sesuai tugasnya")
        TALKED = "talked", _("Sudah dibicarakan dengannya")
        FOLLOWED = "followed", _("Ditindaklanjuti di luar Simpul")
        NOT_HER = "not_her", _("Bukan dia. Akunnya sudah diamankan.")

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    rule = models.CharField(max_length=20, help_text="A code of content/alarms.toml.")
    person = models.UUIDField(help_text="The key ref, as the audit chain names her.")
    desk = models.ForeignKey(Desk, models.PROTECT, null=True, related_name="+")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    hour_at = models.DateTimeField()
    count = models.PositiveIntegerField()
    made_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)
    seen_by = models.UUIDField(null=True, help_text="The key ref of who has looked at it.")
    reason = models.CharField(max_length=10, choices=Reason, blank=True)

    class Privacy:
        internal = {
            "ref", "rule", "person", "desk", "agency", "hour_at", "count", "made_at", "seen_at",
            "seen_by", "reason",
        }  # fmt: skip

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rule", "person", "hour_at"], name="network_one_alarm_an_hour"
            )
        ]

    @property
    def title(self) -> str:
        """The rule in words."""
        return alarms.title(self.rule)


class AlarmCursor(models.Model):
    """How far along the chain unusual reading was looked for; one row."""

    only = models.BooleanField(primary_key=True, default=True)
    number = models.BigIntegerField(default=0)

    class Privacy:
        internal = {"only", "number"}
