"""Keys, envelopes, grants, the key directory and the audit chain, as rows."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from simpul.vault.crypto import canonical, sha256
from simpul.vault.fields import SealedField


class Compartment(models.TextChoices):
    """The parts of a record that are shared apart."""

    CONTACT = "contact", _("Cara menghubungi")
    IDENTITY = "identity", _("Identitas")
    INCIDENT = "incident", _("Kejadian")
    HEALTH = "health", _("Kesehatan")
    LEGAL = "legal", _("Hukum")
    PSYCHOSOCIAL = "psychosocial", _("Psikososial")
    SAFETY = "safety", _("Keselamatan")
    RECOVERY = "recovery", _("Pemulihan")
    NOTES = "notes", _("Catatan kerja")
    REPORTED_PERSON = "reported_person", _("Terlapor")


class KeyPair(models.Model):
    """The public half of a key pair: of a person, a desk (one per epoch) or a reporter."""

    class Kind(models.TextChoices):
        PERSON = "person"
        DESK = "desk"
        REPORTER = "reporter"

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    kind = models.CharField(max_length=10, choices=Kind)
    desk = models.IntegerField(null=True, help_text="The desk as the policies see it.")
    epoch = models.PositiveSmallIntegerField(default=1)
    public = models.BinaryField()
    verifying = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Privacy:
        public = {"ref", "kind", "desk", "epoch", "public", "verifying"}
        internal = {"created_at"}


class Wrapped(models.Model):
    """A person's private half and second factor, under her passphrase."""

    keypair = models.OneToOneField(KeyPair, models.CASCADE, primary_key=True)
    salt = models.BinaryField()
    verifier = models.BinaryField()
    seed = models.BinaryField()
    totp = models.BinaryField()

    class Privacy:
        internal = {"keypair", "salt", "verifier", "seed", "totp"}


class Passkey(models.Model):
    """A key on a person's device; where the device offers PRF, it wraps her seed as well."""

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    keypair = models.ForeignKey(KeyPair, models.CASCADE, related_name="passkeys")
    label = models.CharField(max_length=60)
    credential = models.BinaryField(unique=True)
    public = models.BinaryField(help_text="The credential's data with its COSE key.")
    proof = models.BinaryField(help_text="A MAC by her own seed: nobody else added this row.")
    counter = models.BigIntegerField(default=0)
    used_at = models.DateTimeField(help_text="When the last challenge it answered was made.")
    salt = models.BinaryField()
    seed = models.BinaryField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Privacy:
        internal = {
            "ref", "keypair", "credential", "public", "proof", "counter", "used_at", "salt", "seed",
            "created_at",
        }  # fmt: skip
        personal = {"label"}

    @property
    def opens_alone(self) -> bool:
        """Whether it needs no passphrase beside it."""
        return self.seed is not None


class RecoveryCode(models.Model):
    """A code on paper that was not used yet, as a MAC under the pepper."""

    mac = models.BinaryField(primary_key=True)
    keypair = models.ForeignKey(KeyPair, models.CASCADE, related_name="recovery_codes")

    class Privacy:
        internal = {"mac", "keypair"}


class KeyCopy(models.Model):
    """A desk's private half, sealed to one of its members."""

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    keypair = models.ForeignKey(KeyPair, models.CASCADE, related_name="copies")
    holder = models.ForeignKey(KeyPair, models.CASCADE, related_name="holds")
    desk = models.IntegerField()
    sealed = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Privacy:
        internal = {"ref", "keypair", "holder", "desk", "sealed", "created_at"}

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["keypair", "holder"], name="vault_one_copy_each")
        ]


class DirectoryEntry(models.Model):
    """One signed, hash-chained statement about a key: whose it is, where it belongs, when it ends."""

    number = models.PositiveIntegerField(primary_key=True)
    payload = models.TextField(help_text="Canonical JSON, as it was signed.")
    signatures = models.JSONField(help_text="Signer's key ref → Ed25519 signature in hex.")
    previous = models.BinaryField()
    hash = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Privacy:
        public = {"number", "payload", "signatures", "previous", "hash"}
        internal = {"created_at"}

    def expected_hash(self) -> bytes:
        """The hash that this entry must carry."""
        signatures = [f"{key}:{value}" for key, value in sorted(self.signatures.items())]
        return sha256(canonical(self.number, bytes(self.previous), self.payload, signatures))


class Envelope(models.Model):
    """The data key of one record's compartment and key version; the key itself is only in grants."""

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    record = models.UUIDField()
    compartment = models.CharField(max_length=16, choices=Compartment)
    key_version = models.PositiveSmallIntegerField(default=1)
    desks = ArrayField(models.IntegerField(), default=list, help_text="Desks with a live grant.")

    class Privacy:
        internal = {"ref", "record", "compartment", "key_version", "desks"}

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["record", "compartment", "key_version"], name="vault_one_envelope"
            )
        ]
        indexes: ClassVar = [GinIndex(fields=["desks"], name="vault_envelope_desks")]


class Grant(models.Model):
    """The key of an envelope, sealed to one key pair and signed by who granted it.

    Access is this row in the state `live`, before `until_at`, and nothing else.
    """

    class State(models.TextChoices):
        DORMANT = "dormant"
        LIVE = "live"
        ENDED = "ended"

    class Basis(models.TextChoices):
        CHOICE = "choice", _("Dipilih pelapor")
        CONSENT = "consent", _("Persetujuan")
        DUTY = "duty", _("Tugas meja penerima")
        OWN = "own", _("Miliknya sendiri")

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    envelope = models.ForeignKey(Envelope, models.CASCADE, related_name="grants")
    recipient = models.ForeignKey(KeyPair, models.CASCADE, related_name="grants")
    desk = models.IntegerField(null=True)
    sealed = models.BinaryField()
    basis = models.CharField(max_length=8, choices=Basis)
    tags = ArrayField(models.UUIDField(), default=list, help_text="Consents, referrals, reports.")
    state = models.CharField(max_length=8, choices=State, default=State.LIVE)
    until_at = models.DateTimeField(null=True)
    granted_by = models.ForeignKey(KeyPair, models.CASCADE, related_name="granted")
    signature = models.BinaryField()
    witness = models.BinaryField(help_text="This instance's own word that it wrote the grant.")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Privacy:
        internal = {
            "ref", "envelope", "recipient", "desk", "sealed", "basis", "tags", "state",
            "until_at", "granted_by", "signature", "witness", "created_at", "ended_at",
        }  # fmt: skip

    class Meta:
        indexes: ClassVar = [
            GinIndex(fields=["tags"], name="vault_grant_tags"),
            models.Index(
                fields=["recipient", "ref"], condition=~Q(state="ended"), name="vault_grant_of"
            ),
            models.Index(
                fields=["until_at"], condition=~Q(state="ended"), name="vault_grant_until"
            ),
        ]

    def is_open_at(self, now: datetime) -> bool:
        """Whether this grant lets its recipient read at that moment."""
        return self.state == self.State.LIVE and (self.until_at is None or now < self.until_at)


class SealedRow(models.Model):
    """A row whose sealed fields lie in one envelope; its ref is made before sealing."""

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    envelope = models.ForeignKey(Envelope, models.PROTECT, related_name="+")
    row_version = models.PositiveSmallIntegerField(default=1)

    class Meta:
        abstract = True


class SealedFile(SealedRow):
    """A row with a file behind it: what is said of the file lies in `about`, the file in pieces."""

    about = SealedField()
    salt = models.BinaryField(help_text="Makes the key of this file one of its own.")
    pieces = models.PositiveSmallIntegerField(help_text="How many; the last is padded.")
    whole = models.BinaryField(
        null=True, help_text="SHA-256 over all pieces, when they are there."
    )
    begun_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class Piece(models.Model):
    """One piece of a file; all are of one size, and each opens only as this piece of this file."""

    ref = models.UUIDField(primary_key=True, default=uuid.uuid4)
    envelope = models.ForeignKey(Envelope, models.PROTECT, related_name="+")
    file = models.UUIDField(help_text="The row that the piece belongs to.")
    number = models.PositiveSmallIntegerField()
    sealed = SealedField()

    class Privacy:
        internal = {"ref", "envelope", "file", "number"}
        sealed = {"sealed"}

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["file", "number"], name="vault_one_piece")
        ]


class AuditLine(models.Model):
    """One act, read, export or refusal; who is named by key ref, never by name."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    event = models.CharField(max_length=60)
    actor = models.UUIDField(null=True)
    desk = models.IntegerField(null=True)
    record = models.UUIDField(null=True)
    row = models.UUIDField(null=True)
    parts = ArrayField(models.CharField(max_length=16), default=list)
    content = models.BinaryField(null=True, help_text="SHA-256 of the ciphertext written.")

    class Privacy:
        internal = {"id", "at", "event", "actor", "desk", "record", "row", "parts", "content"}

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["record", "id"], name="vault_audit_record"),
            models.Index(fields=["row", "id"], name="vault_audit_row"),
            models.Index(fields=["actor", "at"], name="vault_audit_actor"),
        ]

    def body(self) -> bytes:
        """What the chain hashes of this line."""
        return canonical(
            self.id, self.at, self.event, self.actor, self.desk, self.record, self.row,
            list(self.parts), None if self.content is None else bytes(self.content),
        )  # fmt: skip


class AuditPending(models.Model):
    """A line that the linker has not linked yet."""

    line = models.OneToOneField(AuditLine, models.CASCADE, primary_key=True)

    class Privacy:
        internal = {"line"}


class AuditLink(models.Model):
    """The place of a line in the one chain of this instance."""

    number = models.BigIntegerField(primary_key=True)
    line = models.OneToOneField(AuditLine, models.PROTECT)
    hash = models.BinaryField()

    class Privacy:
        internal = {"number", "line", "hash"}


class AuditHead(models.Model):
    """The chain's end at a moment, signed by the instance key."""

    number = models.BigIntegerField(primary_key=True)
    hash = models.BinaryField()
    signature = models.BinaryField()
    at = models.DateTimeField(auto_now_add=True)

    class Privacy:
        internal = {"number", "hash", "signature", "at"}
