"""Connections that a fault makes slow or silent, on asyncio's event loop, and on uvloop's where it is installed."""

import asyncio
import socket
import ssl
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

import pytest

from mockpsc.clock import Clock
from mockpsc.faults import Injector, read_order
from mockpsc.listener import loop_factory
from mockpsc.tls import TlsProfile
from mockpsc.tls.breaking import SlowWire

REQUEST = "GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.fixture(params=["asyncio", "uvloop"] if find_spec("uvloop") else ["asyncio"])
def start_with(
    request: pytest.FixtureRequest, start: Callable[..., Any], make_profile: Callable[..., TlsProfile]
) -> Callable[..., Any]:
    """Starts a server on which faults are armed: `start_with({"tcp.bandwidth": {"rate": 1000}}, …)`; `times` says how
    often each of them acts."""
    profile = make_profile(client_auth="none")
    new_loop = None if request.param == "asyncio" else loop_factory()

    def start_one(faults: dict[str, dict[str, Any]], *, times: int | None = None, **options: Any) -> Any:
        injector = Injector(Clock())
        for name, params in faults.items():
            injector.arm(read_order({"name": name, "params": params, "times": times}))
        return start(lambda _: profile, new_loop=new_loop, faults=injector, **options)

    return start_one


def _connect(server: Any) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def _hello() -> bytes:
    outgoing = ssl.MemoryBIO()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def _read_all(raw: socket.socket) -> bytes:
    return b"".join(iter(lambda: raw.recv(65536), b""))


def _get(server: Any, client: Any, path: str, version: ssl.TLSVersion) -> bytes:
    """The body of an answer, up to the close_notify that must come after it."""
    context = client.context(version=version)
    with context.wrap_socket(_connect(server), server_hostname="localhost", suppress_ragged_eofs=False) as tls:
        tls.sendall(REQUEST.format(path).encode())
        return _read_all(tls).partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("at", ["accept", "hello", "flight"])
def test_a_connection_that_hangs_is_the_clients_to_close(start_with: Callable[..., Any], at: str) -> None:
    server = start_with({"tcp.hang": {"at": at}}, handshake_timeout=0.05)
    with _connect(server) as raw:
        raw.sendall(_hello())
        raw.settimeout(0.2)  # four times what a client has for its handshake
        with pytest.raises(TimeoutError):
            _read_all(raw)
        raw.sendall(b"is anybody there?")
        raw.shutdown(socket.SHUT_WR)
        raw.settimeout(10)
        assert _read_all(raw) == b""
    (handshake,) = server.journal.wait_for(1)
    assert (handshake.outcome, handshake.faults) == ("broken", ("tcp.hang",))


@pytest.mark.parametrize("at", ["accept", "hello", "flight"])
def test_a_connection_that_hangs_ends_with_the_server(start_with: Callable[..., Any], at: str) -> None:
    server = start_with({"tcp.hang": {"at": at}})
    with _connect(server) as raw:
        raw.sendall(_hello())
        server.journal.wait_for(1)
        assert server.stop() < 0.5
        with suppress(ConnectionResetError):
            _read_all(raw)
    assert server.loop_errors == []


def test_the_patience_with_a_client_begins_after_a_slow_accept(
    start_with: Callable[..., Any], client: Any, version: ssl.TLSVersion
) -> None:
    server = start_with({"tcp.slow_accept": {"seconds": 0.15}}, handshake_timeout=0.1)
    began = time.monotonic()
    assert _get(server, client, "/bytes/3", version) == bytes(3)
    assert time.monotonic() - began >= 0.15
    (handshake,) = server.journal.wait_for(1)
    assert (handshake.outcome, handshake.faults) == ("accepted", ("tcp.slow_accept",))


def test_a_client_that_was_waited_for_in_vain_is_still_told(start_with: Callable[..., Any]) -> None:
    server = start_with({"tcp.slow_accept": {"seconds": 0.05}}, handshake_timeout=0.05)
    with _connect(server) as raw, suppress(ConnectionResetError):
        assert _read_all(raw) == b""
    (handshake,) = server.journal.wait_for(1)
    assert (handshake.outcome, handshake.reason) == ("abandoned", "timeout")


def test_a_client_that_leaves_before_it_is_looked_at_is_told_once(start_with: Callable[..., Any]) -> None:
    server = start_with({"tcp.slow_accept": {"seconds": 0.05}})
    _connect(server).close()
    (handshake,) = server.journal.wait_for(1)
    assert (handshake.outcome, handshake.reason) == ("abandoned", "closed")


def test_a_stop_does_not_wait_for_a_slow_accept(start_with: Callable[..., Any]) -> None:
    server = start_with({"tcp.slow_accept": {"seconds": 60}}, times=1)
    with _connect(server), _connect(server) as later:
        later.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert later.recv(1)  # so that the one before has been accepted, too
        assert server.stop() < 0.5
    _, handshake = server.journal.handshakes()
    assert (handshake.outcome, handshake.reason) == ("abandoned", "stopped")


def test_a_slow_handshake_is_not_cut_by_the_clients_limit(
    start_with: Callable[..., Any], client: Any, version: ssl.TLSVersion
) -> None:
    server = start_with({"tcp.bandwidth": {"rate": 8000}}, handshake_timeout=0.05)
    began = time.monotonic()
    assert _get(server, client, "/bytes/3", version) == bytes(3)
    assert time.monotonic() - began > 0.1
    (handshake,) = server.journal.wait_for(1)
    assert handshake.outcome == "accepted"


@pytest.mark.parametrize("path", ["/bytes/1000000", "/pieces/1000000"])
def test_a_large_body_arrives_whole_and_in_its_time(
    start_with: Callable[..., Any], client: Any, version: ssl.TLSVersion, path: str
) -> None:
    server = start_with({"tcp.bandwidth": {"rate": 10_000_000}})
    began = time.monotonic()
    assert _get(server, client, path, version).count(0) == 1_000_000
    assert time.monotonic() - began >= 0.1


def test_what_waits_is_sent_before_a_late_close(
    start_with: Callable[..., Any], client: Any, version: ssl.TLSVersion
) -> None:
    server = start_with({"tcp.bandwidth": {"rate": 1_000_000}, "tcp.slow_close": {"seconds": 0.1}})
    context = client.context(version=version)
    with context.wrap_socket(_connect(server), server_hostname="localhost", suppress_ragged_eofs=False) as tls:
        tls.sendall(REQUEST.format("/bytes/50000").encode())
        assert len(_read_all(tls)) > 50_000
        with socket.socket(fileno=tls.detach()) as raw:
            raw.settimeout(0.05)
            with pytest.raises(TimeoutError):
                raw.recv(1)
            raw.settimeout(10)
            assert raw.recv(1) == b""


def _until_it_closes(raw: socket.socket, last: bytes) -> float:
    """How long the socket stays open after the last bytes that come."""
    received = b""
    while not received.endswith(last):
        received += raw.recv(65536)
    began = time.monotonic()
    assert raw.recv(1) == b""
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("faults", "sent", "last"),
    [
        ({"tls.alert": {"number": 40}}, _hello(), b"\x02\x28"),
        ({"tcp.garbage": {"text": "hello"}}, b"", b"hello"),
        ({}, b"GET / HTTP/1.1\r\n\r\n", b"in the URL\n"),
    ],
)
def test_a_connection_that_is_refused_stays_open_for_a_while_too(
    start_with: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, faults: Any, sent: bytes, last: bytes
) -> None:
    monkeypatch.setattr("mockpsc.tls.linger._LIMIT", 0.05)  # less than the while
    server = start_with({"tcp.slow_close": {"seconds": 0.15}, **faults})
    with _connect(server) as raw:
        raw.sendall(sent)
        assert _until_it_closes(raw, last) >= 0.1
    with _connect(server) as raw:
        raw.sendall(sent)
        raw.shutdown(socket.SHUT_WR)
        assert _until_it_closes(raw, last) >= 0.1
    assert server.loop_errors == []


def test_what_waits_at_the_end_of_a_refusal_is_not_cut_off(
    start_with: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mockpsc.tls.linger._LIMIT", 0.05)  # in which a quarter would be sent
    server = start_with({"tcp.bandwidth": {"rate": 1000}})
    with _connect(server) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert _read_all(raw).endswith(b"use https:// in the URL\n")


def test_a_client_that_is_gone_before_a_late_end_leaves_nothing_behind(start_with: Callable[..., Any]) -> None:
    server = start_with({"tcp.slow_close": {"seconds": 0.05}})
    with _connect(server) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
        raw.recv(1)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with _connect(server) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
        _read_all(raw)  # by when the time of the one before is over, too
    assert server.stop() < 0.5
    assert server.loop_errors == []


class Ends(asyncio.Transport, asyncio.Protocol):
    """Both ends of a slow wire: it remembers what it is told to do, and what it is given to send."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self.sent = 0
        self.closed = asyncio.Event()

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        pass

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += len(data)

    def close(self) -> None:
        self.closed.set()

    def pause_writing(self) -> None:
        self.told.append(f"pause at {self.sent}")

    def resume_writing(self) -> None:
        self.told.append("resume")


def test_whoever_writes_too_much_at_once_is_asked_to_pause() -> None:
    async def write_and_close() -> tuple[list[str], int]:
        ends = Ends()
        wire = SlowWire(ends, rate=10_000_000, close_delay=0, connections=set())
        for _ in range(10):
            wire.write(bytes(10_000))
        wire.resume_writing()  # says the socket, which takes no notice of what waits here
        paused = list(ends.told)
        wire.close()
        await ends.closed.wait()
        assert paused == ["pause at 0"]
        return ends.told, ends.sent

    assert asyncio.run(write_and_close()) == (["pause at 0", "resume"], 100_000)


def test_a_client_that_closes_its_half_gets_what_waits(start_with: Callable[..., Any]) -> None:
    server = start_with({"tcp.bandwidth": {"rate": 20_000}})
    with _connect(server) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\n\r\n")  # which is answered in plain HTTP
        raw.shutdown(socket.SHUT_WR)
        assert _read_all(raw).endswith(b"use https:// in the URL\n")


@pytest.mark.parametrize("faults", [{"tcp.bandwidth": {"rate": 1000}}, {"tcp.slow_close": {"seconds": 60}}])
def test_a_stop_waits_for_no_slow_connection(
    start_with: Callable[..., Any], client: Any, faults: dict[str, Any]
) -> None:
    server = start_with(faults)
    with _connect(server) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
        raw.recv(1)
        assert server.stop() < 0.5
        with suppress(ConnectionResetError):
            _read_all(raw)
    assert server.loop_errors == []


def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(start_with: Callable[..., Any], client: Any) -> None:
    server = start_with({"tcp.bandwidth": {"rate": 50_000}})
    with client.connect(server, client.context()) as tls:
        tls.sendall(REQUEST.format("/bytes/1000000").encode())
        tls.recv(1)
    assert server.stop() < 0.5
    assert server.loop_errors == []
