"""What becomes of connections on loopback that are no orderly TLS, or carry much, or are open when the server stops."""

import hashlib
import shutil
import socket
import ssl
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPResponse
from io import BytesIO
from typing import Any
from unittest.mock import Mock

import pytest

from mockpsc.tls import TlsProfile


@pytest.fixture
def connect(server: Any) -> Iterator[Callable[..., socket.socket]]:
    """Opens TCP connections, which are closed after the test."""
    with ExitStack() as stack:

        def open_one(to: Any = server) -> socket.socket:
            raw = stack.enter_context(socket.create_connection(("127.0.0.1", to.port), timeout=30))
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return raw

        yield open_one


class MemoryClient:
    """A TLS client whose bytes the test carries itself. Raises ssl.SSLError with the alert that it received."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost")

    def flight(self) -> bytes:
        """What the client says next in the handshake."""
        with suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()
        return self._outgoing.read()

    def receive(self, raw: socket.socket) -> None:
        received = raw.recv(65536)
        if received:
            self._incoming.write(received)
        else:
            self._incoming.write_eof()

    def finish(self, raw: socket.socket, *, pieces: int = 65536) -> None:
        """Shake hands on a socket, in pieces of that size."""
        to_send = self.flight()
        while True:
            for start in range(0, len(to_send), pieces):
                raw.sendall(to_send[start : start + pieces])
            if self._tls.version():
                return
            self.receive(raw)
            to_send = self.flight()

    def request(self) -> bytes:
        self._tls.write(b"GET /bytes/3 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return self._outgoing.read()

    def answer(self, raw: socket.socket) -> bytes:
        """The first record of the answer."""
        while True:
            with suppress(ssl.SSLWantReadError):
                return self._tls.read(65536)
            self.receive(raw)


def _port(raw: socket.socket) -> int:
    port: int = raw.getsockname()[1]
    return port


def _reset(raw: socket.socket) -> None:
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.close()


def _read_all(raw: socket.socket) -> bytes:
    return b"".join(iter(lambda: raw.recv(65536), b""))


def test_plain_http_is_told_so_in_plain_http(server: Any, connect: Callable[..., socket.socket]) -> None:
    raw = connect()
    raw.sendall(b"GET /auth/realms HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = _read_all(raw)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.endswith(b"\r\n\r\nplain HTTP was sent to an HTTPS port: use https:// in the URL\n")
    handshake = server.journal.of(_port(raw))
    assert (handshake.outcome, handshake.reason) == ("abandoned", "plain_http")
    assert "plain HTTP was sent to an HTTPS port" in handshake.line


@pytest.mark.parametrize(
    "garbage", [b"\x00\x01\x02\x03\x04\x05", b"SSH-2.0-OpenSSH_9.2\r\n", b"\x16\x03\x01\x00\x02\x02\x00"]
)
def test_garbage_is_closed_and_told(server: Any, connect: Callable[..., socket.socket], garbage: bytes) -> None:
    raw = connect()
    raw.sendall(garbage)
    assert _read_all(raw) == b""
    handshake = server.journal.of(_port(raw))
    assert (handshake.outcome, handshake.reason, handshake.alerts_sent) == ("abandoned", "not_tls", ())


def test_a_hello_without_end_is_not_buffered_without_end(server: Any, connect: Callable[..., socket.socket]) -> None:
    raw = connect()
    header = b"\x16\x03\x01\x40\x00"
    raw.sendall(header + b"\x01\x00\xff\xfc" + bytes(16380) + 2 * (header + bytes(16384)) + header + bytes(16383))
    assert _read_all(raw) == b""
    assert "the ClientHello is not complete" in server.journal.of(_port(raw)).sentence


def test_a_handshake_may_come_byte_by_byte(
    server: Any, client: Any, good: Any, version: ssl.TLSVersion, connect: Callable[..., socket.socket]
) -> None:
    raw = connect()
    memory = MemoryClient(client.context(good, version=version))
    memory.finish(raw, pieces=1)
    raw.sendall(memory.request())
    assert memory.answer(raw).startswith(b"HTTP/1.1 200 OK")
    assert server.journal.of(_port(raw)).outcome == "accepted"


def test_a_request_may_come_with_the_end_of_the_handshake(
    client: Any, good: Any, connect: Callable[..., socket.socket]
) -> None:
    raw = connect()
    memory = MemoryClient(client.context(good, version=ssl.TLSVersion.TLSv1_3))
    raw.sendall(memory.flight())
    finished = b""
    while not finished:
        memory.receive(raw)
        finished = memory.flight()
    raw.sendall(finished + memory.request())
    assert memory.answer(raw).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("sent", ["nothing", "half a hello", "a hello"])
@pytest.mark.parametrize("end", ["closed", "reset"])
def test_a_client_that_leaves_is_told_once(
    server: Any, client: Any, connect: Callable[..., socket.socket], sent: str, end: str
) -> None:
    raw = connect()
    port = _port(raw)
    hello = MemoryClient(client.context()).flight()
    raw.sendall({"nothing": b"", "half a hello": hello[:100], "a hello": hello}[sent])
    if sent == "a hello":
        raw.recv(1)  # so that the server has answered
    if end == "reset":
        _reset(raw)
    else:
        raw.close() if sent != "a hello" else raw.shutdown(socket.SHUT_WR)
    handshake = server.journal.of(port)
    assert (handshake.outcome, handshake.reason) == ("abandoned", end)
    assert handshake.alerts_sent == ()
    assert handshake.server_name == ("localhost" if sent == "a hello" else None)
    assert ("ca.pem" in handshake.sentence) == (sent == "a hello" and end == "closed")


def test_a_polite_goodbye_in_the_handshake_blames_nobody(
    server: Any, client: Any, connect: Callable[..., socket.socket]
) -> None:
    raw = connect()
    raw.sendall(MemoryClient(client.context(version=ssl.TLSVersion.TLSv1_2)).flight())
    raw.recv(1)
    raw.sendall(
        bytes.fromhex("15 0303 0002 01 5a") + bytes.fromhex("15 0303 0002 01 00")
    )  # user_canceled, close_notify
    handshake = server.journal.of(_port(raw))
    assert (handshake.outcome, handshake.reason, handshake.alerts_received) == ("abandoned", "closed", (90, 0))


def test_nonsense_after_the_hello_is_refused_with_an_alert(
    server: Any, client: Any, connect: Callable[..., socket.socket]
) -> None:
    raw = connect()
    raw.sendall(MemoryClient(client.context()).flight())
    raw.recv(1)
    raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
    handshake = server.journal.of(_port(raw))
    assert handshake.outcome == "refused"
    assert handshake.alerts_sent
    assert "did not keep to the protocol: OpenSSL says" in handshake.sentence


@pytest.mark.parametrize("sent", ["nothing", "half a hello", "a hello"])
def test_a_handshake_that_takes_too_long_is_given_up(
    start: Callable[..., Any],
    client: Any,
    connect: Callable[..., socket.socket],
    make_profile: Callable[..., TlsProfile],
    sent: str,
) -> None:
    profile = make_profile()
    server = start(lambda _: profile, handshake_timeout=0.05)
    raw = connect(server)
    hello = MemoryClient(client.context()).flight()
    raw.sendall({"nothing": b"", "half a hello": hello[:100], "a hello": hello}[sent])
    _read_all(raw)
    handshake = server.journal.of(_port(raw))
    assert (handshake.outcome, handshake.reason) == ("abandoned", "timeout")
    assert handshake.duration >= 0.05


def test_a_client_that_never_closes_does_not_linger_for_ever(
    server: Any, client: Any, expired: Any, connect: Callable[..., socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mockpsc.tls.linger._LIMIT", 0.05)
    raw = connect()
    with pytest.raises(ssl.SSLError, match="EXPIRED"):
        MemoryClient(client.context(expired, version=ssl.TLSVersion.TLSv1_2)).finish(raw)
    assert raw.recv(1) == b""  # the server's half is closed at once
    with pytest.raises(OSError, match=r"[Rr]eset|[Bb]roken"):
        raw.sendall(bytes(1_000_000_000))


def test_a_choice_that_fails_is_an_error_and_still_told(
    start: Callable[..., Any], client: Any, make_profile: Callable[..., TlsProfile]
) -> None:
    def choose(_: Any) -> TlsProfile:
        raise RuntimeError("no profile today")

    server = start(choose)
    seen = client.post(server, client.context())
    assert seen.error is not None
    handshake = server.journal.of(seen.port)
    assert (handshake.outcome, handshake.reason) == ("abandoned", "failed")
    (context,) = server.loop_errors
    assert str(context["exception"]) == "no profile today"


@pytest.mark.parametrize("size", [5_000_000, pytest.param(50_000_000, marks=pytest.mark.slow)])
def test_a_large_body_arrives_intact(server: Any, client: Any, version: ssl.TLSVersion, size: int) -> None:
    body = hashlib.shake_128(b"seed").digest(size)
    seen = client.post(server, client.context(version=version), body)
    assert (seen.answer["length"], seen.answer["sha256"]) == (size, hashlib.sha256(body).hexdigest())


@pytest.mark.parametrize("size", [5_000_000, pytest.param(50_000_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["bytes", "pieces"])
def test_a_large_answer_arrives_intact(server: Any, client: Any, version: ssl.TLSVersion, kind: str, size: int) -> None:
    with client.connect(server, client.context(version=version)) as secured:
        secured.sendall(f"GET /{kind}/{size} HTTP/1.0\r\n\r\n".encode())
        answer = b"".join(iter(lambda: secured.recv(65536), b""))  # ends without an error: close_notify has come
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert _body(answer) == bytes(size)


def _body(answer: bytes) -> bytes:
    """The body of a recorded response: uvicorn with httptools sends it in chunks even to HTTP/1.0."""
    recorded = Mock()
    recorded.makefile.return_value = BytesIO(answer)
    response = HTTPResponse(recorded)
    response.begin()
    return response.read()


def test_a_client_that_resets_an_open_connection_is_no_error(
    start: Callable[..., Any], client: Any, make_profile: Callable[..., TlsProfile]
) -> None:
    profile = make_profile()
    server = start(lambda _: profile)
    for path in ("/bytes/50000000", "/"):
        secured = client.connect(server, client.context())
        secured.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n".encode())
        _reset(secured)
    assert client.post(server, client.context()).answer
    server.stop()
    assert server.loop_errors == []


def _converse(server: Any, version: str, command: bytes, echo: bytes, then: bytes) -> bytes:
    """What `openssl s_client` prints after it has been given one of its commands, and then that text."""
    options = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", version]
    with subprocess.Popen(
        options, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        lines = iter(process.stdout.readline, b"")
        try:
            process.stdin.write(command + b"\n")  # is taken for a command only if it comes alone
            assert any(line.startswith(echo) for line in lines)
            process.stdin.write(then)
            return b"".join(lines)
        finally:
            process.kill()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_keys_are_updated(server: Any) -> None:
    request = b"GET /bytes/1 HTTP/1.0\r\n\r\n"
    assert b"200 OK" in _converse(server, "-tls1_3", b"K", b"KEYUPDATE", request)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_nothing_is_renegotiated_and_a_late_alert_is_logged(
    server: Any, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert b"no renegotiation" in _converse(server, "-tls1_2", b"R", b"RENEGOTIATING", b"")
    assert client.post(server, client.context()).answer  # the alert came before this, so that it has been read
    (record,) = [record for record in caplog.records if "broke off" in record.getMessage()]
    assert (record.name, record.levelname) == ("mockpsc.tls", "WARNING")
    assert "(alert 40, handshake_failure)" in record.getMessage()


def test_it_stops_at_once_whatever_the_clients_do(
    start: Callable[..., Any],
    client: Any,
    good: Any,
    expired: Any,
    connect: Callable[..., socket.socket],
    make_profile: Callable[..., TlsProfile],
) -> None:
    profile = make_profile()
    server = start(lambda _: profile)
    idle = MemoryClient(client.context(good))
    kept = connect(server)
    idle.finish(kept)
    kept.sendall(idle.request())
    assert idle.answer(kept).startswith(b"HTTP/1.1 200 OK")
    connect(server).sendall(MemoryClient(client.context()).flight()[:50])
    unfinished = connect(server)
    unfinished.sendall(MemoryClient(client.context()).flight())
    unfinished.recv(1)
    lingering = connect(server)
    with pytest.raises(ssl.SSLError, match="EXPIRED"):
        MemoryClient(client.context(expired, version=ssl.TLSVersion.TLSv1_2)).finish(lingering)

    assert server.stop() < 1
    assert server.loop_errors == []
    assert sorted(handshake.reason or "-" for handshake in server.journal.handshakes()) == [
        "-",
        "expired",
        "stopped",
        "stopped",
    ]
