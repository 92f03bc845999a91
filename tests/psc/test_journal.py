"""What the mock saw, as a test asks for it."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import httpx
import pytest
from psc.applications import Party, party_of, starlette_client

from mockpsc import ConfigurationError, MockPsc, Psc
from mockpsc.journal import Filter
from mockpsc.psc.selection import Wanted


@pytest.fixture
def party(psc: Psc) -> Party:
    return party_of(psc)


@pytest.fixture(scope="module")
def keycloak() -> Iterator[Psc]:
    """A mock that refuses certificates over HTTP."""
    with MockPsc(reject_with="keycloak") as psc:
        yield psc


# --- asking ---


def test_exchanges_are_found_by_what_they_were(psc: Psc, party: Party) -> None:
    party.exchange("no code")
    psc.login(party.start("a state"))
    refused = psc.exchanges("token").one()
    assert (refused.status, refused.error, refused.client_id) == (400, "invalid_grant: Code not valid", party.client.id)
    assert refused.parameters["grant_type"] == "authorization_code"
    assert refused.parameters["code"].startswith("redacted(")
    assert list(psc.exchanges(failed=True)) == list(psc.exchanges().where(error="invalid_grant")) == [refused]
    assert psc.exchanges("authorization").first().parameters["state"] == "a state"
    assert psc.exchanges(client=party.client, status=302)[-1].endpoint == "authorization"
    psc.exchanges("userinfo").none()
    assert repr(psc.exchanges("token")).startswith("<1 exchanges with endpoint 'token'>\n  auth: POST ")


def test_handshakes_are_found_by_what_became_of_them(psc: Psc) -> None:
    with psc.certs.expired().httpx_client() as http, pytest.raises(httpx.ReadError):
        http.get(psc.discovery_url)
    shake = psc.handshakes.where(outcome="refused").one()
    assert (shake.reason, shake.failed, shake.alerts_sent) == ("expired", True, (45,))
    assert "expired on" in str(shake.sentence)
    assert psc.handshakes.last() == shake
    psc.handshakes.where(outcome="accepted").none()


def test_a_certificate_that_is_refused_over_http_has_its_reason_in_the_handshake(keycloak: Psc) -> None:
    with keycloak.certs.expired().httpx_client() as http:
        http.get(keycloak.discovery_url)
    shake = keycloak.handshakes.last()
    assert (shake.outcome, shake.reason) == ("accepted", "expired")
    assert "expired on" in str(shake.sentence)


def test_what_can_be_asked_for_is_what_the_admin_api_knows(psc: Psc) -> None:
    assert {*get_type_hints(Wanted), "endpoint", "kind", "after"} == {each.name for each in fields(Filter)}
    psc.exchanges(listener="auth", failed=False, fault="http.status", connection="auth-1", reason="expired").none()
    with pytest.raises(ConfigurationError, match=r"endpoint 'tokn' \(did you mean 'token'\?\)"):
        psc.exchanges("tokn")
    with pytest.raises(ConfigurationError, match=r"has the member 'statu', .*did you mean 'status'\?"):
        psc.exchanges(statu=400)  # type: ignore[call-arg] # as somebody without a type checker writes it


# --- what is said of what is not there ---


def test_what_almost_matched_is_told(psc: Psc, party: Party) -> None:
    party.exchange("no code")
    line = psc.exchanges("token").one().line
    with pytest.raises(AssertionError) as failure:
        psc.exchanges("token", status=200).one()
    assert str(failure.value) == (
        "Expected one exchange with endpoint 'token', status 200; the mock saw none. What almost matched:\n"
        f"  but status is 400: {line}"
    )
    with pytest.raises(AssertionError, match="  but status is 400 and client is 'mockpsc-client': auth: POST"):
        psc.exchanges("token", status=200, client="another").last()


def test_all_that_came_is_told_when_nothing_matched(psc: Psc) -> None:
    with psc.certs.expired().httpx_client() as http, pytest.raises(httpx.ReadError):
        http.get(psc.discovery_url)
    with pytest.raises(AssertionError, match=r"the mock saw none\. All that it saw:\n  auth: handshake refused \(exp"):
        psc.exchanges("token").one()


def test_too_many_are_told(psc: Psc, party: Party) -> None:
    party.exchange("one")
    party.exchange("two")
    with pytest.raises(
        AssertionError, match=r"Expected one exchange with endpoint 'token'; the mock saw 2:\n  auth: P"
    ):
        psc.exchanges("token").one()
    with pytest.raises(AssertionError, match="Expected no exchange; the mock saw 2:"):
        psc.exchanges().none()


def test_a_long_list_is_cut_at_its_beginning(psc: Psc) -> None:
    with psc.client().httpx_client() as http:
        for _ in range(25):
            http.get(psc.discovery_url)
    with pytest.raises(AssertionError, match=r"saw 25:\n  … 5 earlier\n  auth: GET"):
        psc.exchanges("discovery").one()


def test_a_mock_that_nobody_called_says_so(psc: Psc) -> None:
    with pytest.raises(AssertionError, match="and nothing else either: nobody has connected to it"):
        psc.exchanges().first()


# --- waiting ---


def test_what_has_not_come_yet_is_waited_for(psc: Psc, party: Party) -> None:
    later = threading.Timer(0.05, party.exchange, ["late"])
    later.start()
    came = psc.wait_for("token", client=party.client)
    later.join()
    assert came == psc.exchanges("token").one()
    assert psc.wait_for("token") == came


def test_the_next_one_is_waited_for(psc: Psc, party: Party) -> None:
    party.exchange("one")
    first = psc.wait_for("token")
    party.exchange("two")
    second = psc.wait_for("token", after=first)
    assert second == psc.exchanges("token").last() != first
    with pytest.raises(AssertionError, match=r"Nothing came in 0\.01 s after that one\. Expected one exchange"):
        psc.wait_for("token", after=second, timeout=0.01)


def test_what_does_not_come_is_told_with_what_came(psc: Psc, party: Party) -> None:
    party.exchange("no code")
    with pytest.raises(
        AssertionError, match=r"(?s)Nothing came in 0\.01 s\. Expected one.*but status is 400: auth: POS"
    ):
        psc.wait_for("token", status=200, timeout=0.01)


def test_an_event_loop_goes_on_while_something_is_waited_for(psc: Psc, party: Party) -> None:
    async def call() -> None:
        await asyncio.sleep(0)
        async with party.client.async_httpx_client() as http:
            await http.get(psc.discovery_url)

    async def both() -> str | None:
        waiting = asyncio.create_task(psc.wait_for_async("discovery"))
        await call()
        return (await waiting).endpoint

    assert asyncio.run(both()) == "discovery"


# --- findings ---


def test_what_a_relying_party_did_wrong_is_found(psc: Psc) -> None:
    psc.login(party_of(psc, state="", nonce="").start())
    found = {each.rule: each for each in psc.findings}
    assert found["csrf_unprotected"].severity == "forbidden"
    assert found["csrf_unprotected"].client_id == psc.default_client
    assert found["csrf_unprotected"].number == psc.exchanges("authorization").first().number
    with pytest.raises(
        AssertionError, match=r"(?s)found fault with \d+ things:.*csrf_unprotected \(forbidden\) by moc"
    ):
        psc.assert_no_findings()
    psc.reset()
    assert psc.findings == []
    psc.assert_no_findings()


def test_findings_are_taken_by_how_grave_they_are(psc: Psc, party: Party) -> None:
    psc.login("/login", client=starlette_client(party))
    psc.assert_no_findings(severity="forbidden")
    with pytest.raises(AssertionError, match="pkce_missing"):
        psc.assert_no_findings(severity="discouraged")


# --- the report ---


def test_the_report_has_all_of_it_without_secrets(psc: Psc, party: Party) -> None:
    callback = psc.login(party.start())
    code = callback.partition("code=")[2]
    party.exchange(code)
    report = psc.report()
    assert "auth: handshake accepted" in report
    assert "    grant_type=authorization_code  client_id=mockpsc-client  " in report
    assert "found: pkce_missing" in report
    assert code not in report


def test_a_long_report_is_cut_at_its_beginning(psc: Psc) -> None:
    with psc.client().httpx_client() as http:
        for _ in range(120):
            http.get(psc.discovery_url)
    assert psc.report().startswith("… 21 earlier\nauth: GET ")


def test_certificates_are_put_where_they_are_to_be(tmp_path: Path) -> None:
    with MockPsc() as mock:
        psc = Psc(mock.admin_url, folder=tmp_path / "here")
        assert psc.ca_file.is_relative_to(tmp_path / "here")
        assert psc.client().cert.is_relative_to(tmp_path / "here")
