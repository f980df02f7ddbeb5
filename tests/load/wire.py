"""A phone's browser on a real socket: every byte that goes out or comes back is counted."""

import gzip
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

AGENT = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/130.0.0.0 Mobile Safari/537.36"
)
ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and how many bytes it took both ways."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    sent: int
    received: int
    packed: bool
    lighter: int  # what would have come back, had the door packed this page

    @property
    def text(self) -> str:
        """The page."""
        return self.body.decode()

    @property
    def bytes(self) -> int:
        """Both ways."""
        return self.sent + self.received


class Phone:
    """One connection that is kept open, as browsers do; headers as a phone sends them."""

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        self.host = f"127.0.0.1:{port}"
        self.socket = socket.create_connection(
            ("127.0.0.1", port), timeout=60, source_address=(source, 0)
        )
        self.file = self.socket.makefile("rb")
        self.cookie = ""
        self.page = ""

    def get(self, path: str) -> Answer:
        """Asks for a page."""
        return self._ask("GET", path, None)

    def post(self, path: str, fields: Mapping[str, Sequence[str]]) -> Answer:
        """Sends a form."""
        return self._ask("POST", path, urlencode(fields, doseq=True).encode())

    def close(self) -> None:
        """Hangs up."""
        self.file.close()
        self.socket.close()

    def _ask(self, method: str, path: str, body: bytes | None) -> Answer:
        lines = [
            f"{method} {path} HTTP/1.1", f"Host: {self.host}", "Connection: keep-alive",
            'sec-ch-ua: "Chromium";v="130", "Not?A_Brand";v="99"', "sec-ch-ua-mobile: ?1",
            'sec-ch-ua-platform: "Android"', "Upgrade-Insecure-Requests: 1",
            f"User-Agent: {AGENT}", f"Accept: {ACCEPT}", "Sec-Fetch-Site: same-origin",
            "Sec-Fetch-Mode: navigate", "Sec-Fetch-User: ?1", "Sec-Fetch-Dest: document",
            "Accept-Encoding: gzip, deflate", "Accept-Language: id-ID,id;q=0.9,en-US;q=0.8",
        ]  # fmt: skip
        if self.page:
            lines.append(f"Referer: http://{self.host}{self.page}")
        if self.cookie:
            lines.append(f"Cookie: {self.cookie}")
        if body is not None:
            lines += [
                f"Origin: http://{self.host}", "Cache-Control: max-age=0",
                "Content-Type: application/x-www-form-urlencoded",
                f"Content-Length: {len(body)}",
            ]  # fmt: skip
        request = "\r\n".join([*lines, "", ""]).encode() + (body or b"")
        self.socket.sendall(request)
        self.page = path
        return self._answer(len(request))

    def _answer(self, sent: int) -> Answer:
        first = self.file.readline()
        head, headers = len(first), {}
        while (line := self.file.readline()) not in {b"\r\n", b""}:
            head += len(line)
            name, _, value = line.decode().partition(":")
            headers[name.strip().lower()] = value.strip()
            if name.lower() == "set-cookie":
                self.cookie = value.strip().partition(";")[0]
        head += 2
        raw = self.file.read(int(headers["content-length"]))
        packed = headers.get("content-encoding") == "gzip"
        return Answer(
            status=int(first.split()[1]), headers=headers,
            body=gzip.decompress(raw) if packed else raw, sent=sent, received=head + len(raw),
            packed=packed,
            lighter=head + (len(raw) if packed else len(gzip.compress(raw, 6))),
        )  # fmt: skip
