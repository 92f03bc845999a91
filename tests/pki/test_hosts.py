from ipaddress import ip_address, ip_network

import pytest
from cryptography import x509

from mockpsc.errors import ConfigurationError
from mockpsc.pki import Authority
from mockpsc.pki.hosts import general_name, general_names, named_hosts, permits, subtree


@pytest.mark.parametrize(
    ("host", "name", "permitted"),
    [
        ("Auth.PSC.test", x509.DNSName("auth.psc.test"), x509.DNSName("auth.psc.test")),
        ("*.psc.test", x509.DNSName("*.psc.test"), x509.DNSName("psc.test")),
        ("my_service", x509.DNSName("my_service"), x509.DNSName("my_service")),
        ("10.0.0.5", x509.IPAddress(ip_address("10.0.0.5")), x509.IPAddress(ip_network("10.0.0.5/32"))),
        ("2001:DB8::1", x509.IPAddress(ip_address("2001:db8::1")), x509.IPAddress(ip_network("2001:db8::1/128"))),
    ],
)
def test_a_host_has_a_name_and_a_subtree(host: str, name: x509.GeneralName, permitted: x509.GeneralName) -> None:
    assert general_name(host) == name
    assert subtree(host) == permitted


@pytest.mark.parametrize(
    "host",
    [
        "",
        "https://localhost",
        "localhost:8443",
        "localhost/auth",
        "[::1]",
        "10.0.0.0/8",
        "fe80::1%eth0",
        ".test",
        "test.",
        "a..b",
        "-a.test",
        "a b",
        "santé.test",
        "a.*.test",
        "x" * 64,
        ".".join(["x" * 60] * 5),
        "localhost\n",
    ],
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        general_name(host)
    assert str(refusal.value).startswith(f"{host!r} is not a host name or an IP address: ")


def test_a_host_that_is_said_twice_is_named_once() -> None:
    assert general_names(["a.test", "A.test", "::1", "0:0::1"]) == (general_name("a.test"), general_name("::1"))


@pytest.mark.parametrize(
    ("host", "permitted"),
    [
        ("localhost", True),
        ("wallet.localhost", True),
        ("*.localhost", True),
        ("test", True),
        ("psc.test", True),
        ("auth.bas.psc.esante.gouv.fr", True),
        ("mockpsc", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("latest", False),
        ("gouv.fr", False),
        ("example.com", False),
        ("test.example.com", False),
        ("10.0.0.5", False),
        ("::2", False),
    ],
)
def test_the_server_root_permits_test_names_only(server_authority: Authority, host: str, permitted: bool) -> None:
    assert permits(server_authority.certificate, host) is permitted


def test_an_authority_without_constraints_permits_all_and_names_none(client_authority: Authority) -> None:
    assert permits(client_authority.certificate, "example.com")
    assert named_hosts(client_authority.certificate) == ()
