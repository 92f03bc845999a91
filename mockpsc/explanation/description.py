"""What a certificate says of itself (RFC 5280 §4), for people and for machines. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from mockpsc.errors import in_a_clause
from mockpsc.judgement import alternative_names, describe_key, extended_usage, key_usage
from mockpsc.pki import UNREADABLE, show_dn, thumbprint

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a certificate says. Usages are None when their extension is absent; what cannot be read is left out, and
    `flaw` says why. `signature` is the hash that it is signed with, `key` the kind and the strength of its own."""

    subject: str
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    key: str
    signature: str
    key_usage: tuple[str, ...] | None
    extended_key_usage: tuple[str, ...] | None
    alternative_names: Mapping[str, list[str]] = field(default_factory=dict)
    thumbprint: str
    flaw: str | None = None


def describe(certificate: x509.Certificate) -> Description:
    """What a certificate says, as far as it can be read."""
    return Description(
        subject=_told(lambda: show_dn(certificate.subject), "?"),
        issuer=_told(lambda: show_dn(certificate.issuer), "?"),
        serial=f"{certificate.serial_number:x}",
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        key=_told(lambda: describe_key(certificate), "?"),
        signature=_told(lambda: _signature(certificate), "?"),
        key_usage=_told(lambda: _listed(key_usage(certificate)), None),
        extended_key_usage=_told(lambda: _listed(extended_usage(certificate)), None),
        alternative_names=_told(lambda: alternative_names(certificate), {}),
        thumbprint=thumbprint(certificate),
        flaw=flaw(certificate),
    )


def flaw(certificate: x509.Certificate) -> str | None:
    """Why a certificate that OpenSSL may read cannot be read in full, or None when it can."""
    try:
        describe_key(certificate)
        _ = certificate.subject, certificate.issuer, certificate.extensions
    except UNREADABLE as error:
        return in_a_clause(error)
    return None


def public_key(certificate: x509.Certificate) -> CertificatePublicKeyTypes | None:
    """Its key, or None when it is of no known kind or cannot be read."""
    return _told(certificate.public_key, None)


def _told(read: Callable[[], _T], otherwise: _T) -> _T:
    try:
        return read()
    except UNREADABLE:
        return otherwise


def _signature(certificate: x509.Certificate) -> str:
    algorithm = certificate.signature_hash_algorithm
    return algorithm.name.upper() if algorithm else certificate.signature_algorithm_oid._name


def _listed(usages: str) -> tuple[str, ...] | None:
    return tuple(usages.split(", ")) if usages else None
