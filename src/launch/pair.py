"""Two machines with one database: where the other one is, and which of the two leads.

One leads and takes writes, the other follows it (streaming replication). A person decides: `pair
together` makes every write wait until it is on both, `promote` lets the follower lead. Who led
before stays shut when it comes back: the timeline of the new leader is higher.
"""

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launch import var
from launch.voice import Refused

ROLE = "simpul_standby"  # also the name under which the leader knows its follower
DOORS = "simpul_owner,simpul_workspace,simpul_public,simpul_worker"
PATIENCE = 2  # seconds for the other machine to answer

SETTINGS = {
    "wal_level": "replica",
    "max_wal_senders": "4",
    # What a follower may miss while it is away; after more than this it is copied anew.
    "wal_keep_size": "512MB",
    "wal_sender_timeout": "10s",
    "wal_receiver_timeout": "10s",
    "wal_retrieve_retry_interval": "500ms",
}


@dataclass(frozen=True)
class Pair:
    """The addresses of this machine's PostgreSQL and of the other's; both use PostgreSQL's port."""

    own: str
    peer: str

    def settings(self, place: Path, beside: Path) -> dict[str, str]:
        """What PostgreSQL needs to lead or to follow, with its own files in the folder `beside`."""
        more = {}
        if certificate(place):
            more = {
                "ssl": "on",
                "ssl_cert_file": str(beside / "database.crt"),
                "ssl_key_file": str(beside / "database.key"),
            }
        return {
            **SETTINGS,
            **more,
            "listen_addresses": self.own,
            "hba_file": str(beside / "hba.conf"),
            "primary_conninfo": self.way(place, beside),
        }

    def files(self, place: Path) -> dict[str, str]:
        """The files of `settings`: who may connect from where, and how the leader is reached."""
        kind, source = ("hostssl" if certificate(place) else "host"), network(self.peer)
        own = network(self.own)
        rows = ["local all all scram-sha-256"]
        rows += [f"{kind} replication {ROLE} {each} scram-sha-256" for each in {source, own}]
        rows += [f"{kind} all {DOORS} {each} scram-sha-256" for each in {source, own}]
        made = {
            "hba.conf": "\n".join(rows) + "\n",
            "password": f"*:*:*:{ROLE}:{var.secret(place, 'db-standby')}\n",
        }
        if certificate(place):
            for name in ("database.crt", "database.key"):
                made[name] = (place / "secrets" / name).read_text()
        return made

    def way(self, place: Path, beside: Path) -> str:
        """The connection string to the other machine; the password stays in its file."""
        said = {"host": self.peer, "user": ROLE, "application_name": ROLE}
        said["passfile"] = str(beside / "password")
        if certificate(place):
            # Its copy there: PostgreSQL may be another user, to whom our secrets are closed.
            said |= encrypted(place) | {"sslrootcert": str(beside / "database.crt")}
        return " ".join(f"{name}={value}" for name, value in said.items())


@dataclass(frozen=True)
class Seen:
    """What the other machine says of itself."""

    leads: bool
    timeline: int


def configured() -> Pair | None:
    """The pair of the environment, or nothing: then the database listens on its socket alone."""
    own = os.environ.get("SIMPUL_DATABASE_LISTEN", "")
    peer = os.environ.get("SIMPUL_DATABASE_PEER", "")
    if not own and not peer:
        return None
    try:
        for each in (own, peer):
            ipaddress.ip_address(each)
    except ValueError:
        raise Refused(
            "SIMPUL_DATABASE_LISTEN dan SIMPUL_DATABASE_PEER harus alamat IP, keduanya.",
            "SIMPUL_DATABASE_LISTEN and SIMPUL_DATABASE_PEER must both be IP addresses.",
        ) from None
    pair = Pair(own, peer)
    inside = all(ipaddress.ip_address(each).is_loopback for each in (own, peer))
    if not inside and not certificate(var.folder()):
        raise Refused(
            "Antara dua mesin perlu TLS: taruh database.crt dan database.key di var/secrets.",
            "Between two machines TLS is needed: put database.crt and database.key in var/secrets.",
        )
    return pair


def wanted() -> Pair:
    """The pair of the environment; without one there is nothing to follow or to lead."""
    pair = configured()
    if pair is None:
        raise Refused(
            "Atur SIMPUL_DATABASE_LISTEN dan SIMPUL_DATABASE_PEER dulu. Lihat docs/operations.md.",
            "Set SIMPUL_DATABASE_LISTEN and SIMPUL_DATABASE_PEER first. See docs/operations.md.",
        )
    return pair


def certificate(place: Path) -> Path | None:
    """The certificate that both machines share, if there is one."""
    path = place / "secrets" / "database.crt"
    return path if path.exists() and path.with_suffix(".key").exists() else None


def encrypted(place: Path) -> dict[str, Any]:
    """What a connection to the other machine insists on."""
    found = certificate(place)
    return {"sslmode": "verify-ca", "sslrootcert": str(found)} if found else {}


def network(address: str) -> str:
    """Whom an address lets in: itself; every loopback address, since these have no sender of their own."""
    found = ipaddress.ip_address(address)
    if found.is_loopback and found.version == 4:
        return "127.0.0.0/8"
    return f"{address}/{found.max_prefixlen}"


def look(pair: Pair, place: Path) -> Seen | None:
    """Whether the other machine's database answers, whether it leads, and on which timeline."""
    import psycopg  # only where there are two machines: the supervisor stays small

    try:
        with psycopg.connect(
            host=pair.peer, user=ROLE, password=var.secret(place, "db-standby"),
            connect_timeout=PATIENCE, replication="true", autocommit=True, **encrypted(place),
        ) as there:  # fmt: skip
            known = there.execute("IDENTIFY_SYSTEM").fetchone()
            follows = there.execute("SHOW in_hot_standby").fetchone()
    except psycopg.Error:
        return None
    # A connection that copies belongs to no database, so texts come as bytes.
    return Seen(follows == (b"off",), int(known[1])) if known else None
