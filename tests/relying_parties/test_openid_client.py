"""openid-client for Node: https://github.com/panva/openid-client. The application is tests/node/login.mjs.

It checks `state`, `iss` (RFC 9207) and the ID token's claims by itself, the ID token's signature when it is asked to.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from relying_parties.parties import GOODBYE
from relying_parties.walks import NODE, node_command
from support import ANY_PORT, CALLBACK, PERSONA, RunningMock

PROGRAM = NODE / "login.mjs"

LogIn = Callable[..., Any]

pytestmark = pytest.mark.third_party


@pytest.fixture(scope="module")
def node() -> str:
    return node_command()


@pytest.fixture
def log_in(node: str) -> LogIn:
    """Runs the application as "rp-one", with what `mockpsc serve --json` prints and some arguments: its report."""

    def run(psc: RunningMock, **arguments: object) -> Any:
        given = {"post_logout_redirect_uri": GOODBYE, **arguments}
        command = [node, str(PROGRAM), *(f"--{name}={value}" for name, value in given.items())]
        printed = json.dumps(psc.mock.connection.as_json())
        ended = subprocess.run(command, input=printed, capture_output=True, text=True, timeout=30, check=False)
        assert ended.stderr == ""
        report = json.loads(ended.stdout)
        assert ended.returncode == ("error" in report)
        return report

    return run


@pytest.mark.parametrize(("version", "number"), [("1.2", 0x0303), ("1.3", 0x0304)])
def test_a_person_logs_in_and_out(
    psc_speaking: Callable[[str], RunningMock], log_in: LogIn, version: str, number: int
) -> None:
    psc = psc_speaking(version)
    report = log_in(psc, login_hint=PERSONA)

    assert report["issuer"] == report["callback"]["iss"] == psc.mock.connection.issuer
    claims = report["claims"]
    assert claims["preferred_username"] == PERSONA
    assert claims["acr"] == "eidas1"
    assert report["userinfo"]["sub"] == report["refreshed"]["sub"] == claims["sub"]
    assert report["userinfo"]["SubjectRefPro"]["exercices"]
    assert report["introspection"] | {"active": True, "client_id": "rp-one"} == report["introspection"]

    assert report["logout"] == f"{GOODBYE}?state=bye"
    assert report["introspection_after_logout"] == {"active": False}
    fetched = [exchange.path for exchange in psc.mock.journal.exchanges()]
    assert urlsplit(psc.url("jwks_uri")).path in fetched  # so it has verified a signature
    assert {handshake.version for handshake in psc.mock.journal.handshakes()} == {number}


def test_it_reads_what_mockpsc_serve_prints_and_fills_in_the_login_page(node: str, certs: Path, tmp_path: Path) -> None:
    binds = [f"--{listener}-bind={ANY_PORT}" for listener in ("auth", "wallet", "admin")]
    serve = [sys.executable, "-m", "mockpsc", "serve", "--json", f"--certs={certs}", *binds]
    with subprocess.Popen(serve, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as served:
        try:
            told = subprocess.run(
                [node, str(PROGRAM)], stdin=served.stdout, capture_output=True, timeout=30, check=True
            )
        finally:
            served.terminate()
    report = json.loads(told.stdout)
    assert report["claims"]["aud"] == "mockpsc-client"
    assert report["introspection_after_logout"] == {"active": False}


def test_another_ca_is_not_trusted(psc: RunningMock, log_in: LogIn) -> None:
    error = log_in(psc, ca_file=psc.mock.pki.files.client_ca)["error"]
    assert (error["name"], error["message"]) == ("TypeError", "fetch failed")
    assert error["cause"]["code"] == "UNABLE_TO_VERIFY_LEAF_SIGNATURE"


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_certificate_of_another_ca_is_refused_in_the_handshake(
    psc_speaking: Callable[[str], RunningMock], log_in: LogIn, version: str
) -> None:
    psc = psc_speaking(version)
    server = psc.mock.pki.files.server
    error = log_in(psc, client_cert_file=server.cert, client_key_file=server.key)["error"]
    assert (error["name"], error["message"]) == ("TypeError", "fetch failed")
    # In TLS 1.3 the alert comes after the client's handshake, and undici 7 tells only of the end of the connection.
    assert error["cause"]["code"] in ("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "UND_ERR_SOCKET")
    assert [handshake.reason for handshake in psc.mock.journal.handshakes()] == ["unknown_ca"]


@pytest.mark.parametrize(
    ("certificate", "hint"),
    [
        (None, "No client certificate was presented; the client 'rp-one' authenticates by certificate."),
        ("clients/rp-two", "with CN 'rp-two' instead of 'rp-one'"),
    ],
)
def test_without_its_own_certificate_a_client_is_refused(
    psc: RunningMock, log_in: LogIn, certificate: str | None, hint: str
) -> None:
    cert, key = (
        psc.mock.pki.files.folder / certificate / name if certificate else "" for name in ("cert.pem", "key.pem")
    )
    error = log_in(psc, client_cert_file=cert, client_key_file=key)["error"]
    assert (error["name"], error["code"], error["status"]) == ("ResponseBodyError", "OAUTH_RESPONSE_BODY_ERROR", 401)
    assert error["cause"] == {
        "error": "invalid_client",
        "error_description": "Invalid client or Invalid client credentials",
    }
    assert hint in error["hint"]


@pytest.mark.parametrize(
    ("mistake", "words", "hint"),
    [
        (
            {"code_verifier": "another" * 7},
            "PKCE verification failed: Code mismatch",
            "The S256 of the code_verifier is",
        ),
        ({"exchanges": 2}, "Code not valid", "This code was exchanged before"),
        ({"callback_url": f"{CALLBACK}/other"}, "Incorrect redirect_uri", f"redirect_uri is '{CALLBACK}/other'"),
    ],
)
def test_a_code_is_exchanged_once_and_as_it_was_asked_for(
    psc: RunningMock, log_in: LogIn, mistake: dict[str, object], words: str, hint: str
) -> None:
    error = log_in(psc, **mistake)["error"]
    assert (error["name"], error["code"], error["status"]) == ("ResponseBodyError", "OAUTH_RESPONSE_BODY_ERROR", 400)
    assert error["cause"] == {"error": "invalid_grant", "error_description": words}
    assert error["hint"].startswith(hint)


def test_a_person_is_not_sent_to_a_redirect_uri_that_is_not_declared(psc: RunningMock, log_in: LogIn) -> None:
    error = log_in(psc, redirect_uri=f"{CALLBACK}/other")["error"]
    assert error["message"] == "the browser got a page, HTTP 400"
    assert f"redirect_uri is '{CALLBACK}/other' (did you mean '{CALLBACK}'?)" in error["hint"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("iss=https://another.example.test", 'unexpected "iss" (issuer) response parameter value'),
        ("state=another", 'unexpected "state" response parameter value'),
    ],
)
def test_an_answer_to_another_request_is_not_accepted(psc: RunningMock, log_in: LogIn, answer: str, words: str) -> None:
    error = log_in(psc, answer=answer)["error"]
    assert (error["name"], error["code"]) == ("ClientError", "OAUTH_INVALID_RESPONSE")
    assert error["cause"]["message"] == words
