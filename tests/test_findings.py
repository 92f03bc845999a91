"""What a relying party did wrong: each rule by a request that breaks it, and none by one that is as it should be."""

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex, token_urlsafe
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from relying_parties.parties import CLIENTS
from relying_parties.walks import Authlib, OpenIdClient, Walker
from support import CALLBACK, PERSONA, RelyingParty, RunningMock, decoded

from mockpsc.endpoints.authorization import LOGIN_ACTION
from mockpsc.endpoints.logout import CONFIRM
from mockpsc.findings import Finding, find, rules
from mockpsc.findings.front_channel import most_bits
from mockpsc.findings.request import OWN_PAGES, claims_of
from mockpsc.findings.rule import breaches
from mockpsc.journal import Exchange
from mockpsc.tokens import base64url

GOODBYE = "https://rp.example.test/goodbye"
VERIFIER = "v" * 43
PLAIN_HTTP = "http://rp.example.test/callback"

Step = Callable[["Scene"], object]
BREAKS: list["Break"] = []


@dataclass(frozen=True)
class Break:
    """A way to break a rule, at a mock with those options, and whose it then is found to be."""

    rule: str
    step: Step
    client: str | None
    options: dict[str, Any]


class Scene:
    """A mock, and a relying party that does all as it should, but for what it is told."""

    def __init__(self, running: RunningMock) -> None:
        self.running, self.browser, self.rp = running, running.browser(), running.relying_party()

    def request(self, **changes: str | None) -> tuple[dict[str, str | None], str]:
        """A good authorization request with a few changes, and its verifier."""
        verifier = token_urlsafe(48)
        request = {"state": token_urlsafe(24), "nonce": token_urlsafe(24), "code_challenge_method": "S256"}
        return {**request, "code_challenge": s256(verifier), **changes}, verifier

    def authorize(self, **changes: str | None) -> httpx.Response:
        return self.browser.authorize(**self.request(**changes)[0])

    def code(self, **changes: str | None) -> tuple[str, str]:
        request, verifier = self.request(**changes)
        return self.browser.code(**request), verifier

    def login(self, rp: RelyingParty | None = None, /, **changes: str | None) -> dict[str, Any]:
        rp = rp or self.rp
        code, verifier = self.code(client_id=rp.client_id, **changes)
        return dict(rp.exchange(code, code_verifier=verifier).json())

    def logout(self, **parameters: str) -> httpx.Response:
        return self.browser.http.get(self.running.url("end_session_endpoint"), params=parameters)

    def found(self) -> tuple[Finding, ...]:
        journal = self.running.mock.journal
        return find(journal.exchanges(), journal.handshakes())

    def codes(self) -> set[str]:
        return {each.rule.code for each in self.found()}


@pytest.fixture
def scene(shared: RunningMock) -> Scene:
    """What happened before is forgotten, and a rule sees but what happened."""
    shared.call(shared.mock.journal.clear)
    return Scene(shared)


def s256(verifier: str) -> str:
    return base64url(sha256(verifier.encode()).digest())


def breaks(rule: str, client: str | None = "mockpsc-client", **options: Any) -> Callable[[Step], Step]:
    """What declares a way to break a rule."""

    def declare(step: Step) -> Step:
        BREAKS.append(Break(rule, step, client, options))
        return step

    return declare


# --- authorization requests ---


def authorization(rule: str, **changes: str | None) -> None:
    """An authorization request that breaks a rule."""
    breaks(rule)(lambda scene: scene.authorize(**changes))


authorization("acr_values_missing", acr_values=None)
authorization("acr_values_missing", acr_values="")
authorization("acr_values_other", acr_values="eidas2")
authorization("openid_missing", scope="scope_all")
authorization("openid_missing", scope=None)
authorization("scope_all_missing", scope="openid")
authorization("redirect_uri_insecure", redirect_uri=PLAIN_HTTP)
authorization("implicit_flow", response_type="id_token token")
authorization("csrf_unprotected", state=None, nonce=None, code_challenge=None, code_challenge_method=None)
authorization("code_unprotected", nonce="", code_challenge=None, code_challenge_method=None)
authorization("state_missing", state=None)
authorization("nonce_missing", nonce="")
authorization("pkce_missing", code_challenge=None, code_challenge_method=None)
authorization("pkce_plain", code_challenge_method="plain")
authorization("pkce_plain", code_challenge_method=None)
authorization("state_weak", state="12345")
authorization("nonce_weak", nonce="deadbeefdeadbeef")


@breaks("login_in_frame")
def _open_the_login_page_in_a_frame(scene: Scene) -> None:
    scene.browser.http.headers["Sec-Fetch-Dest"] = "iframe"
    scene.authorize()


@breaks("certificate_in_browser")
def _ask_for_a_code_with_the_certificate(scene: Scene) -> None:
    url = scene.running.mock.provider.keycloak_document["authorization_endpoint"]
    request, _ = scene.request(client_id=scene.rp.client_id, redirect_uri=CALLBACK, scope="openid scope_all")
    scene.rp.http.get(url, params={"response_type": "code", "acr_values": "eidas1", **request})


# --- token requests ---


@breaks("code_reused")
def _exchange_a_code_twice(scene: Scene) -> None:
    code, verifier = scene.code()
    for _ in range(2):
        scene.rp.exchange(code, code_verifier=verifier)


@breaks("verifier_missing")
def _forget_the_verifier(scene: Scene) -> None:
    scene.rp.exchange(scene.code()[0])


@breaks("redirect_uri_changed")
def _change_the_redirect_uri(scene: Scene) -> None:
    code, verifier = scene.code()
    scene.rp.exchange(code, code_verifier=verifier, redirect_uri=f"{CALLBACK}/")


@breaks("redirect_uri_changed")
def _leave_out_the_redirect_uri(scene: Scene) -> None:
    code, verifier = scene.code()
    scene.rp.exchange(code, code_verifier=verifier, redirect_uri=None)


@breaks("state_reused")
def _send_one_state_for_two_logins(scene: Scene) -> None:
    for _ in range(2):
        scene.login(state="s" * 40)


@breaks("nonce_reused")
def _send_one_nonce_for_two_logins(scene: Scene) -> None:
    for _ in range(2):
        scene.login(nonce="n" * 40)


@breaks("challenge_reused")
def _send_one_challenge_for_two_logins(scene: Scene) -> None:
    for _ in range(2):
        code, _ = scene.code(code_challenge=s256(VERIFIER))
        scene.rp.exchange(code, code_verifier=VERIFIER)


@breaks("scope_widened")
def _refresh_for_more(scene: Scene) -> None:
    tokens = scene.login(scope="openid")
    scene.rp.refresh(tokens["refresh_token"], scope="openid scope_all")


@breaks("password_grant")
def _send_the_password(scene: Scene) -> None:
    scene.rp.post("token_endpoint", grant_type="password", username=PERSONA, password="hush-hush")


# --- client authentication ---


@breaks("client_id_missing", client=None)
def _let_the_certificate_say_who(scene: Scene) -> None:
    scene.rp.post("introspection_endpoint", client_id=None, token="t")


@breaks("form_expected")
def _exchange_a_code_with_get(scene: Scene) -> None:
    sent = {"code": scene.code()[0], "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    scene.rp.http.get(scene.running.url("token_endpoint"), params=sent)


@breaks("form_expected")
def _put_the_token_into_the_url(scene: Scene) -> None:
    url = scene.running.url("introspection_endpoint")
    scene.rp.http.post(url, params={"token": "t"}, data={"client_id": scene.rp.client_id})


def basic(scene: Scene, rp: RelyingParty, **form: str) -> httpx.Response:
    """A token request with HTTP Basic."""
    credentials = b64encode(f"{rp.client_id}:hush-hush".encode()).decode()
    data = {"grant_type": "refresh_token", "refresh_token": "r", **form}
    url = scene.running.url("token_endpoint")
    return rp.http.post(url, data=data, headers={"Authorization": f"Basic {credentials}"})


@breaks("credentials_twice")
def _send_two_secrets(scene: Scene) -> None:
    basic(scene, scene.rp, client_secret="hush-hush")


@breaks("basic_beside_certificate")
def _send_basic_beside_the_certificate(scene: Scene) -> None:
    basic(scene, scene.rp)


@breaks("secret_beside_certificate")
def _send_a_secret_beside_the_certificate(scene: Scene) -> None:
    scene.rp.extra["client_secret"] = "hush-hush"
    assert scene.login()["access_token"]


@breaks(
    "secret_without_certificate",
    client="old",
    clients=({"id": "old", "authentication": "secret", "secret": "hush-hush"},),
)
def _authenticate_by_a_secret_alone(scene: Scene) -> None:
    old = scene.running.relying_party("old", certificate_of=None, extra={"client_secret": "hush-hush"})
    assert old.refresh("r").json()["error"] == "invalid_grant"


def _come_without_the_certificate(scene: Scene) -> None:
    bare = scene.running.relying_party(certificate_of=None)
    assert bare.post("token_endpoint", grant_type="refresh_token").status_code in (400, 401)


def _use_a_bound_token_without_the_certificate(scene: Scene) -> None:
    token = scene.login()["access_token"]
    assert scene.running.relying_party(certificate_of=None).userinfo(token).status_code == 401


breaks("certificate_missing")(_come_without_the_certificate)
breaks("certificate_missing", client=None, client_cert="require", reject_with="nginx")(_come_without_the_certificate)
breaks("certificate_missing", bind_tokens=True)(_use_a_bound_token_without_the_certificate)


@breaks("certificate_dropped")
def _use_a_token_without_the_certificate(scene: Scene) -> None:
    token = scene.login()["access_token"]
    assert scene.running.relying_party(certificate_of=None).userinfo(token).status_code == 200


@breaks("token_in_query")
def _ask_for_userinfo_with_the_token_in_the_url(scene: Scene) -> None:
    token = scene.login()["access_token"]
    scene.rp.http.get(scene.running.url("userinfo_endpoint"), params={"access_token": token})


# --- logout ---


@breaks("id_token_hint_missing")
def _log_out_whom(scene: Scene) -> None:
    scene.logout(client_id=scene.rp.client_id, post_logout_redirect_uri=GOODBYE, state="bye")


@breaks("logout_state_missing")
def _log_out_without_a_state(scene: Scene) -> None:
    scene.logout(id_token_hint=scene.login()["id_token"], post_logout_redirect_uri=GOODBYE)


@pytest.mark.parametrize("broken", [pytest.param(each, id=f"{each.rule}-{n}") for n, each in enumerate(BREAKS)])
def test_a_rule_is_broken_by_one_request_and_by_none_before_it(run: Callable[..., RunningMock], broken: Break) -> None:
    uris = {"redirect_uris": [CALLBACK, PLAIN_HTTP], "post_logout_redirect_uris": [GOODBYE]}
    clients = ({"id": "mockpsc-client", **uris}, *broken.options.get("clients", ()))
    scene = Scene(run(**{**broken.options, "clients": clients}))
    scene.login()
    assert scene.found() == ()
    broken.step(scene)
    (finding,) = [each for each in scene.found() if each.rule.code == broken.rule]
    exchange = next(each for each in scene.running.mock.journal.exchanges() if each.number == finding.number)
    assert (exchange.connection_id, exchange.endpoint) == (finding.connection_id, finding.endpoint)
    assert finding.client_id == broken.client
    assert finding.received
    assert "hush-hush" not in str(finding.as_json())


def test_every_rule_is_declared_once_in_two_languages_and_broken_above() -> None:
    assert set(breaches) == set(rules()) == {each.rule for each in BREAKS}
    for rule in rules().values():
        assert rule.severity in ("forbidden", "discouraged")
        assert rule.source
        for words in (rule.what, rule.remedy):
            assert set(words) == {"en", "fr"}
            assert all(text.endswith(".") for text in words.values())


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post", "query.jwt", "fragment.jwt", "form_post.jwt"])
def test_a_code_is_known_in_whatever_response_mode_it_came(scene: Scene, mode: str) -> None:
    response = scene.authorize(response_mode=mode)
    said = response.text + response.headers.get("location", "")
    for token in re.findall(r"eyJ[\w.-]+", said):
        said += f"code={decoded(token)['code']}"
    (code,) = re.findall(r"[0-9a-f-]{36}\.[0-9a-f-]{36}\.[0-9a-f-]{36}", said)
    scene.rp.exchange(code)
    assert scene.codes() == {"verifier_missing"}


# --- what is no finding ---


def test_a_relying_party_that_does_all_as_it_should_has_no_findings(scene: Scene) -> None:
    for _ in range(2):
        tokens = scene.login()
        scene.rp.userinfo(tokens["access_token"])
        scene.rp.introspect(tokens["access_token"])
        refreshed = scene.rp.refresh(tokens["refresh_token"], scope="openid").json()
        scene.rp.post("revocation_endpoint", token=refreshed["refresh_token"])
        scene.logout(id_token_hint=tokens["id_token"], post_logout_redirect_uri=GOODBYE, state="bye")
    assert scene.found() == ()


@pytest.mark.parametrize("library", [Authlib, pytest.param(OpenIdClient, marks=pytest.mark.third_party)])
def test_a_library_that_is_used_well_has_no_findings(
    run: Callable[..., RunningMock], library: Callable[[], Walker]
) -> None:
    psc = run(clients=CLIENTS)
    with library() as walker:
        assert walker.walk(psc) == ("end", "")
    assert {each.endpoint for each in psc.mock.journal.exchanges()} > {"authorization", "token", "userinfo", "logout"}
    assert find(psc.mock.journal.exchanges(), psc.mock.journal.handshakes()) == ()


def test_what_the_mocks_own_pages_send_is_not_held_against_anybody(scene: Scene) -> None:
    assert OWN_PAGES == (LOGIN_ACTION, CONFIRM)
    request, verifier = scene.request(login_hint=None, acr_values="eidas2")
    assert scene.browser.authorize(**request).status_code == 200
    sent = {"response_type": "code", "client_id": "mockpsc-client", "redirect_uri": CALLBACK, "scope": "openid"}
    query = urlencode({name: value for name, value in {**sent, **request}.items() if value is not None})
    page = f"{scene.running.url('authorization_endpoint')}{LOGIN_ACTION}?{query}"
    location = scene.browser.http.post(page, data={"persona": PERSONA}).headers["location"]
    assert scene.rp.exchange(httpx.URL(location).params["code"], code_verifier=verifier).status_code == 200
    url = scene.running.url("end_session_endpoint")
    scene.browser.http.post(url + CONFIRM, data={"client_id": "mockpsc-client"})
    assert [(each.rule.code, each.received) for each in scene.found()] == [("acr_values_other", "acr_values=eidas2")]


def test_a_page_that_is_loaded_again_is_no_reuse(scene: Scene) -> None:
    request, verifier = scene.request()
    codes = [scene.browser.code(**request) for _ in range(3)]
    scene.rp.exchange(codes[-1], code_verifier=verifier)
    assert scene.found() == ()


def test_a_code_that_was_refused_may_be_sent_again(scene: Scene) -> None:
    code, verifier = scene.code()
    scene.running.relying_party(certificate_of=None).exchange(code, code_verifier=verifier)
    assert scene.rp.exchange(code, code_verifier=verifier).status_code == 200
    assert scene.codes() == {"certificate_missing"}


def test_http_on_loopback_is_no_finding(scene: Scene) -> None:
    for uri in ("http://localhost:8000/callback", "http://127.0.0.1/", "http://[::1]:1/"):
        assert scene.authorize(redirect_uri=uri).status_code == 302
    assert scene.found() == ()


def test_what_stands_in_a_request_object_is_not_missed(scene: Scene) -> None:
    names = ("state", "nonce", "code_challenge", "code_challenge_method", "acr_values", "scope")
    scene.authorize(request="eyJhbGciOiJub25lIn0.e30.", **dict.fromkeys(names))
    assert scene.found() == ()


def test_what_was_not_read_is_not_missed(run: Callable[..., RunningMock]) -> None:
    scene = Scene(run(client_cert="require", reject_with="nginx"))
    scene.browser.http.post(scene.running.url("end_session_endpoint"), data={"state": "bye"})
    scene.running.client().post(scene.running.url("token_endpoint"), data={"client_id": "mockpsc-client"})
    assert scene.codes() == {"certificate_missing"}


def test_a_body_that_is_not_kept_whole_is_not_judged(scene: Scene) -> None:
    scene.rp.post("token_endpoint", padding="x" * 70_000, client_id=None)
    assert scene.found() == ()


def test_a_proxy_that_speaks_for_the_client_is_believed(run: Callable[..., RunningMock]) -> None:
    scene = Scene(run())
    token = scene.login()["access_token"]
    proxy = scene.running.relying_party(certificate_of=None)
    proxy.http.headers["Client-Cert"] = ":bm9uZQ==:"
    proxy.userinfo(token)
    assert scene.found() == ()


def test_a_handshake_that_is_forgotten_accuses_nobody(scene: Scene) -> None:
    token = scene.login()["access_token"]
    scene.running.relying_party(certificate_of=None).userinfo(token)
    exchanges = scene.running.mock.journal.exchanges()
    assert find(exchanges, ()) == ()
    assert find((), scene.running.mock.journal.handshakes()) == ()


def test_keycloaks_own_logout_needs_no_hint(scene: Scene) -> None:
    assert scene.rp.post("end_session_endpoint", refresh_token=scene.login()["refresh_token"]).status_code == 204
    assert scene.found() == ()


def test_a_finding_tells_whose_it_is_although_the_request_does_not(scene: Scene) -> None:
    code, verifier = scene.code()
    scene.rp.exchange(code, code_verifier=verifier, client_id=None)
    tokens = scene.login()
    scene.logout(id_token_hint=tokens["id_token"], post_logout_redirect_uri=GOODBYE)
    found = {each.rule.code: each.client_id for each in scene.found()}
    assert found == dict.fromkeys(("client_id_missing", "logout_state_missing"), "mockpsc-client")


def test_what_was_received_is_cut_and_has_no_secrets(scene: Scene) -> None:
    scene.authorize(acr_values=f"code=hush-hush {'x' * 500}")
    (finding,) = scene.found()
    assert "hush-hush" not in finding.received
    assert len(finding.received) <= 201


# --- what is weak ---


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        ("", 0),
        ("123456", 19),
        ("deadbeef", 32),
        ("abcxyz", 31),
        ("Abc", 17),
        ("a b", 19),
        ("1ae4f998-8c62-4bf2-af02-8ce7c573eb9b", 128),
    ],
)
def test_randomness_is_overestimated_by_the_alphabet(value: str, bits: int) -> None:
    assert most_bits(value) == bits


def test_sixteen_random_bytes_are_not_called_weak() -> None:
    for _ in range(1000):
        for value in (token_urlsafe(16), token_hex(16), str(uuid4())):
            assert most_bits(value) >= 120


@given(st.text() | st.text(alphabet="ey.=-_", min_size=3))
def test_what_is_no_jwt_says_nothing(text: str) -> None:
    assert claims_of(text) == {}


def test_findings_read_events_that_say_nothing() -> None:
    blank = Exchange(time=0, listener="auth", method="GET", path="/", status=200, duration=0, endpoint="token")
    assert {each.rule.code for each in find([blank], ())} == {"form_expected"}
