"""Authlib, with the application in authlib_rp.py."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from authlib.integrations.base_client import OAuthError
from authlib.oauth2.rfc6749.errors import MismatchingStateException
from joserfc.errors import BadSignatureError, InvalidClaimError
from joserfc.jwk import KeySet
from relying_parties.authlib_rp import RelyingParty, tls_context
from relying_parties.parties import GOODBYE
from support import CALLBACK, PERSONA, RunningMock

Browse = Callable[[str], httpx.Response]
Start = Callable[..., RelyingParty]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts the application as "rp-one", with a certificate, which is a folder of the mock's PKI, or without."""
    with ExitStack() as opened:

        def start(psc: RunningMock, certificate: str | None = "clients/rp-one", ca: str = "ca.pem") -> RelyingParty:
            folder = psc.mock.pki.files.folder
            tls = tls_context(folder / ca, folder / certificate if certificate else None)
            rp = RelyingParty(discovery_url=psc.mock.connection.discovery_url, client_id="rp-one", tls=tls)
            opened.callback(rp.http.close)
            rp.discover()
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
