"""What no client may do to the server, whatever it sends: crash it, hold on to it, fill its memory, miss its alert."""

import gc
import logging
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mockpsc.errors import ConfigurationError
from mockpsc.judgement import Registration, Trust, judge_chain, judge_registration, reasons
from mockpsc.pki import load_certificates, show_dn
from mockpsc.tls import TlsProfile, examine
from mockpsc.tls.verify import certificates_of


class MemoryClient:
    """A TLS client whose bytes the test carries itself."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost")

    def flight(self, received: bytes = b"") -> bytes:
        """What the client answers to what it has received."""
        self._incoming.write(received)
        with suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()
        return self._outgoing.read()

    def answer(self, raw: socket.socket) -> bytes:
        """What the client answers to the server's flight, however many pieces that comes in."""
        answer = b""
        while not answer and (received := raw.recv(65536)):
            answer = self.flight(received)
        return answer


def _connect(server: Any) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


def _read_all(raw: socket.socket) -> bytes:
    """What is received until the server closes, orderly or by a reset."""
    received = b""
    with suppress(ConnectionResetError):
        while piece := raw.recv(65536):
            received += piece
    return received


# Every alert arrives.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("presented", "alert"),
    [
        ("stranger", "UNKNOWN_CA"),
        ("nothing", "CERTIFICATE_REQUIRED"),
    ],
)
def test_of_300_refusals_with_a_large_request_behind_them_every_one_is_seen(
    start: Callable[..., Any],
    client: Any,
    make: Any,
    make_profile: Callable[..., TlsProfile],
    presented: str,
    alert: str,
) -> None:
    profile = make_profile(client_auth="require")
    server = start(lambda _: profile)
    party = {"stranger": make("Stranger", make("Unknown CA", is_ca=True)), "nothing": None}
    context = client.context(party[presented], version=ssl.TLSVersion.TLSv1_3)
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda _: client.post(server, context, bytes(200_000)), range(300)))
    assert {each.reason.partition("_ALERT_")[2] for each in seen} == {alert}
    assert {handshake.outcome for handshake in server.journal.wait_for(300)} == {"refused"}


# Nothing is held on to.

_STATM = Path("/proc/self/statm")


def _resident() -> int:
    """Bytes of this process that are in memory."""
    gc.collect()
    return int(_STATM.read_text().split()[1]) * 4096


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not _STATM.exists(), reason="this system does not say how much memory a process has")
def test_ten_thousand_handshakes_half_of_them_failing_leave_memory_as_it_was(
    start: Callable[..., Any],
    client: Any,
    good: Any,
    expired: Any,
    client_ca: Any,
    make_profile: Callable[..., TlsProfile],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The journal is full, and the caches are warm, after 2,000. The other 8,000 add 2 MB, which are the allocator's
    fragments; to keep one connection's OpenSSL objects in twenty (70 kB each) adds 24. The bound is between the two, at
    1.5 kB a handshake. Server and clients are in the one process that is looked at."""
    caplog.set_level(logging.CRITICAL, "mockpsc.tls")  # what is logged is kept for pytest's report
    profile = make_profile()
    server = start(lambda _: profile)
    clients = [
        _posting(server, client, client.context(good)),
        _posting(server, client, client.context(expired)),
        _posting(server, client, client.context(good, version=ssl.TLSVersion.TLSv1_2)),
        _posting(server, client, client.context(good, trusting=client_ca)),
        _without_close_notify(server, client.context(good)),
        _sending(server, b"\x00 no TLS"),
        _posting(server, client, client.context()),
        _sending(server, MemoryClient(client.context()).flight()[:200]),
    ]
    for call in clients * 250:
        call()
    before = _resident()
    for call in clients * 1000:
        call()
    grown = _resident() - before
    assert grown < 12_000_000
    outcomes = [handshake.outcome for handshake in server.journal.handshakes()]
    assert 0.45 < outcomes.count("accepted") / len(outcomes) < 0.55
    assert server.loop_errors == []


def _posting(server: Any, client: Any, context: ssl.SSLContext) -> Callable[[], object]:
    return lambda: client.post(server, context)


def _without_close_notify(server: Any, context: ssl.SSLContext) -> Callable[[], object]:
    def call() -> None:
        with _connect(server) as raw:
            memory = MemoryClient(context)
            raw.sendall(memory.flight())
            raw.sendall(memory.answer(raw))

    return call


def _sending(server: Any, data: bytes) -> Callable[[], object]:
    def call() -> None:
        with _connect(server) as raw:
            raw.sendall(data)
            raw.shutdown(socket.SHUT_WR)
            _read_all(raw)

    return call


def test_a_client_that_sends_its_hello_ever_so_slowly_is_given_up_in_time(
    start: Callable[..., Any], client: Any, good: Any, make_profile: Callable[..., TlsProfile]
) -> None:
    """The limit is on the whole handshake: a byte now and then does not put it off."""
    profile = make_profile()
    server = start(lambda _: profile, handshake_timeout=0.3)
    with _connect(server) as raw:
        raw.settimeout(0.01)
        sent = _trickle(raw, MemoryClient(client.context()).flight())
        handshake = server.journal.of(raw.getsockname()[1])
    assert 1 < sent < 200
    assert (handshake.outcome, handshake.reason) == ("abandoned", "timeout")
    assert 0.3 <= handshake.duration < 5
    assert client.post(server, client.context(good)).answer["peer"] == "CN=Good client"
    assert not [each for each in server.server.server_state.connections if type(each).__name__ == "TlsProtocol"]


def _trickle(raw: socket.socket, data: bytes) -> int:
    """Send byte by byte, as slowly as the socket's own timeout, until the server closes: how many there were."""
    for sent in range(len(data)):
        try:
            raw.sendall(data[sent : sent + 1])
            assert raw.recv(1) == b""
        except TimeoutError:
            continue
        except OSError:
            return sent
        return sent + 1
    return len(data)


def test_many_stalled_handshakes_keep_nobody_else_waiting_and_all_end(
    start: Callable[..., Any], client: Any, good: Any, make_profile: Callable[..., TlsProfile]
) -> None:
    profile = make_profile()
    server = start(lambda _: profile, handshake_timeout=0.5)
    stalled = [_connect(server) for _ in range(50)]
    for raw in stalled:
        raw.sendall(MemoryClient(client.context()).flight())
    assert client.post(server, client.context(good)).answer["peer"] == "CN=Good client"
    for raw in stalled:
        _read_all(raw)
        raw.close()
    reasons_found = [handshake.reason for handshake in server.journal.wait_for(51)]
    assert sorted(map(str, reasons_found)) == ["None", *["timeout"] * 50]


# Whatever is sent.


class _Errors(logging.Handler):
    """Keeps what is logged as an error: exceptions of our own in OpenSSL's callbacks, and the event loop's."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(self.format(record))


@pytest.fixture
def sturdy(server: Any, client: Any, good: Any) -> Iterator[Any]:
    """A server that must still answer after the test, and have nothing to complain of."""
    errors, log = _Errors(), logging.getLogger()
    log.addHandler(errors)
    known = len(server.loop_errors)
    yield server
    log.removeHandler(errors)
    assert client.post(server, client.context(good)).answer["peer"] == "CN=Good client"
    assert errors.messages == []
    assert server.loop_errors[known:] == []


@st.composite
def mutations(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Some of the bytes flipped, some left out, some put in, some said twice, the end cut off."""
    changes = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["flip", "drop", "insert", "repeat", "cut"]),
                st.integers(0, 9999),
                st.binary(min_size=1, max_size=8),
            ),
            min_size=1,
            max_size=4,
        )
    )
    return lambda data: _mutated(data, changes)


def _mutated(data: bytes, changes: Sequence[tuple[str, int, bytes]]) -> bytes:
    for kind, where, what in changes:
        at = where * len(data) // 10_000
        data = {
            "flip": data[:at] + bytes(a ^ b for a, b in zip(data[at:], what, strict=False)) + data[at + len(what) :],
            "drop": data[:at] + data[at + len(what) :],
            "insert": data[:at] + what + data[at:],
            "repeat": data[: at + 64] + data[at:],
            "cut": data[: at + 1],
        }[kind]
    return data


# Not random as long as there are defects that some mutations find: those have tests of their own, below.
real_handshakes = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@real_handshakes
@given(mutate=mutations(), version=st.sampled_from([ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]))
def test_a_hello_that_was_tampered_with_harms_nobody(
    sturdy: Any, client: Any, good: Any, mutate: Callable[[bytes], bytes], version: ssl.TLSVersion
) -> None:
    with _connect(sturdy) as raw:
        raw.sendall(mutate(MemoryClient(client.context(good, version=version)).flight()))
        raw.shutdown(socket.SHUT_WR)
        _read_all(raw)


@real_handshakes
@given(mutate=mutations(), version=st.sampled_from([ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]))
def test_a_second_flight_that_was_tampered_with_harms_nobody(
    sturdy: Any, client: Any, good: Any, mutate: Callable[[bytes], bytes], version: ssl.TLSVersion
) -> None:
    _send_second_flight(sturdy, client.context(good, version=version), mutate)


def _send_second_flight(server: Any, context: ssl.SSLContext, mutate: Callable[[bytes], bytes]) -> int:
    """The client's certificate and all that follows it, which TLS 1.2 does not encrypt: from which port it came."""
    with _connect(server) as raw:
        memory = MemoryClient(context)
        raw.sendall(memory.flight())
        with suppress(ConnectionResetError, BrokenPipeError):
            raw.sendall(mutate(memory.answer(raw)))
            raw.shutdown(socket.SHUT_WR)
        port: int = raw.getsockname()[1]
        _read_all(raw)
    return port


@given(message=st.binary(max_size=2000), with_context=st.booleans())
@example(message=b"", with_context=True)
@example(message=b"\x0b\xff\xff\xff\xff", with_context=True)
def test_certificates_are_found_in_any_bytes_or_none_are(message: bytes, with_context: bool) -> None:
    found = certificates_of(message, with_context=with_context)
    assert sum(map(len, found)) <= len(message)


@given(
    certificates=st.lists(st.binary(min_size=1, max_size=300), max_size=5),
    extensions=st.binary(max_size=20),
    context=st.binary(max_size=20),
)
def test_certificates_are_found_as_they_were_sent(certificates: list[bytes], extensions: bytes, context: bytes) -> None:
    assert certificates_of(_message(certificates), with_context=False) == certificates
    newer = _message(certificates, context=context, extensions=extensions)
    assert certificates_of(newer, with_context=True) == certificates


@given(certificate=st.binary(min_size=2, max_size=50), missing=st.integers(1, 49))
def test_a_certificate_that_is_cut_off_is_left_out(certificate: bytes, missing: int) -> None:
    cut = _message([b"first", certificate])[: -min(missing, len(certificate) - 1)]
    assert certificates_of(cut, with_context=False) == [b"first"]


def _message(certificates: list[bytes], *, context: bytes | None = None, extensions: bytes = b"") -> bytes:
    """A Certificate message of TLS 1.2 (RFC 5246 §7.4.2) or, with a context, of TLS 1.3 (RFC 8446 §4.4.2)."""
    after = b"" if context is None else len(extensions).to_bytes(2) + extensions
    listed = b"".join(len(each).to_bytes(3) + each + after for each in certificates)
    before = b"" if context is None else len(context).to_bytes(1) + context
    body = before + len(listed).to_bytes(3) + listed
    return b"\x0b" + len(body).to_bytes(3) + body


# Whatever a certificate is like.


@pytest.fixture(scope="session")
def registrations(good: Any) -> list[Registration]:
    return [
        Registration(common_name="Good client"),
        Registration(subject_dn=good.subject, issuer_dn=show_dn(good.certificate.issuer)),
        Registration(san_dns="client.test"),
        Registration(san_uri="urn:client", issuer_dn="CN=Nobody"),
        Registration(certificates=(good.certificate,)),
    ]


def _judge(certificate: x509.Certificate, profile: TlsProfile, registrations: list[Registration]) -> None:
    """What the server does with a certificate. It raises nothing, and its reasons are those that are documented."""
    now = datetime.now(UTC)
    errors = examine([certificate], profile, now=now.timestamp())
    verdicts = [judge_chain(errors, Trust(now=now, anchors=profile.anchors, known=profile.intermediates))]
    verdicts += [judge_registration(certificate, each, "client") for each in registrations]
    assert {each.reason for each in verdicts if each} <= set(reasons())


in_memory = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@in_memory
@given(mutate=mutations())
@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_a_certificate_in_der_that_was_tampered_with_is_judged_or_not_read(
    good: Any, make_profile: Any, registrations: list[Registration], mutate: Callable[[bytes], bytes]
) -> None:
    der = mutate(good.certificate.public_bytes(Encoding.DER))
    try:
        certificate = x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion):
        return
    _judge(certificate, make_profile(), registrations)


@in_memory
@given(mutate=mutations())
@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_a_certificate_in_pem_that_was_tampered_with_is_judged_or_refused(
    good: Any, make_profile: Any, registrations: list[Registration], tmp_path: Path, mutate: Callable[[bytes], bytes]
) -> None:
    file = tmp_path / "certificate.pem"
    file.write_bytes(mutate(good.pem.encode()))
    try:
        certificate, *_ = load_certificates(file)
    except ConfigurationError:
        return
    _judge(certificate, make_profile(), registrations)


def _with_a_bit_flipped(der: bytes) -> Iterator[x509.Certificate]:
    """What can still be read of a certificate after one bit of one of its bytes was changed."""
    for at in range(len(der)):
        with suppress(ValueError, x509.InvalidVersion):
            yield x509.load_der_x509_certificate(der[:at] + bytes([der[at] ^ 1]) + der[at + 1 :])


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_whichever_byte_of_a_certificate_is_altered_its_chain_is_judged(good: Any, make_profile: Any) -> None:
    now, profile, raised = datetime.now(UTC), make_profile(), set()
    for certificate in _with_a_bit_flipped(good.certificate.public_bytes(Encoding.DER)):
        errors = examine([certificate], profile, now=now.timestamp())
        try:
            judge_chain(errors, Trust(now=now, anchors=profile.anchors))
        except Exception as error:
            raised.add(type(error))
    assert raised == set()


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_whichever_byte_of_a_certificate_is_altered_its_registration_is_judged(
    good: Any, registrations: list[Registration]
) -> None:
    raised = set()
    for certificate in _with_a_bit_flipped(good.certificate.public_bytes(Encoding.DER)):
        for registration in registrations:
            try:
                judge_registration(certificate, registration, "client")
            except Exception as error:
                raised.add(type(error))
    assert raised == set()


ODDITIES = {
    "a version that does not exist": (bytes.fromhex("a003020102"), bytes.fromhex("a003020106")),
    "an unknown signature algorithm": (bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06082a8648ce3d04037f")),
    "an unknown kind of key": (bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d027f")),
    "a curve that is not supported": (bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082a8648ce3d03017f")),
}


@pytest.mark.parametrize("oddity", ODDITIES)
@pytest.mark.parametrize("way", ["alert", "HTTP"])
def test_an_odd_certificate_is_refused_and_told(
    start: Callable[..., Any],
    client: Any,
    make: Any,
    client_ca: Any,
    make_profile: Any,
    oddity: str,
    way: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Refused in any case, since its signature is over other bytes, and those that follow it are, too."""
    profile = make_profile(enforce=lambda _: way == "alert")
    server = start(lambda _: profile)
    context = client.context(make("Odd", client_ca), version=ssl.TLSVersion.TLSv1_2)
    port = _send_second_flight(server, context, lambda flight: flight.replace(*ODDITIES[oddity]))
    assert server.loop_errors == []
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
    handshake = server.journal.of(port)
    assert (handshake.outcome, len(handshake.alerts_sent)) == ("refused", 1)
    assert handshake.verdict.reason in reasons()
