"""Revocation: which serial numbers an authority has revoked, and how it says so in a list (RFC 5280 §5).

`Revocations` is the registry of one authority, and `make_crl` signs what is in it. `with_revocation_urls` writes into a
certificate where the list is to be had, and the responder of `ocsp`.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import AuthorityInformationAccessOID

from mockpsc.clock import Clock
from mockpsc.errors import ConfigurationError
from mockpsc.pki.authority import Authority
from mockpsc.pki.build import BACKDATE, CertificateSpec
from mockpsc.pki.disk import locked, read, write

RevocationMode: TypeAlias = Literal["off", "crl", "stale", "missing"]
"""Whether the mock checks revocation, and by which list: a current one, one that is out of date, or none at all."""

LARGEST_SERIAL = 2**159 - 1
"""Twenty octets, the first bit of which is the sign (RFC 5280 §4.1.2.2)."""

CRL_LIFETIME = timedelta(hours=24)


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

    def without(self, serial: int) -> "RevocationList":
        """The next list, with one less."""
        revoked = {each: revocation for each, revocation in self.revoked.items() if each != serial}
        return RevocationList(number=self.number + 1, revoked=revoked)


class Revocations:
    """The registry of one authority's revoked certificates: in a file, which mocks may share, or else in memory.

    Nothing leaves it by itself: an expired certificate does no harm on a list.
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
        with self._alone():
            if serial not in self.current.revoked:
                self._keep(self.current.adding(revocation))
            return self._list.revoked[serial]

    def reinstate(self, serial: int) -> Revocation | None:
        """Take a revocation back, as no authority should but one of tests: what it was, None if there was none.

        Raises ConfigurationError when the file cannot be read or written.
        """
        with self._alone():
            revocation = self.current.revoked.get(serial)
            if revocation is not None:
                self._keep(self.current.without(serial))
            return revocation

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            with locked(self._path.parent) if self._path else nullcontext():
                yield
        except OSError as error:
            raise ConfigurationError(
                f"{self._path} cannot be written, so nothing was changed: {error.strerror}. "
                "Let mockpsc write in that folder, or give it another one."
            ) from error

    def _keep(self, changed: RevocationList) -> None:
        if self._path:
            write(self._path, _shown(changed), private=False)
        self._list = changed
        self._stamp = _stamp(self._path) if self._path else ()


def make_crl(
    authority: Authority, revocations: Revocations, *, clock: Clock, stale: bool = False
) -> x509.CertificateRevocationList:
    """The authority's list, good for 24 hours from an hour ago on, for those whose clock is behind; a stale one was
    made two days before that, and has ended."""
    made = clock.today().replace(microsecond=0) - BACKDATE - (2 * CRL_LIFETIME if stale else timedelta())
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


def _entry(revocation: Revocation) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(revocation.serial).revocation_date(revocation.at)
    reason = stated_reason(revocation.reason)
    return (builder.add_extension(x509.CRLReason(reason), critical=False) if reason else builder).build()


def stated_reason(reason: x509.ReasonFlags) -> x509.ReasonFlags | None:
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
