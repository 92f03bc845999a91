import pytest
from support import RelyingParty, RunningMock


@pytest.fixture
def rp(shared: RunningMock) -> RelyingParty:
    return shared.relying_party()


def test_a_revoked_access_token_is_dead_and_the_login_lives(rp: RelyingParty) -> None:
    tokens = rp.login()
    response = rp.post("revocation_endpoint", token=tokens["access_token"])
    assert (response.status_code, response.content) == (200, b"")
    assert rp.introspect(tokens["access_token"]) == {"active": False}
    assert rp.refresh(tokens["refresh_token"]).status_code == 200


def test_a_revoked_refresh_token_takes_the_client_off_all_the_persons_logins(shared: RunningMock) -> None:
    rp, other = shared.relying_party(), shared.relying_party("other", certificate_of="mockpsc-client")
    here, there, elsewhere = rp.login(), rp.login(), other.login()
    assert rp.post("revocation_endpoint", token=here["refresh_token"]).status_code == 200
    for tokens in (here, there):
        assert rp.introspect(tokens["access_token"]) == {"active": False}
        assert rp.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert other.introspect(elsewhere["access_token"])["active"] is True


@pytest.mark.parametrize("token", ["x", "a.b.c", "é"])
def test_what_is_no_token_gets_keycloaks_odd_200(rp: RelyingParty, token: str) -> None:
    response = rp.post("revocation_endpoint", token=token)
    assert response.status_code == 200
    assert response.json() == {"error": "invalid_token", "error_description": "Invalid token"}


def test_what_may_not_be_revoked_is_refused(rp: RelyingParty) -> None:
    tokens = rp.login()
    for form, error, description in (
        ({"token": None}, "invalid_request", "Token not provided"),
        ({"token": tokens["id_token"]}, "unsupported_token_type", "Unsupported token type"),
        ({"token": tokens["access_token"], "client_id": "other"}, "invalid_request", "Unmatching clients"),
    ):
        refused = rp.post("revocation_endpoint", **form)
        assert (refused.status_code, refused.json()) == (400, {"error": error, "error_description": description})
    assert rp.introspect(tokens["access_token"])["active"] is True
