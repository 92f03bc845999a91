"""What the journal has of an exchange: who, what was asked and answered, and what was issued."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from support import CALLBACK, PERSONA, RunningMock, decoded

from mockpsc.faults import read_order
from mockpsc.journal import Exchange, Filter
from mockpsc.journal.body import LIMIT


def exchange_of(running: RunningMock, **wanted: Any) -> Exchange:
    """The one exchange that is kept of those wanted."""
    (event,) = running.mock.journal.find(Filter(kind="exchange", **wanted))
    assert isinstance(event, Exchange)
    return event


def test_a_login_shows_who_and_what_at_each_endpoint(running: RunningMock) -> None:
    tokens = running.relying_party().login()
    authorization, exchange = exchange_of(running, endpoint="authorization"), exchange_of(running, endpoint="token")
    for each in (authorization, exchange):
        assert (each.client_id, each.persona_id) == ("mockpsc-client", PERSONA)
    assert dict(authorization.parameters)["nonce"] == "a nonce"
    assert dict(authorization.content.response_headers)["location"].startswith(CALLBACK)
    assert [name for name, _ in exchange.parameters] == ["client_id", "grant_type", "code", "redirect_uri"]
    assert exchange.content.url == running.url("token_endpoint")
    assert exchange.content.request_type == "application/x-www-form-urlencoded"
    assert tokens["access_token"] in exchange.content.response_body.text
    assert (authorization.connection_id, exchange.connection_id) == ("wallet-1", "auth-1")


def test_the_claims_of_the_tokens_that_were_issued_are_kept(running: RunningMock) -> None:
    tokens = running.relying_party().login()
    issued = dict(exchange_of(running, endpoint="token").tokens)
    assert set(issued) == {"access_token", "refresh_token", "id_token"}
    assert issued["id_token"] == decoded(tokens["id_token"])
    assert issued["access_token"] == decoded(tokens["access_token"])


def test_repeated_parameters_are_kept_in_their_order(running: RunningMock) -> None:
    http = running.relying_party().http
    body = urlencode([("a", "1"), ("b", ""), ("a", "é")])
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    http.post(running.url("token_endpoint") + "?q=0", content=body, headers=form)
    assert exchange_of(running).parameters == (("q", "0"), ("a", "1"), ("b", ""), ("a", "é"))


def test_a_refusal_shows_its_error_and_its_hint(running: RunningMock) -> None:
    running.relying_party().exchange("no code")
    exchange = exchange_of(running, error="invalid_grant")
    assert exchange == exchange_of(running, error="invalid_grant: Code not valid")
    assert (exchange.status, exchange.failed, exchange.tokens) == (400, True, ())
    assert exchange.hint


def test_an_exchange_is_there_before_the_client_has_its_answer(shared: RunningMock) -> None:
    browser = shared.browser()
    shared.mock.journal.clear()
    for number in range(1, 40):
        browser.authorize()
        assert shared.mock.journal.count(Filter(kind="exchange")) == number


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_each_exchange_is_recorded_once(method: str, running: RunningMock) -> None:
    running.client().request(method, running.mock.connection.discovery_url)
    assert exchange_of(running).method == method


def test_no_more_of_a_body_is_kept_than_the_bound(running: RunningMock) -> None:
    form = {"grant_type": "x" * (2 * LIMIT)}
    running.client().post(running.url("token_endpoint"), data=form)
    body = exchange_of(running).request_body
    assert len(body.data) == LIMIT
    assert body.size == len(urlencode(form))


def test_a_fault_that_answers_in_the_endpoints_place_is_named(running: RunningMock) -> None:
    running.mock.faults.arm(read_order({"name": "http.status", "params": {"status": 503}}))
    assert running.relying_party().exchange("a code").status_code == 503
    exchange = exchange_of(running, fault="http.status")
    assert (exchange.endpoint, exchange.client_id, exchange.status) == ("token", "mockpsc-client", 503)
    assert ("code", "a code") in exchange.parameters
    assert "faults http.status" in exchange.line


def test_an_answer_that_is_cut_short_is_recorded_once_and_as_it_was_sent(running: RunningMock) -> None:
    running.mock.faults.arm(read_order({"name": "http.truncated", "params": {"at": 0.5}}))
    client = running.client()
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(running.mock.connection.discovery_url)
    exchange = exchange_of(running, fault="http.truncated")
    whole = int(dict(exchange.content.response_headers)["content-length"])
    assert (exchange.status, exchange.response_body.size) == (200, whole // 2)
    running.mock.faults.disarm("http.truncated")
    client.get(running.mock.connection.discovery_url)
    assert running.mock.journal.count(Filter(kind="exchange")) == 2


def test_log_lines_and_the_default_texts_have_no_secret(
    run: Callable[..., RunningMock], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    client = {"id": "me", "redirect_uris": [CALLBACK], "authentication": "secret", "secret": "correct horse"}
    running = run(clients=(client,))
    code = running.browser().code(client_id="me")
    basic = b64encode(b"me:correct+horse").decode()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    answer = running.client().post(
        running.url("token_endpoint"), data=form, headers={"Authorization": f"Basic {basic}"}
    )
    assert answer.status_code == 200, answer.text
    for secret in (code, basic, "correct", *(answer.json()[f"{kind}_token"] for kind in ("access", "id", "refresh"))):
        assert secret not in caplog.text
