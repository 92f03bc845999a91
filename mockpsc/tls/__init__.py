"""TLS in front of uvicorn, which says what became of every handshake. A connection passes through here in this order:

`hello` reads the ClientHello, and tells what is not TLS. By it the caller chooses a `TlsProfile`, which is in
`contexts`: how to speak TLS. `engine` is the protocol that does so and shakes hands; its tool is `connection`, TLS in
memory. `transport` is an open connection, between the socket and uvicorn's HTTP protocol, and `linger` the end of a
refused one, which makes sure that the alert arrives; `breaking` has the ends that a fault asks for. `verify` hears all
that OpenSSL finds wrong with a client's certificate, which `mockpsc.judgement` puts into words; `alerts` has the words
for the other failures. `serve` ties it to uvicorn, and tells the application about the client's certificate. `offline`
judges a chain without a client.
"""

from mockpsc.tls.contexts import TlsProfile
from mockpsc.tls.hello import ClientHello, NotTls, TlsVersion, parse_client_hello
from mockpsc.tls.offline import examine
from mockpsc.tls.serve import serve_tls

__all__ = [
    "ClientHello",
    "NotTls",
    "TlsProfile",
    "TlsVersion",
    "examine",
    "parse_client_hello",
    "serve_tls",
]
