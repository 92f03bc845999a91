"""Drives a running mock from outside, through its admin listener. Used by the commands."""

import json
from collections.abc import Iterator, Mapping
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from mockpsc.errors import ConfigurationError

_TIMEOUT = 10.0


class AdminClient:
    """The admin API of the mock at an origin. Raises ConfigurationError when it is not there, or refuses."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def handshakes(self) -> list[dict[str, Any]]:
        """The handshakes that the mock remembers, oldest first."""
        with self._open("/api/handshakes") as response:
            told: list[dict[str, Any]] = json.load(response)
            return told

    def follow_handshakes(self) -> Iterator[dict[str, Any]]:
        """The handshakes to come, until the mock stops."""
        with self._open("/api/handshakes?follow=1", timeout=None) as response:
            try:
                for line in response:
                    yield json.loads(line)
            except (HTTPException, OSError):
                return

    def post(self, path: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Send a JSON document, and read the answer."""
        with self._open(path, json.dumps(document).encode()) as response:
            told: dict[str, Any] = json.load(response)
            return told

    def _open(self, path: str, body: bytes | None = None, timeout: float | None = _TIMEOUT) -> HTTPResponse:
        request = Request(self._url + path, body, {"Content-Type": "application/json"} if body else {})
        try:
            response: HTTPResponse = urlopen(request, timeout=timeout)
        except HTTPError as refusal:
            raise ConfigurationError(_told(refusal)) from None
        except (URLError, OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise ConfigurationError(
                f"No mock answers at {self._url} ({reason}): start it with `mockpsc serve`, or give --admin-url."
            ) from None
        return response


def _told(refusal: HTTPError) -> str:
    """What the mock says of a request that it refuses (RFC 9457), as far as it can be read."""
    text = refusal.read().decode("utf-8", "replace")
    try:
        problem = json.loads(text)
        return str(problem.get("detail") or problem.get("title") or text)
    except (ValueError, AttributeError):
        return f"The mock answered {refusal.code}: {text.strip() or refusal.reason}"
