"""The application's tests: each logs in at a Pro Santé Connect that runs in this process."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from app import create_app
from mockpsc import ArmedFault, Psc, psc_fault_matrix
from provider import Settings


def browser_of(psc: Psc, **changed: str) -> TestClient:
    """A browser at an application that goes by the mock's clock."""
    settings = Settings.from_env({**psc.client().as_env(), **changed})
    return TestClient(create_app(settings, now=lambda: psc.clock.now.timestamp()))


@pytest.fixture
def browser(psc: Psc) -> Iterator[TestClient]:
    with browser_of(psc) as browser:
        yield browser


def test_a_professional_logs_in_and_sees_where_they_work(psc: Psc, browser: TestClient) -> None:
    answer = psc.login("/login", client=browser, persona="899700000013")
    assert answer.headers["location"] == "/me"
    page = browser.get("/me").text
    assert "CLAIRE EXEMPLE-DUPONT" in page
    assert "CABINET DR EXEMPLE-DUPONT" in page
    assert "CENTRE DE SANTE DE L&#x27;ECHANTILLON" in page


def test_the_application_does_all_that_pro_sante_connect_asks_for(psc: Psc, browser: TestClient) -> None:
    psc.login("/login", client=browser)
    browser.get("/me")
    psc.assert_client_certificate()
    psc.assert_no_findings()


def test_everybody_can_log_in_and_see_their_page(psc: Psc, browser: TestClient) -> None:
    for persona in psc.personas.values():
        psc.login("/login", client=browser, persona=persona)
        assert browser.get("/me").status_code == 200, persona


def test_a_person_refuses(psc: Psc, browser: TestClient) -> None:
    answer = psc.login("/login", client=browser, refuse=True)
    assert answer.status_code == 403
    assert "The login failed" in answer.text
    psc.exchanges("token").none()


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(psc: Psc, browser: TestClient) -> None:
    asked_for = browser.get("/login", follow_redirects=False).headers["location"]
    callback = psc.login(asked_for).removeprefix("http://localhost:8000")
    with browser_of(psc) as another:
        assert another.get(callback).status_code == 403
    assert browser.get(callback, follow_redirects=False).status_code == 303
    assert browser.get(callback).status_code == 403, "a second time"


def test_with_an_expired_certificate_the_login_fails_and_the_mock_says_why(psc: Psc) -> None:
    expired = psc.certs.expired()
    with browser_of(psc, PSC_CLIENT_CERT=str(expired.chain), PSC_CLIENT_KEY=str(expired.key)) as browser:
        answer = browser.get("/login")
    assert answer.status_code == 502
    assert psc.handshakes.last().reason == "expired"


def test_a_new_signing_key_is_fetched(psc: Psc, browser: TestClient) -> None:
    psc.login("/login", client=browser)
    psc.keys.rotate(keep_old=False)
    assert psc.login("/login", client=browser).status_code == 303
    assert len(psc.exchanges("jwks")) == 2


def test_an_access_token_that_has_expired_is_refreshed(psc: Psc, browser: TestClient) -> None:
    psc.login("/login", client=browser)
    psc.clock.advance(minutes=3)
    assert browser.get("/me").status_code == 200
    assert psc.exchanges("token").last().parameters["grant_type"] == "refresh_token"
    assert browser.get("/me").status_code == 200
    assert len(psc.exchanges("token")) == 2
    psc.assert_no_findings()


def test_a_login_that_the_provider_has_ended_is_over(psc: Psc, browser: TestClient) -> None:
    psc.login("/login", client=browser)
    psc.clock.advance(hours=1)
    assert browser.get("/me").status_code == 403
    assert browser.get("/me", follow_redirects=False).headers["location"] == "/login"


def test_a_refresh_is_tried_again_after_an_outage(psc: Psc, browser: TestClient) -> None:
    psc.login("/login", client=browser)
    psc.clock.advance(minutes=3)
    with psc.fault("http.status", status=503, endpoint="token"):
        assert browser.get("/me").status_code == 502
    assert browser.get("/me").status_code == 200


def test_logging_out_ends_the_login_here_and_there(psc: Psc, browser: TestClient) -> None:
    psc.login("/login", client=browser)
    away = browser.post("/logout", follow_redirects=False).headers["location"]
    back = psc.browser().logout(away)
    assert "You are logged out" in browser.get(back.removeprefix("http://localhost:8000")).text
    assert psc.exchanges("logout").one().status == 302
    assert browser.get("/me", follow_redirects=False).headers["location"] == "/login"
    psc.assert_no_findings()


@psc_fault_matrix(layer="id_token")
def test_an_id_token_is_judged_as_it_must_be(psc: Psc, psc_fault: ArmedFault, browser: TestClient) -> None:
    assert_met_as_it_must_be(psc, psc_fault, browser)


@psc_fault_matrix(layer="jwks")
def test_keys_are_judged_as_they_must_be(psc: Psc, psc_fault: ArmedFault, browser: TestClient) -> None:
    assert_met_as_it_must_be(psc, psc_fault, browser)


@psc_fault_matrix(layer="userinfo", verdict="reject")
def test_userinfo_about_somebody_else_is_refused(psc: Psc, psc_fault: ArmedFault, browser: TestClient) -> None:
    assert_met_as_it_must_be(psc, psc_fault, browser)


def assert_met_as_it_must_be(psc: Psc, fault: ArmedFault, browser: TestClient) -> None:
    """Whether somebody can log in and see their page, as the verdict on the fault has it."""
    psc.login("/login", client=browser)
    answer = browser.get("/me", follow_redirects=False)
    assert fault.hits
    if fault.verdict == "reject":
        assert answer.status_code != 200
    elif fault.verdict == "accept":
        assert answer.status_code == 200
    else:
        assert answer.status_code < 500 or "The login failed" in answer.text
