"""The headers that every answer of the mock has: what it is, and, of a refusal, what to do about it."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mockpsc.connection import NOTICE
from mockpsc.endpoints.refusals import HINT, header_text

_HEADERS = {
    "Mockpsc": NOTICE,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Content-Security-Policy": "frame-src 'self'; frame-ancestors 'self'; object-src 'none';",
}


class Labelling:
    """Puts the headers on the answers of an application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application around it."""

        async def send_labelled(message: Message) -> None:
            if message["type"] == "http.response.start":
                _label(MutableHeaders(scope=message), getattr(scope["state"].get("refusal"), "hint", ""))
            await send(message)

        await self._app(scope, receive, send_labelled)


def _label(headers: MutableHeaders, hint: str) -> None:
    for name, value in _HEADERS.items():
        headers[name] = value
    if hint:
        headers[HINT] = header_text(hint)
