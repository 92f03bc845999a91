"""Relying parties and people as a test has them."""

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
from psc.applications import party_of

from mockpsc import ConfigurationError, MockPsc, Psc

DECLARED = [
    {"id": "with-secret", "authentication": "secret", "secret": "hush", "redirect_uris": ["https://rp.example.test/*"]},
    {"id": "with-both", "authentication": "either", "secret": "hush", "redirect_uris": ["https://rp.example.test/*"]},
]


@pytest.fixture(scope="module")
def declaring() -> Iterator[Psc]:
    """A mock that knows two clients, and no other."""
    with MockPsc(clients=DECLARED) as psc:
        yield psc


def test_a_client_has_its_certificate_in_files(psc: Psc) -> None:
    party = psc.client("my-client")
    certificate = x509.load_pem_x509_certificate(party.cert.read_bytes())
    assert certificate.subject.rfc4514_string() == party.certificate.subject
    assert f"{certificate.serial_number:x}" == party.certificate.serial
    key = load_pem_private_key(party.key.read_bytes(), password=None)
    assert key.public_key() == certificate.public_key()
    bundle = party.certificate
    stored = pkcs12.load_pkcs12(bundle.pkcs12.read_bytes(), bundle.pkcs12_password.encode())
    assert stored.cert is not None
    assert stored.cert.certificate == certificate
    assert oct(party.key.parent.stat().st_mode)[-3:] == "700"
    assert psc.client("my-client") is party


def test_without_an_id_it_is_the_client_of_the_mock(psc: Psc) -> None:
    assert psc.client().id == psc.default_client == "mockpsc-client"


def test_a_client_calls_the_mock_by_whatever_library(psc: Psc) -> None:
    party = psc.client()
    with party.httpx_client(headers={"User-Agent": "mine"}) as http:
        assert http.get(psc.discovery_url).json()["issuer"] == psc.issuer == party.issuer
    assert psc.exchanges("discovery").last().headers["user-agent"] == "mine"
    files, ca = party.certificate.files, str(party.ca_file)
    assert requests.get(party.discovery_url, cert=files, verify=ca, timeout=5).status_code == 200
    context = party.ssl_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert httpx.get(party.discovery_url, verify=context).status_code == 200
    assert [each.subject for each in psc.exchanges("discovery")] == [party.certificate.subject] * 3


def test_a_program_gets_its_settings_as_environment_variables(psc: Psc) -> None:
    program = (
        "import os, ssl, urllib.request\n"
        "context = ssl.create_default_context(cafile=os.environ['RP_CA_FILE'])\n"
        "context.load_cert_chain(os.environ['RP_CLIENT_CERT'], os.environ['RP_CLIENT_KEY'])\n"
        "print(urllib.request.urlopen(os.environ['RP_DISCOVERY_URL'], context=context).status)"
    )
    told = psc.client().as_env("RP_")
    ended = subprocess.run([sys.executable, "-c", program], env={**os.environ, **told}, capture_output=True, check=True)
    assert ended.stdout.strip() == b"200"
    assert psc.handshakes.last().subject == psc.client().certificate.subject
    assert "RP_CLIENT_SECRET" not in told


def test_a_secret_is_told_and_not_shown(declaring: Psc) -> None:
    party = declaring.client("with-secret")
    assert party.secret == party.as_env()["PSC_CLIENT_SECRET"] == "hush"
    assert "hush" not in repr(party)
    assert "PSC_CLIENT_CERT" not in party.as_env()
    with pytest.raises(ConfigurationError, match="no certificate for with-secret"):
        _ = party.certificate
    with party.httpx_client() as http:
        assert http.get(declaring.discovery_url).status_code == 200
    both = declaring.client("with-both")
    assert (both.secret, both.cert.exists()) == ("hush", True)


def test_an_unknown_client_is_refused_with_the_nearest(declaring: Psc) -> None:
    with pytest.raises(ConfigurationError, match="No client 'with-bot' is declared"):
        declaring.client("with-bot")


def test_an_id_that_cannot_be_one_is_refused_with_the_rule(psc: Psc) -> None:
    with pytest.raises(ConfigurationError, match=r"The client id 'a/b' cannot name the folder .*: it must be "):
        psc.client("a/b")


def test_a_client_is_added_until_the_next_reset(declaring: Psc) -> None:
    party = declaring.add_client("another", redirect_uris=["https://rp.example.test/*"])
    assert "code=" in declaring.login(party_of(declaring, party).start())
    declaring.reset()
    with pytest.raises(ConfigurationError, match="No client 'another' is declared"):
        declaring.client("another")


def test_a_client_that_is_known_by_a_certificate_of_its_own_is_issued_none(psc: Psc, tmp_path: Path) -> None:
    own = psc.certs.issue("elsewhere")
    party = psc.add_client("known", certificate=own.pem)
    assert party.issued is None
    assert psc.client("known") is party
    with own.httpx_client() as http:
        assert http.get(psc.discovery_url).status_code == 200


def test_a_client_that_makes_no_sense_is_refused_in_the_mocks_words(psc: Psc) -> None:
    with pytest.raises(ConfigurationError, match=r"redirect_uri.*did you mean 'redirect_uris'\?"):
        psc.add_client("another", redirect_uri="https://rp.example.test/")


def test_the_people_are_those_of_the_login_page_by_id(psc: Psc) -> None:
    someone = next(iter(psc.personas.values()))
    assert psc.personas[someone.id] == someone
    assert someone.name == f"{someone.given_name} {someone.family_name}"
    assert someone.sub.endswith(f":{someone.id}")
    with pytest.raises(
        ConfigurationError, match=rf"No persona has the id '{someone.id}0' \(did you mean '{someone.id}'"
    ):
        psc.personas[f"{someone.id}0"]


def test_somebody_is_added_until_the_next_reset(psc: Psc) -> None:
    anne = psc.add_persona("899700099999", "ANNE", "ESSAI", acr="eidas1", faults=["id_token.expired"])
    party = party_of(psc)
    assert "code=" in psc.login(party.start(), persona=anne)
    assert psc.exchanges("authorization", persona=anne).last().persona_id == anne.id
    psc.reset()
    assert anne.id not in psc.personas
