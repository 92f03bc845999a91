"""What the mock would say of a chain that nobody presents: it is put before the same OpenSSL context, without its key.

A server judges a client's certificate when its Certificate message arrives, before the client proves that it has the
key. In TLS 1.2 that message is not encrypted, so we send it ourselves, in the place of a client.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from mockpsc.clock import Clock
from mockpsc.judgement import VerificationError
from mockpsc.pki import PrivateKey, new_key, sign, signing_spec
from mockpsc.tls.contexts import TlsProfile
from mockpsc.tls.hello import TlsVersion
from mockpsc.tls.verify import MALFORMED, Findings

_HANDSHAKE, _CERTIFICATE, _RECORD = 22, 11, 16 * 1024


def examine(chain: Sequence[x509.Certificate], profile: TlsProfile, *, now: float) -> list[VerificationError]:
    """What OpenSSL finds wrong with a client's chain (its own certificate first) under a profile, at a moment in
    seconds since the epoch."""
    findings = Findings()
    certificate, key = _stand_in()
    lenient = replace(
        profile,
        certificate=certificate,
        key=key,
        issuers=(),
        client_auth="request",
        enforce=lambda _: False,
        versions=(TlsVersion.TLS1_2,) * 2,
    )
    server = SSL.Connection(lenient.context(now), None)
    server.set_app_data(findings)
    server.set_accept_state()
    server.bio_write(_client_hello())
    with suppress(SSL.WantReadError):
        server.do_handshake()
    server.bio_write(_certificate_message(chain))
    try:
        server.do_handshake()
    except SSL.WantReadError:  # the client would go on, if there was one
        return findings.errors
    except SSL.Error:  # OpenSSL could not even read it
        return findings.errors or [VerificationError(code=MALFORMED, depth=0, certificate=None)]
    return findings.errors


@cache
def _stand_in() -> tuple[x509.Certificate, PrivateKey]:
    """A server's certificate for a handshake that nobody sees, and its key: the user's own may suit few ciphers."""
    key = new_key("ec")
    return sign(signing_spec(key.public_key(), common_name="stand-in"), key, clock=Clock()), key


def _client_hello() -> bytes:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(TlsVersion.TLS1_2)
    client = SSL.Connection(context, None)
    client.set_connect_state()
    with suppress(SSL.WantReadError):
        client.do_handshake()
    return client.bio_read(_RECORD)


def _certificate_message(chain: Sequence[x509.Certificate]) -> bytes:
    """The message of RFC 5246 §7.4.2, in records."""
    encoded = [certificate.public_bytes(Encoding.DER) for certificate in chain]
    listed = b"".join(len(der).to_bytes(3) + der for der in encoded)
    body = len(listed).to_bytes(3) + listed
    message = bytes([_CERTIFICATE]) + len(body).to_bytes(3) + body
    pieces = [message[start : start + _RECORD] for start in range(0, len(message), _RECORD)]
    return b"".join(bytes([_HANDSHAKE, 3, 3]) + len(piece).to_bytes(2) + piece for piece in pieces)
