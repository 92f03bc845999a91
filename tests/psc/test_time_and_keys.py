"""The clock, the keys, and tokens without a flow."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from psc.applications import party_of
from support import decoded

from mockpsc import ConfigurationError, Psc


def published(psc: Psc) -> list[str]:
    url = f"{psc.issuer}/protocol/openid-connect/certs"
    with psc.client().httpx_client() as http:
        return [each["kid"] for each in http.get(url).json()["keys"] if each["use"] == "sig"]


def test_the_clock_is_moved_until_the_next_reset(psc: Psc) -> None:
    before = psc.clock.freeze()
    assert psc.clock.advance(minutes=5, seconds=1) == psc.clock.now == before + timedelta(seconds=301)
    assert psc.clock.advance(timedelta(days=-1)) == before + timedelta(seconds=301, days=-1)
    moment = datetime(2031, 1, 31, 12, tzinfo=UTC)
    assert psc.clock.set(moment) == psc.clock.now == moment
    assert psc.clock.resume() >= moment
    psc.reset()
    assert abs(psc.clock.now - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_moment_without_its_zone_is_refused(psc: Psc) -> None:
    with pytest.raises(ConfigurationError, match="expected one with its zone"):
        psc.clock.set(datetime(2031, 1, 31, 12))  # noqa: DTZ001 # as is to be refused


def test_tokens_expire_by_the_clock(psc: Psc) -> None:
    token = psc.token()
    url = f"{psc.issuer}/protocol/openid-connect/userinfo"
    with psc.client().httpx_client(headers={"Authorization": f"Bearer {token}"}) as http:
        assert http.get(url).status_code == 200
        psc.clock.advance(minutes=3)
        assert http.get(url).status_code == 401


def test_a_rotated_key_signs_and_stays_over_a_reset(psc: Psc) -> None:
    old = psc.keys.ids.active
    new = psc.keys.rotate()
    assert psc.keys.ids.published[:2] == (new, old) == tuple(published(psc)[:2])
    psc.reset()
    assert psc.keys.ids.active == new


def test_keys_are_rotated_in_steps(psc: Psc) -> None:
    old = psc.keys.ids.active
    new = psc.keys.rotate(use=False)
    assert (psc.keys.ids.active, published(psc)[0]) == (old, new)
    assert psc.keys.rotate(keep_old=False) == new
    assert published(psc) == [new]


def test_a_reset_publishes_the_key_that_signs(psc: Psc) -> None:
    new = psc.keys.rotate(publish=False)
    assert new not in published(psc)
    psc.reset()
    assert new in published(psc)


def test_a_token_is_had_without_a_flow(psc: Psc) -> None:
    someone = list(psc.personas.values())[1]
    claims = decoded(psc.token(someone, client="mine", lifetime=60, role="doctor", typ=None))
    assert (claims["sub"], claims["azp"], claims["role"]) == (someone.sub, "mine", "doctor")
    assert claims["exp"] - claims["iat"] == 60
    assert "typ" not in claims
    assert decoded(psc.token(kind="id_token", client=psc.client(), scope="openid"))["aud"] == psc.default_client
    with pytest.raises(ConfigurationError, match=rf"No persona has the id '{someone.id}0' \(did you mean"):
        psc.token(f"{someone.id}0")
    with pytest.raises(ConfigurationError, match=r"No persona has the id 'nobody'; there are \d+, "):
        psc.token("nobody")


def test_a_claim_that_is_named_as_an_argument_is_given_apart(psc: Psc) -> None:
    claims = decoded(psc.token(claims={"scope": "mine", "client": 1, "kind": "x", "role": "nurse"}, role="doctor"))
    assert (claims["scope"], claims["client"], claims["kind"], claims["role"]) == ("mine", 1, "x", "doctor")


def test_a_token_can_be_spoilt_by_a_fault(psc: Psc) -> None:
    with psc.fault("access_token.expired"):
        claims = decoded(psc.token())
    assert claims["exp"] < psc.clock.now.timestamp()


def test_a_token_of_today_opens_userinfo(psc: Psc) -> None:
    party = party_of(psc)
    with party.client.httpx_client() as http:
        answer = http.get(
            f"{psc.issuer}/protocol/openid-connect/userinfo", headers={"Authorization": f"Bearer {psc.token()}"}
        )
    assert isinstance(answer, httpx.Response)
    assert answer.json()["sub"] == next(iter(psc.personas.values())).sub
