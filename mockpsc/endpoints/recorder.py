"""Writes each exchange to the journal."""

import asyncio
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mockpsc.client_authentication import peer_of
from mockpsc.errors import BearerRefusal, MockPscError, OAuthError
from mockpsc.faults import Occasion
from mockpsc.faults.subjects import Answer
from mockpsc.journal import Exchange, Tape
from mockpsc.provider import Provider


class Recorder:
    """Writes each exchange to the journal.

    An exchange is recorded when the last of its answer is about to be sent, so that a client finds it; one that is
    never answered, when it is over. What answers past HTTP calls the `record` of the request's state first. `names` are
    those of the endpoints by their paths, also for a request that is refused before it gets to one.
    """

    def __init__(self, app: ASGIApp, provider: Provider, names: Mapping[str, str]) -> None:
        self._app, self._provider, self._names = app, provider, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application around it."""
        recording = _Recording(scope, self._provider, self._names.get(scope["path"]))
        scope["state"]["record"] = recording.answer_past_http

        async def receive_noted() -> Message:
            message = await receive()
            recording.request.add(message.get("body", b""))
            return message

        async def send_noted(message: Message) -> None:
            recording.answer(message)
            await send(message)

        try:
            await self._app(scope, receive_noted, send_noted)
        finally:
            recording.end()


class _Recording:
    """An exchange while it takes place, which is written down once."""

    def __init__(self, scope: Scope, provider: Provider, endpoint: str | None) -> None:
        self._scope, self._provider, self._endpoint = scope, provider, endpoint
        self._time, self._began = provider.clock.now(), asyncio.get_running_loop().time()
        self._headers = tuple(scope["headers"])  # before what stands in front takes some off
        self._status = 0
        self._answer_headers: tuple[tuple[bytes, bytes], ...] = ()
        self._due: int | None = None
        self._over = False
        self.request, self._response = Tape(), Tape()

    def answer(self, message: Message) -> None:
        """A part of the answer is about to be sent."""
        if message["type"] == "http.response.start":
            self._status, self._answer_headers = message["status"], tuple(message["headers"])
            self._due = _length(self._scope["method"], message)
            more = True
        else:
            self._response.add(message.get("body", b""))
            more = message.get("more_body", False)
        if not more or (self._due is not None and self._response.size >= self._due):
            self.end()

    def answer_past_http(self, answer: Answer) -> None:
        """This is about to be sent, and nobody else will be told."""
        self._status = answer.status
        self._answer_headers = tuple(
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers
        )
        self._response.add(answer.body[: answer.cut])
        self.end()

    def end(self) -> None:
        """Write it down, unless that was done."""
        if not self._over:
            self._over = True
            self._provider.journal.record(self._exchange())

    def _exchange(self) -> Exchange:
        scope, state = self._scope, self._scope["state"]
        occasion: Occasion = state["occasion"]
        refusal: MockPscError | None = state.get("refusal")
        peer = peer_of(Request(scope))
        return Exchange(
            time=self._time,
            listener=occasion.listener,
            connection_id=peer.connection_id,
            endpoint=self._endpoint,
            method=scope["method"],
            path=scope["path"],
            status=self._status,
            error=_error_of(refusal),
            hint=getattr(refusal, "hint", None) or None,
            reason=getattr(refusal, "reason", None) or None,
            client_id=occasion.client,
            persona_id=occasion.persona,
            subject=peer.subject,
            faults=tuple(occasion.trace.faults),
            tokens=tuple(occasion.trace.tokens),
            scheme=scope["scheme"],
            http_version=scope["http_version"],
            query=scope["query_string"],
            request_headers=self._headers,
            request_body=self.request.body,
            response_headers=self._answer_headers,
            response_body=self._response.body,
            duration=asyncio.get_running_loop().time() - self._began,
        )


def _length(method: str, start: Message) -> int | None:
    """How many bytes a client waits for after these headers, or None if it does not know (RFC 9112 §6.3)."""
    if method == "HEAD" or start["status"] in (204, 304):
        return 0
    length = Headers(raw=start["headers"]).get("content-length", "")
    return int(length) if length.isdecimal() else None


def _error_of(refusal: MockPscError | None) -> str | None:
    if isinstance(refusal, BearerRefusal):
        refusal = refusal.cause or refusal
    if isinstance(refusal, OAuthError):
        return f"{refusal.error}: {refusal.description}" if refusal.description else refusal.error
    return str(refusal) if refusal else None
