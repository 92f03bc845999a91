from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from observations import Case, Observations, Scene
from support import CALLBACK, RunningMock, make_settings

observes = Observations()

GOODBYE = "https://rp.example.test/goodbye"
MESSAGES = (
    "Invalid redirect uri",
    "Invalid parameter: id_token_hint",
    "Missing parameters: id_token_hint",
    "Session not active.",
)


@pytest.fixture(scope="module")
def faulty(certs: Path) -> Iterator[RunningMock]:
    """A mock whose relying party declares where a logout comes back to."""
    client = {"id": "mockpsc-client", "redirect_uris": [CALLBACK], "post_logout_redirect_uris": [GOODBYE]}
    mock = RunningMock(make_settings(certs, clients=(client,)))
    yield mock
    mock.stop()


def logged_out(scene: Scene) -> tuple[httpx.Response, int]:
    """The answer to a logout, and the status that the access token of that login has afterwards."""
    tokens = scene.rp.login()
    request = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": GOODBYE, "state": "a state"}
    response = scene.running.browser().http.get(scene.running.url("end_session_endpoint"), params=request)
    return response, scene.rp.userinfo(tokens["access_token"]).status_code


def sent_back(scene: Scene) -> list[tuple[str, str]]:
    """What comes back from a logout that took place."""
    response, afterwards = logged_out(scene)
    assert (response.status_code, afterwards) == (302, 401)
    location = response.headers["location"]
    assert location.partition("?")[0] == GOODBYE
    return parse_qsl(urlsplit(location).query, keep_blank_values=True)


@observes("logout.state_missing")
def there_is_no_state(scene: Scene) -> None:
    assert sent_back(scene) == []


@observes("logout.state_changed")
def the_state_is_another(scene: Scene) -> None:
    assert sent_back(scene) == [("state", "another-state")]


@observes("logout.unknown_parameter")
def there_is_one_more_parameter(scene: Scene) -> None:
    assert sent_back(scene) == [("state", "a state"), ("extension", "unknown")]


@observes("logout.page_instead")
def the_person_is_logged_out_and_stays_on_a_page(scene: Scene) -> None:
    response, afterwards = logged_out(scene)
    assert (response.status_code, afterwards) == (200, 401)
    assert "Vous êtes déconnecté" in response.text


for message in MESSAGES:

    @observes("logout.refused", message=message)
    def a_page_refuses_and_the_person_stays_logged_in(scene: Scene, message: str = message) -> None:
        response, afterwards = logged_out(scene)
        assert (response.status_code, afterwards) == (400, 200)
        assert message in response.text


@observes.cases
def test_its_effect_is_on_the_wire_until_it_is_disarmed(scene: Scene, case: Case) -> None:
    case.check(scene)


def test_a_logout_that_comes_back_to_nowhere_has_nothing_to_change(scene: Scene) -> None:
    names = ("state_missing", "state_changed", "unknown_parameter", "page_instead")
    armed = [scene.running.arm(f"logout.{name}") for name in names]
    request = {"id_token_hint": scene.rp.login()["id_token"], "state": "a state"}
    response = scene.running.browser().http.get(scene.running.url("end_session_endpoint"), params=request)
    assert response.status_code == 200
    assert {each.hits for each in armed} == {0}
