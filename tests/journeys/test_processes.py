"""Real processes under stress: many at once, a killed door, a killed database, two colleagues."""

import os
import re
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest

from simpul.vault import receipts
from tests.running import Running

WORDS = re.compile(r'class="[^"]*words[^"]*"[^>]*>(.*?)</', re.S)


def last_page(house: Running) -> dict[str, object]:
    """The fields of the third page, as a browser would send them."""
    receiver = house.sql(
        "SELECT d.ref FROM network_desk d WHERE d.name = 'Pengaduan Uji' AND d.receiving"
    )[0][0]
    return {
        "step": "3", "go": "send", "token": receipts.new_token(), "receiver": str(receiver),
        "danger": "no", "needs": ["health"], "region": "53.71", "for_whom": "self",
        "story": "Cerita dari ponsel.",
    }  # fmt: skip


def words_in(text: str) -> str:
    """The six words on the receipt page, or nothing."""
    match = WORDS.search(text)
    return " ".join(re.findall(r"[a-z]{4,8}", re.sub("<.*?>", " ", match[1]))) if match else ""


def send(house: Running, fields: dict[str, object]) -> tuple[int, str]:
    """Presses Kirim; status and page. A connection that broke is status 0."""
    try:
        status, text, _response = house.ask("public", "POST", "/reports/send/", fields)
    except OSError:
        return 0, ""
    except Exception:
        return 0, ""
    return status, text


def count(house: Running) -> int:
    """How many reports there are."""
    return int(str(house.sql("SELECT count(*) FROM reports_report")[0][0]))


def test_sixteen_reporters_at_once(house: Running) -> None:
    """None fails, none is doubled, none loses its receipt."""
    before = count(house)

    def one(_number: int) -> tuple[str, str]:
        fields = last_page(house)
        status, text = send(house, fields)
        assert status == 200, text[-400:]
        return words_in(text), " ".join(receipts.words_of(str(fields["token"])))

    with ThreadPoolExecutor(16) as pool:
        shown = list(pool.map(one, range(48)))
    assert all(seen == meant for seen, meant in shown)
    assert len({seen for seen, _meant in shown}) == 48
    assert count(house) == before + 48


def test_the_same_form_sent_ten_times_at_once_is_one_report(house: Running) -> None:
    """Impatient fingers: ten posts of one form, one report, one receipt."""
    before, fields = count(house), last_page(house)
    with ThreadPoolExecutor(10) as pool:
        pages = list(pool.map(lambda _n: send(house, fields), range(10)))
    assert {status for status, _text in pages} == {200}
    assert len({words_in(text) for _status, text in pages}) == 1
    assert count(house) == before + 1


def test_a_training_room_behind_one_address_and_eleven_elsewhere_are_all_accepted(
    house: Running,
) -> None:
    """No quota: a suspected flood waits in another tray, with its clock; nothing urgent does."""
    before = count(house)

    def one(number: int) -> bool:
        fields = last_page(house) | {"danger": "yes" if number % 40 == 39 else "no"}
        source = "127.0.0.9" if number < 200 else f"127.0.1.{number - 199}"
        status, text = send_from(source, house, fields)
        return status == 200 and words_in(text) == " ".join(
            receipts.words_of(str(fields["token"]))
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(211)))
    assert count(house) == before + 211
    newest = "SELECT * FROM reports_report ORDER BY filed_at DESC LIMIT 211"
    [[held, urgent, clocks]] = house.sql(
        "SELECT count(*) FILTER (WHERE held), count(*) FILTER (WHERE held AND urgent),"
        " count(*) FILTER (WHERE EXISTS (SELECT 1 FROM clocks_clock c"
        f" WHERE c.subject = r.ref AND c.rule = 'K02')) FROM ({newest}) r"
    )
    assert 0 < int(str(held)) < 200 and urgent == 0 and clocks == 211


def send_from(source: str, house: Running, fields: dict[str, object]) -> tuple[int, str]:
    """Presses Kirim from another address of this machine."""
    connection = HTTPConnection(
        "127.0.0.1", house.ports["public"], timeout=60, source_address=(source, 0)
    )
    with closing(connection):
        connection.request(
            "POST", "/reports/send/", urlencode(fields, doseq=True),
            {"Content-Type": "application/x-www-form-urlencoded"},
        )  # fmt: skip
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def test_a_door_killed_while_filing_loses_nothing(house: Running) -> None:
    """kill -9 at many moments: a report is there whole or not at all, and pressing again is safe."""
    before, tries = count(house), 8
    for number in range(tries):
        fields = last_page(house)
        answer: list[tuple[int, str]] = []
        thread = threading.Thread(target=lambda f=fields, a=answer: a.append(send(house, f)))
        thread.start()
        time.sleep(0.006 * number)
        for pid in house.pids("public"):
            os.kill(pid, signal.SIGKILL)
        thread.join(30)
        status, text = 0, ""
        until = time.monotonic() + 20
        while status != 200 and time.monotonic() < until:
            status, text = send(house, fields)
        assert status == 200
        assert words_in(text) == " ".join(receipts.words_of(str(fields["token"])))
    assert count(house) == before + tries
    whole = house.sql(
        "SELECT count(*) FROM reports_report r WHERE (SELECT count(*) FROM reports_part p"
        " WHERE p.report_id = r.ref) < 3"
    )
    assert whole[0][0] == 0


def test_a_database_that_drops_every_connection_keeps_what_was_typed(house: Running) -> None:
    """The page says it is not sent, still shows every word, and pressing again sends it."""
    name = house.database["SIMPUL_DATABASE_NAME"]
    before, fields = count(house), last_page(house) | {"story": "Kata yang tidak boleh hilang."}
    allow = "ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}"
    admin(house, allow.format(name, "false"))
    admin(
        house,
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    )
    try:
        status, text = send(house, fields)
        assert status == 503, status
        assert "Kata yang tidak boleh hilang." in text
        assert str(fields["token"]) in text
    finally:
        admin(house, allow.format(name, "true"))
    until = time.monotonic() + 30
    while status != 200 and time.monotonic() < until:
        status, text = send(house, fields)
    assert status == 200
    assert count(house) == before + 1


def admin(house: Running, query: str) -> None:
    """A statement of the cluster's administrator, outside the instance's database."""
    import psycopg

    from launch import var

    with psycopg.connect(
        host=house.database["SIMPUL_DATABASE_HOST"], user="simpul_admin", dbname="postgres",
        password=var.secret(house.place, "db-admin"), autocommit=True,
    ) as connection:  # fmt: skip
        connection.execute(query)  # type: ignore[arg-type]


def test_the_worker_links_the_audit_and_wakes_the_fallback(house: Running) -> None:
    """Within a few seconds of real sweeps: lines are linked; an overdue report has its second desk."""
    second = house.sql("SELECT ref FROM network_desk WHERE name = 'Pengaduan Provinsi Uji'")[0][0]
    fields = last_page(house) | {"fallback": "yes", "shown": str(second)}
    status, text = send(house, fields)
    assert status == 200
    ref = house.sql("SELECT ref FROM reports_report ORDER BY filed_at DESC LIMIT 1")[0][0]
    write(
        house,
        f"UPDATE clocks_clock SET due_at = now() - interval '1 second' WHERE subject = '{ref}'",
    )
    until = time.monotonic() + 20
    while time.monotonic() < until:
        woken = house.sql(f"SELECT woken_at IS NOT NULL FROM reports_report WHERE ref = '{ref}'")
        pending = house.sql("SELECT count(*) FROM vault_auditpending")[0][0]
        if woken[0][0] and pending == 0:
            break
        time.sleep(0.1)
    assert woken[0][0], text[:0]
    assert pending == 0


def write(house: Running, query: str) -> None:
    """Changes a row as the database's administrator."""
    import psycopg

    from launch import var

    with psycopg.connect(
        host=house.database["SIMPUL_DATABASE_HOST"], user="simpul_admin",
        dbname=house.database["SIMPUL_DATABASE_NAME"],
        password=var.secret(house.place, "db-admin"),
    ) as connection:  # fmt: skip
        connection.execute(query)  # type: ignore[arg-type]


@pytest.mark.parametrize("marker", ["Cerita dari ponsel.", "Kata yang tidak boleh hilang."])
def test_no_log_and_no_temporary_file_holds_a_word(house: Running, marker: str) -> None:
    """After all of the above: nothing typed is in a log, and the door's folder holds no file of it."""
    assert marker not in house.logs()
    for path in house.place.rglob("*"):
        if path.is_file():
            assert marker.encode() not in path.read_bytes(), path
