"""The beginning of every connection: the ClientHello is read, a profile is chosen by it, hands are shaken, all is told.

This is not asyncio's TLS, because that loses the alert of a handshake that fails, tells nobody of it, and takes 30 s to
stop with one idle client. What follows a handshake is in `transport` if it succeeded, and in `linger` if it did not.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast

from mockpsc.clock import Clock
from mockpsc.journal import Handshake, Journal, Outcome
from mockpsc.tls.alerts import CLOSED, CLOSED_BEFORE_HELLO, FAILED, RESET, STOPPED, TIMED_OUT, Refusal
from mockpsc.tls.connection import TlsConnection, TlsFailure
from mockpsc.tls.contexts import TlsProfile
from mockpsc.tls.hello import ClientHello, NotTls, parse_client_hello
from mockpsc.tls.linger import linger
from mockpsc.tls.transport import TlsTransport

log = logging.getLogger("mockpsc.tls")

_PLAIN_HTTP_ANSWER = """\
HTTP/1.1 400 Bad Request\r
Content-Type: text/plain; charset=utf-8\r
Connection: close\r
\r
{}
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class TlsListener:
    """What all connections of a listener have in common. `handshake_timeout` is in seconds."""

    name: str
    choose: Callable[[ClientHello], TlsProfile]
    journal: Journal
    clock: Clock
    handshake_timeout: float
    numbers: Iterator[int] = field(default_factory=lambda: count(1))


class TlsProtocol(asyncio.Protocol):
    """One connection until it is open or refused. Every one makes exactly one `Handshake` in the journal.

    Until then it is in uvicorn's `connections`, which are shut down when uvicorn stops: Python 3.12 would wait for it.
    `open_http` makes the protocol that an open connection is given to.
    """

    def __init__(
        self, listener: TlsListener, connections: set[Any], open_http: Callable[[TlsConnection], asyncio.Protocol]
    ) -> None:
        self._listener, self._connections, self._open_http = listener, connections, open_http
        self._received = b""
        self._hello: ClientHello | None = None
        self._tls: TlsConnection | None = None
        self._told = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self._id = f"{self._listener.name}-{next(self._listener.numbers)}"
        self._raw = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._peer = _address(transport.get_extra_info("peername"))
        self._connections.add(self)
        self._loop = asyncio.get_running_loop()
        self._time, self._began = self._listener.clock.now(), self._loop.time()
        self._timer = self._loop.call_later(self._listener.handshake_timeout, self._give_up, TIMED_OUT)

    def data_received(self, data: bytes) -> None:
        """A piece of the ClientHello, or of what the client has to say later in the handshake."""
        if self._tls is None:
            self._greet(data)
        else:
            self._shake_hands(self._tls, data)

    def eof_received(self) -> None:
        """The client has closed; the socket follows."""
        self._tell("abandoned", self._closed)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed, which is news unless it was closed from here."""
        if not self._told:
            reset = RESET if isinstance(exc, OSError) else FAILED
            self._tell("abandoned", reset if exc else self._closed)

    def shutdown(self) -> None:
        """Called by uvicorn when it stops."""
        self._give_up(STOPPED)

    @property
    def _closed(self) -> Refusal:
        return CLOSED if self._hello else CLOSED_BEFORE_HELLO

    def _greet(self, data: bytes) -> None:
        self._received += data
        try:
            self._hello = parse_client_hello(self._received)
        except NotTls as error:
            self._turn_away(error)
            return
        if self._hello is not None:
            profile = self._listener.choose(self._hello)
            self._tls = TlsConnection(profile, self._hello, self._listener.clock.now(), id=self._id)
            received, self._received = self._received, b""
            self._shake_hands(self._tls, received)

    def _turn_away(self, error: NotTls) -> None:
        self._tell("abandoned", Refusal(reason="plain_http" if error.plain_http else "not_tls", sentence=f"{error}"))
        if error.plain_http:
            self._raw.write(_PLAIN_HTTP_ANSWER.format(error).encode())
        linger(self._raw, self._connections)

    def _shake_hands(self, tls: TlsConnection, data: bytes) -> None:
        tls.feed(data)
        try:
            done = tls.handshake()
        except TlsFailure as failure:
            self._tell(failure.outcome, failure.refusal)
            self._raw.write(tls.take())
            linger(self._raw, self._connections)
            return
        if done:
            self._tell("accepted")
        self._raw.write(tls.take())
        if done:
            self._open(tls)

    def _open(self, tls: TlsConnection) -> None:
        transport = TlsTransport(
            self._raw, tls, self._open_http(tls), connections=self._connections, on_failure=self._tell_late
        )
        transport.start()

    def _give_up(self, refusal: Refusal) -> None:
        self._tell("abandoned", refusal)
        self._raw.abort()

    def _tell(self, outcome: Outcome, refusal: Refusal | None = None) -> None:
        """Write the one record of this connection. It is told before the client can know, so that a test finds it."""
        self._told = True
        self._timer.cancel()
        self._connections.discard(self)
        self._listener.journal.record(self._record(outcome, refusal))

    def _tell_late(self, failure: TlsFailure) -> None:
        """With TLS 1.3 some clients, .NET for one, judge the server's certificate after their part of the handshake."""
        log.warning("%s: the open connection from %s broke off: %s", self._listener.name, self._peer, failure)

    def _record(self, outcome: Outcome, refusal: Refusal | None) -> Handshake:
        seen: dict[str, Any] = {}
        if refusal is not None:
            seen |= {"reason": refusal.reason, "sentence": refusal.sentence}
        if self._hello is not None:
            hello = self._hello
            seen |= {"server_name": hello.server_name, "alpn": hello.alpn, "versions_offered": hello.versions}
            seen |= {"ciphers_offered": hello.cipher_suites}
        if self._tls is not None:
            seen |= _seen(self._tls)
        return Handshake(
            connection_id=self._id,
            time=self._time,
            listener=self._listener.name,
            peer=self._peer,
            outcome=outcome,
            duration=self._loop.time() - self._began,
            **seen,
        )


def _seen(tls: TlsConnection) -> dict[str, Any]:
    """What the journal is told of TLS itself."""
    findings = tls.findings
    return {
        "version": tls.version,
        "cipher": tls.cipher,
        "subject": tls.subject,
        "chain": findings.presented,
        "errors": tuple((error.code, error.depth) for error in findings.errors),
        "verdict": tls.verdict,
        "alerts_sent": tuple(findings.alerts_sent),
        "alerts_received": tuple(findings.alerts_received),
    }


def _address(peer: object) -> str:
    """As it is written in a URL; a Unix socket's has no name."""
    if not isinstance(peer, tuple):
        return "a local socket"
    host, port, *_ = peer
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
