"""Who may talk to the admin listener: nobody through a page that has its own name point here (DNS rebinding)."""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mockpsc.connection import NOTICE
from mockpsc.kinds import is_loopback

# What certificates point to: anybody may ask, by whatever name.
_OPEN = ("/pki/", "/ocsp")


class Guard:
    """Answers 421 to a Host that is neither an address, nor localhost, nor one of these names; and says in each answer
    that this is a mock."""

    def __init__(self, app: ASGIApp, *, names: Collection[str]) -> None:
        self._app, self._names = app, {name.lower() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or not."""

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Mockpsc"] = NOTICE
            await send(message)

        host = Headers(scope=scope).get("host", "")
        allowed = scope["path"].startswith(_OPEN) or self._is_known(host)
        await (self._app if allowed else _misdirected(host))(scope, receive, send_noted)

    def _is_known(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:
            return False
        return name in self._names or is_loopback(name) or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _misdirected(host: str) -> ASGIApp:
    text = f"The admin listener is not known as {host!r}: use its address, localhost, or the name in --admin-url.\n"
    return PlainTextResponse(text, 421)
