from urllib.parse import parse_qsl, urlsplit

import httpx
from observations import Case, Observations, Scene
from support import CALLBACK, answer

from mockpsc.faults.authorization import ERRORS

observes = Observations()


def response(scene: Scene, **changes: str | None) -> httpx.Response:
    return scene.running.browser().authorize(**changes)


def sent_back(scene: Scene, **changes: str | None) -> list[tuple[str, str]]:
    """The parameters of the authorization response in their order, the repeated ones too."""
    location = urlsplit(response(scene, **changes).headers["location"])
    return parse_qsl(location.query, keep_blank_values=True)


for code in ERRORS:

    @observes("authorization.error", error=code, description="because it is so")
    def it_is_refused_with_that_code(scene: Scene, code: str = code) -> None:
        sent = sent_back(scene)
        issuer = scene.running.mock.provider.issuer
        assert sent == [
            ("error", code),
            ("error_description", "because it is so"),
            ("state", "a state"),
            ("iss", issuer),
        ]


@observes("authorization.error")
def by_default_it_is_a_server_error_without_description(scene: Scene) -> None:
    assert [name for name, _ in sent_back(scene)] == ["error", "state", "iss"]
    assert answer(response(scene))["error"] == "server_error"


@observes("authorization.error", error="invalid_scope")
def the_refusal_is_in_the_form_that_is_posted(scene: Scene) -> None:
    page = response(scene, response_mode="form_post")
    assert page.status_code == 200
    assert 'name="error" value="invalid_scope"' in page.text


@observes("authorization.error", error="login_required")
def its_hint_names_the_fault(scene: Scene) -> None:
    assert "The fault authorization.error acts here" in response(scene).headers["Mockpsc-Hint"]


@observes("authorization.cancelled")
def access_is_denied_without_description(scene: Scene) -> None:
    sent = dict(sent_back(scene))
    assert sent["error"] == "access_denied"
    assert "error_description" not in sent


@observes("authorization.login_timeout")
def the_login_took_too_long(scene: Scene) -> None:
    sent = dict(sent_back(scene))
    assert (sent["error"], sent["error_description"]) == ("temporarily_unavailable", "authentication_expired")


@observes("authorization.session_expired")
def a_page_says_that_it_has_expired(scene: Scene) -> None:
    page = response(scene)
    assert page.status_code == 200
    assert "location" not in page.headers
    assert "Page has expired" in page.text


@observes("authorization.state_missing")
def there_is_no_state(scene: Scene) -> None:
    assert [name for name, _ in sent_back(scene)] == ["session_state", "iss", "code"]


@observes("authorization.state_changed")
def the_state_is_another(scene: Scene) -> None:
    assert dict(sent_back(scene))["state"] == "another-state"


@observes("authorization.state_changed", state="mine")
def the_state_is_the_one_given(scene: Scene) -> None:
    assert dict(sent_back(scene))["state"] == "mine"


@observes("authorization.code_missing")
def there_is_no_code(scene: Scene) -> None:
    assert [name for name, _ in sent_back(scene)] == ["state", "session_state", "iss"]


@observes("authorization.code_twice")
def there_are_two_codes_of_which_the_last_is_good(scene: Scene) -> None:
    first, last = (value for name, value in sent_back(scene) if name == "code")
    assert scene.rp.exchange(first).json()["error_description"] == "Code not valid"
    assert scene.rp.exchange(last).status_code == 200


@observes("authorization.iss_wrong")
def iss_is_of_another_provider(scene: Scene) -> None:
    assert dict(sent_back(scene))["iss"].startswith("https://another-provider.example.test/")


@observes("authorization.iss_wrong", how="slash")
def iss_has_a_slash_at_its_end(scene: Scene) -> None:
    assert dict(sent_back(scene))["iss"] == scene.running.mock.provider.issuer + "/"


@observes("authorization.iss_wrong", how="http")
def iss_is_http(scene: Scene) -> None:
    assert dict(sent_back(scene))["iss"] == scene.running.mock.provider.issuer.replace("https:", "http:")


@observes("authorization.iss_missing")
def there_is_no_iss(scene: Scene) -> None:
    assert [name for name, _ in sent_back(scene)] == ["state", "session_state", "code"]


@observes("authorization.iss_missing", order={"match": {"client": "mockpsc-client"}})
def a_refusal_has_no_iss_either(scene: Scene) -> None:
    assert [name for name, _ in sent_back(scene, scope="unknown")] == ["error", "error_description", "state"]


@observes("authorization.mixed_up")
def it_is_the_response_of_another_provider(scene: Scene) -> None:
    sent = dict(sent_back(scene))
    assert sent["iss"].startswith("https://another-provider.example.test/")
    assert sent["state"] == "a state"
    assert scene.rp.exchange(sent["code"]).json()["error_description"] == "Code not valid"


@observes("authorization.parameters_duplicated")
def each_parameter_comes_twice(scene: Scene) -> None:
    sent = sent_back(scene)
    assert len(sent) == 8
    assert sent[:4] == sent[4:]


@observes("authorization.unknown_parameter")
def there_is_one_more_parameter_and_the_code_is_good(scene: Scene) -> None:
    sent = sent_back(scene)
    assert sent[-1] == ("extension", "unknown")
    assert scene.rp.exchange(dict(sent)["code"]).status_code == 200


@observes("authorization.session_state_missing")
def there_is_no_session_state_and_the_code_is_good(scene: Scene) -> None:
    sent = dict(sent_back(scene))
    assert "session_state" not in sent
    assert scene.rp.exchange(sent["code"]).status_code == 200


@observes("authorization.callback_over_http")
def the_browser_is_sent_to_http(scene: Scene) -> None:
    location = response(scene).headers["location"]
    assert location.startswith(CALLBACK.replace("https:", "http:") + "?")


@observes.cases
def test_its_effect_is_on_the_wire_until_it_is_disarmed(scene: Scene, case: Case) -> None:
    case.check(scene)


def test_a_refusal_and_a_redirection_fault_combine(scene: Scene) -> None:
    scene.running.arm("authorization.error", {"error": "consent_required"})
    scene.running.arm("authorization.state_changed")
    assert dict(sent_back(scene))["error"] == "consent_required"
    assert dict(sent_back(scene))["state"] == "another-state"


def test_a_request_that_is_bad_by_itself_is_refused_for_what_it_is(scene: Scene) -> None:
    armed = scene.running.arm("authorization.error")
    assert dict(sent_back(scene, scope="unknown"))["error"] == "invalid_scope"
    assert response(scene, redirect_uri="no uri").status_code == 400
    assert armed.hits == 0
