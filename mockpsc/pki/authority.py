"""The two authorities of a test PKI: one for mockpsc's own server certificate, one for its clients' certificates.

They have nothing in common, because they are restrained in different ways, should their keys leak. The server's root is
trusted by relying parties, so critical name constraints leave it nothing but test names. Such constraints would break
clients' certificates, which have no alternative name and a CN that can look like a host's; their authorities may issue
for client authentication only, so that no site can be served with what they sign.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from mockpsc.clock import Clock
from mockpsc.pki.build import TEST_ONLY, CertificateSpec, issuing_spec, root_spec, sign
from mockpsc.pki.bundle import Bundle, without_roots
from mockpsc.pki.hosts import subtree, within
from mockpsc.pki.keys import PrivateKey, new_key
from mockpsc.pki.names import make_dn

_PERMITTED: tuple[x509.GeneralName, ...] = (
    x509.DNSName("localhost"),
    x509.DNSName("test"),
    x509.DNSName("esante.gouv.fr"),  # in a compose network the mock answers under the real names
    x509.DNSName("mockpsc"),
    x509.IPAddress(ip_network("127.0.0.0/8")),
    x509.IPAddress(ip_network("::1/128")),
)
_CLIENT_AUTH = (ExtendedKeyUsageOID.CLIENT_AUTH,)


@dataclass(frozen=True, kw_only=True, eq=False)
class Authority:
    """A certification authority: its certificate, its key, and the authorities above it, its issuer first."""

    certificate: x509.Certificate
    key: PrivateKey
    parents: tuple[x509.Certificate, ...] = ()

    @property
    def bundle(self) -> Bundle:
        """The authority's own certificate and key, as files hold them."""
        return Bundle(certificate=self.certificate, key=self.key, issuers=without_roots(*self.parents))

    @property
    def issuers(self) -> tuple[x509.Certificate, ...]:
        """What stands above a certificate of its in a chain: itself and the authorities above it, without the root."""
        return without_roots(self.certificate, *self.parents)

    def issue(self, spec: CertificateSpec, key: PrivateKey, *, clock: Clock) -> Bundle:
        """A certificate that this authority signs; `key` is the one that the spec has the public key of.

        It never outlives the authority's certificate, however long the spec's lifetime is.
        """
        if key.public_key() != spec.public_key:
            raise ValueError("the spec has another key's public key")
        certificate = sign(
            spec, self.key, clock=clock, issuer=self.certificate, until=self.certificate.not_valid_after_utc
        )
        return Bundle(certificate=certificate, key=key, issuers=self.issuers)


def new_server_authority(*, clock: Clock, hosts: Sequence[str] = (), key: PrivateKey | None = None) -> Authority:
    """The root of the server certificate, which may sign for local and test names, PSC's, and the hosts only.

    Its key is EC (P-256), or the one given. Raises ConfigurationError when a host is none.
    """
    key = key or new_key("ec")
    added = dict.fromkeys(subtree(host) for host in hosts if not within(_PERMITTED, host))
    spec = root_spec(
        key.public_key(),
        subject=make_dn(("O", "MOCKPSC TEST"), ("OU", TEST_ONLY), ("CN", "MOCKPSC TEST SERVER ROOT")),
        path_length=0,
        name_constraints=x509.NameConstraints(permitted_subtrees=(*_PERMITTED, *added), excluded_subtrees=None),
    )
    return Authority(certificate=sign(spec, key, clock=clock), key=key)


def new_client_root(*, clock: Clock, key: PrivateKey | None = None) -> Authority:
    """The root above the authority of the clients' certificates, shaped like IGC-Santé's. Its key is RSA."""
    key = key or new_key("rsa")
    subject = _igc_dn("MOCKPSC TEST AC RACINE ELEMENTAIRE")
    spec = root_spec(key.public_key(), subject=subject, path_length=1, extended_key_usage=_CLIENT_AUTH)
    return Authority(certificate=sign(spec, key, clock=clock), key=key)


def new_client_authority(*, clock: Clock, root: Authority | None = None, key: PrivateKey | None = None) -> Authority:
    """The authority that issues clients' certificates, below `root` or below a new one. Its key is RSA."""
    root, key = root or new_client_root(clock=clock), key or new_key("rsa")
    subject = _igc_dn("MOCKPSC TEST AC ELEMENTAIRE ORGANISATIONS")
    spec = issuing_spec(key.public_key(), subject=subject, extended_key_usage=_CLIENT_AUTH)
    issued = root.issue(spec, key, clock=clock)
    return Authority(certificate=issued.certificate, key=key, parents=(root.certificate, *root.parents))


def _igc_dn(common_name: str) -> x509.Name:
    """A name of the shape that IGC-Santé's authorities have, with no identifier of theirs."""
    return make_dn(("C", "FR"), ("O", "MOCKPSC TEST"), ("OU", "0002 000000000"), ("OU", TEST_ONLY), ("CN", common_name))
