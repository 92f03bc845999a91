"""pyoidc (`oic`): https://pyoidc.readthedocs.io/en/latest/howto/rp.html

pyoidc knows no `tls_client_auth`. It is told an empty `authn_method`, and the certificate is in its settings. It checks
`iss` (RFC 9207) by itself, the nonce and the `acr` in `verify_id_token`; `state` is left to the application.
"""

# mypy: allow-untyped-calls
# pyoidc says that it is typed, and only some of it is.

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests
from jwkest import BadSignature  # type: ignore[import-untyped]
from oic import rndstr
from oic.extension.message import TokenIntrospectionRequest, TokenIntrospectionResponse
from oic.oauth2.exception import OtherError, VerificationError
from oic.oauth2.message import ErrorResponse
from oic.oic import Client
from oic.oic.message import AuthorizationResponse
from oic.utils.keyio import KeyBundle
from oic.utils.settings import OicClientSettings
from support import CALLBACK, PERSONA, RunningMock

# pyoidc itself calls what Python deprecates since 3.12.
pytestmark = pytest.mark.filterwarnings(r"ignore:datetime\.datetime\.utcnow\(\) is deprecated:DeprecationWarning")

WELL_KNOWN = "%s/.well-known/wallet-openid-configuration"
GOODBYE = "https://rp.example.test/goodbye"


class Refused(Exception):
    """What the provider refused: pyoidc returns it as a message, this application raises it."""


def accepted(message: Any) -> Any:
    if isinstance(message, ErrorResponse):
        raise Refused(f"{message.type()}: {message['error']}: {message['error_description']}")
    return message


class RelyingParty:
    """An application that logs one person in."""

    def __init__(self, *, issuer: str, client_id: str, ca_file: str, certificate: tuple[str, str] | None) -> None:
        settings = OicClientSettings(verify_ssl=ca_file, client_cert=certificate)
        self.client = Client(client_id, settings=settings, config={"code_challenge": {"method": "S256"}})
        self.provider = self.client.provider_config(issuer, keys=False, serv_pattern=WELL_KNOWN)
        # Left to itself, pyoidc fetches the keys of a provider on localhost without verifying its certificate.
        self.client.keyjar[issuer] = [KeyBundle(source=self.provider["jwks_uri"], verify_ssl=ca_file)]

    def login_url(self, **more: str) -> str:
        """Where to send the browser."""
        challenge, self.code_verifier = self.client.add_code_challenge()
        sent = {
            "response_type": "code",
            "scope": ["openid", "scope_all"],
            "redirect_uri": CALLBACK,
            "state": rndstr(32),
            "nonce": rndstr(32),
            "acr_values": "eidas1",
            **challenge,
        }
        self.request = self.client.construct_AuthorizationRequest(request_args=sent | more)
        return str(self.request.request(self.provider["authorization_endpoint"]))

    def log_in(self, callback: str, **more: str) -> Any:
        """The claims of the person who comes back to that URL."""
        response = self.client.parse_response(AuthorizationResponse, info=callback, sformat="urlencoded")
        if response["state"] != self.request["state"]:
            raise ValueError("the authorization response is another request's")
        form = {"redirect_uri": CALLBACK, "code_verifier": self.code_verifier, **more}
        tokens = accepted(
            self.client.do_access_token_request(state=response["state"], request_args=form, authn_method="")
        )
        self.client.verify_id_token(tokens["id_token"], self.request)
        return tokens["id_token"]

    @property
    def access_token(self) -> str:
        return str(self.client.get_token(state=self.request["state"]).access_token)

    def userinfo(self) -> Any:
        """The userinfo document, of which pyoidc has seen that its `sub` is the ID token's."""
        return accepted(self.client.do_user_info_request(method="GET", state=self.request["state"]))

    def refresh(self) -> Any:
        tokens = accepted(self.client.do_access_token_refresh(state=self.request["state"]))
        return tokens["id_token"]

    def introspect(self, token: str) -> Any:
        form = {"token": token}
        return accepted(
            self.client.do_any(TokenIntrospectionRequest, request_args=form, response=TokenIntrospectionResponse)
        ).to_dict()

    def logout_url(self) -> str:
        """Where to send the browser so that it logs out."""
        sent = {"post_logout_redirect_uri": GOODBYE, "state": "bye"}
        request = self.client.construct_EndSessionRequest(state=self.request["state"], request_args=sent)
        return str(request.request(self.provider["end_session_endpoint"]))


Browse = Callable[[str], httpx.Response]


def start(psc: RunningMock, certificate: str | None = "clients/rp-one", ca: str = "ca.pem") -> RelyingParty:
    """Starts the application as "rp-one", with a certificate, which is a folder of the mock's PKI, or without."""
    folder = psc.mock.pki.files.folder
    return RelyingParty(
        issuer=psc.mock.connection.issuer,
        client_id="rp-one",
        ca_file=str(folder / ca),
        certificate=(f"{folder / certificate}/cert.pem", f"{folder / certificate}/key.pem") if certificate else None,
    )


@pytest.mark.parametrize(("version", "number"), [("1.2", 0x0303), ("1.3", 0x0304)])
def test_a_person_logs_in_and_out(
    psc_speaking: Callable[[str], RunningMock], browse: Browse, version: str, number: int
) -> None:
    psc = psc_speaking(version)
    rp = start(psc)

    claims = rp.log_in(browse(rp.login_url(login_hint=PERSONA)).headers["location"])
    assert claims["preferred_username"] == PERSONA
    assert claims["acr"] == "eidas1"
    userinfo = rp.userinfo()
    assert userinfo["sub"] == claims["sub"]
    assert userinfo["SubjectRefPro"]["exercices"]

    first = rp.access_token
    assert rp.refresh()["sub"] == claims["sub"]
    second = rp.access_token
    assert second != first
    assert rp.introspect(second) | {"active": True, "client_id": "rp-one"} == rp.introspect(second)

    assert browse(rp.logout_url()).headers["location"] == f"{GOODBYE}?state=bye"
    assert rp.introspect(second) == {"active": False}
    with pytest.raises(Refused, match="TokenErrorResponse: invalid_grant: Session not active"):
        rp.refresh()
    assert {handshake.version for handshake in psc.mock.journal.handshakes()} == {number}


def test_another_ca_is_not_trusted(psc: RunningMock) -> None:
    with pytest.raises(requests.exceptions.SSLError, match="certificate verify failed"):
        start(psc, ca="client-ca.pem")


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_certificate_of_another_ca_is_refused_in_the_handshake(
    psc_speaking: Callable[[str], RunningMock], version: str
) -> None:
    with pytest.raises(requests.exceptions.SSLError, match="TLSV1_ALERT_UNKNOWN_CA"):
        start(psc_speaking(version), certificate="server")


@pytest.mark.parametrize(
    ("certificate", "hint"),
    [
        (None, "No client certificate was presented; the client 'rp-one' authenticates by certificate."),
        ("clients/rp-two", "with CN 'rp-two' instead of 'rp-one'"),
    ],
)
def test_without_its_own_certificate_a_client_is_refused(
    psc: RunningMock, browse: Browse, certificate: str | None, hint: str
) -> None:
    rp = start(psc, certificate)
    callback = browse(rp.login_url()).headers["location"]
    with pytest.raises(Refused, match="TokenErrorResponse: invalid_client: Invalid client or Invalid client cred"):
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
    psc: RunningMock, browse: Browse, sent: dict[str, str], words: str
) -> None:
    rp = start(psc)
    callback = browse(rp.login_url()).headers["location"]
    with pytest.raises(Refused, match=f"TokenErrorResponse: invalid_grant: {words}"):
        rp.log_in(callback, **sent)


def test_a_code_is_exchanged_once_and_a_second_time_ends_the_login(psc: RunningMock, browse: Browse) -> None:
    rp = start(psc)
    callback = browse(rp.login_url()).headers["location"]
    rp.log_in(callback)
    token = rp.access_token
    with pytest.raises(Refused, match="TokenErrorResponse: invalid_grant: Code not valid"):
        rp.log_in(callback)
    assert rp.introspect(token) == {"active": False}


def test_a_person_is_not_sent_to_a_redirect_uri_that_is_not_declared(psc: RunningMock, browse: Browse) -> None:
    page = browse(start(psc).login_url(redirect_uri=f"{CALLBACK}/other"))
    assert page.status_code == 400
    assert "Invalid parameter: redirect_uri" in page.text


def test_an_answer_to_another_request_is_not_accepted(psc: RunningMock, browse: Browse) -> None:
    rp = start(psc)
    callback = browse(rp.login_url()).headers["location"]
    with pytest.raises(VerificationError, match="Issuer mismatch"):
        rp.log_in(callback.replace("esante-wallet", "another"))
    with pytest.raises(ValueError, match="another request's"):
        rp.log_in(callback.replace(rp.request["state"], "another"))
    rp.request["nonce"] = "another"
    with pytest.raises(OtherError, match="nonce mismatch"):
        rp.log_in(callback)


def test_an_id_token_of_another_key_is_not_accepted(psc: RunningMock, browse: Browse, forged_keys: Any) -> None:
    rp = start(psc)
    rp.client.keyjar[rp.provider["issuer"]] = [KeyBundle(forged_keys["keys"])]
    with pytest.raises(BadSignature):
        rp.log_in(browse(rp.login_url()).headers["location"])
