"""Revocation at a running mock: from the next handshake on, by its list, its responder and its staple."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from click.testing import CliRunner
from cryptography import x509
from support import ANY_PORT, RunningMock

from mockpsc.cli import main
from mockpsc.settings import Settings


@pytest.fixture
def mock(run: Callable[..., RunningMock], tmp_path: Path) -> Callable[..., RunningMock]:
    """Starts mocks that have a PKI of their own, since what is revoked is remembered with it."""
    return lambda **options: run(certs=tmp_path / "certs", **options)


def visit(running: RunningMock) -> int:
    with_certificate = running.client("mockpsc-client")
    return with_certificate.get(running.mock.connection.discovery_url).status_code


def certificate_of(running: RunningMock) -> x509.Certificate:
    return running.mock.pki.clients["mockpsc-client"].certificate


def revoke(running: RunningMock, *arguments: str) -> str:
    command = ["certs", "revoke", *arguments, "--admin-url", running.mock.connection.admin_url]
    result = CliRunner().invoke(main, command)
    return f"{result.exit_code} {result.output}"


def test_a_revoked_certificate_is_refused_from_the_next_handshake_on(mock: Callable[..., RunningMock]) -> None:
    running = mock()
    assert visit(running) == 200
    said = revoke(running, str(running.mock.connection.client_cert_file), "--reason", "keyCompromise")
    assert said.startswith("0 The certificate ")
    assert "(keyCompromise). From the next handshake on, the certificate is refused." in said
    with pytest.raises(httpx.ReadError, match="SSLV3_ALERT_CERTIFICATE_REVOKED"):
        visit(running)
    handshake = running.mock.journal.handshakes()[-1]
    assert (handshake.reason, handshake.alerts_sent) == ("revoked", (44,))
    assert f"serial number {certificate_of(running).serial_number:x}" in str(handshake.sentence)


def test_it_may_be_revoked_by_its_number_and_stays_so_over_a_restart(mock: Callable[..., RunningMock]) -> None:
    assert revoke(mock(), f"{certificate_of(mock()).serial_number:x}").startswith("0 ")
    with pytest.raises(httpx.ReadError, match="REVOKED"):
        visit(mock())


def test_what_cannot_be_revoked_is_refused_in_a_sentence(mock: Callable[..., RunningMock], tmp_path: Path) -> None:
    running = mock()
    assert revoke(running, "not-a-serial").startswith("2 mockpsc: ")
    nobody = CliRunner().invoke(main, ["certs", "revoke", "00", "--admin-url", "http://127.0.0.1:9"])
    assert nobody.exit_code == 2
    assert "No mock answers at http://127.0.0.1:9" in nobody.output


@pytest.mark.parametrize(
    ("mode", "error"), [("stale", "SSLV3_ALERT_CERTIFICATE_EXPIRED"), ("missing", "TLSV1_ALERT_UNKNOWN_CA")]
)
def test_a_list_that_is_no_good_refuses_everybody(mock: Callable[..., RunningMock], mode: str, error: str) -> None:
    running = mock(revocation=mode)
    with pytest.raises(httpx.ReadError, match=error):
        visit(running)
    assert running.mock.journal.handshakes()[-1].reason == "crl_unavailable"


def test_revocation_can_be_off(mock: Callable[..., RunningMock]) -> None:
    running = mock(revocation="off")
    assert "None on handshakes" in revoke(running, str(running.mock.connection.client_cert_file))
    assert visit(running) == 200


def test_certificates_say_where_to_ask(mock: Callable[..., RunningMock]) -> None:
    running = mock()
    admin = running.mock.connection.admin_url
    for certificate, name in (
        (certificate_of(running), "client-issuing"),
        (running.mock.pki.server.certificate, "server-root"),
    ):
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        told = {entry.access_location.value for entry in access}
        assert told == {f"{admin}/ocsp", f"{admin}/pki/{name}.cer"}
        assert points[0].full_name
        assert points[0].full_name[0].value == f"{admin}/pki/{name}.crl"
        x509.load_der_x509_crl(httpx.get(f"{admin}/pki/{name}.crl").content)


def test_openssl_gets_a_good_status_and_a_revoked_one(mock: Callable[..., RunningMock], tmp_path: Path) -> None:
    running = mock()
    files = running.mock.pki.files
    command = [
        *("openssl", "ocsp", "-issuer", str(files.authority("client-issuing").cert)),
        *("-cert", str(running.mock.connection.client_cert_file), "-CAfile", str(files.client_ca)),
        *("-url", f"{running.mock.connection.admin_url}/ocsp"),
    ]
    assert ": good" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
    revoke(running, str(running.mock.connection.client_cert_file))
    assert ": revoked" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_servers_own_certificate_comes_with_a_staple(mock: Callable[..., RunningMock]) -> None:
    running = mock()
    address = urlsplit(running.mock.provider.auth_url).netloc
    command = ["openssl", "s_client", "-connect", address, "-status", "-CAfile", str(running.mock.connection.ca_file)]
    shown = subprocess.run(command, input="", capture_output=True, text=True, check=False).stdout
    assert "OCSP Response Status: successful" in shown
    assert "Cert Status: good" in shown


def test_an_authority_of_the_users_own_needs_no_list(mock: Callable[..., RunningMock], certs: Path) -> None:
    theirs = RunningMock(Settings(certs=certs, auth_bind=ANY_PORT, wallet_bind=ANY_PORT, admin_bind=ANY_PORT))
    theirs.stop()
    running = mock(client_ca=theirs.mock.pki.files.client_ca)
    client = running.client(files=theirs.mock.pki.files.client("mockpsc-client"))
    assert client.get(running.mock.connection.discovery_url).status_code == 200
