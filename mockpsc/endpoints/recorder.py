"""Writes a journal line for each exchange, and the headers that every answer of the mock has."""

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mockpsc.client_authentication import peer_of
from mockpsc.connection import NOTICE
from mockpsc.endpoints.refusals import HINT, header_text
from mockpsc.errors import BearerRefusal, MockPscError, OAuthError
from mockpsc.journal import Exchange
from mockpsc.provider import Provider

_HEADERS = {
    "Mockpsc": NOTICE,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Content-Security-Policy": "frame-src 'self'; frame-ancestors 'self'; object-src 'none';",
}


class Recorder:
    """Writes each exchange to the journal, and the headers that every answer has."""

    def __init__(self, app: ASGIApp, provider: Provider, listener: str) -> None:
        self._app, self._provider, self._listener = app, provider, listener

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application around it."""
        state = scope.setdefault("state", {})
        started = self._provider.clock.now()

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                refusal = state.get("refusal")
                _add_headers(MutableHeaders(scope=message), refusal)
                self._record(scope, message["status"], refusal, started)
            await send(message)

        await self._app(scope, receive, send_noted)

    def _record(self, scope: Scope, status: int, refusal: MockPscError | None, started: float) -> None:
        now = self._provider.clock.now()
        exchange = Exchange(
            time=now,
            listener=self._listener,
            method=scope["method"],
            path=scope["path"],
            status=status,
            error=_error_of(refusal),
            connection_id=peer_of(Request(scope)).connection_id,
            hint=getattr(refusal, "hint", None) or None,
            reason=getattr(refusal, "reason", None) or None,
            client_id=scope["state"].get("client_id"),
            duration=now - started,
        )
        self._provider.journal.record(exchange)


def _add_headers(headers: MutableHeaders, refusal: MockPscError | None) -> None:
    for name, value in _HEADERS.items():
        headers[name] = value
    hint = getattr(refusal, "hint", "")
    if hint:
        headers[HINT] = header_text(hint)


def _error_of(refusal: MockPscError | None) -> str | None:
    if isinstance(refusal, BearerRefusal):
        refusal = refusal.cause or refusal
    if isinstance(refusal, OAuthError):
        return f"{refusal.error}: {refusal.description}" if refusal.description else refusal.error
    return str(refusal) if refusal else None
