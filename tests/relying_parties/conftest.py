"""A mock with two declared relying parties, and a person with a browser: what every library is tried with."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from relying_parties.parties import CLIENTS, open_in
from support import RunningMock, make_settings


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
    """Opens a URL in a browser, which has no client certificate, and fills in the login page if that is what comes."""
    with psc.client() as browser:
        yield partial(open_in, browser)


@pytest.fixture
def forged_keys(psc: RunningMock) -> Any:
    """A JWK Set with another key under the id of the key that the mock signs with."""
    encryption, signing = psc.mock.provider.jwks["keys"]
    return {"keys": [{"kty": "RSA", "use": "sig", "kid": signing["kid"], "n": encryption["n"], "e": encryption["e"]}]}
