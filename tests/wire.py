"""Clients that see what happens below HTTP: bare sockets, and TLS that tells all that it was shown."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from OpenSSL import SSL
from support import RunningMock

TLS1_0, TLS1_1, TLS1_2, TLS1_3 = 0x0301, 0x0302, 0x0303, 0x0304
BOTH = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)

_LISTENERS = {"auth": "jwks_uri", "wallet": "authorization_endpoint"}


def path_of(running: RunningMock, member: str = "jwks_uri") -> str:
    return urlsplit(running.url(member)).path


def connect(running: RunningMock, listener: str = "auth") -> socket.socket:
    """A TCP connection, to be closed by `with`."""
    port = urlsplit(running.url(_LISTENERS[listener])).port
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def hello(name: str = "localhost") -> bytes:
    """A ClientHello."""
    context, outgoing = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def read_all(raw: socket.socket, received: bytearray | None = None) -> bytes:
    """What comes until the end. If that is an error, what came before it is in `received` all the same."""
    received = bytearray() if received is None else received
    while piece := raw.recv(65536):
        received += piece
    return bytes(received)


def is_half_a_flight(received: bytes | bytearray) -> bool:
    """Whether it begins as a handshake (RFC 8446 §5.1) and ends in the middle of a record."""
    at = 0
    while at + 5 <= len(received):
        at += 5 + int.from_bytes(received[at + 3 : at + 5])
    return received[:1] == b"\x16" and at != len(received)


def trusting(running: RunningMock, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(running.mock.connection.ca_file))
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


@contextmanager
def secured(
    running: RunningMock,
    context: ssl.SSLContext | None = None,
    *,
    name: str = "localhost",
    listener: str = "auth",
) -> Iterator[ssl.SSLSocket]:
    """A TLS connection after its handshake. One that fails is waited for, so that the mock has told it."""
    with (context or trusting(running)).wrap_socket(
        connect(running, listener), server_hostname=name, do_handshake_on_connect=False, suppress_ragged_eofs=False
    ) as tls:
        try:
            tls.do_handshake()
        except OSError:
            with suppress(OSError):
                tls.shutdown(socket.SHUT_WR)  # which ends TLS, too
                read_all(tls)
            raise
        yield tls


def shake_hands(running: RunningMock, context: ssl.SSLContext | None = None, **how: Any) -> str:
    """A whole connection without a request: the version that was spoken."""
    with secured(running, context, **how) as tls:
        version = tls.version()
        tls.unwrap().close()
    assert version is not None
    return version


def converse(running: RunningMock, context: ssl.SSLContext | None = None, **how: Any) -> bytes:
    """A connection with a request for nothing in particular, and its answer. In TLS 1.3, it is only now that a client
    hears that it was refused."""
    with secured(running, context, **how) as tls:
        ask(tls, "/")
        return read_all(tls)


def ask(tls: ssl.SSLSocket, path: str) -> None:
    """Send a request after whose answer the connection ends."""
    tls.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a TLS client was shown. Errors are OpenSSL's, as (code, depth)."""

    version: int
    chain: tuple[x509.Certificate, ...]
    errors: tuple[tuple[int, int], ...]
    authorities: tuple[str, ...]
    """The common names of those whose certificates the mock asked for."""
    staple: bytes


def witness(
    running: RunningMock,
    versions: tuple[int, int] = (TLS1_0, TLS1_3),
    *,
    name: str = "localhost",
    listener: str = "auth",
) -> Shown:
    """Shake hands whatever comes, and tell."""
    errors: list[tuple[int, int]] = []
    staples: list[bytes] = []

    def note(_: object, __: object, code: int, depth: int, ok: int) -> bool:
        if not ok:
            errors.append((code, depth))
        return True

    def keep(_: object, staple: bytes, __: object) -> bool:
        staples.append(staple)
        return True

    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(versions[0])
    context.set_max_proto_version(versions[1])
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    context.load_verify_locations(str(running.mock.connection.ca_file))
    context.set_verify(SSL.VERIFY_PEER, note)
    context.set_ocsp_client_callback(keep)
    with connect(running, listener) as raw:
        raw.settimeout(None)
        tls = SSL.Connection(context, raw)
        tls.set_connect_state()
        tls.set_tlsext_host_name(name.encode())
        tls.request_ocsp()
        tls.do_handshake()
        tls.shutdown()
        with suppress(SSL.Error):
            read_all(tls)  # type: ignore[arg-type]  # it reads as a socket does
        return Shown(
            version=tls.get_protocol_version(),
            chain=tuple(tls.get_peer_cert_chain(as_cryptography=True) or ()),
            errors=tuple(dict.fromkeys(errors)),
            authorities=tuple(name.commonName or "" for name in tls.get_client_ca_list()),
            staple=staples[0],
        )
