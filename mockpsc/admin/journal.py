"""The journal of handshakes, as JSON: those that are kept, and with `follow` those to come, one line each."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from mockpsc.journal import Handshake, Journal

NDJSON = "application/x-ndjson"


def routes(journal: Journal) -> list[Route]:
    """`GET /api/handshakes`: a JSON array, oldest first; with `?follow=1`, NDJSON without end."""

    async def handshakes(request: Request) -> Response:
        if request.query_params.get("follow"):
            return StreamingResponse(_follow(journal), media_type=NDJSON)
        return JSONResponse([as_json(handshake) for handshake in journal.handshakes()])

    return [Route("/api/handshakes", handshakes)]


async def _follow(journal: Journal) -> AsyncIterator[str]:
    async for event in journal.follow():
        if isinstance(event, Handshake):
            yield json.dumps(as_json(event)) + "\n"


def as_json(handshake: Handshake) -> dict[str, Any]:
    """A handshake as JSON: time in ISO 8601, certificates in base64 DER, and the line that the log has."""
    members = asdict(handshake)
    members["time"] = datetime.fromtimestamp(handshake.time, UTC).isoformat(timespec="milliseconds")
    members["chain"] = [b64encode(der).decode() for der in handshake.chain]
    members["errors"] = [{"code": code, "depth": depth} for code, depth in handshake.errors]
    return members | {"line": handshake.line}
