import httpx
from observations import Case, Observations, Scene

observes = Observations()

REFUSALS = (
    ("invalid_request", "Unmatching clients", 400),
    ("invalid_client", "Invalid client or Invalid client credentials", 401),
    ("unauthorized_client", "Invalid client or Invalid client credentials", 401),
    ("server_error", None, 500),
)


def revoked(scene: Scene) -> tuple[httpx.Response, int]:
    """The answer to a revocation of an access token, and the status that it has at userinfo afterwards."""
    token = scene.rp.login()["access_token"]
    response = scene.rp.post("revocation_endpoint", token=token)
    return response, scene.rp.userinfo(token).status_code


for error, description, status in REFUSALS:

    @observes("revocation.error", error=error)
    def it_is_refused_and_the_token_is_still_good(
        scene: Scene, error: str = error, description: str | None = description, status: int = status
    ) -> None:
        response, afterwards = revoked(scene)
        assert (response.status_code, afterwards) == (status, 200)
        assert response.json() == {"error": error} | ({"error_description": description} if description else {})


@observes("revocation.error", error="invalid_request", description="Token not provided")
def it_is_refused_in_the_words_given(scene: Scene) -> None:
    response, _ = revoked(scene)
    assert response.json() == {"error": "invalid_request", "error_description": "Token not provided"}


@observes("revocation.unsupported_token_type")
def the_type_of_token_is_not_revoked(scene: Scene) -> None:
    response, afterwards = revoked(scene)
    assert (response.status_code, afterwards) == (400, 200)
    assert response.json() == {"error": "unsupported_token_type", "error_description": "Unsupported token type"}


@observes("revocation.unavailable", retry_after=7, order={"times": 1})
def it_can_be_revoked_later(scene: Scene) -> None:
    token = scene.rp.login()["access_token"]
    first = scene.rp.post("revocation_endpoint", token=token)
    assert (first.status_code, first.headers["retry-after"]) == (503, "7")
    assert scene.rp.userinfo(token).status_code == 200
    assert scene.rp.post("revocation_endpoint", token=token).status_code == 200
    assert scene.rp.userinfo(token).status_code == 401


@observes("revocation.invalid_token")
def keycloak_does_not_know_the_token(scene: Scene) -> None:
    response, _ = revoked(scene)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"error": "invalid_token", "error_description": "Invalid token"}


@observes.cases
def test_its_effect_is_on_the_wire_until_it_is_disarmed(scene: Scene, case: Case) -> None:
    case.check(scene)
