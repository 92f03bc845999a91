"""Who may talk to the admin listener, and about what.

Nobody through a page in a browser that has its own name point here (DNS rebinding), or that sends a form here. From
this machine, everybody may drive the mock; from any other, who has the token.
"""

import hmac
from collections.abc import Collection
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mockpsc.admin.api.problems import Problem, as_response
from mockpsc.connection import CALLBACK, NOTICE
from mockpsc.kinds import is_loopback

# What certificates point to: anybody may ask, by whatever name.
_BY_ANY_NAME = ("/pki/", "/ocsp")
_OPEN = ("/", "/healthz", "/ca.pem", CALLBACK)
_SAFE = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Answers 421 to a Host that is neither an address, nor localhost, nor one of these names, 401 or 403 to whom may
    not do what was asked; and says in each answer that this is a mock."""

    def __init__(self, app: ASGIApp, *, names: Collection[str], token: str | None) -> None:
        self._app, self._names, self._token = app, {name.lower() for name in names}, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or not."""

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Mockpsc"] = NOTICE
            await send(message)

        app = self._app
        try:
            self._require_allowed(scope, Headers(scope=scope))
        except Problem as problem:
            app = as_response(problem)
        await app(scope, receive, send_noted)

    def _require_allowed(self, scope: Scope, headers: Headers) -> None:
        path: str = scope["path"]
        if path.startswith(_BY_ANY_NAME):
            return
        host = headers.get("host", "")
        if not self._is_known(host):
            raise _misdirected(host)
        if path in _OPEN:
            return
        origin = headers.get("origin")
        if origin is not None and scope["method"] not in _SAFE and not _is_of(host, origin):
            raise Problem(403, f"A page of {origin!r} asked for this: only the mock's own pages may drive it.")
        if not _is_local(scope):
            self._require_token(headers.get("authorization", ""))

    def _require_token(self, authorization: str) -> None:
        if self._token is None:
            raise Problem(
                403,
                "Only the mock's own machine may drive it, since it has no token: start it with MOCKPSC_ADMIN_TOKEN "
                "set to 8 characters or more, and send them as Authorization: Bearer.",
            )
        scheme, _, given = authorization.partition(" ")
        right = hmac.compare_digest(given.strip().encode(), self._token.encode())
        if scheme.lower() != "bearer" or not right:
            received = "the token is another" if authorization else "none came"
            raise Problem(
                401,
                f"From another machine, the mock's token is needed, and {received}: "
                "send Authorization: Bearer with the value of MOCKPSC_ADMIN_TOKEN.",
                {"WWW-Authenticate": 'Bearer realm="mockpsc"'},
            )

    def _is_known(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:
            return False
        return name in self._names or is_loopback(name) or _is_address(name)


def _is_of(host: str, origin: str) -> bool:
    """Whether that is where a page came from."""
    try:
        return urlsplit(origin).netloc == host
    except ValueError:
        return False


def _is_local(scope: Scope) -> bool:
    """Whether the peer is on this machine; an IPv4 address can come as an IPv6 one (RFC 4291 §2.5.5.2)."""
    try:
        address = ip_address(scope["client"][0])
    except (ValueError, TypeError, KeyError):
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _misdirected(host: str) -> Problem:
    detail = f"The admin listener is not known as {host!r}: use its address, localhost, or the name in --admin-url."
    return Problem(421, detail)
