"""Host names and IP addresses, as certificates name them and constraints permit them (RFC 5280 §4.2.1.6, §4.2.1.10)."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from cryptography import x509

from mockpsc.errors import ConfigurationError

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1", "mockpsc")
"""What every server certificate names; `mockpsc` is the host name in a compose network."""

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"  # with the underscore, which compose service names have
_HOST = re.compile(rf"(?=.{{1,253}}\Z)(\*\.)?{_LABEL}(\.{_LABEL})*")


def general_name(host: str) -> x509.DNSName | x509.IPAddress:
    """A host as a subject alternative name has it; ConfigurationError when it is neither a host name nor an address."""
    address = _address(host)
    if address is not None:
        return x509.IPAddress(address)
    if not _HOST.fullmatch(host):
        raise ConfigurationError(
            f"{host!r} is not a host name or an IP address: give it as in 'auth.psc.test' or '192.0.2.1', "
            "without a scheme, a port or a path."
        )
    return x509.DNSName(host.lower())


def general_names(hosts: Iterable[str]) -> tuple[x509.GeneralName, ...]:
    """Each host as `general_name` has it, once."""
    return tuple(dict.fromkeys(map(general_name, hosts)))


def subtree(host: str) -> x509.GeneralName:
    """The smallest subtree that has the host in it: the name and those under it, or the address alone."""
    name = general_name(host)
    if isinstance(name, x509.IPAddress):
        return x509.IPAddress(ip_network(str(name.value)))
    return x509.DNSName(name.value.removeprefix("*."))


def named_hosts(certificate: x509.Certificate) -> tuple[str, ...]:
    """The host names and addresses in a certificate's subject alternative name."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return (*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress)))


def permits(authority: x509.Certificate, host: str) -> bool:
    """Whether an authority's permitted subtrees leave room for a host; one without such constraints permits all."""
    try:
        constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return True
    return within(constraints.permitted_subtrees or (), host)


def within(subtrees: Iterable[x509.GeneralName], host: str) -> bool:
    """Whether a host is in one of the subtrees of its type, a type without any being free (RFC 5280 §4.2.1.10)."""
    name = general_name(host)
    of_its_type = [each for each in subtrees if isinstance(each, type(name))]
    return not of_its_type or any(_covers(each, name) for each in of_its_type)


def _covers(permitted: x509.GeneralName, name: x509.DNSName | x509.IPAddress) -> bool:
    if isinstance(name, x509.IPAddress):
        return name.value in permitted.value
    return f".{name.value}".endswith(f".{permitted.value}")


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host) if "%" not in host else None  # a zone is this machine's own, no certificate names it
    except ValueError:
        return None
