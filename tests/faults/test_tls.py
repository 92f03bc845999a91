import re
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from observations import Case, Observations, Scene
from support import CALLBACK, RunningMock
from wire import (
    BOTH,
    TLS1_0,
    TLS1_1,
    TLS1_2,
    TLS1_3,
    Shown,
    ask,
    connect,
    converse,
    hello,
    is_half_a_flight,
    path_of,
    read_all,
    secured,
    shake_hands,
    trusting,
    witness,
)

from mockpsc.faults import find_fault
from mockpsc.judgement import reasons
from mockpsc.members import members_of

observes = Observations()

# What OpenSSL, and so Python, calls the alerts that it receives.
ALERTS = {
    40: "SSLV3_ALERT_HANDSHAKE_FAILURE",
    42: "SSLV3_ALERT_BAD_CERTIFICATE",
    43: "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
    44: "SSLV3_ALERT_CERTIFICATE_REVOKED",
    45: "SSLV3_ALERT_CERTIFICATE_EXPIRED",
    46: "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
    48: "TLSV1_ALERT_UNKNOWN_CA",
    49: "TLSV1_ALERT_ACCESS_DENIED",
    51: "TLSV1_ALERT_DECRYPT_ERROR",
    70: "TLSV1_ALERT_PROTOCOL_VERSION",
    80: "TLSV1_ALERT_INTERNAL_ERROR",
    86: "TLSV1_ALERT_INAPPROPRIATE_FALLBACK",
    112: "TLSV1_UNRECOGNIZED_NAME",
    116: "TLSV13_ALERT_CERTIFICATE_REQUIRED",
}


def _refusing(running: RunningMock, context: ssl.SSLContext, **how: Any) -> int:
    """With which of OpenSSL's errors a client refuses the mock's certificate."""
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        shake_hands(running, context, **how)
    return caught.value.verify_code


def _refused_by_both_versions(scene: Scene, code: int, **how: Any) -> None:
    assert {_refusing(scene.running, trusting(scene.running, version), **how) for version in BOTH} == {code}


def _certificate(name: str, code: int, **order: Any) -> None:
    """Declares how a certificate is seen to be refused: with an error of OpenSSL's, in TLS 1.2 and 1.3."""

    def look(scene: Scene) -> None:
        _refused_by_both_versions(scene, code, **order)

    observes(name, order={"match": order} if order else None)(look)


_certificate("tls.expired", 10)
_certificate("tls.not_yet_valid", 9)
_certificate("tls.self_signed", 18)
_certificate("tls.untrusted_root", 20)
_certificate("tls.wrong_host", 62)
_certificate("tls.wrong_usage", 26)
_certificate("tls.incomplete_chain", 20)
_certificate("tls.weak_key", 66)
_certificate("tls.sha1", 68)
_certificate("tls.expired", 10, listener="wallet")
_certificate("tls.wrong_host", 62, listener="wallet")


@observes("tls.expired")
def an_http_client_refuses_it(scene: Scene) -> None:
    with pytest.raises(httpx.ConnectError, match="certificate has expired"):
        scene.get()


@observes("tls.untrusted_root")
def its_issuer_is_a_stranger(scene: Scene) -> None:
    (leaf,) = witness(scene.running).chain
    assert "OTHER ROOT" in leaf.issuer.rfc4514_string()


@observes("tls.common_name_only")
def the_host_is_in_the_common_name_alone(scene: Scene) -> None:
    assert _refusing(scene.running, _strict(scene)) == 62
    (leaf,) = witness(scene.running).chain
    assert "CN=localhost" in leaf.subject.rfc4514_string()


def _strict(scene: Scene) -> ssl.SSLContext:
    context = trusting(scene.running)
    context.hostname_checks_common_name = False
    return context


@observes("tls.expired_intermediate")
def an_authority_has_expired_and_the_leaf_has_not(scene: Scene) -> None:
    _refused_by_both_versions(scene, 10)
    assert witness(scene.running).errors == ((10, 1),)


@observes("tls.incomplete_chain")
def the_leaf_comes_alone(scene: Scene) -> None:
    (leaf,) = witness(scene.running).chain
    assert "SUBORDINATE" in leaf.issuer.rfc4514_string()


@observes("tls.reversed_chain")
def the_second_certificate_is_not_the_first_ones_issuer(scene: Scene) -> None:
    for version in (TLS1_2, TLS1_3):
        shown = witness(scene.running, (version, version))
        first, *others = shown.chain
        assert [_issued(other, first) for other in others] == [False, True]
        assert shown.errors == ()
    assert scene.get().status_code == 200


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    told = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    return told == issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


@observes("tls.revoked")
def the_staple_says_that_it_was_revoked(scene: Scene) -> None:
    for version in (TLS1_2, TLS1_3):
        response = _staple(witness(scene.running, (version, version)))
        assert response.certificate_status is ocsp.OCSPCertStatus.REVOKED
        assert response.revocation_reason is x509.ReasonFlags.key_compromise


def _staple(shown: Shown) -> ocsp.OCSPResponse:
    response = ocsp.load_der_ocsp_response(shown.staple)
    assert response.serial_number == shown.chain[0].serial_number
    return response


def _speaks_only(name: str, version: int, spoken: str) -> None:
    @observes(name)
    def look(scene: Scene) -> None:
        assert witness(scene.running).version == version
        with pytest.raises(ssl.SSLError, match="TLSV1_ALERT_PROTOCOL_VERSION"):
            shake_hands(scene.running, trusting(scene.running, _other(version)))
        if version >= TLS1_2:
            assert shake_hands(scene.running) == spoken
        else:
            with pytest.raises(httpx.ConnectError, match="TLSV1_ALERT_PROTOCOL_VERSION"):
                scene.get()


def _other(version: int) -> ssl.TLSVersion:
    return ssl.TLSVersion.TLSv1_2 if version == TLS1_3 else ssl.TLSVersion.TLSv1_3


_speaks_only("tls.tls1_0_only", TLS1_0, "TLSv1")
_speaks_only("tls.tls1_1_only", TLS1_1, "TLSv1.1")
_speaks_only("tls.tls1_2_only", TLS1_2, "TLSv1.2")
_speaks_only("tls.tls1_3_only", TLS1_3, "TLSv1.3")


@observes("tls.no_common_cipher")
def no_cipher_suite_suits(scene: Scene) -> None:
    for version in (None, *BOTH):
        with pytest.raises(ssl.SSLError, match="SSLV3_ALERT_HANDSHAKE_FAILURE"):
            shake_hands(scene.running, trusting(scene.running, version))
    handshake = scene.running.mock.journal.handshakes()[-1]
    assert "no shared cipher" in (handshake.sentence or "")


def _alert(number: int) -> None:
    @observes("tls.alert", number=number)
    def look(scene: Scene) -> None:
        with connect(scene.running) as raw:
            raw.sendall(hello())
            assert raw.recv(100) == bytes([21, 3, 3, 0, 2, 2, number])
        for version in BOTH:
            with pytest.raises(ssl.SSLError, match=ALERTS[number]):
                shake_hands(scene.running, trusting(scene.running, version))
        assert scene.running.mock.journal.handshakes()[-1].alerts_sent == (number,)


for _number in (40, 45, 49, 70, 80, 86, 112):
    _alert(_number)


@observes("tls.plain_http")
def the_hello_is_answered_in_plain_http(scene: Scene) -> None:
    with connect(scene.running) as raw:
        raw.sendall(hello())
        assert raw.recv(12) == b"HTTP/1.1 400"
        head, _, body = read_all(raw).partition(b"\r\n\r\n")
        assert f"content-length: {len(body)}".encode() in head.lower()
    with pytest.raises(httpx.ConnectError, match="WRONG_VERSION_NUMBER"):
        scene.get()


@observes("tls.half_flight")
def it_falls_silent_after_half_a_flight(scene: Scene) -> None:
    received = bytearray()
    with connect(scene.running) as raw:
        raw.sendall(hello())
        raw.settimeout(0.1)
        with pytest.raises(TimeoutError):
            read_all(raw, received)
    assert is_half_a_flight(received)


@observes("tls.client_certificate_ignored")
def nobody_is_asked_for_a_certificate(scene: Scene) -> None:
    response = scene.running.relying_party().exchange(scene.running.browser().code())
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
    assert "No client certificate was presented" in response.headers["mockpsc-hint"]
    assert witness(scene.running).authorities == ()


@observes("tls.client_certificate_demanded")
def nobody_comes_in_without_a_certificate(scene: Scene) -> None:
    _without_certificate(scene, ssl.TLSVersion.TLSv1_2, "SSLV3_ALERT_HANDSHAKE_FAILURE")
    _without_certificate(scene, ssl.TLSVersion.TLSv1_3, "TLSV13_ALERT_CERTIFICATE_REQUIRED")
    with scene.fresh_client() as client:
        assert client.get(scene.running.url("jwks_uri")).status_code == 200


@observes("tls.client_certificate_demanded", order={"match": {"listener": "wallet"}})
def the_login_page_demands_one_too(scene: Scene) -> None:
    _without_certificate(scene, ssl.TLSVersion.TLSv1_2, "SSLV3_ALERT_HANDSHAKE_FAILURE", listener="wallet")
    assert scene.get().status_code == 200


def _without_certificate(scene: Scene, version: ssl.TLSVersion, alert: str, listener: str = "auth") -> None:
    with pytest.raises(ssl.SSLError, match=alert):
        converse(scene.running, trusting(scene.running, version), listener=listener)


@observes("tls.ca_list_wrong")
def an_authority_is_announced_that_issues_to_no_client(scene: Scene) -> None:
    for version in (TLS1_2, TLS1_3):
        assert witness(scene.running, (version, version)).authorities == ("MOCKPSC TEST SERVER ROOT",)
    scene.running.relying_party().login()  # OpenSSL sends its certificate all the same


@observes("tls.ca_list_empty")
def no_authority_is_announced_and_a_certificate_is_asked_for(scene: Scene) -> None:
    for version in (TLS1_2, TLS1_3):
        assert witness(scene.running, (version, version)).authorities == ()
    scene.running.relying_party().login()


def _client_refused(reason: str) -> None:
    @observes("tls.client_refused", reason=reason, order={"match": {"client": "mockpsc-client"}})
    def look(scene: Scene) -> None:
        alert = reasons()[reason].alert or 0
        for version in BOTH:
            assert _refused_with(scene.running, "mockpsc-client", version) == ALERTS[alert]
        handshake = scene.running.mock.journal.handshakes()[-1]
        assert (handshake.outcome, handshake.reason, handshake.alerts_sent) == ("refused", reason, (alert,))


def _refused_with(running: RunningMock, client_id: str, version: ssl.TLSVersion = BOTH[1]) -> str:
    """The alert that a client gets in answer to its certificate."""
    context = trusting(running, version)
    files = running.mock.pki.files.client(client_id)
    context.load_cert_chain(files.chain, files.key)
    with pytest.raises(ssl.SSLError) as caught:
        converse(running, context)
    return str(caught.value.reason)


for _reason in members_of(find_fault("tls.client_refused"))["reason"].choices:
    _client_refused(_reason)


@observes("tls.bad_record", at=0.25, order={"match": {"endpoint": "jwks"}})
def a_record_in_the_middle_of_the_body_cannot_be_decrypted(scene: Scene) -> None:
    for version in BOTH:
        received = bytearray()
        with secured(scene.running, trusting(scene.running, version)) as tls:
            ask(tls, path_of(scene.running))
            with pytest.raises(ssl.SSLError, match="DECRYPTION_FAILED_OR_BAD_RECORD_MAC"):
                read_all(tls, received)
        head, body = _answer(received)
        assert len(body) == int(head["content-length"]) // 4
    with pytest.raises(httpx.ReadError, match="BAD_RECORD_MAC"):
        scene.get()


@observes("tls.no_close_notify", order={"match": {"endpoint": "jwks"}})
def the_body_ends_with_the_connection_and_without_a_word(scene: Scene) -> None:
    head, body = _until_it_breaks_off(scene)
    assert "content-length" not in head
    assert head["connection"] == "close"
    assert body.endswith(b"}]}")


@observes("tls.no_close_notify_after_length", order={"match": {"endpoint": "jwks"}})
def the_body_is_whole_and_the_connection_ends_without_a_word(scene: Scene) -> None:
    head, body = _until_it_breaks_off(scene)
    assert len(body) == int(head["content-length"])
    assert scene.get().json()["keys"]


def _until_it_breaks_off(scene: Scene) -> tuple[dict[str, str], bytes]:
    received = bytearray()
    with secured(scene.running) as tls:
        ask(tls, path_of(scene.running))
        with pytest.raises(ssl.SSLEOFError):
            read_all(tls, received)
    return _answer(received)


def _answer(received: bytes | bytearray) -> tuple[dict[str, str], bytes]:
    """The headers, by name in lower case, and the body."""
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}, body


@observes.cases
def test_its_effect_is_on_the_wire_until_it_is_disarmed(scene: Scene, case: Case) -> None:
    case.check(scene)


def test_a_client_can_be_refused_for_every_reason_that_has_an_alert() -> None:
    choices = members_of(find_fault("tls.client_refused"))["reason"].choices
    assert choices == tuple(reason.code for reason in reasons().values() if reason.codes)


def test_the_other_clients_are_not_refused(run: Callable[..., RunningMock]) -> None:
    running = run(clients=({"id": "one", "redirect_uris": [CALLBACK]}, {"id": "other", "redirect_uris": [CALLBACK]}))
    armed = running.arm("tls.client_refused", {"reason": "expired"}, match={"client": "one"})
    assert running.relying_party("other").login()["access_token"]
    assert armed.hits == 0
    assert _refused_with(running, "one") == "SSLV3_ALERT_CERTIFICATE_EXPIRED"
    assert armed.hits == 1
    handshake = running.mock.journal.handshakes()[-1]
    assert (handshake.outcome, handshake.reason, handshake.alerts_sent) == ("refused", "expired", (45,))
    assert handshake.faults == ("tls.client_refused",)
    assert (handshake.sentence or "").startswith("On purpose, as an armed fault asks. The client's certificate ")
    running.disarm_all()
    assert running.relying_party("one").login()["access_token"]


def test_a_refused_client_is_so_whatever_the_mock_does_with_bad_certificates(run: Callable[..., RunningMock]) -> None:
    running = run(reject_with="keycloak")
    running.arm("tls.client_refused", {"reason": "revoked"})
    assert _refused_with(running, "mockpsc-client") == "SSLV3_ALERT_CERTIFICATE_REVOKED"


@pytest.mark.parametrize("name", ["tls.alert", "tls.plain_http", "tls.half_flight"])
def test_a_handshake_that_it_breaks_is_told_once(scene: Scene, name: str) -> None:
    journal = scene.running.mock.journal
    before = len(journal.handshakes())
    scene.running.arm(name)
    with connect(scene.running) as raw:
        raw.sendall(hello())
        raw.shutdown(1)
        read_all(raw)
    (handshake,) = journal.handshakes()[before:]
    assert (handshake.outcome, handshake.reason, handshake.faults) == ("broken", "fault", (name,))
    assert handshake.server_name == "localhost"


def test_a_client_that_refuses_a_certificate_is_told_with_the_fault(scene: Scene) -> None:
    scene.running.arm("tls.expired")
    _refusing(scene.running, trusting(scene.running))
    handshake = scene.running.mock.journal.handshakes()[-1]
    assert (handshake.outcome, handshake.reason) == ("rejected", "certificate_expired")
    assert handshake.faults == ("tls.expired",)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("option", [["--tls-max", "1.2"], ["--tlsv1.3"]])
def test_curl_finds_in_the_staple_that_it_was_revoked(scene: Scene, option: list[str]) -> None:
    scene.running.arm("tls.revoked")
    ca, url = str(scene.running.mock.connection.ca_file), scene.running.url("jwks_uri")
    command = ["curl", "--silent", "--show-error", *option, "--cert-status", "--cacert", ca, url]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert refused.returncode == 91
    assert "keyCompromise" in refused.stderr


def test_a_good_staple_goes_with_a_certificate_that_was_not_revoked(scene: Scene) -> None:
    scene.running.arm("tls.wrong_usage")
    assert _staple(witness(scene.running)).certificate_status is ocsp.OCSPCertStatus.GOOD


def test_what_was_revoked_leaves_nothing_behind(run: Callable[..., RunningMock], tmp_path: Path) -> None:
    running = run(certs=tmp_path)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    running.arm("tls.revoked")
    assert _staple(witness(running)).certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize(("fault", "flag", "version"), [("1_0", "-tls1", "TLSv1"), ("1_1", "-tls1_1", "TLSv1.1")])
def test_openssl_speaks_an_old_version_with_it(scene: Scene, fault: str, flag: str, version: str) -> None:
    scene.running.arm(f"tls.tls{fault}_only")
    port = re.search(r":(\d+)/", scene.running.url("jwks_uri"))
    assert port
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port[1]}", flag, "-cipher", "DEFAULT:@SECLEVEL=0"]
    said = subprocess.run(command, input="", capture_output=True, text=True, timeout=30).stdout
    assert f"Protocol  : {version}\n" in said


def test_a_certificate_is_baked_once_and_anew_when_the_clock_has_moved(running: RunningMock) -> None:
    running.arm("tls.not_yet_valid")
    (first,), (second,) = witness(running).chain, witness(running).chain
    assert first == second
    running.advance(2 * 86400)
    (third,) = witness(running).chain
    assert third.not_valid_before_utc > running.mock.clock.today()


def test_several_faults_combine(scene: Scene) -> None:
    scene.running.arm("tls.tls1_2_only")
    scene.running.arm("tls.ca_list_empty")
    scene.running.arm("tls.reversed_chain")
    shown = witness(scene.running)
    assert (shown.version, shown.authorities, len(shown.chain)) == (TLS1_2, (), 3)
    assert scene.running.relying_party().login()["access_token"]


def test_under_many_connections_none_is_taken_for_another(scene: Scene) -> None:
    scene.running.arm("tls.expired", match={"listener": "wallet"})
    codes: list[int] = []

    def visit() -> None:
        shake_hands(scene.running)
        codes.append(_refusing(scene.running, trusting(scene.running), listener="wallet"))

    threads = [threading.Thread(target=visit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [10] * 8
