"""What OpenSSL's verification errors mean to a person."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from mockpsc.clock import Clock
from mockpsc.judgement import Trust, VerificationError, judge_chain, judge_error, missing, reasons
from mockpsc.pki import client_spec, issuing_spec, make_dn, new_key, root_spec, sign

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
    3: "crl_unavailable",
    12: "crl_unavailable",
    1: "invalid",
    99: "invalid",
}

CLOCK = Clock()
KEY = new_key("ec")
ROOT_KEY = new_key("ec")
ROOT = sign(root_spec(ROOT_KEY.public_key(), subject=make_dn(("CN", "Root")), path_length=1), ROOT_KEY, clock=CLOCK)
SUB_KEY = new_key("ec")
SUB = sign(
    issuing_spec(SUB_KEY.public_key(), subject=make_dn(("CN", "Sub")), extended_key_usage=()),
    ROOT_KEY,
    clock=CLOCK,
    issuer=ROOT,
)
LEAF = sign(client_spec(KEY.public_key(), client_id="someone"), SUB_KEY, clock=CLOCK, issuer=SUB)


def found(code: int, certificate: x509.Certificate | None = LEAF, depth: int = 0) -> VerificationError:
    return VerificationError(code=code, depth=depth, certificate=certificate)


@pytest.mark.parametrize(("code", "reason"), REASONS.items())
def test_every_code_has_a_reason_and_three_sentences_in_two_languages(code: int, reason: str) -> None:
    verdict = judge_error(found(code), Trust(now=NOW, anchors=[ROOT]))
    assert verdict.reason == reason
    assert verdict.alert == reasons()[reason].alert
    for explanation in (verdict.en, verdict.fr):
        for sentence in (explanation.received, explanation.expected, explanation.remedy):
            assert re.fullmatch(r"[A-Z].*\.", sentence)
            assert "{" not in sentence
    assert verdict.en != verdict.fr


def test_no_code_has_two_reasons() -> None:
    codes = [code for reason in reasons().values() for code in reason.codes]
    assert len(codes) == len(set(codes))


def test_a_good_chain_has_no_verdict() -> None:
    assert judge_chain([], Trust(now=NOW)) is None


def test_the_sentences_say_what_was_received_and_expected() -> None:
    verdict = judge_error(found(10), Trust(now=NOW))
    until = f"{LEAF.not_valid_after_utc:%Y-%m-%d %H:%M:%S} UTC"
    subject = LEAF.subject.rfc4514_string()
    assert verdict.en.received == f"The client's certificate {subject} expired on {until}."
    assert verdict.en.expected == "It had to be valid at 2031-02-03 04:05:06 UTC, by the mock's clock."
    assert verdict.fr.received == f"Le certificat du client, {subject}, a expiré le {until}."


def test_usages_are_told_by_name() -> None:
    spec = replace(client_spec(KEY.public_key(), client_id="a"), extended_key_usage=(ExtendedKeyUsageOID.SERVER_AUTH,))
    server = sign(spec, SUB_KEY, clock=CLOCK, issuer=SUB)
    verdict = judge_error(found(26, server), Trust(now=NOW))
    assert "the extended key usage serverAuth and the key usage digitalSignature" in verdict.en.received


def test_an_authority_that_expired_is_told_from_a_client() -> None:
    verdict = judge_error(found(10, ROOT, depth=2), Trust(now=NOW))
    assert verdict.reason == "expired_issuer"
    assert verdict.en.received.startswith("The certificate CN=Root, of authority no. 2, expired on")


def test_only_the_first_error_counts() -> None:
    verdict = judge_chain([found(18), found(10)], Trust(now=NOW))
    assert verdict
    assert verdict.reason == "self_signed"


def test_a_missing_list_says_nothing_where_there_is_no_chain() -> None:
    verdict = judge_chain([found(3), found(20)], Trust(now=NOW))
    assert verdict
    assert verdict.reason == "unknown_ca"
    alone = judge_chain([found(3)], Trust(now=NOW))
    assert alone
    assert alone.reason == "crl_unavailable"


def test_what_cannot_be_read_is_malformed() -> None:
    verdict = judge_error(found(1, None, depth=1), Trust(now=NOW))
    assert verdict.reason == "malformed"
    assert "(at depth 1)" in verdict.en.received


def test_a_chain_that_lacks_its_intermediate_is_told_from_one_that_leads_elsewhere() -> None:
    assert judge_error(found(20), Trust(now=NOW, anchors=[ROOT])).reason == "unknown_ca"
    assert judge_error(found(20), Trust(now=NOW, anchors=[ROOT], known=[SUB])).reason == "incomplete_chain"


@pytest.mark.parametrize("code", [20, 7])
def test_an_authority_that_only_has_the_right_name_is_an_impostor(code: int) -> None:
    impostor_key = new_key("ec")
    spec = root_spec(impostor_key.public_key(), subject=ROOT.subject, path_length=1)
    impostor = sign(spec, impostor_key, clock=CLOCK)
    leaf = sign(client_spec(KEY.public_key(), client_id="a"), impostor_key, clock=CLOCK, issuer=impostor)
    assert judge_error(found(code, leaf), Trust(now=NOW, anchors=[ROOT])).reason == "impostor_ca"


def test_an_altered_certificate_of_the_right_authority_is_no_impostors() -> None:
    assert judge_error(found(7), Trust(now=NOW, anchors=[SUB])).reason == "bad_signature"


def test_who_presents_nothing_is_told_who_is_trusted() -> None:
    verdict = missing(Trust(now=NOW, anchors=[ROOT, SUB]))
    assert (verdict.reason, verdict.alert) == ("missing", 116)
    assert "issued by CN=Root or CN=Sub" in verdict.en.expected
    assert "émis par CN=Root ou CN=Sub" in verdict.fr.expected
