import html
from collections.abc import Callable

import httpx
import pytest
from support import CALLBACK, RunningMock, answer

AFTER = "https://rp.example.test/bye"


def logout(running: RunningMock, browser: httpx.Client | None = None, /, **parameters: str) -> httpx.Response:
    return (browser or running.client()).get(running.url("end_session_endpoint"), params=parameters)


def test_a_hint_and_a_uri_send_the_person_back_with_the_state_only(shared: RunningMock) -> None:
    rp = shared.relying_party()
    tokens = rp.login()
    response = logout(shared, id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTER, state="s &")
    assert response.status_code == 302
    assert response.headers["location"] == f"{AFTER}?state=s+%26"
    assert rp.introspect(tokens["access_token"]) == {"active": False}


def test_without_a_state_none_is_added(shared: RunningMock) -> None:
    token = shared.relying_party().login()["id_token"]
    assert logout(shared, id_token_hint=token, post_logout_redirect_uri=AFTER).headers["location"] == AFTER


def test_without_a_uri_a_page_says_goodbye(shared: RunningMock) -> None:
    response = logout(shared, id_token_hint=shared.relying_party().login()["id_token"], ui_locales="en")
    assert response.status_code == 200
    assert "You are logged out" in response.text


def test_post_does_as_get(shared: RunningMock) -> None:
    rp = shared.relying_party()
    tokens = rp.login()
    form = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": AFTER}
    response = shared.client().post(shared.url("end_session_endpoint"), data=form)
    assert response.headers["location"] == AFTER
    assert rp.introspect(tokens["access_token"]) == {"active": False}


def test_an_expired_hint_is_accepted(running: RunningMock) -> None:
    token = running.relying_party().login()["id_token"]
    running.advance(100_000)
    assert logout(running, id_token_hint=token, post_logout_redirect_uri=AFTER).status_code == 302


def test_the_browser_is_not_logged_in_any_more(shared: RunningMock) -> None:
    browser = shared.browser()
    tokens = shared.relying_party().exchange(browser.code()).json()
    assert "code" in answer(browser.authorize(prompt="none"))
    logout(shared, browser.http, id_token_hint=tokens["id_token"])
    assert answer(browser.authorize(prompt="none"))["error"] == "login_required"


class TestConfirmation:
    def test_without_a_hint_the_person_is_asked(self, shared: RunningMock) -> None:
        browser = shared.browser()
        browser.authorize()
        page = logout(shared, browser.http, ui_locales="en")
        assert page.status_code == 200
        assert "Do you want to log out" in page.text
        assert "code" in answer(browser.authorize(prompt="none"))
        confirmed = browser.http.post(action(shared, page.text), data={"ui_locales": "en"})
        assert "You are logged out" in confirmed.text
        assert answer(browser.authorize(prompt="none"))["error"] == "login_required"

    def test_a_client_id_is_enough_to_be_sent_back_after_it(self, shared: RunningMock) -> None:
        page = logout(shared, client_id="mockpsc-client", post_logout_redirect_uri=AFTER, state="s")
        assert page.status_code == 200
        form = {"client_id": "mockpsc-client", "post_logout_redirect_uri": AFTER, "state": "s"}
        for name, value in form.items():
            assert f'name="{name}" value="{value}"' in page.text
        response = shared.client().post(action(shared, page.text), data=form)
        assert response.headers["location"] == f"{AFTER}?state=s"


DECLARED = {
    "clients": (
        {"id": "declared", "redirect_uris": [CALLBACK], "post_logout_redirect_uris": [AFTER]},
        {"id": "other", "redirect_uris": [CALLBACK]},
    )
}


@pytest.mark.parametrize(
    ("parameters", "message", "hint"),
    [
        ({"redirect_uri": AFTER}, "Invalid parameter: redirect_uri", "post_logout_redirect_uri"),
        ({"post_logout_redirect_uri": AFTER}, "Missing parameters: id_token_hint", "goes with the id_token_hint"),
        ({"id_token_hint": "x"}, "Invalid parameter: id_token_hint", "not a JWT"),
        ({"id_token_hint": ""}, "Invalid parameter: id_token_hint", "not a JWT"),
        ({"id_token_hint": "{access_token}"}, "Invalid parameter: id_token_hint", "typ is 'Bearer'; expected ID"),
        (
            {"id_token_hint": "{id_token}", "client_id": "other"},
            "Invalid parameter: id_token_hint",
            "given to 'declared'",
        ),
        ({"id_token_hint": "{id_token}", "post_logout_redirect_uri": f"{AFTER}/"}, "Invalid redirect uri", "declares"),
        ({"client_id": "unknown", "post_logout_redirect_uri": AFTER}, "Missing parameters: id_token_hint", "goes with"),
        ({"client_id": "other", "post_logout_redirect_uri": AFTER}, "Invalid redirect uri", "declares: none"),
    ],
)
def test_what_is_wrong_is_shown_and_nobody_is_sent_anywhere(
    run: Callable[..., RunningMock], parameters: dict[str, str], message: str, hint: str
) -> None:
    running = run(**DECLARED)
    rp = running.relying_party("declared")
    tokens = rp.login()
    refused = logout(running, None, **{name: value.format(**tokens) for name, value in parameters.items()})
    assert refused.status_code == 400
    assert message in html.unescape(refused.text)
    assert hint in html.unescape(refused.text)
    assert "location" not in refused.headers
    assert rp.introspect(tokens["access_token"])["active"] is True


class TestBackChannel:
    def test_a_refresh_token_logs_out_without_a_browser(self, shared: RunningMock) -> None:
        rp = shared.relying_party()
        tokens = rp.login()
        response = rp.post("end_session_endpoint", refresh_token=tokens["refresh_token"])
        assert (response.status_code, response.content) == (204, b"")
        assert rp.introspect(tokens["access_token"]) == {"active": False}

    def test_a_bad_one_is_refused(self, shared: RunningMock) -> None:
        rp = shared.relying_party()
        empty = rp.post("end_session_endpoint", refresh_token="")
        assert empty.json() == {"error": "invalid_request", "error_description": "No refresh token"}
        bad = rp.post("end_session_endpoint", refresh_token=rp.login()["access_token"])
        assert bad.json() == {"error": "invalid_grant", "error_description": "Invalid refresh token"}


def action(running: RunningMock, page: str) -> str:
    return running.mock.provider.auth_url + html.unescape(page.split('action="')[1].split('"')[0])
