"""Two machines, one database: following, writing on both, promoting, and staying shut."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from launch import commands, pair, roles, standby, var
from launch.postgres import Cluster
from launch.voice import Refused
from tests import pairing
from tests.launch.test_supervisor import Instance
from tests.launch.waiting import wait_until

Two = tuple[Cluster, Cluster]


@contextmanager
def standing() -> Iterator[Two]:
    with pairing.two() as (first, second):
        pairing.lead(first)
        with pairing.administrator(first) as admin:
            admin.execute("CREATE TABLE kept (number int PRIMARY KEY)")
        second.follow()
        with pairing.environment_of(first):
            wait_until(lambda: followed(first))
            standby.together(first.folder)
        yield first, second


@pytest.fixture
def two() -> Iterator[Two]:
    """A leader with one table and a follower; every write is on both."""
    with standing() as both:
        yield both


@pytest.fixture(scope="module")
def untouched() -> Iterator[Two]:
    """The same for all tests that leave it as it is."""
    with standing() as both:
        yield both


def followed(cluster: Cluster) -> bool:
    with pairing.administrator(cluster) as admin:
        return bool(
            admin.execute("SELECT FROM pg_stat_replication WHERE state = 'streaming'").rowcount
        )


def numbers(cluster: Cluster) -> set[int]:
    with pairing.administrator(cluster) as admin:
        return {row[0] for row in admin.execute("SELECT number FROM kept").fetchall()}


def insert(cluster: Cluster, number: int, patience: str = "0") -> None:
    with pairing.administrator(cluster) as admin:
        admin.execute(f"SET statement_timeout = '{patience}'")
        with admin.transaction():
            admin.execute("INSERT INTO kept VALUES (%s)", [number])


def in_vain(cluster: Cluster, number: int) -> None:
    """Inserts what is not acknowledged."""
    with pytest.raises(psycopg.Error):
        insert(cluster, number)


def waiting(cluster: Cluster) -> bool:
    with pairing.administrator(cluster) as admin:
        return bool(
            admin.execute("SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'").rowcount
        )


def promote(cluster: Cluster) -> None:
    with pairing.environment_of(cluster):
        standby.promote(cluster.folder)


def test_what_was_acknowledged_is_on_the_other_machine_when_the_first_is_killed(two: Two) -> None:
    first, second = two
    done: list[int] = []

    def write() -> None:
        try:
            for number in range(100_000):
                insert(first, number)
                done.append(number)
        except psycopg.OperationalError:
            pass

    writer = threading.Thread(target=write)
    writer.start()
    wait_until(lambda: len(done) > 20)
    pairing.kill(first)
    writer.join()
    promote(second)
    assert set(done) <= numbers(second)
    insert(second, -1)


def test_a_write_waits_for_the_other_machine_and_no_limit_of_time_acknowledges_it(
    two: Two,
) -> None:
    """statement_timeout does not end the wait: PostgreSQL would then call the write done."""
    first, second = two
    pairing.kill(second)
    done: list[int] = []
    writer = threading.Thread(target=lambda: (insert(first, 1, "300ms"), done.append(1)))
    writer.start()
    wait_until(lambda: waiting(first))
    writer.join(1)
    assert writer.is_alive() and not done
    with pairing.environment_of(first):
        standby.alone(first.folder)
    writer.join(10)
    assert done


def test_who_led_before_stays_shut_and_becomes_the_follower(two: Two) -> None:
    first, second = two
    pairing.kill(first)
    promote(second)
    insert(second, 2)
    with pytest.raises(Refused, match="leads now"):
        first.start()
    first.follow()
    wait_until(lambda: numbers(first) == {2})
    assert (first.lodging.data.parent / "before").exists(), "nothing is erased"
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        insert(first, 3)


def test_who_led_before_and_reaches_nobody_acknowledges_nothing(two: Two) -> None:
    """Cut off from the other machine it starts, for it cannot know better; its writes wait."""
    first, second = two
    pairing.kill(second)
    pairing.kill(first)
    first.start()
    writer = threading.Thread(target=in_vain, args=[first, 4])
    writer.start()
    wait_until(lambda: waiting(first))
    first.stop()
    writer.join(10)
    second.start()
    promote(second)
    assert 4 not in numbers(second)
    assert first.overtaken()


def test_nobody_is_promoted_while_the_other_leads(untouched: Two) -> None:
    first, second = untouched
    with pytest.raises(Refused, match="still leads"):
        promote(second)
    with pytest.raises(Refused, match="leads already"):
        promote(first)


def test_how_the_two_stand_is_said(two: Two, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = two
    with pairing.environment_of(first):
        standby.show(first.folder)
        said = capsys.readouterr().out
        assert "role: leads" in said and "on both: yes" in said and "sync" in said
    with pairing.environment_of(second):
        standby.show(second.folder)
        assert "role: follows" in capsys.readouterr().out
    pairing.kill(second)
    with pairing.environment_of(first):
        wait_until(lambda: not followed(first))
        standby.show(first.folder)
    assert "the other: away" in capsys.readouterr().out


def test_data_of_somebody_else_are_not_copied_over(untouched: Two) -> None:
    """A machine that leads something of its own is not made a follower."""
    first, second = untouched
    promoted = Cluster(first.folder, durable=False, paired=first.paired)
    with pytest.raises(Refused, match="nothing is erased"):
        promoted._copy()
    assert first.alive() and numbers(first) == set()
    with pytest.raises(Refused, match="does not follow"), pairing.environment_of(second):
        standby.together(second.folder)


def test_the_follower_has_no_right_on_a_row_and_nobody_follows_without_the_password(
    untouched: Two,
) -> None:
    first, _second = untouched
    assert first.paired
    secret = var.secret(first.folder, "db-standby")
    for more in (
        {"password": secret, "dbname": "postgres"},
        {"password": "x", "replication": "1"},
    ):
        with pytest.raises(psycopg.OperationalError, match=r"pg_hba|password authentication"):
            psycopg.connect(host=first.paired.own, user=pair.ROLE, **more)
    with pytest.raises(psycopg.OperationalError, match="pg_hba"):
        psycopg.connect(
            host=first.paired.own, user="simpul_admin", dbname="postgres",
            password=var.secret(first.folder, "db-admin"),
        )  # fmt: skip


def test_with_a_certificate_nobody_is_let_in_without_tls() -> None:
    """The follower checks that it speaks with who holds the certificate's key."""
    with pairing.two() as (first, second):
        for cluster in (first, second):
            certify(cluster.folder / "secrets")
        pairing.lead(first)
        assert first.paired
        with pytest.raises(psycopg.OperationalError, match="pg_hba"):
            psycopg.connect(
                host=first.paired.own, user=pair.ROLE, replication="true", sslmode="disable",
                password=var.secret(first.folder, "db-standby"),
            )  # fmt: skip
        with pytest.raises(Refused, match="certificate verify failed"):
            second.follow()
        for name in ("database.crt", "database.key"):
            shutil.copy(first.folder / "secrets" / name, second.folder / "secrets" / name)
        second.follow()
        wait_until(lambda: followed(first))
        with pairing.administrator(first) as admin:
            row = admin.execute("SELECT count(*) FROM pg_stat_ssl WHERE ssl").fetchone()
        assert row == (1,)
        seen = pair.look(second.paired, second.folder) if second.paired else None
        assert seen and seen.leads
        assert first.address()["PGSSLMODE"] == "verify-ca"


def certify(secrets: Path) -> None:
    """A key and a certificate signed by itself, as an operator makes them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "simpul")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    signed = made.sign(key, SHA256())
    (secrets / "database.crt").write_bytes(signed.public_bytes(Encoding.PEM))
    (secrets / "database.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )


def test_no_password_is_in_the_list_of_processes(untouched: Two) -> None:
    for cluster in untouched:
        assert cluster.process
        shown = Path(f"/proc/{cluster.process.pid}/cmdline").read_bytes()
        assert var.secret(cluster.folder, "db-standby").encode() not in shown


def test_two_supervisors_follow_change_over_and_change_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The verbs that people type, in the order in which they type them."""
    with pairing.two() as (first, second):

        def start(cluster: Cluster, verb: str) -> Instance:
            with pairing.environment_of(cluster) as told:
                return Instance(cluster.folder, verb, **told)

        def say(cluster: Cluster, *words: str) -> int:
            with pairing.environment_of(cluster) as told, pytest.MonkeyPatch.context() as patch:
                for name, value in {**told, "SIMPUL_VAR": str(cluster.folder)}.items():
                    patch.setenv(name, value)
                return commands.main(list(words))

        leader = start(first, "up").ready()
        follower = leader
        try:
            with pairing.administrator(first) as admin:
                roles.make_standby_role(admin, var.secret(first.folder, "db-standby"))
            follower = start(second, "standby").ready()
            wait_until(lambda: followed(first))
            assert say(first, "pair", "together") == 0
            assert say(second, "promote") == 1, "the first one still leads"
            assert say(first, "pair") == 0 and "on both: yes" in capsys.readouterr().out
            leader.process.terminate()
            assert leader.wait() == 0
            assert say(second, "promote") == 0
            leader = start(first, "up")
            assert leader.wait() == 1 and "leads now" in leader.said
            leader = start(first, "standby").ready()
            wait_until(lambda: followed(second))
            assert say(second, "pair", "together") == 0
            refused = start(second, "up")
            assert refused.wait() == 1, "it already runs"
        finally:
            for each in (leader, follower):
                each.process.terminate()
                each.wait()
        assert start(first, "up").wait() == 1, "a follower is not started as a leader"


def test_a_leader_that_finds_the_other_one_leading_stops_its_own_database(two: Two) -> None:
    """After a cut in the network: doors lose the old leader and find the new one."""
    from launch.supervisor import Supervisor
    from launch.wakeups import Signals

    first, second = two
    first.stop()
    promote(second)
    first.paired, kept = None, first.paired
    first.start()  # as if it had never been stopped
    first.paired = kept
    with Signals() as signals:
        supervisor = Supervisor(first.folder, signals)
        supervisor.cluster = first
        supervisor._yield_the_lead()
    assert not first.alive()


def test_preparing_the_roles_makes_the_one_that_follows(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pairing.two() as (first, _second):
        first.start()
        with pairing.environment_of(first) as told:
            names = {**told, **first.address(), "SIMPUL_VAR": str(first.folder)}
            for name, value in names.items():
                monkeypatch.setenv(name, value)
            roles.main()
            roles.main()
        with pairing.administrator(first) as admin:
            row = admin.execute(
                "SELECT rolreplication, rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles"
                " WHERE rolname = %s",
                [pair.ROLE],
            ).fetchone()
        assert row == (True, False)


@pytest.mark.parametrize("peer", ["", "db.internal", "10.0.0.2"])
def test_a_pair_that_is_not_safe_is_refused(
    peer: str, secrets: object, place: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are addresses; between two machines there is TLS."""
    monkeypatch.setenv("SIMPUL_VAR", str(place))
    monkeypatch.setenv("SIMPUL_DATABASE_LISTEN", "127.0.0.2")
    monkeypatch.setenv("SIMPUL_DATABASE_PEER", peer)
    with pytest.raises(Refused):
        pair.configured()


def test_without_a_pair_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pair.configured() is None
    with pytest.raises(Refused, match="operations"):
        pair.wanted()
    assert pair.network("10.0.0.2") == "10.0.0.2/32" and pair.network("::1") == "::1/128"
