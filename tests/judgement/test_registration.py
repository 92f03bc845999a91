"""Whose certificate it is: by name, by alternative name, by the certificate itself, by its issuer."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest
from cryptography import x509

from mockpsc.clock import Clock
from mockpsc.errors import ConfigurationError
from mockpsc.judgement import Registration, judge_registration
from mockpsc.pki import client_spec, new_key, sign

KEY = new_key("ec")
NAMES = (
    x509.DNSName("App.Example.test"),
    x509.UniformResourceIdentifier("https://app.example.test/id"),
    x509.IPAddress(ip_address("2001:db8::1")),
    x509.RFC822Name("ops@example.test"),
)
SPEC = replace(client_spec(KEY.public_key(), client_id="app"), alternative_names=NAMES)
CERTIFICATE = sign(SPEC, KEY, clock=Clock())
OTHER = sign(SPEC, KEY, clock=Clock())
SUBJECT = "CN=app,OU=300000000000000,O=ORGANISATION FICTIVE MOCKPSC,ST=Paris (75),C=FR"


@pytest.mark.parametrize(
    "registration",
    [
        {"subject_dn": SUBJECT},
        {"subject_dn": SUBJECT.lower()},
        {"subject_dn": ", ".join(reversed(SUBJECT.split(",")))},
        {"subject_dn": SUBJECT.replace("FICTIVE MOCKPSC", " fictive   MockPSC ")},
        {"san_dns": "app.example.test"},
        {"san_uri": "https://app.example.test/id"},
        {"san_ip": "2001:0db8:0000::0001"},
        {"san_email": "ops@example.test"},
        {"common_name": "app"},
        {"certificates": (OTHER, CERTIFICATE)},
        {"common_name": "app", "issuer_dn": SUBJECT},
    ],
)
def test_the_right_certificate_is_recognised(registration: dict[str, Any]) -> None:
    assert judge_registration(CERTIFICATE, Registration(**registration), "app") is None


@pytest.mark.parametrize(
    ("registration", "difference"),
    [
        ({"subject_dn": SUBJECT.replace("OU=3", "OU=1")}, "with OU '300000000000000' instead of '100000000000000'"),
        ({"subject_dn": SUBJECT.replace("CN=app,", "")}, "with CN 'app' instead of (absent)"),
        ({"subject_dn": f"L=Paris,{SUBJECT}"}, "with L (absent) instead of 'Paris'"),
        ({"subject_dn": ",".join(sorted(SUBJECT.split(",")))}, "with DN"),
        ({"san_dns": "other.example.test"}, "with DNS 'app.example.test' instead of 'other.example.test'"),
        ({"san_uri": "https://other"}, "with URI 'https://app.example.test/id' instead of 'https://other'"),
        ({"san_ip": "2001:db8::2"}, "with IP '2001:db8::1' instead of '2001:db8::2'"),
        ({"san_email": "other@example.test"}, "with email 'ops@example.test' instead of 'other@example.test'"),
        ({"common_name": "App"}, "with CN 'app' instead of 'App'"),
        ({"certificates": (OTHER,)}, "with x5t#S256"),
        ({"common_name": "app", "issuer_dn": "CN=Authority"}, "with issuer"),
    ],
)
def test_the_verdict_on_another_certificate_says_what_differs(registration: dict[str, Any], difference: str) -> None:
    verdict = judge_registration(CERTIFICATE, Registration(**registration), "app")
    assert verdict
    assert verdict.reason == "subject_mismatch"
    assert difference in verdict.en.received
    assert difference.partition(" instead of ")[0].removeprefix("with ") in verdict.fr.received
    assert "'app'" in verdict.en.expected


@pytest.mark.parametrize("registration", [{"subject_dn": "x"}, {"issuer_dn": "x"}, {"san_ip": "x"}])
def test_what_cannot_be_read_is_refused_at_once(registration: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Registration(**registration)
