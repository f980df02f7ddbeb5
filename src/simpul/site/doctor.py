"""What the database of this instance says about its health: one small function for each question."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, Q
from django.utils import timezone

from simpul.accounts.models import Session
from simpul.handoffs import access as handoffs
from simpul.network.models import Desk
from simpul.site import database, schema
from simpul.vault import keydirectory
from simpul.vault.keydirectory import Untrusted
from simpul.vault.models import AuditPending
from simpul.wording import queries as wording

# What is wrong and what to do, each in Indonesian and English; nothing when it is sound.
Wrong = tuple[str, str, str, str] | None

DOORS = ["simpul_workspace", "simpul_public", "simpul_worker"]
APART = timedelta(seconds=2)
UNLINKED = timedelta(minutes=1)
UNSWEPT = timedelta(minutes=5)
STILL = 60  # seconds without a sweep


def examine() -> dict[str, Wrong]:
    """Every question with its answer; where the database is away, that alone."""
    if wrong := reachable():
        return {"reachable": wrong}
    if wrong := schema_is_current():
        return {"reachable": None, "schema_is_current": wrong, **_ask(WITHOUT_MODELS)}
    return {"reachable": None, "schema_is_current": None, **_ask(WITHOUT_MODELS + WITH_MODELS)}


def reachable() -> Wrong:
    """Whether the database answers."""
    try:
        connection.ensure_connection()
    except DatabaseError:
        return (
            "Basis data tidak menjawab.", "The database does not answer.",
            "Jalankan ./simpul up, lalu lihat var/log/postgres.log.",
            "Run ./simpul up, then see var/log/postgres.log.",
        )  # fmt: skip
    return None


def schema_is_current() -> Wrong:
    """Whether every migration of this code is in the database, and no other."""
    if schema.is_behind():
        return (
            "Basis data belum sesuai versi program.", "The schema is older than the code.",
            "Jalankan ./simpul up, tunggu sampai kedua pintu terbuka.",
            "Run ./simpul up and wait until both doors are open.",
        )  # fmt: skip
    ours = {room for room, _name in schema.wanted()}
    if any(room in ours for room, _name in schema.applied() - schema.wanted()):
        return (
            "Basis data lebih baru daripada program.", "The schema is newer than the code.",
            "Pasang lagi versi program yang terakhir dipakai.",
            "Put the release back that ran last.",
        )  # fmt: skip
    return None


def clocks_agree() -> Wrong:
    """Whether the database and this machine tell the same time: codes and deadlines go by it."""
    before = timezone.now()
    [(there,)] = _rows("SELECT clock_timestamp()")
    if before - APART <= there <= timezone.now() + APART:
        return None
    return (
        "Jam basis data berbeda dari jam mesin ini.", "The clocks of database and machine differ.",
        "Nyalakan NTP di kedua mesin: timedatectl set-ntp true.",
        "Switch NTP on at both machines: timedatectl set-ntp true.",
    )  # fmt: skip


def roles_are_small() -> Wrong:
    """Whether no role of a door may pass by the policies, own a table or become another."""
    found = _rows(
        "SELECT r.rolname FROM pg_roles r WHERE r.rolname = ANY (%s) AND (r.rolsuper"
        " OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication"
        " OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid)"
        " OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid))"
        " UNION SELECT rolname FROM pg_roles WHERE rolname = 'simpul_owner'"
        " AND (rolsuper OR rolbypassrls) ORDER BY 1",
        DOORS,
    )
    missing = set(DOORS) - {name for (name,) in _rows("SELECT rolname FROM pg_roles")}
    if names := ", ".join([*(name for (name,) in found), *sorted(missing)]):
        return (
            f"Peran basis data ini tidak semestinya: {names}.", f"These roles are not right: {names}.",
            "Jalankan ulang ./simpul up. Bila tetap, cabut haknya dengan REVOKE atau REASSIGN OWNED.",
            "Start ./simpul up again. If it stays, take it away by REVOKE or REASSIGN OWNED.",
        )  # fmt: skip
    return None


def policies_are_forced() -> Wrong:
    """Whether row-level security is on, forced, and has policies, on every table that needs it."""
    text = (database.SQL / "access.sql").read_text()
    listed = re.search(r"sealed text\[\] := ARRAY\[(.*?)\]", text, re.S)
    assert listed
    needed = re.findall(r"'(\w+)'", listed[1])
    sound = _rows(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relname = ANY (%s) AND relrowsecurity AND relforcerowsecurity"
        " AND EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid)",
        needed,
    )
    if names := ", ".join(sorted(set(needed) - {name for (name,) in sound})):
        return (
            f"Pembatas baris mati di tabel: {names}.", f"Row-level security is off: {names}.",
            "Jalankan ulang ./simpul up; itu memasangnya lagi. Cari tahu siapa yang mematikan.",
            "Start ./simpul up again, which puts it back. Find out who switched it off.",
        )  # fmt: skip
    return None


def directory_is_signed() -> Wrong:
    """Whether the key directory is the one that was signed and pinned here."""
    keydirectory.forget()
    try:
        if keydirectory.current().number >= 0:
            return None
    except Untrusted:
        sound, there = keydirectory.sound_part().number, _last_entry()
        try:
            keydirectory.check_can_take_out(sound)
        except Untrusted:
            return (
                f"Daftar kunci bukan yang pernah diperiksa di sini (cocok sampai entri {sound}).",
                f"The key directory is not the one verified here (sound up to entry {sound}).",
                "Jangan menyimpan apa pun. Pulihkan dari cadangan, dan cari tahu siapa yang mengubah.",
                "Save nothing. Restore a backup, and find out who changed it.",
            )
        first = sound + 1
        return (
            f"Entri {first} sampai {there} di daftar kunci tanpa tanda tangan; semua penyimpanan berhenti.",
            f"Entries {first} to {there} of the key directory are not signed. Nothing is sealed.",
            f"./simpul directory --take-out {first}",
            f"./simpul directory --take-out {first}",
        )
    return (
        "Hari pertama belum diadakan.", "The first day has not been held.",
        "Jalankan ./simpul up dan simpan lembar pemulihannya.",
        "Run ./simpul up and keep the recovery sheet.",
    )  # fmt: skip


def audit_is_linked() -> Wrong:
    """Whether no line waits long for its place in the chain."""
    if not AuditPending.objects.filter(line__at__lt=timezone.now() - UNLINKED).exists():
        return None
    return (
        "Jejak audit menunggu disambung lebih dari satu menit.",
        "Audit lines have waited for the chain for more than a minute.",
        "Pekerja latar macet: lihat var/log/worker.log, lalu jalankan ulang Simpul.",
        "The worker is stuck: see var/log/worker.log, then start Simpul again.",
    )


def worker_sweeps() -> Wrong:
    """Whether the worker finished a sweep within the last minute."""
    swept = Path(settings.VAR) / "run" / "swept"
    if swept.exists() and timezone.now().timestamp() - swept.stat().st_mtime < STILL:
        return None
    return (
        "Pekerja latar tidak bekerja. Tenggat tidak dijaga.",
        "The worker does not work. Nobody watches the deadlines.",
        "Jalankan ./simpul up; bila sudah, lihat var/log/worker.log.",
        "Run ./simpul up; if it runs, see var/log/worker.log.",
    )


def sessions_are_swept() -> Wrong:
    """Whether sessions that ended are gone."""
    if not Session.objects.filter(expires_at__lt=timezone.now() - UNSWEPT).exists():
        return None
    return (
        "Sesi yang sudah habis belum dihapus.", "Sessions that ended are still there.",
        "Pekerja latar macet: lihat var/log/worker.log.",
        "The worker is stuck: see var/log/worker.log.",
    )  # fmt: skip


def desks_have_two() -> Wrong:
    """Whether each desk that holds a key has a second person; alone, a lost passphrase loses all."""
    present = Count("memberships", filter=Q(memberships__until_at=None))
    desks = Desk.objects.filter(keypair__isnull=False).annotate(present=present)
    if names := ", ".join(desk.name for desk in desks.filter(present__lt=2).order_by("name")):
        return (
            f"Kurang dari dua anggota: {names}.", f"Fewer than two members: {names}.",
            "Undang rekan ke meja itu dan serahkan kuncinya.",
            "Invite a colleague to the desk and hand over the key.",
        )  # fmt: skip
    return None


def a_fallback_is_there() -> Wrong:
    """Whether some desk opens what nobody answered."""
    if Desk.objects.filter(fallback=True, receiving=True, keypair__isnull=False).exists():
        return None
    return (
        "Belum ada meja pengganti.", "There is no fallback desk.",
        "Tambah meja yang menerima laporan bila meja lain tidak menjawab.",
        "Add a desk that opens reports when another does not answer.",
    )  # fmt: skip


def texts_are_signed() -> Wrong:
    """Whether two people signed every edited text and every reading that is in force."""
    try:
        names = ", ".join(wording.unsigned())
    except Untrusted:
        return None  # `directory_is_signed` says it
    if names:
        return (
            f"Tidak ditandatangani dua orang, jadi tidak tampil: {names}.",
            f"Not signed by two people, so not shown: {names}.",
            "Tarik kembali di halaman Teks, lalu usulkan lagi. Cari tahu siapa yang mengubah basis data.",
            "Take it back on the page of texts and propose it anew. Find out who changed the database.",
        )
    return None


def calls_have_a_desk() -> Wrong:
    """Whether the desk that the settings name for calling back can be sealed to."""
    try:
        if not settings.HANDOFF_DESK or handoffs.calling_desk() is not None:
            return None
    except Untrusted:  # directory_is_signed says what to do
        return None
    return (
        "Meja untuk telepon balik tidak bisa menerima.", "The desk that calls back cannot receive.",
        "Periksa SIMPUL_HANDOFF_DESK: rujukan satu meja yang menerima dan punya kunci.",
        "Check SIMPUL_HANDOFF_DESK: the reference of a desk that receives and has a key.",
    )  # fmt: skip


Question = Callable[[], Wrong]
WITHOUT_MODELS: list[Question] = [
    clocks_agree, roles_are_small, policies_are_forced, worker_sweeps,
]  # fmt: skip
WITH_MODELS: list[Question] = [
    directory_is_signed, audit_is_linked, sessions_are_swept, desks_have_two, a_fallback_is_there,
    texts_are_signed, calls_have_a_desk,
]  # fmt: skip


def _ask(questions: list[Question]) -> dict[str, Wrong]:
    return {question.__name__: question() for question in questions}


def _last_entry() -> int:
    [(number,)] = _rows("SELECT max(number) FROM vault_directoryentry")
    return int(number)


def _rows(query: str, *values: list[str]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values or None)
        return list(cursor.fetchall())
