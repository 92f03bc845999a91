import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import jwt
import pytest
from support import CALLBACK, PERSONA, RelyingParty, RunningMock, decoded

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
SUB = f"f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:{PERSONA}"


@pytest.fixture
def rp(shared: RunningMock) -> RelyingParty:
    return shared.relying_party()


class TestResponse:
    def test_its_members_are_keycloaks(self, shared: RunningMock, rp: RelyingParty) -> None:
        response = rp.exchange(shared.browser().code())
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["pragma"] == "no-cache"
        assert response.headers["content-type"] == "application/json"
        body = response.json()
        assert list(body) == [
            "access_token",
            "expires_in",
            "refresh_expires_in",
            "refresh_token",
            "token_type",
            "id_token",
            "not-before-policy",
            "session_state",
            "scope",
        ]
        assert (body["expires_in"], body["refresh_expires_in"]) == (120, 1800)
        assert (body["token_type"], body["not-before-policy"]) == ("Bearer", 0)
        assert body["scope"] == "openid scope_all identity"

    def test_the_access_token_is_shaped_as_the_captured_ones(self, shared: RunningMock, rp: RelyingParty) -> None:
        claims = decoded(rp.login()["access_token"])
        assert list(claims) == [
            *("exp", "iat", "auth_time", "jti", "iss", "sub", "typ", "azp", "nonce", "session_state", "acr", "scope"),
            *("sid", "authMode", "otherIds", "SubjectNameID", "preferred_username"),
        ]
        assert claims["exp"] - claims["iat"] == 120
        assert claims["iss"] == shared.mock.connection.issuer
        assert (claims["sub"], claims["typ"], claims["azp"]) == (SUB, "Bearer", "mockpsc-client")
        assert (claims["acr"], claims["authMode"]) == ("eidas1", "CARD")
        assert claims["otherIds"] == [{"identifiant": PERSONA, "origine": "RPPS", "qualite": 1}]
        assert claims["sid"] == claims["session_state"]

    def test_the_id_token_is_shaped_as_the_captured_one(self, rp: RelyingParty) -> None:
        tokens = rp.login()
        claims = decoded(tokens["id_token"])
        assert list(claims) == [
            *("exp", "iat", "auth_time", "jti", "iss", "aud", "sub", "typ", "azp", "nonce", "session_state", "at_hash"),
            *("sid", "authMode", "acr", "SubjectNameID", "preferred_username", "given_name", "family_name"),
        ]
        assert (claims["aud"], claims["typ"], claims["nonce"]) == ("mockpsc-client", "ID", "a nonce")
        left_half = sha256(tokens["access_token"].encode()).digest()[:16]
        assert urlsafe_b64decode(claims["at_hash"] + "==") == left_half

    def test_the_refresh_token_is_a_token_for_the_issuer(self, shared: RunningMock, rp: RelyingParty) -> None:
        token = rp.login()["refresh_token"]
        claims, issuer = decoded(token), shared.mock.connection.issuer
        assert list(claims) == [
            *("exp", "iat", "jti", "iss", "aud", "sub", "typ", "azp", "nonce", "session_state", "scope", "sid")
        ]
        assert (claims["aud"], claims["typ"], claims["exp"] - claims["iat"]) == (issuer, "Refresh", 1800)
        assert jwt.get_unverified_header(token)["alg"] == "HS256"

    def test_the_header_has_keycloaks_odd_spaces(self, shared: RunningMock, rp: RelyingParty) -> None:
        token, kid = rp.login()["id_token"], shared.mock.provider.jwks["keys"][1]["kid"]
        header = urlsafe_b64decode(token.split(".")[0] + "==").decode()
        assert header == f'{{"alg":"RS256","typ" : "JWT","kid" : "{kid}"}}'

    def test_another_library_verifies_the_id_token(self, shared: RunningMock, rp: RelyingParty) -> None:
        token = rp.login()["id_token"]
        keys = jwt.PyJWKSet.from_json(rp.http.get(shared.url("jwks_uri")).text)
        key = keys[jwt.get_unverified_header(token)["kid"]]
        issuer = shared.mock.connection.issuer
        assert jwt.decode(token, key, ["RS256"], audience="mockpsc-client", issuer=issuer)["sub"] == SUB
        header, payload, signature = token.split(".")
        forged = f"{header}.{payload}.{signature[:-4]}AAAA"
        with pytest.raises(jwt.InvalidSignatureError):
            jwt.decode(forged, key, ["RS256"], audience="mockpsc-client", issuer=issuer)

    def test_an_empty_nonce_comes_back_and_an_absent_one_does_not(self, rp: RelyingParty) -> None:
        assert decoded(rp.login(nonce="")["access_token"])["nonce"] == ""
        assert "nonce" not in decoded(rp.login(nonce=None)["id_token"])

    def test_without_openid_there_is_no_id_token(self, rp: RelyingParty) -> None:
        tokens = rp.login(scope=None)
        assert "id_token" not in tokens
        assert tokens["scope"] == "identity"
        refused = rp.userinfo(tokens["access_token"])
        assert (refused.status_code, refused.json()["error"]) == (403, "insufficient_scope")


class TestCode:
    """Keycloak's answers, in its order of checks."""

    @pytest.mark.parametrize(
        ("changes", "error", "description"),
        [
            ({"grant_type": None}, "invalid_request", "Missing form parameter: grant_type"),
            ({"grant_type": ""}, "unsupported_grant_type", "Unsupported grant_type"),
            ({"grant_type": "authorisation_code"}, "unsupported_grant_type", "Unsupported grant_type"),
            ({"code": None}, "invalid_request", "Missing parameter: code"),
            ({"code": ""}, "invalid_grant", "Code not valid"),
            ({"code": "never.given.here"}, "invalid_grant", "Code not valid"),
            ({"redirect_uri": None}, "invalid_grant", "Incorrect redirect_uri"),
            ({"redirect_uri": f"{CALLBACK}/"}, "invalid_grant", "Incorrect redirect_uri"),
            ({"client_id": "another"}, "invalid_grant", "Auth error"),
            (
                {"code_verifier": VERIFIER},
                "invalid_grant",
                "PKCE code verifier specified but challenge not present in authorization",
            ),
            (
                {"grant_type": "client_credentials"},
                "unauthorized_client",
                "Client not enabled to retrieve service account",
            ),
            ({"grant_type": "password"}, "unauthorized_client", "Client not allowed for direct access grants"),
            (
                {"grant_type": "urn:openid:params:grant-type:ciba"},
                "invalid_grant",
                "Client not allowed OIDC CIBA Grant",
            ),
            (
                {"grant_type": "urn:ietf:params:oauth:grant-type:device_code"},
                "invalid_grant",
                "Client not allowed OAuth 2.0 Device Authorization Grant",
            ),
        ],
    )
    def test_a_bad_request_is_refused(
        self, shared: RunningMock, rp: RelyingParty, changes: dict[str, str | None], error: str, description: str
    ) -> None:
        refused = rp.exchange(shared.browser().code(), **changes)
        assert (refused.status_code, refused.json()) == (400, {"error": error, "error_description": description})
        assert refused.headers["cache-control"] == "no-store"
        assert refused.headers["mockpsc-hint"]

    @pytest.mark.parametrize(
        ("challenge", "method", "verifier", "description"),
        [
            (CHALLENGE, "S256", None, "PKCE code verifier not specified"),
            (CHALLENGE, "S256", "short", "PKCE verification failed: Invalid code verifier"),
            (CHALLENGE, "S256", f"{VERIFIER[:-1]}!", "PKCE verification failed: Invalid code verifier"),
            (CHALLENGE, "S256", VERIFIER[::-1], "PKCE verification failed: Code mismatch"),
            (CHALLENGE, "plain", VERIFIER, "PKCE verification failed: Code mismatch"),
            (VERIFIER, None, CHALLENGE, "PKCE verification failed: Code mismatch"),
        ],
    )
    def test_a_wrong_verifier_is_refused(
        self,
        shared: RunningMock,
        rp: RelyingParty,
        challenge: str,
        method: str | None,
        verifier: str | None,
        description: str,
    ) -> None:
        code = shared.browser().code(code_challenge=challenge, code_challenge_method=method)
        refused = rp.exchange(code, code_verifier=verifier)
        assert refused.json() == {"error": "invalid_grant", "error_description": description}

    @pytest.mark.parametrize(("challenge", "method"), [(CHALLENGE, "S256"), (VERIFIER, "plain"), (VERIFIER, None)])
    def test_the_right_verifier_is_accepted(
        self, shared: RunningMock, rp: RelyingParty, challenge: str, method: str | None
    ) -> None:
        code = shared.browser().code(code_challenge=challenge, code_challenge_method=method)
        assert rp.exchange(code, code_verifier=VERIFIER).status_code == 200

    def test_a_code_that_was_refused_is_spent(self, shared: RunningMock, rp: RelyingParty) -> None:
        code = shared.browser().code()
        assert (
            rp.exchange(code, redirect_uri="https://wrong.test/").json()["error_description"]
            == "Incorrect redirect_uri"
        )
        assert rp.exchange(code).json()["error_description"] == "Code not valid"

    def test_a_replayed_code_kills_what_it_opened(self, shared: RunningMock, rp: RelyingParty) -> None:
        code = shared.browser().code()
        tokens = rp.exchange(code).json()
        assert rp.introspect(tokens["access_token"])["active"] is True
        replayed = rp.exchange(code)
        assert replayed.json()["error_description"] == "Code not valid"
        assert "exchanged before" in replayed.headers["mockpsc-hint"]
        assert rp.introspect(tokens["access_token"]) == {"active": False}
        assert rp.userinfo(tokens["access_token"]).status_code == 401
        refused = rp.refresh(tokens["refresh_token"]).json()
        assert refused["error_description"] == "Session doesn't have required client"

    def test_of_many_exchanges_at_once_one_wins(self, shared: RunningMock) -> None:
        code = shared.browser().code()
        parties = [shared.relying_party() for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda party: party.exchange(code).status_code, parties))
        assert statuses.count(200) == 1

    def test_a_code_lives_a_minute(self, running: RunningMock) -> None:
        browser, rp = running.browser(), running.relying_party()
        early, late = browser.code(), browser.code()
        running.advance(59)
        assert rp.exchange(early).status_code == 200
        running.advance(1)
        assert rp.exchange(late).json()["error_description"] == "Code is expired"

    def test_a_code_is_worth_nothing_after_a_logout(self, shared: RunningMock, rp: RelyingParty) -> None:
        browser = shared.browser()
        tokens = rp.exchange(browser.code()).json()
        code = browser.code()
        browser.http.get(shared.url("end_session_endpoint"), params={"id_token_hint": tokens["id_token"]})
        assert rp.exchange(code).json()["error_description"] == "User session not found"


class TestRefresh:
    def test_it_gives_new_tokens_of_the_same_login(self, running: RunningMock) -> None:
        rp = running.relying_party()
        first = rp.login()
        running.advance(100)
        second = rp.refresh(first["refresh_token"]).json()
        assert list(second) == list(first)
        before, after = decoded(first["id_token"]), decoded(second["id_token"])
        for same in ("iss", "sub", "aud", "auth_time", "nonce", "sid"):
            assert before[same] == after[same]
        assert after["iat"] >= before["iat"] + 100
        assert second["refresh_token"] != first["refresh_token"]
        assert rp.refresh(first["refresh_token"]).status_code == 200

    def test_it_may_ask_for_less_and_not_for_more(self, rp: RelyingParty) -> None:
        tokens = rp.login()
        narrowed = rp.refresh(tokens["refresh_token"], scope="openid").json()
        assert narrowed["scope"] == "openid identity"
        assert rp.refresh(narrowed["refresh_token"], scope="openid scope_all").status_code == 200
        assert rp.refresh(tokens["refresh_token"], scope="").json()["scope"] == tokens["scope"]
        refused = rp.refresh(tokens["refresh_token"], scope="openid profile").json()
        assert refused == {"error": "invalid_scope", "error_description": "Invalid scopes: openid profile"}

    @pytest.mark.parametrize(
        ("spoil", "description"),
        [
            (lambda tokens: "x", "Invalid refresh token"),
            (lambda tokens: "", "Invalid refresh token"),
            (lambda tokens: tokens["access_token"], "Invalid refresh token"),
            (lambda tokens: tokens["refresh_token"][:-6] + "AAAAAA", "Invalid refresh token"),
            (lambda tokens: "e30." + tokens["refresh_token"].split(".", 1)[1], "Invalid refresh token"),
        ],
    )
    def test_what_is_no_refresh_token_is_refused(
        self, rp: RelyingParty, spoil: Callable[[dict[str, Any]], str], description: str
    ) -> None:
        refused = rp.refresh(spoil(rp.login()))
        assert refused.status_code == 400
        assert refused.json() == {"error": "invalid_grant", "error_description": description}

    def test_without_a_token_it_is_refused(self, rp: RelyingParty) -> None:
        refused = rp.post("token_endpoint", grant_type="refresh_token")
        assert refused.json() == {"error": "invalid_request", "error_description": "No refresh token"}

    def test_another_clients_token_is_refused(self, rp: RelyingParty) -> None:
        refused = rp.refresh(rp.login()["refresh_token"], client_id="another").json()
        assert refused["error_description"] == "Invalid refresh token. Token client and authorized client don't match"

    def test_it_lives_half_an_hour(self, run: Callable[..., RunningMock]) -> None:
        running = run(session_idle=4000)
        rp = running.relying_party()
        tokens = rp.login()
        running.advance(1799)
        assert rp.refresh(tokens["refresh_token"]).status_code == 200
        running.advance(1)
        assert rp.refresh(tokens["refresh_token"]).json()["error_description"] == "Token is not active"

    def test_one_from_before_a_replay_stays_dead_after_a_new_login(self, running: RunningMock) -> None:
        rp, browser = running.relying_party(), running.browser()
        code = browser.code()
        old = rp.exchange(code).json()
        rp.exchange(code)
        running.advance(2)
        rp.exchange(browser.code())
        refused = rp.refresh(old["refresh_token"]).json()
        assert refused["error_description"] == "Refresh toked issued before the client session started"

    def test_it_dies_with_an_idle_login(self, run: Callable[..., RunningMock]) -> None:
        running = run(session_idle=600)
        rp = running.relying_party()
        tokens = rp.login()
        running.advance(600)
        assert rp.refresh(tokens["refresh_token"]).json()["error_description"] == "Session not active"

    def test_no_token_outlives_the_login(self, running: RunningMock) -> None:
        rp = running.relying_party()
        tokens = rp.login()
        for _ in range(8):
            running.advance(1789)
            tokens = rp.refresh(tokens["refresh_token"]).json()
        assert 4 * 3600 - 8 * 1789 - 5 <= tokens["expires_in"] <= 4 * 3600 - 8 * 1789
        assert tokens["refresh_expires_in"] == tokens["expires_in"]


def test_lifetimes_are_options(run: Callable[..., RunningMock]) -> None:
    tokens = run(access_token_lifetime=7, refresh_token_lifetime=8).relying_party().login()
    assert (tokens["expires_in"], tokens["refresh_expires_in"]) == (7, 8)


def test_the_body_is_a_form(rp: RelyingParty) -> None:
    url = rp.running.url("token_endpoint")
    refused = rp.http.post(url, content=json.dumps({"grant_type": "x"}), headers={"content-type": "application/json"})
    assert (refused.status_code, refused.json()) == (415, {"error": "HTTP 415 Unsupported Media Type"})
    assert rp.http.post(url).json()["error_description"] == "Missing form parameter: grant_type"
