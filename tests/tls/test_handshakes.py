"""Handshakes on loopback with the clients that people use: who is let in, who is refused, what each side is told."""

import http.client
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from mockpsc.tls import TlsProfile, TlsVersion

ALERTS = {
    42: "BAD_CERTIFICATE",
    43: "UNSUPPORTED_CERTIFICATE",
    45: "CERTIFICATE_EXPIRED",
    46: "CERTIFICATE_UNKNOWN",
    48: "UNKNOWN_CA",
    51: "DECRYPT_ERROR",
    80: "INTERNAL_ERROR",
}


def test_a_good_certificate_reaches_the_application(
    server: Any, client: Any, good: Any, site: Any, intermediate: Any, version: ssl.TLSVersion
) -> None:
    seen = client.post(server, client.context(good, version=version))

    assert seen.answer["scheme"] == "https"
    assert seen.answer["peer"] == "CN=Good client"
    assert seen.answer["chain"] == ["CN=Good client", "CN=Intermediate CA"]
    assert seen.answer["tls"] == {
        "server_cert": site.pem,
        "client_cert_chain": [good.pem, intermediate.pem],
        "client_cert_name": "CN=Good client",
        "client_cert_error": None,
        "tls_version": int(version),
        "cipher_suite": 0x1302 if version is ssl.TLSVersion.TLSv1_3 else 0xC02C,
    }


def test_an_accepted_handshake_is_in_the_journal(server: Any, client: Any, good: Any, version: ssl.TLSVersion) -> None:
    context = client.context(good, version=version)
    context.set_alpn_protocols(["h2", "http/1.1"])
    handshake = server.journal.of(client.post(server, context).port)

    assert (handshake.outcome, handshake.reason, handshake.sentence) == ("accepted", None, None)
    assert (handshake.listener, handshake.server_name) == ("auth", "localhost")
    assert (handshake.version, handshake.subject) == (int(version), "CN=Good client")
    assert (handshake.alpn, handshake.versions_offered) == (("h2", "http/1.1"), (int(version),))
    assert handshake.cipher in {"TLS_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"}
    assert 0 < handshake.duration < 10
    assert abs(handshake.time - server.clock.now()) < 60


def test_a_client_without_a_certificate_is_let_through(server: Any, client: Any, version: ssl.TLSVersion) -> None:
    seen = client.post(server, client.context(version=version))

    assert seen.answer["peer"] is None
    assert seen.answer["chain"] == []
    assert seen.answer["tls"]["client_cert_chain"] == []
    assert seen.answer["tls"]["client_cert_name"] is None
    assert server.journal.of(seen.port).subject is None


def test_a_client_is_not_asked_for_a_certificate_by_a_profile_that_does_not(
    start: Callable[..., Any], client: Any, good: Any, expired: Any, make_profile: Callable[..., TlsProfile]
) -> None:
    profile = make_profile(client_auth="none")
    server = start(lambda _: profile)
    for party in (good, expired):
        assert client.post(server, client.context(party)).answer["peer"] is None


@pytest.fixture
def bad(make: Any, client_ca: Any, intermediate: Any, expired: Any) -> Callable[[str], Any]:
    """Certificates that are refused, by what is wrong with them."""

    def tampered() -> Any:
        party = make("Genuine", client_ca)
        return make.keep(party.certificate.public_bytes(Encoding.DER).replace(b"Genuine", b"Altered"), party.key)

    def constrained() -> Any:
        names = x509.NameConstraints(permitted_subtrees=[x509.DNSName("test")], excluded_subtrees=None)
        above = make("Test CA", client_ca, is_ca=True, extensions=(x509.Extension(names.oid, True, names),))
        return make("Elsewhere", above, host="elsewhere.example")

    def unknown_extension() -> Any:
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
        return make("Extended", client_ca, extensions=(x509.Extension(unknown.oid, True, unknown),))

    def alone() -> Any:
        party = make("Alone", intermediate)
        return make.keep(party.certificate.public_bytes(Encoding.DER), party.key)

    recipes: dict[str, Callable[[], Any]] = {
        "expired": lambda: expired,
        "ca_expired": lambda: make("Below", make("Expired CA", client_ca, is_ca=True, days=(-9, -1))),
        "not_yet_valid": lambda: make("Early", client_ca, days=(1, 30)),
        "unknown_ca": lambda: make("Stranger", make("Unknown CA", is_ca=True)),
        "unknown_ca_sent": lambda: make("Stranger", make("Sub CA", make("Unknown CA", is_ca=True), is_ca=True)),
        "impostor_ca": lambda: make("Stale", make("Client CA", is_ca=True)),
        "incomplete_chain": alone,
        "self_signed": lambda: make("Self"),
        "wrong_usage": lambda: make("Server", client_ca, usage=ExtendedKeyUsageOID.SERVER_AUTH),
        "weak_key": lambda: make("Weak", client_ca, key=rsa.generate_private_key(65537, 1024)),
        "not_a_ca": lambda: make("Child", make("Parent", client_ca)),
        "path_too_long": lambda: make("Deep", make("Deep CA", intermediate, is_ca=True)),
        "name_constraint": constrained,
        "unknown_critical_extension": unknown_extension,
        "bad_signature": tampered,
    }
    return lambda flaw: recipes[flaw]()


@pytest.mark.parametrize(
    ("flaw", "reason", "alert"),
    [
        ("expired", "expired", 45),
        ("ca_expired", "expired_issuer", 45),
        ("not_yet_valid", "not_yet_valid", 42),
        ("unknown_ca", "unknown_ca", 48),
        ("unknown_ca_sent", "unknown_ca", 48),
        ("impostor_ca", "impostor_ca", 48),
        ("incomplete_chain", "incomplete_chain", 48),
        ("self_signed", "self_signed", 48),
        ("wrong_usage", "wrong_usage", 43),
        ("weak_key", "weak_key", 42),
        ("not_a_ca", "not_a_ca", 48),
        ("path_too_long", "path_too_long", 48),
        ("name_constraint", "name_constraint", 46),
        ("unknown_critical_extension", "unknown_critical_extension", 46),
        ("bad_signature", "bad_signature", 51),
    ],
)
def test_a_bad_certificate_is_refused_with_the_right_alert_and_reason(
    server: Any, client: Any, bad: Callable[[str], Any], version: ssl.TLSVersion, flaw: str, reason: str, alert: int
) -> None:
    party = bad(flaw)
    seen = client.post(server, client.context(party, version=version, seclevel=0))
    assert seen.reason.endswith(f"ALERT_{ALERTS[alert]}"), seen

    handshake = server.journal.of(seen.port)
    assert (handshake.outcome, handshake.reason) == ("refused", reason)
    assert handshake.subject == party.subject
    assert (handshake.alerts_sent, handshake.alerts_received) == ((alert,), ())
    assert handshake.version == int(version)
    assert handshake.sentence.endswith(".")
    assert reason in handshake.line
    assert party.subject in handshake.line


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"\x0c\x03Odd", b"\x13\x03O*d"), (bytes.fromhex("0101ff"), bytes.fromhex("010100"))],
    ids=["a PrintableString that is none", "an extension that is not DER"],
)
def test_a_certificate_that_only_openssl_can_read_is_refused(
    server: Any, client: Any, make: Any, client_ca: Any, tmp_path: Any, old: bytes, new: bytes
) -> None:
    party = make("Odd", client_ca)
    body = party.certificate.tbs_certificate_bytes.replace(old, new)
    signature = client_ca.key.sign(body, ec.ECDSA(hashes.SHA256()))
    der = _der(0x30, body, bytes.fromhex("300a06082a8648ce3d040302"), _der(0x03, b"\0", signature))
    file = tmp_path / "odd.pem"
    file.write_text(ssl.DER_cert_to_PEM_cert(der))
    context = client.context()
    context.load_cert_chain(file, party.file)

    seen = client.post(server, context)
    assert seen.reason.endswith("ALERT_BAD_CERTIFICATE")
    handshake = server.journal.of(seen.port)
    assert (handshake.outcome, handshake.reason, handshake.subject) == ("refused", "malformed", "(malformed)")


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    length = len(content).to_bytes(2)
    return bytes([tag, 0x82]) + length + content if len(content) > 255 else bytes([tag, 0x81]) + length[1:] + content


def test_the_journal_names_what_was_received_and_what_was_expected(server: Any, client: Any, make: Any) -> None:
    stranger = make("Stranger", make("Unknown CA", is_ca=True))
    handshake = server.journal.of(client.post(server, client.context(stranger)).port)
    assert (
        "was issued by CN=Unknown CA, which is not trusted. The chain had to lead to CN=Client CA. Use"
        in handshake.sentence
    )


def test_control_characters_in_a_subject_do_not_break_the_log_line(
    server: Any, client: Any, make: Any, client_ca: Any
) -> None:
    party = make("Evil\n2026-01-01 INFO all is well\x1b[2K", client_ca, days=(-2, -1))
    handshake = server.journal.of(client.post(server, client.context(party)).port)
    assert handshake.subject == party.subject
    assert handshake.line.isprintable()
    assert r"CN=Evil\n2026-01-01 INFO all is well\x1b[2K" in handshake.line


def test_a_client_that_does_not_trust_us_is_told_apart(
    server: Any, client: Any, client_ca: Any, version: ssl.TLSVersion
) -> None:
    seen = client.post(server, client.context(version=version, trusting=client_ca))
    assert isinstance(seen.error, ssl.SSLCertVerificationError)

    handshake = server.journal.of(seen.port)
    assert (handshake.outcome, handshake.reason) == ("rejected", "unknown_ca")
    assert (handshake.alerts_sent, handshake.alerts_received) == ((), (48,))
    assert "does not trust the mock's CA: give it ca.pem" in handshake.sentence


def test_a_client_that_asked_for_another_name_is_told_apart(server: Any, client: Any) -> None:
    seen = client.post(server, client.context(), name="elsewhere.test")
    handshake = server.journal.of(seen.port)
    assert (handshake.outcome, handshake.reason, handshake.server_name) == (
        "rejected",
        "bad_certificate",
        "elsewhere.test",
    )
    assert "a name that the certificate has" in handshake.sentence


def test_a_version_that_is_not_spoken_is_refused(
    start: Callable[..., Any], client: Any, make_profile: Callable[..., TlsProfile]
) -> None:
    profile = make_profile(versions=(TlsVersion.TLS1_3, TlsVersion.TLS1_3))
    server = start(lambda _: profile)
    seen = client.post(server, client.context(version=ssl.TLSVersion.TLSv1_2))
    assert seen.reason.endswith("ALERT_PROTOCOL_VERSION")

    handshake = server.journal.of(seen.port)
    assert (handshake.outcome, handshake.reason, handshake.version) == ("refused", "protocol_version", None)
    assert "offered TLS 1.2; expected: TLS 1.3." in handshake.sentence
    assert handshake.alerts_sent == (70,)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("flag", ["-tls1", "-tls1_1"])
def test_an_old_version_is_spoken_by_a_profile_that_says_so(
    start: Callable[..., Any], make_profile: Callable[..., TlsProfile], flag: str
) -> None:
    profile = make_profile(versions=(TlsVersion.TLS1_0, TlsVersion.TLS1_1))
    server = start(lambda _: profile)
    _s_client(server, flag, "-cipher", "DEFAULT:@SECLEVEL=0")
    (handshake,) = server.journal.wait_for(1)
    assert handshake.outcome == "accepted"
    assert str(TlsVersion(handshake.version)) == {"-tls1": "TLS 1.0", "-tls1_1": "TLS 1.1"}[flag]


def test_a_cipher_suite_that_is_not_spoken_is_refused(server: Any, client: Any) -> None:
    context = client.context(version=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("AES128-SHA256")
    seen = client.post(server, context)
    handshake = server.journal.of(seen.port)
    assert (handshake.outcome, handshake.reason) == ("refused", "handshake_failure")
    assert "no shared cipher" in handshake.sentence


def test_the_server_name_chooses_the_profile(
    start: Callable[..., Any],
    client: Any,
    make: Any,
    good: Any,
    site_ca: Any,
    make_profile: Callable[..., TlsProfile],
) -> None:
    wallet = make("Wallet", site_ca, usage=ExtendedKeyUsageOID.SERVER_AUTH, host="wallet.test")
    anonymous = make_profile(certificate=wallet.certificate, key=wallet.key, client_auth="none")
    requested = make_profile()
    server = start(lambda hello: anonymous if hello.server_name == "wallet.test" else requested)

    seen = client.post(server, client.context(good), name="Wallet.TEST")
    assert (seen.answer["tls"]["server_cert"], seen.answer["peer"]) == (wallet.pem, None)
    assert client.post(server, client.context(good)).answer["peer"] == "CN=Good client"


def test_the_clock_of_the_mock_decides_what_has_expired(
    start: Callable[..., Any], client: Any, make: Any, make_profile: Callable[..., TlsProfile]
) -> None:
    client_ca = make("Long-lived CA", is_ca=True, days=(-1, 9999))
    party = make("Client", client_ca, days=(10, 20))
    profile = make_profile(anchors=(client_ca.certificate,))
    server = start(lambda _: profile)
    context = client.context(party)

    def reason_at(day: int) -> str | None:
        server.clock.advance(day * 86400)
        handshake = server.journal.of(client.post(server, context).port)
        server.clock.advance(-day * 86400)
        reason: str | None = handshake.reason
        return reason

    assert [reason_at(day) for day in (0, 15, 25, 15, 0)] == ["not_yet_valid", None, "expired", None, "not_yet_valid"]


def test_no_session_is_resumed(server: Any, client: Any, good: Any, version: ssl.TLSVersion) -> None:
    context = client.context(good, version=version)
    with client.connect(server, context) as first:
        first.sendall(b"GET /bytes/1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        first.recv(1000)  # with TLS 1.3, what follows the handshake has come when this has
        session = first.session
    raw = socket.create_connection(("127.0.0.1", server.port))
    with context.wrap_socket(raw, server_hostname="localhost", session=session) as second:
        assert not second.session_reused
        second.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with http.client.HTTPResponse(second) as response:
            response.begin()
            assert b"CN=Good client" in response.read()


def test_http_1_1_is_chosen_when_the_client_offers_alpn(server: Any, client: Any) -> None:
    for offer, chosen in ((["h2", "http/1.1"], "http/1.1"), (["h2"], None)):
        context = client.context()
        context.set_alpn_protocols(offer)
        with client.connect(server, context) as secured:
            assert secured.selected_alpn_protocol() == chosen


def test_an_intermediate_can_be_the_anchor(
    start: Callable[..., Any], client: Any, bad: Callable[[str], Any], intermediate: Any, make_profile: Any
) -> None:
    profile = make_profile(anchors=(intermediate.certificate,))
    server = start(lambda _: profile)
    assert client.post(server, client.context(bad("incomplete_chain"))).answer["peer"] == "CN=Alone"


def test_httpx_gets_through_with_two_requests_on_one_connection(server: Any, client: Any, good: Any) -> None:
    with httpx.Client(verify=client.context(good)) as session:
        answers = [session.post(f"https://localhost:{server.port}/", content=b"hello").json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert (answers[0]["peer"], answers[0]["length"]) == ("CN=Good client", 5)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_gets_through_and_is_told_when_it_does_not(
    server: Any, good: Any, expired: Any, site_ca: Any, version: ssl.TLSVersion
) -> None:
    def curl(party: Any) -> subprocess.CompletedProcess[str]:
        option = {"TLSv1_2": ["--tls-max", "1.2"], "TLSv1_3": ["--tlsv1.3"]}[version.name]
        url = f"https://localhost:{server.port}/"
        command = ["curl", "-sS", "-4", *option, "--cacert", site_ca.file, "--cert", party.file, url]
        return subprocess.run(command, capture_output=True, text=True, timeout=30)

    assert '"peer":"CN=Good client"' in curl(good).stdout
    refused = curl(expired)
    assert refused.returncode == {"TLSv1_2": 60, "TLSv1_3": 56}[version.name]
    assert refused.stderr


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_names_of_the_anchors_are_announced(server: Any, version: ssl.TLSVersion) -> None:
    printed = _s_client(server, {"TLSv1_2": "-tls1_2", "TLSv1_3": "-tls1_3"}[version.name])
    assert "Acceptable client certificate CA names\nCN = Client CA\n" in printed


def _s_client(server: Any, *options: str) -> str:
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", *options]
    return subprocess.run(command, input="", capture_output=True, text=True, timeout=30).stdout


@pytest.mark.parametrize("count", [40, pytest.param(300, marks=pytest.mark.slow)])
def test_every_client_that_is_refused_sees_the_alert_whatever_it_still_sends(
    start: Callable[..., Any], client: Any, expired: Any, make_profile: Callable[..., TlsProfile], count: int
) -> None:
    profile = make_profile()
    server = start(lambda _: profile)
    context = client.context(expired, version=ssl.TLSVersion.TLSv1_3)
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda _: client.post(server, context, bytes(200_000)), range(count)))
    assert {each.reason for each in seen} == {"SSLV3_ALERT_CERTIFICATE_EXPIRED"}
    handshakes = server.journal.wait_for(count)
    assert len(handshakes) == count
    assert {handshake.reason for handshake in handshakes} == {"expired"}
