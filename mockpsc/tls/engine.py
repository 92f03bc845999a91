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

from cryptography import x509

from mockpsc.clock import Clock
from mockpsc.errors import Unusable
from mockpsc.faults import Injector, Occasion
from mockpsc.faults.base import CERTIFICATE, CONNECTION, HELLO
from mockpsc.faults.subjects import Acceptance, Break, Greeting, Wire
from mockpsc.journal import Handshake, Journal, Outcome
from mockpsc.judgement import reasons
from mockpsc.tls.alerts import (
    BROKEN,
    CLOSED,
    CLOSED_BEFORE_HELLO,
    FAILED,
    RESET,
    STOPPED,
    TIMED_OUT,
    UNRECOGNIZED_NAME,
    Refusal,
    alert,
)
from mockpsc.tls.breaking import SlowWire, end
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


Present = Callable[[TlsProfile, Greeting, ClientHello], TlsProfile]
"""Makes, of the profile that was chosen, the one that the armed faults want."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TlsListener:
    """What all connections of a listener have in common; see `serve_tls`. `handshake_timeout` is in seconds."""

    name: str
    choose: Callable[[ClientHello], TlsProfile]
    journal: Journal
    clock: Clock
    faults: Injector
    present: Present
    client_of: Callable[[x509.Certificate], str | None]
    handshake_timeout: float
    numbers: Iterator[int] = field(default_factory=lambda: count(1))


class TlsProtocol(asyncio.Protocol):
    """One connection until it is open or refused. Every one makes exactly one `Handshake` in the journal.

    Until then it is in uvicorn's `connections`, which are shut down when uvicorn stops: Python 3.12 would wait for it.
    `open_http` makes the protocol that an open connection is given to.
    """

    def __init__(
        self, listener: TlsListener, connections: set[Any], open_http: Callable[[TlsTransport], asyncio.Protocol]
    ) -> None:
        self._listener, self._connections, self._open_http = listener, connections, open_http
        self._received = b""
        self._hello: ClientHello | None = None
        self._tls: TlsConnection | None = None
        self._alerts: tuple[int, ...] = ()
        self._cut: Break = ""
        self._awake = self._told = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self._id = f"{self._listener.name}-{next(self._listener.numbers)}"
        self._occasion = Occasion(listener=self._listener.name)
        self._wire = self._listener.faults.change(CONNECTION, Wire(), self._occasion)
        raw = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._raw = _on_the_wire(raw, self._wire, self._connections)
        self._peer = _address(transport.get_extra_info("peername"))
        self._connections.add(self)
        self._loop = asyncio.get_running_loop()
        self._time, self._began = self._listener.clock.now(), self._loop.time()
        limit = self._listener.handshake_timeout + self._wire.patience
        self._timer = self._loop.call_later(limit, self._give_up, TIMED_OUT)
        if self._wire.delay:
            self._loop.call_later(self._wire.delay, self._wake)
        else:
            self._wake()

    def data_received(self, data: bytes) -> None:
        """A piece of the ClientHello, or of what the client has to say later in the handshake."""
        if self._tls is not None:
            self._shake_hands(self._tls, data)
            return
        self._received += data
        if self._awake:
            self._greet()

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

    def _wake(self) -> None:
        """Look at the connection, unless it has ended in the meantime, as far as the armed faults let us."""
        if self._told:
            return
        self._awake, wire = True, self._wire
        if wire.ends_at("accept"):
            self._break(wire.end, wire.greeting)
            return
        if wire.greeting:
            self._raw.write(wire.greeting)
        self._greet()

    def _greet(self) -> None:
        try:
            self._hello = parse_client_hello(self._received)
        except NotTls as error:
            self._turn_away(error)
            return
        if self._hello is not None:
            self._answer(self._hello)

    def _answer(self, hello: ClientHello) -> None:
        """Shake hands as the listener and the armed faults want it."""
        listener, self._occasion.host = self._listener, hello.server_name
        if self._wire.ends_at("hello"):
            self._break(self._wire.end)
            return
        try:
            self._occasion.requested = listener.faults.once_for_host(hello.server_name)
        except Unusable as unknown:
            refusal = Refusal(reason="unknown_fault", sentence=f"{unknown}")
            self._answer_with_alert(UNRECOGNIZED_NAME, "refused", refusal)
            return
        greeting = listener.faults.change(HELLO, Greeting(), self._occasion)
        if greeting.alert is not None:
            self._answer_with_alert(greeting.alert, "broken", BROKEN)
        elif greeting.instead is not None:
            self._break("close", greeting.instead)
        else:
            self._speak_tls(hello, greeting)

    def _speak_tls(self, hello: ClientHello, greeting: Greeting) -> None:
        """Begin the handshake proper, in the way that the faults want."""
        listener, wire = self._listener, self._wire
        self._cut = wire.end if wire.ends_at("flight") else greeting.cut
        profile = listener.present(listener.choose(hello), greeting, hello)
        self._tls = TlsConnection(profile, hello, listener.clock.now(), id=self._id, condemn=self._condemn)
        received, self._received = self._received, b""
        self._shake_hands(self._tls, received)

    def _condemn(self, certificate: x509.Certificate | None) -> int | None:
        """The error that an armed fault wants the client's certificate to have, as OpenSSL numbers it."""
        listener = self._listener
        if certificate is not None and not listener.faults.is_idle:
            self._occasion.client = listener.client_of(certificate)
        reason = listener.faults.change(CERTIFICATE, Acceptance(), self._occasion).reason
        return None if reason is None else reasons()[reason].codes[0]

    def _break(self, how: Break, last_words: bytes = b"") -> None:
        """End the connection in the way that a fault wants."""
        self._tell("broken", BROKEN)
        self._raw.write(last_words)
        end(self._raw, how, self._connections)

    def _answer_with_alert(self, number: int, outcome: Outcome, refusal: Refusal) -> None:
        """Answer the ClientHello with an alert of our own, before OpenSSL has seen it."""
        self._alerts = (number,)
        self._tell(outcome, refusal)
        self._raw.write(alert(number))
        linger(self._raw, self._connections)

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
        flight = tls.take()
        if self._cut and flight:
            self._break(self._cut, flight[: len(flight) // 2])
            return
        if done:
            self._tell("accepted")
        self._raw.write(flight)
        if done:
            self._open(tls)

    def _open(self, tls: TlsConnection) -> None:
        transport = TlsTransport(self._raw, tls, connections=self._connections, on_failure=self._tell_late)
        transport.start(self._open_http(transport))

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
        seen: dict[str, Any] = {"alerts_sent": self._alerts}
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
            faults=tuple(self._occasion.trace.faults),
            duration=self._loop.time() - self._began,
            **seen,
        )


def _on_the_wire(raw: asyncio.Transport, wire: Wire, connections: set[Any]) -> asyncio.Transport:
    """The socket's transport, or a slow one around it."""
    if wire.rate is None and not wire.close_delay:
        return raw
    return SlowWire(raw, rate=wire.rate, close_delay=wire.close_delay, connections=connections)


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
