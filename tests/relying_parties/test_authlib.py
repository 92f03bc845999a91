"""Authlib, its httpx client: https://docs.authlib.org/en/latest/client/httpx.html

Authlib knows no `tls_client_auth`. It is told `none`, which puts the client id in the form and nothing else: it is the
TLS context that authenticates. It checks `state`; `iss` (RFC 9207) is left to the application.
"""

import ssl
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authlib.common.security import generate_token
from authlib.common.urls import add_params_to_uri
from authlib.deprecate import AuthlibDeprecationWarning
from authlib.oauth2.rfc6749.errors import MismatchingStateException
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidClaimError
from joserfc.jwk import KeySet
from support import CALLBACK, PERSONA, RunningMock

with warnings.catch_warnings():
    # Since 1.9 Authlib would rather have httpx2, and says so when it is imported where only httpx is installed.
    warnings.filterwarnings("ignore", "The httpx module is deprecated", AuthlibDeprecationWarning)
    from authlib.integrations.httpx_client import OAuth2Client, OAuthError

GOODBYE = "https://rp.example.test/goodbye"


class RelyingParty:
    """An application that logs one person in."""

    def __init__(self, *, discovery_url: str, client_id: str, tls: ssl.SSLContext) -> None:
        self.http = OAuth2Client(
            client_id,
            token_endpoint_auth_method="none",
            redirect_uri=CALLBACK,
            scope="openid scope_all",
            code_challenge_method="S256",
            verify=tls,
        )
        self.provider = self._public(discovery_url)
        self.keys = KeySet.import_key_set(self._public(self.provider["jwks_uri"]))

    def _public(self, url: str) -> Any:
        """A document for which no token is needed; without a token, Authlib sends only what withholds it."""
        return self.http.request("GET", url, withhold_token=True).raise_for_status().json()

    def login_url(self, **more: str) -> str:
        """Where to send the browser."""
        self.nonce, self.code_verifier = generate_token(), generate_token(48)
        url, self.state = self.http.create_authorization_url(
            self.provider["authorization_endpoint"],
            nonce=self.nonce,
            code_verifier=self.code_verifier,
            acr_values="eidas1",
            **more,
        )
        return str(url)

    def log_in(self, callback: str, **more: str) -> CodeIDToken:
        """The claims of the person who comes back to that URL."""
        if parse_qs(urlsplit(callback).query).get("iss") != [self.provider["issuer"]]:
            raise ValueError("the authorization response is another provider's")
        form = {"code_verifier": self.code_verifier, **more}
        self.http.fetch_token(
            self.provider["token_endpoint"], authorization_response=callback, state=self.state, **form
        )
        return self.id_token()

    def id_token(self) -> CodeIDToken:
        """The claims of the ID token, validated as `parse_id_token` of Authlib's framework integrations does it."""
        token, client_id = self.http.token, self.http.client_id
        decoded = jwt.decode(token["id_token"], self.keys, algorithms=["RS256"])
        expected = {"iss": {"value": self.provider["issuer"]}, "aud": {"value": client_id}}
        sent = {"client_id": client_id, "nonce": self.nonce, "access_token": token["access_token"]}
        claims = CodeIDToken(decoded.claims, decoded.header, expected, sent)
        claims.validate()
        return claims

    def userinfo(self) -> Any:
        return self.http.get(self.provider["userinfo_endpoint"]).raise_for_status().json()

    def refresh(self) -> CodeIDToken:
        self.http.refresh_token(self.provider["token_endpoint"])
        return self.id_token()

    def introspect(self, token: str) -> Any:
        url = self.provider["introspection_endpoint"]
        return self.http.introspect_token(url, token=token, token_type_hint="access_token").raise_for_status().json()

    def logout_url(self) -> str:
        """Where to send the browser so that it logs out."""
        sent = {"id_token_hint": self.http.token["id_token"], "post_logout_redirect_uri": GOODBYE, "state": "bye"}
        return str(add_params_to_uri(self.provider["end_session_endpoint"], list(sent.items())))


Browse = Callable[[str], httpx.Response]
Start = Callable[..., RelyingParty]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts the application as "rp-one", with a certificate, which is a folder of the mock's PKI, or without."""
    with ExitStack() as opened:

        def start(psc: RunningMock, certificate: str | None = "clients/rp-one", ca: str = "ca.pem") -> RelyingParty:
            folder = psc.mock.pki.files.folder
            tls = ssl.create_default_context(cafile=folder / ca)
            if certificate is not None:
                tls.load_cert_chain(folder / certificate / "cert.pem", folder / certificate / "key.pem")
            rp = RelyingParty(discovery_url=psc.mock.connection.discovery_url, client_id="rp-one", tls=tls)
            opened.callback(rp.http.close)
            return rp

        yield start


@pytest.mark.parametrize(("version", "number"), [("1.2", 0x0303), ("1.3", 0x0304)])
def test_a_person_logs_in_and_out(
    psc_speaking: Callable[[str], RunningMock], start: Start, browse: Browse, version: str, number: int
) -> None:
    psc = psc_speaking(version)
    rp = start(psc)

    claims = rp.log_in(browse(rp.login_url(login_hint=PERSONA)).headers["location"])
    assert claims["preferred_username"] == PERSONA
    assert claims["acr"] == "eidas1"
    userinfo = rp.userinfo()
    assert userinfo["sub"] == claims["sub"]
    assert userinfo["SubjectRefPro"]["exercices"]

    first = rp.http.token["access_token"]
    assert rp.refresh()["sub"] == claims["sub"]
    second = rp.http.token["access_token"]
    assert second != first
    assert rp.introspect(second) | {"active": True, "client_id": "rp-one"} == rp.introspect(second)

    assert browse(rp.logout_url()).headers["location"] == f"{GOODBYE}?state=bye"
    assert rp.introspect(second) == {"active": False}
    with pytest.raises(OAuthError, match="invalid_grant: Session not active"):
        rp.refresh()
    assert {handshake.version for handshake in psc.mock.journal.handshakes()} == {number}


def test_another_ca_is_not_trusted(psc: RunningMock, start: Start) -> None:
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        start(psc, ca="client-ca.pem")


@pytest.mark.parametrize(("version", "error"), [("1.2", httpx.ConnectError), ("1.3", httpx.ReadError)])
def test_a_certificate_of_another_ca_is_refused_in_the_handshake(
    psc_speaking: Callable[[str], RunningMock], start: Start, version: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match="TLSV1_ALERT_UNKNOWN_CA"):
        start(psc_speaking(version), certificate="server")


@pytest.mark.parametrize(
    ("certificate", "hint"),
    [
        (None, "No client certificate was presented; the client 'rp-one' authenticates by certificate."),
        ("clients/rp-two", "with CN 'rp-two' instead of 'rp-one'"),
    ],
)
def test_without_its_own_certificate_a_client_is_refused(
    psc: RunningMock, start: Start, browse: Browse, certificate: str | None, hint: str
) -> None:
    rp = start(psc, certificate)
    callback = browse(rp.login_url()).headers["location"]
    with pytest.raises(OAuthError, match="invalid_client: Invalid client or Invalid client credentials"):
        rp.log_in(callback)
    assert hint in str(psc.hints()[-1])


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"code_verifier": "another" * 7}, "PKCE verification failed: Code mismatch"),
        ({"redirect_uri": f"{CALLBACK}/other"}, "Incorrect redirect_uri"),
    ],
)
def test_a_code_is_exchanged_as_it_was_asked_for(
    psc: RunningMock, start: Start, browse: Browse, sent: dict[str, str], words: str
) -> None:
    rp = start(psc)
    callback = browse(rp.login_url()).headers["location"]
    with pytest.raises(OAuthError, match=f"invalid_grant: {words}"):
        rp.log_in(callback, **sent)


def test_a_code_is_exchanged_once_and_a_second_time_ends_the_login(
    psc: RunningMock, start: Start, browse: Browse
) -> None:
    rp = start(psc)
    callback = browse(rp.login_url()).headers["location"]
    rp.log_in(callback)
    token = rp.http.token["access_token"]
    with pytest.raises(OAuthError, match="invalid_grant: Code not valid"):
        rp.log_in(callback)
    assert rp.introspect(token) == {"active": False}


def test_a_person_is_not_sent_to_a_redirect_uri_that_is_not_declared(
    psc: RunningMock, start: Start, browse: Browse
) -> None:
    page = browse(start(psc).login_url(redirect_uri=f"{CALLBACK}/other"))
    assert page.status_code == 400
    assert "Invalid parameter: redirect_uri" in page.text


def test_an_answer_to_another_request_is_not_accepted(psc: RunningMock, start: Start, browse: Browse) -> None:
    rp = start(psc)
    callback = browse(rp.login_url()).headers["location"]
    with pytest.raises(ValueError, match="another provider's"):
        rp.log_in(callback.replace("esante-wallet", "another"))
    state, rp.state = rp.state, "another"
    with pytest.raises(MismatchingStateException, match="mismatching_state: CSRF"):
        rp.log_in(callback)
    rp.state, rp.nonce = state, "another"
    with pytest.raises(InvalidClaimError, match="nonce"):
        rp.log_in(callback)


def test_an_id_token_of_another_key_is_not_accepted(
    psc: RunningMock, start: Start, browse: Browse, forged_keys: Any
) -> None:
    rp = start(psc)
    rp.keys = KeySet.import_key_set(forged_keys)
    with pytest.raises(BadSignatureError):
        rp.log_in(browse(rp.login_url()).headers["location"])
