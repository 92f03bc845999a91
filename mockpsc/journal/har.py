"""Exchanges as an HTTP archive, HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/), which browsers and proxies
read. What it has no place for is in members that begin with an underscore."""

from collections.abc import Iterable
from typing import Any

from mockpsc import __version__
from mockpsc.journal.body import ShownBody
from mockpsc.journal.exchange import Content, Exchange, Pairs
from mockpsc.journal.handshake import Handshake
from mockpsc.journal.records import as_json, iso, pairs, shown, tokens
from mockpsc.vocabulary import FORM, phrase


def as_har(
    events: Iterable[Handshake | Exchange], *, connections: Iterable[Handshake] = (), secrets: bool = False
) -> dict[str, Any]:
    """The archive of the exchanges among the events, and the handshakes in `_handshakes`. `connections` are those that
    the exchanges may have begun with."""
    events = tuple(events)
    by_id = {handshake.connection_id: handshake for handshake in connections}
    exchanges = [event for event in events if isinstance(event, Exchange)]
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "mockpsc", "version": __version__},
            "entries": [
                _entry(each, shown(each, secrets=secrets), by_id.get(each.connection_id)) for each in exchanges
            ],
            "_handshakes": [as_json(event) for event in events if isinstance(event, Handshake)],
        }
    }


def _entry(exchange: Exchange, content: Content, handshake: Handshake | None) -> dict[str, Any]:
    milliseconds = round(exchange.duration * 1000, 3)
    return {
        "startedDateTime": iso(exchange.time),
        "time": milliseconds,
        "request": _request(exchange, content),
        "response": _response(exchange, content),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "connection": exchange.connection_id,
        "_number": exchange.number,
        "_listener": exchange.listener,
        "_endpoint": exchange.endpoint,
        "_client": exchange.client_id,
        "_persona": exchange.persona_id,
        "_error": content.error,
        "_hint": content.hint,
        "_reason": exchange.reason,
        "_faults": list(exchange.faults),
        "_tokens": tokens(exchange),
        "_tls": handshake and _tls(handshake),
    }


def _tls(handshake: Handshake) -> dict[str, Any]:
    return {
        "outcome": handshake.outcome,
        "peer": handshake.peer,
        "server_name": handshake.server_name,
        "alpn": list(handshake.alpn),
        "version": handshake.version,
        "cipher": handshake.cipher,
        "subject": handshake.subject,
        "reason": handshake.why,
        "faults": list(handshake.faults),
    }


def _request(exchange: Exchange, content: Content) -> dict[str, Any]:
    request = {
        "method": exchange.method,
        "url": content.url,
        "httpVersion": f"HTTP/{exchange.http_version}",
        "cookies": [each for value in _all(content.request_headers, "cookie") for each in _cookies(value)],
        "headers": pairs(content.request_headers),
        "queryString": pairs(content.query),
        "headersSize": -1,
        "bodySize": content.request_body.size,
    }
    return request | ({"postData": _posted(content)} if content.request_body.size else {})


def _posted(content: Content) -> dict[str, Any]:
    """Either the parameters of a form, or the text (HAR 1.2, postData)."""
    mime_type, body = content.request_type, content.request_body
    if content.form:
        return {"mimeType": mime_type or FORM, "params": pairs(content.form)}
    return {"mimeType": mime_type, "text": body.text} | _remark(body)


def _response(exchange: Exchange, content: Content) -> dict[str, Any]:
    body = content.response_body
    encoding = {"encoding": "base64"} if body.encoding == "base64" else {}
    shown_body = {"size": body.size, "mimeType": content.response_type or "x-unknown", "text": body.text}
    return {
        "status": exchange.status,
        "statusText": phrase(exchange.status),
        "httpVersion": f"HTTP/{exchange.http_version}",
        "cookies": [each for value in _all(content.response_headers, "set-cookie") for each in _cookies(value)[:1]],
        "headers": pairs(content.response_headers),
        "content": shown_body | encoding | _remark(body),
        "redirectURL": next(iter(_all(content.response_headers, "location")), ""),
        "headersSize": -1,
        "bodySize": body.size,
    }


def _remark(body: ShownBody) -> dict[str, str]:
    return {"comment": "It is left out: ask with secrets=1."} if body.encoding == "omitted" else {}


def _all(headers: Pairs, name: str) -> list[str]:
    return [value for each, value in headers if each.lower() == name]


def _cookies(text: str) -> list[dict[str, str]]:
    named = [part.strip().partition("=") for part in text.split(";")]
    return [{"name": name, "value": value} for name, _, value in named if name]
