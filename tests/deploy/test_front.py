"""The shipped configurations: the real nginx in front of both running doors, and systemd's own check."""

import configparser
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from launch import testing
from simpul.vault import receipts
from tests import instance
from tests.running import Running, placed
from tests.site.test_upgrade import code_of
from tests.visitor import Visitor

DEPLOY = Path(__file__).parents[2] / "deploy"
PUBLIC, WORKSPACE = "lapor.example.org", "kerja.example.org"
STORY = f"tanda-depan-{uuid4().hex}"
PATHS = ("/reports/send/", "/reports/open/", "/accounts/sign-in/")


@dataclass
class Front:
    """nginx in front of an instance."""

    house: Running
    place: Path
    port: int

    def visitor(self, host: str, address: str = "127.0.0.1") -> Visitor:
        """Somebody at a door, from an address of this machine."""
        return Visitor(self.port, host, address)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def filled_in(house: Running, place: Path, port: int) -> str:
    """The shipped configuration with this test's ports and certificate."""
    text = (DEPLOY / "nginx.conf").read_text()
    for before, after in {
        r"127\.0\.0\.1:8000": f"127.0.0.1:{house.ports['public']}",
        r"127\.0\.0\.1:8001": f"127.0.0.1:{house.ports['workspace']}",
        r"listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        r"listen 80": f"listen 127.0.0.1:{free_port()}",
        r"/etc/letsencrypt/live/[a-z.]+/": f"{place}/",
    }.items():
        text, count = re.subn(before, after, text)
        assert count, before
    return text


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Both doors and nginx, which finds no folder for temporary files."""
    place = tmp_path_factory.mktemp("nginx")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=uji", "-keyout", place / "privkey.pem",
         "-out", place / "fullchain.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    with placed() as house:
        house.database |= {
            "SIMPUL_HTTPS": "yes", "SIMPUL_PROXY_HOPS": "1",
            "SIMPUL_HOSTS": f"{PUBLIC} {WORKSPACE} 127.0.0.1",
        }  # fmt: skip
        house.start()
        port = free_port()
        (place / "simpul.conf").write_text(filled_in(house, place, port))
        temporary = "".join(
            f"{kind}_temp_path {place}/temp/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (place / "nginx.conf").write_text(
            f"daemon off; pid {place}/pid; events {{}}\n"
            f"http {{ {temporary} include {place}/simpul.conf; }}\n"
        )
        (place / "temp").mkdir()
        process = subprocess.Popen(
            [testing.front(), "-p", place, "-c", place / "nginx.conf", "-e", place / "start.log"]
        )
        try:
            until = time.monotonic() + 15
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    assert time.monotonic() < until, (place / "start.log").read_text()
                    time.sleep(0.05)
            shutil.rmtree(place / "temp")  # whatever would be written there fails from now on
            yield Front(house, place, port)
        finally:
            process.terminate()
            process.wait(10)


def page_three(house: Running, story: str) -> dict[str, object]:
    [(receiver,)] = house.sql(
        "SELECT ref FROM network_desk WHERE name = 'Pengaduan Uji' AND receiving"
    )
    return {
        "step": "3", "go": "send", "token": receipts.new_token(), "receiver": str(receiver),
        "danger": "no", "needs": ["health"], "region": "53.71", "for_whom": "self",
        "story": story,
    }  # fmt: skip


def test_a_report_and_a_large_file_pass_and_nothing_of_them_touches_a_disk(front: Front) -> None:
    visitor = front.visitor(PUBLIC)
    assert "Lapor" in visitor.get("/")
    assert visitor.headers["Strict-Transport-Security"]
    assert len(visitor.headers.get_all("Strict-Transport-Security")) == 1  # type: ignore[attr-defined]
    fields = page_three(front.house, STORY + " kata" * 1000)
    visitor.post("/reports/send/", fields)
    assert visitor.status == 200
    visitor.post("/reports/open/", {"words": " ".join(receipts.words_of(str(fields["token"])))})
    assert visitor.cookies
    data = (STORY.encode() + b" tulisan\n") * 100_000
    assert 5_000_000 < len(data) < 8_000_000
    form = {name: visitor.hidden(name) for name in ("csrfmiddlewaretoken", "ref")}
    visitor.more = {"Referer": f"https://{PUBLIC}/reports/mine/"}
    visitor.attach("/reports/files/", form, "file", data)
    assert visitor.status == 200
    assert front.house.sql("SELECT count(*) FROM reports_attachment") == [(1,)]
    visitor.attach("/reports/files/", form, "file", b"x" * 9_000_000)
    assert visitor.status == 413
    for folder in (front.place, front.house.place):
        for path in folder.rglob("*"):
            if path.is_file():
                assert STORY.encode() not in path.read_bytes(), path
    assert not (front.place / "temp").exists()


def test_a_member_signs_in_with_a_secure_cookie(front: Front) -> None:
    visitor = front.visitor(WORKSPACE)
    person = instance.secrets_of_people()["people"]["intake"]
    visitor.sign_in("intake", person["passphrase"], code_of(person))
    assert visitor.status == 200 and "Keluar" in visitor.text
    assert "gzip" not in str(visitor.headers.get("Content-Encoding"))


def test_the_two_names_lead_to_two_doors_and_health_stays_inside(front: Front) -> None:
    for host in (PUBLIC, WORKSPACE):
        visitor = front.visitor(host)
        visitor.get("/healthz")
        assert visitor.status == 404
    public = front.visitor(PUBLIC)
    public.get("/accounts/sign-in/")
    assert public.status == 404


def test_a_caller_cannot_choose_her_address(front: Front) -> None:
    """Six wrong receipts make one address wait, whatever it says of itself, and no other."""
    guesser = front.visitor(PUBLIC)
    for number in range(12):
        guesser.more = {"X-Forwarded-For": f"192.0.2.{number}", "Forwarded": "for=192.0.2.9"}
        words = " ".join(receipts.words_of(receipts.new_token()))
        guesser.post("/reports/open/", {"words": words})
        if guesser.status == 429:
            break
    assert guesser.status == 429
    other = front.visitor(PUBLIC, "127.0.0.2")
    other.post("/reports/open/", {"words": " ".join(receipts.words_of(receipts.new_token()))})
    assert other.status == 422


def test_a_slow_body_holds_nobody_up(front: Front) -> None:
    body = b"step=1&go=next&story=pelan"
    context = ssl._create_unverified_context()
    head = (
        f"POST /reports/ HTTP/1.1\r\nHost: {PUBLIC}\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    slow = []
    for _ in range(40):
        raw = socket.create_connection(("127.0.0.1", front.port), 30)
        one = context.wrap_socket(raw, server_hostname=PUBLIC)
        one.sendall(head.encode() + body[:10])
        slow.append(one)
    began = time.monotonic()
    assert "Lapor" in front.visitor(PUBLIC).get("/")
    assert time.monotonic() - began < 5
    answered = []
    for one in slow:
        one.sendall(body[10:])
        answered.append(one.recv(12))
        one.close()
    assert answered == [b"HTTP/1.1 200"] * 40


def test_no_log_holds_a_path_or_an_address(front: Front) -> None:
    front.visitor(PUBLIC).get("/reports/open/?q=" + STORY)
    logs = [*front.place.glob("*.log"), *(front.house.place / "log").glob("*")]
    assert logs
    for log in logs:
        text = log.read_text()
        assert not any(path in text for path in (*PATHS, STORY, "127.0.0.2")), log


def test_the_unit_is_one_that_systemd_accepts(tmp_path: Path) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / "simpul.service")
    service = dict(unit["Service"])
    for name, value in {
        "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes",
        "PrivateTmp": "yes", "LimitCORE": "0", "CapabilityBoundingSet": "", "UMask": "0077",
        "MemoryDenyWriteExecute": "yes", "MemorySwapMax": "0", "User": "simpul",
    }.items():  # fmt: skip
        assert service[name] == value
    if verify := shutil.which("systemd-analyze"):
        here = (DEPLOY / "simpul.service").read_text().replace("/opt/simpul/simpul", "/bin/true")
        (tmp_path / "simpul.service").write_text(here)
        said = subprocess.run(
            [verify, "verify", "--man=no", tmp_path / "simpul.service"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        ours = [line for line in said.stderr.splitlines() if "simpul.service" in line]
        assert ours == []


def test_no_front_compresses_logs_or_speaks_of_hsts() -> None:
    nginx = re.sub("#.*", "", (DEPLOY / "nginx.conf").read_text())
    caddy = re.sub("#.*", "", (DEPLOY / "Caddyfile").read_text())
    assert "access_log off;" in nginx and "proxy_request_buffering off;" in nginx
    assert "Strict-Transport-Security" not in nginx + caddy
    assert not re.search(r"^\s*(encode|log \w)", caddy, re.M)
    assert nginx.count("X-Forwarded-For $remote_addr;") == 1
