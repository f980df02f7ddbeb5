"""What a person may see of herself."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.paginator import Page, Paginator
from django.utils.translation import gettext_lazy as _

from simpul.accounts.models import User
from simpul.vault import audit, passkeys, recovery

PER_PAGE = 40
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


REFUSED = {"site.refused", "accounts.sign_in_refused"}


@dataclass(frozen=True, slots=True)
class Trace:
    """What she did within one hour, and how often; never about whom."""

    title: str
    at: datetime
    day: date
    times: int
    refused: bool


def trace_of(actor: UUID, zone: str, page: str = "1") -> tuple[Page[Any], list[Trace]]:
    """A page of a person's own acts, newest hour first, the same acts of an hour together."""
    found = Paginator(audit.hours_of(actor), PER_PAGE).get_page(page)
    local = ZoneInfo(zone)
    return found, [
        Trace(say(event), hour, hour.astimezone(local).date(), times, event in REFUSED)
        for hour, event, times in found.object_list
    ]


def refusals_since(actor: UUID, since: datetime) -> int:
    """How often she was refused since then."""
    return audit.count_of(actor, REFUSED, since)


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
