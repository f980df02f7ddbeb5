"""`./simpul doctor`: what is wrong with this machine and this instance, and what to do about it."""

import json
import os
import resource
import shutil
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from launch import address, control, tether, var
from launch.processes import environment, python
from launch.voice import Refused

# What is wrong and what to do, each in Indonesian and English; nothing when it is sound.
Wrong = tuple[str, str, str, str] | None

LEAST = 1024**3  # bytes free
OLD = 26 * 3600  # seconds: a nightly backup may begin two hours late


def folder_is_ours(place: Path) -> Wrong:
    """Whether `var/` belongs to this user and shows nothing to others."""
    told = place.stat()
    if told.st_uid == os.geteuid() and not stat.S_IMODE(told.st_mode) & 0o066:
        return None
    return (
        f"{place} terbuka bagi pengguna lain.", f"{place} is open to other users.",
        f"chown -R simpul {place}; chmod 700 {place}", f"chown -R simpul {place}; chmod 700 {place}",
    )  # fmt: skip


def secrets_are_closed(place: Path) -> Wrong:
    """Whether every secret is ours alone."""
    files = [place / "secrets", *(place / "secrets").glob("*")]
    told = [path.stat() for path in files]
    if all(one.st_uid == os.geteuid() and not stat.S_IMODE(one.st_mode) & 0o077 for one in told):
        return None
    where = place / "secrets"
    return (
        "Berkas rahasia bisa dibaca pengguna lain.", "Secrets can be read by other users.",
        f"chmod 700 {where}; chmod 600 {where}/*", f"chmod 700 {where}; chmod 600 {where}/*",
    )  # fmt: skip


def secrets_are_there(place: Path) -> Wrong:
    """Whether no secret is missing."""
    needed = [*var.SECRETS, "instance"]
    missing = ", ".join(name for name in needed if not (place / "secrets" / name).exists())
    if not missing:
        return None
    return (
        f"Rahasia hilang: {missing}.", f"Secrets are gone: {missing}.",
        "Hentikan Simpul dan kembalikan dari salinannya. Jangan dibuat baru.",
        "Stop Simpul and put their copy back. Do not make new ones.",
    )  # fmt: skip


def disk_has_room(place: Path) -> Wrong:
    """Whether a gigabyte is free where the database lies."""
    free = min(shutil.disk_usage(path).free for path in (place, (place / "pg").resolve())
               if path.exists())  # fmt: skip
    if free >= LEAST:
        return None
    megabytes = free // 1024**2
    return (
        f"Ruang cakram tinggal {megabytes} MB.", f"Only {megabytes} MB of the disk are free.",
        "Tambah ruang, atau pindahkan cadangan lama. Data Simpul jangan dihapus.",
        "Add room, or move old backups. Do not delete Simpul's data.",
    )  # fmt: skip


def swap_is_encrypted(place: Path) -> Wrong:
    """Whether what is in memory never reaches a disk in the clear."""
    if not (devices := open_swaps(Path("/proc/swaps"), Path("/sys/class/block"))):
        return None
    names = ", ".join(devices)
    return (
        f"Swap tidak terenkripsi, sejauh terlihat: {names}.",
        f"Swap is not encrypted, as far as can be seen: {names}.",
        "swapoff -a, atau pakai zram atau swap di atas dm-crypt.",
        "swapoff -a, or use zram or swap on dm-crypt.",
    )


def open_swaps(swaps: Path, blocks: Path) -> list[str]:
    """The places where memory is written to as it is; zram stays in memory."""
    found = []
    for line in swaps.read_text().splitlines()[1:] if swaps.exists() else []:
        device = Path(line.split()[0])
        uuid = blocks / device.name / "dm" / "uuid"
        if not device.name.startswith("zram") and not (
            uuid.exists() and uuid.read_text().startswith("CRYPT-")
        ):
            found.append(str(device))
    return found


def nothing_dumps_core(place: Path) -> Wrong:
    """Whether a crash of a door leaves no copy of its memory."""
    for pid in doors(place):
        limits = Path(f"/proc/{pid}/limits")
        text = limits.read_text() if limits.exists() else ""
        if any(
            line.startswith("Max core") and line.split()[4] != "0" for line in text.splitlines()
        ):
            break
    else:
        if resource.getrlimit(resource.RLIMIT_CORE)[0] == 0:
            return None
    return (
        "Proses yang jatuh bisa meninggalkan isi memorinya.",
        "A process that crashes may leave its memory on disk.",
        "Mulai lewat ./simpul up, atau LimitCORE=0 di systemd.",
        "Start it by ./simpul up, or LimitCORE=0 in systemd.",
    )


def nobody_is_root(place: Path) -> Wrong:
    """Whether Simpul is a user of its own."""
    if os.geteuid():
        return None
    return (
        "Simpul berjalan sebagai root.", "Simpul runs as root.",
        "Buat pengguna sendiri: lihat docs/operations.md.",
        "Make a user of its own: see docs/operations.md.",
    )  # fmt: skip


def doors_are_open(place: Path) -> Wrong:
    """Whether both doors serve."""
    shut = [door for door in ("public", "workspace") if not control.answers(place, door)]
    if not shut:
        return None
    names = ", ".join(shut)
    return (
        f"Pintu tidak terbuka: {names}.", f"Not open: {names}.",
        f"./simpul up, lalu lihat {place}/log.", f"./simpul up, then see {place}/log.",
    )  # fmt: skip


def doors_may_write(place: Path) -> Wrong:
    """Whether no upgrade is on its way."""
    if not (place / "upgrading").exists():
        return None
    return (
        "Basis data sedang diperbarui; pintu hanya membaca.",
        "The database is being upgraded; the doors only read.",
        "Tunggu. Bila lebih dari sepuluh menit, baca keluaran ./simpul up.",
        "Wait. After more than ten minutes read what ./simpul up says.",
    )


def backup_is_fresh(place: Path) -> Wrong:
    """Whether the newest backup is of today, where backups are made at all."""
    from launch import backup

    made = [path.stat().st_mtime for path in backup.folder(place).glob("*")]
    if not made or time.time() - max(made) < OLD:
        return None
    return (
        "Cadangan terakhir lebih tua dari satu hari.", "The last backup is older than a day.",
        "Jalankan pencadangan, lalu periksa jadwalnya.", "Run the backup, then check its timer.",
    )  # fmt: skip


CHECKS: list[Callable[[Path], Wrong]] = [
    folder_is_ours, secrets_are_closed, secrets_are_there, disk_has_room, swap_is_encrypted,
    nothing_dumps_core, nobody_is_root, doors_are_open, doors_may_write, backup_is_fresh,
]  # fmt: skip


def run(as_json: bool) -> int:
    """Ask everything; print it; 1 when anything is wrong."""
    tether.harden()
    place = var.folder()
    found = examine(place)
    if as_json:
        print(json.dumps({name: told(wrong) for name, wrong in found.items()}, indent=1))
    else:
        for name, wrong in found.items():
            print(f"ok     {name}" if wrong is None else words(name, wrong))
    return 1 if any(found.values()) else 0


def examine(place: Path) -> dict[str, Wrong]:
    """Every question about machine and database, with its answer."""
    if not var.kind_of(place):
        raise Refused(
            f"Belum ada apa-apa di {place}. Jalankan ./simpul up dulu.",
            f"There is nothing in {place} yet. Run ./simpul up first.",
        )
    found = {check.__name__: check(place) for check in CHECKS}
    if found["secrets_are_there"]:
        return found  # nothing of the product starts without them
    return found | of_the_database(place)


def of_the_database(place: Path) -> dict[str, Wrong]:
    """What the product says of its database; a database that cannot be started is said, too."""
    try:
        with address.at_hand(place) as database:
            surroundings = environment(place, "owner", database)
            asked = subprocess.run(
                python("django", "doctor"), env=surroundings, capture_output=True, text=True
            )
        answers = json.loads(asked.stdout)
    except (Refused, ValueError):
        return {"reachable": (
            "Basis data belum bisa ditanya.", "The database could not be asked.",
            f"Lihat {place}/log/postgres.log.", f"See {place}/log/postgres.log.",
        )}  # fmt: skip
    return {name: wrong and tuple(wrong) for name, wrong in answers.items()}


def doors(place: Path) -> list[int]:
    """The processes that serve."""
    found: list[int] = []
    for door in ("public", "workspace"):
        try:
            found += map(int, control.ask(control.address(place, door), "pids").split())
        except OSError:
            continue
    return found


def told(wrong: Wrong) -> dict[str, object]:
    """An answer for machines."""
    if wrong is None:
        return {"ok": True}
    return {"ok": False, "wrong": list(wrong[:2]), "remedy": list(wrong[2:])}


def words(name: str, wrong: tuple[str, str, str, str]) -> str:
    """An answer for people."""
    indonesian, english, do, do_english = wrong
    return f"WRONG  {name}\n       {indonesian} {do}\n       {english} {do_english}"
