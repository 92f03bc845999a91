import html
import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import jwt
import pytest
from support import CALLBACK, PERSONA, RunningMock, answer

from mockpsc.profiles import shipped_tables

OTHER_PERSONA = str(shipped_tables()[1]["id"])
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_good_request_is_answered_in_keycloaks_order(shared: RunningMock) -> None:
    response = shared.browser().authorize()
    parameters = answer(response)
    assert response.headers["location"].startswith(f"{CALLBACK}?")
    assert list(parameters) == ["state", "session_state", "iss", "code"]
    assert parameters["state"] == "a state"
    assert parameters["iss"] == shared.mock.connection.issuer
    code, session, client = parameters["code"].split(".")
    assert session == parameters["session_state"]
    assert all(UUID(part) for part in (code, session, client))


def test_the_wallet_answers_with_a_slash_and_the_issuer_at_keycloaks_path(shared: RunningMock) -> None:
    issuer = shared.mock.connection.issuer
    for url in (f"{shared.url('authorization_endpoint')}/", f"{issuer}/protocol/openid-connect/auth"):
        assert "code" in answer(shared.browser().authorize(url))


def test_a_request_may_come_by_post(shared: RunningMock) -> None:
    request = {"response_type": "code", "client_id": "a", "redirect_uri": CALLBACK, "login_hint": PERSONA}
    response = shared.browser().http.post(shared.url("authorization_endpoint"), data=request)
    assert "code" in answer(response)


def test_neither_state_nor_nonce_nor_pkce_is_demanded(shared: RunningMock) -> None:
    assert "state" not in answer(shared.browser().authorize(state=None, nonce=None, acr_values=None))
    assert answer(shared.browser().authorize(state=""))["state"] == ""


@pytest.mark.parametrize("length", [8 * 1024, 30 * 1024])
def test_a_long_state_comes_back_whole(shared: RunningMock, length: int) -> None:
    state = "s" * length
    assert answer(shared.browser().authorize(state=state))["state"] == state


def test_a_query_in_the_redirect_uri_is_kept(shared: RunningMock) -> None:
    parameters = answer(shared.browser().authorize(redirect_uri=f"{CALLBACK}?tenant=1"))
    assert parameters["tenant"] == "1"
    assert "code" in parameters


DECLARED = {
    "clients": (
        {
            "id": "declared",
            "redirect_uris": [CALLBACK, "https://app.example.test/*"],
            "scopes": ["scope_all"],
        },
    )
}


# What Keycloak shows in a page, in its order of checks: each request also has all the flaws that follow.
PAGES = [
    ({"client_id": None, "max_age": "", "redirect_uri": None}, "Invalid Request", "has no client_id"),
    ({"client_id": "", "max_age": "", "redirect_uri": None}, "Client not found.", "client_id is empty"),
    ({"client_id": "declare", "max_age": "x", "redirect_uri": None}, "Client not found.", "did you mean 'declared'?"),
    ({"max_age": "", "redirect_uri": None}, "Invalid Request", "max_age is ''"),
    ({"max_age": "soon", "redirect_uri": "x"}, "Invalid Request", "max_age is 'soon'"),
    ({"redirect_uri": None, "response_type": None}, "Invalid parameter: redirect_uri", "has no redirect_uri"),
    ({"redirect_uri": f"{CALLBACK}/", "response_type": None}, "Invalid parameter: redirect_uri", f"'{CALLBACK}/'"),
    ({"redirect_uri": f"{CALLBACK}#x"}, "Invalid parameter: redirect_uri", "must be, to the letter"),
]


@pytest.mark.parametrize(("changes", "message", "hint"), PAGES)
def test_what_cannot_be_sent_back_is_shown(
    run: Callable[..., RunningMock], changes: dict[str, str | None], message: str, hint: str
) -> None:
    response = run(**DECLARED).browser().authorize(**{"client_id": "declared", **changes})
    assert response.status_code == 400
    assert response.headers["content-type"].startswith("text/html")
    assert message in html.unescape(response.text)
    assert hint in html.unescape(response.text)
    assert "location" not in response.headers


# What Keycloak sends back, in its order of checks: each request also has all the flaws that follow.
SENT_BACK = [
    ({"response_type": None, "response_mode": "x"}, "invalid_request", "Missing parameter: response_type"),
    ({"response_type": "cod", "response_mode": "x"}, "unsupported_response_type", None),
    ({"response_type": "", "response_mode": "x"}, "unsupported_response_type", None),
    ({"response_type": "code none", "response_mode": "x"}, "unsupported_response_type", None),
    ({"response_mode": "x", "scope": "x"}, "invalid_request", "Invalid parameter: response_mode"),
    (
        {"response_type": "code token", "response_mode": "query", "scope": "x"},
        "invalid_request",
        "Response_mode 'query' not allowed for implicit or hybrid flow",
    ),
    (
        {"response_type": "id_token token", "scope": "x"},
        "unauthorized_client",
        "Client is not allowed to initiate browser login with given response_type. "
        "Implicit flow is disabled for the client.",
    ),
    ({"request": "x.y.z", "scope": "x"}, "request_not_supported", None),
    ({"request_uri": "https://rp.test/r", "scope": "x"}, "request_uri_not_supported", None),
    ({"scope": "openid scope_al", "code_challenge": "x"}, "invalid_scope", "Invalid scopes: openid scope_al"),
    ({"code_challenge_method": "S256", "prompt": "none"}, "invalid_request", "Missing parameter: code_challenge"),
    (
        {"code_challenge": "short", "code_challenge_method": "s256", "prompt": "none"},
        "invalid_request",
        "Invalid parameter: code_challenge_method",
    ),
    ({"code_challenge": "short", "prompt": "none"}, "invalid_request", "Invalid parameter: code_challenge"),
    ({"code_challenge": f"{CHALLENGE}=", "prompt": "none"}, "invalid_request", "Invalid parameter: code_challenge"),
    ({"prompt": "none login"}, "invalid_request", "Invalid parameter: prompt"),
    ({"prompt": "none"}, "login_required", None),
]


@pytest.mark.parametrize(("changes", "error", "description"), SENT_BACK)
def test_what_can_be_sent_back_is_sent_in_keycloaks_words_and_order(
    shared: RunningMock, changes: dict[str, str | None], error: str, description: str | None
) -> None:
    response = shared.browser().authorize(**changes)
    expected = {"error": error, "error_description": description, "state": "a state"}
    sent = [(name, value) for name, value in expected.items() if value is not None]
    assert list(answer(response).items()) == [*sent, ("iss", shared.mock.connection.issuer)]


def test_an_error_without_state_has_none(shared: RunningMock) -> None:
    assert "state" not in answer(shared.browser().authorize(state=None, prompt="none"))


def test_a_repeated_parameter_is_refused(shared: RunningMock) -> None:
    url = f"{shared.url('authorization_endpoint')}?nonce=1&nonce=2"
    parameters = {"client_id": "a", "redirect_uri": CALLBACK, "response_type": "code", "scope": "x"}
    response = shared.browser().http.get(f"{url}&" + "&".join(f"{n}={v}" for n, v in parameters.items()))
    assert answer(response)["error_description"] == "duplicated parameter"
    assert "'nonce'" in response.headers["mockpsc-hint"]


def test_a_declared_client_has_the_scopes_that_it_declares(run: Callable[..., RunningMock]) -> None:
    browser = run(**DECLARED).browser()
    assert "code" in answer(browser.authorize(client_id="declared"))
    assert answer(browser.authorize(client_id="declared", scope="openid profile"))["error"] == "invalid_scope"


def test_a_star_at_the_end_of_a_redirect_uri_stands_for_anything(run: Callable[..., RunningMock]) -> None:
    browser = run(**DECLARED).browser()
    below = "https://app.example.test/a/callback"
    assert "code" in answer(browser.authorize(client_id="declared", redirect_uri=below))


def test_the_answer_comes_as_a_fragment_or_as_a_form(shared: RunningMock) -> None:
    location = shared.browser().authorize(response_mode="fragment").headers["location"]
    assert "code" in parse_qs(urlsplit(location).fragment)
    page = shared.browser().authorize(response_mode="form_post")
    assert page.status_code == 200
    assert f'action="{CALLBACK}"' in page.text
    assert 'name="code"' in page.text
    assert page.headers["set-cookie"].startswith("KEYCLOAK_IDENTITY=")


@pytest.mark.parametrize("mode", ["jwt", "query.jwt"])
def test_the_answer_comes_as_a_signed_token(shared: RunningMock, mode: str) -> None:
    parameters = answer(shared.browser().authorize(response_mode=mode))
    assert list(parameters) == ["response"]
    key = shared.mock.provider.keys.active.certificate.public_key()
    claims = jwt.decode(parameters["response"], key, ["RS256"], audience="mockpsc-client")  # type: ignore[arg-type]
    assert {"iss", "code", "state", "session_state"} <= set(claims)


@pytest.mark.parametrize("response_type", ["none", "none "])
def test_response_type_none_gives_no_code(shared: RunningMock, response_type: str) -> None:
    parameters = answer(shared.browser().authorize(response_type=response_type))
    assert list(parameters) == ["state", "session_state", "iss"]


def test_what_asks_for_a_token_is_refused_in_the_fragment(shared: RunningMock) -> None:
    location = shared.browser().authorize(response_type="id_token").headers["location"]
    assert parse_qs(urlsplit(location).fragment)["error"] == ["unauthorized_client"]


class TestSingleSignOn:
    def test_a_second_request_needs_no_page(self, shared: RunningMock) -> None:
        browser = shared.browser()
        first = answer(browser.authorize())
        second = answer(browser.authorize(login_hint=None, prompt="none", client_id="another"))
        assert second["session_state"] == first["session_state"]
        assert second["code"] != first["code"]

    def test_another_browser_knows_nothing_of_it(self, shared: RunningMock) -> None:
        session = answer(shared.browser().authorize())["session_state"]
        browser = shared.browser()
        for forged in (f"{session}.", session, f"{session}.guess", ".", "x" * 5000):
            browser.http.cookies = {"KEYCLOAK_IDENTITY": forged}
            assert answer(browser.authorize(login_hint=None, prompt="none"))["error"] == "login_required"

    def test_prompt_login_logs_in_anew(self, running: RunningMock) -> None:
        browser = running.browser()
        first = answer(browser.authorize())
        running.advance(10)
        second = answer(browser.authorize(prompt="login"))
        assert second["session_state"] != first["session_state"]
        assert "persona" in browser.authorize(prompt="login", login_hint=None).text

    def test_another_person_logs_in_anew(self, shared: RunningMock) -> None:
        browser = shared.browser()
        first = answer(browser.authorize())
        assert answer(browser.authorize(prompt="none", login_hint=OTHER_PERSONA))["error"] == "login_required"
        assert answer(browser.authorize(login_hint=OTHER_PERSONA))["session_state"] != first["session_state"]

    def test_an_old_login_does_not_satisfy_max_age(self, running: RunningMock) -> None:
        browser = running.browser()
        first = answer(browser.authorize())
        running.advance(100)
        kept = answer(browser.authorize(max_age="101", prompt="none"))
        assert kept["session_state"] == first["session_state"]
        refused = browser.authorize(max_age="99", prompt="none")
        assert answer(refused)["error"] == "login_required"
        assert "more than max_age" in refused.headers["mockpsc-hint"]
        assert answer(browser.authorize(max_age="99"))["session_state"] != first["session_state"]

    def test_a_login_ends_after_half_an_hour_unused(self, running: RunningMock) -> None:
        browser = running.browser()
        browser.authorize()
        for _ in range(3):
            running.advance(1799)
            assert "code" in answer(browser.authorize(prompt="none"))
        running.advance(1800)
        assert answer(browser.authorize(prompt="none"))["error"] == "login_required"

    def test_a_login_ends_after_four_hours(self, running: RunningMock) -> None:
        browser = running.browser()
        browser.authorize()
        for _ in range(9):
            running.advance(1599)
            assert "code" in answer(browser.authorize(prompt="none"))
        running.advance(100)
        assert answer(browser.authorize(prompt="none"))["error"] == "login_required"


class TestLoginPage:
    def test_it_shows_who_asks_and_everybody_who_can_log_in(self, shared: RunningMock) -> None:
        response = shared.browser().authorize(login_hint=None)
        assert response.status_code == 200
        text = html.unescape(response.text)
        assert "mockpsc-client" in text
        assert CALLBACK in text
        for persona in shipped_tables():
            assert f'value="{persona["id"]}"' in text
        assert response.headers["x-frame-options"] == "SAMEORIGIN"

    def test_one_click_logs_a_person_in(self, shared: RunningMock) -> None:
        browser = shared.browser()
        response = browser.http.post(
            form_action(shared, browser.authorize(login_hint=None).text), data={"persona": PERSONA}
        )
        assert list(answer(response)) == ["state", "session_state", "iss", "code"]
        assert "code" in answer(browser.authorize(login_hint=None, prompt="none"))

    def test_the_button_to_refuse_refuses(self, shared: RunningMock) -> None:
        browser = shared.browser()
        page = browser.authorize(login_hint=None).text
        response = browser.http.post(form_action(shared, page), data={"refuse": "1"})
        expected = {"error": "access_denied", "state": "a state", "iss": shared.mock.connection.issuer}
        assert list(answer(response).items()) == list(expected.items())

    def test_it_also_works_at_keycloaks_path(self, shared: RunningMock) -> None:
        browser, issuer = shared.browser(), shared.mock.connection.issuer
        page = browser.authorize(f"{issuer}/protocol/openid-connect/auth", login_hint=None)
        action = form_action(shared, page.text, shared.mock.provider.auth_url)
        assert "code" in answer(browser.http.post(action, data={"persona": PERSONA}))

    def test_it_speaks_french_and_english(self, shared: RunningMock) -> None:
        browser = shared.browser()
        french = browser.authorize(login_hint=None)
        assert '<html lang="fr"' in french.text
        for wish in ({"ui_locales": "en"}, {"kc_locale": "en"}):
            assert '<html lang="en"' in browser.authorize(login_hint=None, **wish).text

    def test_nobody_can_be_logged_in_who_is_not_there(self, shared: RunningMock) -> None:
        browser = shared.browser()
        action = form_action(shared, browser.authorize(login_hint=None).text)
        response = browser.http.post(action, data={"persona": "ANS2024031710452"})
        assert response.status_code == 400
        assert "did you mean 'ANS20240317104523'" in html.unescape(response.text)

    def test_a_login_hint_that_is_nobody_is_said_on_the_page(self, shared: RunningMock) -> None:
        response = shared.browser().authorize(login_hint="someone@example.test")
        assert response.status_code == 200
        assert "someone@example.test" in html.unescape(response.text)

    def test_the_choice_cannot_be_sent_elsewhere(self, shared: RunningMock) -> None:
        browser = shared.browser()
        action = form_action(shared, browser.authorize(login_hint=None).text)
        evil = action.replace("rp.example.test%2Fcallback", "rp.example.test%2Fcallback%23")
        assert evil != action
        assert browser.http.post(evil, data={"persona": PERSONA}).status_code == 400


def test_login_auto_answers_everything_without_a_page(run: Callable[..., RunningMock]) -> None:
    running = run(login="auto", persona=OTHER_PERSONA)
    token = running.relying_party().login(login_hint=None)
    claims = json.loads(running.relying_party().userinfo(token["access_token"]).text)
    assert claims["SubjectNameID"] == OTHER_PERSONA
    assert answer(running.browser().authorize(login_hint=None, prompt="none"))["error"] == "login_required"
    assert "code" in answer(running.browser().authorize(login_hint=None, prompt="select_account"))


def form_action(running: RunningMock, page: str, origin: str | None = None) -> str:
    action = html.unescape(page.split('action="')[1].split('"')[0])
    return (origin or running.mock.provider.wallet_url) + action
