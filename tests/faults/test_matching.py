"""On which occasions an armed fault acts, and that it acts on no other."""

import asyncio
import logging
import re
import ssl
from collections.abc import Callable, Iterator
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from support import CALLBACK, RelyingParty, RunningMock, answer, make_settings

from mockpsc.errors import Unusable
from mockpsc.faults import Armed

CLIENTS = (
    {"id": "rp-one", "redirect_uris": [CALLBACK]},
    {"id": "rp-two", "redirect_uris": [CALLBACK]},
    {"id": "rp-secret", "redirect_uris": [CALLBACK], "authentication": "secret", "secret": "a secret"},
)
PIERRE, PAUL = "899700000021", "899700000039"
TEAPOT = {"status": 418}
LOGIN_FORM = re.compile(r'<form method="post" action="([^"]+)">')


@pytest.fixture(scope="module")
def declaring(certs: Path) -> Iterator[RunningMock]:
    mock = RunningMock(make_settings(certs, clients=CLIENTS, fault_header=True))
    yield mock
    mock.stop()


@pytest.fixture(autouse=True)
def _nothing_armed(declaring: RunningMock) -> Iterator[None]:
    yield
    declaring.disarm_all()


@pytest.fixture
def one(declaring: RunningMock) -> RelyingParty:
    return declaring.relying_party("rp-one")


@pytest.fixture
def two(declaring: RunningMock) -> RelyingParty:
    return declaring.relying_party("rp-two")


def code_for(rp: RelyingParty, persona: str = PIERRE) -> str:
    return rp.running.browser().code(client_id=rp.client_id, login_hint=persona)


def teapots(*responses: httpx.Response) -> list[bool]:
    return [response.status_code == 418 for response in responses]


def authorize(rp: RelyingParty, access_token: str) -> httpx.Response:
    return rp.running.browser().authorize(client_id=rp.client_id)


def exchange(rp: RelyingParty, access_token: str) -> httpx.Response:
    return rp.exchange("no code")


def userinfo(rp: RelyingParty, access_token: str) -> httpx.Response:
    return rp.userinfo(access_token)


def introspect(rp: RelyingParty, access_token: str) -> httpx.Response:
    return rp.post("introspection_endpoint", token=access_token)


def revoke(rp: RelyingParty, access_token: str) -> httpx.Response:
    return rp.post("revocation_endpoint", token=access_token)


def log_out(rp: RelyingParty, access_token: str) -> httpx.Response:
    return rp.running.client().get(rp.running.url("end_session_endpoint"), params={"client_id": rp.client_id})


ENDPOINTS: dict[str, Callable[[RelyingParty, str], httpx.Response]] = {
    "authorization": authorize,
    "token": exchange,
    "userinfo": userinfo,
    "introspection": introspect,
    "revocation": revoke,
    "logout": log_out,
}


class TestClient:
    @pytest.mark.parametrize("endpoint", ENDPOINTS)
    def test_a_fault_of_one_client_leaves_the_other_alone(
        self, declaring: RunningMock, one: RelyingParty, two: RelyingParty, endpoint: str
    ) -> None:
        tokens = [rp.login()["access_token"] for rp in (one, two)]
        armed = declaring.arm("http.status", TEAPOT, match={"client": "rp-one", "endpoint": endpoint})
        answers = [ENDPOINTS[endpoint](rp, token) for rp, token in zip((one, two), tokens, strict=True)]
        assert teapots(*answers) == [True, False]
        assert armed.hits == 1

    @pytest.mark.parametrize("endpoint", ENDPOINTS)
    def test_a_fault_of_one_endpoint_leaves_the_others_alone(
        self, declaring: RunningMock, one: RelyingParty, endpoint: str
    ) -> None:
        token = one.login()["access_token"]
        armed = declaring.arm("http.status", TEAPOT, match={"endpoint": endpoint})
        answers = {name: ask(one, token).status_code for name, ask in ENDPOINTS.items()}
        assert [name for name, status in answers.items() if status == 418] == [endpoint]
        assert armed.hits == 1

    def test_a_client_is_known_by_http_basic(self, declaring: RunningMock) -> None:
        declaring.arm("http.status", TEAPOT, match={"client": "rp-secret"})
        form = {"grant_type": "authorization_code", "code": "no code", "redirect_uri": CALLBACK}
        with declaring.client() as http:
            url = declaring.url("token_endpoint")
            answers = [http.post(url, data=form, auth=(id, "a secret")) for id in ("rp-secret", "rp-two")]
        assert teapots(*answers) == [True, False]

    def test_a_client_is_known_by_its_certificate_alone(self, declaring: RunningMock) -> None:
        declaring.arm("http.status", TEAPOT, match={"client": "rp-one"})
        answers = []
        for id in "rp-one", "rp-two":
            with declaring.client(id) as http:
                answers.append(http.post(declaring.url("token_endpoint"), data={"grant_type": "authorization_code"}))
        assert teapots(*answers) == [True, False]

    def test_a_token_says_whose_it_is_before_a_certificate_does(
        self, declaring: RunningMock, one: RelyingParty, two: RelyingParty
    ) -> None:
        token = one.login()["access_token"]
        declaring.arm("http.status", TEAPOT, match={"client": "rp-one", "endpoint": "userinfo"})
        assert teapots(two.userinfo(token)) == [True]


class TestPersona:
    """Who a request is about is found out before anything is spent."""

    def refuses_pierre(self, declaring: RunningMock, endpoint: str) -> Armed:
        return declaring.arm("http.status", TEAPOT, match={"persona": PIERRE, "endpoint": endpoint})

    def test_behind_a_code_which_is_not_spent(self, declaring: RunningMock, one: RelyingParty) -> None:
        pierre, paul = code_for(one), code_for(one, PAUL)
        self.refuses_pierre(declaring, "token")
        assert teapots(one.exchange(pierre), one.exchange(paul)) == [True, False]
        declaring.disarm_all()
        assert one.exchange(pierre).status_code == 200

    def test_behind_a_refresh_token(self, declaring: RunningMock, one: RelyingParty) -> None:
        pierre, paul = (one.login(login_hint=id)["refresh_token"] for id in (PIERRE, PAUL))
        self.refuses_pierre(declaring, "token")
        assert teapots(one.refresh(pierre), one.refresh(paul)) == [True, False]

    def test_behind_a_bearer_token(self, declaring: RunningMock, one: RelyingParty) -> None:
        pierre, paul = (one.login(login_hint=id)["access_token"] for id in (PIERRE, PAUL))
        self.refuses_pierre(declaring, "userinfo")
        assert teapots(one.userinfo(pierre), one.userinfo(paul)) == [True, False]

    def test_behind_a_bearer_token_in_a_form(self, declaring: RunningMock, one: RelyingParty) -> None:
        pierre, paul = (one.login(login_hint=id)["access_token"] for id in (PIERRE, PAUL))
        self.refuses_pierre(declaring, "userinfo")
        url = declaring.url("userinfo_endpoint")
        answers = [one.http.post(url, data={"access_token": token}) for token in (pierre, paul)]
        assert teapots(*answers) == [True, False]

    @pytest.mark.parametrize("endpoint", ["introspection", "revocation"])
    def test_behind_a_token_that_is_asked_about(self, declaring: RunningMock, one: RelyingParty, endpoint: str) -> None:
        pierre, paul = (one.login(login_hint=id)["refresh_token"] for id in (PIERRE, PAUL))
        self.refuses_pierre(declaring, endpoint)
        answers = [one.post(f"{endpoint}_endpoint", token=token) for token in (pierre, paul)]
        assert teapots(*answers) == [True, False]

    def test_behind_a_login_hint(self, declaring: RunningMock) -> None:
        self.refuses_pierre(declaring, "authorization")
        answers = [declaring.browser().authorize(client_id="rp-one", login_hint=id) for id in (PIERRE, PAUL)]
        assert teapots(*answers) == [True, False]

    def test_behind_the_login_form(self, declaring: RunningMock) -> None:
        self.refuses_pierre(declaring, "authorization")
        answers = []
        for id in PIERRE, PAUL:
            browser = declaring.browser()
            page = browser.authorize(client_id="rp-one", login_hint=None)
            form = LOGIN_FORM.search(page.text)
            assert form is not None
            answers.append(browser.http.post(urljoin(str(page.url), unescape(form[1])), data={"persona": id}))
        assert teapots(*answers) == [True, False]

    def test_behind_the_cookie_of_a_login(self, declaring: RunningMock) -> None:
        browsers = [declaring.browser(), declaring.browser()]
        for browser, id in zip(browsers, (PIERRE, PAUL), strict=True):
            browser.code(client_id="rp-one", login_hint=id)
        self.refuses_pierre(declaring, "authorization")
        answers = [browser.authorize(client_id="rp-one", login_hint=None) for browser in browsers]
        assert teapots(*answers) == [True, False]

    def test_not_behind_the_cookie_when_somebody_else_may_log_in(self, declaring: RunningMock) -> None:
        browser = declaring.browser()
        browser.code(client_id="rp-one", login_hint=PIERRE)
        self.refuses_pierre(declaring, "authorization")
        page = browser.authorize(client_id="rp-one", login_hint=None, prompt="login")
        assert LOGIN_FORM.search(page.text)

    @pytest.mark.parametrize("by", ["hint", "cookie"])
    def test_behind_a_logout(self, declaring: RunningMock, one: RelyingParty, by: str) -> None:
        answers = []
        self.refuses_pierre(declaring, "logout")
        for id in PIERRE, PAUL:
            browser = declaring.browser()
            tokens = one.exchange(browser.code(client_id="rp-one", login_hint=id)).json()
            http = browser.http if by == "cookie" else declaring.client()
            hint = {"id_token_hint": tokens["id_token"]} if by == "hint" else {}
            answers.append(http.get(declaring.url("end_session_endpoint"), params=hint))
        assert teapots(*answers) == [True, False]

    def test_who_logs_in_by_himself_is_known_and_does_not_stand_for_others(
        self, run: Callable[..., RunningMock]
    ) -> None:
        declaring = run(login="auto", persona=PIERRE)
        rp = declaring.relying_party()
        paul = rp.login(login_hint=PAUL)["access_token"]
        self.refuses_pierre(declaring, "userinfo")
        self.refuses_pierre(declaring, "authorization")
        assert teapots(rp.userinfo(paul), rp.userinfo("no token")) == [False, False]
        assert teapots(declaring.browser().authorize(login_hint=None)) == [True]

    def test_carries_faults(self, run: Callable[..., RunningMock]) -> None:
        nameless = {"name": "userinfo.claim_missing", "params": {"claim": "given_name"}}
        anne: dict[str, Any] = {"id": "1", "given_name": "Anne", "family_name": "Fictive"}
        carrying = anne | {"faults": ["token.scope_absent", nameless]}
        paul = {"id": "2", "given_name": "Paul", "family_name": "Fictif"}
        declaring = run(personas=[carrying, paul])
        rp = declaring.relying_party()
        declaring.disarm_all()  # which arms what belongs to the configuration
        hers, his = (rp.login(login_hint=id) for id in ("1", "2"))
        assert ("scope" in hers, "scope" in his) == (False, True)
        assert "given_name" not in rp.userinfo(hers["access_token"]).json()
        assert "given_name" in rp.userinfo(his["access_token"]).json()
        with pytest.raises(Unusable, match=r"'token.scope_absnt'.*did you mean 'token.scope_absent'"):
            run(personas=[anne | {"faults": ["token.scope_absnt"]}])
        with pytest.raises(Unusable, match=r"discovery.not_found cannot be matched by persona"):
            run(personas=[anne | {"faults": ["discovery.not_found"]}])


class TestOther:
    def test_a_grant(self, declaring: RunningMock, one: RelyingParty) -> None:
        tokens = one.login()
        declaring.arm("http.status", TEAPOT, match={"grant_type": "refresh_token"})
        assert teapots(one.refresh(tokens["refresh_token"]), one.exchange("no code")) == [True, False]
        assert one.userinfo(tokens["access_token"]).status_code == 200

    def test_a_header(self, declaring: RunningMock, one: RelyingParty) -> None:
        armed = declaring.arm("http.status", TEAPOT, match={"header": "X-Test-Case: seventeen"})
        url = declaring.url("jwks_uri")
        values = [{"x-test-case": "seventeen"}, {"X-Test-Case": "eighteen"}, {}]
        assert teapots(*(one.http.get(url, headers=headers) for headers in values)) == [True, False, False]
        assert armed.hits == 1

    def test_a_host_name(self, declaring: RunningMock, one: RelyingParty) -> None:
        declaring.arm("http.status", TEAPOT, match={"host": "Another.Example.Test"})
        url = declaring.url("jwks_uri")
        hosts = ["another.example.test:8443", "localhost"]
        assert teapots(*(one.http.get(url, headers={"Host": host}) for host in hosts)) == [True, False]

    @pytest.mark.parametrize("listener", ["auth", "wallet"])
    def test_a_listener(self, declaring: RunningMock, listener: str) -> None:
        declaring.arm("http.status", TEAPOT, match={"listener": listener})
        urls = {
            "auth": declaring.mock.provider.keycloak_document["token_endpoint"].replace("/token", "/auth"),
            "wallet": declaring.url("authorization_endpoint"),
        }
        answers = {name: declaring.browser().authorize(url, client_id="rp-one") for name, url in urls.items()}
        assert [name for name, response in answers.items() if response.status_code == 418] == [listener]

    def test_all_of_what_is_asked_for(self, declaring: RunningMock, one: RelyingParty, two: RelyingParty) -> None:
        match = {"client": "rp-one", "persona": PIERRE, "endpoint": "token", "listener": "auth"}
        armed = declaring.arm("http.status", TEAPOT, match=match)
        codes = [(rp, code_for(rp, id)) for rp in (one, two) for id in (PIERRE, PAUL)]
        assert teapots(*(rp.exchange(code) for rp, code in codes)) == [True, False, False, False]
        assert armed.hits == 1

    @pytest.mark.parametrize(
        ("name", "match", "words"),
        [
            ("token.error", {"endpoint": "userinfo"}, "acts at token, never at userinfo"),
            ("authorization.error", {"endpoint": "token"}, "acts at authorization, never at token"),
            ("token.refresh_reuse_refused", {"endpoint": "userinfo"}, "acts at token, never at userinfo"),
            ("tcp.reset_at_accept", {"client": "rp-one"}, "cannot be matched by client"),
            ("token.error", {"clinet": "rp-one"}, "did you mean 'client'"),
            ("token.id_token_missing", {"endpoint": "userinfo"}, "acts at token, never at userinfo"),
            ("logout.state_missing", {"endpoint": "authorization"}, "acts at logout, never at authorization"),
            ("id_token.expired", {"endpoint": "authorization"}, "acts at token, never at authorization"),
            ("access_token.alg_none", {"endpoint": "jwks"}, "acts at token, never at jwks"),
            ("jwks.new_key_used", {"endpoint": "jwks"}, "acts at token and userinfo and authorization, never at jwks"),
            ("discovery.not_found", {"persona": PIERRE}, "cannot be matched by persona"),
            ("jwks.empty", {"grant_type": "refresh_token"}, "cannot be matched by grant_type"),
            ("userinfo.sub_different", {"grant_type": "refresh_token"}, "cannot be matched by grant_type"),
            (
                "http.status",
                {"endpoint": "jwks", "persona": PIERRE},
                "At jwks no persona is known .* one is at authori",
            ),
            ("http.status", {"endpoint": "userinfo", "grant_type": "x"}, "At userinfo no grant_type is known"),
            ("http.status", {"header": "X-Test-Case"}, "The header to match is 'X-Test-Case'; expected Name: value"),
            ("http.status", {"header": ": seventeen"}, "expected Name: value"),
        ],
    )
    def test_what_could_never_match_is_refused(
        self, declaring: RunningMock, name: str, match: dict[str, str], words: str
    ) -> None:
        with pytest.raises(Unusable, match=words):
            declaring.arm(name, match=match)

    @pytest.mark.parametrize(
        ("name", "match"),
        [
            ("jwks.missing_kid", {"endpoint": "token", "persona": PIERRE}),
            ("jwks.missing_kid", {"endpoint": "jwks"}),
            ("jwks.new_key_used", {"endpoint": "userinfo"}),
            ("token.refresh_changes_sub", {"endpoint": "token", "grant_type": "refresh_token"}),
            ("discovery.not_found", {"endpoint": "discovery", "client": "rp-one", "header": "X-Test-Case:"}),
        ],
    )
    def test_what_could_match_is_not(self, declaring: RunningMock, name: str, match: dict[str, str]) -> None:
        assert declaring.arm(name, match=match).match.given == match


class TestHowOften:
    def statuses(self, rp: RelyingParty, count: int) -> list[int]:
        return [rp.http.get(rp.running.url("jwks_uri")).status_code for _ in range(count)]

    def test_so_many_times(self, declaring: RunningMock, one: RelyingParty) -> None:
        armed = declaring.arm("http.status", TEAPOT, times=2)
        assert self.statuses(one, 4) == [418, 418, 200, 200]
        assert (armed.hits, armed.state(declaring.mock.clock.now())) == (2, "over")

    def test_each_so_many_th_time(self, declaring: RunningMock, one: RelyingParty) -> None:
        armed = declaring.arm("http.status", TEAPOT, every=3)
        assert self.statuses(one, 7) == [200, 200, 418, 200, 200, 418, 200]
        assert (armed.seen, armed.hits) == (7, 2)

    def test_each_so_many_th_time_so_many_times(self, declaring: RunningMock, one: RelyingParty) -> None:
        declaring.arm("http.status", TEAPOT, every=2, times=2)
        assert self.statuses(one, 7) == [200, 418, 200, 418, 200, 200, 200]

    def test_each_request_counts_once_on_its_way(self, declaring: RunningMock, one: RelyingParty) -> None:
        declaring.arm("http.status", TEAPOT, every=2, match={"endpoint": "authorization"})
        answers = [declaring.browser().authorize(client_id="rp-one") for _ in range(4)]
        assert teapots(*answers) == [False, True, False, True]

    def test_with_a_probability_and_the_same_seed_the_same_faults(
        self, declaring: RunningMock, one: RelyingParty
    ) -> None:
        runs = []
        for _ in range(2):
            declaring.arm("http.status", TEAPOT, probability=0.5, seed=7)
            runs.append(self.statuses(one, 16))
            declaring.disarm_all()
        assert runs[0] == runs[1]
        assert set(runs[0]) == {200, 418}

    @pytest.mark.parametrize(("probability", "status"), [(0, 200), (1, 418)])
    def test_with_a_probability_at_its_ends(
        self, declaring: RunningMock, one: RelyingParty, probability: int, status: int
    ) -> None:
        declaring.arm("http.status", TEAPOT, probability=probability, seed=1)
        assert set(self.statuses(one, 8)) == {status}

    def test_from_a_moment_until_another_by_the_clock_of_the_mock(self, running: RunningMock) -> None:
        rp = running.relying_party()
        armed = running.arm("http.status", TEAPOT, delay=60, ttl=30)
        seen = []
        for seconds in 59, 1, 29, 1:
            running.advance(seconds)
            seen += [(armed.state(running.mock.clock.now()), *self.statuses(rp, 1))]
        assert seen == [("waiting", 200), ("armed", 418), ("armed", 418), ("over", 200)]
        assert (armed.seen, armed.hits) == (2, 2)

    @pytest.mark.parametrize(
        ("trigger", "words"),
        [
            ({"every": 2, "probability": 0.5, "seed": 1}, "give one of the two"),
            ({"probability": 0.5}, "go together"),
            ({"seed": 1}, "go together"),
            ({"times": 0}, "1 or more"),
            ({"probability": 1.5, "seed": 1}, "1 or less"),
            ({"ttl": -1}, "0 or more"),
            ({"delay": float("inf")}, "has delay inf; expected a number of seconds"),
            ({"ttl": float("nan")}, "has ttl nan; expected a number of seconds"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, declaring: RunningMock, trigger: dict[str, Any], words: str) -> None:
        with pytest.raises(Unusable, match=words):
            declaring.arm("http.status", **trigger)


class TestSeveral:
    def test_they_act_in_the_order_in_which_they_were_armed(self, declaring: RunningMock, one: RelyingParty) -> None:
        for token_type in "first", "second":
            declaring.arm("token.token_type_unknown", {"token_type": token_type})
        assert one.login()["token_type"] == "second"
        declaring.arm("token.token_type_lower_case")
        assert one.login()["token_type"] == "bearer"

    def test_they_add_up(self, declaring: RunningMock, one: RelyingParty) -> None:
        names = ["token.scope_absent", "token.expires_in_text", "token.refresh_token_missing"]
        armed = [declaring.arm(name) for name in names]
        response = one.exchange(code_for(one)).json()
        assert response["expires_in"] == "120"
        assert {"scope", "refresh_token"}.isdisjoint(response)
        assert [each.hits for each in armed] == [1, 1, 1]
        assert declaring.mock.journal.exchanges()[-1].faults == tuple(names)

    def test_after_one_that_refuses_the_next_does_not_act(self, declaring: RunningMock, one: RelyingParty) -> None:
        first = declaring.arm("token.error", {"error": "invalid_scope"}, times=1)
        second = declaring.arm("token.error", {"error": "server_error"})
        errors = [one.exchange("no code").json()["error"] for _ in range(2)]
        assert errors == ["invalid_scope", "server_error"]
        assert (first.hits, second.hits) == (1, 1)

    def test_one_is_disarmed_by_its_id_and_all_of_a_name_by_their_name(
        self, declaring: RunningMock, one: RelyingParty
    ) -> None:
        first = declaring.arm("token.token_type_unknown", {"token_type": "first"})
        declaring.arm("token.token_type_unknown", {"token_type": "second"})
        third = declaring.arm("token.token_type_unknown", {"token_type": "third"})
        faults = declaring.mock.faults
        assert declaring.call(lambda: faults.disarm(third.id)) == [third]
        assert one.login()["token_type"] == "second"
        assert declaring.call(lambda: faults.disarm("token.token_type_unknown"))[0] is first
        assert one.login()["token_type"] == "Bearer"
        with pytest.raises(Unusable, match="armed: nothing"):
            declaring.call(lambda: faults.disarm(third.id))


class TestIdle:
    """An armed fault that never acted is reported, since a test that relies on it proves nothing."""

    @pytest.fixture(autouse=True)
    def _log(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.WARNING, logger="mockpsc.faults")

    def reports(self, caplog: pytest.LogCaptureFixture) -> list[str]:
        return [record.getMessage() for record in caplog.records if record.name == "mockpsc.faults"]

    def test_when_it_is_disarmed(
        self, declaring: RunningMock, one: RelyingParty, caplog: pytest.LogCaptureFixture
    ) -> None:
        armed = declaring.arm("token.error", match={"client": "rp-two"})
        one.login()
        declaring.call(lambda: declaring.mock.faults.disarm(armed.id))
        (said,) = self.reports(caplog)
        assert said.startswith(f"The fault token.error ({armed.id}) was armed and never acted: nothing came")
        assert said.endswith("with client 'rp-two'.")

    def test_when_all_is_reset(
        self, declaring: RunningMock, one: RelyingParty, caplog: pytest.LogCaptureFixture
    ) -> None:
        used = declaring.arm("token.scope_absent")
        idle = declaring.arm("token.refresh_without_id_token")
        one.login()
        assert declaring.call(declaring.mock.faults.reset) == [idle]
        (said,) = self.reports(caplog)
        assert "token.refresh_without_id_token" in said
        assert "1 occasions matched, and there was nothing to do" in said
        assert used.hits == 1

    def test_unless_it_acted(self, declaring: RunningMock, one: RelyingParty, caplog: pytest.LogCaptureFixture) -> None:
        armed = declaring.arm("token.scope_absent")
        one.login()
        declaring.call(lambda: declaring.mock.faults.disarm(armed.id))
        assert self.reports(caplog) == []


class TestHeader:
    """A request that asks for faults of its own."""

    def exchange(self, rp: RelyingParty, faults: str) -> httpx.Response:
        form = {"client_id": rp.client_id, "grant_type": "authorization_code", "redirect_uri": CALLBACK}
        return rp.http.post(
            rp.running.url("token_endpoint"),
            data=form | {"code": code_for(rp)},
            headers={"X-Mockpsc-Fault": faults},
        )

    def test_gets_them_alone(self, declaring: RunningMock, one: RelyingParty) -> None:
        response = self.exchange(one, "token.scope_absent, token.token_type_unknown;token_type=mac")
        assert response.status_code == 200
        assert ("scope" in response.json(), response.json()["token_type"]) == (False, "mac")
        assert declaring.mock.journal.exchanges()[-1].faults == ("token.scope_absent", "token.token_type_unknown")
        assert "scope" in one.login()
        assert declaring.mock.faults.armed() == []

    def test_gets_them_behind_those_that_are_armed(self, declaring: RunningMock, one: RelyingParty) -> None:
        declaring.arm("token.token_type_lower_case")
        assert self.exchange(one, "token.token_type_unknown").json()["token_type"] == "mac"

    @pytest.mark.parametrize(
        ("faults", "words"),
        [
            ("token.eror", "No fault is named 'token.eror' (did you mean 'token.error'?)"),
            ("token.error;error=unknown", "expected one of invalid_grant, invalid_request"),
            ("token.error;eror=invalid_grant", "has the member 'eror', which is unknown (did you mean 'error'?)"),
            ("token.error;invalid_grant", "expected name=value"),
            ("http.status;status=many", "has status 'many'; expected a whole number"),
            ("tls.expired", "tls.expired acts before a request is read"),
            ("tls.wrong_host", "arm it, or connect to wrong-host.fault.localhost"),
            ("tcp.reset_at_accept", "tcp.reset_at_accept acts before a request is read"),
            ("tcp.reset_at_accept", "so no header can ask for it: arm it."),
            ("http.delay;seconds=" + "[" * 20_000, "[[['; expected a number of seconds, 0 or more"),
            ("http.rate_limit;window=Infinity", "has window 'Infinity'; expected a number of seconds, 0.001 or"),
            ("http.outage;lasts=NaN", "has lasts 'NaN'; expected a number of seconds"),
            ("http.delay;seconds=1" + "0" * 400, "or less"),
        ],
    )
    def test_is_refused_for_what_is_not_to_be_had(self, one: RelyingParty, faults: str, words: str) -> None:
        response = self.exchange(one, faults)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
        assert words in response.headers["Mockpsc-Hint"]

    def test_is_not_heeded_where_it_is_not_allowed(
        self, run: Callable[..., RunningMock], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, logger="mockpsc")
        rp = run().relying_party()
        responses = [self.exchange(rp, faults) for faults in ("token.scope_absent", "no.fault")]
        assert ["scope" in response.json() for response in responses] == [True, True]
        said = [record.getMessage() for record in caplog.records if "--fault-header" in record.getMessage()]
        assert len(said) == 1


def scenario(*steps: str | dict[str, Any], **more: Any) -> dict[str, Any]:
    told = [{"name": step} if isinstance(step, str) else step for step in steps]
    return {"name": "under repair", "match": {"endpoint": "token"}, "steps": told, **more}


class TestScenario:
    def said(self, rp: RelyingParty, count: int) -> list[str | int]:
        """The errors of some token requests, or their status when nothing is wrong."""
        responses = [rp.exchange(code_for(rp)) for _ in range(count)]
        return [each.json()["error"] if each.status_code >= 400 else each.status_code for each in responses]

    def refusal(self, error: str, **more: Any) -> dict[str, Any]:
        return {"name": "token.error", "params": {"error": error}, **more}

    def test_plays_its_steps_in_order_and_ends(self, run: Callable[..., RunningMock]) -> None:
        steps = self.refusal("server_error"), "http.none", self.refusal("invalid_grant", times=2)
        declaring = run(scenarios=[scenario(*steps)])
        rp = declaring.relying_party()
        assert self.said(rp, 1) == [200]
        play = declaring.call(lambda: declaring.mock.faults.start("under repair"))
        assert self.said(rp, 6) == ["server_error", 200, "invalid_grant", "invalid_grant", 200, 200]
        assert (play.current, play.rounds) == (None, 0)

    def test_begins_again_when_it_loops(self, run: Callable[..., RunningMock]) -> None:
        steps = self.refusal("server_error"), "http.none"
        declaring = run(scenarios=[scenario(*steps, loop=True, start=True)])
        assert self.said(declaring.relying_party(), 5) == ["server_error", 200, "server_error", 200, "server_error"]
        play = declaring.mock.faults.play("under repair")
        assert play is not None
        assert (play.rounds, play.position) == (2, 1)

    def test_starts_with_the_mock_and_at_each_reset(self, run: Callable[..., RunningMock]) -> None:
        declaring = run(scenarios=[scenario(self.refusal("server_error"), start=True)])
        rp = declaring.relying_party()
        assert self.said(rp, 2) == ["server_error", 200]
        declaring.disarm_all()
        assert self.said(rp, 2) == ["server_error", 200]

    def test_acts_with_one_step_on_one_exchange(self, run: Callable[..., RunningMock]) -> None:
        declaring = run(scenarios=[scenario("http.none", "token.scope_absent", "token.expires_in_absent", start=True)])
        rp = declaring.relying_party()
        lacking = [{"scope", "expires_in"} - rp.login().keys() for _ in range(4)]
        assert lacking == [set(), {"scope"}, {"expires_in"}, set()]

    def test_waits_for_what_its_step_acts_on(self, run: Callable[..., RunningMock]) -> None:
        refresh = {"endpoint": "token", "grant_type": "refresh_token"}
        steps = {"name": "http.status", "params": {"status": 503}}, self.refusal("invalid_grant")
        declaring = run(scenarios=[scenario(*steps, match=refresh, start=True)])
        rp = declaring.relying_party()
        token = rp.login()["refresh_token"]
        assert self.said(rp, 1) == [200]
        assert [rp.refresh(token).status_code for _ in range(3)] == [503, 400, 200]

    def test_is_stopped(self, run: Callable[..., RunningMock]) -> None:
        declaring = run(scenarios=[scenario(self.refusal("server_error"), loop=True, start=True)])
        rp = declaring.relying_party()
        assert self.said(rp, 1) == ["server_error"]
        declaring.call(lambda: declaring.mock.faults.stop("under repair"))
        assert self.said(rp, 1) == [200]

    @pytest.mark.parametrize(
        ("table", "words"),
        [
            (scenario(), "has no steps"),
            (scenario("token.eror"), "No fault is named 'token.eror'"),
            (scenario({"name": "token.error", "ttl": 5}), "a step lasts until its fault has acted"),
            (scenario("token.error", lop=True), "did you mean 'loop'"),
            (
                scenario("http.none", "tcp.refuse"),
                "in step 2, is tcp.refuse, .* cannot be a step .* with delay and ttl",
            ),
            (scenario({"name": []}), "has name \\[\\]; expected a text"),
            (scenario("http.none", name="a/b"), "its name is part of a path: it must be 1 to 64 printable ASCII"),
            (scenario("http.none", name=".."), "cannot be called so"),
            (scenario("http.none", name=""), "cannot be called so"),
        ],
    )
    def test_that_makes_no_sense_is_refused_at_the_start(
        self, run: Callable[..., RunningMock], table: dict[str, Any], words: str
    ) -> None:
        with pytest.raises(Unusable, match=words):
            run(scenarios=[table])


class Crowd:
    """Many logins at once, by turns at "rp-one" and at "rp-two"."""

    def __init__(self, declaring: RunningMock) -> None:
        self._running = declaring
        self.statuses: dict[str, list[int]] = {"rp-one": [], "rp-two": []}

    async def log_in(self, count: int) -> None:
        contexts = {id: self._context(id) for id in self.statuses}
        async with httpx.AsyncClient(verify=self._context(None)) as browser:
            ids = [list(self.statuses)[n % 2] for n in range(count)]
            async with (
                httpx.AsyncClient(verify=contexts["rp-one"]) as one,
                httpx.AsyncClient(verify=contexts["rp-two"]) as two,
            ):
                http = {"rp-one": one, "rp-two": two}
                await asyncio.gather(*(self._log_in(id, browser, http[id]) for id in ids))

    async def _log_in(self, id: str, browser: httpx.AsyncClient, back: httpx.AsyncClient) -> None:
        request = {
            "response_type": "code",
            "client_id": id,
            "redirect_uri": CALLBACK,
            "scope": "openid",
            "login_hint": PIERRE,
        }
        sent = answer(await browser.get(self._running.url("authorization_endpoint"), params=request))
        form = {"grant_type": "authorization_code", "code": sent["code"], "redirect_uri": CALLBACK, "client_id": id}
        response = await back.post(self._running.url("token_endpoint"), data=form)
        self.statuses[id].append(response.status_code)

    def _context(self, certificate_of: str | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self._running.mock.connection.ca_file))
        if certificate_of is not None:
            files = self._running.mock.pki.files.client(certificate_of)
            context.load_cert_chain(files.chain, files.key)
        return context


ONE = {"client": "rp-one", "endpoint": "token"}


class TestCrowd:
    def test_a_fault_acts_on_each_of_one_client_and_on_none_of_the_other(self, declaring: RunningMock) -> None:
        crowd = Crowd(declaring)
        armed = declaring.arm("http.status", TEAPOT, match=ONE)
        asyncio.run(crowd.log_in(50))
        assert crowd.statuses == {"rp-one": [418] * 25, "rp-two": [200] * 25}
        assert (armed.seen, armed.hits) == (25, 25)

    def test_a_fault_acts_so_many_times_and_no_more(self, declaring: RunningMock) -> None:
        crowd = Crowd(declaring)
        armed = declaring.arm("http.status", TEAPOT, match=ONE, times=10)
        asyncio.run(crowd.log_in(50))
        assert sorted(crowd.statuses["rp-one"]) == [200] * 15 + [418] * 10
        assert crowd.statuses["rp-two"] == [200] * 25
        assert armed.hits == 10

    @pytest.mark.parametrize("by", ["disarm", "reset"])
    def test_none_is_lost_or_goes_astray_while_they_are_armed_and_disarmed(
        self, declaring: RunningMock, by: str
    ) -> None:
        crowd = Crowd(declaring)
        armed: list[Armed] = []
        done = asyncio.Event()

        async def toggle() -> None:
            faults = declaring.mock.faults
            while not done.is_set():
                armed.append(await asyncio.to_thread(declaring.arm, "http.status", TEAPOT, match=ONE))
                undo = faults.reset if by == "reset" else partial(faults.disarm, armed[-1].id)
                await asyncio.to_thread(declaring.call, undo)

        async def log_in() -> None:
            await crowd.log_in(50)
            done.set()

        async def both() -> None:
            await asyncio.gather(toggle(), log_in())

        asyncio.run(both())
        assert crowd.statuses["rp-two"] == [200] * 25
        assert len(crowd.statuses["rp-one"]) == 25
        assert sum(each.hits for each in armed) == crowd.statuses["rp-one"].count(418)
        assert len(armed) > 1
        assert declaring.mock.faults.armed() == []
