"""Where the database is, said in the variables that config/settings.py reads."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from launch import pair, var
from launch.postgres import Cluster
from launch.voice import Refused

# What DATABASE_URL may say about the way there; libpq reads these variables.
WAY = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}


def of_url(url: str) -> dict[str, str]:
    """The variables for `postgresql://admin:password@host:port/name?sslmode=…`.

    Several hosts, as libpq allows, are written `host1:5432,host2:5432`. No name, or `postgres`,
    means `simpul`.
    """
    parts = urlsplit(url)
    hosts = [
        re.fullmatch(r"\[?([^\[\]]*?)\]?(?::(\d+))?", one)
        for one in parts.netloc.rpartition("@")[2].split(",")
    ]
    way = dict(parse_qsl(parts.query))
    if parts.scheme not in {"postgresql", "postgres"} or None in hosts or way.keys() - WAY.keys():
        raise Refused(
            "DATABASE_URL belum terbaca. Contoh: postgresql://admin:sandi@host:5432/simpul",
            f"DATABASE_URL is not understood; after the ? it may say {', '.join(WAY)}.",
        )
    name = unquote(parts.path.strip("/"))
    return {
        "SIMPUL_DATABASE_HOST": ",".join(unquote(host[1]) for host in hosts if host),
        "SIMPUL_DATABASE_PORT": ",".join(host[2] or "5432" for host in hosts if host),
        "SIMPUL_DATABASE_NAME": name if name not in {"", "postgres"} else "simpul",
        **{WAY[key]: value for key, value in way.items()},
    }


@contextmanager
def at_hand(place: Path) -> Iterator[dict[str, str]]:
    """The database of this instance, for one command: the running one, else started for it."""
    if url := os.environ.get("DATABASE_URL"):
        yield of_url(url)
        return
    cluster = Cluster(place, paired=pair.configured())
    if not var.kind_of(place):
        raise Refused(
            f"Belum ada apa-apa di {place}. Jalankan ./simpul up dulu.",
            f"There is nothing in {place} yet. Run ./simpul up first.",
        )
    try:
        with var.held(place), cluster:
            yield cluster.address()
    except var.Busy:
        yield cluster.address()
