"""The client certificate as a TLS-terminating proxy hands it on, in the four ways that are common.

* `Client-Cert` and `Client-Cert-Chain`: RFC 9440.
* `ssl-client-cert`: nginx's `$ssl_client_escaped_cert`, PEM in URL encoding.
* `X-Forwarded-Client-Cert`: Envoy's, elements `Cert="…"` and `Chain="…"`, PEM in URL encoding.
* `X-Forwarded-Tls-Client-Cert`: Traefik's, base64 DER without the lines of PEM, in URL encoding, separated by commas.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from cryptography import x509

from mockpsc.errors import InvalidRequest
from mockpsc.pki import UNREADABLE

Chain = tuple[x509.Certificate, ...]

_BYTES = re.compile(r"\s*:([A-Za-z0-9+/=]*):\s*")
_QUOTED = r'"(?:\\.|[^"\\])*"'
_ENVOY_ELEMENT = re.compile(rf'(?:{_QUOTED}|[^,"])+')
_ENVOY_PAIR = re.compile(rf'([A-Za-z]+)=({_QUOTED}|[^;"]*)')


def _rfc9440(value: str, headers: Mapping[str, str]) -> Chain:
    chain = headers.get("client-cert-chain", "")
    items = [value, *(chain.split(",") if chain.strip() else [])]
    return tuple(_der(_structured_bytes(item)) for item in items)


def _structured_bytes(item: str) -> bytes:
    """A Byte Sequence (RFC 8941 §3.3.5)."""
    match = _BYTES.fullmatch(item)
    if match is None:
        raise ValueError("expected base64 between colons")
    return b64decode(match[1], validate=True)


def _nginx(value: str, headers: Mapping[str, str]) -> Chain:
    return _pem(unquote(value))


def _envoy(value: str, headers: Mapping[str, str]) -> Chain:
    """Each proxy adds an element at the end; the last one is of the client that it saw itself."""
    element = (_ENVOY_ELEMENT.findall(value) or [""])[-1]
    fields = {name.lower(): unquote(text.strip('"')) for name, text in _ENVOY_PAIR.findall(element)}
    if "chain" in fields:
        return _pem(fields["chain"])
    if "cert" not in fields:
        raise ValueError('expected Cert="…"')
    return _pem(fields["cert"])


def _traefik(value: str, headers: Mapping[str, str]) -> Chain:
    return tuple(_der(b64decode(unquote(item), validate=True)) for item in value.split(","))


_READERS: Mapping[str, Callable[[str, Mapping[str, str]], Chain]] = {
    "client-cert": _rfc9440,
    "ssl-client-cert": _nginx,
    "x-forwarded-client-cert": _envoy,
    "x-forwarded-tls-client-cert": _traefik,
}

HEADERS = frozenset({*_READERS, "client-cert-chain", "ssl-client-verify"})


def forwarded_chain(headers: Mapping[str, str]) -> Chain:
    """The chain in the headers (names in lower case), the client's own certificate first; empty when there is none.

    Raises InvalidRequest for a header that cannot be read, and for two that speak of one thing.
    """
    present = [name for name in _READERS if headers.get(name, "").strip()]
    if not present:
        return ()
    if len(present) > 1:
        raise InvalidRequest("Client certificate in several headers", hint=f"{' and '.join(present)} came: send one.")
    name = present[0]
    try:
        return _READERS[name](headers[name], headers)
    except UNREADABLE as error:
        hint = f"The header {name} of the proxy cannot be read: {error}."
        raise InvalidRequest("Client certificate header not readable", hint=hint) from None


def _pem(text: str) -> Chain:
    return tuple(x509.load_pem_x509_certificates(text.encode()))


def _der(data: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(data)
