"""What happened: every TLS handshake, those that failed included, and every HTTP exchange, as values and as log lines.

Two failures are told apart, since their remedies are opposite: *we refused the client* and *the client refused us*.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from mockpsc.clock import Clock
from mockpsc.judgement import Verdict

Outcome = Literal["accepted", "refused", "rejected", "abandoned"]


@dataclass(frozen=True, kw_only=True)
class Handshake:
    """One TLS handshake. Numbers of versions and alerts are IANA's (RFC 8446 §4.2.1 and §6).

    `accepted`; `refused`: by us; `rejected`: by the client; `abandoned`: closed, reset, timed out, or never TLS.
    `alpn` and `versions_offered` are the client's offer; `version` and `cipher` what was agreed on, if it came to that.
    `subject` is that of the certificate which the client presented, as RFC 4514 writes it, refused or not; `chain` are
    the certificates in DER, as they were sent, and `errors` OpenSSL's verification errors, as (code, depth). `verdict`
    is on them; it can stand beside `accepted`, when the refusal is left to HTTP. `reason` is a stable code word and
    `sentence` its explanation; a handshake that went well has neither. Requests bear the `connection_id`, too.
    """

    connection_id: str = ""

    time: float
    """When it began, in seconds since the epoch by the mock's clock."""
    listener: str
    peer: str
    server_name: str | None = None
    alpn: tuple[str, ...] = ()
    versions_offered: tuple[int, ...] = ()
    version: int | None = None
    cipher: str | None = None
    ciphers_offered: tuple[int, ...] = ()
    subject: str | None = None
    chain: tuple[bytes, ...] = ()
    errors: tuple[tuple[int, int], ...] = ()
    verdict: Verdict | None = None
    outcome: Outcome
    reason: str | None = None
    sentence: str | None = None
    alerts_sent: tuple[int, ...] = ()
    alerts_received: tuple[int, ...] = ()
    duration: float
    """In seconds, whatever the mock's clock does."""

    @property
    def failed(self) -> bool:
        """Whether one side refused the other. What was abandoned is mostly noise: health checks, spare connections."""
        return self.outcome in ("refused", "rejected")

    @property
    def line(self) -> str:
        """One line for the log."""
        facts = [
            f"{self.listener}: handshake {self.outcome}{_when(' ({})', self._reason)} from {self.peer}",
            _when("for {}", self.server_name),
            _version(self.version),
            _when("certificate {}", self.subject),
            _when("alert sent {}", _numbers(self.alerts_sent)),
            _when("alert received {}", _numbers(self.alerts_received)),
            _milliseconds(self.duration),
        ]
        return _on_one_line(", ".join(filter(None, facts)) + _when(": {}", self.sentence or self.verdict))

    @property
    def _reason(self) -> str | None:
        return self.reason or (self.verdict.reason if self.verdict else None)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One HTTP request and its answer. `error` is the OAuth error, and `hint` says what to do about it; `reason` is the
    code word of the verdict on the client's certificate, if that is why."""

    time: float
    """In seconds since the epoch by the mock's clock."""
    listener: str
    method: str
    path: str
    status: int
    connection_id: str = ""
    error: str | None = None
    hint: str | None = None
    reason: str | None = None
    client_id: str | None = None
    duration: float
    """In seconds."""

    @property
    def failed(self) -> bool:
        """Whether the request was refused, by its status or by an error in a redirect."""
        return self.status >= 400 or self.error is not None

    @property
    def line(self) -> str:
        """One line for the log."""
        facts = [
            f"{self.listener}: {self.method} {self.path} {self.status}"
            f"{_when(' {}', self.error)}{_when(' ({})', self.reason)}",
            _when("client {}", self.client_id),
            _milliseconds(self.duration),
        ]
        return _on_one_line(", ".join(filter(None, facts)) + _when(": {}", self.hint))


Event = Handshake | Exchange


class Journal:
    """The last `size` events. Each is also logged when it is recorded: failures as warnings, the rest as information.

    `clock` is what the events' `time` is read from by those who record them.
    """

    def __init__(self, clock: Clock, size: int = 1000) -> None:
        self.clock = clock
        self._events: deque[Event] = deque(maxlen=size)
        self._size = size
        self._followers: set[asyncio.Queue[Event | None]] = set()

    def record(self, event: Event) -> None:
        """Keep the event, in the place of the oldest if the journal is full, and log it."""
        self._events.append(event)
        for follower in list(self._followers):
            self._tell(follower, event)
        logger = logging.getLogger("mockpsc.tls" if isinstance(event, Handshake) else "mockpsc.http")
        level = logging.WARNING if event.failed else logging.INFO
        if logger.isEnabledFor(level):
            logger.log(level, "%s", event.line)

    async def follow(self) -> AsyncIterator[Event]:
        """The events to come, until the journal is closed; who listens too slowly is let go."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue(self._size)
        self._followers.add(queue)
        try:
            while (event := await queue.get()) is not None:
                yield event
        finally:
            self._followers.discard(queue)

    def close(self) -> None:
        """Let go of all who listen."""
        for follower in list(self._followers):
            self._tell(follower, None)

    def _tell(self, follower: asyncio.Queue[Event | None], event: Event | None) -> None:
        if follower.full():
            follower.get_nowait()
            event = None
        follower.put_nowait(event)
        if event is None:
            self._followers.discard(follower)

    @property
    def has_followers(self) -> bool:
        """Whether somebody listens."""
        return bool(self._followers)

    def handshakes(self) -> tuple[Handshake, ...]:
        """The handshakes that are kept, oldest first."""
        return tuple(event for event in self._snapshot() if isinstance(event, Handshake))

    def exchanges(self) -> tuple[Exchange, ...]:
        """The exchanges that are kept, oldest first."""
        return tuple(event for event in self._snapshot() if isinstance(event, Exchange))

    def _snapshot(self) -> tuple[Event, ...]:
        # In one step, since a test reads it from another thread than the server's.
        return tuple(self._events)


def _when(template: str, value: object) -> str:
    return template.format(value) if value else ""


def _version(number: int | None) -> str:
    return f"TLS 1.{number - 0x0301}" if number else ""


def _numbers(alerts: tuple[int, ...]) -> str:
    return " ".join(map(str, alerts))


def _milliseconds(duration: float) -> str:
    return f"{duration * 1000:.0f} ms"


def _on_one_line(text: str) -> str:
    """The text with all that could break or disguise a line as `\\n` or so: subjects, names and paths are foreign."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
