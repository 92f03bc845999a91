"""Sends an answer as the armed faults make it: late, drop by drop, cut off, with a broken end.

What HTTP allows goes through uvicorn; what breaks HTTP or TLS is written past it, on the connection itself.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from itertools import pairwise
from typing import Any, Protocol

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mockpsc.disconnect import gone
from mockpsc.faults import Occasion
from mockpsc.faults.base import response_of
from mockpsc.faults.subjects import Answer, Ending
from mockpsc.provider import Provider
from mockpsc.vocabulary import phrase


class Connection(Protocol):
    """What the scope's extension `mockpsc.connection` offers."""

    def write(self, data: bytes) -> None:
        """Encrypt and send."""

    def end_with(self, ending: Ending) -> None:
        """End the connection in that way."""


class Answering:
    """Asks the armed faults about each answer of an application, and sends what they make of it."""

    def __init__(self, app: ASGIApp, provider: Provider) -> None:
        self._app, self._provider = app, provider

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application; with nothing armed, it is as if this was not here."""
        if self._provider.is_undisturbed(scope["state"]["occasion"]):
            await self._app(scope, receive, send)
            return
        capture, defect = _Capture(), None
        try:
            await self._app(scope, receive, capture)
        except ClientDisconnect:
            raise
        except Exception as error:
            defect = error
        await self._answer(capture, scope, receive, send)
        if defect is not None:  # its answer is sent, too, before it goes on to the log
            raise defect

    async def _answer(self, capture: "_Capture", scope: Scope, receive: Receive, send: Send) -> None:
        occasion: Occasion = scope["state"]["occasion"]
        given: Answer | None = scope["state"].get("answer")
        meant = capture.answer if given is None else replace(given, headers=capture.answer.headers)
        answer = self._provider.faults.change(response_of(occasion.endpoint or ""), meant, occasion)
        try:
            await self._send(answer, scope, receive, send)
        except ClientDisconnect:
            scope["state"]["record"](Answer(status=0))

    async def _send(self, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
        await self._pause(answer.delay, receive)
        if _is_proper(answer):
            await self._send_properly(answer, receive, send)
            return
        if scope["method"] == "HEAD":
            answer = replace(answer, cut=0)
        said = replace(answer, headers=_headers(answer)) if answer.head else Answer(status=0)
        scope["state"]["record"](said)
        await self._send_past_http(answer, scope["extensions"]["mockpsc.connection"], receive)

    async def _send_properly(self, answer: Answer, receive: Receive, send: Send) -> None:
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in _headers(answer)]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        for piece, pause in _pieces(answer, answer.body):
            await self._pause(pause, receive)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _send_past_http(self, answer: Answer, connection: Connection, receive: Receive) -> None:
        """uvicorn knows nothing of this answer, and waits for one until the connection is lost."""
        if answer.head:
            connection.write(_head(answer))
            for piece, pause in _pieces(answer, answer.body[: answer.cut]):
                await self._pause(pause, receive)
                connection.write(piece)
        connection.end_with(answer.ending)
        await self._first_of(gone(receive), timeout=None)
        connection.end_with("close")
        await gone(receive)

    async def _pause(self, seconds: float, receive: Receive) -> None:
        """Wait, unless the mock is stopped meanwhile: what is late then comes at once. Raises ClientDisconnect when
        the client does not wait any longer."""
        if seconds and await self._first_of(gone(receive), timeout=seconds):
            raise ClientDisconnect

    async def _first_of(self, going: Coroutine[Any, Any, None], *, timeout: float | None) -> bool:
        """Wait for a client to go away, for the mock to stop, or for a time in seconds: whether it was the client."""
        tasks = [asyncio.ensure_future(going), asyncio.ensure_future(self._provider.closing.wait())]
        try:
            await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            return tasks[0].done()
        finally:
            for task in tasks:
                task.cancel()


class _Capture:
    """A `send` that keeps what is sent."""

    def __init__(self) -> None:
        self.answer = Answer(status=500)

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"])
            self.answer = Answer(status=message["status"], headers=headers)
        else:
            before = self.answer
            self.answer = Answer(status=before.status, headers=before.headers, body=before.body + message["body"])


def _is_proper(answer: Answer) -> bool:
    """Whether HTTP allows it, and the connection goes on."""
    is_whole = answer.head and answer.cut is None
    return is_whole and answer.length is None and not answer.until_close and answer.ending == "keep"


def _head(answer: Answer) -> bytes:
    """The status line and the headers (RFC 9112 §3 and §5)."""
    headers = [f"{name}: {value}" for name, value in _headers(answer)]
    return "\r\n".join([f"HTTP/1.1 {answer.status} {phrase(answer.status)}", *headers, "", ""]).encode("latin-1")


def _headers(answer: Answer) -> tuple[tuple[str, str], ...]:
    if answer.until_close:
        return (*answer.with_header("content-length", None), ("connection", "close"))
    if answer.status < 200 or answer.status in (204, 304):  # RFC 9110 §8.6
        return answer.with_header("content-length", None)
    return answer.with_header("content-length", str(len(answer.body) if answer.length is None else answer.length))


def _pieces(answer: Answer, body: bytes) -> list[tuple[bytes, float]]:
    """The body in pieces of about one size, each with the pause before it."""
    count = max(1, min(answer.pieces, len(body)))
    bounds = [len(body) * each // count for each in range(count + 1)]
    return [(body[a:b], answer.pause if a else 0) for a, b in pairwise(bounds)]


def as_response(answer: Answer) -> Response:
    """A placeholder for an answer that is sent as it is, in the place of what an endpoint would answer."""
    return Response(answer.body, answer.status, headers=dict(answer.headers))
