"""Revocation on the admin listener: the lists, the responder, the authorities' certificates, and the way to revoke.

    GET  /pki/<authority>.crl        its list in DER (RFC 5280 §4.2.1.13)
    GET  /pki/<authority>.cer, .pem  its certificate, in DER or PEM (RFC 5280 §4.2.2.1)
    POST /ocsp, GET /ocsp/<base64>   one certificate's status (RFC 6960 appendix A)
    POST /api/certificates/revoke    {"serial": …} or {"certificate": …}, and a reason

Refusals are problem details (RFC 9457), those of OCSP apart, which has its own.
"""

import json
import re
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mockpsc.clock import Clock
from mockpsc.errors import ConfigurationError, MockPscError, nearest
from mockpsc.pki.ocsp import OcspResponder
from mockpsc.pki.revocation import LARGEST_SERIAL, RevocationMode, make_crl

_MEMBERS = ("serial", "certificate", "reason")
_REASONS = {each.value: each for each in x509.ReasonFlags if each is not x509.ReasonFlags.remove_from_crl}
_SERIAL = re.compile(r"(?:0x)?([0-9a-f]{1,64})", re.IGNORECASE)
_FRESH = {"Cache-Control": "no-cache"}  # a revocation takes effect at once
_EFFECTS: Mapping[RevocationMode, str] = {
    "off": "None on handshakes: the mock does not check revocation. OCSP and the CRL say it from now on.",
    "crl": "From the next handshake on, the certificate is refused.",
    "stale": "None on handshakes: the mock's list is out of date, for which every certificate is refused already.",
    "missing": "None on handshakes: the mock has no list, for which every certificate is refused already.",
}

_EFFECT_ELSEWHERE = "None on the mock's handshakes, which check clients' certificates. OCSP and the list say it."

_Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True, eq=False)
class RevocationService:
    """What the routes need: a responder for each authority, by its name in the URLs, as `client-issuing`.

    A serial number is revoked by the first authority that knows it.
    """

    responders: Mapping[str, OcspResponder]
    clock: Clock
    mode: RevocationMode = "crl"

    @property
    def of_clients(self) -> str:
        """The name of the authority that issues the clients' certificates, the first."""
        return next(iter(self.responders))

    def crl(self, name: str) -> x509.CertificateRevocationList | None:
        """The list of an authority as the mode has it; KeyError when there is no such authority."""
        responder = self.responders[name]
        if self.mode == "missing":
            return None
        return make_crl(responder.authority, responder.revocations, clock=self.clock, stale=self.mode == "stale")

    def respond(self, request: bytes) -> bytes:
        """The OCSP response, by the responder of the authority that is asked about, or else by the first."""
        every = list(self.responders.values())
        return next((each for each in every if each.serves(request)), every[0]).respond(request)


def routes(service: RevocationService) -> list[Route]:
    """The routes of a service that has one authority at least."""

    async def crl(request: Request) -> Response:
        name = _authority(service, request)
        crl = service.crl(name)
        if crl is None:
            raise _Problem(404, f"The list of {name!r} is missing on purpose (revocation: missing).")
        return Response(crl.public_bytes(Encoding.DER), media_type="application/pkix-crl", headers=_FRESH)

    async def certificate(request: Request) -> Response:
        found = service.responders[_authority(service, request)].authority.certificate
        if request.url.path.endswith(".cer"):
            return Response(found.public_bytes(Encoding.DER), media_type="application/pkix-cert")
        return Response(found.public_bytes(Encoding.PEM), media_type="application/x-pem-file")

    async def ocsp(request: Request) -> Response:
        asked = await request.body() if request.method == "POST" else _decoded(request.path_params["request"])
        return Response(service.respond(asked), media_type="application/ocsp-response", headers=_FRESH)

    async def revoke(request: Request) -> Response:
        return JSONResponse(_revoke(service, await _members(request)))

    return [
        Route("/pki/{name}.crl", _explained(crl)),
        Route("/pki/{name}.cer", _explained(certificate)),
        Route("/pki/{name}.pem", _explained(certificate)),
        Route("/ocsp", _explained(ocsp), methods=["POST"]),
        Route("/ocsp/{request:path}", _explained(ocsp)),
        Route("/api/certificates/revoke", _explained(revoke), methods=["POST"]),
    ]


class _Problem(MockPscError):
    """A refusal: its HTTP status, and what to tell the person."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def _explained(handle: _Handler) -> _Handler:
    """The handler, with what it refuses as problem details."""

    async def explain(request: Request) -> Response:
        try:
            return await handle(request)
        except _Problem as problem:
            return _as_response(problem)
        except ConfigurationError as error:
            return _as_response(_Problem(500, str(error)))

    return explain


def _as_response(problem: _Problem) -> Response:
    body = {"title": HTTPStatus(problem.status).phrase, "status": problem.status, "detail": str(problem)}
    return JSONResponse(body, problem.status, media_type="application/problem+json")


def _authority(service: RevocationService, request: Request) -> str:
    name: str = request.path_params["name"]
    if name not in service.responders:
        known = ", ".join(service.responders)
        close = nearest(name, service.responders)
        raise _Problem(404, f"There is no authority {name!r}{close}: known are {known}.")
    return name


def _decoded(text: str) -> bytes:
    """The request of a GET, whose path has been percent-decoded; what is no base64 is an empty request: malformed."""
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return b""


async def _members(request: Request) -> dict[str, Any]:
    """The JSON object that was sent, of known members only.

    It must be sent as JSON, which a page in a browser cannot do to another origin without asking.
    """
    kind = request.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() != "application/json":
        received = repr(kind) if kind else "none"
        raise _Problem(415, f"The Content-Type was {received}: send application/json.")
    try:
        members = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise _Problem(400, f"The body cannot be read as JSON: {error}.") from error
    if not isinstance(members, dict):
        raise _bad(f"The body was a JSON {type(members).__name__}: send an object with 'serial' or 'certificate'.")
    for name in members:
        if name not in _MEMBERS:
            raise _bad(f"The member {name!r} is unknown{nearest(name, _MEMBERS)}: known are {', '.join(_MEMBERS)}.")
    return members


def _revoke(service: RevocationService, members: Mapping[str, Any]) -> dict[str, Any]:
    """Revoke what was named, and tell it."""
    reason = _reason(members.get("reason", "unspecified"))
    name, serial = _target(service, members)
    responder = service.responders[name]
    revocation = responder.revocations.revoke(serial, at=service.clock.today(), reason=reason)
    return {
        "serial": f"{revocation.serial:x}",
        "authority": name,
        "issuer": responder.authority.certificate.subject.rfc4514_string(),
        "revoked_at": revocation.at.isoformat(),
        "reason": revocation.reason.value,
        "mode": service.mode,
        "effect": _EFFECTS[service.mode] if name == service.of_clients else _EFFECT_ELSEWHERE,
    }


def _reason(value: Any) -> x509.ReasonFlags:
    if not isinstance(value, str) or value not in _REASONS:
        close = nearest(value, _REASONS) if isinstance(value, str) else ""
        raise _bad(f"The reason {value!r} is unknown{close}: known are {', '.join(_REASONS)} (RFC 5280 §5.3.1).")
    return _REASONS[value]


def _target(service: RevocationService, members: Mapping[str, Any]) -> tuple[str, int]:
    """The authority's name, and the serial number that it is to revoke."""
    named = [name for name in ("serial", "certificate") if name in members]
    if len(named) != 1:
        received = " and ".join(named) or "neither"
        raise _bad(f"One of 'serial' and 'certificate' was expected, and {received} came: send exactly one.")
    (kind,) = named
    if not isinstance(members[kind], str):
        raise _bad(f"{kind!r} was {members[kind]!r}, and a string was expected.")
    return _by_serial(service, members[kind]) if kind == "serial" else _by_certificate(service, members[kind])


def _by_serial(service: RevocationService, text: str) -> tuple[str, int]:
    match = _SERIAL.fullmatch(re.sub(r"[\s:]", "", text))
    if match is None:
        raise _bad(f"The serial number {text!r} is not hexadecimal: send it as 'openssl x509 -serial' prints it.")
    serial = _revocable(int(match[1], 16))
    for name, responder in service.responders.items():
        if responder.is_known(serial) or serial in responder.revocations.current.revoked:
            return name, serial
    raise _Problem(
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
    raise _Problem(
        404,
        f"The certificate was issued by {issuer}, and the mock can revoke only what its "
        f"own authorities ({', '.join(service.responders)}) have issued.",
    )


def _revocable(serial: int) -> int:
    if not 0 < serial <= LARGEST_SERIAL:
        raise _bad(f"The serial number {serial:x} cannot be on a list: it must be positive, and of 20 octets at most.")
    return serial


def _bad(detail: str) -> _Problem:
    return _Problem(400, detail)
