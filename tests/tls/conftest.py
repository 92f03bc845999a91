"""Certificates made on the spot, servers in threads of their own, and clients that say what they saw."""

import asyncio
import hashlib
import http.client
import itertools
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from mockpsc.clock import Clock
from mockpsc.journal import Event, Handshake, Journal
from mockpsc.tls import ClientHello, TlsProfile, serve_tls


@dataclass(frozen=True, kw_only=True, eq=False)
class Party:
    """A certificate with its key, the chain that it is sent with, and a file that has all three."""

    certificate: x509.Certificate
    key: Any
    chain: tuple[x509.Certificate, ...]
    file: Path

    @property
    def subject(self) -> str:
        return self.certificate.subject.rfc4514_string()

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()


class Certificates:
    """Makes certificates that are good but for what is asked to differ."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._numbers = folder, itertools.count()

    def __call__(
        self,
        name: str,
        issuer: Party | None = None,
        *,
        is_ca: bool = False,
        path_length: int | None = None,
        usage: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.CLIENT_AUTH,
        host: str | None = None,
        days: tuple[float, float] = (-1, 30),
        extensions: tuple[x509.Extension[Any], ...] = (),
        key: Any = None,
    ) -> Party:
        key = key or ec.generate_private_key(ec.SECP256R1())
        signer = issuer.key if issuer else key
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(issuer.certificate.subject if issuer else _name(name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=path_length), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        if usage and not is_ca:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if host:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        for extension in extensions:
            builder = builder.add_extension(extension.value, critical=extension.critical)
        above = (
            (issuer.certificate, *issuer.chain)
            if issuer and issuer.certificate.issuer != issuer.certificate.subject
            else ()
        )
        return self.keep(builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.DER), key, above)

    def keep(self, der: bytes, key: Any, chain: tuple[x509.Certificate, ...] = ()) -> Party:
        """Write a certificate to a file, with its key and chain."""
        file = self._folder / f"{next(self._numbers)}.pem"
        pem = ssl.DER_cert_to_PEM_cert(der) + "".join(above.public_bytes(Encoding.PEM).decode() for above in chain)
        file.write_bytes(pem.encode() + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return Party(certificate=x509.load_der_x509_certificate(der), key=key, chain=chain, file=file)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def site_ca(make: Certificates) -> Party:
    """What clients trust."""
    return make("Site CA", is_ca=True)


@pytest.fixture(scope="session")
def client_ca(make: Certificates) -> Party:
    """What servers trust."""
    return make("Client CA", is_ca=True)


@pytest.fixture(scope="session")
def intermediate(make: Certificates, client_ca: Party) -> Party:
    return make("Intermediate CA", client_ca, is_ca=True, path_length=0)


@pytest.fixture(scope="session")
def site(make: Certificates, site_ca: Party) -> Party:
    return make("Site", site_ca, usage=ExtendedKeyUsageOID.SERVER_AUTH, host="localhost")


@pytest.fixture(scope="session")
def good(make: Certificates, intermediate: Party) -> Party:
    return make("Good client", intermediate)


@pytest.fixture(scope="session")
def expired(make: Certificates, client_ca: Party) -> Party:
    return make("Expired client", client_ca, days=(-30, -1))


@pytest.fixture(scope="session")
def make_profile(site: Party, client_ca: Party, intermediate: Party) -> Callable[..., TlsProfile]:
    """A profile that asks for a certificate, but for what is asked to differ."""
    usual: dict[str, Any] = {
        "certificate": site.certificate,
        "key": site.key,
        "client_auth": "request",
        "anchors": (client_ca.certificate,),
        "intermediates": (intermediate.certificate,),
    }
    return lambda **differences: TlsProfile(**(usual | differences))


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Says what it was told and sent; `/bytes/N` answers with N zeros, and `/pieces/N` with as many, in pieces."""
    request = Request(scope, receive)
    kind, _, size = request.url.path.strip("/").partition("/")
    if kind == "bytes":
        response: Response = Response(bytes(int(size)))
    elif kind == "pieces":
        response = StreamingResponse(_pieces(int(size)))
    else:
        response = JSONResponse(await _told(request))
    await response(scope, receive, send)


async def _pieces(size: int) -> Any:
    for start in range(0, size, 100_000):
        yield bytes(min(100_000, size - start))


async def _told(request: Request) -> dict[str, Any]:
    digest, length = hashlib.sha256(), 0
    async for piece in request.stream():
        digest.update(piece)
        length += len(piece)
    peer = request.scope["extensions"]["mockpsc.tls"]
    return {
        "scheme": request.scope["scheme"],
        "tls": request.scope["extensions"]["tls"],
        "peer": peer.certificate and peer.certificate.subject.rfc4514_string(),
        "chain": [certificate.subject.rfc4514_string() for certificate in peer.chain],
        "length": length,
        "sha256": digest.hexdigest(),
    }


class WatchedJournal(Journal):
    """A journal that can be waited for."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._changed = threading.Condition()

    def record(self, event: Event) -> None:
        with self._changed:
            super().record(event)
            self._changed.notify_all()

    def of(self, port: int, count: int = 1) -> Handshake:
        """The handshake of the client at that port, which must be the only one."""
        with self._changed:
            self._changed.wait_for(lambda: self._from(port), timeout=10)
            (handshake,) = self._from(port)
        return handshake

    def wait_for(self, count: int) -> tuple[Handshake, ...]:
        """All handshakes, when there are so many."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.handshakes()) >= count, timeout=10)
            return self.handshakes()

    def _from(self, port: int) -> list[Handshake]:
        return [handshake for handshake in self.handshakes() if handshake.peer == f"127.0.0.1:{port}"]


class Running:
    """uvicorn behind TLS in a thread with an event loop of its own, which `new_loop` makes."""

    def __init__(
        self,
        choose: Callable[[ClientHello], TlsProfile],
        *,
        new_loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
        **options: Any,
    ) -> None:
        self.clock = Clock()
        self.journal = WatchedJournal(self.clock)
        self.loop_errors: list[dict[str, Any]] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        http = serve_tls(choose, journal=self.journal, listener="auth", clock=self.clock, **options)
        self.server = uvicorn.Server(
            uvicorn.Config(
                application,
                http=cast(Any, http),
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
            )
        )
        self._thread = threading.Thread(target=self._run, args=(new_loop,))
        self._thread.start()

    def _run(self, new_loop: Callable[[], asyncio.AbstractEventLoop] | None) -> None:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self.loop_errors.append(context))
        await self.server.serve([self._socket])

    def stop(self) -> float:
        """Stop as a signal does, and say how many seconds it took."""
        began = time.monotonic()
        self.server.should_exit = True
        self._thread.join()
        return time.monotonic() - began


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    """Starts servers, and stops them after the test."""
    started: list[Running] = []

    def start_one(choose: Callable[[ClientHello], TlsProfile], **options: Any) -> Running:
        started.append(Running(choose, **options))
        return started[-1]

    yield start_one
    for running in started:
        running.stop()


@pytest.fixture(scope="session")
def server(make_profile: Callable[..., TlsProfile]) -> Iterator[Running]:
    """A server for all tests that leave it as it is; at the end, nothing may have come up to its event loop."""
    profile = make_profile()
    running = Running(lambda _: profile)
    yield running
    running.stop()
    assert running.loop_errors == []


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=str)
def version(request: pytest.FixtureRequest) -> ssl.TLSVersion:
    """TLS 1.2 and 1.3."""
    return cast(ssl.TLSVersion, request.param)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a client saw: an answer in JSON, or the error that ended the connection, and its own port."""

    port: int
    answer: dict[str, Any]
    error: OSError | None

    @property
    def reason(self) -> str:
        """OpenSSL's name of the error, which is that of the alert if there was one."""
        return str(getattr(self.error, "reason", None))


class Client:
    """A client of the standard library's ssl."""

    def __init__(self, site_ca: Party) -> None:
        self._site_ca = site_ca

    def context(
        self,
        party: Party | None = None,
        *,
        version: ssl.TLSVersion | None = None,
        trusting: Party | None = None,
        seclevel: int = 2,
    ) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_ciphers(f"DEFAULT:@SECLEVEL={seclevel}")
        context.load_verify_locations(cadata=(trusting or self._site_ca).pem)
        if version is not None:
            context.minimum_version = context.maximum_version = version
        if party is not None:
            context.load_cert_chain(party.file)
        return context

    def connect(self, server: Running, context: ssl.SSLContext, name: str = "localhost") -> ssl.SSLSocket:
        raw = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        return context.wrap_socket(raw, server_hostname=name)

    def post(self, server: Running, context: ssl.SSLContext, body: bytes = b"", name: str = "localhost") -> Seen:
        """One request on a connection of its own."""
        raw = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        port = raw.getsockname()[1]
        try:
            with context.wrap_socket(raw, server_hostname=name) as secured:
                head = f"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
                secured.sendall(head.encode() + body)
                with http.client.HTTPResponse(secured) as response:
                    response.begin()
                    return Seen(port=port, answer=json.load(response), error=None)
        except OSError as error:
            return Seen(port=port, answer={}, error=error)
        finally:
            raw.close()


@pytest.fixture(scope="session")
def client(site_ca: Party) -> Client:
    return Client(site_ca)
