"""Revoking a certificate, and taking that back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from mockpsc.admin.api import Operation, Problem
from mockpsc.admin.control import Control
from mockpsc.admin.revocation import RevocationService
from mockpsc.members import member
from mockpsc.pki.revocation import LARGEST_SERIAL, Revocation, RevocationMode

_REASONS = {each.value: each for each in x509.ReasonFlags if each is not x509.ReasonFlags.remove_from_crl}
_SERIAL = re.compile(r"(?:0x)?([0-9a-f]{1,64})", re.IGNORECASE)
_EFFECTS: Mapping[RevocationMode, str] = {
    "off": "None on handshakes: the mock does not check revocation. OCSP and the CRL say it from now on.",
    "crl": "From the next handshake on, the certificate is refused.",
    "stale": "None on handshakes: the mock's list is out of date, for which every certificate is refused already.",
    "missing": "None on handshakes: the mock has no list, for which every certificate is refused already.",
}
_EFFECT_ELSEWHERE = "None on the mock's handshakes, which check clients' certificates. OCSP and the list say it."


@dataclass(frozen=True, kw_only=True)
class CertificateBody:
    """Which certificate, by one of the two."""

    serial: str | None = member(None, "Its serial number in hexadecimal, as `openssl x509 -serial` prints it.")
    certificate: str | None = member(None, "The certificate itself, in PEM.")


@dataclass(frozen=True, kw_only=True)
class RevokeBody(CertificateBody):
    """Which certificate to revoke, and why."""

    reason: str = member("unspecified", "Why (RFC 5280 §5.3.1).", choices=tuple(_REASONS))


def _revoke(control: Control, body: RevokeBody) -> dict[str, Any]:
    """Revoke what was named, and tell it."""
    service = control.revocation
    name, serial = _target(service, body)
    revocation = service.revoke(name, serial, _REASONS[body.reason])
    return _as_json(service, name, revocation) | {
        "mode": service.mode,
        "effect": _EFFECTS[service.mode] if name == service.of_clients else _EFFECT_ELSEWHERE,
    }


def _reinstate(control: Control, body: CertificateBody) -> dict[str, Any]:
    """Take the revocation of what was named back, and tell it."""
    service = control.revocation
    name, serial = _target(service, body)
    revocation = service.reinstate(name, serial)
    if revocation is None:
        raise Problem(404, f"The certificate {serial:x} of {name} is not revoked, so there is nothing to take back.")
    return _as_json(service, name, revocation)


def _as_json(service: RevocationService, name: str, revocation: Revocation) -> dict[str, Any]:
    return {
        "serial": f"{revocation.serial:x}",
        "authority": name,
        "issuer": service.responders[name].authority.certificate.subject.rfc4514_string(),
        "revoked_at": revocation.at.isoformat(),
        "reason": revocation.reason.value,
    }


def _target(service: RevocationService, body: CertificateBody) -> tuple[str, int]:
    """The authority's name, and the serial number that is meant."""
    if body.serial is not None and body.certificate is None:
        return _by_serial(service, body.serial)
    if body.certificate is not None and body.serial is None:
        return _by_certificate(service, body.certificate)
    received = "neither" if body.serial is None else "serial and certificate"
    raise _bad(f"One of 'serial' and 'certificate' was expected, and {received} came: send exactly one.")


def _by_serial(service: RevocationService, text: str) -> tuple[str, int]:
    match = _SERIAL.fullmatch(re.sub(r"[\s:]", "", text))
    if match is None:
        raise _bad(f"The serial number {text!r} is not hexadecimal: send it as 'openssl x509 -serial' prints it.")
    serial = _revocable(int(match[1], 16))
    for name, responder in service.responders.items():
        if responder.is_known(serial) or serial in responder.revocations.current.revoked:
            return name, serial
    raise Problem(
        404,
        f"No authority of the mock has issued a certificate of serial number {serial:x} that it knows: "
        "send the certificate itself, as PEM, in 'certificate'.",
    )


def _by_certificate(service: RevocationService, text: str) -> tuple[str, int]:
    try:
        certificate = x509.load_pem_x509_certificate(text.encode())
        serial, issuer = certificate.serial_number, certificate.issuer.rfc4514_string()
    except ValueError as error:
        raise _bad(f"'certificate' cannot be read as a certificate in PEM: {error}.") from error
    for name, responder in service.responders.items():
        if responder.is_issuer_of(certificate):
            return name, _revocable(serial)
    raise Problem(
        404,
        f"The certificate was issued by {issuer}, and the mock can revoke only what its "
        f"own authorities ({', '.join(service.responders)}) have issued.",
    )


def _revocable(serial: int) -> int:
    if not 0 < serial <= LARGEST_SERIAL:
        raise _bad(f"The serial number {serial:x} cannot be on a list: it must be positive, and of 20 octets at most.")
    return serial


def _bad(detail: str) -> Problem:
    return Problem(400, detail)


OPERATIONS = (
    Operation(
        method="POST",
        path="/api/certificates/revoke",
        summary="Revoke a certificate that an authority of the mock's has issued, until the mock is reset.",
        answer="What was revoked, by which authority, and what effect that has.",
        function=_revoke,
        body=RevokeBody,
        example={"serial": "5f3a…", "reason": "keyCompromise"},
    ),
    Operation(
        method="POST",
        path="/api/certificates/reinstate",
        summary="Take the revocation of a certificate back.",
        answer="What was revoked, by which authority, when and why.",
        function=_reinstate,
        body=CertificateBody,
        example={"serial": "5f3a…"},
    ),
)
