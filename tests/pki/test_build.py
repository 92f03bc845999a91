import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier, SignatureAlgorithmOID

from mockpsc.clock import Clock
from mockpsc.pki import (
    Authority,
    Bundle,
    CertificateSpec,
    PrivateKey,
    client_spec,
    encryption_spec,
    issuing_spec,
    make_dn,
    new_key,
    root_spec,
    server_spec,
    sign,
    signing_spec,
)

KEY = new_key("ec")
NAME = make_dn(("CN", "x"))
MINIMAL = CertificateSpec(subject=NAME, public_key=KEY.public_key(), lifetime=timedelta(days=1))


def self_signed(spec: CertificateSpec) -> x509.Certificate:
    return sign(spec, KEY, clock=Clock())


def extensions(certificate: x509.Certificate) -> dict[type[x509.ExtensionType], tuple[x509.ExtensionType, bool]]:
    return {type(each.value): (each.value, each.critical) for each in certificate.extensions}


def test_a_minimal_spec_gives_basic_constraints_and_key_identifiers() -> None:
    certificate = self_signed(MINIMAL)
    identifier = x509.SubjectKeyIdentifier.from_public_key(KEY.public_key())
    assert extensions(certificate) == {
        x509.BasicConstraints: (x509.BasicConstraints(ca=False, path_length=None), True),
        x509.SubjectKeyIdentifier: (identifier, False),
        x509.AuthorityKeyIdentifier: (
            x509.AuthorityKeyIdentifier(
                identifier.digest, authority_cert_issuer=None, authority_cert_serial_number=None
            ),
            False,
        ),
    }
    assert certificate.version is x509.Version.v3
    assert certificate.subject == certificate.issuer == NAME
    assert certificate.public_key() == KEY.public_key()
    assert certificate.signature_algorithm_oid == SignatureAlgorithmOID.ECDSA_WITH_SHA256
    certificate.verify_directly_issued_by(certificate)


def test_the_serial_number_is_random() -> None:
    serials = {self_signed(MINIMAL).serial_number for _ in range(5)}
    assert len(serials) == 5
    assert all(serial.bit_length() > 100 for serial in serials)


def test_the_validity_begins_at_the_moment_of_signing() -> None:
    clock = Clock()
    clock.freeze()
    clock.advance(86400)
    now = clock.today().replace(microsecond=0)
    certificate = sign(replace(MINIMAL, lifetime=timedelta(days=10)), KEY, clock=clock)
    assert certificate.not_valid_before_utc == now - timedelta(hours=1)
    assert certificate.not_valid_after_utc == certificate.not_valid_before_utc + timedelta(days=10)


def test_a_broken_certificate_is_a_good_spec_with_a_field_replaced() -> None:
    now = datetime.now(UTC)
    good = self_signed(MINIMAL)
    expired = self_signed(replace(MINIMAL, not_before=-timedelta(days=3)))
    early = self_signed(replace(MINIMAL, not_before=timedelta(days=3)))
    assert good.not_valid_before_utc < now < good.not_valid_after_utc
    assert expired.not_valid_after_utc < now
    assert early.not_valid_before_utc > now


def test_until_ends_a_certificate_before_its_lifetime_does_and_never_lengthens_it() -> None:
    soon, late = (datetime.now(UTC).replace(microsecond=0) + timedelta(hours=hours) for hours in (2, 20000))
    assert sign(MINIMAL, KEY, clock=Clock(), until=soon).not_valid_after_utc == soon
    assert sign(MINIMAL, KEY, clock=Clock(), until=late).not_valid_after_utc < late


def test_every_other_extension_is_a_field() -> None:
    constraints = x509.NameConstraints(permitted_subtrees=[x509.DNSName("test")], excluded_subtrees=None)
    other = x509.Extension(
        oid=ObjectIdentifier("1.2.3"),
        critical=True,
        value=x509.UnrecognizedExtension(ObjectIdentifier("1.2.3"), b"\x05\x00"),
    )
    found = extensions(
        self_signed(
            replace(
                MINIMAL,
                ca=True,
                path_length=2,
                key_usage=("key_agreement", "content_commitment", "data_encipherment"),
                extended_key_usage=(ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.SERVER_AUTH),
                alternative_names=(x509.DNSName("a.test"),),
                name_constraints=constraints,
                other_extensions=(other,),
            )
        )
    )
    assert found[x509.BasicConstraints] == (x509.BasicConstraints(ca=True, path_length=2), True)
    assert found[x509.KeyUsage] == (key_usage("key_agreement", "content_commitment", "data_encipherment"), True)
    assert found[x509.ExtendedKeyUsage] == (
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.SERVER_AUTH]),
        False,
    )
    assert found[x509.SubjectAlternativeName] == (x509.SubjectAlternativeName([x509.DNSName("a.test")]), False)
    assert found[x509.NameConstraints] == (constraints, True)
    assert found[x509.UnrecognizedExtension] == (other.value, True)
    assert len(found) == 8


def test_the_alternative_name_is_critical_when_there_is_no_subject() -> None:
    spec = replace(MINIMAL, subject=x509.Name([]), alternative_names=(x509.DNSName("a.test"),))
    assert extensions(self_signed(spec))[x509.SubjectAlternativeName][1] is True


def test_a_certificate_names_its_issuer_and_the_issuers_key(server_authority: Authority) -> None:
    certificate = sign(MINIMAL, server_authority.key, clock=Clock(), issuer=server_authority.certificate)
    issuer_identifier = server_authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    authority = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    assert certificate.issuer == server_authority.certificate.subject
    assert authority.value.key_identifier == issuer_identifier.value.digest
    certificate.verify_directly_issued_by(server_authority.certificate)
    with pytest.raises(InvalidSignature):
        sign(MINIMAL, KEY, clock=Clock(), issuer=server_authority.certificate).verify_directly_issued_by(
            server_authority.certificate
        )


def test_a_server_has_the_local_names_and_the_hosts() -> None:
    spec = server_spec(KEY.public_key(), hosts=["auth.psc.test", "10.0.0.5", "LOCALHOST"])
    certificate = self_signed(spec)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "mockpsc", "auth.psc.test"]
    assert list(map(str, names.get_values_for_type(x509.IPAddress))) == ["127.0.0.1", "::1", "10.0.0.5"]
    assert extensions(certificate)[x509.ExtendedKeyUsage] == (
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
        False,
    )
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=397)


def test_a_server_enciphers_keys_only_if_it_is_rsa(rsa_keys: list[PrivateKey]) -> None:
    assert server_spec(KEY.public_key()).key_usage == ("digital_signature",)
    assert server_spec(rsa_keys[0].public_key()).key_usage == ("digital_signature", "key_encipherment")


def test_a_client_is_shaped_like_an_organisation_at_igc_sante() -> None:
    spec = client_spec(KEY.public_key(), client_id="my-client", organisation="CABINET FICTIF", siret="12345678901234")
    certificate = self_signed(spec)
    assert [attribute.rfc4514_string() for attribute in certificate.subject] == [
        "C=FR",
        "ST=Paris (75)",
        "O=CABINET FICTIF",
        "OU=312345678901234",
        "CN=my-client",
    ]
    found = extensions(certificate)
    assert found[x509.BasicConstraints] == (x509.BasicConstraints(ca=False, path_length=None), True)
    assert found[x509.KeyUsage] == (key_usage("digital_signature"), True)
    assert found[x509.ExtendedKeyUsage] == (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
    assert x509.SubjectAlternativeName not in found
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=1095)


def test_authorities_sign_certificates_and_lists_and_live_ten_years() -> None:
    for spec, path_length in (
        (root_spec(KEY.public_key(), subject=NAME, path_length=1), 1),
        (issuing_spec(KEY.public_key(), subject=NAME, extended_key_usage=()), 0),
    ):
        certificate = self_signed(spec)
        found = extensions(certificate)
        assert found[x509.BasicConstraints] == (x509.BasicConstraints(ca=True, path_length=path_length), True)
        assert found[x509.KeyUsage] == (key_usage("key_cert_sign", "crl_sign"), True)
        assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=3650)


def test_the_providers_keys_sign_and_encipher() -> None:
    for spec, usage in (
        (signing_spec(KEY.public_key(), common_name="realm"), "digital_signature"),
        (encryption_spec(KEY.public_key(), common_name="realm"), "key_encipherment"),
    ):
        certificate = self_signed(spec)
        assert certificate.subject == certificate.issuer == make_dn(("CN", "realm"))
        assert extensions(certificate)[x509.KeyUsage] == (key_usage(usage), True)


def test_a_certificate_is_signed_with_sha_1_on_request(
    client_authority: Authority, tmp_path: Path, openssl: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    spec = replace(client_spec(KEY.public_key(), client_id="weak"), digest="sha1")
    weak = client_authority.issue(spec, KEY, clock=Clock())
    assert weak.certificate.signature_algorithm_oid == SignatureAlgorithmOID.RSA_WITH_SHA1
    assert weak.certificate.public_key() == KEY.public_key()
    verified = verify(openssl, tmp_path, client_authority, weak, "-auth_level", "0")
    assert verified.returncode == 0, verified.stderr
    refused = verify(openssl, tmp_path, client_authority, weak, "-auth_level", "2")
    assert "error 68 at 0 depth lookup: CA signature digest algorithm too weak" in refused.stderr


def test_an_ec_issuer_does_not_sign_with_sha_1() -> None:
    with pytest.raises(ValueError, match="only an RSA issuer"):
        self_signed(replace(MINIMAL, digest="sha1"))


def test_the_kinds_of_key_are_p_256_and_rsa_2048(rsa_keys: list[PrivateKey]) -> None:
    assert isinstance(KEY, ec.EllipticCurvePrivateKey)
    assert isinstance(KEY.curve, ec.SECP256R1)
    assert isinstance(rsa_keys[0], rsa.RSAPrivateKey)
    assert rsa_keys[0].key_size == 2048
    assert rsa_keys[0].public_key().public_numbers().e == 65537


def verify(
    openssl: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    authority: Authority,
    bundle: Bundle,
    *options: str,
) -> subprocess.CompletedProcess[str]:
    """What `openssl verify` says of a bundle under an authority."""
    files = {"ca.pem": authority.bundle.cert_pem, "leaf.pem": bundle.cert_pem}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    return openssl("verify", *options, "-partial_chain", "-trusted", tmp_path / "ca.pem", tmp_path / "leaf.pem")


def key_usage(*usages: str) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in usages for name in names})
