"""What OpenSSL's codes, and the alerts, mean to a person."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from mockpsc.tls import TlsVersion, VerificationError, explain
from mockpsc.tls.alerts import client_refused, server_refused

NOW = datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)
REASONS = {
    2: "unknown_ca",
    7: "bad_signature",
    9: "not_yet_valid",
    10: "expired",
    18: "self_signed",
    19: "unknown_ca",
    20: "unknown_ca",
    21: "unknown_ca",
    23: "revoked",
    25: "path_too_long",
    26: "wrong_usage",
    32: "not_a_ca",
    34: "unknown_critical_extension",
    47: "name_constraint",
    48: "name_constraint",
    66: "weak_key",
    67: "weak_key",
    68: "weak_signature",
    79: "not_a_ca",
    41: "malformed",
    1: "invalid",
    99: "invalid",
}


@pytest.mark.parametrize(("code", "reason"), REASONS.items())
def test_every_code_has_a_reason_and_a_sentence(make: Any, code: int, reason: str) -> None:
    certificate = make("Someone", make("Somewhere", is_ca=True)).certificate
    refusal = explain([VerificationError(code=code, depth=0, certificate=certificate)], now=NOW)
    assert refusal.reason == reason
    assert re.fullmatch(r"[A-Z].*\.", refusal.sentence)
    assert "{" not in refusal.sentence
    assert "Some" in refusal.sentence


def test_the_sentence_says_what_was_received_and_expected(make: Any, client_ca: Any) -> None:
    late = make("Late", client_ca, days=(-2, -1)).certificate
    refusal = explain([VerificationError(code=10, depth=0, certificate=late)], now=NOW)
    assert refusal.sentence == (
        f"The client's certificate CN=Late expired on {late.not_valid_after_utc:%Y-%m-%d %H:%M:%S} UTC; "
        "the mock's clock says 2031-02-03 04:05:06 UTC. Renew it."
    )
    server = make("Server", client_ca, usage=ExtendedKeyUsageOID.SERVER_AUTH).certificate
    refusal = explain([VerificationError(code=26, depth=0, certificate=server)], now=NOW)
    assert "its extended key usage is serverAuth; expected: clientAuth" in refusal.sentence


def test_a_certificate_above_the_clients_is_told_by_its_distance(client_ca: Any) -> None:
    refusal = explain([VerificationError(code=10, depth=2, certificate=client_ca.certificate)], now=NOW)
    assert refusal.sentence.startswith("The certificate CN=Client CA, 2 above the client's, expired on")


def test_only_the_first_error_counts(client_ca: Any) -> None:
    errors = [VerificationError(code=code, depth=0, certificate=client_ca.certificate) for code in (18, 10)]
    assert explain(errors, now=NOW).reason == "self_signed"


def test_what_cannot_be_read_is_malformed() -> None:
    refusal = explain([VerificationError(code=1, depth=1, certificate=None)], now=NOW)
    assert refusal.reason == "malformed"
    assert "(at depth 1)" in refusal.sentence


def test_a_chain_that_lacks_its_intermediate_is_told_from_one_that_leads_elsewhere(
    make: Any, intermediate: Any
) -> None:
    error = VerificationError(code=20, depth=0, certificate=make("Alone", intermediate).certificate)
    assert explain([error], now=NOW).reason == "unknown_ca"
    refusal = explain([error], now=NOW, intermediates=[intermediate.certificate])
    assert refusal.reason == "incomplete_chain"
    assert "issued by the intermediate CN=Intermediate CA, which was not sent" in refusal.sentence


def test_a_ca_that_only_has_the_right_name_is_an_impostor(make: Any, client_ca: Any) -> None:
    error = VerificationError(code=20, depth=0, certificate=make("Stale", make("Client CA", is_ca=True)).certificate)
    refusal = explain([error], now=NOW, anchors=[client_ca.certificate])
    assert refusal.reason == "impostor_ca"
    assert "another CA of the name CN=Client CA" in refusal.sentence


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
