"""Judges a client's certificate chain by what OpenSSL found wrong with it (the categories of RFC 5280 §6.1). Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from mockpsc.judgement.verdict import Language, Verdict, reasons, verdict
from mockpsc.pki import UNREADABLE, show_dn

# OpenSSL has one finding for several mistakes: it looked for the issuer of a certificate, and did not find it.
_NO_ISSUER = frozenset({2, 20, 21})
_BAD_SIGNATURE = 7
_EXPIRED = 10
# Without a chain there is no list either: these come along with `_NO_ISSUER` and with self-signed certificates.
_CRL_MISSING = 3
_NO_TRUST = frozenset({18, 19, *_NO_ISSUER})


@dataclass(frozen=True, kw_only=True)
class VerificationError:
    """What OpenSSL found wrong with a certificate of the client's chain, which `depth` counts from the client's own, 0.

    `code` is an X509_V_ERR_* of openssl/x509_vfy.h, where the numbers do not change. `certificate` is None when it is
    so malformed that cryptography cannot read it.
    """

    code: int
    depth: int
    certificate: x509.Certificate | None


@dataclass(frozen=True, kw_only=True)
class Trust:
    """What a chain is judged by: the time of OpenSSL's judgement, the certificates that are trusted, and authorities
    that are known without being trusted (they tell a chain that lacks one from a chain that leads elsewhere)."""

    now: datetime
    anchors: Sequence[x509.Certificate] = ()
    known: Sequence[x509.Certificate] = ()


def judge_chain(errors: Iterable[VerificationError], trust: Trust) -> Verdict | None:
    """The verdict on a chain with these errors, by the first that matters; None when there is none."""
    found = list(errors)
    if any(error.code in _NO_TRUST for error in found):
        found = [error for error in found if error.code != _CRL_MISSING]
    return judge_error(found[0], trust) if found else None


def judge_error(error: VerificationError, trust: Trust) -> Verdict:
    """The verdict on one error."""
    if error.certificate is None:
        return malformed(f"at depth {error.depth}")
    try:
        facts = {language: _facts(error, error.certificate, trust, language) for language in ("en", "fr")}
        return verdict(_reason(error, error.certificate, trust), en=facts["en"], fr=facts["fr"])
    except UNREADABLE as flaw:
        return malformed(str(flaw))


def malformed(detail: str) -> Verdict:
    """The verdict on a certificate that OpenSSL could read, perhaps even verify, and cryptography cannot."""
    return verdict("malformed", en={"detail": detail}, fr={"detail": detail})


def missing(trust: Trust) -> Verdict:
    """The verdict on a client that presented nothing."""
    return verdict("missing", en={"trusted": _trusted(trust, "en")}, fr={"trusted": _trusted(trust, "fr")})


def _reason(error: VerificationError, certificate: x509.Certificate, trust: Trust) -> str:
    if error.code in _NO_ISSUER | {_BAD_SIGNATURE} and _is_impostor(certificate, trust):
        return "impostor_ca"
    if error.code in _NO_ISSUER and certificate.issuer in {known.subject for known in trust.known}:
        return "incomplete_chain"
    if error.code == _EXPIRED and error.depth > 0:
        return "expired_issuer"
    return next((reason.code for reason in reasons().values() if error.code in reason.codes), "invalid")


def _is_impostor(certificate: x509.Certificate, trust: Trust) -> bool:
    """Whether the issuer has a trusted authority's name and, as far as is told, another key (RFC 5280 §4.2.1.1)."""
    named = [anchor for anchor in trust.anchors if anchor.subject == certificate.issuer]
    told = _key_identifier(certificate)
    return bool(named) and (told is None or told not in {_own_key_identifier(anchor) for anchor in named})


def _key_identifier(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        return None


def _own_key_identifier(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _facts(
    error: VerificationError, certificate: x509.Certificate, trust: Trust, language: Language
) -> Mapping[str, object]:
    """What the wordings can say of a certificate. Raises one of `UNREADABLE`."""
    return {
        "who": _who(certificate, error.depth, language),
        "subject": show_dn(certificate.subject),
        "issuer": show_dn(certificate.issuer),
        "serial": f"{certificate.serial_number:x}",
        "since": f"{certificate.not_valid_before_utc:%Y-%m-%d %H:%M:%S} UTC",
        "until": f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M:%S} UTC",
        "now": f"{trust.now:%Y-%m-%d %H:%M:%S} UTC",
        "trusted": _trusted(trust, language),
        "extended_usage": extended_usage(certificate) or _ABSENT[language],
        "usage": key_usage(certificate) or _ABSENT[language],
        "hash": _hash(certificate),
        "key": describe_key(certificate),
        "code": error.code,
        "detail": f"OpenSSL's error {error.code}",
    }


_ABSENT: Mapping[Language, str] = {"en": "(absent)", "fr": "(absent)"}


def _who(certificate: x509.Certificate, depth: int, language: Language) -> str:
    subject = show_dn(certificate.subject)
    if language == "fr":
        return (
            f"Le certificat du client, {subject},"
            if depth == 0
            else f"Le certificat {subject}, de l’autorité n° {depth},"
        )
    return (
        f"The client's certificate {subject}" if depth == 0 else f"The certificate {subject}, of authority no. {depth},"
    )


def _trusted(trust: Trust, language: Language) -> str:
    names = dict.fromkeys(show_dn(anchor.subject) for anchor in trust.anchors)
    either = {"en": " or ", "fr": " ou "}[language]
    return (
        either.join(names) or {"en": "nobody (no authority is trusted)", "fr": "personne (aucune autorité)"}[language]
    )


def _hash(certificate: x509.Certificate) -> str:
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return certificate.signature_algorithm_oid.dotted_string
    return algorithm.name.upper() if algorithm else "no hash"


def describe_key(certificate: x509.Certificate) -> str:
    """The kind and the strength of the public key, such as `RSA 2048` or `EC secp256r1`; else its algorithm's OID."""
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return certificate.public_key_algorithm_oid.dotted_string
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    return type(key).__name__.removesuffix("PublicKey")


_USAGES = {
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    ExtendedKeyUsageOID.CODE_SIGNING: "codeSigning",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "emailProtection",
    ExtendedKeyUsageOID.TIME_STAMPING: "timeStamping",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSPSigning",
    ExtendedKeyUsageOID.SMARTCARD_LOGON: "smartcardLogon",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "anyExtendedKeyUsage",
}


def extended_usage(certificate: x509.Certificate) -> str:
    """The extended key usages by name, or nothing when the extension is absent."""
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return ""
    return ", ".join(_USAGES.get(usage, usage.dotted_string) for usage in usages)


_BITS = {
    "digital_signature": "digitalSignature",
    "content_commitment": "nonRepudiation",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
}


def key_usage(certificate: x509.Certificate) -> str:
    """The key usages by name, or nothing when the extension is absent."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return ""
    return ", ".join(name for attribute, name in _BITS.items() if getattr(usage, attribute))
