"""The ClientHello, read before OpenSSL sees it: whom the client asked for decides how it is answered (RFC 8446 §4.1.2).

OpenSSL's own callback for the server name comes too late to change the versions or whether a certificate is requested.
What is read here is what the choice and the journal need; everything else is left for OpenSSL to judge.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from mockpsc.errors import MockPscError

# RFC 8446 allows 16 MB. Post-quantum key shares make some 2 kB; OpenSSL itself stops at 128 kB.
_LARGEST = 64 * 1024

_HANDSHAKE, _CLIENT_HELLO = 22, 1
_SERVER_NAME, _ALPN, _SUPPORTED_VERSIONS = 0, 16, 43

_HTTP_METHODS = tuple(
    f"{method} ".encode()
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI")
)


class TlsVersion(IntEnum):
    """The versions of the protocol, as numbered on the wire. The first two are deprecated (RFC 8996)."""

    TLS1_0 = 0x0301
    TLS1_1 = 0x0302
    TLS1_2 = 0x0303
    TLS1_3 = 0x0304

    def __str__(self) -> str:
        return self.name.replace("TLS", "TLS ").replace("_", ".")


class NotTls(MockPscError):
    """What the client sent first cannot be a ClientHello. `plain_http` tells the commonest mistake from all others."""

    def __init__(self, message: str, *, plain_http: bool = False) -> None:
        super().__init__(message)
        self.plain_http = plain_http


@dataclass(frozen=True, kw_only=True)
class ClientHello:
    """What the client offered, in its order of preference. Numbers are IANA's; `server_name` is in lower case."""

    server_name: str | None
    alpn: tuple[str, ...]
    versions: tuple[int, ...]
    cipher_suites: tuple[int, ...]


def parse_client_hello(data: bytes) -> ClientHello | None:
    """What the first bytes of a connection ask for, or None as long as more bytes are needed. Raises NotTls."""
    if _may_be_http(data):
        return None
    message = bytearray()
    for fragment in _fragments(data):
        message += fragment
        size = _message_size(message)
        if size is not None and len(message) >= size:
            return _client_hello(_Reader(bytes(message[4:size])))
    if len(data) > _LARGEST:
        raise NotTls(
            f"{len(data)} bytes were sent and the ClientHello is not complete: {_LARGEST} at most were expected"
        )
    return None


def _may_be_http(data: bytes) -> bool:
    """Whether `data` is too short to tell. Raises NotTls if it is the beginning of a plain HTTP request."""
    if data.startswith(_HTTP_METHODS):
        raise NotTls("plain HTTP was sent to an HTTPS port: use https:// in the URL", plain_http=True)
    return any(method.startswith(data) for method in _HTTP_METHODS)


def _fragments(data: bytes) -> Iterator[bytes]:
    """The payloads of the complete handshake records (RFC 8446 §5.1): a message may be spread over several."""
    at = 0
    while header := data[at : at + 5]:
        if header[0] != _HANDSHAKE or header[1:2] not in (b"", b"\x03"):
            raise NotTls(f"a TLS handshake record was expected, and the bytes {header.hex(' ')} were received")
        size = int.from_bytes(header[3:])
        fragment = data[at + 5 : at + 5 + size]
        if len(header) < 5 or len(fragment) < size:
            return
        if not size:
            raise NotTls("an empty TLS handshake record was received, which RFC 8446 §5.1 forbids")
        yield fragment
        at += 5 + size


def _message_size(message: bytes | bytearray) -> int | None:
    """How long the handshake message is with its header of four bytes; None before that is complete."""
    if message[0] != _CLIENT_HELLO:
        raise NotTls(f"a ClientHello (1) was expected, and the TLS handshake message {message[0]} was received")
    if len(message) < 4:
        return None
    size = 4 + int.from_bytes(message[1:4])
    if size > _LARGEST:
        raise NotTls(f"a ClientHello of {size} bytes was announced: {_LARGEST} at most were expected")
    return size


class _Reader:
    """Takes a message apart from the front. Raises NotTls where it ends too early."""

    def __init__(self, data: bytes = b"") -> None:
        self._data, self._at = data, 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) < size:
            raise NotTls(f"a malformed ClientHello was received: a field ends {size - len(taken)} bytes too early")
        self._at += size
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def vector(self, size: int) -> bytes:
        """What follows its own length, which is written in `size` bytes."""
        return self.take(self.number(size))


def _numbers(data: bytes) -> tuple[int, ...]:
    """Numbers of two bytes each."""
    if len(data) % 2:
        raise NotTls(f"a malformed ClientHello was received: a list of numbers has the odd length {len(data)}")
    return struct.unpack(f">{len(data) // 2}H", data)


def _client_hello(body: _Reader) -> ClientHello:
    legacy_version = body.number(2)
    body.take(32)  # random
    body.vector(1)  # session id
    cipher_suites = _numbers(body.vector(2))
    body.vector(1)  # compression methods
    extensions = _extensions(body)
    return ClientHello(
        server_name=_server_name(extensions.get(_SERVER_NAME)),
        alpn=_protocols(extensions.get(_ALPN)),
        versions=_versions(extensions.get(_SUPPORTED_VERSIONS), legacy_version),
        cipher_suites=cipher_suites,
    )


def _extensions(body: _Reader) -> dict[int, bytes]:
    """Contents by type. A ClientHello may end where they would begin (RFC 5246 §7.4.1.2)."""
    found: dict[int, bytes] = {}
    block = _Reader(body.vector(2)) if body else body
    while block:
        kind, contents = block.number(2), block.vector(2)
        found.setdefault(kind, contents)
    return found


def _server_name(extension: bytes | None) -> str | None:
    """RFC 6066 §3: a list of names, of which only the type host_name (0) was ever defined."""
    names = _Reader() if extension is None else _Reader(_Reader(extension).vector(2))
    while names:
        kind, name = names.number(1), names.vector(2)
        if kind == 0:
            return _text(name).lower()
    return None


def _protocols(extension: bytes | None) -> tuple[str, ...]:
    """RFC 7301 §3.1."""
    names, found = _Reader() if extension is None else _Reader(_Reader(extension).vector(2)), []
    while names:
        found.append(_text(names.vector(1)))
    return tuple(found)


def _versions(extension: bytes | None, legacy_version: int) -> tuple[int, ...]:
    """RFC 8446 §4.2.1: without the extension, the old field holds the highest version that is offered."""
    return (legacy_version,) if extension is None else _numbers(_Reader(extension).vector(1))


def _text(data: bytes) -> str:
    return data.decode("ascii", "backslashreplace")
