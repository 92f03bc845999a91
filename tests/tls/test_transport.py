"""An open connection between a socket that the test plays and an HTTP protocol that the test plays too."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest

from mockpsc.tls import TlsProfile, parse_client_hello
from mockpsc.tls.connection import TlsConnection, TlsFailure
from mockpsc.tls.transport import TlsTransport


class Socket(asyncio.Transport):
    """Remembers what it is told to do."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 5)})
        self.sent, self.calls = b"", list[str]()
        self.protocol: Any = None

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += data

    def write_eof(self) -> None:
        self.calls.append("write_eof")

    def close(self) -> None:
        self.calls.append("close")

    def abort(self) -> None:
        self.calls.append("abort")

    def is_closing(self) -> bool:
        return "close" in self.calls or "abort" in self.calls

    def pause_reading(self) -> None:
        self.calls.append("pause_reading")

    def resume_reading(self) -> None:
        self.calls.append("resume_reading")


class Http(asyncio.Protocol):
    """Remembers what it is told; `on_data` is done when data comes."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.on_data: Callable[[], None] = lambda: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.told.append("made")

    def data_received(self, data: bytes) -> None:
        self.told.append(data)
        self.on_data()

    def eof_received(self) -> None:
        self.told.append("eof")

    def connection_lost(self, exc: Exception | None) -> None:
        self.told.append(("lost", exc))

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")


class Open:
    """An open connection, and the client at its other end."""

    def __init__(self, profile: TlsProfile, context: ssl.SSLContext) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.raw, self.http, self.failures = Socket(), Http(), list[TlsFailure]()
        self.connections: set[Any] = set()
        self.transport = TlsTransport(
            self.raw,
            self._shake_hands(profile),
            connections=self.connections,
            on_failure=self.failures.append,
        )
        self.transport.start(self.http)

    def _shake_hands(self, profile: TlsProfile) -> TlsConnection:
        hello = self.client_says()
        parsed = parse_client_hello(hello)
        assert parsed is not None
        tls, done = TlsConnection(profile, parsed, 0), False
        while not done:
            tls.feed(hello)
            done = tls.handshake()
            self.incoming.write(tls.take())
            hello = b"" if done else self.client_says()
        return tls

    def client_says(self, *data: bytes) -> bytes:
        with suppress(ssl.SSLWantReadError):
            self.client.do_handshake()
        for each in data:
            self.client.write(each)
        return self.outgoing.read()

    def client_reads(self) -> bytes:
        self.incoming.write(self.raw.sent)
        self.raw.sent = b""
        return self.client.read(65536)

    def client_closes(self) -> bytes:
        with suppress(ssl.SSLWantReadError, ssl.SSLSyscallError):
            self.client.unwrap()
        return self.outgoing.read()


@pytest.fixture
def opened(client: Any, make_profile: Callable[..., TlsProfile], version: ssl.TLSVersion) -> Callable[[], Open]:
    """Opens connections; must be called in an event loop."""
    profile = make_profile(client_auth="none")
    return lambda: Open(profile, client.context(version=version))


Body = Callable[[Open], Coroutine[Any, Any, None]]


def _run(opened: Callable[[], Open], body: Body) -> list[dict[str, Any]]:
    """What came up to the event loop meanwhile."""
    errors: list[dict[str, Any]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
        await body(opened())

    asyncio.run(main())
    return errors


def test_data_is_decrypted_one_way_and_encrypted_the_other(opened: Callable[[], Open]) -> None:
    async def body(case: Open) -> None:
        case.transport.data_received(case.client_says(b"ping"))
        case.transport.writelines([b"po", bytearray(b"n"), memoryview(b"g")])
        assert case.http.told == ["made", b"ping"]
        assert b"pong" not in case.raw.sent
        assert case.client_reads() == b"pong"

    assert _run(opened, body) == []


def test_nothing_is_delivered_while_reading_is_paused(opened: Callable[[], Open]) -> None:
    async def body(case: Open) -> None:
        case.http.on_data = case.transport.pause_reading
        case.transport.data_received(case.client_says(b"1", b"2", b"3"))
        assert case.http.told == ["made", b"1"]
        assert case.raw.calls == ["pause_reading"]
        assert not case.transport.is_reading()

        case.transport.resume_reading()
        assert case.http.told == ["made", b"1"]  # not before the next turn
        await asyncio.sleep(0)
        assert case.http.told == ["made", b"1", b"2"]
        assert case.raw.calls == ["pause_reading", "resume_reading", "pause_reading"]

    assert _run(opened, body) == []


@pytest.mark.parametrize("polite", [True, False])
def test_the_end_comes_after_all_that_was_sent_before_it(opened: Callable[[], Open], polite: bool) -> None:
    async def body(case: Open) -> None:
        case.http.on_data = case.transport.pause_reading
        case.transport.data_received(case.client_says(b"1", b"2") + (case.client_closes() if polite else b""))
        case.transport.resume_reading()
        assert case.transport.eof_received()  # so that the socket stays open
        assert case.http.told == ["made", b"1", b"2"]
        assert "close" not in case.raw.calls

        case.transport.resume_reading()
        await asyncio.sleep(0)
        assert case.http.told == ["made", b"1", b"2", "eof"]
        assert case.raw.calls[-1] == "close"

    assert _run(opened, body) == []


def test_back_pressure_reaches_the_http_protocol(opened: Callable[[], Open]) -> None:
    async def body(case: Open) -> None:
        case.transport.pause_writing()
        case.transport.resume_writing()
        assert case.http.told == ["made", "pause", "resume"]

    assert _run(opened, body) == []


def test_closing_says_so_and_does_not_wait(opened: Callable[[], Open]) -> None:
    async def body(case: Open) -> None:
        case.transport.write(b"bye")
        case.transport.close()
        assert case.raw.calls == ["close"]
        assert case.transport.is_closing()
        sent = case.raw.sent
        case.transport.write(b"too late")
        case.transport.close()
        assert (case.raw.sent, case.raw.calls) == (sent, ["close"])
        assert case.client_reads() == b"bye"
        assert case.client.read() == b""  # which is close_notify; without it, this would want more
        case.transport.connection_lost(None)
        assert case.http.told == ["made", ("lost", None)]

    assert _run(opened, body) == []


def test_what_the_http_protocol_raises_is_not_swallowed(opened: Callable[[], Open]) -> None:
    async def body(case: Open) -> None:
        def fail() -> None:
            raise LookupError("a bug")

        case.http.on_data = fail
        with pytest.raises(LookupError, match="a bug"):
            case.transport.data_received(case.client_says(b"1"))

    assert _run(opened, body) == []


def test_what_it_raises_after_a_pause_is_not_swallowed_either(opened: Callable[[], Open]) -> None:
    async def body(case: Open) -> None:
        def fail() -> None:
            raise LookupError("a bug")

        case.transport.pause_reading()
        case.transport.data_received(case.client_says(b"1"))
        case.http.on_data = fail
        case.transport.resume_reading()
        await asyncio.sleep(0)
        assert case.raw.calls[-1] == "abort"

    (error,) = _run(opened, body)
    assert isinstance(error["exception"], LookupError)


def test_another_protocol_can_take_over(opened: Callable[[], Open]) -> None:
    async def body(case: Open) -> None:
        websocket = Http()
        case.http.on_data = lambda: case.transport.set_protocol(websocket)
        case.transport.data_received(case.client_says(b"upgrade", b"frame"))
        assert (case.http.told, websocket.told) == (["made", b"upgrade"], [b"frame"])
        assert case.transport.get_protocol() is websocket

    assert _run(opened, body) == []


def test_a_broken_record_is_answered_with_an_alert_that_arrives(opened: Callable[[], Open]) -> None:
    async def body(case: Open) -> None:
        case.transport.data_received(b"\x17\x03\x03\x00\x20" + bytes(32))
        assert case.raw.calls == ["write_eof"]
        with pytest.raises(ssl.SSLError, match="ALERT"):
            case.client_reads()
        (failure,) = case.failures
        assert failure.outcome == "refused"
        assert case.connections == {case.raw.protocol}

        case.transport.write(b"too late")
        case.raw.protocol.shutdown()
        assert case.raw.calls == ["write_eof", "abort"]
        case.raw.protocol.connection_lost(None)
        assert case.http.told == ["made", ("lost", None)]
        assert not case.connections

    assert _run(opened, body) == []


def test_it_passes_for_a_socket_with_tls(opened: Callable[[], Open]) -> None:
    async def body(case: Open) -> None:
        assert case.transport.get_extra_info("sslcontext")
        assert case.transport.get_extra_info("peername") == ("192.0.2.1", 5)
        assert case.transport.get_extra_info("unheard of", "nothing") == "nothing"
        assert not case.transport.can_write_eof()

    assert _run(opened, body) == []
