"""What a person may see of herself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from simpul.accounts.models import User
from simpul.vault import audit, passkeys, recovery

WORDS: dict[str, Any] = {
    "accounts.confirm_refused": _("Kata sandi yang belum cocok"),
    "accounts.confirmed": _("Membuka cara masuk"),
    "accounts.joined": _("Bergabung dengan Simpul"),
    "accounts.passkey_added": _("Menambah kunci sandi"),
    "accounts.passkey_copied": _("Kunci sandi yang mungkin disalin"),
    "accounts.passkey_removed": _("Menghapus kunci sandi"),
    "accounts.recovery_code_used": _("Masuk dengan kode cadangan"),
    "accounts.recovery_codes_made": _("Membuat kode cadangan"),
    "accounts.signed_in": _("Masuk ke Simpul"),
    "accounts.sign_in_refused": _("Percobaan masuk yang belum cocok"),
    "accounts.signed_out": _("Keluar dari Simpul"),
    "accounts.signed_out_everywhere": _("Keluar dari semua perangkat"),
    "cases.listed": _("Melihat daftar kasus"),
    "cases.read": _("Membaca kasus"),
    "network.handed_over": _("Menyerahkan kunci meja"),
    "network.invited": _("Mengundang rekan"),
    "network.joined": _("Memakai undangan"),
    "network.removed": _("Mengakhiri tugas anggota"),
    "network.signed": _("Menandatangani"),
    "referrals.listed": _("Melihat daftar rujukan"),
    "referrals.read": _("Membaca rujukan"),
    "reports.listed": _("Melihat daftar laporan"),
    "reports.read": _("Membaca laporan"),
    "site.refused": _("Membuka yang bukan tugas Anda"),
}
ROOMS: dict[str, Any] = {
    "cases": _("Menangani kasus"),
    "directory": _("Mengubah direktori"),
    "network": _("Mengurus jaringan"),
    "referrals": _("Menangani rujukan"),
    "reports": _("Menangani laporan"),
}


@dataclass(frozen=True, slots=True)
class Trace:
    """What she did within one hour, and how often; never about whom."""

    title: str
    at: datetime
    times: int


def trace_of(actor: UUID, limit: int = 200) -> list[Trace]:
    """A person's own newest acts, newest hour first, the same acts of an hour together."""
    found: dict[tuple[str, datetime], int] = {}
    for event, hour in audit.lines_of(actor, limit):
        key = (say(event), hour)
        found[key] = found.get(key, 0) + 1
    return [Trace(title, at, times) for (title, at), times in found.items()]


def say(event: str) -> str:
    """An event of the audit chain in plain words."""
    words = WORDS.get(event) or ROOMS.get(event.partition(".")[0]) or _("Kegiatan lain")
    return str(words)


def codes_left(user: User) -> int:
    """How many codes on her paper still open."""
    return recovery.left(user.keypair_id)


@dataclass(frozen=True, slots=True)
class Ways:
    """How a person may come in beside passphrase and code app."""

    passkeys: list[Any]
    codes_left: int
    to_add: str


def ways_of(user: User, now: datetime) -> Ways:
    """Her passkeys, how many codes are left on her paper, and what a new device is asked."""
    person = user.keypair_id
    return Ways(
        passkeys.held_by(person),
        codes_left(user),
        passkeys.asking_to_add(person, user.username, now),
    )
