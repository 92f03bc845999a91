"""Pro Santé Connect as a relying party sees it: where it is, and how a login is had from it."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlencode

import httpx

from failures import LoginFailed, LoginOver, ProviderFailed
from id_token import ACR, MAX_AGE, Expected, Keys, base64url, judge

WITH_CERTIFICATE = ("token_endpoint", "userinfo_endpoint")
ENDPOINTS = (*WITH_CERTIFICATE, "authorization_endpoint", "end_session_endpoint", "jwks_uri")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where the provider is, who the application is there, its certificate (PEM), and its own URL in a browser."""

    issuer: str
    discovery_url: str
    client_id: str
    client_cert: str
    client_key: str
    ca_file: str | None = None
    app_url: str = "http://localhost:8000"

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> "Settings":
        """Those in PSC_ISSUER, PSC_DISCOVERY_URL and so on, and in APP_URL."""
        needed = ("issuer", "discovery_url", "client_id", "client_cert", "client_key")
        return cls(
            **{name: environment[f"PSC_{name.upper()}"] for name in needed},
            ca_file=environment.get("PSC_CA_FILE"),
            app_url=environment.get("APP_URL", cls.app_url),
        )


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A login that has begun: what must come back with the browser, and what proves that it was us who began."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, kw_only=True)
class Login:
    """Somebody who is logged in: what the ID token says, and the tokens."""

    claims: dict[str, Any]
    id_token: str
    access_token: str
    refresh_token: str | None
    good_until: float


class Provider:
    """Pro Santé Connect. `now` is the time, in seconds since 1970. Its methods raise LoginFailed."""

    def __init__(self, settings: Settings, now: Callable[[], float]) -> None:
        self.settings, self._now = settings, now
        tls = ssl.create_default_context(cafile=settings.ca_file)
        tls.load_cert_chain(settings.client_cert, settings.client_key)
        self._http = httpx.Client(verify=tls, timeout=5)
        self._metadata: dict[str, Any] = {}
        self._keys = Keys(lambda: self._ask("GET", self._url("jwks_uri")))

    def close(self) -> None:
        """Close the connections to it."""
        self._http.close()

    def begin(self) -> tuple[str, dict[str, str]]:
        """Where to send the browser, and the attempt, to be kept until it is back."""
        attempt = Attempt(state=token_urlsafe(), nonce=token_urlsafe(), verifier=token_urlsafe(48))
        request = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self._callback_url,
            "scope": "openid scope_all",
            "acr_values": ACR,
            "max_age": str(MAX_AGE),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64url(sha256(attempt.verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        return f"{self._url('authorization_endpoint')}?{urlencode(request)}", asdict(attempt)

    def finish(self, answer: list[tuple[str, str]], attempt: Attempt) -> Login:
        """The login that the parameters of the callback URL stand for."""
        sent = dict(answer)
        if len(sent) != len(answer):
            raise LoginFailed("A parameter of the callback URL came twice.")
        says_who = self._metadata.get("authorization_response_iss_parameter_supported")  # RFC 9207
        if sent.get("state") != attempt.state or sent.get("iss") != (self.settings.issuer if says_who else None):
            raise LoginFailed(
                "The callback answers another request, or is another provider's: state or iss is another."
            )
        if "code" not in sent:
            raise LoginFailed(f"{sent.get('error', 'No code came back')}: {sent.get('error_description', '')}")
        form = {"code": sent["code"], "redirect_uri": self._callback_url, "code_verifier": attempt.verifier}
        return self._tokens("authorization_code", form, same={"nonce": attempt.nonce})

    def refreshed(self, login: Login) -> Login:
        """The same login, with another access token if that one has expired."""
        if self._now() < login.good_until:
            return login
        if login.refresh_token is None:
            raise LoginOver("The access token has expired, and there is no refresh token.")
        same = {name: login.claims.get(name) for name in ("sub", "auth_time")}
        return self._tokens("refresh_token", {"refresh_token": login.refresh_token}, same=same, before=login)

    def userinfo(self, login: Login) -> dict[str, Any]:
        """What the provider knows of the person: names, professions, activities."""
        bearer = {"Authorization": f"Bearer {login.access_token}"}
        told = self._ask("GET", self._url("userinfo_endpoint"), headers=bearer)
        if told.get("sub") != login.claims["sub"]:
            raise LoginFailed(f"The userinfo document is about {told.get('sub')!r}; expected the sub of the ID token.")
        return told

    def end(self, login: Login) -> tuple[str, str]:
        """Where to send the browser, so that the person is logged out at the provider too; and the state that comes
        back with it."""
        state, back = token_urlsafe(), f"{self.settings.app_url}/goodbye"
        sent = {"id_token_hint": login.id_token, "post_logout_redirect_uri": back, "state": state}
        return f"{self._url('end_session_endpoint')}?{urlencode(sent)}", state

    @property
    def _callback_url(self) -> str:
        return f"{self.settings.app_url}/callback"

    def _tokens(
        self, grant_type: str, form: dict[str, str], *, same: dict[str, Any], before: Login | None = None
    ) -> Login:
        """What the token endpoint gives. The certificate says who asks: no secret is sent."""
        since = self._now()
        sent = {"grant_type": grant_type, "client_id": self.settings.client_id, **form}
        told = self._ask("POST", self._url("token_endpoint"), data=sent)
        access_token, lives = told.get("access_token"), told.get("expires_in")
        if not isinstance(access_token, str) or str(told.get("token_type")).lower() != "bearer":
            raise ProviderFailed("The token response has no access token of the type Bearer.")
        if before is None or "id_token" in told:
            id_token = told.get("id_token")
            claims = self._judged(id_token, access_token, since=since, same=same)
        else:  # a refresh need not bring another one
            id_token, claims = before.id_token, before.claims
        return Login(
            claims=claims,
            id_token=str(id_token),
            access_token=access_token,
            refresh_token=told.get("refresh_token", before and before.refresh_token),
            good_until=since + (lives if isinstance(lives, int) else 60),
        )

    def _judged(self, token: Any, access_token: str, *, since: float, same: dict[str, Any]) -> dict[str, Any]:
        """The claims of an ID token that is good."""
        claims = self._keys.verified(token)
        expected = Expected(
            issuer=self.settings.issuer,
            client_id=self.settings.client_id,
            access_token=access_token,
            now=self._now(),
            since=since,
            same=same,
        )
        judge(claims, expected)
        return claims

    def _url(self, endpoint: str) -> str:
        """Where an endpoint is; that for clients with a certificate, if there is one of its own (RFC 8705 §5)."""
        if not self._metadata:
            self._metadata = self._discovered()
        aliases = self._metadata.get("mtls_endpoint_aliases", {}) if endpoint in WITH_CERTIFICATE else {}
        return str(aliases.get(endpoint, self._metadata[endpoint]))

    def _discovered(self) -> dict[str, Any]:
        told = self._ask("GET", self.settings.discovery_url)
        if told.get("issuer") != self.settings.issuer:
            raise ProviderFailed(f"The issuer is {told.get('issuer')!r}; expected {self.settings.issuer!r}.")
        for name in ENDPOINTS:
            if not str(told.get(name)).startswith("https://"):
                raise ProviderFailed(f"In the discovery document {name} is {told.get(name)!r}; expected an https URL.")
        return told

    def _ask(self, method: str, url: str, **sent: Any) -> dict[str, Any]:
        """The JSON object that a server answers."""
        try:
            response = self._http.request(method, url, **sent)
            kind = response.headers.get("content-type", "").partition(";")[0]
            told = response.json() if kind == "application/json" else None
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderFailed(f"{method} {url} was not answered as it should be: {error!r}") from error
        if isinstance(told, dict) and told.get("error") in ("invalid_grant", "invalid_token"):
            raise LoginOver(f"{method} {url}: {told['error']}: {told.get('error_description')}")
        if response.status_code != 200 or not isinstance(told, dict):
            raise ProviderFailed(f"{method} {url} was answered {response.status_code} {kind}: {response.text[:200]}")
        return told
