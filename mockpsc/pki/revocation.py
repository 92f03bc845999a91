"""Revocation: which serial numbers an authority has revoked, and how it says so, by a CRL or by OCSP.

`Revocations` is the registry of one authority. `make_crl` signs what is in it as a list (RFC 5280 §5), and an
`OcspResponder` answers for one certificate at a time (RFC 6960), or staples the answer to it (RFC 6066 §8).
`with_revocation_urls` writes into a certificate where both are to be had.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from mockpsc.clock import Clock
from mockpsc.errors import ConfigurationError
from mockpsc.pki.authority import Authority
from mockpsc.pki.build import TEST_ONLY, CertificateSpec
from mockpsc.pki.disk import locked, read, write
from mockpsc.pki.keys import new_key
from mockpsc.pki.names import make_dn

RevocationMode: TypeAlias = Literal["off", "crl", "stale", "missing"]
"""Whether the mock checks revocation, and by which list: a current one, one that is out of date, or none at all."""

LARGEST_SERIAL = 2**159 - 1
"""Twenty octets, the first bit of which is the sign (RFC 5280 §4.1.2.2)."""

CRL_LIFETIME = timedelta(hours=24)
OCSP_LIFETIME = timedelta(hours=1)  # Windows and Java ask no second time before that
RESPONDER_LIFETIME = timedelta(days=7)  # it cannot be revoked

_LARGEST_NONCE = 128  # RFC 9654 §2.1


@dataclass(frozen=True, kw_only=True)
class Revocation:
    """A serial number that was revoked, and when: an aware moment, in whole seconds."""

    serial: int
    at: datetime
    reason: x509.ReasonFlags = x509.ReasonFlags.unspecified


@dataclass(frozen=True, kw_only=True)
class RevocationList:
    """What is revoked, by serial number; `number` has grown with each change."""

    number: int = 0
    revoked: Mapping[int, Revocation] = field(default_factory=dict)

    def adding(self, revocation: Revocation) -> "RevocationList":
        """The next list, with one more."""
        return RevocationList(number=self.number + 1, revoked={**self.revoked, revocation.serial: revocation})


class Revocations:
    """The registry of one authority's revoked certificates: in a file, which mocks may share, or else in memory.

    Nothing leaves it: an expired certificate does no harm on a list.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path, self._list = path, RevocationList()
        self._stamp: tuple[int, ...] = ()

    @property
    def current(self) -> RevocationList:
        """What is revoked now, by this mock or by another; ConfigurationError when the file cannot be read."""
        if self._path and (stamp := _stamp(self._path)) != self._stamp:
            self._list = _parsed(self._path) if stamp else RevocationList()
            self._stamp = stamp
        return self._list

    @property
    def number(self) -> int:
        """How often the list has changed: a reader that remembers it knows when to look again."""
        return self.current.number

    def revoke(
        self, serial: int, *, at: datetime, reason: x509.ReasonFlags = x509.ReasonFlags.unspecified
    ) -> Revocation:
        """Revoke a serial number at an aware moment; one that is revoked already stays as it was.

        Raises ValueError for a serial number or a reason that no list can bear, and ConfigurationError when the file
        cannot be read or written.
        """
        if not 0 < serial <= LARGEST_SERIAL:
            raise ValueError(f"the serial number must be positive and of 20 octets at most, not {serial:x}")
        if reason is x509.ReasonFlags.remove_from_crl:
            raise ValueError("removeFromCRL is for delta lists (RFC 5280 §5.3.1)")
        revocation = Revocation(serial=serial, at=at.astimezone(UTC).replace(microsecond=0), reason=reason)
        try:
            with self._alone():
                if serial not in self.current.revoked:
                    self._keep(self.current.adding(revocation))
                return self._list.revoked[serial]
        except OSError as error:
            raise ConfigurationError(
                f"{self._path} cannot be written, so nothing was revoked: {error.strerror}. "
                "Let mockpsc write in that folder, or give it another one."
            ) from error

    def _alone(self) -> AbstractContextManager[None]:
        return locked(self._path.parent) if self._path else nullcontext()

    def _keep(self, changed: RevocationList) -> None:
        if self._path:
            write(self._path, _shown(changed), private=False)
        self._list = changed
        self._stamp = _stamp(self._path) if self._path else ()


def make_crl(
    authority: Authority, revocations: Revocations, *, clock: Clock, stale: bool = False
) -> x509.CertificateRevocationList:
    """The authority's list as of now, good for 24 hours; a stale one was made two days ago, and ended yesterday."""
    made = clock.today().replace(microsecond=0) - (2 * CRL_LIFETIME if stale else timedelta())
    current = revocations.current
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(made)
        .next_update(made + CRL_LIFETIME)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .add_extension(x509.CRLNumber(_crl_number(current.number, made)), critical=False)
    )
    for revocation in current.revoked.values():
        builder = builder.add_revoked_certificate(_entry(revocation))
    return builder.sign(authority.key, hashes.SHA256())


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
            _stated(revocation.reason) if revocation else None,
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
            other_extensions=(_extension(x509.OCSPNoCheck()),),
        )
        self._delegated = self.authority.issue(spec, self._key, clock=self._clock).certificate
        return self._delegated


def with_revocation_urls(spec: CertificateSpec, *, admin_url: str, authority: str) -> CertificateSpec:
    """The spec with where its issuer's certificate, its OCSP responder and its CRL are (RFC 5280 §4.2.1.13, §4.2.2.1).

    `authority` is the issuer's name on the admin listener, as `client-issuing`.
    """
    base = admin_url.rstrip("/")
    access = x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(AuthorityInformationAccessOID.OCSP, _uri(f"{base}/ocsp")),
            x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, _uri(f"{base}/pki/{authority}.cer")),
        ]
    )
    point = x509.DistributionPoint(
        full_name=[_uri(f"{base}/pki/{authority}.crl")], relative_name=None, reasons=None, crl_issuer=None
    )
    added = (_extension(access), _extension(x509.CRLDistributionPoints([point])))
    return replace(spec, other_extensions=(*spec.other_extensions, *added))


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


def _entry(revocation: Revocation) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(revocation.serial).revocation_date(revocation.at)
    reason = _stated(revocation.reason)
    return (builder.add_extension(x509.CRLReason(reason), critical=False) if reason else builder).build()


def _stated(reason: x509.ReasonFlags) -> x509.ReasonFlags | None:
    """The reason as it is written: one that says nothing is left out (RFC 5280 §5.3.1)."""
    return None if reason is x509.ReasonFlags.unspecified else reason


def _crl_number(changes: int, made: datetime) -> int:
    """A number that grows with each change, and with each second: lists of two moments must not share one (§5.2.3)."""
    return changes << 40 | int(made.timestamp())


def _extension(value: x509.ExtensionType) -> x509.Extension[x509.ExtensionType]:
    return x509.Extension(value.oid, False, value)


def _uri(text: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(text)


def _stamp(path: Path) -> tuple[int, ...]:
    """What tells one state of a file from the next, even within one tick of the disk's clock; empty if missing."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from error
    return found.st_mtime_ns, found.st_size, found.st_ino


def _shown(current: RevocationList) -> bytes:
    revoked = [
        {"serial": f"{each.serial:x}", "at": each.at.isoformat(), "reason": each.reason.value}
        for each in current.revoked.values()
    ]
    return (json.dumps({"number": current.number, "revoked": revoked}, indent=2) + "\n").encode()


def _parsed(path: Path) -> RevocationList:
    content = read(path)
    try:
        members = json.loads(content)
        revoked = [
            Revocation(
                serial=int(each["serial"], 16),
                at=datetime.fromisoformat(each["at"]),
                reason=x509.ReasonFlags(each["reason"]),
            )
            for each in members["revoked"]
        ]
        return RevocationList(number=int(members["number"]), revoked={each.serial: each for each in revoked})
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{path} does not hold revoked certificates as mockpsc writes them ({type(error).__name__}: {error}): "
            "delete it, and nothing is revoked."
        ) from error
