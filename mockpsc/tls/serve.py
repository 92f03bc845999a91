"""Puts TLS in front of uvicorn: `uvicorn.Config(app, http=serve_tls(...), lifespan="off")`, and none of its `ssl_*`.

uvicorn listens on plain TCP, and its HTTP protocol is used as it is. The application learns of TLS from two extensions
in the scope: `tls` is the ASGI TLS extension (https://asgi.readthedocs.io/en/latest/specs/tls.html), and `mockpsc.tls`
a `Peer`, which spares it to parse the certificate at every request. A third, `mockpsc.connection`, is the connection
itself, for answers that break HTTP.
"""

import asyncio
import copy
import ssl
from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config
from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn.server import ServerState

from mockpsc.clock import Clock
from mockpsc.faults import Injector
from mockpsc.journal import Journal
from mockpsc.judgement import Peer
from mockpsc.tls.connection import TlsConnection
from mockpsc.tls.contexts import TlsProfile
from mockpsc.tls.engine import Present, TlsListener, TlsProtocol
from mockpsc.tls.hello import ClientHello
from mockpsc.tls.transport import TlsTransport

_http_protocol: Callable[..., asyncio.Protocol] = AutoHTTPProtocol  # httptools if it is installed, h11 otherwise


def serve_tls(
    choose: Callable[[ClientHello], TlsProfile],
    *,
    journal: Journal,
    listener: str,
    clock: Clock,
    faults: Injector | None = None,
    present: Present = lambda profile, greeting, hello: profile,
    client_of: Callable[[x509.Certificate], str | None] = lambda certificate: None,
    handshake_timeout: float = 10.0,
) -> Callable[..., asyncio.Protocol]:
    """What uvicorn calls for each connection of the listener, in the place of an HTTP protocol.

    `choose` is asked once per connection how to speak TLS on it; what it raises ends the connection. A profile belongs
    to the listeners of one event loop. `handshake_timeout` is in seconds. `faults` are asked at each connection; of the
    profile chosen `present` makes the one that they want, and `client_of` tells whose a certificate is.
    """
    common = TlsListener(
        name=listener,
        choose=choose,
        journal=journal,
        clock=clock,
        faults=faults or Injector(clock),
        present=present,
        client_of=client_of,
        handshake_timeout=handshake_timeout,
    )

    def connection(
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> asyncio.Protocol:
        def open_http(transport: TlsTransport) -> asyncio.Protocol:
            informed = _informed(config, transport)
            return _http_protocol(config=informed, server_state=server_state, app_state=app_state, _loop=_loop)

        return TlsProtocol(common, server_state.connections, open_http)

    return connection


def _informed(config: Config, transport: TlsTransport) -> Config:
    """A copy of uvicorn's configuration for one connection, in which the application is told about TLS.

    uvicorn's protocols take the application from there, which makes this work with all of them, WebSockets included.
    """
    informed = copy.copy(config)
    informed.loaded_app = _Informed(config.loaded_app, transport)
    return informed


class _Informed:
    """An application with the extensions in its scope, which are made once per connection, at its first request."""

    def __init__(self, app: ASGIApp, transport: TlsTransport) -> None:
        self._app, self._transport = app, transport

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"] = {**scope.get("extensions", {}), **self._extensions}
        await self._app(scope, receive, send)

    @cached_property
    def _extensions(self) -> dict[str, Any]:
        tls = self._transport.tls
        return {"tls": _asgi_extension(tls), "mockpsc.tls": _peer(tls), "mockpsc.connection": self._transport}


def _peer(tls: TlsConnection) -> Peer:
    return Peer(chain=tls.chain, refusal=tls.verdict, connection_id=tls.id)


def _asgi_extension(tls: TlsConnection) -> dict[str, Any]:
    return {
        "server_cert": tls.profile.certificate_pem,
        "client_cert_chain": [certificate.public_bytes(Encoding.PEM).decode() for certificate in tls.chain],
        "client_cert_name": tls.subject,
        "client_cert_error": str(tls.verdict) if tls.verdict else None,
        "tls_version": tls.version,
        "cipher_suite": _cipher_suites().get(tls.cipher or ""),
    }


@cache
def _cipher_suites() -> dict[str, int]:
    """IANA's numbers by OpenSSL's names: pyOpenSSL has but the names, the standard library both."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    return {str(suite["name"]): int(suite["id"]) & 0xFFFF for suite in context.get_ciphers()}
