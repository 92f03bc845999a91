"""A certificate with its private key and its chain: read from PEM files, given back in the forms that programs take."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from mockpsc.errors import ConfigurationError
from mockpsc.pki.disk import read
from mockpsc.pki.keys import PrivateKey, key_pem
from mockpsc.pki.names import show_dn


@dataclass(frozen=True, kw_only=True, eq=False)
class Bundle:
    """A certificate, its private key, and the intermediates above it: its issuer first, the root left out."""

    certificate: x509.Certificate
    key: PrivateKey
    issuers: tuple[x509.Certificate, ...] = ()

    @property
    def cert_pem(self) -> bytes:
        """The certificate alone."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key as PKCS#8, not encrypted."""
        return key_pem(self.key)

    @property
    def chain_pem(self) -> bytes:
        """The certificate, then its issuers: what a TLS program sends."""
        return pem(self.certificate, *self.issuers)

    def pkcs12(self, password: str, name: str) -> bytes:
        """Key, certificate and issuers as a PKCS#12 file, the key under the alias `name`.

        The encryption is old, triple DES with SHA-1, because it is what everybody reads: Java 8 before 8u301 and
        Windows Server 2016 do not read AES, and OpenSSL 3 needs no legacy provider for this one (it would for RC2).
        2048 rounds are OpenSSL's own count. It protects nothing: in the folder, the same key lies beside it in clear.
        """
        encryption = (
            PrivateFormat.PKCS12.encryption_builder()
            .kdf_rounds(2048)
            .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
            .hmac_hash(hashes.SHA1())
            .build(password.encode())
        )
        return pkcs12.serialize_key_and_certificates(
            name.encode(), self.key, self.certificate, self.issuers, encryption
        )


def pem(*certificates: x509.Certificate) -> bytes:
    """Certificates one after the other, as PEM."""
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


UNREADABLE = (ValueError, TypeError, KeyError, x509.DuplicateExtension, x509.InvalidVersion, UnsupportedAlgorithm)
"""What cryptography raises for a certificate that it cannot read, or not in full; OpenSSL reads more of them."""


def load_bundle(certificate_path: Path, key_path: Path) -> Bundle:
    """The bundle in two PEM files: a certificate followed by its issuers (a root among them is left out), and its key.

    Raises ConfigurationError, which names the file and what is wrong with it.
    """
    certificate, *rest = load_certificates(certificate_path)
    key = load_key(key_path)
    if certificate.public_key() != key.public_key():
        raise ConfigurationError(
            f"The key in {key_path} is not that of the first certificate in {certificate_path}: "
            "give the two files that were made together."
        )
    return Bundle(certificate=certificate, key=key, issuers=without_roots(*rest))


def without_roots(*certificates: x509.Certificate) -> tuple[x509.Certificate, ...]:
    """Those that are not signed with their own key: a root is not sent, whoever trusts it has it. A self-issued
    certificate, whose name is its issuer's and whose key is not (RFC 5280 §6.1), is no root."""
    return tuple(each for each in certificates if not _is_self_signed(each))


def _is_self_signed(certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(certificate)
    except (InvalidSignature, *UNREADABLE):
        return False
    return True


def load_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """The certificates in a PEM file, at least one; ConfigurationError when it cannot be read or holds none."""
    content = read(path)
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise ConfigurationError(f"{path} holds no certificate: {_expected_pem(content, 'CERTIFICATE', 'x509')}")
    try:
        return tuple(x509.load_pem_x509_certificates(content))
    except UNREADABLE as error:
        raise ConfigurationError(f"{path} holds a certificate that cannot be read: {error}.") from error


def load_key(path: Path) -> PrivateKey:
    """The private key in a PEM file; ConfigurationError when it cannot be read, is encrypted, or is not RSA or EC.

    OpenSSL's check of an RSA key takes 30 ms, most of a start with five of them, so it is left out: the file is the
    user's own, and `load_bundle` compares the key with its certificate.
    """
    content = read(path)
    if b"PRIVATE KEY-----" not in content:
        raise ConfigurationError(f"{path} holds no private key: {_expected_pem(content, 'PRIVATE KEY', 'pkey')}")
    try:
        key = load_pem_private_key(content, password=None, unsafe_skip_rsa_key_validation=True)
    except TypeError as error:
        raise ConfigurationError(
            f"The private key in {path} is encrypted, and mockpsc asks for no password: "
            f"decrypt it with 'openssl pkey -in {path} -out decrypted.pem'."
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(f"{path} holds a private key that cannot be read: {error}.") from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise ConfigurationError(f"The private key in {path} is neither RSA nor EC, and mockpsc takes only these two.")
    return key


def _expected_pem(content: bytes, label: str, command: str) -> str:
    if b"-----BEGIN " in content:
        return f"a PEM block named {label} was expected, and none of its blocks is."
    return (
        f"PEM was expected, text with a line '-----BEGIN {label}-----'; 'openssl {command} -inform DER' converts DER."
    )


def thumbprint(certificate: x509.Certificate) -> str:
    """`x5t#S256`: the SHA-256 of the DER in base64url without padding (RFC 8705 §3.1)."""
    return urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).rstrip(b"=").decode()


def described(certificate: x509.Certificate) -> dict[str, str]:
    """What it says of itself, for a machine: the serial number in hexadecimal, the dates in ISO 8601."""
    return {
        "subject": show_dn(certificate.subject),
        "serial": f"{certificate.serial_number:x}",
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "x5t#S256": thumbprint(certificate),
    }
