"""Revocation on the admin listener: the lists, the responder, and the authorities' certificates.

    GET  /pki/<authority>.crl        its list in DER (RFC 5280 §4.2.1.13)
    GET  /pki/<authority>.cer, .pem  its certificate, in DER or PEM (RFC 5280 §4.2.2.1)
    POST /ocsp, GET /ocsp/<base64>   one certificate's status (RFC 6960 appendix A)

Refusals are problem details (RFC 9457), those of OCSP apart, which has its own.
"""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mockpsc.admin.api.problems import Problem
from mockpsc.admin.api.reading import bounded
from mockpsc.clock import Clock
from mockpsc.errors import nearest
from mockpsc.pki.ocsp import OcspResponder
from mockpsc.pki.revocation import Revocation, RevocationMode, make_crl

_FRESH = {"Cache-Control": "no-cache"}  # a revocation takes effect at once
_LARGEST_OCSP = 16 * 1024
"""Bytes: a request about one certificate has some hundred, and whoever asks is not asked for the token."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RevocationService:
    """What the routes need: a responder for each authority, by its name in the URLs, as `client-issuing`.

    A serial number is revoked by the first authority that knows it. `undoable` are those that were revoked here since
    the start or the last reset, each with the authority's name.
    """

    responders: Mapping[str, OcspResponder]
    clock: Clock
    mode: RevocationMode = "crl"
    undoable: set[tuple[str, int]] = field(default_factory=set)

    @property
    def of_clients(self) -> str:
        """The name of the authority that issues the clients' certificates, the first."""
        return next(iter(self.responders))

    def revoke(self, name: str, serial: int, reason: x509.ReasonFlags) -> Revocation:
        """Have an authority revoke a serial number; one that is revoked already stays as it was."""
        registry = self.responders[name].revocations
        if serial not in registry.current.revoked:
            self.undoable.add((name, serial))
        return registry.revoke(serial, at=self.clock.today(), reason=reason)

    def reinstate(self, name: str, serial: int) -> Revocation | None:
        """Take a revocation back: what it was, None if there was none."""
        self.undoable.discard((name, serial))
        return self.responders[name].revocations.reinstate(serial)

    def reset(self) -> None:
        """Take back what was revoked here since the start or the last reset."""
        for name, serial in list(self.undoable):
            self.reinstate(name, serial)

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
            raise Problem(404, f"The list of {name!r} is missing on purpose (revocation: missing).")
        return Response(crl.public_bytes(Encoding.DER), media_type="application/pkix-crl", headers=_FRESH)

    async def certificate(request: Request) -> Response:
        found = service.responders[_authority(service, request)].authority.certificate
        if request.url.path.endswith(".cer"):
            return Response(found.public_bytes(Encoding.DER), media_type="application/pkix-cert")
        return Response(found.public_bytes(Encoding.PEM), media_type="application/x-pem-file")

    async def ocsp(request: Request) -> Response:
        is_post = request.method == "POST"
        asked = await bounded(request, _LARGEST_OCSP) if is_post else _decoded(request.path_params["request"])
        return Response(service.respond(asked), media_type="application/ocsp-response", headers=_FRESH)

    return [
        Route("/pki/{name}.crl", crl),
        Route("/pki/{name}.cer", certificate),
        Route("/pki/{name}.pem", certificate),
        Route("/ocsp", ocsp, methods=["POST"]),
        Route("/ocsp/{request:path}", ocsp),
    ]


def _authority(service: RevocationService, request: Request) -> str:
    name: str = request.path_params["name"]
    if name not in service.responders:
        known = ", ".join(service.responders)
        close = nearest(name, service.responders)
        raise Problem(404, f"There is no authority {name!r}{close}: known are {known}.")
    return name


def _decoded(text: str) -> bytes:
    """The request of a GET, whose path has been percent-decoded; what is no base64 is an empty request: malformed."""
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return b""
