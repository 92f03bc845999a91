"""The journal through the admin API: to find, count, take, clear and export what happened."""

import json
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from support import CALLBACK, PERSONA, RunningMock

from mockpsc.journal import Filter
from mockpsc.journal.redaction import redact
from mockpsc.members import members_of

SECRET = "correct horse"
CLIENT = {"id": "me", "redirect_uris": [CALLBACK], "authentication": "secret", "secret": SECRET}
FORMATS = ("json", "ndjson", "har")


@dataclass
class Api:
    """The admin API of a mock."""

    running: RunningMock
    http: httpx.Client

    def get(self, path: str = "", **query: Any) -> httpx.Response:
        return self.http.get(f"/api/journal{path}", params=query)

    def find(self, **query: Any) -> list[dict[str, Any]]:
        response = self.get(**query)
        assert response.status_code == 200, response.text
        return list(response.json())

    def take(self, **body: Any) -> Any:
        response = self.http.post("/api/journal/take", json=body)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture
def api(running: RunningMock) -> Iterator[Api]:
    with httpx.Client(base_url=running.mock.connection.admin_url, timeout=30) as http:
        yield Api(running, http)


@dataclass
class Login:
    """A login with all that is secret in it, as text that must not be seen."""

    api: Api
    code: str
    secrets: tuple[str, ...]


@pytest.fixture
def login(run: Callable[..., RunningMock]) -> Iterator[Login]:
    """With secrets wherever a client sends or gets one: form, HTTP Basic, bearer, cookie, query, a form_post page."""
    running = run(clients=(CLIENT,))
    browser, client = running.browser(), running.client()
    code = browser.code(client_id="me")
    page = browser.authorize(client_id="me", response_mode="form_post").text
    basic = b64encode(f"me:{SECRET}".encode()).decode()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    authorization = {"Authorization": f"Basic {basic}"}
    tokens = client.post(running.url("token_endpoint"), data=form, headers=authorization).json()
    access, refresh, identity = (tokens[f"{kind}_token"] for kind in ("access", "refresh", "id"))
    client.get(running.url("userinfo_endpoint"), headers={"Authorization": f"Bearer {access}"})
    named = {"client_id": "me", "client_secret": SECRET}
    client.post(running.url("introspection_endpoint"), data={**named, "token": refresh})
    browser.http.get(running.url("end_session_endpoint"), params={"id_token_hint": identity})
    posted = page.partition('name="code" value="')[2].partition('"')[0]
    cookie = browser.http.cookies.get("KEYCLOAK_IDENTITY") or ""
    secrets = (code, posted, basic, access, refresh, identity, SECRET, cookie)
    assert all(secrets[:-1])
    with httpx.Client(base_url=running.mock.connection.admin_url, timeout=30) as http:
        yield Login(Api(running, http), code, tuple(filter(None, secrets)))


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_secret_is_told(format: str, login: Login) -> None:
    told = login.api.get(format=format).text
    for secret in login.secrets:
        assert secret not in told
        assert json.dumps(secret)[1:-1] not in told
    assert "correct" not in told  # as it is in a form
    assert redact(login.code) in told


@pytest.mark.parametrize("format", FORMATS)
def test_secrets_are_told_to_those_who_ask_for_them(format: str, login: Login) -> None:
    told = login.api.get(format=format, secrets=1).text
    assert "redacted" not in told
    for secret in login.secrets:
        assert secret in told


def test_the_same_secret_is_seen_to_be_the_same(login: Login) -> None:
    authorization, exchange = login.api.find(endpoint="authorization")[0], login.api.find(endpoint="token")[0]
    shown = redact(login.code)
    assert {"name": "code", "value": shown} in exchange["parameters"]
    (location,) = [each["value"] for each in authorization["response"]["headers"] if each["name"] == "location"]
    assert f"code={shown}" in location


def test_an_exchange_is_told_with_all_that_is_known_of_it(api: Api) -> None:
    api.running.relying_party().login()
    (told,) = api.find(kind="exchange", endpoint="token", client="mockpsc-client", persona=PERSONA, status=200)
    assert (told["kind"], told["listener"], told["connection_id"]) == ("exchange", "auth", "auth-1")
    assert (told["method"], told["status"], told["error"], told["faults"]) == ("POST", 200, None, [])
    assert [each["kind"] for each in told["tokens"]] == ["access_token", "refresh_token", "id_token"]
    assert told["tokens"][2]["claims"]["nonce"] == "a nonce"
    assert json.loads(told["response"]["body"]["text"])["token_type"] == "Bearer"
    assert told["time"].endswith("+00:00")
    (handshake,) = api.find(kind="handshake", connection=told["connection_id"])
    assert (handshake["outcome"], handshake["server_name"]) == ("accepted", "localhost")
    assert handshake["number"] < told["number"]


def test_a_client_polls_for_what_came_after_what_it_knows(api: Api) -> None:
    api.running.relying_party().login()
    last = api.find()[-1]["number"]
    assert api.find(after=last) == []
    api.running.browser().authorize()
    assert [each["number"] for each in api.find(after=last)] == [last + 1, last + 2]


def test_events_are_counted_and_cleared(api: Api) -> None:
    api.running.relying_party().login()
    assert api.get("/count").json() == {"count": 4, "last": 4}
    assert api.get("/count", kind="exchange").json() == {"count": 2, "last": 4}
    assert api.http.delete("/api/journal", params={"endpoint": "token"}).json() == {"cleared": 1}
    assert api.http.delete("/api/journal").json() == {"cleared": 3}
    assert api.find() == []


def test_the_oldest_event_is_taken_and_then_none(api: Api) -> None:
    for state in ("first", "second"):
        api.running.browser().authorize(state=state)
    for state in ("first", "second"):
        taken = api.take(kind="exchange", endpoint="authorization")
        assert {"name": "state", "value": state} in taken["parameters"]
    assert api.take(kind="exchange", endpoint="authorization") is None
    assert api.take(kind="exchange", timeout=0.01) is None


def test_an_event_that_is_waited_for_is_taken_when_it_comes(api: Api) -> None:
    taken: list[Any] = []
    thread = threading.Thread(target=lambda: taken.append(api.take(endpoint="authorization", timeout=30)))
    thread.start()
    while not api.running.mock.journal.has_waiting:
        api.get("/count")
    api.running.browser().authorize(state="waited for")
    thread.join()
    assert {"name": "state", "value": "waited for"} in taken[0]["parameters"]
    assert api.find(endpoint="authorization") == []


def test_who_goes_away_takes_nothing(api: Api) -> None:
    journal = api.running.mock.journal
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{api.http.base_url}/api/journal/take", json={"timeout": 30}, timeout=0.2)
    while journal.has_waiting:
        api.get("/count")
    api.running.browser().authorize()
    assert api.get("/count").json() == {"count": 2, "last": 2}


def test_those_to_come_are_told_as_they_come(api: Api) -> None:
    api.running.browser().authorize(state="kept")
    with api.http.stream("GET", "/api/journal", params={"follow": 1, "after": 0, "kind": "exchange"}) as response:
        lines = response.iter_lines()
        assert response.headers["content-type"] == "application/x-ndjson"
        assert {"name": "state", "value": "kept"} in json.loads(next(lines))["parameters"]
        api.running.browser().authorize(state="to come")
        assert {"name": "state", "value": "to come"} in json.loads(next(lines))["parameters"]


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ({"clint": "me"}, "'clint', which is unknown (did you mean 'client'?)"),
        ({"endpoint": "tokens"}, "endpoint 'tokens' (did you mean 'token'?)"),
        ({"status": "ok"}, "status 'ok'; expected a whole number"),
        ({"format": "xml"}, "format 'xml'; expected one of json, ndjson, har"),
        ({"follow": "1", "format": "har"}, "leave format out, or ask for ndjson"),
    ],
)
def test_a_wrong_query_is_refused_with_what_was_meant(query: dict[str, str], detail: str, api: Api) -> None:
    response = api.get(**query)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert detail in response.json()["detail"]


def test_a_wrong_member_is_refused_with_what_was_meant(api: Api) -> None:
    response = api.http.post("/api/journal/take", json={"timout": 1})
    assert response.status_code == 400
    assert "'timout', which is unknown (did you mean 'timeout'?)" in response.json()["detail"]


def test_ndjson_is_the_same_a_line_each(api: Api) -> None:
    api.running.relying_party().login()
    response = api.get(format="ndjson")
    assert response.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in response.text.splitlines()] == api.find()


# What HAR 1.2 requires of each object.
REQUIRED: dict[str, dict[str, Any]] = {
    "log": {"version": str, "creator": dict, "entries": list},
    "creator": {"name": str, "version": str},
    "entry": {
        "startedDateTime": str,
        "time": float | int,
        "request": dict,
        "response": dict,
        "cache": dict,
        "timings": dict,
    },
    "request": {
        "method": str,
        "url": str,
        "httpVersion": str,
        "cookies": list,
        "headers": list,
        "queryString": list,
        "headersSize": int,
        "bodySize": int,
    },
    "response": {
        "status": int,
        "statusText": str,
        "httpVersion": str,
        "cookies": list,
        "headers": list,
        "content": dict,
        "redirectURL": str,
        "headersSize": int,
        "bodySize": int,
    },
    "content": {"size": int, "mimeType": str},
    "postData": {"mimeType": str},
    "timings": {"send": float | int, "wait": float | int, "receive": float | int},
    "pair": {"name": str, "value": str},
}


def require(kind: str, given: dict[str, Any]) -> None:
    for name, expected in REQUIRED[kind].items():
        assert isinstance(given[name], expected), (kind, name, given[name])


def require_har(har: dict[str, Any]) -> None:
    log = har["log"]
    require("log", log)
    require("creator", log["creator"])
    for entry in log["entries"]:
        require("entry", entry)
        request, response = entry["request"], entry["response"]
        for kind, given in (("request", request), ("response", response), ("timings", entry["timings"])):
            require(kind, given)
        require("content", response["content"])
        for pair in [*request["headers"], *request["cookies"], *request["queryString"], *response["headers"]]:
            require("pair", pair)
        assert entry["time"] == sum(entry["timings"].values())


def test_the_archive_is_har_1_2_with_what_is_known_of_tls(api: Api) -> None:
    tokens = api.running.relying_party().login()
    api.running.relying_party().userinfo(tokens["access_token"])
    har = api.get(format="har").json()
    require_har(har)
    entries = har["log"]["entries"]
    authorization, exchange, userinfo = entries
    assert har["log"]["version"] == "1.2"
    assert authorization["response"]["redirectURL"].startswith(CALLBACK)
    assert authorization["response"]["statusText"] == "Found"
    assert {"name": "nonce", "value": "a nonce"} in authorization["request"]["queryString"]
    assert [each["name"] for each in authorization["response"]["cookies"]] == ["KEYCLOAK_IDENTITY"]
    require("postData", exchange["request"]["postData"])
    assert {"name": "grant_type", "value": "authorization_code"} in exchange["request"]["postData"]["params"]
    assert "text" not in exchange["request"]["postData"]
    assert userinfo["response"]["content"]["mimeType"] == "application/json"
    assert (exchange["_client"], exchange["_persona"], exchange["_endpoint"]) == ("mockpsc-client", PERSONA, "token")
    assert (exchange["_tls"]["outcome"], exchange["_tls"]["version"]) == ("accepted", 0x0304)
    assert "mockpsc-client" in exchange["_tls"]["subject"]
    assert len(har["log"]["_handshakes"]) == 3


def test_the_documentation_has_every_filter() -> None:
    page = (Path(__file__).parents[2] / "docs" / "journal.md").read_text(encoding="utf-8")
    for name in members_of(Filter):
        assert f"\n| `{name}` | " in page
