"""Certificates and keys out of files, whichever form a person was given them in: PEM, DER or PKCS#12 (RFC 7292)."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key, pkcs12

from mockpsc.errors import ConfigurationError, in_a_clause
from mockpsc.pki import PKCS12_PASSWORD
from mockpsc.pki.disk import read

Form: TypeAlias = Literal["PEM", "DER", "PKCS#12", "TLS"]
Scheme: TypeAlias = Literal["PBES2", "RC2"]
Password: TypeAlias = bytes | None
Source: TypeAlias = Path | str
_T = TypeVar("_T")

_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm)
_KEY_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)
_PFX = re.compile(rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...)\x02\x01\x03", re.DOTALL)  # SEQUENCE, version 3
_PBES2 = bytes.fromhex("06092a864886f70d01050d")
_RC2 = bytes.fromhex("060a2a864886f70d010c0106")

# What is none of these, by what it begins with or has in it, and what to do about it.
_OTHERS: Sequence[tuple[bytes, str]] = (
    (b"-----BEGIN PKCS7-----", "PKCS#7; 'openssl pkcs7 -print_certs -in {path}' makes PEM of it"),
    (b"CERTIFICATE REQUEST-----", "a certificate request; give the certificate that an authority has made of it"),
    (b"PRIVATE KEY-----", "a private key alone; give its certificate as FILE, and this one with --key"),
    (b"\xfe\xed\xfe\xed", "a Java keystore; 'keytool -importkeystore -deststoretype pkcs12' makes PKCS#12 of it"),
    (b"\xff\xfe", "text in UTF-16, as PowerShell writes it; save it as UTF-8"),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """What a file holds, or a server sends: a chain as it would be sent, the certificate itself first, and its key if
    it is there. `scheme` is how a PKCS#12 file is encrypted, where some programs cannot read it: `PBES2`, `RC2`."""

    source: str
    form: Form
    chain: tuple[x509.Certificate, ...]
    key: PrivateKeyTypes | None = None
    scheme: Scheme | None = None

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate that all is about."""
        return self.chain[0]


def read_material(path: Path, *, key_path: Path | None = None, password: str | None = None) -> Material:
    """What is in a file, with the key of another one if it is given. What is encrypted is tried with the password, with
    mockpsc's own and without one. Raises ConfigurationError for what cannot be read."""
    material = material_of(read(path), path, password=password)
    return replace(material, key=_key(key_path, read(key_path), _passwords(password))) if key_path else material


def material_of(content: bytes, source: Source, *, password: str | None = None) -> Material:
    """What is in the content of a file, or in something that `source` names. Raises ConfigurationError for what cannot
    be read."""
    read_it = _from_pem if _has_certificate(content) else _from_der
    return read_it(source, content, _passwords(password))


def _passwords(given: str | None) -> tuple[Password, ...]:
    texts = filter(None, (given, PKCS12_PASSWORD))
    return (*dict.fromkeys(text.encode() for text in texts), b"", None)


def _has_certificate(content: bytes) -> bool:
    return re.search(rb"-----BEGIN (X509 )?CERTIFICATE-----", content) is not None


def _from_pem(path: Source, content: bytes, passwords: Sequence[Password]) -> Material:
    try:
        chain = tuple(x509.load_pem_x509_certificates(content))
    except ValueError as error:
        raise ConfigurationError(f"{path} holds a certificate that cannot be read: {in_a_clause(error)}.") from error
    key = _key(path, content, passwords) if _KEY_BLOCK.search(content) else None
    return Material(source=str(path), form="PEM", chain=chain, key=key)


def _from_der(path: Source, content: bytes, passwords: Sequence[Password]) -> Material:
    if _PFX.match(content):
        return _from_pkcs12(path, content, passwords)
    try:
        return Material(source=str(path), form="DER", chain=(x509.load_der_x509_certificate(content),))
    except ValueError as error:
        raise ConfigurationError(f"{path} {_other(path, content)}.") from error


def _other(path: Source, content: bytes) -> str:
    """What a file is that holds no certificate, as the end of a sentence."""
    if not content:
        return "is empty: give a certificate in PEM, DER or PKCS#12"
    known = next((what for sign, what in _OTHERS if sign in content), None)
    if known is not None:
        return "holds " + known.format(path=path)
    return "holds no certificate that can be read: PEM, DER or PKCS#12 was expected"


def _from_pkcs12(path: Source, content: bytes, passwords: Sequence[Password]) -> Material:
    stored = _first(passwords, lambda password: pkcs12.load_pkcs12(content, password))
    if stored is None:
        raise ConfigurationError(
            f"{path} is PKCS#12, and neither the password given nor the usual ones open it: give its own with "
            "--password, or export it again if it is damaged."
        )
    others = [each.certificate for each in stored.additional_certs]
    chain = (stored.cert.certificate, *others) if stored.cert else _in_order(others)
    if not chain:
        raise ConfigurationError(f"{path} is PKCS#12 without a certificate: export it again, with its certificate.")
    return Material(source=str(path), form="PKCS#12", chain=chain, key=stored.key, scheme=_scheme(content))


def _scheme(content: bytes) -> Scheme | None:
    return "PBES2" if _PBES2 in content else "RC2" if _RC2 in content else None


def _in_order(certificates: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Certificates of a file without a key, which does not say whose it is: first one that has issued no other."""
    issuers = {each.issuer for each in certificates if each.issuer != each.subject}
    return tuple(sorted(certificates, key=lambda each: each.subject in issuers))


def _key(path: Source, content: bytes, passwords: Sequence[Password]) -> PrivateKeyTypes:
    """The private key in a file, which may hold other things too."""
    if _PFX.match(content):
        key = _from_pkcs12(path, content, passwords).key
    else:
        key = _first(passwords, lambda password: _load_key(content, password))
    if key is None:
        sealed = b"ENCRYPTED" in content
        remedy = "give its password with --password" if sealed else "a key in PEM, DER or PKCS#12 was expected"
        raise ConfigurationError(f"{path} holds no private key that can be read: {remedy}.")
    return key


def _load_key(content: bytes, password: Password) -> PrivateKeyTypes:
    block = _KEY_BLOCK.search(content)
    load = load_pem_private_key if block else load_der_private_key
    return load(block[0] if block else content, password, unsafe_skip_rsa_key_validation=True)


def _first(passwords: Sequence[Password], open_with: Callable[[Password], _T]) -> _T | None:
    """What the first password that fits gives."""
    for password in passwords:
        with suppress(*_UNREADABLE):
            return open_with(password)
    return None
