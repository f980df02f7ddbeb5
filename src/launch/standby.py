"""What a person decides about two machines: how they stand, write on both, go on alone, promote."""

from pathlib import Path

import psycopg

from launch import pair, var
from launch.lodging import Lodging
from launch.postgres import ADMIN
from launch.voice import Refused, say

NAMES = "synchronous_standby_names"


def own(place: Path) -> psycopg.Connection:
    """The administrator's connection to this machine's own PostgreSQL, which must be running."""
    try:
        return psycopg.connect(
            host=str(Lodging(place).run), user=ADMIN, password=var.secret(place, "db-admin"),
            dbname="postgres", autocommit=True, target_session_attrs="any",
        )  # fmt: skip
    except (psycopg.OperationalError, FileNotFoundError):
        raise Refused(
            "Basis data di mesin ini belum jalan. Mulai ./simpul up atau standby dulu.",
            "The database of this machine does not run. Start ./simpul up or standby first.",
        ) from None


def show(place: Path) -> None:
    """Say who leads, whether the other follows, and whether a write waits for both."""
    pair.wanted()
    with own(place) as here:
        if _one(here, "SELECT pg_is_in_recovery()"):
            since = _one(here, "SELECT pg_last_xact_replay_timestamp()")
            held = _one(
                here, "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'"
            )
            say("peran: mengikuti", "role: follows")
            say(
                f"tersambung: {'ya' if held else 'tidak'}", f"connected: {'yes' if held else 'no'}"
            )
            say(f"tulisan terakhir yang sampai: {since}", "the last write that came")
            return
        both = bool(_one(here, f"SHOW {NAMES}"))
        state = _one(
            here, "SELECT max(sync_state) FROM pg_stat_replication WHERE state = 'streaming'"
        )
        waiting = _one(here, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
        say("peran: memimpin", "role: leads")
        say(f"mesin lain: {'ikut' if state else 'tidak ada'}", f"the other: {state or 'away'}")
        say(
            f"tulis di dua tempat: {'ya' if both else 'tidak'}",
            f"on both: {'yes' if both else 'no'}",
        )
        say(f"tulisan yang menunggu: {waiting}", "writes that wait")
        if both and not state:
            say("Tunggu mesin lain, atau ./simpul pair alone", "Wait for it, or go on alone")


def together(place: Path) -> None:
    """From now on a write is acknowledged when it is on both machines."""
    pair.wanted()
    with own(place) as here:
        if not _one(
            here,
            "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
            f" AND application_name = '{pair.ROLE}'",
        ):
            raise Refused(
                "Mesin lain belum mengikuti. Jalankan ./simpul standby di sana dulu.",
                "The other machine does not follow yet. Run ./simpul standby there first.",
            )
        _wait_for(here, pair.ROLE)
    say("Setiap tulisan kini ada di dua mesin", "Every write is now on both machines")


def alone(place: Path) -> None:
    """Go on without the other machine; what waited is acknowledged. It may not be promoted now."""
    pair.wanted()
    with own(place) as here:
        _wait_for(here, "")
    say(
        "Berjalan sendiri. Jangan promote mesin lain",
        "Alone now. Do not promote the other machine",
    )


def promote(place: Path) -> None:
    """Let this machine lead, alone at first. Refused while the other one still leads."""
    two = pair.wanted()
    with own(place) as here:
        if not _one(here, "SELECT pg_is_in_recovery()"):
            raise Refused("Mesin ini sudah memimpin.", "This machine leads already.")
        seen = pair.look(two, place)
        if seen and seen.leads:
            raise Refused(
                f"{two.peer} masih memimpin. Hentikan Simpul di sana dulu.",
                f"{two.peer} still leads. Stop Simpul there first.",
            )
        _wait_for(here, "")
        if not _one(here, "SELECT pg_promote(true, 30)"):
            raise Refused("Belum berhasil. Coba lagi.", "Not promoted yet. Try again.")
    say("Mesin ini sekarang memimpin, sendiri", "This machine leads now, alone")


def _wait_for(here: psycopg.Connection, name: str) -> None:
    """Say whose copy a write waits for; nobody's when the name is empty. It outlives a restart."""
    here.execute(f"ALTER SYSTEM SET {NAMES} = '{name}'")
    here.execute("SELECT pg_reload_conf()")


def _one(here: psycopg.Connection, query: str) -> object:
    row = here.execute(query).fetchone()
    return row[0] if row else None
