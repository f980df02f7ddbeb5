"""Whether two hundred megabytes go in and out of a door that never holds more than a few pieces."""

import json
import os
import re
import time
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from random import Random
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID, uuid4

from tests.load.table import Figure, note
from tests.running import Running, placed

BOUNDARY = "potongan-3f9a61c4d27e"  # no piece holds it
PIECE, COUNT = 1024 * 1024, 200
MOST = 32_000_000  # bytes by which a process of the door may grow at its highest
ALL_AT_ONCE = 32 * 1024 * 1024  # bytes of a body that no page takes
REFUSED_WITHIN = 64 * 1024  # bytes of it that are sent before the answer is there


def measure() -> list[Figure]:
    """One file, sent in pieces and fetched whole, through the workspace of a running instance."""
    code = _case()
    with placed(template=os.environ["SIMPUL_DATABASE_NAME"]) as house:
        house.start()
        browser = Signed(house, "intake", *_passphrase_and_code("intake"))
        browser.send(code, 2)  # so that every module is loaded before anything is measured
        rise, seconds = _peak(house), time.perf_counter()
        ref = browser.send(code, COUNT)
        sending, sent = time.perf_counter() - seconds, rise()
        rise, seconds = _peak(house), time.perf_counter()
        whole = browser.fetch(code, ref, COUNT)
        fetching, fetched = time.perf_counter() - seconds, rise()
        rise = _peak(house)
        browser.stall(code, ref)
        stalled = rise()
        early = browser.refused_early(code)
        browser.close()
    figures = [
        Figure(
            f"a door that {what} {COUNT} MiB grows by", f"{size / 1e6:.0f} MB",
            f"≤ {MOST / 1e6:.0f} MB", size <= MOST, how,
        )
        for what, size, how in [
            ("takes in", sent, f"peak RSS (VmHWM), {COUNT} posts; {sending:.1f} s in all"),
            ("gives out", fetched, f"the same bytes came back: {whole}; {fetching:.1f} s in all"),
            ("waits to give out", stalled, "a browser that reads nothing for three seconds"),
        ]
    ]  # fmt: skip
    figures[1] = figures[1] if whole else Figure("the same bytes come back", "no", "yes", False)
    return [
        *figures,
        Figure(
            f"{ALL_AT_ONCE // 1024 // 1024} MiB in one body are refused", f"{early}", "413",
            early == 413, "by the header, before the body was sent",
        ),
        note("  of it", f"{COUNT / sending:.1f} MiB/s in", f"{COUNT / fetching:.1f} MiB/s out"),
    ]  # fmt: skip


def _case() -> str:
    """A case in this process's database, from which the running instance is cloned."""
    from django.db import connections
    from django.utils import timezone

    from tests.load import people

    who, now = people.cast(), timezone.now()
    [case] = people.take_up(who, people.file_many(who, 1, now), now)
    connections.close_all()
    return str(case.code)


def _passphrase_and_code(key: str) -> tuple[str, str]:
    from simpul.vault import passphrases
    from tests import instance

    person = cast(Any, instance.secrets_of_people())["people"][key]
    step = int(time.time()) // passphrases.STEP
    return person["passphrase"], passphrases.code_at(bytes.fromhex(person["totp"]), step)


def _peak(house: Running):  # type: ignore[no-untyped-def]
    """Begins a measure; what it gives back says by how much the door's largest process grew."""
    pids = house.pids("workspace")
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew, proc(5)
    before = {pid: _status(pid, "VmRSS") for pid in pids}
    return lambda: max(_status(pid, "VmHWM") - before[pid] for pid in pids)


def _status(pid: int, name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def piece(number: int) -> bytes:
    """A piece that looks like a film at its beginning and like nothing afterwards."""
    data = Random(number).randbytes(PIECE)
    return data if number else b"\0\0\0\x18ftypmp42" + data[12:]


class Signed:
    """A colleague's browser at the workspace, on connections of its own."""

    def __init__(self, house: Running, key: str, passphrase: str, code: str) -> None:
        self.port, self.cookie, self.token = house.ports["workspace"], "", ""
        self.connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.page("/accounts/sign-in/")
        said: dict[str, object] = {"username": key, "passphrase": passphrase, "code": code}
        answer, _body = self.post("/accounts/sign-in/", said)
        assert answer.status == 302, answer.status

    def close(self) -> None:
        """Hangs up."""
        self.connection.close()

    def page(self, path: str) -> str:
        """Asks for a page and keeps the token of its form."""
        _answer, body = self._ask("GET", path)
        text = body.decode()
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
        self.token = found[1] if found else self.token
        return text

    def post(self, path: str, fields: dict[str, object]) -> tuple[HTTPResponse, bytes]:
        """Sends a form."""
        body = urlencode(fields | {"csrfmiddlewaretoken": self.token}).encode()
        return self._ask("POST", path, body, "application/x-www-form-urlencoded")

    def send(self, code: str, count: int, ref: UUID | None = None) -> UUID:
        """Sends a file in pieces, as the script of the page does; what is there already, not again."""
        import hashlib

        files, ref = f"/cases/{code}/files/", ref or uuid4()
        self.page(files)
        digests = " ".join(hashlib.sha256(piece(n)).hexdigest() for n in range(count))
        declared = {
            "ref": ref, "compartment": "legal", "name": "rekaman.mp4", "size": count * PIECE,
            "digests": digests,
        }  # fmt: skip
        answer, said = self.post(f"{files}begin/", declared)
        assert answer.status == 200, answer.status
        there = json.loads(said)["there"]
        for number in set(range(count)) - set(there):
            head = (
                f"--{BOUNDARY}\r\n".encode()
                + b'Content-Disposition: form-data; name="piece"; filename="blob"\r\n'
                b"Content-Type: application/octet-stream\r\n\r\n"
            )
            body = head + piece(number) + f"\r\n--{BOUNDARY}--\r\n".encode()
            path = f"{files}{ref}/{number}/"
            answer, said = self._ask(
                "POST", path, body, f"multipart/form-data; boundary={BOUNDARY}"
            )
            assert answer.status == 200, (number, answer.status)
            assert json.loads(said)["whole"] or number < count - 1
        return ref

    def fetch(self, code: str, ref: UUID, count: int) -> bool:
        """Downloads the file; whether it is the same."""
        answer = self._begin(code, ref)
        same = all(answer.read(PIECE) == piece(number) for number in range(count))
        return same and answer.read() == b""

    def stall(self, code: str, ref: UUID) -> None:
        """Asks for the file and reads nothing of it for a while."""
        self._begin(code, ref)
        time.sleep(3)
        self.connection.close()

    def refused_early(self, code: str) -> int:
        """Says that a large body will come, and what the door answers before it has."""
        self.connection.close()
        self.connection.connect()
        self.connection.putrequest("POST", f"/cases/{code}/files/")
        self.connection.putheader("Cookie", self.cookie)
        self.connection.putheader("Content-Length", str(ALL_AT_ONCE))
        self.connection.endheaders()
        self.connection.send(bytes(REFUSED_WITHIN))
        return self.connection.getresponse().status

    def _begin(self, code: str, ref: UUID) -> HTTPResponse:
        self.connection.request(
            "GET", f"/cases/{code}/files/{ref}/", headers={"Cookie": self.cookie}
        )
        return self.connection.getresponse()

    def _ask(
        self, method: str, path: str, body: bytes | None = None, kind: str = ""
    ) -> tuple[HTTPResponse, bytes]:
        headers = {"Cookie": self.cookie, "X-CSRFToken": self.token}
        if kind:
            headers["Content-Type"] = kind
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        if fresh := answer.headers.get("Set-Cookie"):
            self.cookie = fresh.partition(";")[0]
        return answer, answer.read()
