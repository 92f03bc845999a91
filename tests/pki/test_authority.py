import ssl
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store

from mockpsc.clock import Clock
from mockpsc.errors import ConfigurationError
from mockpsc.pki import (
    Authority,
    Bundle,
    PrivateKey,
    client_spec,
    new_client_authority,
    new_client_root,
    new_key,
    new_server_authority,
    server_spec,
    show_dn,
)

KEY = new_key("ec")
Openssl = Callable[..., subprocess.CompletedProcess[str]]
Handshake = Callable[..., Any]
ServerContext = Callable[[Bundle], ssl.SSLContext]
ClientContext = Callable[..., ssl.SSLContext]
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def value_of(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> tuple[Any, bool]:
    extension = certificate.extensions.get_extension_for_class(kind)
    return extension.value, extension.critical


def server(authority: Authority, *hosts: str) -> Bundle:
    return authority.issue(server_spec(KEY.public_key(), hosts=hosts), KEY, clock=Clock())


def client(authority: Authority) -> Bundle:
    return authority.issue(client_spec(KEY.public_key(), client_id="my-client"), KEY, clock=Clock())


def test_the_server_root_is_ec_and_says_that_it_is_for_tests(server_authority: Authority) -> None:
    root = server_authority.certificate
    assert isinstance(server_authority.key, ec.EllipticCurvePrivateKey)
    assert root.subject == root.issuer
    assert show_dn(root.subject) == (
        r"CN=MOCKPSC TEST SERVER ROOT,OU=For tests only\, never for production,O=MOCKPSC TEST"
    )
    assert value_of(root, x509.BasicConstraints) == (x509.BasicConstraints(ca=True, path_length=0), True)
    assert server_authority.parents == ()


def test_the_server_root_is_constrained_to_test_names_and_the_hosts() -> None:
    root = new_server_authority(
        clock=Clock(), hosts=["psc.example", "*.psc.example", "10.0.0.5", "127.0.0.1", "psc.test"]
    )
    constraints, critical = value_of(root.certificate, x509.NameConstraints)
    assert critical
    assert constraints.excluded_subtrees is None
    assert constraints.permitted_subtrees == [
        x509.DNSName("localhost"),
        x509.DNSName("test"),
        x509.DNSName("esante.gouv.fr"),
        x509.DNSName("mockpsc"),
        x509.IPAddress(ip_network("127.0.0.0/8")),
        x509.IPAddress(ip_network("::1/128")),
        x509.DNSName("psc.example"),
        x509.IPAddress(ip_network("10.0.0.5/32")),
    ]


def test_a_host_that_is_none_makes_no_authority() -> None:
    with pytest.raises(ConfigurationError, match=r"'https://psc\.test' is not a host name"):
        new_server_authority(clock=Clock(), hosts=["https://psc.test"])


def test_the_clients_chain_is_shaped_like_that_of_igc_sante(client_authority: Authority) -> None:
    issuing, (root,) = client_authority.certificate, client_authority.parents
    assert [attribute.rfc4514_string() for attribute in issuing.subject] == [
        "C=FR",
        "O=MOCKPSC TEST",
        "OU=0002 000000000",
        r"OU=For tests only\, never for production",
        "CN=MOCKPSC TEST AC ELEMENTAIRE ORGANISATIONS",
    ]
    assert show_dn(root.subject).startswith("CN=MOCKPSC TEST AC RACINE ELEMENTAIRE,OU=")
    assert root.issuer == root.subject == issuing.issuer
    issuing.verify_directly_issued_by(root)
    assert value_of(root, x509.BasicConstraints) == (x509.BasicConstraints(ca=True, path_length=1), True)
    assert value_of(issuing, x509.BasicConstraints) == (x509.BasicConstraints(ca=True, path_length=0), True)
    assert isinstance(client_authority.key, rsa.RSAPrivateKey)
    for each in (root, issuing):
        assert value_of(each, x509.ExtendedKeyUsage)[0] == x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        with pytest.raises(x509.ExtensionNotFound):
            value_of(each, x509.NameConstraints)


def test_an_authority_takes_the_keys_and_the_root_it_is_given(rsa_keys: list[PrivateKey]) -> None:
    root = new_client_root(clock=Clock(), key=rsa_keys[0])
    issuing = new_client_authority(clock=Clock(), root=root, key=rsa_keys[1])
    assert issuing.parents == (root.certificate,)
    assert root.certificate.public_key() == rsa_keys[0].public_key()
    assert issuing.certificate.public_key() == rsa_keys[1].public_key()
    assert new_server_authority(clock=Clock(), key=KEY).certificate.public_key() == KEY.public_key()


def test_a_leaf_has_the_issuing_authority_in_its_chain_and_never_the_root(
    client_authority: Authority, server_authority: Authority
) -> None:
    assert client(client_authority).issuers == (client_authority.certificate,)
    assert server(server_authority).issuers == ()


def test_a_leaf_never_outlives_its_issuer(server_authority: Authority) -> None:
    clock = Clock()
    clock.advance(timedelta(days=3600).total_seconds())
    leaf = server_authority.issue(server_spec(KEY.public_key()), KEY, clock=clock).certificate
    assert leaf.not_valid_after_utc == server_authority.certificate.not_valid_after_utc
    assert server(server_authority).certificate.not_valid_after_utc < datetime.now(UTC) + timedelta(days=397)


def test_a_leaf_is_not_issued_for_another_key(server_authority: Authority) -> None:
    with pytest.raises(ValueError, match="another key"):
        server_authority.issue(server_spec(KEY.public_key()), new_key("ec"), clock=Clock())


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_client_that_trusts_the_root_shakes_hands(
    version: ssl.TLSVersion,
    kind: str,
    server_authority: Authority,
    rsa_keys: list[PrivateKey],
    handshake: Handshake,
    server_context: ServerContext,
    client_context: ClientContext,
) -> None:
    key = KEY if kind == "ec" else rsa_keys[0]
    bundle = server_authority.issue(server_spec(key.public_key(), hosts=["wallet.psc.test"]), key, clock=Clock())
    trusting = client_context(server_authority.bundle.cert_pem)
    trusting.minimum_version = trusting.maximum_version = version
    for host in ("localhost", "127.0.0.1", "::1", "mockpsc", "wallet.psc.test"):
        outcome = handshake(server_context(bundle), trusting, host)
        assert outcome.version == {VERSIONS[0]: "TLSv1.2", VERSIONS[1]: "TLSv1.3"}[version], outcome
    assert "Hostname mismatch" in handshake(server_context(bundle), trusting, "other.test").client_error


def test_a_client_that_trusts_another_root_refuses_the_server(
    server_authority: Authority, handshake: Handshake, server_context: ServerContext, client_context: ClientContext
) -> None:
    another = client_context(new_server_authority(clock=Clock()).bundle.cert_pem)
    outcome = handshake(server_context(server(server_authority)), another)
    assert "unable to get local issuer certificate" in outcome.client_error
    assert "unknown ca" in outcome.server_error


@pytest.mark.parametrize("host", ["www.example.com", "gouv.fr", "10.0.0.5"])
def test_a_leaked_server_root_cannot_serve_a_real_site(
    host: str,
    server_authority: Authority,
    handshake: Handshake,
    server_context: ServerContext,
    client_context: ClientContext,
) -> None:
    trusting = client_context(server_authority.bundle.cert_pem)
    outcome = handshake(server_context(server(server_authority, host)), trusting, host)
    assert "permitted subtree violation" in outcome.client_error
    permitting = new_server_authority(clock=Clock(), hosts=[host])
    trusting = client_context(permitting.bundle.cert_pem)
    assert handshake(server_context(server(permitting, host)), trusting, host).version == "TLSv1.3"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_that_trusts_the_clients_root_accepts_its_clients_and_no_others(
    version: ssl.TLSVersion,
    server_authority: Authority,
    client_authority: Authority,
    rsa_keys: list[PrivateKey],
    handshake: Handshake,
    server_context: ServerContext,
    client_context: ClientContext,
) -> None:
    demanding = server_context(server(server_authority))
    demanding.minimum_version = demanding.maximum_version = version
    demanding.verify_mode = ssl.CERT_REQUIRED
    demanding.load_verify_locations(cadata=client_authority.parents[0].public_bytes(Encoding.PEM).decode())
    root = server_authority.bundle.cert_pem

    accepted = handshake(demanding, client_context(root, client(client_authority)))
    assert accepted.version == {VERSIONS[0]: "TLSv1.2", VERSIONS[1]: "TLSv1.3"}[version], accepted

    unknown = new_client_authority(clock=Clock(), root=new_client_root(clock=Clock(), key=rsa_keys[0]), key=rsa_keys[1])
    refused = handshake(demanding, client_context(root, client(unknown)))
    assert "unable to get local issuer certificate" in refused.server_error
    assert "unknown ca" in refused.client_error

    refused = handshake(demanding, client_context(root, server(server_authority)))
    assert "CERTIFICATE_VERIFY_FAILED" in refused.server_error

    refused = handshake(demanding, client_context(root))
    assert "peer did not return a certificate" in refused.server_error


def test_what_the_clients_authority_signs_cannot_serve_a_site(
    client_authority: Authority, handshake: Handshake, server_context: ServerContext, client_context: ClientContext
) -> None:
    """Neither a client's certificate, nor a server's that a leaked key of the authority has signed."""
    trusting = client_context(client_authority.parents[0].public_bytes(Encoding.PEM))
    for bundle in (client(client_authority), server(client_authority)):
        outcome = handshake(server_context(bundle), trusting)
        assert "unsuitable certificate purpose" in outcome.client_error, outcome


def test_what_the_clients_root_signs_cannot_serve_a_site(
    rsa_keys: list[PrivateKey], handshake: Handshake, server_context: ServerContext, client_context: ClientContext
) -> None:
    root = new_client_root(clock=Clock(), key=rsa_keys[0])
    outcome = handshake(server_context(server(root)), client_context(root.bundle.cert_pem))
    assert "unsuitable certificate purpose" in outcome.client_error


def test_openssl_verifies_the_server_for_its_names_and_purpose_only(
    server_authority: Authority, tmp_path: Path, openssl: Openssl
) -> None:
    ca, leaf, outside = tmp_path / "ca.pem", tmp_path / "leaf.pem", tmp_path / "outside.pem"
    ca.write_bytes(server_authority.bundle.cert_pem)
    leaf.write_bytes(server(server_authority).cert_pem)
    outside.write_bytes(server(server_authority, "www.example.com").cert_pem)
    verify = ("verify", "-x509_strict", "-CAfile", ca, "-no-CApath", "-no-CAstore")
    assert openssl(*verify, "-purpose", "sslserver", "-verify_hostname", "localhost", leaf).returncode == 0
    assert openssl(*verify, "-purpose", "sslserver", "-verify_ip", "::1", leaf).returncode == 0
    assert "hostname mismatch" in openssl(*verify, "-verify_hostname", "other.test", leaf).stderr
    assert "unsuitable certificate purpose" in openssl(*verify, "-purpose", "sslclient", leaf).stderr
    assert "permitted subtree violation" in openssl(*verify, outside).stderr


def test_openssl_verifies_the_client_with_its_chain_and_purpose_only(
    client_authority: Authority, server_authority: Authority, tmp_path: Path, openssl: Openssl
) -> None:
    bundle = client(client_authority)
    ca, chain, leaf, other = (tmp_path / f"{name}.pem" for name in ("ca", "chain", "leaf", "other"))
    ca.write_bytes(client_authority.parents[0].public_bytes(Encoding.PEM))
    chain.write_bytes(bundle.chain_pem)
    leaf.write_bytes(bundle.cert_pem)
    other.write_bytes(server_authority.bundle.cert_pem)
    strictly, nothing_else = ("verify", "-x509_strict", "-purpose"), ("-no-CApath", "-no-CAstore")
    verified = openssl(*strictly, "sslclient", "-CAfile", ca, *nothing_else, "-untrusted", chain, leaf)
    assert verified.returncode == 0, verified.stderr
    for purpose, trusted, rest, says in (
        ("sslserver", ca, ("-untrusted", chain), "unsuitable certificate purpose"),
        ("sslclient", ca, (), "unable to get local issuer certificate"),
        ("sslclient", other, ("-untrusted", chain), "unable to get"),
    ):
        refused = openssl(*strictly, purpose, "-CAfile", trusted, *nothing_else, *rest, leaf)
        assert says in refused.stderr


def test_the_verifier_of_cryptography_agrees(server_authority: Authority, client_authority: Authority) -> None:
    """A second opinion, from another implementation of RFC 5280 than OpenSSL's."""
    policy = PolicyBuilder().store(Store([server_authority.certificate]))
    verifier = policy.build_server_verifier(x509.DNSName("localhost"))
    assert len(verifier.verify(server(server_authority).certificate, [])) == 2
    with pytest.raises(x509.verification.VerificationError):
        verifier.verify(server(server_authority, "www.example.com").certificate, [])

    policy = PolicyBuilder().store(Store(list(client_authority.parents)))
    lenient = policy.extension_policies(  # a client's certificate has no alternative name
        ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=ExtensionPolicy.permit_all()
    )
    bundle = client(client_authority)
    verified = lenient.build_client_verifier().verify(bundle.certificate, list(bundle.issuers))
    assert verified.chain == [bundle.certificate, *bundle.issuers, *client_authority.parents]
