"""A test plays the person: at an authorization request, or through the caller's own application."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx
import pytest
import requests
from psc.applications import (
    CALLBACK,
    Party,
    asgi_client,
    django_client,
    flask_application,
    party_of,
    starlette_client,
)
from werkzeug.serving import make_server

from mockpsc import LoginFailed, Psc

SECOND = "899700000021"


def sent_back(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


# --- without an application ---


def test_a_login_ends_at_the_callback_url(psc: Psc) -> None:
    party = party_of(psc)
    url = psc.login(party.start("a state"))
    assert url.startswith(f"{CALLBACK}?")
    answered = sent_back(url)
    assert answered["state"] == "a state"
    assert "access_token" in party.exchange(answered["code"])
    assert psc.exchanges("token").one().tokens["id_token"]["sub"] == next(iter(psc.personas.values())).sub


def test_a_persona_is_named_by_id_or_as_it_is(psc: Psc) -> None:
    party = party_of(psc)
    for persona in (SECOND, psc.personas[SECOND]):
        psc.login(party.start(), persona=persona)
        assert psc.exchanges("authorization").last().persona_id == SECOND


def test_somebody_who_is_not_there_is_told_with_the_nearest(psc: Psc) -> None:
    with pytest.raises(LoginFailed, match=rf"does not offer '{SECOND}0' \(did you mean '{SECOND}'\?\); it offers "):
        psc.login(party_of(psc).start(), persona=f"{SECOND}0")


def test_those_who_can_log_in_are_shown_by_id_and_name(psc: Psc) -> None:
    with pytest.raises(LoginFailed, match=rf"does not offer 'CLAIRE'.*[ ,]{SECOND} {psc.personas[SECOND].name}, "):
        psc.login(party_of(psc).start(), persona="CLAIRE")


def test_a_person_refuses(psc: Psc) -> None:
    assert sent_back(psc.login(party_of(psc).start(), refuse=True))["error"] == "access_denied"


def test_where_there_is_nobody_one_can_only_refuse(psc: Psc) -> None:
    for id in psc.personas:
        psc.admin.delete(f"/api/personas/{id}")
    with pytest.raises(LoginFailed, match="does not offer None; it offers nobody"):
        psc.login(party_of(psc).start())
    assert "access_denied" in psc.login(party_of(psc).start(), refuse=True)


def test_a_form_that_is_posted_needs_an_application(psc: Psc) -> None:
    with pytest.raises(LoginFailed, match=r"a form posted to https://rp\.example\.test/callback .* give client="):
        psc.login(party_of(psc, response_mode="form_post").start())


def test_a_page_that_is_not_the_login_page_is_told_with_its_hint(psc: Psc) -> None:
    with pytest.raises(LoginFailed, match=r"shown a page at https://localhost:\d+/auth.*, HTTP 400: .*redirect_uri"):
        psc.login(party_of(psc, redirect_uri="http://rp.example.test/").start())


def test_a_page_of_somebody_elses_is_not_opened(psc: Psc) -> None:
    with pytest.raises(LoginFailed, match=r"https://rp\.example\.test/ is not a page of the mock's, which is at https"):
        psc.login("https://rp.example.test/")


def test_a_mock_that_fails_is_told_as_a_browser_would(psc: Psc) -> None:
    with psc.fault("tls.expired"), pytest.raises(LoginFailed, match=r"could not open https.*certificate has expired"):
        psc.login(party_of(psc).start())
    with psc.fault("tcp.close"), pytest.raises(LoginFailed, match="could not open https"):
        psc.login(party_of(psc).start())


def test_each_login_is_at_a_browser_of_its_own(psc: Psc) -> None:
    psc.login(party_of(psc).start(), persona=SECOND)
    assert "error=login_required" in psc.login(party_of(psc, prompt="none").start())


def test_who_has_logged_in_with_a_browser_need_not_do_so_again(psc: Psc) -> None:
    browser = psc.browser()
    browser.login(party_of(psc).start(), persona=SECOND)
    assert "code=" in browser.login(party_of(psc, prompt="none").start())
    assert psc.exchanges("authorization").last().persona_id == SECOND


# --- through an application ---

IN_THIS_PROCESS: dict[str, Callable[[Party], Any]] = {
    "starlette": starlette_client,
    "flask": lambda party: flask_application(party).test_client(),
    "django": django_client,
}
OVER_THE_NETWORK: dict[str, Callable[[], Any]] = {
    "httpx": httpx.Client,
    "requests": requests.Session,
}


def text_of(response: Any) -> str:
    return str(response.text if hasattr(response, "text") else response.content.decode())


@pytest.mark.parametrize("response_mode", ["query", "form_post"])
@pytest.mark.parametrize("framework", IN_THIS_PROCESS)
def test_an_application_is_driven_by_its_frameworks_test_client(psc: Psc, framework: str, response_mode: str) -> None:
    client = IN_THIS_PROCESS[framework](party_of(psc, response_mode=response_mode))
    assert text_of(psc.login("/login", client=client, persona=SECOND)) == psc.personas[SECOND].sub
    assert text_of(psc.login("/login", client=client, refuse=True)) == "access_denied"


@pytest.fixture
def served(psc: Psc) -> Iterator[str]:
    """The origin of an application that is reached over the network."""
    party = party_of(psc)
    server = make_server("127.0.0.1", 0, flask_application(party))
    origin = f"http://127.0.0.1:{server.server_port}"
    party.changed["redirect_uri"] = f"{origin}/callback"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield origin
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("library", OVER_THE_NETWORK)
def test_an_application_is_driven_over_the_network(psc: Psc, served: str, library: str) -> None:
    with OVER_THE_NETWORK[library]() as client:
        answer = psc.login(f"{served}/login", client=client, persona=SECOND)
    assert answer.text == psc.personas[SECOND].sub


def test_a_clients_base_url_is_where_the_application_is(psc: Psc, served: str) -> None:
    with httpx.Client(base_url=f"{served}/") as client:
        assert psc.login("/login", client=client, persona=SECOND).text == psc.personas[SECOND].sub


async def log_in(psc: Psc) -> str:
    async with asgi_client(party_of(psc, response_mode="form_post")) as client:
        answer = await psc.login_async("/login", client=client, persona=SECOND)
    return str(answer.text)


def test_an_asynchronous_application_is_driven_in_its_event_loop(psc: Psc) -> None:
    assert asyncio.run(log_in(psc)) == psc.personas[SECOND].sub
    assert anyio.run(log_in, psc, backend="trio") == psc.personas[SECOND].sub


def test_an_authorization_request_is_followed_in_an_event_loop(psc: Psc) -> None:
    assert "code=" in asyncio.run(psc.login_async(party_of(psc).start()))


def test_a_page_that_sends_nobody_away_is_no_beginning_of_a_login(psc: Psc) -> None:
    with pytest.raises(LoginFailed, match="Your application answered 200 at /bye, and no redirect"):
        psc.login("/bye", client=starlette_client(party_of(psc)))


# --- logout ---


def test_a_logout_leads_back_and_ends_the_login_of_that_browser(psc: Psc) -> None:
    party, browser = party_of(psc), psc.browser()
    tokens = party.exchange(sent_back(browser.login(party.start()))["code"])
    bye = {"post_logout_redirect_uri": "https://rp.example.test/bye", "state": "x"}
    url = party.logout_url(id_token_hint=tokens["id_token"], **bye)
    assert browser.logout(url) == "https://rp.example.test/bye?state=x"
    assert "error=login_required" in browser.login(party_of(psc, prompt="none").start())


def test_a_logout_without_a_hint_is_confirmed_and_ends_at_the_mock(psc: Psc) -> None:
    party, browser = party_of(psc), psc.browser()
    browser.login(party.start())
    assert browser.logout(party.logout_url()) is None
    assert "error=login_required" in browser.login(party_of(psc, prompt="none").start())


def test_a_logout_that_is_refused_fails(psc: Psc) -> None:
    with pytest.raises(LoginFailed, match=r"The logout was refused.*HTTP 400.*post_logout_redirect_uri"):
        psc.browser().logout(party_of(psc).logout_url(redirect_uri="https://rp.example.test/"))


def test_an_application_logs_out_with_the_browser_that_logged_in(psc: Psc) -> None:
    browser, client = psc.browser(), starlette_client(party_of(psc))
    browser.login("/login", client=client)
    assert browser.logout("/logout", client=client).text == "bye"
    assert psc.exchanges("logout").last().status == 302


async def log_in_and_out(psc: Psc) -> str:
    browser = psc.browser()
    async with asgi_client(party_of(psc)) as client:
        await browser.login_async("/login", client=client)
        answer = await browser.logout_async("/logout", client=client)
    return str(answer.text)


def test_an_asynchronous_application_logs_out(psc: Psc) -> None:
    assert asyncio.run(log_in_and_out(psc)) == "bye"
