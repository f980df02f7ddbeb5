"""A browser without a screen: cookies and forms on real connections."""

import re
import ssl
from collections.abc import Mapping
from html import unescape
from http.client import HTTPConnection, HTTPSConnection
from http.cookies import SimpleCookie
from urllib.parse import urlencode


class Visitor:
    """One person's browser at one door; follows redirects and remembers cookies."""

    def __init__(self, port: int, host: str = "", address: str = "127.0.0.1") -> None:
        """With a `host` it speaks TLS to a front; `address` is where it calls from."""
        self.port, self.host, self.address = port, host or f"127.0.0.1:{port}", address
        self.tls = ssl._create_unverified_context() if host else None
        self.more: dict[str, str] = {}
        self.cookies: dict[str, str] = {}
        self.headers: Mapping[str, str] = {}
        self.text, self.status = "", 0

    def get(self, path: str) -> str:
        """Asks for a page."""
        return self._ask("GET", path)

    def post(self, path: str, fields: object) -> str:
        """Sends a form."""
        body = urlencode(fields, doseq=True).encode()  # type: ignore[arg-type]
        return self._ask("POST", path, body, "application/x-www-form-urlencoded")

    def attach(self, path: str, fields: Mapping[str, str], name: str, data: bytes) -> str:
        """Sends a form with a file."""
        edge = "batas-0123456789"
        parts = [
            f'--{edge}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
            for field, value in fields.items()
        ]
        head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="a.txt"\r\n'
        parts += [head.encode() + b"Content-Type: text/plain\r\n\r\n", data]
        body = b"".join(parts) + f"\r\n--{edge}--\r\n".encode()
        return self._ask("POST", path, body, f"multipart/form-data; boundary={edge}")

    def hidden(self, name: str) -> str:
        """The value of a hidden field on the page that is shown."""
        found = re.search(rf'name="{name}"[^>]*?value="([^"]*)"', self.text)
        assert found, f"no field {name} on the page: {self.text[-600:]}"
        return unescape(found[1])

    def sign_in(self, username: str, passphrase: str, code: str) -> str:
        """Signs in at the workspace."""
        return self.post(
            "/accounts/sign-in/",
            {
                "username": username,
                "passphrase": passphrase,
                "code": code,
            },
        )

    def _ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> str:
        where, source = ("127.0.0.1", self.port), (self.address, 0)
        connection = (
            HTTPSConnection(*where, timeout=60, source_address=source, context=self.tls)
            if self.tls
            else HTTPConnection(*where, timeout=60, source_address=source)
        )
        headers = {"Host": self.host, **self.more}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if body is not None:
            headers["Content-Type"] = kind
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            self.text, self.status = response.read().decode(), response.status
            self.headers = response.headers
        finally:
            connection.close()
        for line in response.headers.get_all("Set-Cookie") or []:
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        if self.status in {301, 302, 303}:
            return self._ask("GET", response.headers["Location"])
        return self.text
