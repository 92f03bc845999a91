from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha1, sha256
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm
from support import RunningMock


def test_the_document_is_the_recorded_one_with_its_hosts_replaced(
    shared: RunningMock, golden: Callable[[str], Any]
) -> None:
    mock, profile = shared.mock, shared.mock.profile
    response = shared.client().get(mock.connection.discovery_url)
    recorded = (
        golden_text("discovery-bas-2024", golden)
        .replace(f"https://{profile.auth_host}", mock.provider.auth_url)
        .replace(f"https://{profile.wallet_host}", mock.provider.wallet_url)
    )
    assert response.headers["content-type"] == "application/json"
    assert as_text(response.json()) == recorded


def test_an_impersonating_mock_has_the_recorded_document_itself(
    run: Callable[..., RunningMock], golden: Callable[[str], Any]
) -> None:
    assert as_text(run(impersonate=True, wallet_bind=None).mock.provider.discovery_document) == golden_text(
        "discovery-bas-2024", golden
    )


def test_keycloaks_own_document_differs_in_its_authorization_endpoint(shared: RunningMock) -> None:
    own = shared.client().get(f"{shared.mock.connection.issuer}/.well-known/openid-configuration").json()
    psc = shared.mock.provider.discovery_document
    assert own["authorization_endpoint"] == f"{psc['issuer']}/protocol/openid-connect/auth"
    assert {**own, "authorization_endpoint": psc["authorization_endpoint"]} == psc
    assert list(own) == list(psc)


def test_the_keys_are_printed_as_keycloak_prints_them(shared: RunningMock) -> None:
    keys = shared.client().get(shared.url("jwks_uri")).json()["keys"]
    assert [(key["use"], key["alg"]) for key in keys] == [("enc", "RSA-OAEP"), ("sig", "RS256")]
    for key in keys:
        assert list(key) == ["kid", "kty", "alg", "use", "n", "e", "x5c", "x5t", "x5t#S256"]
        der = b64decode(key["x5c"][0])
        certificate = x509.load_der_x509_certificate(der)
        public = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert key["kid"] == base64url(sha256(public).digest())
        assert key["x5t"] == base64url(sha1(der, usedforsecurity=False).digest())
        assert key["x5t#S256"] == base64url(sha256(der).digest())
        assert RSAAlgorithm.from_jwk(key).public_numbers() == certificate.public_key().public_numbers()  # type: ignore[union-attr]


def test_the_keys_stay_the_same_over_a_restart(run: Callable[..., RunningMock]) -> None:
    first, second = run(), run()
    assert first.mock.provider.jwks == second.mock.provider.jwks


def test_every_answer_says_that_it_is_a_mock(shared: RunningMock) -> None:
    for url in (shared.mock.connection.discovery_url, f"{shared.mock.connection.issuer}/nowhere"):
        assert shared.client().get(url).headers["mockpsc"] == "a mock for tests, not Pro Sante Connect"


def test_what_keycloak_says_of_paths_and_methods(shared: RunningMock) -> None:
    http, issuer = shared.client(), shared.mock.connection.issuer
    other_realm = http.get(issuer.replace("esante-wallet", "other") + "/.well-known/openid-configuration")
    assert (other_realm.status_code, other_realm.json()) == (404, {"error": "Realm does not exist"})
    nowhere = http.get(f"{issuer}/nowhere")
    assert (nowhere.status_code, nowhere.json()) == (404, {"error": "HTTP 404 Not Found"})
    listed = http.post(shared.url("pushed_authorization_request_endpoint"))
    assert listed.status_code == 404
    assert "mockpsc does not emulate it" in listed.headers["mockpsc-hint"]
    method = http.get(shared.url("token_endpoint"))
    assert (method.status_code, method.json()) == (405, {"error": "HTTP 405 Method Not Allowed"})
    assert method.headers["allow"] == "POST"


def test_the_wallet_serves_nothing_but_the_login_page(shared: RunningMock) -> None:
    wallet = httpx.URL(shared.mock.provider.wallet_url)
    path = httpx.URL(shared.mock.connection.discovery_url).path
    assert shared.client().get(wallet.copy_with(path=path)).status_code == 404


def golden_text(name: str, golden: Callable[[str], Any]) -> str:
    return as_text(golden(name))


def as_text(document: dict[str, Any]) -> str:
    """A document as text: members, order and values."""
    return repr(document)


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
