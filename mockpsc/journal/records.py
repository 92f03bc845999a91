"""Events as JSON, and as lines of JSON (NDJSON)."""

import json
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from mockpsc.journal.body import ShownBody
from mockpsc.journal.exchange import Content, Exchange, Pairs
from mockpsc.journal.handshake import Handshake
from mockpsc.journal.redaction import redact_content, redact_text


def as_json(event: Handshake | Exchange, *, secrets: bool = False) -> dict[str, Any]:
    """An event as JSON: `kind`, time in ISO 8601, and the line that the log has; secrets only when they are asked for.

    A handshake's certificates are in base64 DER. An exchange's parameters and headers are objects of name and value.
    """
    members = _handshake(event) if isinstance(event, Handshake) else _exchange(event, shown(event, secrets=secrets))
    return members | {"time": iso(event.time), "line": event.line if secrets else redact_text(event.line)}


def as_ndjson(events: Iterable[Handshake | Exchange], *, secrets: bool = False) -> str:
    """Events as JSON, one a line."""
    return "".join(json.dumps(as_json(event, secrets=secrets)) + "\n" for event in events)


def shown(exchange: Exchange, *, secrets: bool) -> Content:
    """What may be shown of an exchange."""
    return exchange.content if secrets else redact_content(exchange.content)


def iso(time: float, timespec: str = "milliseconds") -> str:
    """Seconds since the epoch in ISO 8601, as exact as `timespec` says."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec=timespec)


def pairs(given: Pairs) -> list[dict[str, str]]:
    """Names and values, repeated ones included."""
    return [{"name": name, "value": value} for name, value in given]


def tokens(exchange: Exchange) -> list[dict[str, Any]]:
    """The tokens issued in an exchange."""
    return [{"kind": kind, "claims": dict(claims)} for kind, claims in exchange.tokens]


def _handshake(handshake: Handshake) -> dict[str, Any]:
    members = {"kind": "handshake"} | asdict(handshake)
    members["chain"] = [b64encode(der).decode() for der in handshake.chain]
    members["errors"] = [{"code": code, "depth": depth} for code, depth in handshake.errors]
    return members


def _exchange(exchange: Exchange, content: Content) -> dict[str, Any]:
    return {
        "kind": "exchange",
        "number": exchange.number,
        "connection_id": exchange.connection_id,
        "time": exchange.time,
        "listener": exchange.listener,
        "endpoint": exchange.endpoint,
        "client_id": exchange.client_id,
        "persona_id": exchange.persona_id,
        "subject": exchange.subject,
        "method": exchange.method,
        "path": exchange.path,
        "url": content.url,
        "status": exchange.status,
        "error": content.error,
        "hint": content.hint,
        "reason": exchange.reason,
        "faults": list(exchange.faults),
        "parameters": pairs(content.parameters),
        "tokens": tokens(exchange),
        "request": {"headers": pairs(content.request_headers), "body": _body(content.request_body)},
        "response": {"headers": pairs(content.response_headers), "body": _body(content.response_body)},
        "duration": exchange.duration,
    }


def _body(body: ShownBody) -> dict[str, Any]:
    return {"text": body.text, "encoding": body.encoding, "size": body.size}
