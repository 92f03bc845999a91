"""Judges whether a certificate is the one that a client is registered with (RFC 8705 §2.1 and §2.2). Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from cryptography import x509

from mockpsc.errors import ConfigurationError
from mockpsc.judgement.chain import malformed
from mockpsc.judgement.verdict import Verdict, verdict
from mockpsc.pki import UNREADABLE, attribute_name, common_name, parse_dn, same_dn, show_dn, thumbprint

_Difference = tuple[str, str, str]
"""What differs, such as an RDN's type; the value presented; the value registered."""


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What a client's certificate must have: one of the metadata of RFC 8705 §2.1.2, or a common name, or to be one of
    some certificates (§2.2, and pinning). `issuer_dn`, beside any of them, names the authority that must have issued
    it. Names are text as in RFC 4514, addresses as in RFC 5952."""

    subject_dn: str | None = None
    san_dns: str | None = None
    san_uri: str | None = None
    san_ip: str | None = None
    san_email: str | None = None
    common_name: str | None = None
    certificates: tuple[x509.Certificate, ...] = ()
    issuer_dn: str | None = None

    def __post_init__(self) -> None:
        """Raises ConfigurationError for what cannot be read."""
        for dn in (self.subject_dn, self.issuer_dn):
            if dn is not None:
                parse_dn(dn)
        if self.san_ip is not None:
            try:
                ip_address(self.san_ip)
            except ValueError:
                raise ConfigurationError(f"san_ip is {self.san_ip!r}; expected an IP address.") from None

    def __str__(self) -> str:
        return " and ".join(self._described())

    def _described(self) -> Iterator[str]:
        names = {
            "the subject": self.subject_dn,
            "the DNS name": self.san_dns,
            "the URI": self.san_uri,
            "the IP address": self.san_ip,
            "the email address": self.san_email,
            "the common name": self.common_name,
        }
        yield from (f"{what} {value!r}" for what, value in names.items() if value is not None)
        if self.certificates:
            yield "the certificate " + " or ".join(thumbprint(each) for each in self.certificates)
        if self.issuer_dn is not None:
            yield f"the issuer {self.issuer_dn!r}"


def judge_registration(certificate: x509.Certificate, registration: Registration, client_id: str) -> Verdict | None:
    """The verdict on a certificate that is not the client's (`subject_mismatch`), or None when it is."""
    try:
        subject = repr(show_dn(certificate.subject))
        difference = next(_differences(certificate, registration), None)
    except UNREADABLE as flaw:
        return malformed(str(flaw))
    if difference is None:
        return None
    what, presented, registered = difference
    facts = {
        "subject": subject,
        "client_id": repr(client_id),
        "registered": str(registration),
        "difference": f"{what} {presented}",
        "wanted": registered,
    }
    return verdict("subject_mismatch", en=facts, fr=facts)


def _differences(certificate: x509.Certificate, registration: Registration) -> Iterator[_Difference]:
    if registration.subject_dn is not None:
        yield from _name_differences(certificate.subject, parse_dn(registration.subject_dn))
    if registration.common_name is not None and common_name(certificate.subject) != registration.common_name:
        yield "CN", repr(common_name(certificate.subject)), repr(registration.common_name)
    yield from _alternative_name_differences(certificate, registration)
    if registration.certificates and thumbprint(certificate) not in map(thumbprint, registration.certificates):
        yield "x5t#S256", thumbprint(certificate), " or ".join(map(thumbprint, registration.certificates))
    if registration.issuer_dn is not None:
        for what, presented, registered in _name_differences(certificate.issuer, parse_dn(registration.issuer_dn)):
            yield f"issuer {what}", presented, registered


def _name_differences(presented: x509.Name, registered: x509.Name) -> Iterator[_Difference]:
    """Which RDN differs, by its type: the value presented and the one registered."""
    if same_dn(presented, registered):
        return
    ours, theirs = _by_type(presented), _by_type(registered)
    differing = [kind for kind in {**ours, **theirs} if not _same_values(kind, presented, registered)]
    if not differing:
        yield "DN", repr(show_dn(presented)), repr(show_dn(registered))
    for kind in differing:
        yield kind, ours.get(kind, "(absent)"), theirs.get(kind, "(absent)")


def _by_type(name: x509.Name) -> dict[str, str]:
    values: dict[str, list[str]] = {}
    for attribute in name:
        values.setdefault(attribute_name(attribute.oid), []).append(repr(attribute.value))
    return {kind: " + ".join(each) for kind, each in values.items()}


def _same_values(kind: str, one: x509.Name, other: x509.Name) -> bool:
    def only(name: x509.Name) -> x509.Name:
        return x509.Name([attribute for attribute in name if attribute_name(attribute.oid) == kind])

    return same_dn(only(one), only(other))


def _alternative_name_differences(certificate: x509.Certificate, registration: Registration) -> Iterator[_Difference]:
    wanted = {
        "DNS": registration.san_dns and registration.san_dns.lower(),
        "URI": registration.san_uri,
        "IP": registration.san_ip and str(ip_address(registration.san_ip)),
        "email": registration.san_email,
    }
    names = alternative_names(certificate) if any(wanted.values()) else {}
    for kind, value in wanted.items():
        present = names.get(kind, [])
        if value is not None and value not in present:
            yield kind, ", ".join(map(repr, present)) or "(absent)", repr(value)


def alternative_names(certificate: x509.Certificate) -> dict[str, list[str]]:
    """The subject alternative names by kind: `DNS` (in lower case), `URI`, `IP` (as in RFC 5952), `email`."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return {}
    kinds = {
        "DNS": [name.lower() for name in names.get_values_for_type(x509.DNSName)],
        "URI": names.get_values_for_type(x509.UniformResourceIdentifier),
        "IP": [str(address) for address in names.get_values_for_type(x509.IPAddress)],
        "email": names.get_values_for_type(x509.RFC822Name),
    }
    return {kind: values for kind, values in kinds.items() if values}
