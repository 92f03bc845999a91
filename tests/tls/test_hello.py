"""ClientHellos as libraries write them, and as they should not be."""

import ssl
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockpsc.tls import ClientHello, NotTls, TlsVersion, parse_client_hello


def _hello(
    *, name: str | None = "localhost", alpn: tuple[str, ...] = (), highest: ssl.TLSVersion | None = None
) -> bytes:
    """What OpenSSL says first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = name is not None
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if highest:
        context.maximum_version = highest
    outgoing = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name).do_handshake()
    return outgoing.read()


HELLO = _hello(alpn=("h2", "http/1.1"))
MESSAGE = HELLO[5:]


def _records(message: bytes, size: int) -> bytes:
    pieces = [message[at : at + size] for at in range(0, len(message), size)]
    return b"".join(b"\x16\x03\x01" + struct.pack(">H", len(piece)) + piece for piece in pieces)


def _message(extensions: bytes) -> bytes:
    """A ClientHello of one cipher suite and these extensions, with their length."""
    body = b"\x03\x03" + bytes(32) + b"\0" + b"\0\x02\x13\x01" + b"\x01\0" + extensions
    return b"\x01" + struct.pack(">I", len(body))[1:] + body


def _extension(kind: int, contents: bytes) -> bytes:
    extension = struct.pack(">HH", kind, len(contents)) + contents
    return struct.pack(">H", len(extension)) + extension


def test_a_clients_offer_is_read() -> None:
    hello = parse_client_hello(HELLO)
    assert hello is not None
    assert hello.server_name == "localhost"
    assert hello.alpn == ("h2", "http/1.1")
    assert hello.versions == (TlsVersion.TLS1_3, TlsVersion.TLS1_2)
    assert hello.cipher_suites[:2] == (0x1302, 0x1303)


def test_a_client_may_name_nothing_and_offer_an_old_version() -> None:
    hello = parse_client_hello(_hello(name=None, highest=ssl.TLSVersion.TLSv1_2))
    assert hello is not None
    assert (hello.server_name, hello.alpn, hello.versions) == (None, (), (TlsVersion.TLS1_2,))


def test_a_hello_may_end_without_extensions() -> None:
    assert parse_client_hello(_records(_message(b""), 100)) == ClientHello(
        server_name=None, alpn=(), versions=(0x0303,), cipher_suites=(0x1301,)
    )


def test_more_bytes_are_wanted_until_it_is_complete() -> None:
    assert [parse_client_hello(HELLO[:size]) for size in range(len(HELLO))] == [None] * len(HELLO)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 50, 16384])
def test_it_may_be_spread_over_records(size: int) -> None:
    data = _records(MESSAGE, size)
    assert parse_client_hello(data) == parse_client_hello(HELLO)
    assert parse_client_hello(data[:-1]) is None


def test_what_follows_it_is_left_alone() -> None:
    assert parse_client_hello(HELLO + b"\x17\x03\x03" + bytes(100_000)) == parse_client_hello(HELLO)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "PATCH", "PRI"])
def test_plain_http_is_told_from_garbage(method: str) -> None:
    request = f"{method} / HTTP/1.1\r\n".encode()
    with pytest.raises(NotTls, match="plain HTTP was sent to an HTTPS port: use https://") as error:
        parse_client_hello(request)
    assert error.value.plain_http
    assert parse_client_hello(request[:2]) is None  # so that a request that comes in pieces is told too


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"\x80\x2e\x01\x03\x01", "the bytes 80 2e 01 03 01 were received"),  # SSL 2.0
        (b"\x15\x03\x01\x00\x02\x02\x28", "the bytes 15 03 01 00 02 were received"),  # an alert
        (b"\x16\x02", "the bytes 16 02 were received"),
        (b"GETTING", "a TLS handshake record was expected"),
        (b"\x16\x03\x01\x00\x00", "an empty TLS handshake record"),
        (b"\x16\x03\x01\x00\x01\x02", "the TLS handshake message 2 was received"),
        (b"\x16\x03\x01\x00\x04\x01\x01\x00\x00", "of 65540 bytes was announced: 65536 at most"),
        (_records(b"\x01\x00\x00\x05\x03\x03abc", 99), "a malformed ClientHello was received"),
        (_records(_message(b"\x00\x09"), 999), "a malformed ClientHello was received"),
        (_records(_message(_extension(0, b"\x00\x09\x00")), 999), "a malformed ClientHello was received"),
        (_records(_message(_extension(43, b"\x03\x03\x04\x03")), 999), "has the odd length 3"),
    ],
)
def test_what_is_no_hello_is_told(data: bytes, sentence: str) -> None:
    with pytest.raises(NotTls, match=sentence) as error:
        parse_client_hello(data)
    assert not error.value.plain_http


def test_only_so_much_is_read() -> None:
    beginning = b"\x01\x00\xff\xfc"
    assert parse_client_hello(_records(beginning + bytes(60_000), 16384)) is None
    with pytest.raises(NotTls, match="not complete: 65536 at most were expected"):
        parse_client_hello(_records(beginning + bytes(65_000), 100))


def test_a_name_that_is_not_ascii_is_escaped_and_of_an_unknown_type_left_out() -> None:
    def name_in(names: bytes) -> str | None:
        hello = parse_client_hello(_records(_message(_extension(0, struct.pack(">H", len(names)) + names)), 999))
        assert hello is not None
        return hello.server_name

    assert name_in(b"\x00\x00\x04A\xe9.b") == r"a\xe9.b"
    assert name_in(b"\x07\x00\x01x" + b"\x00\x00\x01y") == "y"
    assert name_in(b"\x07\x00\x01x") is None


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_a_hello_or_wanted_or_refused(data: bytes) -> None:
    _parse_or_refuse(data)
    _parse_or_refuse(b"\x16\x03\x01" + struct.pack(">H", len(data)) + data)
    _parse_or_refuse(_records(b"\x01" + struct.pack(">I", len(data))[1:] + data, 100))


@given(st.lists(st.tuples(st.integers(0, len(HELLO) - 1), st.integers(0, 255)), max_size=8), st.integers(0, len(HELLO)))
def test_mutated_hellos_are_a_hello_or_wanted_or_refused(changes: list[tuple[int, int]], size: int) -> None:
    data = bytearray(HELLO)
    for place, value in changes:
        data[place] = value
    _parse_or_refuse(bytes(data))
    _parse_or_refuse(bytes(data[:size]))


def _parse_or_refuse(data: bytes) -> None:
    with suppress(NotTls):
        hello = parse_client_hello(data)
        assert hello is None or isinstance(hello, ClientHello)
