from collections.abc import Callable

import pytest
from support import PERSONA, RunningMock

from mockpsc.profiles import shipped_tables

VERIFICATION_FAILED = {"error": "invalid_token", "error_description": "Token verification failed"}
NOT_ATTACHED = {
    "error": "invalid_request",
    "error_description": "User session not found or doesn't have client attached on it",
}


@pytest.mark.parametrize("persona", [str(table["id"]) for table in shipped_tables()])
def test_every_persona_logs_in_and_is_described(shared: RunningMock, persona: str) -> None:
    rp = shared.relying_party()
    response = rp.userinfo(rp.login(login_hint=persona)["access_token"])
    assert response.headers["content-type"] == "application/json"
    document = response.json()
    assert document["SubjectNameID"] == persona
    assert document["sub"].endswith(f":{persona}")


def test_it_may_be_asked_by_get_by_post_and_with_the_token_in_the_form(shared: RunningMock) -> None:
    rp, url = shared.relying_party(), shared.url("userinfo_endpoint")
    token = rp.login()["access_token"]
    headers = {"Authorization": f"bearer {token}"}
    by_get = rp.http.get(url, headers=headers).json()
    assert by_get["SubjectNameID"] == PERSONA
    assert rp.http.post(url, headers=headers).json() == by_get
    assert rp.http.post(url, data={"access_token": token}).json() == by_get


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic eDp5"])
def test_without_a_token_there_is_only_a_challenge(shared: RunningMock, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    refused = shared.client().get(shared.url("userinfo_endpoint"), headers=headers)
    assert (refused.status_code, refused.content) == (401, b"")
    assert refused.headers["www-authenticate"] == 'Bearer realm="esante-wallet"'
    assert "No access token came" in refused.headers["mockpsc-hint"]


@pytest.mark.parametrize(
    ("spoil", "hint"),
    [
        (lambda tokens: "x", "not a JWT"),
        (lambda tokens: "a.b.c", "not a JWT"),
        (lambda tokens: tokens["access_token"][:-6] + "AAAAAA", "signature is not this provider's"),
        (lambda tokens: tokens["id_token"], "typ is 'ID'; expected 'Bearer'"),
        (lambda tokens: tokens["refresh_token"], "typ is 'Refresh'"),
        (lambda tokens: "eyJhbGciOiJub25lIn0." + tokens["access_token"].split(".")[1] + ".", "alg 'none'"),
    ],
)
def test_what_is_no_access_token_is_refused(
    shared: RunningMock, spoil: Callable[[dict[str, str]], str], hint: str
) -> None:
    rp = shared.relying_party()
    refused = rp.userinfo(spoil(rp.login()))
    assert (refused.status_code, refused.json()) == (401, VERIFICATION_FAILED)
    assert refused.headers["www-authenticate"] == (
        'Bearer realm="esante-wallet", error="invalid_token", error_description="Token verification failed"'
    )
    assert hint.replace("'Bearer'", "Bearer") in refused.headers["mockpsc-hint"]


def test_a_token_lives_two_minutes(running: RunningMock) -> None:
    rp = running.relying_party()
    token = rp.login()["access_token"]
    running.advance(118)
    assert rp.userinfo(token).status_code == 200
    running.advance(2)
    refused = rp.userinfo(token)
    assert (refused.status_code, refused.json()) == (401, VERIFICATION_FAILED)
    assert "it lived 120 s" in refused.headers["mockpsc-hint"]


def test_a_token_dies_with_its_login(shared: RunningMock) -> None:
    rp = shared.relying_party()
    tokens = rp.login()
    rp.http.get(shared.url("end_session_endpoint"), params={"id_token_hint": tokens["id_token"]})
    refused = rp.userinfo(tokens["access_token"])
    assert (refused.status_code, refused.json()) == (401, NOT_ATTACHED)


def test_a_token_from_before_a_replay_stays_dead_after_a_new_login(running: RunningMock) -> None:
    rp, browser = running.relying_party(), running.browser()
    code = browser.code()
    old = rp.exchange(code).json()
    rp.exchange(code)
    running.advance(2)
    new = rp.exchange(browser.code()).json()
    assert new["session_state"] == old["session_state"]
    assert rp.userinfo(new["access_token"]).status_code == 200
    assert rp.userinfo(old["access_token"]).json() == {"error": "invalid_token", "error_description": "Stale token"}


def test_another_mocks_token_is_refused(run: Callable[..., RunningMock]) -> None:
    one, other = run(), run()
    refused = other.relying_party().userinfo(one.relying_party().login()["access_token"])
    assert refused.json() == VERIFICATION_FAILED
    assert f"expected '{other.mock.connection.issuer}'" in refused.headers["mockpsc-hint"]
