"""Drives a running mock from outside, through its admin listener. Used by the commands."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

from mockpsc.errors import ConfigurationError, Unusable

_TIMEOUT = 10.0

# A mock is not on the other side of the proxy that the environment may name.
urlopen = build_opener(ProxyHandler({})).open

Json = dict[str, Any]


class NotThere(ConfigurationError):
    """The mock has nothing of that name or id, or has it no more."""


class AdminClient:
    """The admin API of the mock at an origin; `token` is what a mock on another machine wants.

    Raises ConfigurationError when the mock is not there, or refuses. What is answered is what docs/admin.md says."""

    def __init__(self, url: str, *, token: str | None = None) -> None:
        if not url.lower().startswith(("http://", "https://")):
            raise Unusable(f"{url!r} is no URL of a mock: write http://{url.rpartition('://')[2]}.")
        self._url, self._token = url.rstrip("/"), token

    def get(self, path: str, **query: Any) -> Any:
        """Ask for a JSON document."""
        return self._json("GET", path, query=query)

    def text(self, path: str, **query: Any) -> str:
        """Ask for a text."""
        with self._open("GET", path, query=query) as response:
            return response.read().decode()

    def post(self, path: str, document: Mapping[str, Any] | None = None) -> Any:
        """Send a JSON document, and read the answer."""
        return self._json("POST", path, document)

    def put(self, path: str, document: Mapping[str, Any]) -> Any:
        """The same, in the place of what is there."""
        return self._json("PUT", path, document)

    def delete(self, path: str, **query: Any) -> Any:
        """Take something away, and read the answer."""
        return self._json("DELETE", path, query=query)

    def connection(self) -> Json:
        """Where the mock is, and what a relying party is pointed at it with."""
        told = self.get("/api/connection")
        if not isinstance(told, dict) or "wallet_url" not in told:
            raise ConfigurationError(f"What answers at {self._url} is no mock: it sent another document than a mock's.")
        return told

    def arm(
        self,
        name: str,
        params: Mapping[str, Any] | None = None,
        *,
        match: Mapping[str, Any] | None = None,
        **trigger: Any,
    ) -> Json:
        """Arm a fault; `trigger` has times, every, probability, seed, delay and ttl."""
        order = {"name": name, "params": params or {}, "match": match or {}, **trigger}
        return dict(self.post("/api/faults", order))

    def armed(self) -> list[Json]:
        """The armed faults."""
        return list(self.get("/api/faults"))

    def disarm(self, what: str) -> list[Json]:
        """Disarm the fault of that id, or all of that name."""
        return list(self.delete(f"/api/faults/{quote(what, safe='')}"))

    def reset_faults(self) -> list[Json]:
        """Disarm all but what the configuration arms; the faults that never acted."""
        return list(self.delete("/api/faults")["never_acted"])

    def scenarios(self) -> list[Json]:
        """The scenarios, and where each stands."""
        return list(self.get("/api/scenarios"))

    def start_scenario(self, name: str) -> Json:
        """Play a scenario from its first step."""
        return dict(self.post(f"/api/scenarios/{quote(name, safe='')}/start"))

    def stop_scenario(self, name: str) -> Json:
        """Play a scenario no more."""
        return dict(self.post(f"/api/scenarios/{quote(name, safe='')}/stop"))

    def clock(self) -> Json:
        """The time by the mock's clock."""
        return dict(self.get("/api/clock"))

    def advance(self, seconds: float) -> Json:
        """Move the clock."""
        return dict(self.post("/api/clock/advance", {"seconds": seconds}))

    def freeze(self) -> Json:
        """Stop the clock where it is."""
        return dict(self.post("/api/clock/freeze"))

    def resume(self) -> Json:
        """Let the clock run on."""
        return dict(self.post("/api/clock/resume"))

    def keys(self) -> Json:
        """The ids of the keys that sign tokens."""
        return dict(self.get("/api/keys"))

    def rotate_keys(self, *, publish: bool = True, use: bool = True, keep_old: bool = True) -> Json:
        """Rotate the signing key."""
        return dict(self.post("/api/keys/rotate", {"publish": publish, "use": use, "keep_old": keep_old}))

    def handshakes(self) -> list[Json]:
        """The handshakes that the mock remembers, oldest first."""
        return list(self.get("/api/handshakes"))

    def follow_handshakes(self) -> Iterator[Json]:
        """The handshakes to come, until the mock stops."""
        return self._lines("/api/handshakes", {"follow": True})

    def journal(self, **filter: Any) -> list[Json]:
        """The handshakes and exchanges that the mock remembers, oldest first."""
        return list(self.get("/api/journal", **filter))

    def follow_journal(self, **filter: Any) -> Iterator[Json]:
        """Those to come, until the mock stops."""
        return self._lines("/api/journal", {"follow": True, **filter})

    def wait(self, timeout: float, **filter: Any) -> Json | None:
        """The oldest of the events that are asked for, or else the first to come in that many seconds; None when none
        comes. It stays in the journal."""
        asked = {**filter, "timeout": timeout, "keep": True}
        told = self._json("POST", "/api/journal/take", asked, timeout=timeout + _TIMEOUT)
        return None if told is None else dict(told)

    def export_journal(self, form: str, **filter: Any) -> str:
        """Those that are kept, as `har` or `ndjson`."""
        return self.text("/api/journal", format=form, **filter)

    def clear_journal(self, **filter: Any) -> int:
        """Forget events; how many they were."""
        return int(self.delete("/api/journal", **filter)["cleared"])

    def findings(self, **query: Any) -> list[Json]:
        """What relying parties did that they must not or should not do; `query` has client, after, rule, severity."""
        return list(self.get("/api/findings", **query))

    def issue_token(self, persona: str, **asked: Any) -> Json:
        """A token without a flow; `asked` has client, kind, scope, lifetime and claims."""
        return dict(self.post("/api/tokens", {"persona": persona, **asked}))

    def reset(self) -> list[Json]:
        """Have the mock as it was at the start; the faults that were armed and never acted."""
        return list(self.post("/api/reset")["never_acted"])

    def _json(
        self,
        method: str,
        path: str,
        document: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        timeout: float = _TIMEOUT,
    ) -> Any:
        with self._open(method, path, document, query, timeout) as response:
            text = response.read()
            try:
                return json.loads(text)
            except ValueError:
                raise self._no_mock(response) from None

    def _lines(self, path: str, query: Mapping[str, Any]) -> Iterator[Json]:
        with self._open("GET", path, query=query, timeout=None) as response:
            try:
                for line in response:
                    yield json.loads(line)
            except (HTTPException, OSError):
                return

    @contextmanager
    def _open(
        self,
        method: str,
        path: str,
        document: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        timeout: float | None = _TIMEOUT,
    ) -> Iterator[HTTPResponse]:
        """An answer, to be read in the block."""
        body = None if document is None else json.dumps(document).encode()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        headers |= {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            request = Request(self._url + path + _query(query or {}), body, headers, method=method)
            with urlopen(request, timeout=timeout) as response:
                yield response
        except HTTPError as refusal:
            raise self._refused(refusal) from None
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise ConfigurationError(
                f"No mock answers at {self._url} ({reason}): start it with `mockpsc serve`, or say where it is "
                "(--admin-url, MOCKPSC_URL)."
            ) from None

    def _refused(self, refusal: HTTPError) -> ConfigurationError:
        """What the mock says of a request that it refuses (RFC 9457)."""
        try:
            detail = str(json.load(refusal)["detail"])
        except (OSError, HTTPException, ValueError, LookupError, TypeError):
            return self._no_mock(refusal)
        return NotThere(detail) if refusal.code == 404 else ConfigurationError(detail)

    def _no_mock(self, answer: HTTPResponse | HTTPError) -> ConfigurationError:
        sent = answer.headers.get("Content-Type", "nothing that can be read")
        return ConfigurationError(f"What answers at {self._url} is no mock: it sent {sent} (HTTP {answer.status}).")


def _query(given: Mapping[str, Any]) -> str:
    """Those that are given, as the query of a URL; true and false as JSON writes them."""
    texts = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in given.items()
        if value is not None
    }
    return f"?{urlencode(texts)}" if texts else ""
