from typing import Any

import httpx
from observations import Case, Observations, Scene
from support import PERSONA

observes = Observations()

REFUSALS = (
    ("invalid_request", "Authentication failed.", 401),
    ("invalid_client", "Invalid client or Invalid client credentials", 401),
    ("unauthorized_client", "Invalid client or Invalid client credentials", 401),
    ("access_denied", "Realm not enabled", 403),
    ("server_error", "Failed to introspect token.", 500),
    ("temporarily_unavailable", None, 503),
)


def answered(scene: Scene) -> httpx.Response:
    return scene.rp.post("introspection_endpoint", token=scene.rp.login()["access_token"])


def introspected(scene: Scene) -> dict[str, Any]:
    response = answered(scene)
    assert response.status_code == 200
    return dict(response.json())


for error, description, status in REFUSALS:

    @observes("introspection.error", error=error)
    def it_is_refused_in_the_usual_words(
        scene: Scene, error: str = error, description: str | None = description, status: int = status
    ) -> None:
        response = answered(scene)
        assert response.status_code == status
        assert response.json() == {"error": error} | ({"error_description": description} if description else {})


@observes("introspection.error", description="Client not allowed.", status=403)
def it_is_refused_in_the_words_given(scene: Scene) -> None:
    response = answered(scene)
    assert response.status_code == 403
    assert response.json() == {"error": "invalid_request", "error_description": "Client not allowed."}


@observes("introspection.inactive")
def it_is_not_active_and_no_more_is_said(scene: Scene) -> None:
    assert introspected(scene) == {"active": False}


@observes("introspection.active_missing")
def active_is_missing_and_the_claims_are_there(scene: Scene) -> None:
    claims = introspected(scene)
    assert "active" not in claims
    assert claims["username"] == PERSONA


@observes("introspection.active_text")
def active_is_a_text(scene: Scene) -> None:
    claims = introspected(scene)
    assert (claims["active"], claims["username"]) == ("false", PERSONA)


@observes("introspection.inactive_with_claims")
def it_is_not_active_and_the_claims_are_there(scene: Scene) -> None:
    claims = introspected(scene)
    assert (claims["active"], claims["username"]) == (False, PERSONA)


@observes("introspection.client_different")
def it_is_the_token_of_another_client(scene: Scene) -> None:
    claims = introspected(scene)
    assert (claims["active"], claims["client_id"], claims["azp"]) == (True, "another-client", "another-client")


@observes("introspection.sub_different")
def it_is_the_token_of_another_person(scene: Scene) -> None:
    claims = introspected(scene)
    assert claims["active"] is True
    assert claims["sub"].endswith(f":{PERSONA}0")


@observes("introspection.expired", ago=30)
def it_is_active_and_has_expired(scene: Scene) -> None:
    claims = introspected(scene)
    assert claims["active"] is True
    assert claims["exp"] < claims["iat"] - 25


@observes("introspection.scope_missing")
def there_is_no_scope(scene: Scene) -> None:
    claims = introspected(scene)
    assert "scope" not in claims
    assert claims["active"] is True


@observes.cases
def test_its_effect_is_on_the_wire_until_it_is_disarmed(scene: Scene, case: Case) -> None:
    case.check(scene)


def test_of_a_token_that_is_not_active_there_is_nothing_to_change(scene: Scene) -> None:
    names = ("inactive", "inactive_with_claims", "client_different", "sub_different", "expired", "scope_missing")
    armed = [scene.running.arm(f"introspection.{name}") for name in names]
    assert scene.rp.introspect("no token") == {"active": False}
    assert {each.hits for each in armed} == {0}
