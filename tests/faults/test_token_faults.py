from typing import Any

import httpx
import pytest
from observations import Case, Observations, Scene
from support import decoded

observes = Observations()

# What Keycloak says most often with each code, and some that it says more seldom: error, description, status.
REFUSALS = (
    ("invalid_grant", "Code not valid", 400),
    ("invalid_request", "Missing parameter: code", 400),
    ("invalid_client", "Invalid client or Invalid client credentials", 401),
    ("unauthorized_client", "Client not allowed to exchange code", 400),
    ("unsupported_grant_type", "Unsupported grant_type", 400),
    ("invalid_scope", "Client no longer has requested consent from user", 400),
    ("access_denied", "Realm not enabled", 403),
    ("server_error", None, 500),
    ("temporarily_unavailable", None, 503),
)
SAID = (
    ("invalid_request", "HTTPS required", 403),
    ("invalid_client", "Bearer-only not allowed", 400),
    ("invalid_grant", "User disabled", 400),
    ("invalid_grant", "PKCE verification failed: Code mismatch", 400),
    (
        "unauthorized_client",
        "Client certificate missing, or its thumbprint and one in the refresh token did NOT match",
        401,
    ),
)


def exchanged(scene: Scene) -> httpx.Response:
    """The answer to a good code, whatever it is."""
    return scene.rp.exchange(scene.running.browser().code())


def tokens(scene: Scene) -> dict[str, Any]:
    response = exchanged(scene)
    assert response.status_code == 200
    return dict(response.json())


def refreshed(scene: Scene) -> tuple[dict[str, Any], httpx.Response]:
    """The tokens of a good login, and the answer to a refresh."""
    first = tokens(scene)
    return first, scene.rp.refresh(first["refresh_token"])


def body(error: str, description: str | None) -> dict[str, str]:
    return {"error": error} | ({"error_description": description} if description else {})


for error, description, status in REFUSALS:

    @observes("token.error", error=error)
    def it_is_refused_in_the_usual_words(
        scene: Scene, error: str = error, description: str | None = description, status: int = status
    ) -> None:
        response = exchanged(scene)
        assert (response.status_code, response.json()) == (status, body(error, description))
        assert response.headers["cache-control"] == "no-store"
        assert "The fault token.error acts here" in response.headers["Mockpsc-Hint"]


for error, words, status in SAID:

    @observes("token.error", error=error, description=words, status=status)
    def it_is_refused_in_the_words_given(
        scene: Scene, error: str = error, words: str = words, status: int = status
    ) -> None:
        response = exchanged(scene)
        assert (response.status_code, response.json()) == (status, body(error, words))


@observes("token.error", status=200, description="")
def the_error_comes_with_200(scene: Scene) -> None:
    response = exchanged(scene)
    assert (response.status_code, response.json()) == (200, {"error": "invalid_grant"})


@observes("token.error", order={"times": 1})
def the_code_of_a_refused_request_stays_good(scene: Scene) -> None:
    code = scene.running.browser().code()
    assert scene.rp.exchange(code).status_code == 400
    assert scene.rp.exchange(code).status_code == 200


for name in ("id_token", "access_token", "refresh_token"):

    @observes(f"token.{name}_missing")
    def it_lacks_that_token_and_nothing_else(scene: Scene, name: str = name) -> None:
        expected = {"access_token", "refresh_token", "id_token"} - {name}
        given = tokens(scene)
        assert {each for each in given if each.endswith("_token")} == expected
        assert given["token_type"] == "Bearer"


@observes("token.refresh_token_missing", order={"match": {"grant_type": "refresh_token"}})
def after_a_refresh_the_old_refresh_token_goes_on(scene: Scene) -> None:
    first, response = refreshed(scene)
    assert "refresh_token" not in response.json()
    assert scene.rp.refresh(first["refresh_token"]).status_code == 200


@observes("token.expires_in_text")
def expires_in_is_a_text(scene: Scene) -> None:
    assert tokens(scene)["expires_in"] == "120"


@observes("token.expires_in_negative")
def expires_in_is_below_zero(scene: Scene) -> None:
    assert tokens(scene)["expires_in"] == -1


@observes("token.expires_in_negative", seconds=-3600)
def expires_in_is_the_number_given(scene: Scene) -> None:
    assert tokens(scene)["expires_in"] == -3600


for fault, absent in {
    "token.expires_in_absent": "expires_in",
    "token.refresh_expires_in_absent": "refresh_expires_in",
    "token.token_type_absent": "token_type",
    "token.scope_absent": "scope",
}.items():

    @observes(fault)
    def it_lacks_that_member_and_is_good(scene: Scene, absent: str = absent) -> None:
        given = tokens(scene)
        assert absent not in given
        assert len(given) == 8
        assert scene.rp.userinfo(given["access_token"]).status_code == 200


@observes("token.token_type_lower_case")
def token_type_is_in_lower_case(scene: Scene) -> None:
    assert tokens(scene)["token_type"] == "bearer"


@observes("token.token_type_unknown")
def token_type_is_unknown(scene: Scene) -> None:
    assert tokens(scene)["token_type"] == "mac"


@observes("token.unknown_member")
def there_is_one_more_member(scene: Scene) -> None:
    assert tokens(scene)["extension"] == {"unknown": True}


@observes("token.refresh_refused")
def a_refresh_is_refused_and_a_login_is_not(scene: Scene) -> None:
    _, response = refreshed(scene)
    assert (response.status_code, response.json()) == (400, body("invalid_grant", "Token is not active"))


@observes("token.refresh_refused", description="Session not active")
def a_refresh_is_refused_in_the_words_given(scene: Scene) -> None:
    _, response = refreshed(scene)
    assert response.json() == body("invalid_grant", "Session not active")


for words in ("Maximum allowed refresh token reuse exceeded", "Stale token"):

    @observes("token.refresh_reuse_refused", description=words)
    def a_refresh_token_is_good_once(scene: Scene, words: str = words) -> None:
        first, response = refreshed(scene)
        second = response.json()
        assert scene.rp.refresh(second["refresh_token"]).status_code == 200
        again = scene.rp.refresh(first["refresh_token"])
        assert (again.status_code, again.json()) == (400, body("invalid_grant", words))
        assert scene.rp.userinfo(second["access_token"]).status_code == 401


@observes("token.refresh_reuse_refused", more=1)
def a_refresh_token_is_good_twice(scene: Scene) -> None:
    first, _ = refreshed(scene)
    statuses = [scene.rp.refresh(first["refresh_token"]).status_code for _ in range(2)]
    assert statuses == [200, 400]


@observes("token.refresh_without_id_token")
def a_refresh_brings_no_id_token_and_a_login_does(scene: Scene) -> None:
    first, response = refreshed(scene)
    assert "id_token" in first
    assert "id_token" not in response.json()


@observes("token.refresh_changes_sub")
def a_refresh_is_about_another_person(scene: Scene) -> None:
    before, after = identities(scene)
    assert after == before | {"sub": before["sub"] + "0"}


@observes("token.refresh_changes_iss")
def a_refresh_is_by_another_issuer(scene: Scene) -> None:
    before, after = identities(scene)
    assert after == before | {"iss": "https://another-provider.example.test"}


@observes("token.refresh_changes_aud")
def a_refresh_is_for_another_client(scene: Scene) -> None:
    before, after = identities(scene)
    assert after == before | {"aud": "another-client"}


@observes("token.refresh_changes_auth_time", by=90)
def a_refresh_tells_of_another_login(scene: Scene) -> None:
    before, after = identities(scene)
    assert after == before | {"auth_time": before["auth_time"] + 90}


def identities(scene: Scene) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the ID tokens of a login and of a refresh say, but for what changes in any case."""
    first, response = refreshed(scene)
    before, after = (decoded(each["id_token"]) for each in (first, response.json()))
    for claims in before, after:
        for name in ("iat", "exp", "jti", "at_hash"):
            del claims[name]
    return before, after


@observes.cases
def test_its_effect_is_on_the_wire_until_it_is_disarmed(scene: Scene, case: Case) -> None:
    case.check(scene)


@pytest.mark.parametrize("name", ["sub", "iss", "aud", "auth_time"])
def test_a_fault_of_a_refresh_leaves_a_login_as_it_is(scene: Scene, name: str) -> None:
    armed = scene.running.arm(f"token.refresh_changes_{name}")
    tokens = scene.rp.login()
    assert armed.hits == 0
    scene.rp.refresh(tokens["refresh_token"])
    assert armed.hits == 1


def test_a_refresh_token_that_was_used_before_the_fault_was_armed_is_used_all_the_same(scene: Scene) -> None:
    first, _ = refreshed(scene)
    scene.running.arm("token.refresh_reuse_refused")
    assert scene.rp.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
