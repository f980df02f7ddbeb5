"""DATABASE_URL, said in the variables that the settings read."""

import pytest

from launch import address
from launch.voice import Refused


@pytest.mark.parametrize(
    ("url", "host", "port", "name"),
    [
        ("postgresql://admin:pw@db.example:5433/kupang", "db.example", "5433", "kupang"),
        ("postgres://admin:pw@db.example", "db.example", "5432", "simpul"),
        ("postgresql://admin:p%40w@db.example/postgres", "db.example", "5432", "simpul"),
        ("postgresql://admin@one:5432,two:5433/simpul", "one,two", "5432,5433", "simpul"),
        ("postgresql://admin@[fd00::1]:5432/simpul", "fd00::1", "5432", "simpul"),
        ("postgresql://admin@%2Frun%2Fpostgresql/simpul", "/run/postgresql", "5432", "simpul"),
    ],
)
def test_an_address_says_host_port_and_name(url: str, host: str, port: str, name: str) -> None:
    assert address.of_url(url) == {
        "SIMPUL_DATABASE_HOST": host,
        "SIMPUL_DATABASE_PORT": port,
        "SIMPUL_DATABASE_NAME": name,
    }


def test_the_way_there_stays_encrypted() -> None:
    url = "postgresql://admin@db/simpul?sslmode=verify-full&sslrootcert=/etc/ca.pem"
    found = address.of_url(url)
    assert found["PGSSLMODE"] == "verify-full"
    assert found["PGSSLROOTCERT"] == "/etc/ca.pem"


@pytest.mark.parametrize("url", ["mysql://admin@db/simpul", "postgresql://admin@db/s?user=me"])
def test_what_is_not_understood_is_said(url: str) -> None:
    with pytest.raises(Refused, match="DATABASE_URL"):
        address.of_url(url)
