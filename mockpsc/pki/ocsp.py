"""The responder of an authority: it answers for one certificate at a time (RFC 6960), or staples the answer to it
(RFC 6066 §8), with a certificate that the authority has issued it for that (RFC 6960 §4.2.2.2)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from mockpsc.clock import Clock
from mockpsc.pki.authority import Authority
from mockpsc.pki.build import TEST_ONLY, CertificateSpec
from mockpsc.pki.keys import new_key
from mockpsc.pki.names import make_dn
from mockpsc.pki.revocation import Revocation, Revocations, stated_reason

OCSP_LIFETIME = timedelta(hours=1)  # Windows and Java ask no second time before that
RESPONDER_LIFETIME = timedelta(days=7)  # it cannot be revoked
_LARGEST_NONCE = 128  # RFC 9654 §2.1


class OcspResponder:
    """Answers for an authority's certificates (RFC 6960), by a key of its own that the authority has delegated to.

    `is_known` tells the serial numbers that the authority has issued: of others that are not revoked, nothing is known.
    """

    def __init__(
        self, authority: Authority, *, clock: Clock, revocations: Revocations, is_known: Callable[[int], bool]
    ) -> None:
        self.authority, self.revocations, self.is_known = authority, revocations, is_known
        self._clock, self._key = clock, new_key("ec")
        self._delegated: x509.Certificate | None = None

    def serves(self, request: bytes) -> bool:
        """Whether a request in DER asks for a certificate of this authority."""
        try:
            return self._has_issued(_read_request(request))
        except _MalformedRequest:
            return False

    def respond(self, request: bytes) -> bytes:
        """The response in DER to a request in DER, whatever it holds, with the request's nonce.

        Raises ConfigurationError when the file of the revocations cannot be read.
        """
        try:
            return self._answer(_read_request(request))
        except _MalformedRequest:
            return _unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)

    def staple(self, certificate: x509.Certificate) -> bytes:
        """The response in DER that says how a certificate of this authority is; ValueError if it is another's.

        It is good for an hour. Raises ConfigurationError as `respond` does.
        """
        if not self.is_issuer_of(certificate):
            raise ValueError(f"{certificate.subject.rfc4514_string()} is not a certificate of this authority")
        # SHA-1 is what OpenSSL's clients expect there.
        return self._answer(_question_about(certificate, self.authority.certificate, hashes.SHA1()))

    def is_issuer_of(self, certificate: x509.Certificate) -> bool:
        """Whether a certificate has this authority as its issuer, by name: its signature may be broken on purpose."""
        return certificate.issuer == self.authority.certificate.subject

    def _answer(self, question: "_Question") -> bytes:
        status, revocation = self._status(question)
        now, signer = self._clock.today().replace(microsecond=0), self._signer()
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            question.issuer_name_hash,
            question.issuer_key_hash,
            question.serial,
            question.algorithm,
            status,
            now,
            now + OCSP_LIFETIME,
            revocation.at if revocation else None,
            stated_reason(revocation.reason) if revocation else None,
        )
        if question.nonce:
            builder = builder.add_extension(question.nonce, critical=False)
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer).certificates([signer])
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)

    def _status(self, question: "_Question") -> tuple[ocsp.OCSPCertStatus, Revocation | None]:
        if not self._has_issued(question):
            return ocsp.OCSPCertStatus.UNKNOWN, None
        if revocation := self.revocations.current.revoked.get(question.serial):
            return ocsp.OCSPCertStatus.REVOKED, revocation
        known = self.is_known(question.serial)
        return ocsp.OCSPCertStatus.GOOD if known else ocsp.OCSPCertStatus.UNKNOWN, None

    def _has_issued(self, question: "_Question") -> bool:
        own = _question_about(self._signer(), self.authority.certificate, question.algorithm)
        return (question.issuer_name_hash, question.issuer_key_hash) == (own.issuer_name_hash, own.issuer_key_hash)

    def _signer(self) -> x509.Certificate:
        """The responder's certificate, which outlasts what it signs now."""
        now, kept = self._clock.today(), self._delegated
        if kept and kept.not_valid_before_utc <= now <= kept.not_valid_after_utc - OCSP_LIFETIME:
            return kept
        spec = CertificateSpec(
            subject=make_dn(("O", "MOCKPSC TEST"), ("OU", TEST_ONLY), ("CN", "MOCKPSC TEST OCSP RESPONDER")),
            public_key=self._key.public_key(),
            lifetime=RESPONDER_LIFETIME,
            key_usage=("digital_signature",),
            extended_key_usage=(ExtendedKeyUsageOID.OCSP_SIGNING,),
            other_extensions=(x509.Extension(x509.OCSPNoCheck.oid, False, x509.OCSPNoCheck()),),
        )
        self._delegated = self.authority.issue(spec, self._key, clock=self._clock).certificate
        return self._delegated


class _MalformedRequest(ValueError):
    """What came is no OCSP request for one certificate."""


@dataclass(frozen=True, kw_only=True)
class _Question:
    """What a request asks: a serial number and its issuer, as hashes; the nonce to be repeated."""

    serial: int
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    algorithm: hashes.HashAlgorithm
    nonce: x509.OCSPNonce | None = None


def _question_about(
    certificate: x509.Certificate, issuer: x509.Certificate, algorithm: hashes.HashAlgorithm
) -> _Question:
    return _as_question(ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, algorithm).build())


def _read_request(der: bytes) -> _Question:
    """What a request asks; one for several certificates is malformed here, as responders may hold (RFC 5019 §2.1.1)."""
    try:
        question = _as_question(ocsp.load_der_ocsp_request(der))
    except (ValueError, TypeError, NotImplementedError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        raise _MalformedRequest(str(error)) from error
    sizes = {len(question.issuer_name_hash), len(question.issuer_key_hash)}
    if question.serial < 0 or sizes != {question.algorithm.digest_size}:
        raise _MalformedRequest("a negative serial number, or hashes that are not of their algorithm's size")
    if question.nonce and not 0 < len(question.nonce.nonce) <= _LARGEST_NONCE:
        raise _MalformedRequest("a nonce that is too short or too long")
    return question


def _as_question(request: ocsp.OCSPRequest) -> _Question:
    nonces = (each.value for each in request.extensions)
    return _Question(
        serial=request.serial_number,
        issuer_name_hash=request.issuer_name_hash,
        issuer_key_hash=request.issuer_key_hash,
        algorithm=request.hash_algorithm,
        nonce=next((each for each in nonces if isinstance(each, x509.OCSPNonce)), None),
    )


def _unsuccessful(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
