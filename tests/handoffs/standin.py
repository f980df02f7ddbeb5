"""A process that stands in for the three providers and speaks their HTTP formats.

It refuses what they would refuse, keeps what it was asked to send, and can be told to be slow, to be
broken, or to lead elsewhere. `python -m tests.handoffs.standin` prints its port.
"""

import json
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs
from urllib.request import ProxyHandler, Request, build_opener

PHONE, TOKEN = "1060000000001", "token-wa"
ACCOUNT, SID_TOKEN, FROM = "AC00000000000000000000000000000001", "token-tw", "+62000000001"
USER, PASSWORD = "sms", "sandi-gw"
SLOW = 3.0

state: dict[str, Any] = {"mode": "well", "sent": []}


class Provider(BaseHTTPRequestHandler):
    """The three providers at one port; their paths do not meet."""

    def do_GET(self) -> None:
        """What was sent so far, or another way to behave from now on."""
        if self.path.startswith("/mode/"):
            state["mode"] = self.path.removeprefix("/mode/")
            state["sent"] = []
        self._say(200, state["sent"])

    def do_POST(self) -> None:
        """A text to send."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if state["mode"] == "slow":
            time.sleep(SLOW)
        if state["mode"] == "broken":
            self.wfile.write(b"this is no HTTP\r\n\r\n")
            return
        if state["mode"] == "down":
            self._say(503, {"error": "down"})
            return
        if state["mode"] == "elsewhere" and "elsewhere" not in self.path:
            self.send_response(307)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        taken = self._take(body)
        if taken is None:
            self._say(401, {"error": "refused"})
        else:
            state["sent"].append(taken)
            self._say(201, {"id": len(state["sent"])})

    def _take(self, body: bytes) -> dict[str, str] | None:
        kind = self.headers["Content-Type"]
        sign_in = self.headers.get("Authorization", "")
        if self.path == f"/v21.0/{PHONE}/messages" and sign_in == f"Bearer {TOKEN}":
            told = json.loads(body)
            assert kind == "application/json"
            assert (told["messaging_product"], told["type"]) == ("whatsapp", "text")
            return {"by": "whatsapp", "to": told["to"], "text": told["text"]["body"]}
        if not sign_in.startswith("Basic "):
            return {"by": "elsewhere", "sign_in": sign_in} if "elsewhere" in self.path else None
        user, _, password = b64decode(sign_in.removeprefix("Basic ")).decode().partition(":")
        if (
            self.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
            and (user, password) == (ACCOUNT, SID_TOKEN)
            and kind == "application/x-www-form-urlencoded"
        ):
            fields = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            assert fields["From"] == FROM
            return {"by": "twilio", "to": fields["To"], "text": fields["Body"]}
        if self.path == "/message" and (user, password) == (USER, PASSWORD):
            told = json.loads(body)
            assert kind == "application/json"
            return {
                "by": "gateway",
                "to": told["phoneNumbers"][0],
                "text": told["textMessage"]["text"],
            }
        return {"by": "elsewhere", "sign_in": sign_in} if "elsewhere" in self.path else None

    def _say(self, status: int, told: Any) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_given: Any) -> None:
        """Says nothing."""


@dataclass
class Standin:
    """The running process, as a test sees it."""

    port: int

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def behaves(self, mode: str) -> None:
        """Changes how it behaves, and forgets what was sent."""
        self._ask(f"/mode/{mode}")

    @property
    def sent(self) -> list[dict[str, str]]:
        """What it was asked to send."""
        found: list[dict[str, str]] = self._ask("/sent")
        return found

    def _ask(self, path: str) -> Any:
        direct = build_opener(ProxyHandler({}))
        with direct.open(Request(self.url + path), timeout=10) as answer:
            return json.load(answer)


@contextmanager
def running() -> Iterator[Standin]:
    """Starts the process, and ends it afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.handoffs.standin"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield Standin(int(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    print(server.server_port, flush=True)
    server.serve_forever()
