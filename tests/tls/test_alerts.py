"""What the alerts mean to a person."""

import re

import pytest

from mockpsc.tls import TlsVersion
from mockpsc.tls.alerts import client_refused, server_refused


@pytest.mark.parametrize("alert", [10, 40, 42, 43, 44, 45, 46, 48, 51, 70, 80, 116, 254])
def test_every_alert_of_a_client_has_a_sentence_that_names_it(alert: int) -> None:
    refusal = client_refused(alert)
    assert refusal.sentence.startswith("The client ")
    assert f"(alert {alert}, {refusal.reason})." in refusal.sentence


@pytest.mark.parametrize("alert", [40, 42, 46, 48])
def test_the_alerts_of_java_and_openssl_about_our_certificate_say_what_to_do(alert: int) -> None:
    assert re.search(r": (give|use|compare) ", client_refused(alert).sentence)


def test_a_client_that_offers_only_strange_versions_is_told_which() -> None:
    versions = (TlsVersion.TLS1_2, TlsVersion.TLS1_3)
    refusal = server_refused(70, offered=(0x0301, 0x7F1C), versions=versions, detail="unsupported protocol")
    assert refusal.reason == "protocol_version"
    assert "offered TLS 1.0, 0x7f1c; expected: TLS 1.2 to TLS 1.3." in refusal.sentence


@pytest.mark.parametrize("alert", [10, 40, 47, 50, 51])
def test_our_own_alerts_are_told_with_openssls_reason(alert: int) -> None:
    versions = (TlsVersion.TLS1_2, TlsVersion.TLS1_3)
    assert "odd (x)" in server_refused(alert, offered=(), versions=versions, detail="odd (x)").sentence
