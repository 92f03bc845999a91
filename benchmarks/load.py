"""The load: people who log in and relying parties that exchange their codes, on sockets and `ssl` alone.

An HTTP library would cost more than what is measured. OpenSSL works with Python's lock released, so a few threads keep
a server busy.
"""

import json
import re
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from socket import IPPROTO_TCP, TCP_NODELAY, create_connection
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from measurement import shares

from mockpsc.profiles import shipped_tables

THREADS = 4

_PERSONA = str(shipped_tables()[0]["id"])
_PROTOCOL = "/protocol/openid-connect/"
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_LOCATION = re.compile(rb"(?i)\r\nlocation: *([^\r]+)")


class Connection:
    """A TLS connection to localhost, with as much of HTTP/1.1 as the mock's answers need: all tell their length.

    A request raises RuntimeError when the status of its answer is not the one expected.
    """

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        raw = create_connection(("127.0.0.1", port))
        raw.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self._tls = context.wrap_socket(raw, server_hostname="localhost")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the socket without a word, as most HTTP libraries do."""
        self._tls.close()

    def get(self, target: str, *, header: str = "", expected: int = 200) -> tuple[bytes, bytes]:
        """The head and the body of the answer."""
        return self._exchange(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n", expected)

    def post(self, target: str, form: Mapping[str, str]) -> bytes:
        """The body of the answer to a form."""
        body = urlencode(form)
        about = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        return self._exchange(f"POST {target} HTTP/1.1\r\nHost: localhost\r\n{about}\r\n{body}", 200)[1]

    def end(self) -> None:
        """Close it as TLS does: the server answers in kind, so it has accepted the client's certificate."""
        self._tls.unwrap().close()

    def _exchange(self, request: str, expected: int) -> tuple[bytes, bytes]:
        self._tls.sendall(request.encode())
        head, body = self._receive()
        if not head.startswith(f"HTTP/1.1 {expected} ".encode()):
            raise RuntimeError(f"{request.splitlines()[0]}: expected status {expected}, received {head!r} {body!r}")
        return head, body

    def _receive(self) -> tuple[bytes, bytes]:
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, body = received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        while length and len(body) < int(length[1]):
            body += self._more()
        return head, body

    def _more(self) -> bytes:
        data = self._tls.recv(65536)
        if not data:
            raise RuntimeError("The server closed the connection in the middle of an answer.")
        return data


@dataclass(frozen=True, kw_only=True)
class Parties:
    """A browser, and a relying party that speaks one version of TLS. `told` is what `mockpsc serve --json` printed."""

    told: Mapping[str, str]
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3

    def browser(self) -> Connection:
        """A connection to the login page, to be kept. It has no cookies: every authorization request is a new login."""
        context = ssl.create_default_context(cafile=self.told["ca_file"])
        return Connection(_port(self.told["wallet_url"]), context)

    def relying_party(self) -> Connection:
        """A new connection to the issuer, with the client certificate."""
        return Connection(_port(self.told["issuer"]), self._context)

    def log_in(self, browser: Connection) -> dict[str, Any]:
        """One full login: a code, and the token response to it on a new connection."""
        head, _ = browser.get(self._login_target, expected=302)
        location = _LOCATION.search(head)
        if location is None:
            raise RuntimeError(f"expected a Location with a code, received {head!r}")
        code = _parameter(location[1].decode(), "code")
        with self.relying_party() as connection:
            return dict(json.loads(connection.post(self.target("token"), {**self._token_request, "code": code})))

    def log_in_often(self, count: int) -> None:
        """Full logins one after the other."""
        with self.browser() as browser:
            for _ in range(count):
                self.log_in(browser)

    def shake_hands_often(self, count: int, port: int | None = None) -> None:
        """Connections one after the other on which nothing is said but that they end; to the issuer, or to a port."""
        for _ in range(count):
            Connection(port or _port(self.told["issuer"]), self._context).end()

    def target(self, endpoint: str) -> str:
        """The path of one of the issuer's endpoints, by its last part."""
        return urlsplit(self.told["issuer"]).path + _PROTOCOL + endpoint

    @property
    def discovery_target(self) -> str:
        """The path of the discovery document."""
        return urlsplit(self.told["discovery_url"]).path

    @cached_property
    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.told["ca_file"])
        context.load_cert_chain(self.told["client_cert_file"], self.told["client_key_file"])
        context.minimum_version = context.maximum_version = self.version
        return context

    @cached_property
    def _login_target(self) -> str:
        url = urlsplit(self.told["login_url"])
        return f"{url.path}?{url.query}&{urlencode({'login_hint': _PERSONA})}"

    @cached_property
    def _token_request(self) -> dict[str, str]:
        redirect_uri = _parameter(self.told["login_url"], "redirect_uri")
        return {"grant_type": "authorization_code", "client_id": self.told["client_id"], "redirect_uri": redirect_uri}


def _port(url: str) -> int:
    return urlsplit(url).port or 443


def _parameter(url: str, name: str) -> str:
    return parse_qs(urlsplit(url).query)[name][0]


def in_threads(work: Callable[[int], None]) -> Callable[[int], None]:
    """The same work, its count shared among `THREADS` threads."""

    def shared(count: int) -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            for done in [pool.submit(work, share) for share in shares(count, THREADS)]:
                done.result()

    return shared
