"""A mock with two declared relying parties, and a person with a browser: what every library is tried with."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from support import CALLBACK, PERSONA, RunningMock, make_settings

CLIENTS = tuple(
    {"id": id, "redirect_uris": [CALLBACK], "post_logout_redirect_uris": ["https://rp.example.test/goodbye"]}
    for id in ("rp-one", "rp-two")
)
_LOGIN_FORM = re.compile(r'<form method="post" action="([^"]+)">')


@pytest.fixture(scope="module")
def psc(certs: Path) -> Iterator[RunningMock]:
    """The mock that declares "rp-one" and "rp-two", each with a certificate whose common name is its client id."""
    mock = RunningMock(make_settings(certs, clients=CLIENTS))
    yield mock
    mock.stop()


@pytest.fixture
def psc_speaking(run: Callable[..., RunningMock]) -> Callable[[str], RunningMock]:
    """Starts the same mock, speaking one version of TLS only: "1.2" or "1.3"."""
    return lambda version: run(clients=CLIENTS, tls_min=version, tls_max=version)


@pytest.fixture
def browse(psc: RunningMock) -> Iterator[Callable[[str], httpx.Response]]:
    """Opens a URL in a browser, which has no client certificate, and fills in the login page if that is what comes.

    The answer is a redirection to the relying party, which is not followed, or a page that says why there is none.
    """
    browser = psc.client()

    def open_url(url: str) -> httpx.Response:
        response = browser.get(url)
        form = _LOGIN_FORM.search(response.text) if response.status_code == 200 else None
        return browser.post(urljoin(url, unescape(form[1])), data={"persona": PERSONA}) if form else response

    yield open_url
    browser.close()


@pytest.fixture
def forged_keys(psc: RunningMock) -> Any:
    """A JWK Set with another key under the id of the key that the mock signs with."""
    encryption, signing = psc.mock.provider.jwks["keys"]
    return {"keys": [{"kty": "RSA", "use": "sig", "kid": signing["kid"], "n": encryption["n"], "e": encryption["e"]}]}
