"""Certificates from descriptions: the one place that touches `x509.CertificateBuilder` (RFC 5280).

A `CertificateSpec` says everything that will be in a certificate, one field for each extension, and the functions
`…_spec` are what good ones look like. A broken certificate is a good spec with a field replaced: its validity is
relative to the moment of signing, so `replace(spec, not_before=-timedelta(days=4000))` is one that has expired.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from mockpsc.clock import Clock
from mockpsc.pki.hosts import LOCAL_HOSTS, general_names
from mockpsc.pki.keys import PrivateKey, PublicKey
from mockpsc.pki.names import make_dn

AUTHORITY_LIFETIME = timedelta(days=10 * 365)
SERVER_LIFETIME = timedelta(days=397)  # the most that browsers accept
CLIENT_LIFETIME = timedelta(days=3 * 365)  # as at IGC-Santé
BACKDATE = timedelta(hours=1)  # for a relying party whose clock is behind

ORGANISATION = "ORGANISATION FICTIVE MOCKPSC"
SIRET = "00000000000000"  # nobody's
TEST_ONLY = "For tests only, never for production"

KeyUsage: TypeAlias = Literal[
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
]


@dataclass(frozen=True, kw_only=True)
class CertificateSpec:
    """What a certificate is to say. An empty field leaves its extension out.

    `not_before` counts from the moment of signing, `lifetime` from `not_before`. Basic constraints and the two key
    identifiers are always there. The weak `digest` is for certificates that must be refused, and
    takes an RSA issuer.
    """

    subject: x509.Name
    public_key: PublicKey
    lifetime: timedelta
    not_before: timedelta = -BACKDATE
    ca: bool = False
    path_length: int | None = None
    key_usage: tuple[KeyUsage, ...] = ()
    extended_key_usage: tuple[x509.ObjectIdentifier, ...] = ()
    alternative_names: tuple[x509.GeneralName, ...] = ()
    name_constraints: x509.NameConstraints | None = None
    other_extensions: tuple[x509.Extension[x509.ExtensionType], ...] = ()
    digest: Literal["sha256", "sha1"] = "sha256"


def server_spec(public_key: PublicKey, *, hosts: Sequence[str] = ()) -> CertificateSpec:
    """A TLS server's certificate, for `LOCAL_HOSTS` and the hosts."""
    encipherment: tuple[KeyUsage, ...] = ("key_encipherment",) if isinstance(public_key, rsa.RSAPublicKey) else ()
    return CertificateSpec(
        subject=make_dn(("O", "MOCKPSC TEST"), ("OU", TEST_ONLY), ("CN", "localhost")),
        public_key=public_key,
        lifetime=SERVER_LIFETIME,
        key_usage=("digital_signature", *encipherment),
        extended_key_usage=(ExtendedKeyUsageOID.SERVER_AUTH,),
        alternative_names=general_names((*LOCAL_HOSTS, *hosts)),
    )


def client_spec(
    public_key: PublicKey, *, client_id: str, organisation: str = ORGANISATION, siret: str = SIRET
) -> CertificateSpec:
    """A relying party's certificate, shaped like IGC-Santé's for organisations (client authentication).

    Its OU is `3` and the SIRET (14 digits), its CN the client id (at most 64 bytes), and no other name is in it.
    """
    return CertificateSpec(
        subject=make_dn(("C", "FR"), ("ST", "Paris (75)"), ("O", organisation), ("OU", f"3{siret}"), ("CN", client_id)),
        public_key=public_key,
        lifetime=CLIENT_LIFETIME,
        key_usage=("digital_signature",),
        extended_key_usage=(ExtendedKeyUsageOID.CLIENT_AUTH,),
    )


def root_spec(
    public_key: PublicKey,
    *,
    subject: x509.Name,
    path_length: int,
    extended_key_usage: tuple[x509.ObjectIdentifier, ...] = (),
    name_constraints: x509.NameConstraints | None = None,
) -> CertificateSpec:
    """A root authority's certificate; `path_length` is how many authorities may be between it and a leaf."""
    return CertificateSpec(
        subject=subject,
        public_key=public_key,
        lifetime=AUTHORITY_LIFETIME,
        ca=True,
        path_length=path_length,
        key_usage=("key_cert_sign", "crl_sign"),
        extended_key_usage=extended_key_usage,
        name_constraints=name_constraints,
    )


def issuing_spec(
    public_key: PublicKey, *, subject: x509.Name, extended_key_usage: tuple[x509.ObjectIdentifier, ...]
) -> CertificateSpec:
    """The certificate of an authority that issues leaves, and only leaves of this usage."""
    return root_spec(public_key, subject=subject, path_length=0, extended_key_usage=extended_key_usage)


def signing_spec(public_key: PublicKey, *, common_name: str) -> CertificateSpec:
    """The self-signed certificate of a key that signs tokens; it is identified by its key, and no path leads to it."""
    return CertificateSpec(
        subject=make_dn(("CN", common_name)),
        public_key=public_key,
        lifetime=AUTHORITY_LIFETIME,
        key_usage=("digital_signature",),
    )


def encryption_spec(public_key: PublicKey, *, common_name: str) -> CertificateSpec:
    """As `signing_spec`, of a key that others encrypt to."""
    return replace(signing_spec(public_key, common_name=common_name), key_usage=("key_encipherment",))


def sign(
    spec: CertificateSpec,
    key: PrivateKey,
    *,
    clock: Clock,
    issuer: x509.Certificate | None = None,
    until: datetime | None = None,
) -> x509.Certificate:
    """The certificate that the spec describes, signed with `key`, which is the issuer's, or its own if there is none.

    It ends at `until` if its lifetime would take it further. Its serial number is random.
    """
    start = clock.today().replace(microsecond=0) + spec.not_before
    end = start + spec.lifetime
    builder = (
        x509.CertificateBuilder()
        .subject_name(spec.subject)
        .issuer_name(issuer.subject if issuer else spec.subject)
        .public_key(spec.public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(min(end, until or end))
    )
    for extension, critical in (*_extensions(spec), *_key_identifiers(spec.public_key, key)):
        builder = builder.add_extension(extension, critical=critical)
    certificate = builder.sign(key, hashes.SHA256())
    return certificate if spec.digest == "sha256" else _with_sha1(certificate, key)


def _extensions(spec: CertificateSpec) -> Iterator[tuple[x509.ExtensionType, bool]]:
    """Each extension of the spec, and whether it is critical."""
    yield x509.BasicConstraints(ca=spec.ca, path_length=spec.path_length), True
    if spec.key_usage:
        yield _key_usage(spec.key_usage), True
    if spec.extended_key_usage:
        yield x509.ExtendedKeyUsage(spec.extended_key_usage), False
    if spec.alternative_names:
        yield x509.SubjectAlternativeName(spec.alternative_names), not spec.subject.rdns  # RFC 5280 §4.2.1.6
    if spec.name_constraints:
        yield spec.name_constraints, True
    for other in spec.other_extensions:
        yield other.value, other.critical


def _key_identifiers(public_key: PublicKey, issuer_key: PrivateKey) -> Iterator[tuple[x509.ExtensionType, bool]]:
    yield x509.SubjectKeyIdentifier.from_public_key(public_key), False
    yield x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False


def _key_usage(usages: tuple[KeyUsage, ...]) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature="digital_signature" in usages,
        content_commitment="content_commitment" in usages,
        key_encipherment="key_encipherment" in usages,
        data_encipherment="data_encipherment" in usages,
        key_agreement="key_agreement" in usages,
        key_cert_sign="key_cert_sign" in usages,
        crl_sign="crl_sign" in usages,
        encipher_only=False,
        decipher_only=False,
    )


_SHA256_WITH_RSA = bytes.fromhex("06092a864886f70d01010b")
_SHA1_WITH_RSA = bytes.fromhex("06092a864886f70d010105")


def _with_sha1(certificate: x509.Certificate, key: PrivateKey) -> x509.Certificate:
    """The same certificate signed with SHA-1, which `cryptography` refuses to do.

    The algorithm identifiers are of equal length, and so are the signatures: each takes the other's place in the DER.
    """
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("only an RSA issuer can sign with SHA-1 here")
    signed = certificate.tbs_certificate_bytes
    to_sign = signed.replace(_SHA256_WITH_RSA, _SHA1_WITH_RSA, 1)
    before, after = certificate.public_bytes(Encoding.DER).split(signed)
    algorithm = after.removesuffix(certificate.signature).replace(_SHA256_WITH_RSA, _SHA1_WITH_RSA)
    return x509.load_der_x509_certificate(
        before + to_sign + algorithm + key.sign(to_sign, padding.PKCS1v15(), hashes.SHA1())
    )
