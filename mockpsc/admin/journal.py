"""The journal on the admin listener: to read it, to wait for an event and take it, and to clear it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from mockpsc.admin.api import Operation
from mockpsc.admin.control import Control
from mockpsc.disconnect import gone
from mockpsc.errors import Unusable
from mockpsc.journal import Filter, Journal, as_har, as_json, as_ndjson
from mockpsc.members import member

JSON, NDJSON = "application/json", "application/x-ndjson"


@dataclass(frozen=True, kw_only=True)
class FollowQuery:
    """What may be asked of the handshakes."""

    follow: bool = member(False, "Tell those to come, one a line, without end.")


@dataclass(frozen=True, kw_only=True)
class FindQuery(Filter):
    """Which events to show, and how."""

    format: str | None = member(
        None, "How they are written; json unless they are followed.", choices=("json", "ndjson", "har")
    )
    follow: bool = member(
        False, "Tell those to come, as ndjson without end; with `after`, begin with those that are kept."
    )
    secrets: bool = member(False, "Show secrets, codes and tokens as they are.")

    def __post_init__(self) -> None:
        if self.follow and self.format in ("json", "har"):
            raise Unusable(
                f"What is followed has no end, and {self.format} has one: leave format out, or ask for ndjson."
            )


@dataclass(frozen=True, kw_only=True)
class TakeBody(Filter):
    """Which event to take, and how long to wait for it."""

    timeout: float = member(
        0, "How long to wait for one to come, whatever the mock's clock does.", unit="seconds", least=0, most=600
    )
    keep: bool = member(False, "Leave it in the journal.")
    secrets: bool = member(False, "Show secrets, codes and tokens as they are.")


class _Taken(Response):
    """The event that was waited for, or null. For a client that has gone away, none is taken."""

    def __init__(self, journal: Journal, wanted: TakeBody) -> None:
        self._journal, self._wanted = journal, wanted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, and answer."""
        find = self._journal.wait if self._wanted.keep else self._journal.take
        taking = asyncio.ensure_future(find(self._wanted, timeout=self._wanted.timeout))
        going = asyncio.ensure_future(gone(receive))
        try:
            await asyncio.wait((taking, going), return_when=asyncio.FIRST_COMPLETED)
        finally:
            going.cancel()
            taking.cancel()
        if taking.done():
            event = taking.result()
            told = event and as_json(event, secrets=self._wanted.secrets)
            await JSONResponse(told)(scope, receive, send)


def _handshakes(control: Control, query: FollowQuery) -> Any:
    if query.follow:
        return _followed(control.journal, Filter(kind="handshake"), secrets=False)
    return [as_json(handshake) for handshake in control.journal.handshakes()]


def _find(control: Control, query: FindQuery) -> Any:
    journal = control.journal
    if query.follow:
        return _followed(journal, query, secrets=query.secrets)
    events = journal.find(query)
    if query.format == "ndjson":
        return Response(as_ndjson(events, secrets=query.secrets), media_type=NDJSON)
    if query.format == "har":
        return as_har(events, connections=journal.handshakes(), secrets=query.secrets)
    return [as_json(event, secrets=query.secrets) for event in events]


def _followed(journal: Journal, filter: Filter, *, secrets: bool) -> Response:
    async def lines() -> AsyncIterator[str]:
        async for event in journal.follow(filter):
            yield as_ndjson([event], secrets=secrets)

    return StreamingResponse(lines(), media_type=NDJSON)


def _count(control: Control, query: Filter) -> dict[str, int]:
    return {"count": control.journal.count(query), "last": control.journal.last}


def _take(control: Control, body: TakeBody) -> Response:
    return _Taken(control.journal, body)


def _clear(control: Control, query: Filter) -> dict[str, int]:
    return {"cleared": control.journal.clear(query)}


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="GET",
        path="/api/handshakes",
        summary="List the TLS handshakes that the journal keeps, those that failed included.",
        answer="An array, oldest first; when they are followed, one a line.",
        function=_handshakes,
        query=FollowQuery,
        media_types=(JSON, NDJSON),
    ),
    Operation(
        method="GET",
        path="/api/journal",
        summary="Find handshakes and exchanges in the journal; without a filter, all that it keeps.",
        answer="An array, oldest first; one a line as ndjson; or an HTTP archive (HAR 1.2).",
        function=_find,
        query=FindQuery,
        media_types=(JSON, NDJSON),
    ),
    Operation(
        method="GET",
        path="/api/journal/count",
        summary="Count the events in the journal that are asked for.",
        answer="The `count`, and in `last` the number of the event that was recorded last, whatever it was.",
        function=_count,
        query=Filter,
    ),
    Operation(
        method="POST",
        path="/api/journal/take",
        summary="Take the oldest event of those that are asked for out of the journal, or else the first to come.",
        answer="The event, or null when none has come in time.",
        function=_take,
        body=TakeBody,
        example={"kind": "exchange", "endpoint": "token", "client": "mockpsc-client", "timeout": 10},
    ),
    Operation(
        method="DELETE",
        path="/api/journal",
        summary="Forget the events that are asked for; without a filter, all.",
        answer="How many were `cleared`.",
        function=_clear,
        query=Filter,
    ),
)
