"""How to speak TLS on a connection, as a value, and the OpenSSL context that it stands for.

A profile is chosen after the ClientHello has been read, so that all of it can depend on the host name, the versions and
the request for a certificate included. No session is ever resumed: every connection is verified, and shows its chain.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal, Protocol, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL, crypto

from mockpsc.errors import ConfigurationError
from mockpsc.judgement import Trust
from mockpsc.tls.hello import TlsVersion
from mockpsc.tls.verify import Enforce, Findings, Watch

PrivateKey: TypeAlias = (
    ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
)


_CRL_MISSING = 3  # X509_V_ERR_UNABLE_TO_GET_CRL


class RevocationLists(Protocol):
    """What was revoked. Unless lists are `required`, an authority that has none is not asked for one: a user's own."""

    @property
    def number(self) -> int:
        """Another one whenever something was revoked."""

    @property
    def required(self) -> bool:
        """Whether a certificate is refused when its issuer has no list."""

    def lists(self) -> Sequence[x509.CertificateRevocationList]:
        """The lists as they are now."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TlsProfile:
    """How to speak TLS on a connection. Raises ConfigurationError for what could not work.

    `issuers` are sent after the certificate, its issuer first. `client_auth` says whether a client's certificate is
    asked for, and whether one is required. One that does not lead to an anchor, or is not valid, or a required one that
    is missing, is refused in the handshake if `enforce` says so for the client's own certificate (None: missing, or
    unreadable), and otherwise let through for HTTP to refuse. `announce` are the authorities whose names are in the
    request, by which Java, .NET and browsers choose what they send: the anchors when it is None.
    `intermediates` are not trusted: they only tell a chain that lacks one of them from one that leads elsewhere.
    `revocation` has the lists to go by, if any are. `staple` makes an OCSP response on the server's own certificate
    (RFC 6066 §8), in DER. `versions` are the lowest and the highest that are spoken; `ciphers` is an OpenSSL cipher
    string for the versions up to 1.2, `suites` one for TLS 1.3 (None: OpenSSL's own). A `weak` profile may do what
    OpenSSL refuses by default: small keys, SHA-1.
    """

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)
    issuers: tuple[x509.Certificate, ...] = ()
    client_auth: Literal["none", "request", "require"] = "none"
    enforce: Enforce = field(default=lambda _: True, repr=False)
    anchors: tuple[x509.Certificate, ...] = ()
    announce: tuple[x509.Certificate, ...] | None = None
    intermediates: tuple[x509.Certificate, ...] = ()
    revocation: RevocationLists | None = None
    staple: Callable[[], bytes] | None = None
    versions: tuple[TlsVersion, TlsVersion] = (TlsVersion.TLS1_2, TlsVersion.TLS1_3)
    ciphers: str = "DEFAULT"
    suites: str | None = None
    weak: bool = False
    _contexts: dict[tuple[int, int], SSL.Context] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.key.public_key() != self.certificate.public_key():
            subject = self.certificate.subject.rfc4514_string()
            raise ConfigurationError(
                f"The private key is not that of the certificate {subject}: give the two that belong together."
            )
        if self.versions[0] > self.versions[1]:
            raise ConfigurationError(
                f"TLS versions from {self.versions[0]} to {self.versions[1]}: give the lower one first."
            )

    @cached_property
    def certificate_pem(self) -> str:
        """The certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def trust(self, now: datetime) -> Trust:
        """What clients' chains are judged by at an aware moment."""
        return Trust(now=now, anchors=self.anchors, known=self.intermediates)

    def require_usable(self, now: float) -> None:
        """Raise ConfigurationError when OpenSSL would not serve with this certificate: its key may be too weak."""
        try:
            self.context(now)
        except SSL.Error as error:
            subject, why = self.certificate.subject.rfc4514_string(), reasons_of(error)
            raise ConfigurationError(
                f"OpenSSL will not serve with the certificate {subject} ({why}): "
                "give one that has RSA of 2048 bits, EC P-256, or more."
            ) from None

    def context(self, now: float) -> SSL.Context:
        """OpenSSL's context, which judges certificates as of `now`, in seconds since the epoch.

        A store of OpenSSL's takes its time once and ignores it afterwards, so a context that verifies serves for one
        second. Building one takes less than a handshake.
        """
        moment = int(now) if self.client_auth != "none" else 0
        key = moment, self.revocation.number if self.revocation else 0
        if key not in self._contexts:
            self._contexts.clear()
            self._contexts[key] = self._build(datetime.fromtimestamp(moment, UTC))
        return self._contexts[key]

    @cached_property
    def _watch(self) -> Watch:
        """OpenSSL calls it as long as there are connections, which refer to their profile."""
        tolerated = () if self.revocation is None or self.revocation.required else (_CRL_MISSING,)
        return Watch(self.enforce, tolerated=tolerated)

    def _build(self, moment: datetime) -> SSL.Context:
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        lowest, highest = self.versions
        context.set_min_proto_version(lowest)
        context.set_max_proto_version(highest)
        if self.weak or lowest < TlsVersion.TLS1_2:  # whose signatures are SHA-1
            context.set_cipher_list(f"{self.ciphers}:@SECLEVEL=0".encode())
        elif self.ciphers != "DEFAULT":
            context.set_cipher_list(self.ciphers.encode())
        if self.suites is not None:
            context.set_tls13_ciphersuites(self.suites.encode())
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION)
        context.use_certificate(self.certificate)
        context.use_privatekey(self.key)
        for issuer in self.issuers:
            context.add_extra_chain_cert(issuer)
        context.set_alpn_select_callback(_select_protocol)
        context.set_info_callback(_note_alert)
        if self.staple is not None:
            staple = self.staple
            context.set_ocsp_server_callback(lambda *_: staple())
        if self.client_auth != "none":
            self._request_certificate(context, moment)
        return context

    def _request_certificate(self, context: SSL.Context, moment: datetime) -> None:
        store = context.get_cert_store()
        assert store is not None  # every SSL_CTX is made with one
        for anchor in self.anchors:
            store.add_cert(crypto.X509.from_cryptography(anchor))
        for announced in self.anchors if self.announce is None else self.announce:
            context.add_client_ca(announced)
        for crl in self.revocation.lists() if self.revocation else ():
            store.add_crl(crl)
        check = crypto.X509StoreFlags.CRL_CHECK if self.revocation else 0
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN | check)  # an intermediate can be an anchor
        store.set_time(moment)
        required = self.client_auth == "require" and self.enforce(None)
        self._watch.attach(context, require=required)


def _note_alert(connection: SSL.Connection, where: int, value: int) -> None:
    """`value` holds the alert's level in its upper byte and its number in the lower."""
    if where & SSL.SSL_CB_ALERT:
        findings: Findings = connection.get_app_data()
        alerts = findings.alerts_sent if where & SSL.SSL_CB_WRITE else findings.alerts_received
        alerts.append(value & 0xFF)


def _select_protocol(_: SSL.Connection, offered: Sequence[bytes]) -> Any:  # the sentinel has no public type
    """A client that offers HTTP/2 alone gets no answer, and may still go on with HTTP/1.1."""
    return b"http/1.1" if b"http/1.1" in offered else SSL.NO_OVERLAPPING_PROTOCOLS


def reasons_of(error: SSL.Error, *, otherwise: str = "no reason") -> str:
    """OpenSSL's reasons, from an error that lists them as (library, function, reason); `otherwise` if it has none."""
    listed = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return "; ".join(reason for _, _, reason in listed) or otherwise
