"""By what the mock judges its clients' certificates: the TLS profile of the issuer, made from settings and a PKI."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography import x509

from mockpsc.admin.revocation import RevocationService
from mockpsc.clients import Clients
from mockpsc.clock import Clock
from mockpsc.errors import ConfigurationError
from mockpsc.judgement import Verdict, judge_chain, missing
from mockpsc.pki import Bundle, Pki, load_bundle, load_certificates
from mockpsc.pki.ocsp import OcspResponder
from mockpsc.pki.revocation import RevocationMode, Revocations
from mockpsc.settings import Settings
from mockpsc.tls import ClientHello, TlsProfile, TlsVersion, examine

_VERSIONS = {"1.2": TlsVersion.TLS1_2, "1.3": TlsVersion.TLS1_3}

Enforce = Callable[[x509.Certificate | None], bool]


def issuer_profile(
    settings: Settings, pki: Pki, clients: Clients, *, revocation: RevocationService, enforce: Enforce
) -> TlsProfile:
    """How the issuer speaks TLS. `enforce` says whether a bad certificate is refused in the handshake."""
    server = _server_certificate(settings, pki)
    registered = [certificate for client in clients for certificate in client.registration.certificates]
    own = load_certificates(settings.client_ca) if settings.client_ca else ()
    announce = {"own": None, "none": (), "wrong": (pki.server_root,)}  # which no client's certificate comes from
    return TlsProfile(
        certificate=server.certificate,
        key=server.key,
        issuers=server.issuers,
        versions=(_VERSIONS[settings.tls_min], _VERSIONS[settings.tls_max]),
        client_auth=settings.client_cert,
        enforce=enforce,
        anchors=(*pki.client_anchors, *own, *registered),
        announce=announce[settings.announce_ca],
        intermediates=load_certificates(settings.known_ca) if settings.known_ca else (),
        revocation=None if revocation.mode == "off" else _ClientLists(revocation),
        staple=_staple(revocation, server) if server is pki.server else None,
    )


class Profiles:
    """How the listeners speak TLS: the issuer's profile, made again when a client was added or removed, and the same
    without a request for a certificate."""

    def __init__(self, make: Callable[[], TlsProfile], clients: Clients) -> None:
        self._make = make
        self._made_again()
        clients.on_change.append(self._made_again)

    def chooser(self, listener: str, *, wallet_host: str | None) -> Callable[[ClientHello], TlsProfile]:
        """Whether a connection is asked for a certificate: never on the wallet, which is known by its listener, or by
        the server name of the ClientHello (RFC 6066 §3) where it shares a port with the issuer."""

        def choose(hello: ClientHello) -> TlsProfile:
            is_wallet = listener == "wallet" or (wallet_host is not None and hello.server_name == wallet_host)
            return self.anonymous if is_wallet else self.requesting

        return choose

    def _made_again(self) -> None:
        self.requesting = self._make()
        self.anonymous = replace(self.requesting, client_auth="none")


def judge(chain: Sequence[x509.Certificate], profile: TlsProfile, clock: Clock) -> Verdict | None:
    """The verdict on a chain that did not come through a handshake, the client's own certificate first."""
    trust = profile.trust(clock.today())
    if not chain:
        return missing(trust) if profile.client_auth == "require" else None
    return judge_chain(examine(chain, profile, now=clock.now()), trust)


def revocation_service(pki: Pki, *, clock: Clock, mode: RevocationMode) -> RevocationService:
    """What was revoked by each authority of a PKI; it is remembered in the PKI's folder."""

    def responder(name: str) -> OcspResponder:
        return OcspResponder(
            pki.authorities[name],
            clock=clock,
            revocations=Revocations(pki.files.authority(name).cert.with_name(f"{name}-revoked.json")),
            is_known=lambda serial: serial in _issued(pki, name),
        )

    return RevocationService(responders={name: responder(name) for name in pki.authorities}, clock=clock, mode=mode)


def _issued(pki: Pki, name: str) -> set[int]:
    """The serial numbers of the certificates in a PKI's folder that an authority has issued."""
    issuer = pki.authorities[name].certificate.subject
    found = (each for file in pki.files.folder.rglob("*.pem") if "key" not in file.name for each in _read(file))
    return {each.serial_number for each in found if each.issuer == issuer}


def _read(file: Path) -> tuple[x509.Certificate, ...]:
    try:
        return load_certificates(file)
    except ConfigurationError:  # a file of somebody else's
        return ()


@dataclass(frozen=True)
class _ClientLists:
    """The lists that clients' certificates are checked against."""

    _service: RevocationService
    _made: dict[tuple[int, int], Sequence[x509.CertificateRevocationList]] = field(default_factory=dict)

    @property
    def number(self) -> int:
        return self._service.responders["client-issuing"].revocations.number

    @property
    def required(self) -> bool:
        return self._service.mode == "missing"

    def lists(self) -> Sequence[x509.CertificateRevocationList]:
        """The list, made again when something was revoked, and every ten minutes, of the day that it is good for."""
        key = self.number, int(self._service.clock.now() // 600)
        if key not in self._made:
            self._made.clear()
            crl = self._service.crl("client-issuing")
            self._made[key] = [] if crl is None else [crl]
        return self._made[key]


def _staple(revocation: RevocationService, server: Bundle) -> Callable[[], bytes]:
    return lambda: revocation.responders["server-root"].staple(server.certificate)


def _server_certificate(settings: Settings, pki: Pki) -> Bundle:
    if settings.server_cert is None or settings.server_key_file is None:
        return pki.server
    return load_bundle(settings.server_cert, settings.server_key_file)
